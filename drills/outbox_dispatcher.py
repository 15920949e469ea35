"""A dispatcher of the outbox in a process of its own, to be killed: `python -m drills.outbox_dispatcher PG REDIS`."""

from __future__ import annotations

import argparse

import uvloop

from bff_backoffice.application.outbox_relay import RelayOutbox
from bff_backoffice.application.telemetry_publishing import PublishTelemetry
from bff_backoffice.bootstrap import utc_now
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.event_bus import RedisEventPublisher
from bff_backoffice.infrastructure.observability import Metrics
from bff_backoffice.infrastructure.postgres.outbox import PostgresOutbox
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["LEASE_SECONDS", "main"]

LEASE_SECONDS = 2.0
"""How long the keys of a killed one wait: shorter than in service, so that a second's kills do not add up."""


async def _dispatch(postgres: str, redis: str) -> None:
    async with Database.open(postgres, size=4) as database:
        bus = RedisStore.open(redis, store="bus")
        relay = RelayOutbox(
            outbox=PostgresOutbox(database),
            tellers={},
            publish=PublishTelemetry(bus=RedisEventPublisher(redis=bus, clock=utc_now), clock=utc_now),
            observer=Metrics(),
            dispatchers=1,
            lease_seconds=LEASE_SECONDS,
        )
        await relay.run()


def main() -> None:
    """Dispatch until killed."""
    parser = argparse.ArgumentParser(prog="python -m drills.outbox_dispatcher", description=__doc__)
    parser.add_argument("postgres")
    parser.add_argument("redis")
    options = parser.parse_args()
    uvloop.run(_dispatch(options.postgres, options.redis))


if __name__ == "__main__":
    main()
