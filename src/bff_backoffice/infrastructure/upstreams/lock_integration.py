"""lock-integration-service: the keys of the doors. Nothing is ever retried here (platform facts, A9)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Final

from msgspec.json import Decoder

from bff_backoffice.application.ports import CallContext, UpstreamError, UpstreamInvalidResponseError
from bff_backoffice.application.workbench_lists import KeyList
from bff_backoffice.infrastructure.dialect import Wire, operator_headers, property_of, ulid_of
from bff_backoffice.infrastructure.http import CallBounds, Upstream, UpstreamClient

__all__ = ["SERVICE", "LockIntegrationGateway"]

SERVICE: Final = Upstream(name="lock-integration-service", limit_seconds=1.2, retries=0)

_PAGE_SIZE: Final = 500
_MOST_PAGES: Final = 10
"""Five thousand keys in use are more than any property has doors: a cursor that goes on is a loop."""


class _Key(Wire, frozen=True):
    property_id: str
    reservation_id: str
    state: str


class _Keys(Wire, frozen=True):
    items: list[_Key]
    next_cursor: str | None


_KEYS: Final = Decoder(_Keys)


@dataclass(frozen=True, slots=True)
class LockIntegrationGateway:
    """The lock service, as far as it is asked now: whether it is there, and which keys are in use."""

    client: UpstreamClient

    async def ping(self, bounds: CallBounds) -> None:
        """Return once the service has answered in its own words; raise the `UpstreamError` family otherwise."""
        await self.client.ping(bounds)

    async def key_list(self, call: CallContext) -> KeyList:
        """Return the state of each reservation's best key, `active` before `pending`.

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
        return KeyList(
            by_reservation={
                **dict.fromkeys(pending.result(), "pending"),
                **dict.fromkeys(active.result(), "active"),
            }
        )

    async def _with_state(self, call: CallContext, state: str) -> list[str]:
        query = {"propertyId": str(property_of(call)), "state": state, "limit": str(_PAGE_SIZE)}
        found: list[str] = []
        for _ in range(_MOST_PAGES):
            page = await self.client.read(
                "key_list",
                "/api/v1/key-credentials",
                bounds=call,
                headers=operator_headers(call),
                query=query,
                decode=partial(_keys, call),
            )
            found.extend(f"rsv_{ulid_of(key.reservation_id)}" for key in page.items)
            if page.next_cursor is None:
                return found
            query = {**query, "cursor": page.next_cursor}
        raise UpstreamInvalidResponseError(SERVICE.name, "a list of keys that does not end")


def _keys(call: CallContext, body: bytes) -> _Keys:
    page = _KEYS.decode(body)
    here = property_of(call)
    if any(key.property_id != here for key in page.items):
        raise ValueError("a key of another property")
    return page
