"""lock-integration-service: the keys of the doors. Nothing is ever retried here (platform facts, A9)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from msgspec.json import Decoder, encode

from bff_backoffice.application.mutations_bodies import IssueKey, RevokeKey
from bff_backoffice.application.mutations_ports import Forwarded, ForwardOrder
from bff_backoffice.application.ports import CallContext, UpstreamError, UpstreamRefusedError
from bff_backoffice.application.upstream_pages import UpstreamPage
from bff_backoffice.application.workbench_lists import KeyLine, KeyList
from bff_backoffice.infrastructure.dialect import Wire, operator_headers, property_of, ulid_of
from bff_backoffice.infrastructure.forwarding import MutationDialect, mutation_call
from bff_backoffice.infrastructure.http import CallBounds, Upstream, UpstreamClient
from bff_backoffice.infrastructure.upstream_lists import ListRead, whole_list

__all__ = ["SERVICE", "LockIntegrationGateway"]

SERVICE: Final = Upstream(name="lock-integration-service", limit_seconds=1.2, retries=0)


_CREDENTIALS: Final = "/api/v1/key-credentials"
MUTATIONS: Final = MutationDialect(key_form="ulid", property_place="header")


class _Lock(Wire, frozen=True):
    id: str
    property_id: str


class _Acted(Wire, frozen=True):
    id: str
    property_id: str
    lock_id: str
    kind: str
    state: str
    valid_from: str
    valid_until: str


class _Key(Wire, frozen=True):
    id: str
    property_id: str
    lock_id: str
    reservation_id: str
    rooms: list[str]
    kind: str
    state: str
    valid_from: datetime
    valid_until: datetime


_LOCK: Final = Decoder(_Lock)
_ACTED: Final = Decoder(_Acted)
_NOT_FOUND: Final = 404
_KEYS: Final = Decoder(UpstreamPage[_Key])


@dataclass(frozen=True, slots=True)
class LockIntegrationGateway:
    """The lock service, as far as it is asked now: whether it is there, and which keys are in use."""

    client: UpstreamClient

    async def ping(self, bounds: CallBounds) -> None:
        """Return once the service has answered in its own words; raise the `UpstreamError` family otherwise."""
        await self.client.ping(bounds)

    async def here(self, call: CallContext, resource_id: str) -> bool:
        """Whether the property has this lock: the service itself knows of tenants only when it acts."""
        try:
            lock = await self.client.read(
                "lock", f"/api/v1/locks/{resource_id}", bounds=call, headers=operator_headers(call), decode=_LOCK.decode
            )
        except UpstreamRefusedError as refusal:
            if refusal.status == _NOT_FOUND or refusal.code.endswith(".MISMATCH"):
                return False
            raise
        return lock.property_id == property_of(call)

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Issue or revoke a key, once for its upstream key. Raises the `UpstreamError` family."""
        body: dict[str, object]
        match order.body:
            case IssueKey() as wish:
                path, body = (
                    _CREDENTIALS,
                    {
                        "reservationId": wish.reservation_id,
                        "preferredKinds": [wish.kind],
                        "validFrom": wish.valid_from,
                        "validUntil": wish.valid_until,
                    },
                )
            case RevokeKey() as wish:
                path, body = f"{_CREDENTIALS}/{wish.key_credential_id}/revoke", {"reason": wish.reason}
            case _:
                raise ValueError("no act of this service")
        given = {name: value for name, value in {**body, "lockId": order.resource_id}.items() if value is not None}
        answer = await self.client.run(
            mutation_call(call, order, MUTATIONS, path=path, body=given, decode=partial(_acted, call, order))
        )
        return Forwarded(body=answer)

    async def key_list(self, call: CallContext) -> KeyList:
        """Return the keys that open something or will in a moment.

        Revoked keys are not asked for: a house cuts thousands of them in a year.
        """
        try:
            async with asyncio.TaskGroup() as group:
                pending = group.create_task(self._with_state(call, "pending"))
                active = group.create_task(self._with_state(call, "active"))
        except ExceptionGroup as failures:
            # Half of the keys would say "none" of somebody who has one, so the first failure is the list's.
            known, _ = failures.split(UpstreamError)
            if known is None:
                raise
            raise known.exceptions[0] from None
        # A key that became active between the two answers is in both.
        keys = {key.id: key for key in (*pending.result(), *active.result())}
        return KeyList(items=list(keys.values()))

    async def _with_state(self, call: CallContext, state: str) -> list[KeyLine]:
        read = ListRead(
            operation="key_list",
            path="/api/v1/key-credentials",
            headers=operator_headers(call),
            query={"propertyId": str(property_of(call)), "state": state},
            decode=partial(_keys, call),
        )
        return await whole_list(self.client, call, read)


def _keys(call: CallContext, body: bytes) -> UpstreamPage[KeyLine]:
    page = _KEYS.decode(body)
    here = property_of(call)
    if any(key.property_id != here for key in page.items):
        raise ValueError("a key of another property")
    return UpstreamPage(items=[_key_line(key) for key in page.items], next_cursor=page.next_cursor)


def _key_line(key: _Key) -> KeyLine:
    return KeyLine(
        id=key.id,
        lock_id=key.lock_id,
        reservation_id=f"rsv_{ulid_of(key.reservation_id)}",
        room_ids=[f"rmu_{ulid_of(room)}" for room in key.rooms],
        kind=key.kind,
        state=key.state,
        valid_from=key.valid_from,
        valid_until=key.valid_until,
    )


def _acted(call: CallContext, order: ForwardOrder, body: bytes) -> bytes:
    """The key as a client sees it (contract, section 10), if it is the one that was asked for."""
    key = _ACTED.decode(body)
    if key.property_id != property_of(call) or key.lock_id != order.resource_id:
        raise ValueError("a key of another door")
    shown = {"keyCredentialId": key.id, "state": key.state, "auditId": order.audit_id}
    if isinstance(order.body, IssueKey):
        shown |= {"kind": key.kind, "validFrom": key.valid_from, "validUntil": key.valid_until}
    if isinstance(order.body, RevokeKey) and key.id != order.body.key_credential_id:
        raise ValueError("another key")
    return encode(shown)
