"""The composition root: open the adapters, build the use cases, close in reverse order. No container, no magic."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from pydantic import SecretStr

from bff_backoffice.acting import acting_of
from bff_backoffice.application.dashboard import ComposeDashboard, ComposeWidget
from bff_backoffice.application.downtime_pack import ComposeDowntimePack
from bff_backoffice.application.event_inbox import ReceiveEvents, ReplayEvent
from bff_backoffice.application.event_pushes import ReceivePushed
from bff_backoffice.application.flights import Flights
from bff_backoffice.application.health import CheckReadiness
from bff_backoffice.application.jobs import RunJobs
from bff_backoffice.application.live_events_following import LiveEvents
from bff_backoffice.application.machines import IdentifyMachine
from bff_backoffice.application.outbox_relay import RelayOutbox
from bff_backoffice.application.projections import Projection
from bff_backoffice.application.rate_limits import LimitRequests
from bff_backoffice.application.read_through import ReadThrough
from bff_backoffice.application.refresh_hints import RefreshHints
from bff_backoffice.application.sessions.authenticate import Authenticate, ProveKey
from bff_backoffice.application.sessions.force_logout import ForgetOperator
from bff_backoffice.application.sessions.lifecycle import ChooseProperty, CloseSession, RefreshSession
from bff_backoffice.application.sessions.tenants import KnowTenant
from bff_backoffice.application.telemetry_buffer import TelemetryBuffer
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.application.workbench import ComposeBoard
from bff_backoffice.attendance import Said, attendance_of, open_said
from bff_backoffice.board_reads import sections_of, widgets_of
from bff_backoffice.desk_records import recorders_of
from bff_backoffice.desktop_reads import start_of
from bff_backoffice.desktop_writes import looks_of, writers_of
from bff_backoffice.domain.device_proof import PublicOrigins, TokenRules
from bff_backoffice.domain.rate_limits import RateLimit
from bff_backoffice.events_in import (
    force_logout_of,
    hearing_of,
    open_publisher,
    open_subscription,
    pushes_of,
    receive_of,
    replay_of,
)
from bff_backoffice.gateways import Gateways, open_gateways
from bff_backoffice.inboxes import inboxes_of
from bff_backoffice.infrastructure.dpop import AccessTokenVerifier, KeySetCache, Nonces, ProofVerifier
from bff_backoffice.infrastructure.memorystore.cache import RedisProjections
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.multiplexed import MultiplexedRedisStore
from bff_backoffice.infrastructure.memorystore.proof_replay import ProofReplay
from bff_backoffice.infrastructure.memorystore.sessions import RedisSessions
from bff_backoffice.infrastructure.memorystore.tenants import RedisTenants
from bff_backoffice.infrastructure.memorystore.wrong_codes import RedisWrongCodes
from bff_backoffice.infrastructure.observability import Metrics
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.revoked_sessions import PostgresRevokedSessions
from bff_backoffice.live import listening_of
from bff_backoffice.lookup_reads import lookups_of
from bff_backoffice.machines import open_machines
from bff_backoffice.settings import Settings
from bff_backoffice.signing_keys import open_own_keys
from bff_backoffice.syncing import syncing_of
from bff_backoffice.telling import open_telemetry, relay_of, telemetry_of
from bff_backoffice.upkeep import requests_of, upkeep_of

__all__ = ["Service", "Worker", "open_service", "open_worker", "utc_now"]


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What the HTTP side of a process needs."""

    use: UseCases
    fresh_nonce: Callable[[], str | None]
    hints: RefreshHints


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What the background side of a process needs."""

    events: ReceiveEvents
    replay: ReplayEvent
    relay: RelayOutbox
    upkeep: RunJobs
    hints: RefreshHints


@asynccontextmanager
async def open_service(settings: Settings, metrics: Metrics) -> AsyncIterator[Service]:
    """Open everything that answers requests. Nothing has to be reachable for this: what is away shows in use."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database.open(_plain(settings.postgres_app_dsn), size=settings.postgres_connections)
        )
        gateways = await stack.enter_async_context(open_gateways(settings, metrics, clock=utc_now))
        sessions_tier = await _redis(stack, settings.redis_sessions_url, "sessions", settings)
        cache_tier = await _redis(stack, settings.redis_cache_url, "cache", settings)
        flights: Flights[Projection] = await stack.enter_async_context(Flights())
        sessions = _sessions(settings, sessions_tier, database)
        know_tenant = KnowTenant(
            kept=RedisTenants(sessions_tier), tenants=gateways.tenant, clock=utc_now,
            flights=await stack.enter_async_context(Flights()),
        )  # fmt: skip
        said = await stack.enter_async_context(open_said(database, sessions_tier, metrics, clock=utc_now))
        nonces = _nonces(settings)
        hearing = hearing_of(settings, metrics, database, sessions, cache_tier, clock=utc_now)
        yield Service(
            use=_use_cases(
                settings,
                metrics,
                database=database,
                gateways=gateways,
                sessions=sessions,
                know_tenant=know_tenant,
                said=said,
                cache_tier=cache_tier,
                flights=flights,
                nonces=nonces,
                emit=await stack.enter_async_context(open_telemetry(settings, database, metrics, clock=utc_now)),
                identify_machine=await stack.enter_async_context(open_machines(settings, clock=utc_now)),
                receive_pushed=pushes_of(settings, hearing, database, metrics=metrics),
                live_events=listening_of(settings, sessions_tier, observer=metrics.live, clock=utc_now),
            ),
            fresh_nonce=lambda: None if nonces is None else nonces.current(utc_now()),
            hints=hearing.hints,
        )


