"""What devices say of themselves: where it is kept, and who shows it, put together.

A part of the composition root, which is the only one that imports it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bff_backoffice.application.dashboard import ForgetDevices
from bff_backoffice.application.dashboard_widgets import WidgetReads
from bff_backoffice.application.devices import Attendance, HintQueue, ListQueueHints, ReportHeartbeat, ShowDevices
from bff_backoffice.application.devices_ports import HeartbeatObserver
from bff_backoffice.application.devices_writing import WriteBehind
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.telemetry import Emit
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.devices import RedisDevices
from bff_backoffice.infrastructure.postgres.devices import PostgresDevices
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.queue_hints import PostgresQueueHints

__all__ = ["Said", "attendance_of", "open_said"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Where what devices say is kept."""

    latest: RedisDevices
    written: WriteBehind
    hints: PostgresQueueHints
    shown: ShowDevices


@asynccontextmanager
async def open_said(
    database: Database, sessions_tier: RedisStore, observer: HeartbeatObserver, *, clock: Clock
) -> AsyncIterator[Said]:
    """Keep what devices say for as long as the block runs; what is not written then is written at its end."""
    latest, kept = RedisDevices(sessions_tier), PostgresDevices(database)
    async with WriteBehind(kept, observer) as written:
        yield Said(
            latest=latest,
            written=written,
            hints=PostgresQueueHints(database),
            shown=ShowDevices(kept=kept, latest=latest, clock=clock),
        )


def attendance_of(said: Said, widgets: WidgetReads, *, tell: Emit) -> Attendance:
    """Put the use cases together."""
    changed = ForgetDevices(widgets=widgets)
    return Attendance(
        report_heartbeat=ReportHeartbeat(latest=said.latest, written=said.written, changed=changed, tell=tell),
        hint_queue=HintQueue(hints=said.hints, latest=said.latest, changed=changed),
        list_queue_hints=ListQueueHints(hints=said.hints, clock=said.shown.clock),
    )
