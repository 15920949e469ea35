"""The use cases of the plain reads, on a clock of their own: whose things are shown, how long is waited for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from bff_backoffice.application.flights import Flights
from bff_backoffice.application.lookups import FindRows, ListRows, ShowOne
from bff_backoffice.application.lookups_property import FoundProperty, ShowProperty
from bff_backoffice.application.lookups_queries import InvoiceQuery, LookUp, ReservationQuery, WantedPage
from bff_backoffice.application.lookups_rows import Address, PropertyRecord
from bff_backoffice.application.ports import CallContext, UpstreamTimeoutError, UpstreamUnavailableError
from bff_backoffice.application.projections import Freshness, Projection
from bff_backoffice.application.read_through import ReadThrough
from bff_backoffice.application.texts import TextByLanguage
from bff_backoffice.application.upstream_pages import UpstreamPage
from bff_backoffice.domain.composed_reads import CacheStatus, Outcome, Source
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.lookups import code_meant
from bff_backoffice.domain.operator import PropertyId
from bff_backoffice.domain.resource_ids import FolioId
from tests.fakes import virtual_time
from tests.fakes.memory_projections import MemoryProjections
from tests.fakes.scripted_board import RecordingObserver, some_operator

OPERATOR = some_operator()
ELSEWHERE = PropertyId.parse("ppt_01JGFJJZ03J02SKYND46F9ZBK0")
THE_FOLIO = FolioId.parse("fol_01JGFJJZ03J02SKYND46F9ZBK0")
FIRST_PAGE = WantedPage(limit=50, cursor=None)


def some_look_up(*, locale: str = "en", budget_ms: int | None = None) -> LookUp:
    """Somebody at a desk who asks."""
    return LookUp(
        operator=OPERATOR,
        locale=locale,
        request_id="01K9ZV6Y7R8S9T0V1W2X3Y4Z5A",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        budget_ms=budget_ms,
    )


@dataclass(frozen=True)
class SomeThing:
    """Something of a property."""

    property_id: str


@dataclass
class ScriptedOwner:
    """Whoever has the things: notes what it was asked."""

    thing: SomeThing = field(default_factory=lambda: SomeThing(OPERATOR.property_id))
    calls: list[CallContext] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)

    async def one(self, call: CallContext, identifier: FolioId) -> SomeThing:
        """Return the thing whatever the identifier."""
        assert identifier == THE_FOLIO
        self.calls.append(call)
        return self.thing

    async def reservations(
        self, call: CallContext, query: ReservationQuery, *, limit: int, cursor: str | None
    ) -> UpstreamPage[str]:
        """Return a row that says how it was asked."""
        self.calls.append(call)
        self.texts.append(query.text)
        return UpstreamPage(items=[f"{limit} behind {cursor}"], next_cursor="more")

    async def invoices(
        self, call: CallContext, query: InvoiceQuery, *, limit: int, cursor: str | None
    ) -> UpstreamPage[str]:
        """Return nothing."""
        assert limit
        assert cursor is None
        self.calls.append(call)
        self.texts.append(query.text)
        return UpstreamPage(items=[], next_cursor=None)


def test_what_its_owner_says_is_anothers_is_not_there() -> None:
    """An owner that answers with something of another property does not widen the operator's reach."""
    owner = ScriptedOwner()
    show = ShowOne(source=Source.BILLING, read=owner.one)

    async def main() -> None:
        assert await show(some_look_up(), THE_FOLIO) is owner.thing
        owner.thing = SomeThing(ELSEWHERE)
        with pytest.raises(Refusal) as refused:
            await show(some_look_up(), THE_FOLIO)
        assert refused.value.code is Code.RESOURCE_NOT_FOUND

    virtual_time.run(main())


@pytest.mark.parametrize(("budget_ms", "waits_s"), [(None, 0.6), (5_000, 0.6), (250, 0.25), (1, 0.1)])
def test_a_budget_shortens_the_owners_time_and_never_lengthens_it(budget_ms: int | None, waits_s: float) -> None:
    """To no less than a healthy owner needs."""
    owner = ScriptedOwner()
    show = ShowOne(source=Source.BILLING, read=owner.one)

    async def main() -> None:
        await show(some_look_up(budget_ms=budget_ms), THE_FOLIO)

    virtual_time.run(main())

    (call,) = owner.calls
    assert call.deadline == pytest.approx(waits_s)
    assert (call.tenant_id, call.property_id, call.roles) == (
        OPERATOR.tenant_id,
        OPERATOR.property_id,
        OPERATOR.roles,
    )


