"""The two inboxes over services, a cache and logs of our own that do as they are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar

import msgspec

from bff_backoffice.application.alerts import ListAlerts
from bff_backoffice.application.alerts_inbox import Alert, AlertInbox
from bff_backoffice.application.flights import Flights
from bff_backoffice.application.inboxes import MIRROR_KEPT_MS, InboxRequest, Mirror, MirroredInbox
from bff_backoffice.application.ports import CallContext, StoreUnavailableError
from bff_backoffice.application.projections import Freshness, Projection
from bff_backoffice.application.read_through import ReadThrough
from bff_backoffice.application.suggestions import ListSuggestions
from bff_backoffice.application.suggestions_inbox import Suggestion, SuggestionInbox, SuggestionSubject
from bff_backoffice.application.texts import TextByLanguage
from bff_backoffice.domain.alerts import AlertAcknowledgement
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.operator import OperatorContext, TenantId
from bff_backoffice.domain.suggestions import Decision, SuggestionDecision
from tests.fakes import virtual_time
from tests.fakes.memory_projections import MemoryProjections
from tests.fakes.scripted_board import RecordingObserver, some_operator

T = TypeVar("T")
LineT = TypeVar("LineT")

PROVENANCE = b'{"modelId": "m",  "costUsd": 0.10, "tokensIn": 12345678901234567890}'
"""Bytes that no decoder gives back as they were: two blanks, a trailing zero, a number beyond 64 bits."""


@dataclass(kw_only=True)
class MemoryLog(Generic[LineT]):
    """A log of our own in memory. `away` makes it fail as a lost store does; `hung` makes it never answer."""

    away: bool = False
    hung: bool = False
    lines: dict[tuple[TenantId, str], LineT] = field(default_factory=dict)
    asked: list[Sequence[str]] = field(default_factory=list)

    async def about(self, tenant_id: TenantId, ids: Sequence[str]) -> Mapping[str, LineT]:
        """Return the tenant's lines about these."""
        self.asked.append(ids)
        if self.away:
            raise StoreUnavailableError("postgres")
        if self.hung:
            await asyncio.Event().wait()
        return {each: self.lines[tenant_id, each] for each in ids if (tenant_id, each) in self.lines}


@dataclass(kw_only=True)
class InboxService(Generic[T]):
    """A service with an inbox for each property; answers after its delay, or raises its failure."""

    inbox: T
    delay_s: float = 0.02
    failure: Exception | None = None
    calls: list[CallContext] = field(default_factory=list)

    async def load(self, call: CallContext) -> T:
        """Return the inbox."""
        self.calls.append(call)
        await asyncio.sleep(self.delay_s)
        if self.failure is not None:
            raise self.failure
        return self.inbox


@dataclass(kw_only=True)
class LogAndReadObserver(RecordingObserver):
    """Keeps what reading and marking report."""

    logs_away: Counter[str] = field(default_factory=Counter)

    def log_unavailable(self, inbox: str) -> None:
        """Count it."""
        self.logs_away[inbox] += 1


def suggestion(number: int, *, status: str = "open", category: str = "staffing", age_h: float = 1) -> Suggestion:
    """A suggestion that was made so many hours ago and lives for three days."""
    made = virtual_time.BEGINNING - timedelta(hours=age_h)
    return Suggestion(
        id=f"sug_{number:026d}",
        category=category,
        title="One more housekeeper",
        summary="Departures",
        confidence=0.8,
        status=status,
        created_at=made,
        expires_at=made + timedelta(hours=72),
        property_id=str(some_operator().property_id),
        subject=SuggestionSubject(type="property", id=str(some_operator().property_id)),
        proposal=msgspec.Raw(b'{"count":1}'),
        provenance=msgspec.Raw(PROVENANCE),
    )


def alert(number: int, *, status: str = "unread", severity: str = "info", age_h: float = 1) -> Alert:
    """An alert that was raised so many hours ago."""
    return Alert(
        id=f"ntf_{number:026d}",
        severity=severity,
        title=TextByLanguage(default="Fuel is low", values={"en": "Fuel is low", "fa-AF": "تیل کم است"}),
        body=TextByLanguage(default="Order some.", values={}),
        raised_at=virtual_time.BEGINNING - timedelta(hours=age_h),
        property_id=str(some_operator().property_id),
        status=status,
        acknowledged_by=None,
        acknowledged_at=None,
        note=None,
    )


