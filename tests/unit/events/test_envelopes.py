"""Reading events out of every shape of envelope that the platform has, and refusing what is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.application.event_bus import BusMessage
from bff_backoffice.application.event_envelopes import read_envelope, tenant_of
from bff_backoffice.application.platform_events import UnusableEventError
from platform_sim.envelopes import envelope_of
from platform_sim.kernel import PublishedEvent

ULID = "01JD0000000000000000000001"
TENANT = f"tnt_{ULID}"
AT = "2026-11-22T10:00:00.123Z"
SERVICES = (
    "iam", "tenant", "property", "inventory", "pricing", "housekeeping", "maintenance", "billing", "lock",
    "ai_orchestrator", "notification", "reservation", "sync", "theme",
)  # fmt: skip


def message(envelope: Any, **outside: str) -> BusMessage:
    """A message with this envelope, and nothing on its outside that is not given."""
    raw = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
    return BusMessage(**{"subject": "", "tenant_id": "", "ordering_key": "", "event_id": "", **outside}, envelope=raw)


@pytest.mark.parametrize("service", SERVICES)
def test_every_services_own_envelope_is_understood(service: str) -> None:
    """With nothing written on the outside but the subject: payload, identifier, time and tenant are found inside."""
    event = PublishedEvent(
        subject=f"melmastoon.{service}.thing.happened.v1", tenant_id=TENANT, payload={"a": 1}, ordering_key="key_1"
    )
    envelope = envelope_of(event, occurred_at=AT)

    read = read_envelope(message(envelope, subject=event.subject))

    assert (read.subject, read.tenant_id, read.payload, read.source) == (event.subject, TENANT, {"a": 1}, service)
    assert read.id is not None
    assert read.id.startswith("evt_")
    assert read.occurred_at == datetime(2026, 11, 22, 10, 0, 0, 123_000, tzinfo=UTC)


def test_the_envelope_of_the_backends_for_frontends_is_understood() -> None:
    """Theirs stands beside the payload, where everybody else mixes the two."""
    envelope = {
        "envelope": {
            "eventId": "evt_1", "subject": "melmastoon.bff.desktop.activity.recorded.v1", "tenantId": TENANT,
            "occurredAt": AT, "causationId": "evt_0",
        },
        "payload": {"a": 1},
    }  # fmt: skip
    read = read_envelope(message(envelope))

    assert (read.id, read.causation_id, read.payload) == ("evt_1", "evt_0", {"a": 1})


def test_what_is_written_outside_counts_first() -> None:
    """The bus's own attributes are what it ordered and filtered by."""
    envelope = {"eventId": "evt_in", "tenantId": "tnt_01JD0000000000000000000009", "orderingKey": "in", "data": {}}
    outside = {
        "subject": "melmastoon.iam.user.locked.v1", "tenant_id": TENANT, "ordering_key": "out", "event_id": "evt_out",
    }  # fmt: skip
    read = read_envelope(message(envelope, **outside))

    assert (read.tenant_id, read.ordering_key, read.id) == (TENANT, "out", "evt_out")


@pytest.mark.parametrize("prefix", ["tnt", "ten", "t"])
def test_a_tenant_is_known_under_every_services_prefix(prefix: str) -> None:
    """One ULID, three dialects."""
    assert tenant_of(f"{prefix}_{ULID}") == TENANT


@pytest.mark.parametrize("text", ["", "tnt_", f"xxx_{ULID}", f"tnt_{ULID.lower()}", f"tnt_{ULID}0", f"{TENANT}:x", "*"])
def test_what_is_no_tenant_is_none(text: str) -> None:
    """No guess is made about whose an event is."""
    assert tenant_of(text) is None


@pytest.mark.parametrize(
    ("member", "value"), [("eventId", 7), ("eventId", "x" * 300), ("occurredAt", "yesterday"), ("occurredAt", 5),
                          ("occurredAt", "2026-11-22T10:00:00"), ("causationId", []), ("trace", "x")],
)  # fmt: skip
def test_a_member_that_can_not_be_read_is_as_good_as_missing(member: str, value: object) -> None:
    """Consumers tolerate what they do not need (contract, section 8)."""
    read = read_envelope(message({member: value, "payload": {}}, subject="melmastoon.a.b.v1", tenant_id=TENANT))

    assert (read.id, read.occurred_at, read.causation_id) == (None, None, None)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff", b"[]", b"7", b"null", b"{", b"{}", b'{"payload": []}', b'{"data": "x"}', b"[" * 100_000],
    ids=lambda raw: repr(raw[:12]),
)
def test_what_is_no_envelope_is_unusable(raw: bytes) -> None:
    """It will not get better, so it is for the park."""
    with pytest.raises(UnusableEventError):
        read_envelope(message(raw, subject="melmastoon.a.b.v1", tenant_id=TENANT))


@pytest.mark.parametrize("subject", ["", "melmastoon", "other.iam.user.locked.v1", "melmastoon.iam.user.locked", "x y"])
def test_without_a_subject_or_a_tenant_an_event_is_unusable(subject: str) -> None:
    """Nothing can be done with an event that says neither what it is nor whose."""
    with pytest.raises(UnusableEventError, match="subject"):
        read_envelope(message({"payload": {}}, subject=subject, tenant_id=TENANT))
    with pytest.raises(UnusableEventError, match="tenant"):
        read_envelope(message({"payload": {}}, subject="melmastoon.a.b.v1", tenant_id="ACME"))


@given(st.binary(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_no_message_raises_anything_else(envelope: bytes, subject: str, tenant: str) -> None:
    """Whatever arrives is understood or unusable."""
    try:
        read_envelope(message(envelope, subject=subject, tenant_id=tenant))
    except UnusableEventError as error:
        assert str(error)  # noqa: PT017 - either outcome is good