@asynccontextmanager
async def open_worker(settings: Settings, metrics: Metrics, *, name: str) -> AsyncIterator[Worker]:
    """Open everything that works in the background. `name` tells this consumer from the group's others."""
    if settings.postgres_worker_dsn is None:
        raise ValueError("BFF_POSTGRES_WORKER_DSN: is not set. The worker connects with a role of its own.")
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database.open(_plain(settings.postgres_worker_dsn), size=settings.postgres_connections)
        )
        sessions_tier = await _redis(stack, settings.redis_sessions_url, "sessions", settings)
        sessions = _sessions(settings, sessions_tier, database)
        cache_tier = await _redis(stack, settings.redis_cache_url, "cache", settings)
        hearing = hearing_of(settings, metrics, database, sessions, cache_tier, clock=utc_now)
        gateways = await stack.enter_async_context(open_gateways(settings, metrics, clock=utc_now))
        publisher = await stack.enter_async_context(open_publisher(settings, clock=utc_now))
        yield Worker(
            events=ReceiveEvents(
                subscription=await stack.enter_async_context(open_subscription(settings, name=name)),
                receive=receive_of(hearing, database, metrics=metrics),
            ),
            replay=replay_of(hearing, database),
            relay=relay_of(settings, gateways, database, publisher, metrics, clock=utc_now),
            upkeep=upkeep_of(database, sessions, metrics.jobs, telemetry_of(settings, clock=utc_now)),
            hints=hearing.hints,
        )


