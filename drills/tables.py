"""What a drill wanted and what was measured, on the screen and in docs/reliability.md."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

__all__ = ["ORDER", "PAGE", "Row", "Table", "describe_machine", "percentile"]

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"

ORDER = (
    "weather-off",
    "weather-on",
    "cancellations",
    "one-proof",
    "crash-matrix",
    "outbox",
    "live",
    "live-forgetting",
    "protections",
    "tenants",
    "restarts",
    "soak",
    "fuzz",
    "api-fuzz",
)
"""The page's sections, in this order; each may stand twice, once of a full and once of a quick run."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `verdict` is None for a figure that is only told."""

    what: str
    wanted: str
    measured: str
    verdict: bool | None = None

    @property
    def word(self) -> str:
        """The verdict in a word."""
        return {True: "held", False: "**missed**", None: "-"}[self.verdict]


@dataclass(slots=True)
class Table:
    """The outcome of one drill. `name` is one of `ORDER`; `does` says what was done, in a sentence or two."""

    name: str
    title: str
    does: str
    rows: list[Row] = field(default_factory=list)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    load_at_start: str = field(default_factory=lambda: _load())  # noqa: PLW0108 - it is defined further down

    def told(self, what: str, measured: str) -> None:
        """A figure without a verdict."""
        self.rows.append(Row(what, "-", measured))

    def judged(self, what: str, wanted: str, measured: str, *, held: bool) -> None:
        """A figure beside what was wanted."""
        self.rows.append(Row(what, wanted, measured, held))

    @property
    def held(self) -> bool:
        """Whether nothing that was wanted was missed."""
        return not any(row.verdict is False for row in self.rows)

    def show(self, console: Console) -> None:
        """Print it."""
        table = RichTable("what", "wanted", "measured", "verdict", title=self.title, title_justify="left")
        for row in self.rows:
            table.add_row(row.what, row.wanted, row.measured, row.word.strip("*"))
        console.print(table)

    def write(self, *, quick: bool, page: Path = PAGE) -> None:
        """Put it in its place on the page, in place of the last run of the same size."""
        scale = "quick" if quick else "full"
        sections = _sections(page.read_text() if page.exists() else "")
        sections[f"{self.name} {scale}"] = self._markdown(scale)
        places = [f"{name} {size}" for name in ORDER for size in ("full", "quick")]
        parts = [sections.get("", "")] + [sections[place] for place in places if place in sections]
        page.write_text("\n".join(part.strip("\n") + "\n" for part in parts if part.strip()))

    def _markdown(self, scale: str) -> str:
        lines = [
            f"<!-- table: {self.name} {scale} -->", f"## {self.title} ({scale} run)", "", self.does, "",
            self._circumstances(), "",
            "| What | Wanted | Measured | Verdict |", "|---|---|---|---|",
            *(f"| {row.what} | {row.wanted} | {row.measured} | {row.word} |" for row in self.rows),
        ]  # fmt: skip
        return "\n".join(lines)

    def _circumstances(self) -> str:
        return (
            f"{self.started_at:%Y-%m-%d %H:%M} to {datetime.now(UTC):%H:%M} UTC · {describe_machine()} · "
            f"load {self.load_at_start} at the start, {_load()} at the end"
        )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def describe_machine() -> str:
    """Processor, cores, memory, kernel, Python and the version of the source."""
    processor = re.search(r"model name\s*: (.+)", _read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s+(\d+)", _read("/proc/meminfo"))
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - wherever git is
        cwd=PAGE.parent,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return (
        f"{processor[1] if processor else platform.machine()}, {len(os.sched_getaffinity(0))} cores, "
        f"{round(int(memory[1]) / 2**20) if memory else '?'} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, source {commit or 'unversioned'}"
    )


def _load() -> str:
    return " ".join(f"{each:.1f}" for each in os.getloadavg())


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _sections(text: str) -> dict[str, str]:
    """The page by its tables; what stands before the first one is under the empty name."""
    first, *others = re.split(r"(?m)^<!-- table: (.+?) -->\n", text)
    sections = {"": first}
    for name, content in zip(others[::2], others[1::2], strict=True):
        sections[name] = f"<!-- table: {name} -->\n{content}"
    return sections
