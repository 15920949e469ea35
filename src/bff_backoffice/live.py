"""The live log, who listens to it, and the two ways to listen, put together."""

from __future__ import annotations

from typing import Final

from bff_backoffice.application.live_events import LiveObserver
from bff_backoffice.application.live_events_following import FollowLiveEvents, LiveEvents, PollLiveEvents
from bff_backoffice.application.live_events_hub import LiveHub
from bff_backoffice.application.ports import Clock
from bff_backoffice.domain.live_settings import STREAM_HEARTBEAT_SECONDS
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.live_feed import RedisLiveFeed
from bff_backoffice.infrastructure.memorystore.live_fences import RedisStreamFences
from bff_backoffice.infrastructure.memorystore.live_log import RedisLiveLog
from bff_backoffice.settings import Settings

__all__ = ["listening_of"]

_BUFFER_BYTES: Final = 524_288
"""How much is kept for a client that reads slowly: more than all that can be heard in one turn of the event loop."""


def listening_of(settings: Settings, sessions_tier: RedisStore, *, observer: LiveObserver, clock: Clock) -> LiveEvents:
    """Who listens in this process, and how. The log is beside the sessions, since nothing is evicted there."""
    log, fences = RedisLiveLog(redis=sessions_tier), RedisStreamFences(sessions_tier)
    hub = LiveHub(
        log=log,
        feed=RedisLiveFeed.open(settings.redis_sessions_url.get_secret_value()),
        fences=fences,
        observer=observer,
        clock=clock,
        heartbeat_seconds=STREAM_HEARTBEAT_SECONDS,
    )
    return LiveEvents(
        hub=hub,
        follow=FollowLiveEvents(hub=hub, log=log, fences=fences, observer=observer),
        poll=PollLiveEvents(hub=hub, log=log),
        lifetime_seconds=settings.live_lifetime_seconds,
        heartbeat_seconds=STREAM_HEARTBEAT_SECONDS,
        buffer_bytes=_BUFFER_BYTES,
    )
