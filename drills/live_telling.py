"""Numbered events for known audiences: by the platform's bus as its services publish, and by the log itself."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import redis.asyncio

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.bootstrap import utc_now
from bff_backoffice.domain.live_events import Channel, LiveEvent
from bff_backoffice.domain.operator import DeviceId, OperatorId, OperatorRole, PropertyId, TenantId
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.live_log import RedisLiveLog
from drills.desk import Connection
from drills.live_record import Announced, Listener
from tests.worlds import World

__all__ = ["Teller"]

_BUS: Final = {
    "alerts": ("melmastoon.notification.alert.raised.v1", "alertId"),
    "ai": ("melmastoon.ai_orchestrator.suggestion.created.v1", "suggestionId"),
}
_LOG: Final = ("ai", "alerts", "session")
"""Hints are left to the service, which makes them of what the bus says."""

_NUMBERS: Final = itertools.count()
"""Of all runs of this process together: the log tells nothing twice under a name that it remembers."""

_PAUSE_S: Final = 0.2
_PATIENCE_S: Final = 30.0
"""A worker that takes longer has lost something, and the table says what."""


@dataclass(slots=True)
class Teller:
    """Tells every tenant's desktops things until it is asked to stop. `announced` is all of it, by name.

    `every_s` is the mean pause between two events of one way in one tenant. While `bus_rests` nothing is published.
    """

    world: World
    listeners: list[Listener]
    every_s: float
    chance: random.Random
    announced: dict[str, Announced] = field(default_factory=dict)
    bus_rests: bool = False
    done: bool = False

    async def run(self) -> None:
        """Tell until `done`; one event after the other in each tenant and way, so that nobody overtakes himself."""
        store = RedisStore.open(self.world.redis, store="sessions", operation_seconds=2.0)
        log = RedisLiveLog(redis=store)
        try:
            async with asyncio.TaskGroup() as group:
                for tenant_id in {each.tenant_id for each in self.listeners}:
                    group.create_task(self._by_bus(tenant_id))
                    group.create_task(self._by_log(tenant_id, log))
        finally:
            await store.aclose()

    async def _pause(self) -> None:
        await asyncio.sleep(self.chance.expovariate(1 / self.every_s))

    async def arrived(self) -> None:
        """Wait until the worker has dealt with everything on the bus, also what it had in its hands at an outage."""
        bus = redis.asyncio.Redis.from_url(self.world.redis)
        end = time.monotonic() + _PATIENCE_S
        try:
            while time.monotonic() < end:
                (group,) = await bus.xinfo_groups(keys.platform_events())
                if not group["pending"] and not group["lag"]:
                    return
                await asyncio.sleep(_PAUSE_S)
        finally:
            await bus.aclose()

    # By the bus -------------------------------------------------------------------------------------------------------

    async def _by_bus(self, tenant_id: str) -> None:
        """As the platform's services do, through the worker; a refusal leaves open whether it goes out later."""
        hotels = [each["id"] for each in self.world.people["properties"] if each["tenantId"] == tenant_id]
        while not self.done:
            await self._pause()
            if self.bus_rests:
                continue
            channel = self.chance.choice(tuple(_BUS))
            subject, member = _BUS[channel]
            each = self._new(tenant_id, channel, property_id=self.chance.choice([None, *hotels]))
            payload = {member: each.name} | ({"propertyId": each.property_id} if each.property_id else {})
            each.sure = await self._published({"subject": subject, "tenantId": tenant_id, "payload": payload})

    async def _published(self, body: dict[str, Any]) -> bool:
        content = json.dumps(body).encode()
        head = (
            f"POST /_control/events HTTP/1.1\r\nHost: {urlsplit(self.world.sim).netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        try:
            connection = await Connection.to(self.world.sim)
            try:
                return (await connection.exchange(head.encode() + content)).status < 300
            finally:
                connection.close()
        except OSError:
            return False

    # By the log -------------------------------------------------------------------------------------------------------

    async def _by_log(self, tenant_id: str, log: RedisLiveLog) -> None:
        """As any process of the service does: for a hotel, a role, one operator, one device, or everybody."""
        peers = [each for each in self.listeners if each.tenant_id == tenant_id]
        while not self.done:
            await self._pause()
            each = self._new(tenant_id, self.chance.choice(_LOG), **self._audience(self.chance.choice(peers)))
            event = LiveEvent(
                channel=Channel(each.channel),
                type="drilled",
                occurred_at=utc_now(),
                payload={"id": each.name},
                property_id=None if each.property_id is None else PropertyId(each.property_id),
                roles=None if each.role is None else frozenset({OperatorRole(each.role)}),
                operator_id=None if each.operator_id is None else OperatorId(each.operator_id),
                device_id=None if each.device_id is None else DeviceId(each.device_id),
                told_once=each.name,
            )
            while not each.sure:
                try:
                    await log.announce(TenantId(tenant_id), event)
                except StoreUnavailableError:
                    # Nobody knows whether it was told: the same name once more, as the port wants it.
                    await asyncio.sleep(_PAUSE_S)
                else:
                    each.sure = True

    def _audience(self, somebody: Listener) -> dict[str, str]:
        match self.chance.randrange(6):
            case 0:
                return {"property_id": self.chance.choice(sorted(somebody.properties))}
            case 1:
                return {"role": self.chance.choice(sorted(somebody.roles))}
            case 2:
                return {"operator_id": somebody.operator_id}
            case 3:
                return {"device_id": somebody.device_id}
            case _:
                return {}

    def _new(
        self,
        tenant_id: str,
        channel: str,
        *,
        property_id: str | None = None,
        role: str | None = None,
        operator_id: str | None = None,
        device_id: str | None = None,
    ) -> Announced:
        name = f"drill-{next(_NUMBERS)}"
        each = Announced(
            name=name, tenant_id=tenant_id, channel=channel, began=time.monotonic(),
            property_id=property_id, role=role, operator_id=operator_id, device_id=device_id,
        )  # fmt: skip
        self.announced[name] = each
        return each
