"""How a desktop hears of what happens: the channels of the live stream, and how often there is something to hear.

Contract, sections 6 and 10.
"""

from __future__ import annotations

from typing import Final

from bff_backoffice.domain.live_events import Channel

__all__ = ["CHANNELS", "POLL_SECONDS", "STREAM_HEARTBEAT_SECONDS"]

CHANNELS: Final = tuple(each.value for each in Channel)
"""What a stream may be asked for."""

STREAM_HEARTBEAT_SECONDS: Final = 15
"""How often a quiet stream says that it is there, so that a dead link is noticed within half a minute."""

POLL_SECONDS: Final = 15
"""How often a desktop without a stream asks for events; four times in the life of a device's heartbeat."""
