"""Puts the tables of the last run into `docs/benchmarks.md`, between two marks; the prose is written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bench.devices import device_table
from bench.results import Results, dashboard_table, goal_table, mutation_table, read_table, round_table

__all__ = ["tables", "write_page"]

PAGE: Final = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_BEGIN: Final = "<!-- tables: begin, written by `make bench PAGE=1` -->"
_END: Final = "<!-- tables: end -->"


def tables(results: Results) -> str:
    """The run as Markdown."""
    machine = ", ".join(f"{name} {value}" for name, value in results.machine.items())
    load = " → ".join(f"{value:.1f}" for value in results.load_average)
    parts = [
        f"Run of {results.at}, {results.size}. Machine: {machine}. Load average before and after: {load}.",
        goal_table(results.lines),
        "Dashboards, open loop, ms as p50 / p95 / p99:",
        dashboard_table(results.dashboards),
    ]
    if results.peer_dashboards:
        parts += ["The Node peer's dashboards:", dashboard_table(results.peer_dashboards)]
    if results.reads:
        parts += ["Other reads, open loop, each operator once, ms as p50 / p95 / p99:", read_table(results.reads)]
    if results.devices:
        parts += ["Two hundred devices, open loop, each once:", device_table(results.devices)]
    if results.mutations:
        parts += ["Mutations, open loop, each operator once, ms as p50 / p95 / p99:", mutation_table(results.mutations)]
    if results.medians:
        parts += ["The trivial route (`GET /session`), medians of all rounds:", round_table(results.medians)]
    if results.rounds:
        parts += ["The same, round by round; `service again` is the same process, so its distance is noise:"]
        parts += [round_table(results.rounds)]
    return "\n\n".join([*parts, *results.missing])


def write_page(results: Results) -> None:
    """Replace the tables on the page.

    Raises:
        ValueError: the page has lost its marks.
    """
    before, begin, rest = PAGE.read_text().partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{PAGE} has no marks for the tables")
    PAGE.write_text(f"{before}{_BEGIN}\n\n{tables(results)}\n\n{_END}{after}")