def decided(about: Suggestion, decision: Decision = Decision.ACCEPT) -> SuggestionDecision:
    """Our line about a suggestion."""
    operator = some_operator()
    return SuggestionDecision(
        id=f"sdl_{1:026d}",
        suggestion_id=about.id,
        property_id=operator.property_id,
        decision=decision,
        reason="as every Saturday",
        delta=b'{"count": 2.0}' if decision is Decision.MODIFY else None,
        operator_id=operator.operator_id,
        device_id=operator.device_id,
        decided_at=virtual_time.BEGINNING,
    )


def acknowledged(about: Alert) -> AlertAcknowledgement:
    """Our line about an alert."""
    operator = some_operator()
    return AlertAcknowledgement(
        id=f"ali_{1:026d}",
        alert_id=about.id,
        property_id=operator.property_id,
        note="Fuel is ordered",
        operator_id=operator.operator_id,
        device_id=operator.device_id,
        acknowledged_at=virtual_time.BEGINNING,
    )


def some_request(
    operator: OperatorContext | None = None, *, locale: str = "en", budget_ms: int | None = None
) -> InboxRequest:
    """Somebody's look into an inbox."""
    return InboxRequest(
        operator=operator or some_operator(),
        locale=locale,
        request_id="01JD0000000000000000000000",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        budget_ms=budget_ms,
    )


@dataclass(kw_only=True)
class Desk:
    """Both inboxes of a property, and everything around them."""

    suggestions: InboxService[SuggestionInbox]
    alerts: InboxService[AlertInbox]
    cache: MemoryProjections
    observer: LogAndReadObserver
    decisions: MemoryLog[SuggestionDecision]
    acknowledgements: MemoryLog[AlertAcknowledgement]
    list_suggestions: ListSuggestions
    list_alerts: ListAlerts


@asynccontextmanager
async def opened_desk(
    suggestions: Sequence[Suggestion] = (), alerts: Sequence[Alert] = (), *, cache: MemoryProjections | None = None
) -> AsyncIterator[Desk]:
    """A desk whose inboxes hold these; counts are those of what is open or unread."""
    cache, observer = cache or MemoryProjections(), LogAndReadObserver()
    advice = InboxService(
        inbox=SuggestionInbox(
            items=list(suggestions), open=sum(each.status == "open" for each in suggestions), truncated=False
        )
    )
    warnings = InboxService(
        inbox=AlertInbox(items=list(alerts), unread=sum(each.status == "unread" for each in alerts), truncated=False)
    )
    decisions: MemoryLog[SuggestionDecision] = MemoryLog()
    acknowledgements: MemoryLog[AlertAcknowledgement] = MemoryLog()
    async with Flights[Projection]() as flights:
        reads = ReadThrough(
            cache=cache,
            flights=flights,
            freshness=Freshness(fresh_ms=0, fallback_fresh_ms=0, kept_ms=MIRROR_KEPT_MS),
            clock=virtual_time.wall_clock,
            observer=observer,
        )
        yield Desk(
            suggestions=advice,
            alerts=warnings,
            cache=cache,
            observer=observer,
            decisions=decisions,
            acknowledgements=acknowledgements,
            list_suggestions=ListSuggestions(
                inbox=MirroredInbox(
                    mirror=Mirror(
                        name="inbox-1-suggestions", source=Source.AI_ORCHESTRATOR, load=advice.load,
                        decoder=msgspec.json.Decoder(SuggestionInbox),
                    ),
                    reads=reads, clock=virtual_time.wall_clock, observer=observer,
                ),
                decisions=decisions,
            ),
            list_alerts=ListAlerts(
                inbox=MirroredInbox(
                    mirror=Mirror(
                        name="inbox-1-alerts", source=Source.NOTIFICATION, load=warnings.load,
                        decoder=msgspec.json.Decoder(AlertInbox),
                    ),
                    reads=reads, clock=virtual_time.wall_clock, observer=observer,
                ),
                acknowledgements=acknowledgements,
            ),
        )  # fmt: skip
