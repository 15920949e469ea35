"""The simulator's state in one place: the world, the bus, what was recorded, what is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from platform_sim.bus import Bus
from platform_sim.faults import FaultBoard
from platform_sim.google_identity import GoogleIdentity
from platform_sim.idempotency import Deduplication
from platform_sim.network_proxy import NetworkProxy, Weather
from platform_sim.recorder import Recorder
from platform_sim.world.generate import generate
from platform_sim.world.world import World

__all__ = ["Simulator", "utc_now"]


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def _this_minute(now: datetime) -> datetime:
    # Worlds of one minute are the same to the second, so that a reset can copy the one before it.
    return now.replace(second=0, microsecond=0)


@dataclass(slots=True, kw_only=True)
class Simulator:
    """Everything that the control routes may change."""

    seed: int
    bus: Bus
    world: World
    clock: Callable[[], datetime] = utc_now
    recorder: Recorder = field(default_factory=Recorder)
    faults: FaultBoard = field(default_factory=FaultBoard)
    keys: Deduplication = field(default_factory=Deduplication)
    google: GoogleIdentity = field(default_factory=GoogleIdentity)
    network: NetworkProxy | None = None
    """The proxy in front of the service, where one was asked for."""

    @classmethod
    def begin(cls, *, seed: int, bus: Bus, clock: Callable[[], datetime] = utc_now) -> Simulator:
        """A simulator with the world of a seed, as it is today."""
        return cls(seed=seed, bus=bus, world=generate(seed, _this_minute(clock())), clock=clock)

    def reset(self) -> None:
        """The world as it began: seed identifiers, no faults, fair weather, nothing recorded or remembered."""
        self.faults.lift()
        generation = self.world.identity.key_generation
        self.world = generate(self.seed, _this_minute(self.clock()))
        self.world.identity.key_generation = generation
        self.recorder.requests.clear()
        self.recorder.effects.clear()
        self.keys.forget()
        if self.network is not None:
            self.network.change(Weather())
