"""Dispatchers of the outbox killed in the middle of their work: a small run of the drill."""

from __future__ import annotations

from pathlib import Path

import uvloop

from drills.outbox_dispatchers import Run, carried_out, table_of
from tests.worlds import start_world


def test_killed_dispatchers_lose_nothing_and_reorder_nothing(tmp_path: Path) -> None:
    """A thousand events of overlapping transactions, four dispatchers, one of them killed every second."""
    with start_world(tmp_path) as world:
        run = uvloop.run(carried_out(world, 1_000, lambda _what, _done, _all: None))

    assert len(run.places) >= 1_000
    assert run.kills
    assert (run.lost, run.out_of_order) == (0, 0)
    assert table_of(run).held


def test_the_drill_sees_what_is_lost_and_what_is_out_of_order() -> None:
    """Three events of a key: the last one first, the second one never."""
    run = Run(places={"evt_1": ("k", 1), "evt_2": ("k", 2), "evt_3": ("k", 3)})
    run.arrived = [("k", "evt_3", 0.1), ("k", "evt_1", 0.1), ("k", "evt_3", 0.1)]

    assert (run.lost, run.out_of_order, run.duplicates) == (1, 1, 1)
    assert not table_of(run).held
