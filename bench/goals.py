"""The goals that the issues set for speed: each measured figure beside the wanted one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.dashboards import DashboardRow
from bench.devices import HEARTBEATS
from bench.peers import nchan_peer
from bench.reads import BOARDS, ReadRow
from bench.results import Line, Results
from bench.trivial_route import Round

__all__ = ["judged"]


def judged(results: Results) -> list[Line]:
    """Every goal, in the issues' order. A goal whose figure is missing in this run is left out."""
    sections = {
        "boards": (_dashboard_goals, _request_goals, _cpu_goals, _process_goals, _memory_goals, _read_goals),
        "mutations": (_mutation_goals,),
        "streams": (_stream_goals,),
        "devices": (_device_goals,),
        "outbox": (_outbox_goals,),
    }
    return [
        replace(line, section=section)
        for section, goals in sections.items()
        for each in goals
        for line in each(results)
    ]


def _row(rows: Sequence[DashboardRow], condition: str, operators: int) -> DashboardRow | None:
    return next((row for row in rows if row.condition == condition and row.operators == operators), None)


def _worst(rows: Sequence[DashboardRow], operators: int) -> float | None:
    found = [row.first_byte[1] for row in rows if row.operators == operators]
    return max(found, default=None)


def _ratio(ours: float, theirs: float | None, peer: str = "Node") -> str:
    return "" if not theirs else f"{ours / theirs:.2f} × {peer}"


def _dashboard_goals(results: Results) -> Iterator[Line]:
    ours, node = results.dashboards, results.peer_dashboards
    first = _worst(ours, 50)
    if first is not None:
        yield Line(
            what="dashboard first byte p95, 50 operators", wanted="≤ 10 ms", measured=f"{first:.1f} ms",
            met=first <= 10, ratio=_ratio(first, _worst(node, 50)), note="worst of cold, warm and hanging",
        )  # fmt: skip
    cold, peer = _row(ours, "cold", 10), _row(node, "cold", 10)
    if cold is not None and cold.after_slowest is not None:
        theirs = peer.after_slowest[1] if peer and peer.after_slowest else None
        yield Line(
            what="cold dashboard's end after the slowest upstream's answer, p95, 10 operators", wanted="≤ 5 ms",
            measured=f"{cold.after_slowest[1]:.1f} ms", met=cold.after_slowest[1] <= 5,
            ratio=_ratio(cold.after_slowest[1], theirs), note="same clock on both sides",
        )  # fmt: skip
    warm, peer = _row(ours, "warm", 50), _row(node, "warm", 50)
    if warm is not None:
        yield Line(
            what="warm dashboard total p95, 50 operators", wanted="≤ 25 ms", measured=f"{warm.total[1]:.1f} ms",
            met=warm.total[1] <= 25, ratio=_ratio(warm.total[1], peer.total[1] if peer else None),
        )  # fmt: skip


def _least(results: Results, name: str) -> float:
    """Requests of a CPU second in the round that neighbours disturbed least."""
    return max(one.per_core_second for one in results.rounds if one.name == name)


def _median(results: Results, name: str) -> Round | None:
    return next((one for one in results.medians if one.name == name), None)


def _request_goals(results: Results) -> Iterator[Line]:
    ours, node, nginx = (_median(results, name) for name in ("service", "node", "nginx"))
    if ours is None:
        return
    measured = f"{ours.per_core_second:,.0f} a CPU second ({ours.per_second:,.0f}/s on the clock)"
    if node is not None:
        ratio = ours.per_core_second / node.per_core_second
        least = _least(results, "service") / _least(results, "node")
        yield Line(
            what="authenticated requests per core", wanted="≥ Node's", measured=measured, met=ratio >= 1,
            ratio=f"{ratio:.2f} × Node", note=f"in the least disturbed rounds {least:.2f}; 1.3 is the moonshot",
        )  # fmt: skip
    share = ours.per_core_second / results.verifications_per_second
    nginx_ratio = "" if nginx is None else f"{ours.per_core_second / nginx.per_core_second:.3f} × nginx"
    yield Line(
        what="the same, of what the signature check alone allows",
        wanted="≥ 40 %", measured=f"{share:.0%}", met=share >= 0.4, ratio=nginx_ratio,
        note=f"{results.verifications_per_second:,.0f} verifications a CPU second",
    )  # fmt: skip


