"""What events make stale, and how it is told: exactly, together, and not before it is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.application import views
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.application.refresh_hints import WINDOW_SECONDS, RefreshHints, RefreshViews, stale_views
from bff_backoffice.application.views import Views
from bff_backoffice.domain.dashboard import WidgetId
from bff_backoffice.domain.live_events import Channel, LiveEvent
from bff_backoffice.domain.operator import PropertyId, TenantId
from bff_backoffice.domain.workbench import SectionId
from tests.fakes import virtual_time
from tests.fakes.memory_live_log import MemoryLiveLog
from tests.fakes.memory_projections import MemoryProjections

TENANT = TenantId("tnt_01JD0000000000000000000001")
OTHER = TenantId("tnt_01JD0000000000000000000002")
HERE = PropertyId("ppt_01JD0000000000000000000001")
THERE = PropertyId("ppt_01JD0000000000000000000002")


@dataclass
class ForgetfulLog(MemoryLiveLog):
    """A log whose store is away for the first so many events."""

    away: int = 0
    tried: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    async def announce(self, tenant_id: TenantId, event: LiveEvent) -> None:
        """Tell it, if the store is there."""
        self.tried += 1
        if self.tried <= self.away:
            raise StoreUnavailableError("sessions")
        await super().announce(tenant_id, event)


class TimedLog(MemoryLiveLog):
    """A log that knows when it was told what."""

    def __init__(self) -> None:
        super().__init__()
        self.told_at: list[tuple[float, LiveEvent]] = []

    async def announce(self, tenant_id: TenantId, event: LiveEvent) -> None:
        """Tell it, and write down when."""
        await super().announce(tenant_id, event)
        told = self.announced[tenant_id]
        if len(told) > len(self.told_at):
            self.told_at.append((asyncio.get_running_loop().time(), told[-1]))


@dataclass
class Unavailable:
    """Takes note of what the cache could not do."""

    operations: list[str] = field(default_factory=list)

    def cache_unavailable(self, operation: str) -> None:
        """Take note."""
        self.operations.append(operation)

    def load_surprised(self, name: str, failure: Exception) -> None:
        """Nothing is loaded here."""
        raise AssertionError(name) from failure

    def refreshed_early(self, name: str) -> None:
        """Nothing is loaded here."""
        raise AssertionError(name)


def during(log: MemoryLiveLog, scenario: Callable[[RefreshHints], Awaitable[None]]) -> None:
    """Run a scenario while hints are told, on virtual time."""

    async def run() -> None:
        hints = RefreshHints(log=log, clock=virtual_time.wall_clock)
        telling = asyncio.create_task(hints.run())
        await scenario(hints)
        telling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await telling

    virtual_time.run(run())


def hints_of(log: MemoryLiveLog, tenant_id: TenantId = TENANT) -> list[tuple[PropertyId | None, Any]]:
    """Where each hint went, and which widgets it names."""
    told = log.announced[tenant_id]
    assert {(event.channel, event.type) for event in told} <= {(Channel.HINTS, "stale")}
    return [(event.property_id, event.payload["widgets"]) for event in told]


@pytest.mark.parametrize(
    ("subject", "stale"),
    [
        ("melmastoon.reservation.checked_in.v1", views.STAYS),
        ("melmastoon.reservation.an_unheard_of_verb.v7", views.STAYS),
        ("melmastoon.front_desk.checkout.completed.v1", views.STAYS),
        ("melmastoon.inventory.allocation.released.v1", views.NIGHTS),
        ("melmastoon.inventory.block.created.v1", views.NIGHTS | views.ROOMS),
        ("melmastoon.inventory.room.reassigned.v1", views.STAYS),
        ("melmastoon.inventory.availability.queried.v1", None),
        ("melmastoon.inventory.availability.changed.v1", views.NIGHTS),
        ("melmastoon.pricing.surcharge.changed.v1", views.RATES),
        ("melmastoon.housekeeping.inspection.passed.v1", views.ROOMS),
        ("melmastoon.maintenance.asset.repaired.v1", views.REPAIRS),
        ("melmastoon.billing.deposit.taken.v1", views.MONEY),
        ("melmastoon.lock.key.revoked.v1", views.KEYS),
        ("melmastoon.lock_integration.credential.issued.v1", views.KEYS),
        ("melmastoon.ai.suggestion.created.v1", views.SUGGESTIONS),
        ("melmastoon.pricing.rate_plan.created.v1", views.RATES),
        ("melmastoon.pricing.quote.created.v1", None),
        ("melmastoon.housekeeping.task.assigned.v1", views.ROOMS),
        ("melmastoon.housekeeping.room.status_changed.v1", views.ROOMS),
        ("melmastoon.housekeeping.linen.low_stock_alert.v1", None),
        ("melmastoon.maintenance.work_order.room_blocked.v1", views.REPAIRS),
        ("melmastoon.billing.folio.opened.v1", views.MONEY),
        ("melmastoon.billing.cash_drawer.closed.v1", views.MONEY),
        ("melmastoon.billing.subscription.renewed.v1", None),
        ("melmastoon.property.published.v1", views.HOTEL),
        ("melmastoon.property.room.out_of_order.v1", views.HOTEL_ROOMS),
        ("melmastoon.lock.credential.issued.v1", views.KEYS),
        ("melmastoon.lock.device.health_alert.v1", None),
        ("melmastoon.analytics.metric.computed.v1", views.FIGURES),
        ("melmastoon.notification.alert.raised.v1", views.ALERTS),
        ("melmastoon.notification.opened.v1", views.ALERTS),
        ("melmastoon.notification.delivered.v1", None),
        ("melmastoon.ai_orchestrator.hitl.gate_decided.v1", views.SUGGESTIONS),
        ("melmastoon.ai_orchestrator.inference.requested.v1", None),
        ("melmastoon.iam.session.revoked.v1", None),
        ("melmastoon", None),
        ("elsewhere.reservation.checked_in.v1", None),
        ("", None),
    ],
)
def test_each_family_of_events_makes_stale_exactly_what_shows_it(subject: str, stale: Views | None) -> None:
    """The service and the aggregate of a subject decide; a verb or a version nobody has heard of changes nothing."""
    assert stale_views(subject) == stale


def test_every_widget_but_our_own_can_become_stale() -> None:
    """What no event drops would be shown as it was for as long as it is fresh."""
    named = [stale_views(f"melmastoon.{words}.changed.v1") for words in ("reservation", "property", "pricing.rate_plan",
             "maintenance.work_order", "notification.alert", "ai_orchestrator.suggestion")]  # fmt: skip
    widgets = frozenset[WidgetId]().union(*(each.widgets for each in named if each))
    sections = frozenset[SectionId]().union(*(each.sections for each in named if each))

    assert widgets == set(WidgetId) - {WidgetId.DEVICES}
    assert sections == set(SectionId)


def test_hints_are_coalesced_before_they_get_an_id() -> None:
    """A thousand events of a hotel within a moment are one hint that names all that they made stale."""
    log = MemoryLiveLog()

    async def scenario(hints: RefreshHints) -> None:
        for number in range(1000):
            hints.collect(TENANT, HERE, views.MONEY if number % 2 else views.ALERTS)
        await asyncio.sleep(2 * WINDOW_SECONDS)

    during(log, scenario)

    assert hints_of(log) == [(HERE, ["alerts", "balances"])]


def test_a_hint_is_its_hotels_and_its_tenants() -> None:
    """What is collected for one hotel is not told at another, whenever it comes."""
    log = MemoryLiveLog()

    async def scenario(hints: RefreshHints) -> None:
        hints.collect(TENANT, HERE, views.MONEY)
        hints.collect(TENANT, THERE, views.RATES)
        hints.collect(OTHER, HERE, views.ALERTS)
        hints.collect(TENANT, None, views.SUGGESTIONS)
        await asyncio.sleep(2 * WINDOW_SECONDS)
        hints.collect(TENANT, HERE, views.MONEY)
        await asyncio.sleep(2 * WINDOW_SECONDS)

    during(log, scenario)

    balances = (HERE, ["balances"])
    assert hints_of(log) == [balances, (THERE, ["rates"]), (None, ["suggestions"]), balances]
    assert hints_of(log, OTHER) == [(HERE, ["alerts"])]


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 2), st.sampled_from([views.MONEY, views.ALERTS, views.KEYS])),
        min_size=1,
        max_size=12,
    )
)
def test_of_several_processes_none_keeps_back_what_nobody_told_since(collected: list[tuple[int, int, Views]]) -> None:
    """Whatever became stale, and wherever it was learned, is told later than that; and never twice for nothing new."""
    log = TimedLog()

    async def scenario() -> None:
        processes = [RefreshHints(log=log, clock=virtual_time.wall_clock) for _ in range(3)]
        telling = [asyncio.create_task(each.run()) for each in processes]
        for moment, process, stale in sorted(collected, key=lambda each: each[0]):
            await asyncio.sleep(moment * 0.05 - asyncio.get_running_loop().time())
            processes[process].collect(TENANT, HERE, stale)
        await asyncio.sleep(3 * WINDOW_SECONDS)
        for task in telling:
            task.cancel()
        await asyncio.wait(telling)

    virtual_time.run(scenario())

    told = [(at, set(event.payload["boards"]), set(event.payload["widgets"])) for at, event in log.told_at]  # type: ignore[call-overload] # names
    for moment, _, stale in collected:
        assert any(
            at >= moment * 0.05 and boards >= set(stale.boards) and widgets >= set(stale.widgets)
            for at, boards, widgets in told
        )
    for number, (at, *names) in enumerate(told):
        # Between two hints that say the same something became stale; what did in the very moment of the first counts.
        for earlier, *others in told[:number]:
            assert names != others or any(
                earlier < moment * 0.05 + 0.002 and moment * 0.05 <= at for moment, _, _ in collected
            )


def test_two_processes_that_collected_the_same_tell_it_once() -> None:
    """Each has one event of a check-in; whoever heard the first hint and looked has seen what the second is about."""
    log = MemoryLiveLog()

    async def scenario(hints: RefreshHints) -> None:
        other = RefreshHints(log=log, clock=virtual_time.wall_clock)
        telling = asyncio.create_task(other.run())
        hints.collect(TENANT, HERE, views.MONEY)
        await asyncio.sleep(WINDOW_SECONDS / 2)
        other.collect(TENANT, HERE, views.MONEY)
        other.collect(TENANT, THERE, views.MONEY)
        await asyncio.sleep(2 * WINDOW_SECONDS)
        other.collect(TENANT, HERE, views.MONEY)
        await asyncio.sleep(2 * WINDOW_SECONDS)
        telling.cancel()
        await asyncio.wait([telling])

    during(log, scenario)

    assert hints_of(log) == [(HERE, ["balances"]), (THERE, ["balances"]), (HERE, ["balances"])]


def test_a_hint_names_widgets_and_the_boards_that_have_them() -> None:
    """A board is named when any of its sections is stale."""
    log = MemoryLiveLog()

    async def scenario(hints: RefreshHints) -> None:
        hints.collect(TENANT, HERE, views.KEYS)
        hints.collect(TENANT, THERE, views.HOTEL)
        await asyncio.sleep(2 * WINDOW_SECONDS)

    during(log, scenario)

    keys, hotel = (event.payload for event in log.announced[TENANT])
    assert keys == {"widgets": [], "boards": ("arrivals", "departures", "in-house", "today"), "propertyCard": False}
    assert (hotel["widgets"], hotel["propertyCard"]) == (["property"], True)


def test_what_can_not_be_told_is_told_when_the_store_is_back() -> None:
    """Nothing that was collected is lost, and what comes meanwhile is told with it."""
    log = ForgetfulLog(away=3)

    async def scenario(hints: RefreshHints) -> None:
        hints.collect(TENANT, HERE, views.MONEY)
        await asyncio.sleep(1)
        hints.collect(TENANT, HERE, views.ALERTS)
        await asyncio.sleep(5)

    during(log, scenario)

    assert hints_of(log) == [(HERE, ["alerts", "balances"])]


def test_a_process_that_ends_tells_what_it_has_collected() -> None:
    """The window is no reason to keep a hint back for ever."""
    log = MemoryLiveLog()

    async def scenario(hints: RefreshHints) -> None:
        await asyncio.sleep(0)
        hints.collect(TENANT, HERE, views.MONEY)

    during(log, scenario)

    assert hints_of(log) == [(HERE, ["balances"])]


@pytest.mark.parametrize("property_id", [HERE, None])
def test_a_cache_that_is_away_or_hangs_keeps_no_hint_back(property_id: PropertyId | None) -> None:
    """It is counted, and the hotel is told all the same."""
    for weather in ("away", "hung"):
        log, cache, observer = MemoryLiveLog(), MemoryProjections(), Unavailable()
        setattr(cache, weather, True)

        async def scenario(
            hints: RefreshHints, cache: MemoryProjections = cache, observer: Unavailable = observer
        ) -> None:
            await RefreshViews(cache=cache, hints=hints, observer=observer)(TENANT, property_id, views.MONEY)
            await asyncio.sleep(2 * WINDOW_SECONDS)

        during(log, scenario)

        assert (observer.operations, hints_of(log)) == (["forget"], [(property_id, ["balances"])])
