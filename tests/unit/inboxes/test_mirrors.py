"""An inbox is asked for each time; its mirror is what remains when nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bff_backoffice.application.alerts import AlertsRequest, ListedAlerts
from bff_backoffice.application.ports import (
    StoreUnavailableError,
    UpstreamRefusedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.application.suggestions import ListedSuggestions, SuggestionsRequest
from bff_backoffice.domain.composed_reads import CacheStatus, Outcome
from bff_backoffice.domain.operator import OperatorContext
from tests.fakes import virtual_time
from tests.fakes.memory_projections import MemoryProjections
from tests.fakes.scripted_board import some_operator
from tests.fakes.scripted_inbox import Desk, InboxService, MemoryLog, alert, opened_desk, some_request, suggestion

Listed = ListedSuggestions | ListedAlerts
Look = Callable[..., Awaitable[Listed]]

HOURS = 3600
A_MOMENT_S = 0.001
DOWN = UpstreamUnavailableError("a-service")


class Opened:
    """One of the two inboxes of a desk, whichever it is."""

    def __init__(self, desk: Desk, which: str) -> None:
        self.desk = desk
        self.which = which
        self.service: InboxService[object] = desk.suggestions if which == "suggestions" else desk.alerts  # type: ignore[assignment] # both are inboxes
        self.log: MemoryLog[object] = desk.decisions if which == "suggestions" else desk.acknowledgements  # type: ignore[assignment] # both are logs

    async def look(self, operator: OperatorContext | None = None, *, budget_ms: int | None = None) -> Listed:
        """The first page, unfiltered."""
        # On this clock no time passes by itself, and what was loaded at this very moment would be new enough.
        await asyncio.sleep(A_MOMENT_S)
        inbox = some_request(operator, budget_ms=budget_ms)
        if self.which == "suggestions":
            return await self.desk.list_suggestions(
                SuggestionsRequest(inbox=inbox, categories=frozenset(), statuses=frozenset(), limit=50, after=None)
            )
        return await self.desk.list_alerts(AlertsRequest(inbox=inbox, statuses=frozenset(), limit=50, after=None))


EACH = pytest.mark.parametrize("which", ["suggestions", "alerts"])


def with_inbox(
    which: str, scenario: Callable[[Opened], Awaitable[None]], cache: MemoryProjections | None = None
) -> None:
    """Run over an inbox with one line in it, on a clock that costs no time."""

    async def main() -> None:
        async with opened_desk([suggestion(1)], [alert(1)], cache=cache) as desk:
            await scenario(Opened(desk, which))

    virtual_time.run(main())


def count_of(listed: Listed) -> int | None:
    """What waits for somebody."""
    return listed.open if isinstance(listed, ListedSuggestions) else listed.unread


@EACH
def test_the_service_is_asked_each_time(which: str) -> None:
    """Whoever was told that something came must find it: nothing in the mirror counts as fresh."""

    async def scenario(inbox: Opened) -> None:
        for calls in (1, 2):
            listed = await inbox.look()
            assert (listed.state.outcome, listed.state.cache_status) == (Outcome.FRESH, CacheStatus.MISS)
            assert listed.state.as_of == virtual_time.wall_clock()
            assert listed.state.age_ms == 0
            assert len(listed.items) == count_of(listed) == 1
            assert len(inbox.service.calls) == calls

    with_inbox(which, scenario)


@EACH
def test_colleagues_who_look_at_the_same_moment_share_a_call(which: str) -> None:
    """Fifty desks that are told of something all at once cost its service one call."""

    async def scenario(inbox: Opened) -> None:
        async with asyncio.TaskGroup() as group:
            looks = [group.create_task(inbox.look(some_operator(operator=number))) for number in range(1, 51)]
        assert {look.result().state.outcome for look in looks} == {Outcome.FRESH}
        assert len(inbox.service.calls) == 1

    with_inbox(which, scenario)


@EACH
def test_tenants_and_properties_have_mirrors_of_their_own(which: str) -> None:
    """Neither another tenant's nor the other property's inbox is shown in place of one that nobody knows."""

    async def scenario(inbox: Opened) -> None:
        await inbox.look()
        inbox.service.failure = DOWN
        for other in (some_operator(tenant=2), some_operator(property_number=2)):
            listed = await inbox.look(other)
            assert (list(listed.items), listed.state.as_of) == ([], None)
        assert (await inbox.look(some_operator(operator=7))).items

    with_inbox(which, scenario)


@EACH
def test_a_dead_service_leaves_the_last_inbox_with_its_age(which: str) -> None:
    """For twelve hours, as stale and with the reason; after that nothing is known."""

    async def scenario(inbox: Opened) -> None:
        first = await inbox.look()
        inbox.service.failure = DOWN
        await asyncio.sleep(12 * HOURS - 1)
        stale = await inbox.look()
        assert (stale.state.outcome, stale.state.cache_status) == (Outcome.STALE, CacheStatus.STALE)
        assert stale.state.failure is DOWN
        assert stale.state.as_of == first.state.as_of
        assert (stale.state.age_ms or 0) >= (12 * HOURS - 1) * 1000
        assert len(stale.items) == 1
        await asyncio.sleep(2)
        unknown = await inbox.look()
        assert (unknown.state.outcome, unknown.state.cache_status) == (Outcome.ERROR, CacheStatus.MISS)
        assert (list(unknown.items), unknown.next_after, unknown.matching, count_of(unknown)) == ([], None, None, None)

    with_inbox(which, scenario)


@EACH
def test_a_service_that_recovers_is_seen_at_once(which: str) -> None:
    """No pause of our own after a failure."""

    async def scenario(inbox: Opened) -> None:
        await inbox.look()
        inbox.service.failure = DOWN
        assert (await inbox.look()).state.outcome is Outcome.STALE
        inbox.service.failure = None
        assert (await inbox.look()).state.outcome is Outcome.FRESH

    with_inbox(which, scenario)


@EACH
@pytest.mark.parametrize(("budget_ms", "seconds"), [(None, 0.5), (200, 0.2), (1, 0.1), (60_000, 0.5)])
def test_a_service_that_hangs_holds_nobody_up_longer_than_its_deadline(
    which: str, budget_ms: int | None, seconds: float
) -> None:
    """Half a second, or what the client can wait, but never so little that a healthy service would fail."""

    async def scenario(inbox: Opened) -> None:
        await inbox.look()
        inbox.service.delay_s = 3600
        loop = asyncio.get_running_loop()
        started = loop.time()
        listed = await inbox.look(budget_ms=budget_ms)
        assert seconds - 0.03 <= loop.time() - started <= seconds + 2 * A_MOMENT_S
        assert listed.state.outcome is Outcome.STALE
        assert isinstance(listed.state.failure, UpstreamTimeoutError)

    with_inbox(which, scenario)


@EACH
def test_a_refusal_is_an_answer_and_no_reason_to_show_the_mirror(which: str) -> None:
    """What the service refuses to tell is not told from memory either."""

    async def scenario(inbox: Opened) -> None:
        await inbox.look()
        inbox.service.failure = UpstreamRefusedError("a-service", status=403, code="MELMASTOON.X.FORBIDDEN", title="no")
        listed = await inbox.look()
        assert (listed.state.outcome, list(listed.items)) == (Outcome.FORBIDDEN, [])

    with_inbox(which, scenario)


@EACH
@pytest.mark.parametrize("how", ["away", "hung"])
def test_without_the_cache_the_inbox_is_what_its_service_says(which: str, how: str) -> None:
    """A lost cache costs the mirror and a moment, nothing else."""
    cache = MemoryProjections()
    setattr(cache, how, True)

    async def scenario(inbox: Opened) -> None:
        listed = await inbox.look()
        assert (listed.state.outcome, listed.state.cache_status) == (Outcome.FRESH, CacheStatus.BYPASS)
        assert len(listed.items) == 1
        inbox.service.failure = DOWN
        listed = await inbox.look()
        assert (listed.state.outcome, list(listed.items)) == (Outcome.ERROR, [])

    with_inbox(which, scenario, cache)


@EACH
@pytest.mark.parametrize("how", ["away", "hung"])
def test_without_our_own_log_the_inbox_is_shown_unmarked_and_says_so(which: str, how: str) -> None:
    """`fallback`, with the store as the reason; an old inbox stays `stale`, with its own reason."""

    async def scenario(inbox: Opened) -> None:
        setattr(inbox.log, how, True)
        listed = await inbox.look()
        assert (listed.state.outcome, len(listed.items)) == (Outcome.FALLBACK, 1)
        assert isinstance(listed.state.failure, StoreUnavailableError)
        assert sum(inbox.desk.observer.logs_away.values()) == 1
        inbox.service.failure = DOWN
        listed = await inbox.look()
        assert (listed.state.outcome, listed.state.failure) == (Outcome.STALE, DOWN)

    with_inbox(which, scenario)