def _cpu_goals(results: Results) -> Iterator[Line]:
    cost = results.cold_cpu_ms
    if "service" not in cost:
        return
    node, nginx = cost.get("node"), cost.get("nginx")
    yield Line(
        what="CPU of a cold dashboard", wanted="≤ 2 × Node", measured=f"{cost['service']:.1f} ms",
        met=None if node is None else cost["service"] <= 2 * node,
        ratio=", ".join(filter(None, (_ratio(cost["service"], node), _ratio(cost["service"], nginx, "nginx")))),
    )  # fmt: skip


def _process_goals(results: Results) -> Iterator[Line]:
    cost = results.paced_cpu_us
    if {"one", "two"} <= set(cost):
        ratio = cost["two"] / cost["one"]
        yield Line(
            what="CPU of a request with two processes", wanted="within 10 % of one",
            measured=f"{cost['two']:.0f} µs, one: {cost['one']:.0f} µs", met=ratio <= 1.1, ratio="",
            note=f"{ratio - 1:+.0%}, at {cost['rate']:.0f} requests/s",
        )  # fmt: skip


def _memory_goals(results: Results) -> Iterator[Line]:
    if len(results.resident_mb) > 1:
        (few, before), (many, after) = results.resident_mb[0], results.resident_mb[-1]
        growth = after / before - 1
        yield Line(
            what=f"memory after {many:,} dashboards", wanted=f"within 5 % of that after {few:,}",
            measured=f"{after:.0f} MiB, before: {before:.0f} MiB", met=growth <= 0.05, note=f"{growth:+.1%}",
        )  # fmt: skip


def _worst_read(rows: Sequence[ReadRow], paths: Sequence[str], condition: str, *, after: bool) -> float | None:
    found = [
        value[1]
        for row in rows
        if row.path in paths and row.condition == condition
        for value in (row.after_slowest if after else row.total,)
        if value is not None
    ]
    return max(found, default=None)


def _read_goals(results: Results) -> Iterator[Line]:
    wanted = (
        ("warm board's total p95, 50 operators", BOARDS, "warm", False, 30.0),
        ("cold board's end after its slowest upstream's answer, p95, 50 operators", BOARDS, "cold", True, 10.0),
        ("cold bootstrap's total p95, 50 operators", ("/bootstrap",), "cold", False, 60.0),
        ("suggestions' end after their upstream's answer, p95, 50 operators", ("/ai/suggestions",), "cold", True, 10.0),
    )
    for what, paths, condition, after, most in wanted:
        found = _worst_read(results.reads, paths, condition, after=after)
        if found is not None:
            note = "worst of seven" if len(paths) > 1 else ""
            measured = f"{found:.1f} ms"
            yield Line(what=what, wanted=f"≤ {most:g} ms", measured=measured, met=found <= most, note=note)
    if results.sharing is not None:
        shared = results.sharing
        yield Line(
            what=f"upstream calls of {shared.dashboards} colleagues' dashboards within one freshness",
            wanted=f"{shared.alone}, as for one", measured=str(shared.calls), met=shared.calls <= shared.alone,
        )  # fmt: skip


def _device_goals(results: Results) -> Iterator[Line]:
    beats = [row.total[1] for row in results.devices if row.what in HEARTBEATS]
    shakes = [row.total[1] for row in results.devices if row.what == "sync handshake"]
    for what, found, most, note in (
        ("heartbeat p95, 200 devices", beats, 10.0, "worst of three kinds; specification: 80 ms"),
        ("sync handshake p95", shakes, 300.0, "the simulator's own time in it"),
    ):
        if found:
            worst = max(found)
            yield Line(what=what, wanted=f"≤ {most:g} ms", measured=f"{worst:.1f} ms", met=worst <= most, note=note)


