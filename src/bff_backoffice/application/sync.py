"""The sync handshake: a token for sync-service, and where each scope's cursor stands (contract, section 7).

sync-service is the authority on cursors. What it said last is copied here, so that a desktop which comes back learns in
one cheap request where it was, also while sync-service is away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from ulid import ULID

from bff_backoffice.application.ports import (
    Clock,
    Signer,
    StoreUnavailableError,
    UpstreamError,
    UpstreamRefusedError,
)
from bff_backoffice.application.sync_ports import (
    Advance,
    AuditedAdvance,
    CursorCopies,
    Handshake,
    HandshakeRequest,
    Place,
    SyncAgreement,
    SyncRequest,
    SyncService,
)
from bff_backoffice.application.telemetry import NO_TELEMETRY, Emit, Origin
from bff_backoffice.application.telemetry_payloads import SyncCursorAdvanced, SyncHandshakeCompleted
from bff_backoffice.domain.operator import DeviceId, OperatorId, TenantId
from bff_backoffice.domain.sync import (
    TOKEN_TYPE,
    Cursor,
    CursorSource,
    cursor_regression,
    require_scopes,
    sync_claims,
)

__all__ = ["AdvanceCursor", "KeepCopy", "NegotiateSync", "ReadCursor", "Syncing"]

ISSUER: Final = "bff-backoffice-service"

_NO_SUCH_SCOPE: Final = 404
_REGRESSION: Final = "MELMASTOON.SYNC.CURSOR_REGRESSION"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepCopy:
    """Keep what sync-service says of a cursor; its events tell of what desktops moved there themselves.

    Raises:
        StoreUnavailableError: Postgres is away.
    """

    copies: CursorCopies

    async def __call__(self, tenant_id: TenantId, operator_id: OperatorId, device_id: DeviceId, cursor: Cursor) -> None:
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
    tell: Emit = NO_TELEMETRY

    async def __call__(self, request: HandshakeRequest) -> Handshake:
        operator = request.operator
        require_scopes(operator.roles, request.scopes, "body.scopes")
        agreed, cursors = await self._cursors(request)
        now = self.clock()
        claims, expires_at = sync_claims(
            operator, request.scopes, issuer=ISSUER, token_id=f"syt_{ULID.from_datetime(now)}", now=now
        )
        version = request.protocol_version if agreed is None else agreed.protocol_version
        self.tell(_origin(request), SyncHandshakeCompleted(scopes=request.scopes, protocol_version=version))
        return Handshake(
            token=self.signer.compact(msgspec.json.encode(claims), typ=TOKEN_TYPE),
            expires_at=expires_at,
            base_url=(None if agreed is None else agreed.base_url) or self.otherwise_at,
            protocol_version=None if agreed is None else agreed.protocol_version,
            cursors=cursors,
        )

    async def _cursors(self, request: HandshakeRequest) -> tuple[SyncAgreement | None, Mapping[str, Cursor]]:
        asked_at = self.clock()
        try:
            agreed = await self.service.handshake(
                request.call(),
                request.scopes,
                protocol_version=request.protocol_version,
                client_cursors=request.client_cursors,
            )
        except UpstreamRefusedError:
            raise
        except UpstreamError:
            kept = await _kept(self.copies, request.place, request.scopes)
            nobody_knows = Cursor(scope="", value=None, as_of=None, source=CursorSource.CACHE)
            return None, {scope: kept.get(scope) or replace(nobody_knows, scope=scope) for scope in request.scopes}
        told = {
            scope: Cursor(scope=scope, value=agreed.cursors[scope], as_of=asked_at, source=CursorSource.SYNC_SERVICE)
            for scope in request.scopes
        }
        await _keep(self.copies, request.place, tuple(told.values()))
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

    async def __call__(self, asked: SyncRequest, scope: str) -> Cursor:
        require_scopes(asked.operator.roles, [scope], "query.scope")
        copy, asked_at = (await _kept(self.copies, asked.place, [scope])).get(scope), self.clock()
        if copy is not None and copy.fresh(asked_at):
            return copy
        told = Cursor(scope=scope, value=None, as_of=asked_at, source=CursorSource.SYNC_SERVICE)
        try:
            value = await self.service.cursor(asked.call(), scope)
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
        await _keep(self.copies, asked.place, [told])
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
    tell: Emit = NO_TELEMETRY

    async def __call__(self, asked: SyncRequest, advance: Advance, *, path: str) -> Cursor:
        require_scopes(asked.operator.roles, [advance.scope], "body.scope")
        wish = AuditedAdvance(asked=asked, path=path, advance=advance)
        await self.copies.begin(asked.operator.tenant_id, wish)
        try:
            value = await self.service.advance(asked.call(), advance)
        except UpstreamRefusedError as refusal:
            await self._end(wish, outcome="refused", status=refusal.status)
            if refusal.code == _REGRESSION:
                raise cursor_regression(await self._stands(asked, advance.scope)) from refusal
            raise
        except UpstreamError:
            await self._end(wish, outcome="unknown")
            raise
        cursor = Cursor(scope=advance.scope, value=value, as_of=self.clock(), source=CursorSource.SYNC_SERVICE)
        await self._end(wish, outcome="applied", status=200, cursor=cursor)
        self.tell(_origin(asked), SyncCursorAdvanced(scope=advance.scope, occurred_at=advance.occurred_at))
        return cursor

    async def _end(
        self, wish: AuditedAdvance, *, outcome: str, status: int | None = None, cursor: Cursor | None = None
    ) -> None:
        try:
            await self.copies.end(wish.asked.operator.tenant_id, wish, outcome=outcome, status=status, cursor=cursor)
        except StoreUnavailableError:
            # The cursor stands where it stands; the row without an end says that nobody here knows more.
            return

    async def _stands(self, asked: SyncRequest, scope: str) -> Cursor | None:
        asked_at = self.clock()
        try:
            value = await self.service.cursor(asked.call(), scope)
        except UpstreamError:
            return None
        return Cursor(scope=scope, value=value, as_of=asked_at, source=CursorSource.SYNC_SERVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Syncing:
    """Everything about synchronising."""

    negotiate: NegotiateSync
    read_cursor: ReadCursor
    advance_cursor: AdvanceCursor


def _origin(asked: SyncRequest) -> Origin:
    return Origin.of(asked.operator, request_id=asked.request_id, traceparent=asked.traceparent)


async def _kept(copies: CursorCopies, place: Place, scopes: Sequence[str]) -> Mapping[str, Cursor]:
    try:
        return await copies.of(*place, scopes)
    except StoreUnavailableError:
        # No copies: then sync-service alone can say, which is what it is for.
        return {}


async def _keep(copies: CursorCopies, place: Place, cursors: Sequence[Cursor]) -> None:
    try:
        await copies.keep(*place, cursors)
    except StoreUnavailableError:
        # The copy stays older than it could be, and says how old it is.
        return
