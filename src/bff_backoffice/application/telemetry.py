"""Telemetry events put together: sampled, in the envelope of the platform (platform-facts A7), personal data digested.

The envelope is made here so that no desktop has to (specification, section 2). What comes out is a message of the
outbox; `publishedAt` is put in when it is published.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final, Literal, Protocol, Self

import msgspec
from msgspec import Meta, Struct
from ulid import ULID

from bff_backoffice.application.outbox import TELEMETRY, Message
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.telemetry_payloads import Payload
from bff_backoffice.domain.operator import DeviceId, OperatorContext, OperatorRole, TenantId
from bff_backoffice.domain.telemetry import PRODUCER, RetentionClass, is_sampled

__all__ = [
    "NO_TELEMETRY",
    "Digests",
    "Emit",
    "Envelope",
    "Origin",
    "Telemetry",
    "TelemetryEvent",
    "as_moment",
    "leading_role",
]  # fmt: skip

_ROLES_BY_WEIGHT: Final = tuple(reversed(OperatorRole))
"""The owner first: an event has one role, and of several it is the one that explains what the operator may do."""

_Share = Annotated[float, Meta(ge=0, le=1)]
_Id = Annotated[str, Meta(pattern="^[a-z]{3}_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
_Moment = Annotated[
    str,
    Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", extra_json_schema={"format": "date-time"}),
]
"""RFC 3339, UTC, with milliseconds, as the platform writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who did it, where, on which request. What is not known is None: a session that iam ended has no request."""

    tenant_id: TenantId
    device_id: DeviceId
    operator_id: str | None = None
    session_id: str | None = None
    property_id: str | None = None
    role: str | None = None
    locale: str | None = None
    app_version: str | None = None
    app_platform: str | None = None
    network_profile: str | None = None
    request_id: str | None = None
    traceparent: str | None = None
    causation_id: str | None = None

    @classmethod
    def of(cls, operator: OperatorContext, *, request_id: str, traceparent: str) -> Self:
        """Return the origin of what somebody does by a request."""
        return cls(
            tenant_id=operator.tenant_id,
            device_id=operator.device_id,
            operator_id=operator.operator_id,
            session_id=operator.session_id,
            property_id=operator.property_id,
            role=leading_role(operator.roles),
            locale=operator.locale,
            app_version=operator.app_version,
            app_platform=operator.app_platform,
            network_profile=operator.network_profile,
            request_id=request_id,
            traceparent=traceparent,
        )


def leading_role(roles: frozenset[OperatorRole]) -> str | None:
    """Return the one of several roles that an envelope names."""
    return next((role.value for role in _ROLES_BY_WEIGHT if role in roles), None)


class Envelope(Struct, frozen=True, kw_only=True, rename="camel"):
    """Around every event: what, when, who, where. What is not known is null. `correlationId` is the request's."""

    event_id: _Id
    subject: str
    version: int
    occurred_at: _Moment
    producer: Literal["bff-backoffice-service"]
    producer_instance: str
    tenant_id: _Id
    operator_id: _Id | None
    device_id: _Id
    session_id: _Id | None
    property_id: _Id | None
    request_id: str | None
    trace_id: str | None
    causation_id: str | None
    correlation_id: str | None
    schema_uri: str
    retention_class: RetentionClass
    sampling_rate: _Share
    app_version: str | None
    app_platform: str | None
    role: str | None
    locale: str | None
    network_profile: str | None
    published_at: _Moment | None = None
    """None while it waits in the outbox."""


class TelemetryEvent(Struct, frozen=True, kw_only=True):
    """An event as it waits and as it goes out."""

    envelope: Envelope
    payload: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Digests:
    """Keyed digests, each tenant under a key of its own: nobody can compare two tenants, or guess without the secret.

    Without a secret there are none.
    """

    secret: bytes | None = field(repr=False)

    def of(self, tenant_id: TenantId, text: str) -> str | None:
        """Return 64 hexadecimal digits (HMAC-SHA-256, RFC 2104), or None."""
        if self.secret is None:
            return None
        key = hmac.digest(self.secret, tenant_id.encode(), hashlib.sha256)
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Emit(Protocol):
    """Tells an event that belongs to no transaction. Costs next to nothing, waits for nobody and raises nothing."""

    def __call__(self, origin: Origin, payload: Payload) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """Makes messages of events. `shares` says for some subjects, by their short names, how many are told."""

    clock: Clock
    instance: str
    digests: Digests = Digests(None)
    shares: Mapping[str, float] = field(default_factory=dict)

    def share(self, payload: Payload) -> float:
        """Return how many of its subject's events are told, 0 to 1."""
        return self.shares.get(payload.subject.short, payload.subject.sampling)

    def draw(self, payload: Payload, at: datetime) -> str | None:
        """Return an identifier for an event of this moment, or None where it is not among those that are told."""
        event_id = f"evt_{ULID.from_datetime(at)}"
        return event_id if is_sampled(event_id, self.share(payload)) else None

    def message(self, origin: Origin, payload: Payload, *, event_id: str) -> Message | None:
        """Return the message of what happens now, or None where it is not among those that are told.

        `event_id` (`evt_`) belongs to what happened: another try of the same gets the same event.
        """
        if not is_sampled(event_id, self.share(payload)):
            return None
        return self.sealed(origin, payload, event_id=event_id, at=self.clock())

    def sealed(self, origin: Origin, payload: Payload, *, event_id: str, at: datetime) -> Message:
        """Return the message of an event that is told."""
        subject = payload.subject
        envelope = Envelope(
            event_id=event_id,
            subject=subject.name,
            version=subject.version,
            occurred_at=as_moment(at),
            producer=PRODUCER,
            producer_instance=self.instance,
            tenant_id=origin.tenant_id,
            operator_id=origin.operator_id,
            device_id=origin.device_id,
            session_id=origin.session_id,
            property_id=origin.property_id,
            request_id=origin.request_id,
            trace_id=origin.traceparent,
            causation_id=origin.causation_id,
            correlation_id=origin.request_id,
            schema_uri=subject.schema_uri,
            retention_class=subject.retention,
            sampling_rate=self.share(payload),
            app_version=origin.app_version,
            app_platform=origin.app_platform,
            role=origin.role,
            locale=origin.locale,
            network_profile=origin.network_profile,
        )
        event = TelemetryEvent(envelope=envelope, payload=msgspec.Raw(_ENCODER.encode(payload)))
        return Message(
            id=event_id,
            kind=TELEMETRY,
            about=subject.name,
            ordering_key=origin.device_id,
            payload=_ENCODER.encode(event),
        )


_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)


def as_moment(moment: datetime) -> str:
    """Write a moment in UTC as an envelope has it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _NullTelemetry:
    def __call__(self, origin: Origin, payload: Payload) -> None:
        pass


NO_TELEMETRY: Final[Emit] = _NullTelemetry()
"""Tells nothing: for parts that are put together without the outbox."""
