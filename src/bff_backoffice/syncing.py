"""The sync handshake, the cursors and what sync-service announces, put together.

A part of the composition root, which is the only one that imports it.
"""

from __future__ import annotations

from bff_backoffice.application.activity_offline import RecordOffline
from bff_backoffice.application.ports import Clock, OwnKeys
from bff_backoffice.application.sync import AdvanceCursor, KeepCopy, NegotiateSync, ReadCursor, Syncing
from bff_backoffice.application.telemetry import Emit
from bff_backoffice.gateways import Gateways
from bff_backoffice.infrastructure.postgres.activity import PostgresActivityLedger
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.sync_cursors import PostgresSyncCursors
from bff_backoffice.presentation.sync_events import SyncEvents
from bff_backoffice.settings import Settings

__all__ = ["sync_events_of", "syncing_of"]


def syncing_of(
    settings: Settings, gateways: Gateways, database: Database, own_keys: OwnKeys, *, tell: Emit, clock: Clock
) -> Syncing:
    """Put them together."""
    service, copies = gateways.sync, PostgresSyncCursors(database)
    return Syncing(
        negotiate=NegotiateSync(
            service=service,
            copies=copies,
            signer=own_keys.signer,
            clock=clock,
            otherwise_at=settings.sync_base_url or f"{settings.upstream_url('sync-service').rstrip('/')}/sync/v1",
            tell=tell,
        ),
        read_cursor=ReadCursor(service=service, copies=copies, clock=clock),
        advance_cursor=AdvanceCursor(service=service, copies=copies, clock=clock, tell=tell),
    )


def sync_events_of(database: Database, *, clock: Clock) -> SyncEvents:
    """Put together what hears of sync-service's events."""
    return SyncEvents(
        record_offline=RecordOffline(ledger=PostgresActivityLedger(database)),
        keep_copy=KeepCopy(copies=PostgresSyncCursors(database)),
        clock=clock,
    )
