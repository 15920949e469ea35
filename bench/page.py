"""Puts the tables of the last run into `docs/benchmarks.md`, each part between its own marks; the prose is by hand.

A run of one part replaces that part's tables and leaves the others as they were, each with its own moment and machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bench.devices import device_table
from bench.outbox import outbox_table
from bench.results import Results, dashboard_table, goal_table, mutation_table, read_table, round_table
from bench.streams import stream_table

__all__ = ["tables", "write_page"]

PAGE: Final = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def tables(results: Results) -> dict[str, str]:
    """The run as Markdown, by the page's sections; those of which nothing was measured are left out."""
    contents = {
        "boards": _boards(results),
        "mutations": [mutation_table(results.mutations)] if results.mutations else [],
        "streams": [stream_table(results.live)] if results.live else [],
        "devices": [device_table(results.devices)] if results.devices else [],
        "outbox": [outbox_table(results.outbox)] if results.outbox else [],
    }
    return {
        section: "\n\n".join([_run(results), *_goals(results, section), *content])
        for section, content in contents.items()
        if content
    }


def _run(results: Results) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in results.machine.items())
    load = " → ".join(f"{value:.1f}" for value in results.load_average)
    return f"Run of {results.at}, {results.size}. Machine: {machine}. Load average before and after: {load}."


def _goals(results: Results, section: str) -> list[str]:
    lines = [line for line in results.lines if line.section == section]
    return [goal_table(lines)] if lines else []


def _boards(results: Results) -> list[str]:
    if not results.dashboards:
        return []
    parts = ["Dashboards, open loop, ms as p50 / p95 / p99:", dashboard_table(results.dashboards)]
    if results.peer_dashboards:
        parts += ["The Node peer's dashboards:", dashboard_table(results.peer_dashboards)]
    if results.reads:
        parts += ["Other reads, open loop, each operator once, ms as p50 / p95 / p99:", read_table(results.reads)]
    if results.medians:
        parts += ["The trivial route (`GET /session`), medians of all rounds:", round_table(results.medians)]
    if results.rounds:
        parts += ["The same, round by round; `service again` is the same process, so its distance is noise:"]
        parts += [round_table(results.rounds)]
    return [*parts, *results.missing]


def write_page(results: Results) -> None:
    """Replace the tables on the page that this run measured.

    Raises:
        ValueError: the page has lost its marks.
    """
    page = PAGE.read_text()
    for section, text in tables(results).items():
        begin, end = f"<!-- {section}: begin, written by `make bench PAGE=1` -->", f"<!-- {section}: end -->"
        before, found, rest = page.partition(begin)
        _, ended, after = rest.partition(end)
        if not found or not ended:
            raise ValueError(f"{PAGE} has no marks for the tables of {section}")
        page = f"{before}{begin}\n\n{text}\n\n{end}{after}"
    PAGE.write_text(page)
