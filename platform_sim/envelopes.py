"""The envelopes of the platform's events: each service has a shape of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from platform_sim.ids import fresh_id, fresh_ulid, with_prefix
from platform_sim.kernel import PublishedEvent

__all__ = ["envelope_of"]

Envelope = Callable[[PublishedEvent, str, Mapping[str, str]], dict[str, object]]


def envelope_of(event: PublishedEvent, *, occurred_at: str) -> dict[str, object]:
    """The event in the shape of the service that publishes it, which the second word of the subject names."""
    marks = {
        "id": fresh_id("evt"),
        "trace": f"00-{fresh_ulid().lower():0>32.32}-{'0' * 15}1-01",
        "cor": fresh_id("cor"),
    }
    shape = _ENVELOPES.get(event.subject.split(".")[1] if "." in event.subject else "", _plain)
    return shape(event, occurred_at, marks)


def _plain(event: PublishedEvent, at: str, marks: Mapping[str, str]) -> dict[str, object]:
    return {
        "eventId": marks["id"],
        "subject": event.subject,
        "eventVersion": 1,
        "occurredAt": at,
        "publishedAt": at,
        "producer": _producer(event),
        "producerVersion": "1.0.0",
        "tenantId": event.tenant_id,
        "partitionKey": event.ordering_key,
        "correlationId": marks["cor"],
        "payload": dict(event.payload),
    }


def _iam(event: PublishedEvent, at: str, marks: Mapping[str, str]) -> dict[str, object]:
    return _plain(event, at, marks) | {
        "tenantId": with_prefix(event.tenant_id, "ten"),
        "traceparent": marks["trace"],
        "idempotencyKey": marks["id"],
        "retentionClass": "security",
    }


def _tenant(event: PublishedEvent, at: str, marks: Mapping[str, str]) -> dict[str, object]:
    return {
        "specVersion": "1.0",
        "id": marks["id"],
        "source": "tenant-service",
        "type": event.subject,
        "subject": event.tenant_id,
        "tenantId": event.tenant_id,
        "time": at,
        "traceparent": marks["trace"],
        "correlationId": marks["cor"],
        "actor": {"type": "system", "id": "platform"},
        "schema": f"{event.subject}.json",
        "data": dict(event.payload),
    }


def _property(event: PublishedEvent, at: str, marks: Mapping[str, str]) -> dict[str, object]:
    return {
        "eventId": marks["id"],
        "eventType": event.subject,
        "schemaVersion": 1,
        "occurredAt": at,
        "tenantId": event.tenant_id,
        "aggregate": {"type": "property", "id": event.ordering_key},
        "version": 1,
        "producer": {"service": "property-service", "version": "1.0.0"},
        "trace": {"traceId": marks["trace"][3:35], "spanId": marks["trace"][36:52], "correlationId": marks["cor"]},
        "data": dict(event.payload),
    }


def _inventory(event: PublishedEvent, at: str, marks: Mapping[str, str]) -> dict[str, object]:
    return {
        "eventId": marks["id"],
        "subject": event.subject,
        "source": "inventory-service",
        "tenantId": event.tenant_id,
        "aggregateKind": "RoomAllocation",
        "aggregateId": event.ordering_key,
        "occurredAt": at,
        "publishedAt": at,
        "schemaVersion": 1,
        "correlationId": marks["cor"],
        "orderingKey": event.ordering_key,
        "retentionClass": "transactional",
        "payload": dict(event.payload),
    }


def _pricing(event: PublishedEvent, at: str, marks: Mapping[str, str]) -> dict[str, object]:
    return {
        "id": marks["id"],
        "subject": event.subject,
        "specVersion": "1.0",
        "occurredAt": at,
        "producer": "pricing-service@1.0.0",
        "tenantId": event.tenant_id,
        "correlationId": marks["cor"],
        "traceparent": marks["trace"],
        "schemaUri": f"https://schemas.melmastoon.ghasi.io/{event.subject}.json",
        "data": dict(event.payload),
    }


def _housekeeping(event: PublishedEvent, at: str, marks: Mapping[str, str]) -> dict[str, object]:
    return {
        "specVersion": "1.0",
        "id": marks["id"],
        "subject": event.subject,
        "tenantId": event.tenant_id,
        "occurredAt": at,
        "producer": _producer(event),
        "traceparent": marks["trace"],
        "actor": {"type": "user", "id": "system"},
        "correlationId": marks["cor"],
        "payload": dict(event.payload),
    }


def _billing(event: PublishedEvent, at: str, marks: Mapping[str, str]) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": marks["id"],
        "source": "service:billing",
        "type": event.subject,
        "time": at,
        "datacontenttype": "application/json",
        "subject": event.ordering_key,
        "tenantid": with_prefix(event.tenant_id, "t"),
        "traceparent": marks["trace"],
        "data": dict(event.payload),
    }


def _lock(event: PublishedEvent, at: str, marks: Mapping[str, str]) -> dict[str, object]:
    return {
        "specVersion": "1.0",
        "id": marks["id"],
        "subject": event.subject,
        "type": event.subject,
        "source": "lock-integration-service",
        "time": at,
        "tenantId": event.tenant_id,
        "traceId": marks["trace"][3:35],
        "correlationId": event.ordering_key,
        "schemaUrl": f"https://schemas.melmastoon.ghasi.io/{event.subject}.json",
        "data": dict(event.payload),
    }


def _ai(event: PublishedEvent, at: str, marks: Mapping[str, str]) -> dict[str, object]:
    return {
        "id": marks["id"],
        "subject": event.subject,
        "source": "ai-orchestrator-service",
        "specVersion": "1.0",
        "type": event.subject,
        "time": at,
        "tenantId": event.tenant_id,
        "correlation": {"traceId": marks["trace"][3:35], "requestId": fresh_id("req")},
        "data": dict(event.payload),
        "retention": "operational",
    }


def _producer(event: PublishedEvent) -> str:
    return f"{event.subject.split('.')[1].replace('_', '-')}-service" if "." in event.subject else "platform"


_ENVELOPES: Final[Mapping[str, Envelope]] = {
    "iam": _iam,
    "tenant": _tenant,
    "property": _property,
    "inventory": _inventory,
    "pricing": _pricing,
    "housekeeping": _housekeeping,
    "maintenance": _housekeeping,
    "billing": _billing,
    "lock": _lock,
    "ai_orchestrator": _ai,
}
