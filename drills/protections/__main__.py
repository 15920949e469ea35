"""`python -m drills.protections`: all protections and the table in docs/reliability.md, or some of them by name."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from drills.protections.drill import every_protection, protections
from drills.protections.runs import Finding, Verdict
from drills.protections.scratch import Databases

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Status 1 where a protection was not missed. The page is written by a run of all."""
    parser = argparse.ArgumentParser(prog="python -m drills.protections", description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME[,NAME]", help="names, or patterns such as 'using *'")
    parser.add_argument("--list", action="store_true", help="only say what there is to remove")
    parser.add_argument("--quick", action="store_true", help="the first of each kind")
    parser.add_argument("--journal", type=Path, help="keep findings here, and go on with those that are there already")
    options = parser.parse_args(arguments)
    only = [name.strip() for name in options.only.split(",") if name.strip()]
    console = Console(width=None if sys.stdout.isatty() else 200)
    with tempfile.TemporaryDirectory(prefix="protections-") as folder:
        if options.list:
            asyncio.run(_list(Path(folder), console))
            return 0
        run = protections(
            Path(folder), only=only, thin=options.quick, journal=options.journal, progress=lambda *_: None,
            tell=lambda one: _tell(console, one),
        )  # fmt: skip
        (table,) = asyncio.run(run)
    table.show(console)
    if not only:
        table.write(quick=options.quick)
    return int(not table.held)


async def _list(folder: Path, console: Console) -> None:
    async with Databases.open(folder) as databases:
        for each in await every_protection(databases):
            console.print(escape(f"{each.name:<60} {each.place}"), soft_wrap=True)


def _tell(console: Console, finding: Finding) -> None:
    colour = "green" if finding.verdict is Verdict.CAUGHT else "red"
    console.print(
        f"[{colour}]{finding.verdict}[/] {finding.seconds:5.1f} s  {escape(finding.protection.name)}  "
        f"{escape(', '.join(finding.by))}",
        soft_wrap=True,
    )
    if finding.why:
        console.print(escape(finding.why))


if __name__ == "__main__":
    sys.exit(main())
