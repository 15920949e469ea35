"""The few ports and shapes that several features share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bff_backoffice.domain.operator import DeviceId, OperatorContext, OperatorId, OperatorRole, PropertyId, TenantId

__all__ = [
    "AskedByOperator",
    "CallContext",
    "Clock",
    "OwnKeys",
    "Signer",
    "StoreUnavailableError",
    "UpstreamError",
    "UpstreamInvalidResponseError",
    "UpstreamRefusedError",
    "UpstreamShedError",
    "UpstreamTimeoutError",
    "UpstreamUnavailableError",
    "call_for",
]


class Clock(Protocol):
    """The wall clock, in UTC. Passed in, so that a test owns time."""

    def __call__(self) -> datetime: ...


class Signer(Protocol):
    """Signs with this service's own key of the moment: EdDSA (RFC 8037), verified by `/.well-known/jwks.json`.

    Signing asks nobody and does not fail. `typ` says what kind of thing is signed (RFC 8725, section 3.11), so that
    nothing is ever taken for something of another kind.
    """

    @property
    def key_id(self) -> str:
        """The `kid` of the key that signs."""

    def compact(self, payload: bytes, *, typ: str) -> str:
        """Return the compact JWS of these bytes (RFC 7515, section 7.1), such as a JWT."""

    def detached(self, payload: bytes, *, typ: str) -> str:
        """Return the JWS of these bytes without them (RFC 7515, appendix F)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKeys:
    """What signs now, and the JWKs that are published (RFC 7517), the one that signs first."""

    signer: Signer
    published: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """On whose behalf an upstream is called, and until when.

    `deadline` is a point on the running event loop's clock (`loop.time()`, seconds). `traceparent` is the W3C header of
    the current span. A read that colleagues share is made for a property: `operator_id` and `device_id` are then those
    of whoever came first, and the answer must not depend on them.
    """

    tenant_id: TenantId
    property_id: PropertyId | None
    operator_id: OperatorId
    device_id: DeviceId
    roles: frozenset[OperatorRole]
    locale: str
    request_id: str
    traceparent: str
    deadline: float


class AskedByOperator(Protocol):
    """A request of an operator at a property, in the language that was agreed on for the answer."""

    @property
    def operator(self) -> OperatorContext: ...
    @property
    def locale(self) -> str: ...
    @property
    def request_id(self) -> str: ...
    @property
    def traceparent(self) -> str: ...


def call_for(request: AskedByOperator, deadline: float) -> CallContext:
    """Return on whose behalf an upstream is called, until this moment of the loop's clock (seconds)."""
    operator = request.operator
    return CallContext(
        tenant_id=operator.tenant_id,
        property_id=operator.property_id,
        operator_id=operator.operator_id,
        device_id=operator.device_id,
        roles=operator.roles,
        locale=request.locale,
        request_id=request.request_id,
        traceparent=request.traceparent,
        deadline=deadline,
    )


class UpstreamError(Exception):
    """An upstream did not give what its contract says. The subclasses are the closed family of ways to fail."""

    def __init__(self, upstream: str, detail: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(upstream, detail)
        self.upstream = upstream
        """The service's full name, such as `inventory-service`."""
        self.detail = detail
        """English, for engineers; holds no data of the upstream's answer."""
        self.retry_after = retry_after
        """Whole seconds after which a new try makes sense, where that is known."""


class UpstreamTimeoutError(UpstreamError):
    """The deadline passed. Whether the upstream acted is unknown."""


class UpstreamUnavailableError(UpstreamError):
    """No connection, a lost connection, a 5xx, or an open breaker."""

    def __init__(
        self, upstream: str, detail: str = "", *, retry_after: int | None = None, breaker_open: bool = False
    ) -> None:
        super().__init__(upstream, detail, retry_after=retry_after)
        self.breaker_open = breaker_open
        """The call was not even tried, because the last ones failed."""


class UpstreamShedError(UpstreamError):
    """The call was not made, to keep the service or the upstream alive."""


class UpstreamInvalidResponseError(UpstreamError):
    """The upstream answered, but not with what its contract says: broken JSON, another shape, too large."""


class UpstreamRefusedError(UpstreamError):
    """The upstream understood and said no (4xx). Its own code passes through to the client."""

    def __init__(self, upstream: str, *, status: int, code: str, title: str, detail: str = "") -> None:
        super().__init__(upstream, detail)
        self.status = status
        self.code = code
        self.title = title


class StoreUnavailableError(Exception):
    """Redis or Postgres could not be asked. Callers that may go on without say so; everyone else fails closed."""

    def __init__(self, store: str) -> None:
        super().__init__(store)
        self.store = store
        """`sessions`, `cache` or `postgres`."""