def _stream_goals(results: Results) -> Iterator[Line]:
    if results.live is None:
        return
    (ours, *peers), revoked = results.live.rows, results.live.revoked
    peer = peers[0] if peers else None
    missing = "" if peer else nchan_peer.HOW_TO_INSTALL
    yield Line(
        what=f"memory of an idle stream, {ours.streams:,} in one process", wanted="≤ 20 kB",
        measured=f"{ours.idle_kb:.1f} kB", met=ours.idle_kb <= 20,
        ratio=_ratio(ours.idle_kb, peer.idle_kb if peer else None, "Nchan"), note=missing or "10 kB is the moonshot",
    )  # fmt: skip
    yield Line(
        what=f"one event to all {ours.streams:,}, p99", wanted="≤ 150 ms", measured=f"{ours.fan_out[2]:.0f} ms",
        met=ours.fan_out[2] <= 150 and not ours.missed,
        ratio=_ratio(ours.fan_out[2], peer.fan_out[2] if peer else None, "Nchan"),
        note=f"p50 {ours.fan_out[0]:.0f} ms, from the platform's publication over bus and worker"
        + (f"; {ours.missed} NOT reached" if ours.missed else ""),
    )  # fmt: skip
    yield Line(
        what="first event of a stream, p95", wanted="≤ 50 ms", measured=f"{ours.first_event[1]:.1f} ms",
        met=ours.first_event[1] <= 50, note="each device's first request, which opens its session too",
    )  # fmt: skip
    yield Line(
        what="forced logout, from publication to the closed socket over two replicas, p99", wanted="≤ 1 s",
        measured=f"{revoked.closed[2]:.0f} ms", met=revoked.closed[2] <= 1000 and not revoked.open,
        note="specification: 5 s" + (f"; {revoked.open} stayed OPEN" if revoked.open else ""),
    )  # fmt: skip


def _outbox_goals(results: Results) -> Iterator[Line]:
    for row in results.outbox:
        who = f"{row.dispatchers} dispatcher{'s' if row.dispatchers > 1 else ''}"
        yield Line(
            what=f"outbox, commit to publication, p99, {who}", wanted="≤ 250 ms", measured=f"{row.delay[2]:.0f} ms",
            met=row.delay[2] <= 250 and not row.lost,
            note=f"{row.rate:.0f}/s; {row.per_second:,.0f} events/s where {row.backlog:,} had piled up"
            + (f"; {row.lost} LOST" if row.lost else ""),
        )  # fmt: skip


def _mutation_goals(results: Results) -> Iterator[Line]:
    rows = {row.what: row for row in results.mutations}
    wanted = (
        ("mutation above its upstream p95, 50 operators", "a room's status", True, 8.0, ""),
        ("charge above its upstream p95, 50 operators", "a charge", True, None, "asks for the tenant's limit first"),
        ("idempotent replay p95, 50 operators", "the same key again", False, 10.0, ""),
        ("lock action p95, 50 operators", "a key issued", False, 800.0, "the upstream's time included"),
    )
    for what, name, above, most, note in wanted:
        row = rows.get(name)
        found = None if row is None else row.above if above else row.total
        if found is not None:
            met = None if most is None else found[1] <= most
            yield Line(
                what=what, wanted="" if most is None else f"≤ {most:g} ms", measured=f"{found[1]:.1f} ms", met=met,
                note=note,
            )  # fmt: skip
    held = results.sustained
    if held is not None:
        all_there = held.audited == held.count and not held.failed
        yield Line(
            what=f"mutations sustained for {held.count / held.wanted_per_second:.0f} s, each with its audit line",
            wanted=f"{held.wanted_per_second:.0f}/s",
            measured=f"{held.per_second:.0f}/s, {held.audited:,} lines of {held.count:,}",
            met=all_there and held.flushed and held.per_second >= 0.98 * held.wanted_per_second,
            note=f"p95 {held.total[1]:.0f} ms, {held.cpu_ms:.2f} ms of CPU each, "
            f"{'flushed' if held.flushed else 'NOT flushed'} at every commit",
        )  # fmt: skip