@pytest.mark.parametrize(
    ("typed", "asked"), [("  \u06f0\u06f7\u06f0\u06f0 ", ["0700"]), ("Anna", ["Anna"]), ("...", [])]
)
def test_a_search_asks_for_what_was_meant_or_for_nobody(typed: str, asked: list[str]) -> None:
    """The page is passed on as it is; where nothing is asked it is empty."""
    owner = ScriptedOwner()
    find = FindRows(rows=ListRows(source=Source.RESERVATION, read=owner.reservations))

    async def main() -> UpstreamPage[str]:
        return await find(some_look_up(), ReservationQuery(text=typed), WantedPage(limit=7, cursor="here"))

    page = virtual_time.run(main())

    assert owner.texts == asked
    expected = UpstreamPage(items=["7 behind here"], next_cursor="more")
    assert page == (expected if asked else UpstreamPage(items=[], next_cursor=None))


@dataclass
class ScriptedCodes:
    """Whoever knows guests by their whole code only: notes what it was asked, and until when."""

    code: str
    asked: list[tuple[str, str | None, float]] = field(default_factory=list)

    async def find(
        self, call: CallContext, query: ReservationQuery, *, limit: int, cursor: str | None
    ) -> UpstreamPage[str]:
        """Return the code where it was asked for, after a moment."""
        assert limit
        self.asked.append((query.text, cursor, call.deadline))
        await asyncio.sleep(0.1)
        return UpstreamPage(items=[self.code] if query.text == self.code else [], next_cursor=None)


@pytest.mark.parametrize(
    ("typed", "cursor", "asked"),
    [
        ("hae5ah", None, ["hae5ah", "GM-HAE5AH"]),
        ("GM-HAE5AH", None, ["GM-HAE5AH"]),
        ("Karim", None, ["Karim"]),
        ("hae5ah", "here", ["hae5ah"]),
    ],
)
def test_who_is_not_found_may_be_meant_by_the_end_of_a_code(typed: str, cursor: str | None, asked: list[str]) -> None:
    """Once, at the beginning of the list, and without more time than one question has."""
    owner = ScriptedCodes("GM-HAE5AH")
    find = FindRows(rows=ListRows(source=Source.RESERVATION, read=owner.find), meant=code_meant)

    async def main() -> UpstreamPage[str]:
        return await find(some_look_up(), ReservationQuery(text=typed), WantedPage(limit=7, cursor=cursor))

    page = virtual_time.run(main())

    assert [text for text, _, _ in owner.asked] == asked
    assert len({deadline for _, _, deadline in owner.asked}) == 1
    assert page.items == (["GM-HAE5AH"] if asked[-1] == "GM-HAE5AH" else [])


def test_a_list_without_a_search_is_the_whole_list() -> None:
    """No text is not the same as a text that says nothing."""
    owner = ScriptedOwner()
    find = FindRows(rows=ListRows(source=Source.BILLING, read=owner.invoices))

    async def main() -> None:
        await find(some_look_up(), InvoiceQuery(), FIRST_PAGE)
        await find(some_look_up(), InvoiceQuery(text="-"), FIRST_PAGE)

    virtual_time.run(main())

    assert owner.texts == [None]


# The property's card ----------------------------------------------------------------------------------------------


THE_RECORD = PropertyRecord(
    id=str(OPERATOR.property_id),
    slug="kabul-grand",
    name=TextByLanguage(default="Kabul Grand", values={"fa-AF": "\u06a9\u0627\u0628\u0644"}),
    description=None,
    address=Address(line1="Airport Rd", city="Kabul", country_iso2="AF"),
    timezone="Asia/Kabul",
    currency="AFN",
    rooms=300,
    check_in_time="14:00",
    check_out_time="12:00",
    room_types=[],
    photos=[],
)


@dataclass
class ScriptedProperties:
    """property-service: takes its time, and fails where it is told to."""

    seconds: float = 0.05
    failure: Exception | None = None
    record: PropertyRecord = THE_RECORD
    loads: int = 0

    async def __call__(self, call: CallContext) -> PropertyRecord:
        """Return the record."""
        assert call.property_id == OPERATOR.property_id
        self.loads += 1
        await asyncio.sleep(self.seconds)
        if self.failure is not None:
            raise self.failure
        return self.record


@asynccontextmanager
async def shown_by(properties: ScriptedProperties, cache: MemoryProjections) -> AsyncIterator[ShowProperty]:
    """The use case over these."""
    async with Flights[Projection]() as flights:
        reads = ReadThrough(
            cache=cache,
            flights=flights,
            freshness=Freshness(fresh_ms=60_000, fallback_fresh_ms=5_000, kept_ms=660_000),
            clock=virtual_time.wall_clock,
            observer=RecordingObserver(),
            chance=lambda: 1.0,
        )
        yield ShowProperty(reads=reads, read=properties, clock=virtual_time.wall_clock)


