"""Reading an event out of the envelope that its service puts it in: there are at least ten shapes of them.

A tolerant reader: each fact is looked for wherever some service writes it, and only subject, tenant and payload are
needed. What is written on the message's outside counts before what is inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

import msgspec

from bff_backoffice.application.event_bus import BusMessage
from bff_backoffice.application.platform_events import PlatformEvent, UnusableEventError

__all__ = ["read_envelope", "tenant_of"]

_SUBJECT: Final = re.compile(r"melmastoon(\.[a-z][a-z0-9_]*){2,6}\.v[0-9]{1,4}\Z")
_TENANT: Final = re.compile(r"(?:tnt|ten|t)_(?P<ulid>[0-7][0-9A-HJKMNP-TV-Z]{25})\Z")
"""tenant-service's own prefix, iam's and billing's, before the same ULID."""

_LONGEST: Final = 256


def read_envelope(message: BusMessage) -> PlatformEvent:
    """Return the event.

    Raises:
        UnusableEventError: no JSON object, no payload, or nothing says which subject or tenant it is.
    """
    body = _decoded(message.envelope)
    inside = body.get("envelope")
    # The backends-for-frontends keep the envelope apart from the payload; everybody else mixes the two.
    envelope = inside if isinstance(inside, dict) else body
    payload = body.get("payload", body.get("data"))
    if not isinstance(payload, dict):
        raise UnusableEventError("no payload")
    subject = next(
        (each for each in _texts(message.subject, envelope, "subject", "type", "eventType") if _SUBJECT.match(each)), ""
    )
    if not subject:
        raise UnusableEventError("no subject")
    tenants = map(tenant_of, _texts(message.tenant_id, envelope, "tenantId", "tenantid", "tenant_id", "subject"))
    tenant_id = next(filter(None, tenants), None)
    if tenant_id is None:
        raise UnusableEventError("no tenant")
    return PlatformEvent(
        subject=subject,
        tenant_id=tenant_id,
        payload=payload,
        id=next(_texts(message.event_id, envelope, "eventId", "id"), None),
        occurred_at=_moment(envelope.get("occurredAt", envelope.get("time"))),
        ordering_key=next(_texts(message.ordering_key, envelope, "orderingKey", "partitionKey", "aggregateId"), ""),
        causation_id=next(_causes(envelope), None),
    )


def tenant_of(text: str) -> str | None:
    """The tenant as this service writes it (`tnt_…`), or None where the text names none."""
    found = _TENANT.match(text)
    return None if found is None else f"tnt_{found['ulid']}"


def _decoded(envelope: bytes) -> dict[str, object]:
    try:
        body = msgspec.json.decode(envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnusableEventError("no envelope") from error
    if not isinstance(body, dict):
        raise UnusableEventError("the envelope is no object")
    return body


def _texts(outside: str, envelope: Mapping[str, object], *names: str) -> Iterator[str]:
    """What is written outside, then what these members say; only texts of a sane length."""
    for value in (outside, *(envelope.get(name) for name in names)):
        if isinstance(value, str) and 0 < len(value) <= _LONGEST:
            yield value


def _causes(envelope: Mapping[str, object]) -> Iterator[str]:
    for place in (envelope, envelope.get("correlation"), envelope.get("trace")):
        if isinstance(place, dict):
            yield from _texts("", place, "causationId")


def _moment(value: object) -> datetime | None:
    """An aware moment, or None: a time that can't be read is as good as none."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
