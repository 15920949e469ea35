"""What was measured, beside what was wanted: the table, and the same as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from bench.dashboards import DashboardRow
from bench.devices import DeviceRow
from bench.mutations import MutationRow, Sustained
from bench.outbox import OutboxRow
from bench.reads import ReadRow, Sharing
from bench.streams import LiveRows
from bench.trivial_route import Round

__all__ = ["Line", "Results", "dashboard_table", "goal_table", "mutation_table", "read_table", "round_table"]

FOLDER: Final = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One goal: what is wanted, what was measured, how that compares with a peer, and what to know about it."""

    what: str
    wanted: str
    measured: str
    met: bool | None
    ratio: str = ""
    note: str = ""
    section: str = ""
    """Of the page, on which it stands."""


@dataclass(slots=True, kw_only=True)
class Results:
    """Everything of one run. `parts` are those that it was asked for, where that is not all of it."""

    size: str
    parts: tuple[str, ...]
    at: str
    machine: dict[str, str]
    load_average: tuple[float, float]
    dashboards: list[DashboardRow] = field(default_factory=list)
    peer_dashboards: list[DashboardRow] = field(default_factory=list)
    reads: list[ReadRow] = field(default_factory=list)
    sharing: Sharing | None = None
    devices: list[DeviceRow] = field(default_factory=list)
    live: LiveRows | None = None
    outbox: list[OutboxRow] = field(default_factory=list)
    mutations: list[MutationRow] = field(default_factory=list)
    sustained: Sustained | None = None
    rounds: list[Round] = field(default_factory=list)
    medians: list[Round] = field(default_factory=list)
    verifications_per_second: float = math.nan
    cold_cpu_ms: dict[str, float] = field(default_factory=dict)
    resident_mb: list[tuple[int, float]] = field(default_factory=list)
    paced_cpu_us: dict[str, float] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def write(self) -> Path:
        """Write `results/latest.json`, or that of the parts of this run, and return its path."""
        FOLDER.mkdir(exist_ok=True)
        path = FOLDER / f"{'-'.join(('latest', *self.parts))}.json"
        path.write_text(json.dumps(asdict(self), indent=2))
        return path


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def goal_table(lines: Sequence[Line]) -> str:
    """The table that the whole run is for."""
    words = {True: "yes", False: "**no**", None: ""}
    rows = [(line.what, line.wanted, line.measured, words[line.met], line.ratio, line.note) for line in lines]
    return _table(("", "wanted", "measured", "met", "ratio to peer", "note"), rows)


def _ms(three: tuple[float, float, float] | None) -> str:
    return "" if three is None else " / ".join(f"{value:.1f}" for value in three)


def dashboard_table(rows: Sequence[DashboardRow]) -> str:
    """First byte and end by condition and number of operators."""
    head = ("condition", "operators", "each every", "dashboards", "sent late by", "first byte", "last healthy widget",
            "end", "end after slowest upstream", "X-Cache")  # fmt: skip
    return _table(
        head,
        [
            (
                row.condition,
                str(row.operators),
                f"{row.every_seconds:g} s",
                str(row.count) + (f", {row.failed} failed" if row.failed else ""),
                _ms(row.sent_late),
                _ms(row.first_byte),
                _ms(row.healthy) if row.condition == "hanging" else "",
                _ms(row.total),
                _ms(row.after_slowest),
                ", ".join(f"{name} {count}" for name, count in row.caches.items() if count),
            )
            for row in rows
        ],
    )


def read_table(rows: Sequence[ReadRow]) -> str:
    """Every other read, cold and warm."""
    head = ("read", "condition", "operators", "total", "end after slowest upstream", "upstream calls a read")
    return _table(
        head,
        [
            (
                f"`{row.path}`", row.condition, str(row.operators) + (f", {row.failed} failed" if row.failed else ""),
                _ms(row.total), _ms(row.after_slowest), f"{row.calls:.1f}",
            )
            for row in rows
        ],
    )  # fmt: skip


def mutation_table(rows: Sequence[MutationRow]) -> str:
    """Everything that is changed, by kind."""
    head = ("mutation", "operators", "total", "above its upstream", "CPU ms each")
    return _table(
        head,
        [
            (
                row.what, str(row.operators) + (f", {row.failed} failed" if row.failed else ""), _ms(row.total),
                _ms(row.above), f"{row.cpu_ms:.2f}",
            )
            for row in rows
        ],
    )  # fmt: skip


def round_table(rounds: Sequence[Round]) -> str:
    """The trivial route, every round, in the order in which they were run."""
    head = ("who", "requests/s", "CPU µs a request", "requests a CPU second", "core used", "other core used", "no 200s")
    return _table(
        head,
        [
            (
                one.name, f"{one.per_second:,.0f}", f"{one.cpu_us:.0f}", f"{one.per_core_second:,.0f}",
                f"{one.busy:.0%}", f"{one.others_busy:.0%}", str(one.failed),
            )
            for one in rounds
        ],
    )  # fmt: skip
