"""`python -m bench`: start worlds, measure, print tables, write JSON.

`QUICK=1` runs briefly, `SIZE=medium` longer; `ONLY=streams,devices,outbox` measures these parts and nothing else, each
in worlds of its own; `mutations` is the fourth.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import Awaitable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import uvloop

from bench import machine
from bench.dashboards import Target, cpu_per_cold_dashboard, measure_dashboards, prime
from bench.desktops import Desktop, DeviceKey, sign_in_many
from bench.devices import measure_devices, sign_in_devices
from bench.goals import judged
from bench.memory import resident_after
from bench.mutations import measure_mutations, sustain_mutations
from bench.outbox import outbox_alone
from bench.page import tables, write_page
from bench.peers import nginx as nginx_peer
from bench.peers import node_peer
from bench.reads import measure_reads, shared_by_colleagues
from bench.results import Results
from bench.signature import verifications_per_second
from bench.sizes import FULL, MEDIUM, QUICK, Sizes
from bench.streams import streams_alone
from bench.trivial_route import paced_cost, saturated, summary
from bench.world import World, call, start_world

T = TypeVar("T")

_SIZES = {sizes.name: sizes for sizes in (QUICK, MEDIUM, FULL)}
_DEVICES = 60
_BREAKER_SECONDS = 4.5
_MUTATIONS_PER_SECOND = 200.0
_PACED_RATE = 600.0
"""Requests a second at which one process and two are compared: well below what either can do."""


class _Run:
    """One run: a world with one process and both peers, then a world with two processes."""

    def __init__(self, sizes: Sizes, folder: Path, parts: tuple[str, ...]) -> None:
        self.sizes, self.folder = sizes, folder
        self.alone = {
            "mutations": self._mutations_alone,
            "streams": self._streams,
            "devices": self._devices_alone,
            "outbox": self._outbox,
        }
        self.keys: dict[str, DeviceKey] = {}
        self.results = Results(
            size=sizes.name,
            parts=parts,
            at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            machine=machine.describe(),
            load_average=(machine.load_average(), 0.0),
        )

    def say(self, what: str) -> None:
        print(f"[{datetime.now(UTC):%H:%M:%S}] {what} …", file=sys.stderr, flush=True)

    def everything(self) -> Results:
        self.say("signature checks alone")
        self.results.verifications_per_second = verifications_per_second(self.sizes.signature_seconds)
        self.say("starting a world with one process")
        with start_world(self.folder / "one") as world, ExitStack() as stack:
            self._one_process(world, stack)
        self.say("starting a world with two processes")
        with start_world(self.folder / "two", workers=2) as world:
            desktops = sign_in_many(world, _DEVICES, {})
            service = Target(name="service", origin=world.bff, pids=world.services)
            self.results.paced_cpu_us["two"] = self._paced(service, desktops)
        self._streams()
        self._outbox()
        return self._judged()

    def some(self) -> Results:
        """The parts that were asked for, one after the other."""
        for part in self.results.parts:
            self.alone[part]()
        return self._judged()

    def _judged(self) -> Results:
        self.results.load_average = (self.results.load_average[0], machine.load_average())
        self.results.lines = judged(self.results)
        return self.results

    def _one_process(self, world: World, stack: ExitStack) -> None:
        desktops = sign_in_many(world, _DEVICES, self.keys)
        service = Target(name="service", origin=world.bff, pids=world.services, breaker_seconds=_BREAKER_SECONDS)
        _wait_for(prime(service, desktops[:1]))
        self.say("memory")
        # First, because a process that has already done much has its growth behind it.
        self.results.resident_mb = _wait_for(resident_after(world, service, desktops, self.sizes.memory_dashboards))
        desktops = sign_in_many(world, _DEVICES, self.keys)
        node = stack.enter_context(node_peer.node_peer(self.folder / "node", world))
        calls = [tuple(each) for each in call("GET", f"{world.recorded}/_recorded/targets")]
        nginx = stack.enter_context(nginx_peer.nginx(self.folder / "nginx", world.recorded, calls))
        if node is None:
            self.results.missing.append(node_peer.HOW_TO_INSTALL)
        if nginx is None:
            self.results.missing.append(nginx_peer.HOW_TO_INSTALL)
        self._dashboards(world, service, node, desktops)
        self.say("boards, inboxes, search, bootstrap")
        own = desktops[:50]
        self.results.reads = _wait_for(measure_reads(world, service, own, seconds=self.sizes.reads_seconds))
        self.results.sharing = _wait_for(shared_by_colleagues(world, service, own))
        self._mutations(world, service, own)
        self._cold_cost(world, [each for each in (service, node, nginx) if each is not None], desktops[0])
        desktops = sign_in_many(world, _DEVICES, self.keys)
        self._trivial_route(world, [each for each in (service, node, nginx) if each is not None], desktops)
        self._devices(world)

    def _dashboards(self, world: World, service: Target, node: Target | None, desktops: list[Desktop]) -> None:
        for operators, every, seconds in self.sizes.operators:
            for condition in ("cold", "warm", "hanging"):
                for target, rows in ((service, self.results.dashboards), (node, self.results.peer_dashboards)):
                    if target is None or (target is node and operators == 1):
                        continue
                    self.say(f"{target.name}: {condition} dashboards, {operators} operators")
                    measured = measure_dashboards(
                        world, target, desktops[:operators], condition, every=every, seconds=seconds
                    )
                    rows.append(_wait_for(measured))

    def _mutations(self, world: World, service: Target, desktops: list[Desktop]) -> None:
        self.say("mutations")
        sizes, results = self.sizes, self.results
        results.mutations = _wait_for(measure_mutations(world, service, desktops, seconds=sizes.mutations_seconds))
        self.say(f"{_MUTATIONS_PER_SECOND:.0f} mutations a second")
        held = sustain_mutations(world, service, desktops, rate=_MUTATIONS_PER_SECOND, seconds=sizes.sustained_seconds)
        results.sustained = _wait_for(held)

    def _mutations_alone(self) -> None:
        """Two minutes of a machine that has nothing else to do."""
        with start_world(self.folder / "mutations") as world:
            desktops = sign_in_many(world, 50, self.keys)
            self._mutations(world, Target(name="service", origin=world.bff, pids=world.services), desktops)

    def _devices(self, world: World) -> None:
        self.say("heartbeats and handshakes of two hundred devices")
        fleet = sign_in_devices(world, self.keys)
        self.results.devices = _wait_for(measure_devices(world, fleet, seconds=self.sizes.devices_seconds))

    def _devices_alone(self) -> None:
        with start_world(self.folder / "devices") as world:
            self._devices(world)

    def _streams(self) -> None:
        self.say(f"{self.sizes.streams:,} live streams, one process; {self.sizes.revoked} revocations, two")
        self.results.live = streams_alone(self.folder, count=self.sizes.streams, revoked=self.sizes.revoked)

    def _outbox(self) -> None:
        self.say("the outbox, with one dispatcher and with several")
        self.results.outbox = outbox_alone(
            self.folder, seconds=self.sizes.outbox_seconds, backlog=self.sizes.outbox_backlog
        )

    def _cold_cost(self, world: World, targets: list[Target], desktop: Desktop) -> None:
        found: dict[str, list[float]] = {target.name: [] for target in targets}
        for _ in range(self.sizes.rounds):
            for target in targets:
                self.say(f"{target.name}: processor time of cold dashboards")
                path = b"GET /dashboard HTTP/1.1\r\nHost: peer\r\n\r\n" if target.name == "nginx" else None
                count = self.sizes.cold_dashboards // self.sizes.rounds
                found[target.name].append(
                    _wait_for(cpu_per_cold_dashboard(world, target, desktop, count=count, path=path))
                )
        self.results.cold_cpu_ms = {name: statistics.median(costs) for name, costs in found.items()}

    def _trivial_route(self, world: World, targets: list[Target], desktops: list[Desktop]) -> None:
        again = Target(name="service again", origin=targets[0].origin, pids=targets[0].pids)
        for number in range(self.sizes.rounds):
            for target in (*targets, again):
                self.say(f"{target.name}: the trivial route, round {number + 1} of {self.sizes.rounds}")
                requests = None
                if target.name == "nginx":
                    requests = [b"GET /session HTTP/1.1\r\nHost: peer\r\n\r\n"] * int(self.sizes.round_seconds * 60_000)
                one = saturated(world, target, desktops, seconds=self.sizes.round_seconds, requests=requests)
                self.results.rounds.append(_wait_for(one))
        for target in (*targets, again):
            rounds = [one for one in self.results.rounds if one.name == target.name]
            self.results.medians.append(summary(rounds))
        self.results.paced_cpu_us = {"rate": _PACED_RATE, "one": self._paced(targets[0], desktops)}

    def _paced(self, target: Target, desktops: list[Desktop]) -> float:
        self.say(f"{len(target.pids)} process(es) at {_PACED_RATE:.0f} requests a second")
        return _wait_for(paced_cost(target, desktops, seconds=self.sizes.paced_seconds, rate=_PACED_RATE))


def _wait_for(work: Awaitable[T]) -> T:
    async def run() -> T:
        return await work

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def main() -> None:
    """Measure, print, write."""
    sizes = _SIZES[os.environ.get("SIZE") or ("quick" if os.environ.get("QUICK") else "full")]
    parts = tuple(part for part in os.environ.get("ONLY", "").split(",") if part)
    machine.pin([os.getpid()], machine.GENERATOR_CORE)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run = _Run(sizes, Path(folder), parts)
        if unknown := set(parts) - set(run.alone):
            sys.exit(f"ONLY={','.join(sorted(unknown))}: there are {', '.join(run.alone)}")
        results = run.some() if parts else run.everything()
    for section, text in tables(results).items():
        print(f"── {section}\n\n{text}\n")
    print(f"Written: {results.write()}")
    if os.environ.get("PAGE"):
        write_page(results)


if __name__ == "__main__":
    main()