def with_card(scenario: Callable[[ShowProperty, ScriptedProperties, MemoryProjections], Awaitable[None]]) -> None:
    """Run with a card that nobody has read yet."""

    async def main() -> None:
        properties, cache = ScriptedProperties(), MemoryProjections()
        async with shown_by(properties, cache) as show:
            await scenario(show, properties, cache)

    virtual_time.run(main())


def said(found: FoundProperty) -> tuple[CacheStatus, Outcome]:
    """How the card came."""
    return found.cache_status, found.card.outcome


def test_a_card_is_loaded_once_a_minute_for_all_languages() -> None:
    """Each reader has it in their own; the hotel's date is that of the moment of the answer."""

    async def scenario(show: ShowProperty, properties: ScriptedProperties, _cache: MemoryProjections) -> None:
        first, second = await show(some_look_up()), await show(some_look_up(locale="fa-AF"))
        assert (said(first), said(second)) == (
            (CacheStatus.MISS, Outcome.FRESH),
            (CacheStatus.HIT, Outcome.CACHED),
        )
        assert (first.card.name, second.card.name) == ("Kabul Grand", "\u06a9\u0627\u0628\u0644")
        assert first.card.local_date == date(2026, 11, 22)
        assert properties.loads == 1

        await asyncio.sleep(61)
        assert said(await show(some_look_up())) == (CacheStatus.MISS, Outcome.FRESH)
        assert properties.loads == 2

    with_card(scenario)


def test_an_old_card_is_better_than_none_for_ten_minutes() -> None:
    """Stale with its age where property-service fails; after that its failure is the answer."""

    async def scenario(show: ShowProperty, properties: ScriptedProperties, _cache: MemoryProjections) -> None:
        known = await show(some_look_up())
        properties.failure = UpstreamUnavailableError("property-service", "gone")
        await asyncio.sleep(120)
        stale = await show(some_look_up())
        assert said(stale) == (CacheStatus.STALE, Outcome.STALE)
        assert stale.card.as_of == known.card.as_of

        await asyncio.sleep(600)
        with pytest.raises(UpstreamUnavailableError):
            await show(some_look_up())

    with_card(scenario)


def test_nobody_waits_longer_than_the_budget() -> None:
    """For a card that does not come; the load goes on for whoever asks next."""

    async def scenario(show: ShowProperty, properties: ScriptedProperties, _cache: MemoryProjections) -> None:
        properties.seconds = 0.3
        loop = asyncio.get_running_loop()
        started = loop.time()
        with pytest.raises(UpstreamTimeoutError):
            await show(some_look_up(budget_ms=150))
        assert loop.time() - started == pytest.approx(0.15, abs=0.001)

    with_card(scenario)


def test_without_the_cache_a_card_is_still_shown() -> None:
    """The cache fails open, and the answer says that it was not asked."""

    async def scenario(show: ShowProperty, properties: ScriptedProperties, cache: MemoryProjections) -> None:
        cache.away = True
        for _ in range(2):
            assert said(await show(some_look_up())) == (CacheStatus.BYPASS, Outcome.FRESH)
        assert properties.loads == 2

    with_card(scenario)


def test_a_card_that_is_wanted_anew_is_loaded() -> None:
    """However fresh the known one is."""

    async def scenario(show: ShowProperty, properties: ScriptedProperties, _cache: MemoryProjections) -> None:
        await show(some_look_up())
        await asyncio.sleep(1)
        properties.record = replace_rooms(301)
        assert (await show(some_look_up(), anew=True)).card.rooms == 301
        assert (await show(some_look_up())).card.rooms == 301

    with_card(scenario)


def replace_rooms(rooms: int) -> PropertyRecord:
    """The same hotel after it has built on."""
    members = {name: getattr(THE_RECORD, name) for name in THE_RECORD.__struct_fields__}
    return PropertyRecord(**{**members, "rooms": rooms})


def test_a_card_of_another_property_is_another_card() -> None:
    """The key holds the property that was asked about."""

    async def scenario(show: ShowProperty, _properties: ScriptedProperties, cache: MemoryProjections) -> None:
        await show(some_look_up())
        elsewhere = replace(some_look_up(), operator=replace(OPERATOR, property_id=ELSEWHERE))
        with pytest.raises(Refusal):
            # The scripted service answers for one property alone, so asking it for another is a defect it reports.
            await show(elsewhere)
        assert {key.property_id for _, key in cache.values} == {OPERATOR.property_id}

    with_card(scenario)
