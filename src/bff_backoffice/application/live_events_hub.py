"""Who listens in this process, and what each of them is told: one reader of the log for all of them.

The hub is at one position of each tenant's log. An event that is heard at the next position is handed to everybody at
once; anything else that is heard means that something was missed, and the log is read until nothing is. Listeners who
come with a cursor read the log themselves until they stand where the hub stands, and go on with it from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from bff_backoffice.application.live_events import LiveFeed, LiveLog, LiveObserver, StreamFences, tenant_closed
from bff_backoffice.application.live_events_groups import Group
from bff_backoffice.application.live_events_listener import Listener
from bff_backoffice.application.ports import Clock, StoreUnavailableError
from bff_backoffice.domain.live_events import Cursor, EndReason, LoggedEvent
from bff_backoffice.domain.operator import DeviceId, IamSessionId, OperatorId, TenantId

__all__ = ["LiveHub"]

_SETTLE_SECONDS: Final = 2.0
"""How long a new listener waits for the store; a healthy one takes a few milliseconds."""

_PAUSE_SECONDS: Final = 0.1
_TICK_SECONDS: Final = 0.25
_GRACE_SECONDS: Final = 0.75
"""Roles that change may be the first word of a session's end; the stream is silent for so long, and then ends."""

_LINGER_SECONDS: Final = 60.0
"""How long a tenant is followed after its last listener: a desktop that polls is back before that."""

_DRAINED_PER_SECOND: Final = 500.0
"""How fast streams are sent elsewhere when the process ends: what another process takes on without being late."""


