"""What synchronising needs from outside, and what is told to and fro: sync-service, the copies of its cursors."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from bff_backoffice.application.ports import CallContext, call_for
from bff_backoffice.domain.operator import DeviceId, OperatorContext, OperatorId, TenantId
from bff_backoffice.domain.sync import Cursor

__all__ = [
    "Advance", "AuditedAdvance", "CursorCopies", "Handshake", "HandshakeRequest", "Place", "SyncAgreement",
    "SyncRequest", "SyncService",
]  # fmt: skip

_ASK_SECONDS: Final = 0.25
"""Specification, section 10: the handshake is answered within 300 ms, whatever sync-service does."""

Place = tuple[TenantId, OperatorId, DeviceId]
"""Whose cursors: one operator's on one device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncAgreement:
    """What sync-service answered to a handshake. `cursors` has the value of each scope, None where it never was."""

    protocol_version: int
    base_url: str | None
    cursors: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """A cursor that a device wants to move. `id` names the wish, and is the upstream key; times are the device's."""

    id: str
    scope: str
    value: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequest:
    """Who asks, in which request."""

    operator: OperatorContext
    locale: str
    request_id: str
    traceparent: str

    @property
    def place(self) -> Place:
        """Whose cursors it is about."""
        return (self.operator.tenant_id, self.operator.operator_id, self.operator.device_id)

    def call(self) -> CallContext:
        """On whose behalf sync-service is asked, from now on."""
        return call_for(self, asyncio.get_running_loop().time() + _ASK_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedAdvance:
    """A wish as it is written down before anybody is asked."""

    asked: SyncRequest
    path: str
    advance: Advance


class SyncService(Protocol):
    """The authority on cursors. Raises the `UpstreamError` family."""

    async def handshake(
        self, call: CallContext, scopes: Sequence[str], *, protocol_version: int, client_cursors: Mapping[str, str]
    ) -> SyncAgreement:
        """Agree on a protocol, and learn where the scopes stand."""

    async def cursor(self, call: CallContext, scope: str) -> str | None:
        """Return where a scope stands; None where it was never synchronised."""

    async def advance(self, call: CallContext, advance: Advance) -> str:
        """Move a cursor forward; return where it stands now."""


class CursorCopies(Protocol):
    """What sync-service said last, and the audit of what was asked of it.

    Fails closed with `StoreUnavailableError("postgres")`; the use cases say where that is no matter.
    """

    async def of(
        self, tenant_id: TenantId, operator_id: OperatorId, device_id: DeviceId, scopes: Sequence[str]
    ) -> Mapping[str, Cursor]:
        """Return the copies that there are, by scope."""

    async def keep(
        self, tenant_id: TenantId, operator_id: OperatorId, device_id: DeviceId, cursors: Sequence[Cursor]
    ) -> None:
        """Keep these, but where something later is known."""

    async def begin(self, tenant_id: TenantId, wish: AuditedAdvance) -> None:
        """Write down that a cursor is about to be moved."""

    async def end(
        self, tenant_id: TenantId, wish: AuditedAdvance, *, outcome: str, status: int | None, cursor: Cursor | None
    ) -> None:
        """Write down how that ended, and keep the cursor, if there is a new one, in the same transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeRequest(SyncRequest):
    """Who wants to synchronise what. `client_cursors` are the device's own, of the scopes that it has any of."""

    scopes: Sequence[str]
    protocol_version: int
    client_cursors: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What a desktop needs to synchronise. `protocol_version` is None where sync-service could not be asked."""

    token: str = field(repr=False)
    expires_at: datetime
    base_url: str
    protocol_version: int | None
    cursors: Mapping[str, Cursor]
