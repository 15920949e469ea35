"""How much is measured: a short run that shows whether all of it works, and longer ones to keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["FULL", "MEDIUM", "QUICK", "Sizes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Everything that the two runs differ in. Times are in seconds."""

    name: str
    operators: tuple[tuple[int, float, float], ...]
    """Operators, how often each opens a dashboard, and for how long. Below ten seconds the pace is accelerated; the
    proofs of a phase are made at its beginning and are good for a minute, so none is longer than fifty seconds."""
    rounds: int
    round_seconds: float
    cold_dashboards: int
    memory_dashboards: tuple[int, int]
    paced_seconds: float
    signature_seconds: float
    reads_seconds: float
    devices_seconds: float
    mutations_seconds: float
    sustained_seconds: float
    streams: int
    revoked: int
    outbox_seconds: float
    outbox_backlog: int


QUICK: Final = Sizes(
    name="quick",
    operators=((1, 0.25, 4.0), (10, 1.0, 5.0), (50, 5.0, 5.0)),
    rounds=2,
    round_seconds=2.0,
    cold_dashboards=60,
    memory_dashboards=(200, 1_000),
    paced_seconds=4.0,
    signature_seconds=0.5,
    reads_seconds=2.5,
    devices_seconds=5.0,
    mutations_seconds=2.5,
    sustained_seconds=5.0,
    streams=500,
    revoked=20,
    outbox_seconds=5.0,
    outbox_backlog=2_000,
)

MEDIUM: Final = Sizes(
    name="medium",
    operators=((1, 0.5, 10.0), (10, 2.0, 20.0), (50, 10.0, 30.0)),
    rounds=4,
    round_seconds=3.0,
    cold_dashboards=200,
    memory_dashboards=(1_000, 10_000),
    paced_seconds=8.0,
    signature_seconds=1.0,
    reads_seconds=5.0,
    devices_seconds=15.0,
    mutations_seconds=5.0,
    sustained_seconds=15.0,
    streams=2_000,
    revoked=100,
    outbox_seconds=15.0,
    outbox_backlog=10_000,
)

FULL: Final = Sizes(
    name="full",
    operators=((1, 0.5, 40.0), (10, 2.0, 40.0), (50, 10.0, 50.0)),
    rounds=5,
    round_seconds=6.0,
    cold_dashboards=500,
    memory_dashboards=(1_000, 10_000),
    paced_seconds=20.0,
    signature_seconds=2.0,
    reads_seconds=10.0,
    devices_seconds=30.0,
    mutations_seconds=10.0,
    sustained_seconds=30.0,
    streams=5_000,
    revoked=200,
    outbox_seconds=30.0,
    outbox_backlog=20_000,
)
