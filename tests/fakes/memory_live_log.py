"""A live log in this process's memory."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

import msgspec

from bff_backoffice.domain.live_events import Channel, Cursor, History, LiveEvent, LoggedEvent
from bff_backoffice.domain.operator import TenantId

__all__ = ["MemoryLiveLog"]

_PAGE = 256
_TICK = 0.001
"""What was told in the very moment was told before: as in Redis, whose clock has no shorter ones."""


@dataclass
class _Log:
    epoch: str
    head: int = 0
    channels: dict[Channel, list[LoggedEvent]] = field(default_factory=lambda: {each: [] for each in Channel})
    lost: dict[Channel, int] = field(default_factory=dict)
    told: dict[str, float] = field(default_factory=dict)


class MemoryLiveLog:
    """Every tenant's log, each channel with its newest `history_events`. `announced` is all that was ever told."""

    def __init__(self, history_events: int = 1000) -> None:
        self._history_events = history_events
        self._epochs = 0
        self._logs: dict[TenantId, _Log] = {}
        self.announced: dict[TenantId, list[LiveEvent]] = defaultdict(list)

    async def announce(self, tenant_id: TenantId, event: LiveEvent) -> None:
        """Tell it, unless it was told before."""
        log = self._log(tenant_id)
        now = asyncio.get_running_loop().time()
        if event.told_once is not None:
            told = log.told.get(event.told_once)
            if told is not None and (event.told_since_s is None or told >= now - event.told_since_s + _TICK):
                return
            log.told[event.told_once] = now
        log.head += 1
        self.announced[tenant_id].append(event)
        data = {
            "channel": event.channel, "type": event.type, "occurredAt": event.occurred_at, "tenantId": tenant_id,
            "propertyId": event.property_id, "payload": event.payload,
        }  # fmt: skip
        told = LoggedEvent(
            position=log.head, channel=event.channel, type=event.type, audience=event.audience,
            data=msgspec.json.encode(data, enc_hook=str),
        )  # fmt: skip
        kept = log.channels[event.channel]
        kept.append(told)
        while len(kept) > self._history_events:
            log.lost[event.channel] = kept.pop(0).position

    async def now(self, tenant_id: TenantId) -> Cursor:
        """Where the log stands."""
        log = self._log(tenant_id)
        return Cursor(log.epoch, log.head)

    async def read(self, tenant_id: TenantId, after: int, *, epoch: str = "") -> History:
        """A page of what was told after the position. This memory is lost as a whole or not at all."""
        del epoch
        log = self._log(tenant_id)
        reaches, events = log.head, []
        for kept in log.channels.values():
            page = [each for each in kept if each.position > after][:_PAGE]
            if len(page) == _PAGE:
                reaches = min(reaches, page[-1].position)
            events += page
        events.sort(key=lambda each: each.position)
        return History(
            epoch=log.epoch, head=log.head, reaches=reaches, lost=dict(log.lost),
            events=tuple(each for each in events if each.position <= reaches),
        )  # fmt: skip

    def forget(self) -> None:
        """Lose everything, as a store does that comes back without its memory."""
        self._logs.clear()

    def _log(self, tenant_id: TenantId) -> _Log:
        if tenant_id not in self._logs:
            self._epochs += 1
            self._logs[tenant_id] = _Log(f"{self._epochs:016x}")
        return self._logs[tenant_id]
