"""The sync handshake: a token for sync-service, and where each scope's cursor stands (contract, section 7).

sync-service is the authority on cursors. What it said last is copied here, so that a desktop which comes back learns in
one cheap request where it was, also while sync-service is away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

import msgspec
from ulid import ULID

from bff_backoffice.application.ports import (
    CallContext,
    Clock,
    Signer,
    StoreUnavailableError,
    UpstreamError,
    UpstreamRefusedError,
)
from bff_backoffice.domain.operator import DeviceId, OperatorContext, OperatorId, TenantId
from bff_backoffice.domain.sync import (
    TOKEN_TYPE,
    Cursor,
    CursorSource,
    cursor_regression,
    require_scopes,
    sync_claims,
)

__all__ = [
    "AdvanceCursor", "Advance", "AuditedAdvance", "CursorCopies", "Handshake", "HandshakeRequest", "KeepCopy",
    "NegotiateSync", "ReadCursor", "SyncAgreement", "SyncService", "Syncing",
]  # fmt: skip

ISSUER: Final = "bff-backoffice-service"

_ASK_SECONDS: Final = 0.25
"""Specification, section 10: the handshake is answered within 300 ms, whatever sync-service does."""
_NO_SUCH_SCOPE: Final = 404
_REGRESSION: Final = "MELMASTOON.SYNC.CURSOR_REGRESSION"


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
class AuditedAdvance:
    """A wish as it is written down before anybody is asked."""

    operator: OperatorContext
    request_id: str
    advance: Advance
    method: str = "POST"
    path: str = "/sync/cursor"


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
class HandshakeRequest:
    """Who wants to synchronise what. `client_cursors` are the device's own, of the scopes that it has any of."""

    operator: OperatorContext
    scopes: Sequence[str]
    protocol_version: int
    client_cursors: Mapping[str, str] = field(repr=False)
    locale: str
    request_id: str
    traceparent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What a desktop needs to synchronise. `protocol_version` is None where sync-service could not be asked."""

    token: str = field(repr=False)
    expires_at: datetime
    base_url: str
    protocol_version: int | None
    cursors: Mapping[str, Cursor]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepCopy:
    """Keep what sync-service says of a cursor; its events tell of what desktops moved there themselves.

    Raises:
        StoreUnavailableError: Postgres is away.
    """

    copies: CursorCopies

    async def __call__(
        self, tenant_id: TenantId, operator_id: OperatorId, device_id: DeviceId, cursor: Cursor
    ) -> None:
        await self.copies.keep(tenant_id, operator_id, device_id, [cursor])


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiateSync:
    """UC: mint the sync session token and answer the cursors. sync-service away: the cursors are the copies.

    Raises:
        Refusal: ROLE_FORBIDDEN.
        UpstreamRefusedError: sync-service knows no such scope, or locked the device.
    """

    service: SyncService
    copies: CursorCopies
    signer: Signer
    clock: Clock
    otherwise_at: str
    """The address of sync-service for desktops where it does not say so itself."""

    async def __call__(self, request: HandshakeRequest) -> Handshake:
        operator = request.operator
        require_scopes(operator.roles, request.scopes, "body.scopes")
        agreed, cursors = await self._cursors(request)
        now = self.clock()
        claims, expires_at = sync_claims(
            operator, request.scopes, issuer=ISSUER, token_id=f"syt_{ULID.from_datetime(now)}", now=now
        )
        return Handshake(
            token=self.signer.compact(msgspec.json.encode(claims), typ=TOKEN_TYPE),
            expires_at=expires_at,
            base_url=(agreed and agreed.base_url) or self.otherwise_at,
            protocol_version=agreed and agreed.protocol_version,
            cursors=cursors,
        )

    async def _cursors(self, request: HandshakeRequest) -> tuple[SyncAgreement | None, Mapping[str, Cursor]]:
        operator, asked_at = request.operator, self.clock()
        place = (operator.tenant_id, operator.operator_id, operator.device_id)
        try:
            agreed = await self.service.handshake(
                _call(operator, request.locale, request.request_id, request.traceparent),
                request.scopes,
                protocol_version=request.protocol_version,
                client_cursors=request.client_cursors,
            )
        except UpstreamRefusedError:
            raise
        except UpstreamError:
            kept = await _kept(self.copies, place, request.scopes)
            nobody_knows = Cursor(scope="", value=None, as_of=None, source=CursorSource.CACHE)
            return None, {scope: kept.get(scope) or replace(nobody_knows, scope=scope) for scope in request.scopes}
        told = {
            scope: Cursor(scope=scope, value=agreed.cursors[scope], as_of=asked_at, source=CursorSource.SYNC_SERVICE)
            for scope in request.scopes
        }
        await _keep(self.copies, place, tuple(told.values()))
        return agreed, told


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCursor:
    """UC-13: where a scope stands, from the copy while that is young, else from sync-service, else from the copy again.

    Raises:
        Refusal: ROLE_FORBIDDEN.
        UpstreamError: sync-service is away or refuses, and there is no copy.
    """

    service: SyncService
    copies: CursorCopies
    clock: Clock

    async def __call__(
        self, operator: OperatorContext, scope: str, *, locale: str, request_id: str, traceparent: str
    ) -> Cursor:
        require_scopes(operator.roles, [scope], "query.scope")
        place = (operator.tenant_id, operator.operator_id, operator.device_id)
        copy, asked_at = (await _kept(self.copies, place, [scope])).get(scope), self.clock()
        if copy is not None and copy.fresh(asked_at):
            return copy
        told = Cursor(scope=scope, value=None, as_of=asked_at, source=CursorSource.SYNC_SERVICE)
        try:
            value = await self.service.cursor(_call(operator, locale, request_id, traceparent), scope)
        except UpstreamRefusedError as refusal:
            if refusal.status == _NO_SUCH_SCOPE:
                # What sync-service does not know was never synchronised, which is an answer (contract, section 7).
                return told
            raise
        except UpstreamError:
            if copy is None:
                raise
            return copy
        told = replace(told, value=value)
        await _keep(self.copies, place, [told])
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceCursor:
    """UC-14: move a cursor forward at sync-service. Audited: what can't be written down does not happen.

    Raises:
        Refusal: ROLE_FORBIDDEN, CURSOR_REGRESSION.
        StoreUnavailableError: Postgres is away; nothing was moved.
        UpstreamError: sync-service did not say that it was moved; the same request may come again, and then finds out.
    """

    service: SyncService
    copies: CursorCopies
    clock: Clock

    async def __call__(
        self, operator: OperatorContext, advance: Advance, *, locale: str, request_id: str, traceparent: str
    ) -> Cursor:
        require_scopes(operator.roles, [advance.scope], "body.scope")
        wish = AuditedAdvance(operator=operator, request_id=request_id, advance=advance)
        await self.copies.begin(operator.tenant_id, wish)
        call = _call(operator, locale, request_id, traceparent)
        try:
            value = await self.service.advance(call, advance)
        except UpstreamRefusedError as refusal:
            await self._end(wish, outcome="refused", status=refusal.status)
            if refusal.code == _REGRESSION:
                raise cursor_regression(await self._stands(call, advance.scope)) from refusal
            raise
        except UpstreamError:
            await self._end(wish, outcome="unknown")
            raise
        cursor = Cursor(scope=advance.scope, value=value, as_of=self.clock(), source=CursorSource.SYNC_SERVICE)
        await self._end(wish, outcome="applied", status=200, cursor=cursor)
        return cursor

    async def _end(
        self, wish: AuditedAdvance, *, outcome: str, status: int | None = None, cursor: Cursor | None = None
    ) -> None:
        try:
            await self.copies.end(wish.operator.tenant_id, wish, outcome=outcome, status=status, cursor=cursor)
        except StoreUnavailableError:
            # The cursor stands where it stands; the row without an end says that nobody here knows more.
            return

    async def _stands(self, call: CallContext, scope: str) -> Cursor | None:
        asked_at = self.clock()
        try:
            value = await self.service.cursor(call, scope)
        except UpstreamError:
            return None
        return Cursor(scope=scope, value=value, as_of=asked_at, source=CursorSource.SYNC_SERVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Syncing:
    """Everything about synchronising."""

    negotiate: NegotiateSync
    read_cursor: ReadCursor
    advance_cursor: AdvanceCursor


_Place = tuple[TenantId, OperatorId, DeviceId]


async def _kept(copies: CursorCopies, place: _Place, scopes: Sequence[str]) -> Mapping[str, Cursor]:
    try:
        return await copies.of(*place, scopes)
    except StoreUnavailableError:
        # No copies: then sync-service alone can say, which is what it is for.
        return {}


async def _keep(copies: CursorCopies, place: _Place, cursors: Sequence[Cursor]) -> None:
    try:
        await copies.keep(*place, cursors)
    except StoreUnavailableError:
        # The copy stays older than it could be, and says how old it is.
        return


def _call(operator: OperatorContext, locale: str, request_id: str, traceparent: str) -> CallContext:
    return CallContext(
        tenant_id=operator.tenant_id,
        property_id=operator.property_id,
        operator_id=operator.operator_id,
        device_id=operator.device_id,
        roles=operator.roles,
        locale=locale,
        request_id=request_id,
        traceparent=traceparent,
        deadline=asyncio.get_running_loop().time() + _ASK_SECONDS,
    )