def _use_cases(
    settings: Settings,
    metrics: Metrics,
    *,
    database: Database,
    gateways: Gateways,
    sessions: RedisSessions,
    know_tenant: KnowTenant,
    said: Said,
    cache_tier: RedisStore,
    flights: Flights[Projection],
    nonces: Nonces | None,
    emit: TelemetryBuffer,
    identify_machine: IdentifyMachine,
    receive_pushed: ReceivePushed,
    live_events: LiveEvents,
) -> UseCases:
    revoked, telemetry = PostgresRevokedSessions(database), emit.telemetry
    keys = KeySetCache(gateways.iam.key_set, refresh_seconds=settings.auth_key_refresh_seconds)
    tokens = AccessTokenVerifier(TokenRules(issuer=settings.auth_issuer, audience=settings.auth_audience), keys)
    proofs = ProofVerifier(PublicOrigins.parse(settings.public_origins), nonces=nonces)
    cache = RedisProjections(redis=cache_tier)
    read_through = partial(ReadThrough, cache=cache, flights=flights, clock=utc_now, observer=metrics)
    sections = sections_of(gateways, read_through=read_through, clock=utc_now)
    inboxes = inboxes_of(gateways, database, read_through=read_through, clock=utc_now, observer=metrics)
    start = start_of(gateways, database, read_through=read_through, clock=utc_now)
    writers = recorders_of(
        gateways, database, inboxes.list_suggestions, others=writers_of(start), telemetry=telemetry, clock=utc_now
    )
    acting = acting_of(
        settings, metrics, database, gateways, writers=writers, looks=looks_of(start, writers),
        wrong_codes=RedisWrongCodes(sessions.redis), cache=cache, flights=flights, telemetry=telemetry, clock=utc_now,
    )  # fmt: skip
    widgets = widgets_of(gateways, said.shown, read_through=read_through, clock=utc_now)
    own_keys = open_own_keys(settings)
    authenticate = Authenticate(
        tokens=tokens, proofs=proofs, sessions=sessions, revoked=revoked, iam=gateways.iam, operators=gateways.tenant,
        know_tenant=know_tenant, telemetry=telemetry, emit=emit, clock=utc_now,
        accept_bearer=settings.auth_accept_bearer_scheme,
    )  # fmt: skip
    return UseCases(
        clock=utc_now,
        own_keys=own_keys,
        authenticate=authenticate,
        prove_key=ProveKey(proofs=proofs, sessions=sessions, clock=utc_now),
        identify_machine=identify_machine,
        receive_pushed=receive_pushed,
        limit_requests=_limits(settings),
        refresh_session=RefreshSession(
            tokens=tokens, sessions=sessions, revoked=revoked, iam=gateways.iam, emit=emit, clock=utc_now
        ),
        close_session=CloseSession(
            sessions=sessions, revoked=revoked, iam=gateways.iam, telemetry=telemetry, clock=utc_now
        ),
        choose_property=ChooseProperty(sessions=sessions),
        force_logout=force_logout_of(settings, sessions, database, clock=utc_now),
        forget_operator=ForgetOperator(sessions=sessions),
        compose_dashboard=ComposeDashboard(widgets=widgets, clock=utc_now, tell=emit),
        compose_widget=ComposeWidget(widgets=widgets),
        compose_board=ComposeBoard(sections=sections, clock=utc_now, tell=emit),
        compose_downtime_pack=ComposeDowntimePack(sections=sections, clock=utc_now),
        lookups=lookups_of(gateways, read_through=read_through, clock=utc_now),
        list_suggestions=inboxes.list_suggestions,
        list_alerts=inboxes.list_alerts,
        read_preferences=start.read_preferences,
        read_shortcuts=start.read_shortcuts,
        prepare_start=start,
        acting=acting,
        attendance=attendance_of(said, widgets, tell=emit),
        syncing=syncing_of(settings, gateways, database, own_keys, tell=emit, clock=utc_now),
        request_job=requests_of(database),
        live_events=live_events,
        check_readiness=_readiness(sessions, database),
    )


def _readiness(sessions: RedisSessions, database: Database) -> CheckReadiness:
    async def postgres_state() -> str:
        await database.ping()
        return "ready"

    return CheckReadiness(stores={"sessions": sessions.replay.status, "postgres": postgres_state})


def _sessions(settings: Settings, tier: RedisStore, database: Database) -> RedisSessions:
    replay = ProofReplay(tier, next_generation=database.next_replay_memory_generation, clock=utc_now)
    return RedisSessions(redis=tier, replay=replay, clock=utc_now, operator_seconds=settings.operator_seconds)


def _limits(settings: Settings) -> LimitRequests:
    return LimitRequests(
        device=RateLimit(name="device", per_second=settings.rate_device_per_second, burst=settings.rate_device_burst),
        tenant=RateLimit(name="tenant", per_second=settings.rate_tenant_per_second, burst=settings.rate_tenant_burst),
        now=time.monotonic,
    )


def _nonces(settings: Settings) -> Nonces | None:
    secret = settings.auth_nonce_secret if settings.auth_nonces else None
    return None if secret is None else Nonces(_plain(secret).encode())


async def _redis(stack: AsyncExitStack, url: SecretStr, store: str, settings: Settings) -> RedisStore:
    kind = MultiplexedRedisStore if settings.redis_client == "multiplexed" else RedisStore
    opened = kind.open(_plain(url), store=store, connections=settings.redis_connections)
    stack.push_async_callback(opened.aclose)
    return opened


def _plain(secret: SecretStr) -> str:
    return secret.get_secret_value()
