"""`python -m drills.fuzz`: a million generated proofs, over all cores, into docs/reliability.md."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from drills.fuzz.batch import Tally, run_batch
from drills.tables import Table

__all__ = ["main", "table_of"]

_BATCH: Final = 1_000
_FULL: Final = 1_000_000
_MOST_MS: Final = 10.0
"""A proof of the slowest kind takes a tenth of this; ten of these a second would be a tenth of a core."""
_MOST_KIB: Final = 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; status 1 where a proof was judged wrongly, broke something or took too much."""
    parser = argparse.ArgumentParser(prog="python -m drills.fuzz", description=__doc__)
    parser.add_argument("--proofs", type=int, default=_FULL, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)), help="default: %(default)s")
    options = parser.parse_args(arguments)
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        # Also where SIGINT was inherited as ignored; noted and not raised, since a second one would spoil the ending.
        signal.signal(number, lambda got, _frame: stopping.append(got))
    console, tally, started = Console(width=None if sys.stdout.isatty() else 160), Tally(), time.monotonic()
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        line = bar.add_task("no defect", total=options.proofs)
        for done, part in _batches(options.seed, options.proofs, options.processes, stopping):
            tally.add(part)
            defects = sum(tally.defects.values())
            bar.update(line, advance=done, description=f"{defects} defects" if defects else "no defect")
    if stopping:
        console.print("Stopped; the table is of the proofs until here.")
    table = table_of(tally, seed=options.seed, processes=options.processes, seconds=time.monotonic() - started)
    table.show(console)
    for kind, detail, proof in tally.examples:
        console.print(f"[red]{kind}[/red] {detail}", proof, "", sep="\n", markup=True, soft_wrap=True)
    table.write(quick=sum(tally.proofs.values()) < _FULL)
    return int(not table.held)


def _batches(seed: int, proofs: int, processes: int, stopping: list[int]) -> Iterator[tuple[int, Tally]]:
    """The batches as they are done; only as many are handed out as are being worked on, and as many again."""
    sizes = [min(_BATCH, proofs - start) for start in range(0, proofs, _BATCH)]
    # Ctrl-C reaches every process of a terminal; only this one heeds it, and the others are let finish their batch.
    with ProcessPoolExecutor(
        processes, multiprocessing.get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN)
    ) as pool:
        waiting: dict[Future[Tally], int] = {}
        for number, size in enumerate(sizes):
            if stopping:
                return
            waiting[pool.submit(run_batch, seed, number, size)] = size
            while len(waiting) >= 2 * processes or (number == len(sizes) - 1 and waiting):
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for each in done:
                    yield waiting.pop(each), each.result()


def table_of(tally: Tally, *, seed: int, processes: int, seconds: float) -> Table:
    """What came of it, beside what was wanted."""
    count = max(1, sum(tally.proofs.values()))
    table = Table(
        "fuzz",
        "Generated proofs",
        f"{count} proofs (seed {seed}) in {seconds:.0f} s over {processes} processes: good ones in unusual spellings, "
        "and good ones spoilt in header, key, claims, base64, signature, size, by duplicates and by noise. What is "
        "accepted is judged by joserfc, by PyJWT and by the rules written down once more; what must come of a proof is "
        "often known before.",
    )
    for kind in ("false accept", "false refusal", "crash", "memory of keys changes the verdict"):
        table.judged(kind, "0", f"{tally.defects[kind]}", held=not tally.defects[kind])
    slowest_ms = tally.slowest_ns / 1e6
    table.judged(
        "processor time for one proof, at most", f"≤ {_MOST_MS:g} ms", f"{slowest_ms:.2f} ms ({tally.slowest})",
        held=slowest_ms <= _MOST_MS,
    )  # fmt: skip
    table.told(
        "processor time for one proof, mean (nothing kept from before)", f"{tally.total_ns / count / 1e6:.3f} ms"
    )
    table.judged(
        f"memory for one proof, at most (of {tally.traced} traced)", f"≤ {_MOST_KIB} KiB",
        f"{tally.most_bytes / 1024:.0f} KiB ({tally.most})", held=tally.most_bytes <= _MOST_KIB * 1024,
    )  # fmt: skip
    table.told("signature good for both libraries, refused here", f"{tally.stricter} of {tally.asked} asked")
    for family, proofs in sorted(tally.proofs.items()):
        table.told(f"family `{family}`", f"{proofs} proofs, {tally.accepted[family]} accepted")
    return table


if __name__ == "__main__":
    sys.exit(main())
