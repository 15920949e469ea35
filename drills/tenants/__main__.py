"""`python -m drills.tenants`: a hundred thousand requests of two tenants at once, and the table of what was found."""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import Progress

from drills.tables import Table
from drills.tenants.fuzz import Interleaved, interleave
from tests.isolation.every_route import OPERATOR_ROUTES
from tests.worlds import start_world

__all__ = ["SETTINGS", "blank", "fill", "main"]

_FULL: Final = 100_000
_SEED: Final = 7
SETTINGS: Final = {
    "BFF_LOG_LEVEL": "debug", "BFF_RATE_DEVICE_PER_SECOND": "100000", "BFF_RATE_DEVICE_BURST": "1000000",
}  # fmt: skip
"""A world that logs all that it can, and in which a desk may ask as often as it likes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Status 1 where anything of one tenant was found at the other's."""
    parser = argparse.ArgumentParser(prog="python -m drills.tenants", description=__doc__)
    parser.add_argument("--requests", type=int, default=_FULL)
    parser.add_argument("--seed", type=int, default=_SEED)
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so long")
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    with (
        tempfile.TemporaryDirectory(prefix="tenants-") as folder,
        start_world(Path(folder), "--workers", "2", environment=SETTINGS) as world,
        Progress(console=console) as bar,
    ):
        table, line = blank(), bar.add_task("requests", total=options.requests)
        outcome = interleave(
            world,
            requests=options.requests,
            seed=options.seed,
            seconds=options.seconds,
            progress=lambda done: bar.update(line, completed=done),
        )
    fill(table, outcome)
    table.show(console)
    for each in outcome.amiss:
        console.print(each, markup=False, soft_wrap=True)
    table.write(quick=outcome.answers.total() < _FULL)
    return int(not table.held)


def blank() -> Table:
    """The table before the run, because it notes when that began."""
    return Table(
        "tenants",
        "Two tenants at every route at once",
        "Eight desks of two tenants ask whatever comes to their mind, at two service processes: every route, in every "
        "representation and language, with a canary of the tenant in everything that takes a text, about things of "
        "their own, of the other tenant and of nobody; some hang up in the middle. Each answer is searched for the "
        "other tenant's canaries, names, codes and identifiers, and at the end everything that was left behind.",
    )


def fill(table: Table, outcome: Interleaved) -> None:
    """Add what came of it."""
    unread = {route.operation_id for route in OPERATOR_ROUTES if route.method == "GET"} - outcome.reached
    changes = {route.operation_id for route in OPERATOR_ROUTES if route.method != "GET"}
    hung_up = outcome.kinds["hung up"]
    table.told("requests", f"{outcome.answers.total()} in {outcome.seconds:.0f} s, {hung_up} of them hung up on")
    table.told("canaries written", str(outcome.written))
    table.told("kinds of changes that succeeded", f"{len(changes & outcome.reached)} of {len(changes)}")
    table.judged("reads that never succeeded", "0", ", ".join(sorted(unread)) or "0", held=not unread)
    table.judged(
        "answers in which a tenant's own canary was", "> 0", str(outcome.recognised), held=outcome.recognised > 0
    )
    table.judged("things and hotels of the other tenant, told from what does not exist", "0",
                 f"{outcome.kinds['told apart']} of {outcome.kinds['asked for the other']}",
                 held=not outcome.kinds["told apart"])  # fmt: skip
    table.judged("answers with anything of the other tenant", "0", str(outcome.kinds["leaked"]),
                 held=not outcome.kinds["leaked"])  # fmt: skip
    table.judged("identifiers that both tenants were told", "0", str(outcome.kinds["shared"]),
                 held=not outcome.kinds["shared"])  # fmt: skip
    for where, looked_at, own, amiss in outcome.left:
        seen = f", {own} with a canary of their own tenant" if own else ""
        table.judged(f"{where}: anything of another tenant", "0", f"{len(amiss)} in {looked_at}{seen}", held=not amiss)


if __name__ == "__main__":
    sys.exit(main())
