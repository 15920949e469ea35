"""Which subject leads to what: exact versions, families in any version, and other versions of what is read."""

from __future__ import annotations

import re

import pytest

from bff_backoffice.application.platform_events import OtherVersionError
from bff_backoffice.infrastructure.observability import Metrics
from bff_backoffice.presentation.consumers import HANDLERS, Consumers, handler_of


@pytest.mark.parametrize("subject", HANDLERS)
def test_a_subject_is_read_in_its_version_and_in_no_other(subject: str) -> None:
    """A later version may mean something else: it is told apart, and not tried as if it were the one that is known."""
    assert re.fullmatch(r"melmastoon\.[a-z_]+(\.[a-z_]+){1,2}\.v1", subject)
    assert handler_of(subject) is HANDLERS[subject]
    for other in ("v0", "v2", "v12", "v9999"):
        with pytest.raises(OtherVersionError) as raised:
            handler_of(subject.replace(".v1", f".{other}"))
        assert raised.value.read == subject


@pytest.mark.parametrize("version", ["v1", "v7"])
def test_a_family_of_which_only_counts_that_something_happened_is_read_in_any_version(version: str) -> None:
    """Asking anew is right whatever an event says; who is no member any more is out."""
    assert handler_of(f"melmastoon.tenant.membership.granted.{version}") is Consumers.membership_changed
    assert handler_of(f"melmastoon.tenant.membership.removed.{version}") is Consumers.membership_ended
    assert handler_of(f"melmastoon.property.published.{version}") is Consumers.property_changed


@pytest.mark.parametrize(
    "subject",
    [
        "melmastoon.iam.user.registered.v1",
        "melmastoon.iam.user.v1",
        "melmastoon.tenant.created.v2",
        "melmastoon.iam.v1",
    ],
)
def test_what_nobody_reads_in_any_version_leads_to_nothing(subject: str) -> None:
    """Other services' subjects are without number."""
    assert handler_of(subject) is None


def test_other_versions_are_counted_under_the_subject_that_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    """However many there are, the metric has one label for them, and the log one line for each."""
    metrics, read = Metrics(), "melmastoon.iam.user.locked.v1"
    for subject in ("melmastoon.iam.user.locked.v2", "melmastoon.iam.user.locked.v2", "melmastoon.iam.user.locked.v3"):
        metrics.other_version(subject, read)

    line = f'bff_backoffice_platform_event_total{{outcome="other_version",subject="{read}"}} 3.0'
    assert line in metrics.exposition().decode().splitlines()
    assert capsys.readouterr().out.count("event_of_other_version") == 2
