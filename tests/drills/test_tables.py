"""The page that the drills write: one table a drill and size, in order, whatever was there before."""

from __future__ import annotations

from pathlib import Path

from drills.tables import Table, percentile


def some_table(name: str, measured: str, *, held: bool = True) -> Table:
    """A table with one line."""
    table = Table(name, f"The {name} drill", "Does something.")
    table.judged("a figure", "≤ 5", measured, held=held)
    return table


def test_a_table_takes_the_place_of_its_predecessor(tmp_path: Path):
    """What was measured last is what the page says; what stands before the tables stays."""
    page = tmp_path / "page.md"
    page.write_text("# Title\n\nWords.\n")

    some_table("soak", "3").write(quick=True, page=page)
    some_table("soak", "4").write(quick=True, page=page)

    text = page.read_text()
    assert text.startswith("# Title\n\nWords.\n")
    assert text.count("## The soak drill (quick run)") == 1
    assert "| a figure | ≤ 5 | 4 | held |" in text
    assert "| a figure | ≤ 5 | 3 | held |" not in text


def test_a_quick_run_leaves_the_full_one_alone(tmp_path: Path):
    """Five minutes must never stand in for an hour; the tables keep their order whatever is run when."""
    page = tmp_path / "page.md"

    some_table("fuzz", "1").write(quick=False, page=page)
    some_table("soak", "2").write(quick=True, page=page)
    some_table("soak", "3").write(quick=False, page=page)

    text = page.read_text()
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert titles == ["## The soak drill (full run)", "## The soak drill (quick run)", "## The fuzz drill (full run)"]


def test_what_is_missed_is_said():
    """A table with one figure that missed has not held; a figure that is only told has no say."""
    table = some_table("soak", "9", held=False)
    told = Table("soak", "", "")
    told.told("a figure", "9")

    assert not table.held
    assert table.rows[0].word == "**missed**"
    assert told.held


def test_percentiles_are_values_that_were_seen():
    """The 99th percentile of a hundred values is the largest of them; of none there is none."""
    assert percentile([float(each) for each in range(100)], 0.99) == 99.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([], 0.5) != percentile([], 0.5)
