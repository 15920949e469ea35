"""Heartbeats on their way to Postgres: gathered for a moment, the newest of each device, written together.

A heartbeat is worth a minute, so nobody waits for its row. A process that is killed loses what it gathered in the last
moment; the next heartbeats say the same.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from bff_backoffice.application.devices_ports import Devices, HeartbeatObserver
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.devices import Heartbeat, overtaken
from bff_backoffice.domain.operator import DeviceId, TenantId

__all__ = ["WriteBehind"]

_GATHER_S: Final = 1.0
"""How long heartbeats gather, in seconds: what a crash loses, and how far Postgres is behind."""
_LONGEST_PAUSE_S: Final = 5.0
_LAST_WRITE_S: Final = 2.0
"""How long the last write may take when the process ends, in seconds."""
_MOST_DEVICES: Final = 20_000
"""A hundred tenants of 200 devices: about 10 MB while Postgres is away."""

_Waiting = dict[tuple[TenantId, DeviceId], Heartbeat]


class WriteBehind:
    """Writes heartbeats down a moment later. Opened once by the root: `async with WriteBehind(…) as written`."""

    def __init__(self, devices: Devices, observer: HeartbeatObserver, *, gather_s: float = _GATHER_S) -> None:
        self._devices = devices
        self._observer = observer
        self._gather_s = gather_s
        self._group = asyncio.TaskGroup()
        self._some = asyncio.Event()
        self._waiting: _Waiting = {}

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        self._task = self._group.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        cancelled = isinstance(error, asyncio.CancelledError)
        await self._group.__aexit__(*((kind, error, trace) if cancelled else (None, None, None)))
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WRITE_S):
                await self._write()
        if self._waiting:
            self._observer.heartbeats("lost", len(self._waiting))

    def add(self, tenant_id: TenantId, heartbeat: Heartbeat) -> None:
        """Have this written with the next ones. A device's earlier one that still waits need not be."""
        key = (tenant_id, heartbeat.device_id)
        before = self._waiting.get(key)
        if before is None and len(self._waiting) >= _MOST_DEVICES:
            self._observer.heartbeats("lost", 1)
            return
        if before is not None and overtaken(before, heartbeat):
            return
        self._waiting[key] = heartbeat
        self._some.set()

    async def _run(self) -> None:
        pause_s = self._gather_s
        while True:
            await self._some.wait()
            await asyncio.sleep(pause_s)
            whole = await self._write()
            pause_s = self._gather_s if whole else min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _write(self) -> bool:
        """Write down what waits, a tenant at a time; return whether all of it was."""
        self._some.clear()
        whole = True
        for tenant_id, heartbeats in _by_tenant(self._waiting).items():
            outcome = "written"
            try:
                await self._devices.record(tenant_id, heartbeats)
            except StoreUnavailableError:
                whole = False
                continue
            except Exception:  # noqa: BLE001 - what Postgres refuses to write must not end the process, nor come again
                outcome = "lost"
            self._observer.heartbeats(outcome, len(heartbeats))
            for heartbeat in heartbeats:
                # One that came meanwhile is another one, and waits for the next time.
                if self._waiting.get((tenant_id, heartbeat.device_id)) is heartbeat:
                    del self._waiting[tenant_id, heartbeat.device_id]
        if not whole:
            self._observer.heartbeats("put_off", len(self._waiting))
            self._some.set()
        return whole


def _by_tenant(waiting: _Waiting) -> Mapping[TenantId, list[Heartbeat]]:
    found: dict[TenantId, list[Heartbeat]] = defaultdict(list)
    for (tenant_id, _), heartbeat in waiting.items():
        found[tenant_id].append(heartbeat)
    return found
