"""The inbox of alerts: marked from our own log, the most severe first, in the reader's language."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from bff_backoffice.application.alerts import AlertsRequest, ListedAlerts
from bff_backoffice.application.alerts_inbox import Alert, AlertItem
from bff_backoffice.application.pages import Place
from bff_backoffice.domain.alerts import ROLES, AlertStatus
from bff_backoffice.domain.dashboard import LAYOUT, WidgetId
from tests.fakes import virtual_time
from tests.fakes.scripted_board import some_operator
from tests.fakes.scripted_inbox import Desk, acknowledged, alert, opened_desk, some_request

SEVERITIES = ("critical", "warning", "info", "of a new kind")


def with_desk(alerts: Sequence[Alert], scenario: Callable[[Desk], Awaitable[None]]) -> None:
    """Run over an inbox with these."""

    async def main() -> None:
        async with opened_desk((), alerts) as desk:
            await scenario(desk)

    virtual_time.run(main())


async def listed(
    desk: Desk, *statuses: AlertStatus, locale: str = "en", limit: int = 50, after: Place | None = None
) -> ListedAlerts:
    """A page of the inbox."""
    return await desk.list_alerts(
        AlertsRequest(inbox=some_request(locale=locale), statuses=frozenset(statuses), limit=limit, after=after)
    )


def test_what_was_acknowledged_here_is_so_although_its_service_does_not_know_yet() -> None:
    """With who, when and what they noted; it is unread no more and is found under its new status."""
    mine, other = alert(1), alert(2)

    async def scenario(desk: Desk) -> None:
        line = acknowledged(mine)
        desk.acknowledgements.lines[some_operator().tenant_id, mine.id] = line
        page = await listed(desk)
        marked = {item.id: item for item in page.items}
        shown = marked[mine.id]
        assert (shown.status, shown.acknowledged_by, shown.acknowledged_at, shown.note) == (
            "acknowledged", line.operator_id, line.acknowledged_at, line.note,
        )  # fmt: skip
        assert (marked[other.id].status, marked[other.id].acknowledged_by) == ("unread", UNSET)
        assert page.unread == 1
        assert [item.id for item in (await listed(desk, AlertStatus.UNREAD, AlertStatus.READ)).items] == [other.id]
        assert [item.id for item in (await listed(desk, AlertStatus.ACKNOWLEDGED)).items] == [mine.id]

    with_desk([mine, other], scenario)


def test_an_alert_that_was_read_and_then_acknowledged_was_not_unread() -> None:
    """The count is taken from what its service calls unread, and never falls below none."""
    read = alert(1, status="read")

    async def scenario(desk: Desk) -> None:
        desk.acknowledgements.lines[some_operator().tenant_id, read.id] = acknowledged(read)
        page = await listed(desk)
        assert (page.items[0].status, page.unread) == ("acknowledged", 0)

    with_desk([read], scenario)


def test_our_log_is_not_asked_about_what_its_service_knows() -> None:
    """What notification-service calls acknowledged needs no second opinion."""

    async def scenario(desk: Desk) -> None:
        await listed(desk)
        assert desk.acknowledgements.asked == []

    with_desk([alert(1, status="acknowledged")], scenario)


def test_texts_are_in_the_readers_language_as_far_as_they_were_written() -> None:
    """Colleagues of several languages share one mirror, and a text without a translation is still a text."""

    async def scenario(desk: Desk) -> None:
        dari = (await listed(desk, locale="fa-AF")).items[0]
        french = (await listed(desk, locale="fr")).items[0]
        assert (dari.title, dari.body) == ("تیل کم است", "Order some.")
        assert french.title == "Fuel is low"

    with_desk([alert(1)], scenario)


@given(kinds=st.lists(st.tuples(st.sampled_from(SEVERITIES), st.integers(0, 40)), max_size=25), limit=st.integers(1, 7))
def test_pages_together_are_the_inbox_most_severe_first(kinds: list[tuple[str, int]], limit: int) -> None:
    """Within a severity the newest first; one that is new to this service comes last and is not lost."""
    every = [alert(number, severity=severity, age_h=age) for number, (severity, age) in enumerate(kinds)]

    async def scenario(desk: Desk) -> None:
        seen: list[AlertItem] = []
        after: Place | None = None
        while True:
            page = await listed(desk, limit=limit, after=after)
            seen += page.items
            after = page.next_after
            if after is None:
                break

        def order(each: Alert) -> tuple[int, float, str]:
            return (SEVERITIES.index(each.severity), -each.raised_at.timestamp(), each.id)

        assert [each.id for each in seen] == [each.id for each in sorted(every, key=order)]

    with_desk(every, scenario)


def test_everybody_has_alerts_here_as_on_the_dashboard() -> None:
    """One opinion of who may see alerts, in two places."""
    assert LAYOUT[WidgetId.ALERTS].roles == ROLES
