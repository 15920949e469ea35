"""The table of widgets against the contract."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.domain.dashboard import (
    CLIENT_BUDGET_FLOOR_MS,
    GRID_COLUMNS,
    LAYOUT,
    Outcome,
    Source,
    Variant,
    WidgetId,
    deadline_ms,
    visible_widgets,
)
from bff_backoffice.domain.operator import OperatorRole

SPECIFIED = {
    "occupancy", "adr", "revpar", "arrivals", "departures", "in-house", "outlook", "rooms", "arrivals-at-risk",
    "work-orders", "rates", "balances", "alerts", "suggestions", "property", "devices",
}  # fmt: skip


def test_every_widget_of_the_contract_is_on_the_board() -> None:
    """The widgets are those of the contract, each once, each with a row."""
    assert {widget.value for widget in WidgetId} == SPECIFIED
    assert set(LAYOUT) == set(WidgetId)
    assert all(widget.id is name for name, widget in LAYOUT.items())


def test_every_source_that_feeds_tiles_is_on_the_board() -> None:
    """Each upstream of the contract's list feeds at least one widget; locks feed boards only."""
    on_the_board = {source for widget in LAYOUT.values() for source in widget.sources}
    assert on_the_board == set(Source) - {Source.LOCK_INTEGRATION, Source.TENANT}


def test_outcomes_are_the_closed_set() -> None:
    """No outcome is missing and none is invented; only fresh and cached are whole."""
    assert {outcome.value for outcome in Outcome} == {
        "fresh", "cached", "stale", "fallback", "timeout", "breaker_open", "shed", "forbidden", "error",
    }  # fmt: skip
    assert {outcome for outcome in Outcome if outcome.whole} == {Outcome.FRESH, Outcome.CACHED}


@pytest.mark.parametrize("role", [OperatorRole.GENERAL_MANAGER, OperatorRole.OWNER])
def test_those_who_answer_for_the_house_see_all_of_it(role: OperatorRole) -> None:
    """General manager and owner have every widget (contract, section 10)."""
    assert [widget.id for widget in visible_widgets(frozenset({role}))] == list(LAYOUT)


@pytest.mark.parametrize("role", list(OperatorRole))
def test_every_role_has_a_useful_board(role: OperatorRole) -> None:
    """Nobody signs in to less than half a dozen widgets, and everyone has property, alerts and devices."""
    board = {widget.id for widget in visible_widgets(frozenset({role}))}
    assert len(board) >= 6
    assert board >= {WidgetId.PROPERTY, WidgetId.ALERTS, WidgetId.DEVICES}


def test_money_goes_to_those_who_answer_for_it() -> None:
    """Folios and revenue figures are not on the boards of housekeeping, maintenance and kitchen."""
    hands = frozenset({
        OperatorRole.HOUSEKEEPER, OperatorRole.HOUSEKEEPING_LEAD, OperatorRole.MAINTENANCE, OperatorRole.FNB_MANAGER,
    })  # fmt: skip
    board = {widget.id for widget in visible_widgets(hands)}
    assert board.isdisjoint({WidgetId.BALANCES, WidgetId.ADR, WidgetId.REVPAR, WidgetId.RATES})


@settings(deadline=None)
@given(roles=st.frozensets(st.sampled_from(OperatorRole)))
def test_several_roles_see_what_any_of_them_sees(roles: frozenset[OperatorRole]) -> None:
    """The board of several roles is the union of theirs, in the table's order; without a role there is none."""
    union = {widget.id for role in roles for widget in visible_widgets(frozenset({role}))}
    assert [widget.id for widget in visible_widgets(roles)] == [name for name in LAYOUT if name in union]


@pytest.mark.parametrize(
    ("widget", "milliseconds"),
    [
        (WidgetId.ARRIVALS, 800), (WidgetId.ARRIVALS_AT_RISK, 800), (WidgetId.ROOMS, 700), (WidgetId.WORK_ORDERS, 700),
        (WidgetId.OUTLOOK, 600), (WidgetId.RATES, 600), (WidgetId.BALANCES, 600), (WidgetId.OCCUPANCY, 600),
        (WidgetId.ALERTS, 500), (WidgetId.SUGGESTIONS, 500), (WidgetId.DEVICES, 400),
    ],
)  # fmt: skip
def test_a_widgets_deadline_is_its_slowest_sources(widget: WidgetId, milliseconds: int) -> None:
    """Deadlines are the platform's egress limits, and the longest one where two sources are asked."""
    assert LAYOUT[widget].deadline_ms == milliseconds


@settings(deadline=None)
@given(name=st.sampled_from(WidgetId), budget_ms=st.none() | st.integers(-1000, 100_000))
def test_a_budget_only_shortens(name: WidgetId, budget_ms: int | None) -> None:
    """No budget gives more time than the table, none gives less than the floor, and one in between is kept."""
    widget = LAYOUT[name]
    given_ms = deadline_ms(widget, budget_ms)
    assert CLIENT_BUDGET_FLOOR_MS <= given_ms <= widget.deadline_ms
    if budget_ms is not None and CLIENT_BUDGET_FLOOR_MS <= budget_ms <= widget.deadline_ms:
        assert given_ms == budget_ms


def test_only_named_widgets_vary_by_more_than_the_property() -> None:
    """Localized names vary by language, one's own devices by oneself; everything else is everybody's."""
    assert {name: widget.varies_by for name, widget in LAYOUT.items() if widget.varies_by} == {
        WidgetId.RATES: {Variant.LOCALE},
        WidgetId.ALERTS: {Variant.LOCALE},
        WidgetId.PROPERTY: {Variant.LOCALE},
        WidgetId.DEVICES: {Variant.OPERATOR, Variant.DEVICE},
    }


def test_spans_fit_the_grid() -> None:
    """No widget is wider than the grid or without a width."""
    assert all(0 < widget.span <= GRID_COLUMNS for widget in LAYOUT.values())
