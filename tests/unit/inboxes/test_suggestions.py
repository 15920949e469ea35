"""The inbox of suggestions: marked from our own log, filtered, newest first, a page at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace as with_members

from bff_backoffice.application.pages import Place
from bff_backoffice.application.suggestions import ListedSuggestions, SuggestionsRequest
from bff_backoffice.application.suggestions_inbox import NOTHING, Suggestion, SuggestionDecided
from bff_backoffice.domain.dashboard import LAYOUT, WidgetId
from bff_backoffice.domain.operator import OperatorId, TenantId
from bff_backoffice.domain.suggestions import ROLES, Decision, SuggestionStatus
from tests.fakes import virtual_time
from tests.fakes.scripted_board import some_operator
from tests.fakes.scripted_inbox import PROVENANCE, Desk, decided, opened_desk, some_request, suggestion

OPEN, DECIDED, EXPIRED = SuggestionStatus.OPEN, SuggestionStatus.DECIDED, SuggestionStatus.EXPIRED


def with_desk(suggestions: Sequence[Suggestion], scenario: Callable[[Desk], Awaitable[None]]) -> None:
    """Run over an inbox with these."""

    async def main() -> None:
        async with opened_desk(suggestions) as desk:
            await scenario(desk)

    virtual_time.run(main())


async def listed(
    desk: Desk, *statuses: SuggestionStatus, categories: frozenset[str] = frozenset(), limit: int = 50,
    after: Place | None = None,
) -> ListedSuggestions:  # fmt: skip
    """A page of the inbox."""
    return await desk.list_suggestions(
        SuggestionsRequest(
            inbox=some_request(), categories=categories, statuses=frozenset(statuses), limit=limit, after=after
        )
    )


def test_what_was_decided_here_is_decided_although_the_orchestrator_does_not_know_yet() -> None:
    """With who, when, why and what was changed; it counts as open no more and is found under its new status."""
    first, second = suggestion(1), suggestion(2)

    async def scenario(desk: Desk) -> None:
        line = decided(first, Decision.MODIFY)
        desk.decisions.lines[some_operator().tenant_id, first.id] = line
        page = await listed(desk)
        marked = {item.id: item for item in page.items}
        shown = marked[first.id].decision
        assert (marked[first.id].status, marked[second.id].status) == ("decided", "open")
        assert isinstance(shown, SuggestionDecided)
        assert (shown.decision, shown.reason, shown.decided_by, shown.decided_at) == (
            "modify", line.reason, line.operator_id, line.decided_at,
        )  # fmt: skip
        assert bytes(shown.delta) == line.delta
        assert marked[second.id].decision is UNSET
        assert page.open == 1
        assert [item.id for item in (await listed(desk, OPEN)).items] == [second.id]
        assert [item.id for item in (await listed(desk, DECIDED)).items] == [first.id]

    with_desk([first, second], scenario)


def test_the_mirror_of_a_dead_orchestrator_is_marked_too() -> None:
    """A decision is in the log the moment it is made, and shows on the inbox of this morning."""
    mine = suggestion(1)

    async def scenario(desk: Desk) -> None:
        await listed(desk)
        desk.suggestions.failure = TimeoutError()
        await asyncio.sleep(3600)
        desk.decisions.lines[some_operator().tenant_id, mine.id] = decided(mine)
        page = await listed(desk)
        assert ([item.status for item in page.items], page.open) == (["decided"], 0)

    with_desk([mine], scenario)


def test_what_the_orchestrator_knows_of_a_decision_stands() -> None:
    """It is the authority; our log is not even asked about what it says is decided."""
    theirs = SuggestionDecided(
        decision="reject", reason=None, delta=NOTHING, decided_by="usr_1", decided_at=virtual_time.BEGINNING
    )
    known = with_members(suggestion(1, status="decided"), decision=theirs)

    async def scenario(desk: Desk) -> None:
        desk.decisions.lines[some_operator().tenant_id, known.id] = decided(known)
        page = await listed(desk)
        assert page.items[0].decision == theirs
        assert desk.decisions.asked == []

    with_desk([known], scenario)


def test_another_tenants_log_marks_nothing() -> None:
    """Even if a suggestion of theirs had the same identifier."""
    mine = suggestion(1)

    async def scenario(desk: Desk) -> None:
        desk.decisions.lines[TenantId(f"tnt_{9:026d}"), mine.id] = decided(mine)
        assert [item.status for item in (await listed(desk)).items] == ["open"]

    with_desk([mine], scenario)


def test_an_open_suggestion_expires_by_itself_also_in_the_mirror() -> None:
    """Nobody is invited to decide about what the orchestrator would refuse; what was decided in time stays decided."""
    late, never, done = suggestion(1, age_h=71), with_members(suggestion(2), expires_at=None), suggestion(3, age_h=71)

    async def scenario(desk: Desk) -> None:
        desk.decisions.lines[some_operator().tenant_id, done.id] = decided(done)
        assert (await listed(desk)).open == 2
        desk.suggestions.failure = TimeoutError()
        await asyncio.sleep(2 * 3600)
        page = await listed(desk)
        assert {item.id: item.status for item in page.items} == {
            late.id: "expired", never.id: "open", done.id: "decided",
        }  # fmt: skip
        assert page.open == 1
        assert [item.id for item in (await listed(desk, EXPIRED)).items] == [late.id]

    with_desk([late, never, done], scenario)


def test_categories_and_statuses_choose_and_the_count_of_the_open_stays() -> None:
    """Either filter, or both; several words of one are alternatives."""
    rate, staff, care = (
        suggestion(number, category=category) for number, category in enumerate(("rate_change", "staffing", "care"))
    )

    async def scenario(desk: Desk) -> None:
        desk.decisions.lines[some_operator().tenant_id, rate.id] = decided(rate)
        both = await listed(desk, categories=frozenset({"rate_change", "staffing"}))
        assert ({item.id for item in both.items}, both.matching, both.open) == ({rate.id, staff.id}, 2, 2)
        none = await listed(desk, DECIDED, categories=frozenset({"care"}))
        assert (list(none.items), none.matching, none.open) == ([], 0, 2)

    with_desk([rate, staff, care], scenario)


def test_provenance_goes_through_the_mirror_untouched() -> None:
    """To the byte, also what no number type of ours could hold."""

    async def scenario(desk: Desk) -> None:
        fresh = await listed(desk)
        desk.suggestions.failure = TimeoutError()
        stale = await listed(desk)
        assert bytes(fresh.items[0].provenance) == bytes(stale.items[0].provenance) == PROVENANCE

    with_desk([suggestion(1)], scenario)


@given(ages=st.lists(st.integers(0, 60), max_size=25), limit=st.integers(1, 7))
def test_pages_together_are_the_inbox_newest_first(ages: list[int], limit: int) -> None:
    """Whatever was made at the same moment."""
    every = [suggestion(number, age_h=age) for number, age in enumerate(ages)]

    async def scenario(desk: Desk) -> None:
        seen: list[Suggestion] = []
        after: Place | None = None
        while True:
            page = await listed(desk, limit=limit, after=after)
            seen += page.items
            assert len(page.items) <= limit
            after = page.next_after
            if after is None:
                break
        assert [each.id for each in seen] == [
            each.id for each in sorted(every, key=lambda each: (-each.created_at.timestamp(), each.id))
        ]

    with_desk(every, scenario)


def test_who_decides_is_who_has_them_on_the_dashboard() -> None:
    """One opinion of who may see suggestions, in two places."""
    assert LAYOUT[WidgetId.SUGGESTIONS].roles == ROLES


def test_a_colleagues_decision_names_the_colleague() -> None:
    """Not the one who looks."""
    mine = suggestion(1)

    async def scenario(desk: Desk) -> None:
        somebody = OperatorId(f"usr_{77:026d}")
        desk.decisions.lines[some_operator().tenant_id, mine.id] = replace(decided(mine), operator_id=somebody)
        shown = (await listed(desk)).items[0].decision
        assert isinstance(shown, SuggestionDecided)
        assert shown.decided_by == somebody

    with_desk([mine], scenario)


def test_what_a_colleague_changed_goes_through_the_mirror_untouched() -> None:
    """A modification that the orchestrator knows of, to the byte, also while it is away."""
    delta = msgspec.Raw(b'{"count":  2.0}')
    theirs = SuggestionDecided(
        decision="modify", reason=None, delta=delta, decided_by="usr_1", decided_at=virtual_time.BEGINNING
    )

    async def scenario(desk: Desk) -> None:
        for failure in (None, TimeoutError()):
            desk.suggestions.failure = failure
            shown = (await listed(desk)).items[0].decision
            assert isinstance(shown, SuggestionDecided)
            assert bytes(shown.delta) == bytes(delta)

    with_desk([with_members(suggestion(1, status="decided"), decision=theirs)], scenario)