class LiveHub:
    """The listeners of this process. `run` hears for them; without it nobody is told anything."""

    def __init__(
        self,
        *,
        log: LiveLog,
        feed: LiveFeed,
        fences: StreamFences,
        observer: LiveObserver,
        clock: Clock,
        heartbeat_seconds: float,
    ) -> None:
        self._log = log
        self._feed = feed
        self._fences = fences
        self._observer = observer
        self._clock = clock
        self._groups: dict[TenantId, Group] = {}
        self._missed: dict[TenantId, None] = {}
        self._doubtful: dict[TenantId, None] = {}
        self._work = asyncio.Event()
        self._rounds = max(1, round(heartbeat_seconds / _TICK_SECONDS))
        self._rows: list[set[Listener]] = [set() for _ in range(self._rounds)]
        self._arrivals = 0
        self._draining = False

    # What listeners do ------------------------------------------------------------------------------------------------

    async def join(self, listener: Listener) -> Cursor:
        """Take part until `leave`, which is due in any case; returns where the tenant's log stands.

        Raises:
            StoreUnavailableError: that can't be learned now.
        """
        group = self._groups.get(listener.tenant_id)
        if group is None:
            group = self._groups[listener.tenant_id] = Group()
            self._feed.follow(listener.tenant_id)
        self._arrivals += 1
        listener.row = self._arrivals % self._rounds
        group.members.add(listener)
        self._rows[listener.row].add(listener)
        if self._draining:
            listener.end(EndReason.DRAINING)
        return await self._standing(group)

    def leave(self, listener: Listener) -> None:
        """Take part no longer."""
        self._rows[listener.row].discard(listener)
        group = self._groups.get(listener.tenant_id)
        if group is not None:
            group.members.discard(listener)
            group.attached.discard(listener)
            group.left_at = asyncio.get_running_loop().time()

    def attach(self, listener: Listener, cursor: Cursor) -> bool:
        """Hand everything after the cursor to the listener from now on, unless the hub is beyond it already."""
        group = self._groups[listener.tenant_id]
        here = group.cursor
        if here is None or not group.calm.is_set() or here.epoch != cursor.epoch or here.position > cursor.position:
            return False
        listener.after = cursor.position
        group.attached.add(listener)
        return True

    async def caught_up(self, listener: Listener, cursor: Cursor) -> None:
        """Wait until the hub has read what the listener has: he is in its log where the hub has not been yet."""
        group = self._groups[listener.tenant_id]
        if group.cursor is None or group.cursor.epoch != cursor.epoch:
            self._miss(listener.tenant_id, group)
        await self._standing(group)

    async def drain(self, seconds: float) -> None:
        """End every stream, those that come yet too, spread over a part of these seconds."""
        self._draining = True
        everybody = [each for group in self._groups.values() for each in group.members]
        pause = min(seconds / 2 / (len(everybody) or 1), 1 / _DRAINED_PER_SECOND)
        due = asyncio.get_running_loop().time()
        for listener in everybody:
            listener.end(EndReason.DRAINING)
            due += pause
            ahead = due - asyncio.get_running_loop().time()
            if ahead > _TICK_SECONDS / 10:
                await asyncio.sleep(ahead)

    async def _standing(self, group: Group) -> Cursor:
        try:
            async with asyncio.timeout(_SETTLE_SECONDS):
                while group.cursor is None or not group.calm.is_set():
                    await group.calm.wait()
        except TimeoutError:
            raise StoreUnavailableError("sessions") from None
        return group.cursor

    # What is heard ----------------------------------------------------------------------------------------------------

    def connected(self, tenant_id: TenantId) -> None:
        """Whatever was said until now may have been missed: look at the log, and at how every stream stands."""
        group = self._groups.get(tenant_id)
        if group is not None:
            self._miss(tenant_id, group)
            self._doubtful[tenant_id] = None

    def told(self, tenant_id: TenantId, epoch: str, event: LoggedEvent, told_at_ms: int) -> None:
        """Hand the event to whoever may hear it, if it is the next one."""
        group = self._groups.get(tenant_id)
        if group is None:
            return
        here = group.cursor
        if here is None or not group.calm.is_set():
            group.heard = Cursor(epoch, event.position)
        elif epoch == here.epoch and event.position == here.position + 1:
            group.cursor = here = Cursor(epoch, event.position)
            heard = group.hand_out(here, event)
            self._observer.delivered(heard, self._seconds_since(told_at_ms))
        elif epoch != here.epoch or event.position > here.position:
            self._miss(tenant_id, group)

    def superseded(self, tenant_id: TenantId, device_id: DeviceId, newest: int) -> None:
        """End the device's older streams."""
        for listener in self._members(tenant_id):
            if listener.facts.device_id == device_id:
                listener.outrun_by(newest)

    def refused(self, tenant_id: TenantId, iam_session_id: IamSessionId, reason: str) -> None:
        """End the session's streams."""
        for listener in self._members(tenant_id):
            if listener.facts.iam_session_id == iam_session_id:
                listener.end(EndReason.REVOKED, reason)

    def closed(self, tenant_id: TenantId, status: str) -> None:
        """End all of the tenant's streams."""
        for listener in self._members(tenant_id):
            listener.end(EndReason.REVOKED, tenant_closed(status))

    def changed(self, tenant_id: TenantId, operator_id: OperatorId) -> None:
        """Tell the operator's streams nothing more, and end them a little later."""
        group = self._groups.get(tenant_id)
        concerned = [each for each in self._members(tenant_id) if each.facts.operator_id == operator_id]
        for listener in concerned:
            listener.hush()
            if group is not None:
                group.attached.discard(listener)
            asyncio.get_running_loop().call_later(_GRACE_SECONDS, listener.end, EndReason.ACCESS_CHANGED)

    def _members(self, tenant_id: TenantId) -> Iterable[Listener]:
        group = self._groups.get(tenant_id)
        return () if group is None else tuple(group.members)

    def _seconds_since(self, told_at_ms: int) -> float:
        told_at = datetime.fromtimestamp(0, self._clock().tzinfo) + timedelta(milliseconds=told_at_ms)
        return max(0.0, (self._clock() - told_at).total_seconds())

    # What runs beside -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Hear for the listeners until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._feed.run(self))
            group.create_task(self._catch_up())
            group.create_task(self._beat())
            group.create_task(self._watch())

    def _miss(self, tenant_id: TenantId, group: Group) -> None:
        group.calm.clear()
        self._missed[tenant_id] = None
        self._work.set()

    async def _catch_up(self) -> None:
        """Read what was missed, one tenant after the other; they are few, and it takes a millisecond each."""
        while True:
            await self._work.wait()
            self._work.clear()
            for tenant_id in list(self._missed):
                group = self._groups.get(tenant_id)
                try:
                    if group is not None:
                        await self._mend(tenant_id, group)
                except StoreUnavailableError:
                    await asyncio.sleep(_PAUSE_SECONDS)
                    self._work.set()
                except Exception as failure:  # noqa: BLE001 - one tenant's trouble must not end everybody's streams
                    self._observer.surprised(failure)
                    await asyncio.sleep(_PAUSE_SECONDS)
                    self._work.set()
                else:
                    self._missed.pop(tenant_id, None)

    async def _mend(self, tenant_id: TenantId, group: Group) -> None:
        while True:
            group.heard = None
            here, ended = await self._read_on(tenant_id, group)
            group.cursor = here
            # What was heard while the log was read is either in what was read, or has to be read now.
            heard = group.heard
            if ended and (heard is None or (heard.epoch == here.epoch and heard.position <= here.position)):
                group.calm.set()
                return

    async def _read_on(self, tenant_id: TenantId, group: Group) -> tuple[Cursor, bool]:
        """Hand out a page of what was missed; returns where it ends, and whether the log ends there too."""
        here = group.cursor
        if here is None:
            return await self._log.now(tenant_id), True
        return group.hand_out_page(await self._log.read(tenant_id, here.position, epoch=here.epoch), here)

    async def _beat(self) -> None:
        """Let every stream say that it is there, a row of them at a time, and let tenants go that nobody listens to."""
        loop = asyncio.get_running_loop()
        due, number = loop.time(), 0
        while True:
            due = max(due + _TICK_SECONDS, loop.time())
            await asyncio.sleep(due - loop.time())
            number = (number + 1) % self._rounds
            now = self._clock()
            for listener in tuple(self._rows[number]):
                listener.beat(now)
            if number == 0:
                self._let_go(loop.time())

    def _let_go(self, now: float) -> None:
        for tenant_id, group in list(self._groups.items()):
            if not group.members and group.cursor is not None and now - group.left_at > _LINGER_SECONDS:
                del self._groups[tenant_id]
                self._feed.unfollow(tenant_id)

    async def _watch(self) -> None:
        """Look at how streams stand: a row at each tick, and all of a tenant when something may have been missed.

        What is said on the wire ends a stream at once; this makes sure that a word that was lost delays its end by one
        round of heartbeats at most.
        """
        number = 0
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            number = (number + 1) % self._rounds
            self._doubtful = {each: None for each in self._doubtful if self._members(each)}
            due = {each for tenant_id in self._doubtful for each in self._members(tenant_id)} | self._rows[number]
            by_tenant: dict[TenantId, list[Listener]] = {}
            for listener in due:
                by_tenant.setdefault(listener.tenant_id, []).append(listener)
            try:
                for tenant_id, listeners in by_tenant.items():
                    await self._look_at(tenant_id, listeners)
                    self._doubtful.pop(tenant_id, None)
            except StoreUnavailableError:
                continue
            except Exception as failure:  # noqa: BLE001 - as above
                self._observer.surprised(failure)

    async def _look_at(self, tenant_id: TenantId, listeners: list[Listener]) -> None:
        standings = await self._fences.standing(tenant_id, [each.facts for each in listeners])
        for listener, standing in zip(listeners, standings, strict=True):
            if standing.refused is not None:
                listener.end(EndReason.REVOKED, standing.refused)
            if standing.newest is not None:
                listener.outrun_by(standing.newest)
            if standing.operator is not None and not listener.speaks_of(standing.operator):
                listener.end(EndReason.ACCESS_CHANGED)
