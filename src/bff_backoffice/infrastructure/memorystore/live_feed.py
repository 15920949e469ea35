"""What is said on a tenant's wire, heard by every replica that has a listener of the tenant: one connection a process.

The messages are `e <epoch> <position> <told at, ms> <entry>` (an event), `d <device> <token>` (a stream was opened),
`s <sid> <reason>` (a session is refused), `o <operator>` (an operator changed), `t <status>` (the tenant works no
more), `g` (the log has a gap: read it). One that can't be read is passed over: what it said is found by the next look
at the log or at the streams.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import msgspec
from hiredis import HiredisError
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from bff_backoffice.application.live_events import LiveHearing
from bff_backoffice.domain.operator import DeviceId, IamSessionId, OperatorId, TenantId
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import Command, Pool
from bff_backoffice.infrastructure.memorystore.live_log import logged_event
from bff_backoffice.infrastructure.memorystore.multiplexed import greet, open_wire
from bff_backoffice.infrastructure.memorystore.subscription import Subscription

__all__ = ["RedisLiveFeed"]

_CONNECT_SECONDS: Final = 0.5
_LIMIT_SECONDS: Final = 1.0
_PING_SECONDS: Final = 2.0
"""How often a quiet connection is asked whether it still is one; a dead one is noticed a limit later."""

_FIRST_PAUSE_SECONDS: Final = 0.02
_LONGEST_PAUSE_SECONDS: Final = 0.25

_LOST: Final = (RedisError, HiredisError, OSError)


class RedisLiveFeed:
    """The wires of the tenants that are followed."""

    def __init__(self, address: AbstractConnection) -> None:
        self._address = address
        self._wanted: dict[TenantId, None] = {}
        self._news = asyncio.Event()

    @classmethod
    def open(cls, url: str) -> RedisLiveFeed:
        """Prepare to hear at a `redis://`, `rediss://` or `unix://` address; `run` connects."""
        pool = Pool.from_url(url, connections=1, connect_seconds=_CONNECT_SECONDS, protocol=2, driver_info=None)
        # Never connected: it is how redis-py understands an address.
        return cls(pool.make_connection())  # type: ignore[no-untyped-call] # redis-py

    def follow(self, tenant_id: TenantId) -> None:
        """Hear of this tenant too."""
        self._wanted[tenant_id] = None
        self._news.set()

    def unfollow(self, tenant_id: TenantId) -> None:
        """Hear no more of it."""
        self._wanted.pop(tenant_id, None)
        self._news.set()

    async def run(self, hearing: LiveHearing) -> None:
        """Hear until cancelled, over one connection after the other."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                async with asyncio.timeout(2 * _CONNECT_SECONDS):
                    wire = await self._connected(hearing)
            except _LOST:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                continue
            pause = _FIRST_PAUSE_SECONDS
            try:
                with contextlib.suppress(*_LOST):
                    await self._listen(wire, hearing)
            finally:
                wire.end(ConnectionError("heard enough"))

    async def _connected(self, hearing: LiveHearing) -> Subscription:
        tenants: dict[bytes, TenantId] = {}

        def heard(channel: bytes, message: bytes) -> None:
            tenant_id = tenants.get(channel)
            if tenant_id is None:
                tenant_id = tenants[channel] = TenantId(channel.partition(b":")[0].decode())
            _pass_on(hearing, tenant_id, message)

        wire = await open_wire(
            self._address,
            lambda: Subscription(limit_seconds=_CONNECT_SECONDS, heard=heard, ended=self._news.set),
        )
        try:
            wire.greeted(await greet(wire, self._address), limit_seconds=_LIMIT_SECONDS)
        except BaseException:
            wire.end(ConnectionError("given up while it was greeted"))
            raise
        return wire

    async def _listen(self, wire: Subscription, hearing: LiveHearing) -> None:
        """Keep what the connection listens to in step with what is wanted, until it is lost."""
        heard: dict[TenantId, None] = {}
        while wire.failure is None:
            self._news.clear()
            begun = [each for each in self._wanted if each not in heard]
            over = [each for each in heard if each not in self._wanted]
            changes: list[Command] = [("SUBSCRIBE", keys.live_wire(each)) for each in begun]
            changes += [("UNSUBSCRIBE", keys.live_wire(each)) for each in over]
            await _done(wire, changes or [("PING",)])
            heard = dict.fromkeys(each for each in (*heard, *begun) if each not in over)
            for each in begun:
                hearing.connected(each)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PING_SECONDS):
                    await self._news.wait()


async def _done(wire: Subscription, commands: list[Command]) -> None:
    trip = wire.send(commands)
    await trip.done
    if trip.failure is not None:
        raise trip.failure


def _pass_on(hearing: LiveHearing, tenant_id: TenantId, message: bytes) -> None:
    kind, _, said = message.partition(b" ")
    try:
        if kind == b"e":
            epoch, position, told_at, entry = said.split(b" ", 3)
            hearing.told(tenant_id, epoch.decode(), logged_event(int(position), entry), int(told_at))
        elif kind == b"d":
            device_id, _, token = said.decode().partition(" ")
            hearing.superseded(tenant_id, DeviceId(device_id), int(token))
        elif kind == b"s":
            session_id, _, reason = said.decode().partition(" ")
            hearing.refused(tenant_id, IamSessionId(session_id), reason)
        elif kind == b"t":
            hearing.closed(tenant_id, said.decode())
        elif kind == b"g":
            hearing.connected(tenant_id)
        elif kind == b"o":
            hearing.changed(tenant_id, OperatorId(said.decode()))
    except (ValueError, msgspec.MsgspecError):
        return
