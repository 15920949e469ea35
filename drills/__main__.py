"""`python -m drills`: every drill in turn, each with its progress, its table and its place in docs/reliability.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from drills.cancellations import cancellations
from drills.crash_matrix import crash_matrix
from drills.live import live
from drills.one_proof import one_proof
from drills.outbox_dispatchers import outbox_dispatchers
from drills.protections import protections
from drills.restarts import restarts
from drills.soak import soak
from drills.tables import Table
from drills.weather import weather

__all__ = ["main"]

Told = Callable[[str, int, int], None]
Drill = Callable[[Path, Told], Awaitable[list[Table]]]


def _drills(*, quick: bool) -> dict[str, Drill]:
    return {
        "weather": lambda folder, told: weather(
            folder, dashboards=50 if quick else 500, side_by_side=2, progress=told
        ),
        "cancellations": lambda folder, told: cancellations(
            folder, requests=5_000 if quick else 100_000, progress=told
        ),
        "one-proof": lambda folder, told: one_proof(folder, rounds=1 if quick else 10, progress=told),
        "crash-matrix": lambda folder, told: crash_matrix(
            folder, thin=quick, at_random=4 if quick else 40, progress=told
        ),
        "protections": lambda folder, told: protections(folder, thin=quick, progress=told),
        "outbox": lambda folder, told: outbox_dispatchers(
            folder, events=10_000 if quick else 100_000, progress=told
        ),
        "live": lambda folder, told: live(folder, disconnects=300 if quick else 10_000, progress=told),
        "restarts": lambda folder, told: restarts(folder, operators=20, progress=told),
        "soak": lambda folder, told: soak(folder, operators=50, seconds=60 if quick else 1800, progress=told),
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drills; status 1 where one of them missed what was wanted, 2 where one could not be carried out."""
    parser = argparse.ArgumentParser(prog="python -m drills", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers: five minutes in all")
    parser.add_argument("--only", default="", metavar="NAME[,NAME]", help=f"of: {', '.join(_drills(quick=True))}")
    options = parser.parse_args(arguments)
    drills = _drills(quick=options.quick)
    names = [name.strip() for name in options.only.split(",") if name.strip()] or list(drills)
    for name in names:
        if name not in drills:
            parser.error(f"there is no drill '{name}'; there are: {', '.join(drills)}")
    console, started = Console(width=None if sys.stdout.isatty() else 180), time.monotonic()
    statuses = [_run(name, drills[name], console, quick=options.quick) for name in names]
    console.print(
        f"{len(names)} drills in {(time.monotonic() - started) / 60:.1f} min. The tables are in docs/reliability.md."
    )
    return max(statuses)


def _run(name: str, drill: Drill, console: Console, *, quick: bool) -> int:
    started = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar, tempfile.TemporaryDirectory(prefix="drill-") as folder:
        line = bar.add_task(name, total=None, count="starting")

        def told(what: str, done: int, total: int) -> None:
            bar.update(line, total=total, completed=done, count=f"{done} of {total} {what}")

        try:
            tables = uvloop.run(_completed(drill(Path(folder), told)))
        except (Exception, ExceptionGroup) as failure:
            console.print(f"[red]{name} could not be carried out:[/red] {failure!r}")
            console.print_exception()
            return 2
    for table in tables:
        table.show(console)
        table.write(quick=quick)
    console.print(f"{name}: {time.monotonic() - started:.0f} s\n")
    return int(not all(table.held for table in tables))


async def _completed(drill: Awaitable[list[Table]]) -> list[Table]:
    return await drill


if __name__ == "__main__":
    sys.exit(main())
