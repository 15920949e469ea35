"""Live events on the wire: server-sent events (WHATWG HTML, section 9.2), and the same as JSON for those who poll."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from bff_backoffice.domain.live_events import Channel, Cursor, EndReason, Gap, LoggedEvent
from bff_backoffice.domain.operator import TenantId

__all__ = ["PADDING", "beat_frame", "end_frame", "event_frame", "gap_frame", "ready_frame"]

PADDING: Final = b":" + b" " * 2048 + b"\n\n"
"""The first comment. A proxy that buffers has 2 KB to pass on at once, or to show by its silence that it does not."""

_ENCODE: Final = msgspec.json.Encoder(enc_hook=str).encode


def _frame(cursor: Cursor, channel: str, kind: str, data: bytes) -> bytes:
    return b"id: %b\nevent: %b.%b\ndata: %b\n\n" % (str(cursor).encode(), channel.encode(), kind.encode(), data)


def _own(cursor: Cursor, channel: Channel, kind: str, payload: object, *, tenant_id: TenantId, at: datetime) -> bytes:
    data = {
        "channel": channel,
        "type": kind,
        "occurredAt": at,
        "tenantId": tenant_id,
        "propertyId": None,
        "payload": payload,
    }
    return _frame(cursor, channel, kind, _ENCODE(data))


class _Last:
    """The frame that was made last, and of what: an event is handed to all of a tenant's listeners in a row."""

    __slots__ = ("event", "frame")

    def __init__(self) -> None:
        self.event: LoggedEvent | None = None
        self.frame = b""


_LAST: Final = _Last()


def event_frame(cursor: Cursor, event: LoggedEvent) -> bytes:
    """An event of the log."""
    if _LAST.event is not event:
        _LAST.frame, _LAST.event = _frame(cursor, event.channel, event.type, event.data), event
    return _LAST.frame


def gap_frame(cursor: Cursor, gap: Gap, tenant_id: TenantId, at: datetime) -> bytes:
    """`<channel>.resync`: what the channel is about must be loaded anew."""
    return _own(cursor, gap.channel, "resync", {}, tenant_id=tenant_id, at=at)


def ready_frame(
    cursor: Cursor,
    tenant_id: TenantId,
    at: datetime,
    *,
    heartbeat_seconds: int,
    lifetime_seconds: int,
    recovered: bool,
    channels: tuple[Channel, ...],
) -> bytes:
    """`session.ready`: from where the stream goes on, and what to expect of it."""
    payload = {
        "heartbeatSeconds": heartbeat_seconds,
        "maxLifetimeSeconds": lifetime_seconds,
        "cursor": str(cursor),
        "recovered": recovered,
        "channels": channels,
    }
    return _own(cursor, Channel.SESSION, "ready", payload, tenant_id=tenant_id, at=at)


def end_frame(cursor: Cursor, reason: EndReason, detail: str, tenant_id: TenantId, at: datetime) -> bytes:
    """The last event of a stream: why it ends, and whether its client should come back by itself."""
    comes_back = reason not in {EndReason.SUPERSEDED, EndReason.REVOKED}
    payload = {"reason": detail or reason, "reconnect": comes_back}
    return _own(cursor, Channel.SESSION, reason, payload, tenant_id=tenant_id, at=at)


def beat_frame(now: datetime) -> bytes:
    """A comment that says when it was sent, so that two that arrive together show what is in between."""
    return b": %b\n\n" % now.isoformat(timespec="milliseconds").encode()
