"""Which bus, and what becomes of what arrives on it. A part of the composition root, which alone imports it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bff_backoffice.application.event_bus import EventPublisher, EventSubscription
from bff_backoffice.application.event_inbox import ReceiveEvent, ReplayEvent
from bff_backoffice.application.event_pushes import ReceivePushed
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.refresh_hints import RefreshHints, RefreshViews
from bff_backoffice.application.sessions.force_logout import ForceLogout, ForgetOperator
from bff_backoffice.application.sessions.tenants import ForgetTenant
from bff_backoffice.desktop_reads import forgetting_of
from bff_backoffice.infrastructure.memorystore.cache import RedisProjections
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.event_bus import (
    BLOCK_SECONDS,
    RedisEventPublisher,
    RedisEventSubscription,
)
from bff_backoffice.infrastructure.memorystore.live_log import RedisLiveLog
from bff_backoffice.infrastructure.memorystore.sessions import RedisSessions
from bff_backoffice.infrastructure.memorystore.tenants import RedisTenants
from bff_backoffice.infrastructure.observability import Metrics
from bff_backoffice.infrastructure.postgres.event_inbox import PostgresEventInbox, PostgresParkedEvents
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.revoked_sessions import PostgresRevokedSessions
from bff_backoffice.presentation.consumers import Consumers
from bff_backoffice.settings import Settings
from bff_backoffice.syncing import sync_events_of
from bff_backoffice.telling import telemetry_of

__all__ = [
    "Hearing",
    "force_logout_of",
    "hearing_of",
    "open_publisher",
    "open_subscription",
    "pushes_of",
    "receive_of",
    "replay_of",
]

_OPERATION_SECONDS: Final = BLOCK_SECONDS + 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Who hears of events, and what has to run so that desktops are told in the end."""

    consumers: Consumers
    hints: RefreshHints


def force_logout_of(settings: Settings, sessions: RedisSessions, database: Database, *, clock: Clock) -> ForceLogout:
    """What ends sessions, whoever learnt that they have to end."""
    return ForceLogout(
        sessions=sessions,
        revoked=PostgresRevokedSessions(database),
        telemetry=telemetry_of(settings, clock=clock),
        clock=clock,
        token_lifetime=timedelta(seconds=settings.auth_token_max_seconds),
    )


def hearing_of(
    settings: Settings,
    metrics: Metrics,
    database: Database,
    sessions: RedisSessions,
    cache_tier: RedisStore,
    *,
    clock: Clock,
) -> Hearing:
    """Which event leads to what, the same for those that are pulled and those that are pushed."""
    cache = RedisProjections(redis=cache_tier)
    live_log = RedisLiveLog(redis=sessions.redis)
    hints = RefreshHints(log=live_log, clock=clock)
    consumers = Consumers(
        inbox=PostgresEventInbox(database),
        force_logout=force_logout_of(settings, sessions, database, clock=clock),
        forget_operator=ForgetOperator(sessions=sessions),
        forget_tenant=ForgetTenant(kept=RedisTenants(sessions.redis), clock=clock),
        forget_start=forgetting_of(database, cache, clock=clock),
        refresh_views=RefreshViews(cache=cache, hints=hints, observer=metrics),
        announce=live_log,
        sync_events=sync_events_of(database, clock=clock),
        clock=clock,
    )
    return Hearing(consumers=consumers, hints=hints)


def receive_of(hearing: Hearing, database: Database, *, metrics: Metrics) -> ReceiveEvent:
    """Everything that arrives goes to the consumers, and what they can't use is parked in Postgres."""
    return ReceiveEvent(handle=hearing.consumers, parked=PostgresParkedEvents(database), observer=metrics)


def pushes_of(settings: Settings, hearing: Hearing, database: Database, *, metrics: Metrics) -> ReceivePushed:
    """The same for what is pushed to the subscriptions that the settings name."""
    return ReceivePushed(
        receive=receive_of(hearing, database, metrics=metrics), subscriptions=frozenset(settings.push_subscriptions)
    )


@asynccontextmanager
async def open_subscription(settings: Settings, *, name: str) -> AsyncIterator[EventSubscription]:
    """What the platform publishes. `name` tells this consumer from the others. Nothing is connected before its use."""
    if settings.event_bus == "pubsub" and settings.pubsub_project is not None:
        from bff_backoffice.infrastructure.pubsub import clients, subscription  # noqa: PLC0415 - large, seldom needed

        async with clients.open_subscriber_client(settings.pubsub_emulator) as client:
            yield subscription.PubSubSubscription(
                client=client, project=settings.pubsub_project, names=settings.pubsub_subscriptions, client_id=name
            )
        return
    async with _redis_bus(settings) as store:
        yield RedisEventSubscription(redis=store, name=name)


@asynccontextmanager
async def open_publisher(settings: Settings, *, clock: Clock) -> AsyncIterator[EventPublisher]:
    """Where this service publishes. Nothing is connected before its use."""
    if settings.event_bus == "pubsub" and settings.pubsub_project is not None:
        from bff_backoffice.infrastructure.pubsub import clients, publisher  # noqa: PLC0415 - large, seldom needed

        async with clients.open_publisher_client(settings.pubsub_emulator) as client:
            yield publisher.PubSubPublisher(client=client, project=settings.pubsub_project)
        return
    async with _redis_bus(settings) as store:
        yield RedisEventPublisher(redis=store, clock=clock)


@asynccontextmanager
async def _redis_bus(settings: Settings) -> AsyncIterator[RedisStore]:
    url = settings.redis_bus_url or settings.redis_sessions_url
    store = RedisStore.open(url.get_secret_value(), store="bus", operation_seconds=_OPERATION_SECONDS)
    try:
        yield store
    finally:
        await store.aclose()


def replay_of(hearing: Hearing, database: Database) -> ReplayEvent:
    """What was parked, tried again by the same consumers."""
    return ReplayEvent(handle=hearing.consumers, parked=PostgresParkedEvents(database))
