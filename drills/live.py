"""The live drill: desktops that are cut off ten thousand times hear everything once, in order, or are told of a gap."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from drills.desk import Desk
from drills.live_device import Device
from drills.live_record import Listener, Verdict, judged
from drills.live_tally import Tally
from drills.live_telling import Teller
from drills.live_weather import FORGETS, REDIS, Weather, second_process
from drills.tables import Table, percentile
from tests.worlds import World, start_world

__all__ = ["Run", "carried_out", "live", "table_of"]

_DEVICES: Final = 32
_ROLES: Final = ("general_manager", "front_desk", "housekeeper", "revenue_manager", "owner", "maintenance")
_STAYS_S: Final = 0.6
_TELL_EVERY_S: Final = 0.05
_SETTLES_S: Final = 1.0
"""Longer than a hint waits for more, and than what was told last is on its way."""

_REMEMBERING: Final = ((0.15, "restart"), (0.3, "kill"), (0.5, "restart"), (0.7, "kill"), (0.85, "kill"))
_FORGETTING: Final = ((0.2, "power"), (0.4, "forgot"), (0.6, "power"), (0.8, "power"))
"""When Redis does what, as shares of all disconnects."""

_FORGETFUL_SHARE: Final = 0.3
_QUICK: Final = 1000

Told = Callable[[str, int, int], None]


@dataclass(slots=True)
class Run:
    """Everything that a reader wants to know of a run."""

    listeners: list[Listener]
    teller: Teller
    weather: Weather
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """What each desktop heard against what was told."""
        return judged(self.listeners, self.teller.announced)

    @property
    def delays(self) -> list[float]:
        """Seconds from telling to hearing, of what was told while the stream that it came by was open."""
        told = self.teller.announced
        return [
            heard.at - told[heard.name].began
            for listener in self.listeners
            for heard in listener.heard
            if heard.name in told and heard.live_since is not None and heard.live_since < told[heard.name].began
        ]


async def live(folder: Path, *, disconnects: int, progress: Told) -> list[Table]:
    """Two tables: so many disconnects over a Redis that restarts, and fewer over one that forgets when it does."""
    quick, tables = disconnects < _QUICK, []
    with start_world(folder) as world:
        for name, schedule, share in (
            ("live", _REMEMBERING, 1.0),
            ("live-forgetting", _FORGETTING, _FORGETFUL_SHARE),
        ):
            table = _blank(name)
            run = await carried_out(
                world, folder, disconnects=int(share * disconnects), progress=progress,
                schedule=schedule[:1] if quick else schedule, kill_every_s=2.5 if quick else 4.0,
            )  # fmt: skip
            tables.append(table_of(run, table))
    return tables


async def carried_out(
    world: World,
    folder: Path,
    *,
    disconnects: int,
    progress: Told,
    devices: int = _DEVICES,
    schedule: Sequence[tuple[float, str]] = (),
    kill_every_s: float,
    stays_s: float = _STAYS_S,
) -> Run:
    """The same in a world that runs already, with its data in `folder`; `schedule` is when Redis does what."""
    chance, began = random.Random(), time.monotonic()
    async with second_process(world, folder) as second:
        everybody = _signed_in(world, devices)
        listeners = [listener for _, listener in everybody]
        teller = Teller(world, listeners, every_s=_TELL_EVERY_S, chance=chance)
        weather = Weather(
            world=world, second=second, state=folder / "state", teller=teller, chance=chance, kill_every_s=kill_every_s
        )
        run = Run(listeners, teller, weather)
        origins = (world.bff, world.bff, second.base, second.base, second.base, world.proxy)
        following = [
            Device(desk=desk, listener=listener, origins=origins, tally=run.tally, chance=chance, stays_s=stays_s)
            for desk, listener in everybody
        ]
        for device in following:
            await device.begin()
        await _through(run, following, disconnects, schedule, progress)
    run.seconds = time.monotonic() - began
    return run


async def _through(
    run: Run, everybody: list[Device], disconnects: int, schedule: Sequence[tuple[float, str]], progress: Told
) -> None:
    """Listen and tell through all weathers, then in fair weather until everybody has heard everything."""
    async with asyncio.TaskGroup() as group:
        telling = group.create_task(run.teller.run())
        for device in everybody:
            group.create_task(device.listen())
        weathers = [group.create_task(each) for each in (run.weather.processes(), run.weather.networks())]
        left = list(schedule)
        while (done := run.tally.disconnects) < disconnects or left:
            progress("disconnects", min(done, disconnects), disconnects)
            if left and done >= left[0][0] * disconnects:
                await run.weather.redis(left.pop(0)[1])
            await asyncio.sleep(0.25)
        run.teller.done = True
        await telling
        run.weather.over.set()
        for each in weathers:
            await each
        await asyncio.to_thread(run.weather.world.heal)
        await run.teller.arrived()
        await asyncio.sleep(_SETTLES_S)
        for device in everybody:
            device.done = True
        progress("disconnects", disconnects, disconnects)


def _signed_in(world: World, count: int) -> list[tuple[Desk, Listener]]:
    """People of all kinds, of both tenants in turn, each at a device of their own."""
    found = []
    for number in range(count):
        tenant, role = number % 2, _ROLES[number // 2 % len(_ROLES)]
        fitting = [
            each for each in world.people["operators"]
            if each["tenantId"] == world.tenants[tenant] and role in each["roles"]
        ]  # fmt: skip
        operator = fitting[number // 2 // len(_ROLES) % len(fitting)]
        desktop = world.sign_in(operator=operator, tenant=tenant)
        listener = Listener(
            tenant_id=operator["tenantId"],
            device_id=desktop.device_id,
            operator_id=operator["id"],
            roles=frozenset(operator["roles"]),
            properties=frozenset(operator["propertyIds"]),
        )
        found.append((Desk(desktop, operator["tenantId"], operator["propertyIds"][0]), listener))
    return found


_DOES: Final = {
    "live": "Redis restarts with everything that it was told.",
    "live-forgetting": "Redis loses its last second, or everything. Who had heard what it lost makes it a gap for "
    "all. A Redis without its file is another log: everybody is told of a gap in each channel and goes on at its end, "
    "so that what was told during the ten seconds in which it admits no proofs counts as lost and announced.",
}


def _blank(name: str = "live") -> Table:
    forgets = "" if name == "live" else ", and a Redis that forgets"
    return Table(
        name,
        "Live events through disconnects, kills and restarts" + forgets,
        f"{_DEVICES} desktops of two tenants and {len(_ROLES)} roles keep to the client rules of contract, section 6, "
        "against two service processes over one Redis and one Postgres. Each reads a stream or polls, hangs up at any "
        "byte, goes on at the same process, the other one or through the network proxy after the last id that it read, "
        "and leaves a stream open now and then while it opens the next one. Meanwhile numbered events are told by the "
        "platform's bus and by the log (to a tenant, a hotel, a role, an operator, a device), a service process is "
        f"killed every few seconds, and the network changes. {_DOES[name]} At the end every desktop's list of ids is "
        "held against what was told to it, and what the service made of the bus (hints) against what its peers heard. "
        "A loss is announced where `<channel>.resync` came in the place of what was lost.",
    )


def table_of(run: Run, table: Table | None = None) -> Table:
    """What a reader wants to know of a run."""
    table, tally, verdict = table or _blank(), run.tally, run.verdict
    table.told(
        "run", f"{run.seconds:.0f} s; {tally.streams} streams, {tally.polls} polls, {tally.switched} changes between"
    )
    table.told(
        "disconnects",
        f"{tally.disconnects}: {tally.cut} hung up at any byte or moment, {tally.broken} broken off, {tally.silent} "
        f"without an answer in time, {tally.taken_over} left open and taken over, {tally.ended.total()} ended by the "
        f"service ({_counts(tally.ended) or 'none'})",
    )
    table.told("what happened", _counts(run.weather.happened))
    table.told("answers instead of a stream or a poll", _counts(tally.refused) or "none")
    table.told("events told", f"{len(run.teller.announced)}; {verdict.due} deliveries due")
    forgot = any(run.weather.happened[f"Redis: {REDIS[each]}"] for each in FORGETS)
    if_it_forgot = "any, since Redis forgot" if forgot else "0"
    for what, found in (
        ("deliveries lost without a word", verdict.lost),
        ("repeated by id", verdict.repeated),
        ("out of order", verdict.disordered),
        ("one id for two events", verdict.ambiguous),
        ("heard by somebody who may not", verdict.foreign),
        ("older streams of a device left open", tally.not_superseded),
        ("first and last events with another id than promised", tally.not_as_promised),
    ):
        table.judged(what, "0", _found(found), held=not found)
    table.judged(
        "deliveries lost and announced", if_it_forgot, f"{verdict.covered}, by {verdict.gaps} announced gaps",
        held=forgot or not (verdict.covered or verdict.gaps),
    )  # fmt: skip
    table.judged("heard again under another id", if_it_forgot, str(verdict.again), held=forgot or not verdict.again)
    blamed = {code: count for code, count in tally.refused.items() if not code.startswith(("502", "503", "504"))}
    table.judged("answers that blame the client or are a defect", "0", _counts(blamed) or "0", held=not blamed)
    delays = run.delays
    table.told(
        "told → heard over an open stream, outages and all",
        f"p50 {percentile(delays, 0.5) * 1000:.0f} ms, p99 {percentile(delays, 0.99) * 1000:.0f} ms of {len(delays)}",
    )
    return table


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items(), key=lambda each: -each[1]))


def _found(what: Sequence[str]) -> str:
    """How many, and the first few of them: enough to look for the reason."""
    return f"{len(what)}" + (f" ({'; '.join(what[:3])})" if what else "")
