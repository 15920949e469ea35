"""Recorded exchanges of the two inboxes, in the form of `recorded.py`: from `docs/upstreams.md`, member by member."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Raw

from bff_backoffice.application.alerts_inbox import Alert, AlertInbox
from bff_backoffice.application.suggestions_inbox import (
    Suggestion,
    SuggestionDecided,
    SuggestionInbox,
    SuggestionSubject,
)
from bff_backoffice.application.texts import TextByLanguage
from bff_backoffice.infrastructure.upstreams.ai_orchestrator import AiOrchestratorGateway
from bff_backoffice.infrastructure.upstreams.notification import NotificationGateway
from tests.contract.upstreams.recorded import ROOM_1, THE_OPERATOR, THE_PROPERTY, ULID, Exchange, some_call

__all__ = ["INBOX_EXCHANGES"]

INBOX_EXCHANGES = (
    Exchange(
        name="notification.inbox",
        ask=lambda client: NotificationGateway(client).inbox(some_call()),
        target=f"/api/v1/alerts?propertyId={THE_PROPERTY}&sort=-raisedAt&limit=200",
        answer={
            "items": [
                {
                    "id": f"ntf_{ROOM_1}",
                    "severity": "warning",
                    "title": {"default": "en", "values": {"en": "Linen is low", "fa-AF": "ملافه کم است"}},
                    "body": {"default": "Send for more.", "values": {}},
                    "raisedAt": "2026-11-22T09:00:00Z",
                    "propertyId": THE_PROPERTY,
                    "status": "acknowledged",
                    "acknowledgedBy": THE_OPERATOR,
                    "acknowledgedAt": "2026-11-22T09:30:00Z",
                    "note": "ordered",
                }
            ],
            "nextCursor": None,
            "unread": 7,
            "bySeverity": {"info": 4, "warning": 2, "critical": 1},
        },
        result=AlertInbox(
            items=[
                Alert(
                    id=f"ntf_{ROOM_1}",
                    severity="warning",
                    title=TextByLanguage(
                        default="Linen is low", values={"en": "Linen is low", "fa-AF": "ملافه کم است"}
                    ),
                    body=TextByLanguage(default="Send for more.", values={}),
                    raised_at=datetime(2026, 11, 22, 9, tzinfo=UTC),
                    property_id=THE_PROPERTY,
                    status="acknowledged",
                    acknowledged_by=THE_OPERATOR,
                    acknowledged_at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
                    note="ordered",
                )
            ],
            unread=7,
            truncated=False,
        ),
        tolerated=frozenset({
            "bySeverity", "bySeverity.info", "bySeverity.warning", "bySeverity.critical", "items.0.title.values.en",
            "items.0.title.values.fa-AF", "items.0.acknowledgedBy", "items.0.acknowledgedAt", "items.0.note",
        }),
    ),
    Exchange(
        name="ai_orchestrator.inbox",
        ask=lambda client: AiOrchestratorGateway(client).inbox(some_call()),
        target=f"/api/v1/ai/suggestions?propertyId={THE_PROPERTY}&limit=100",
        answer={
            "items": [
                {
                    "id": f"sug_{ULID}",
                    "category": "rate_change",
                    "title": "Raise the weekend rate",
                    "summary": "Demand is up",
                    "confidence": 0.82,
                    "status": "decided",
                    "createdAt": "2026-11-22T07:00:00Z",
                    "expiresAt": "2026-11-25T07:00:00Z",
                    "propertyId": THE_PROPERTY,
                    "subject": {"type": "room_type", "id": f"rmt_{ULID}"},
                    "proposal": {"baselineAmountMicros": 120000000},
                    "provenance": {"modelId": "m", "costUsd": 0.5},
                    "decision": {
                        "decision": "modify",
                        "reason": "too much",
                        "delta": {"suggestedAmountMicros": 1},
                        "decidedBy": THE_OPERATOR,
                        "decidedAt": "2026-11-22T08:00:00Z",
                    },
                }
            ],
            "nextCursor": None,
            "hasMore": False,
            "open": 3,
        },
        result=SuggestionInbox(
            items=[
                Suggestion(
                    id=f"sug_{ULID}",
                    category="rate_change",
                    title="Raise the weekend rate",
                    summary="Demand is up",
                    confidence=0.82,
                    status="decided",
                    created_at=datetime(2026, 11, 22, 7, tzinfo=UTC),
                    expires_at=datetime(2026, 11, 25, 7, tzinfo=UTC),
                    property_id=THE_PROPERTY,
                    subject=SuggestionSubject(type="room_type", id=f"rmt_{ULID}"),
                    proposal=Raw(b'{"baselineAmountMicros": 120000000}'),
                    provenance=Raw(b'{"modelId": "m", "costUsd": 0.5}'),
                    decision=SuggestionDecided(
                        decision="modify",
                        reason="too much",
                        delta=Raw(b'{"suggestedAmountMicros": 1}'),
                        decided_by=THE_OPERATOR,
                        decided_at=datetime(2026, 11, 22, 8, tzinfo=UTC),
                    ),
                )
            ],
            open=3,
            truncated=False,
        ),
        tolerated=frozenset(
            {"hasMore"}
            | {
                f"items.0.{name}"
                for name in (
                    "expiresAt", "proposal.baselineAmountMicros", "provenance.modelId", "provenance.costUsd",
                    "decision", "decision.reason", "decision.delta", "decision.delta.suggestedAmountMicros",
                )
            }
        ),
    ),
)  # fmt: skip
