"""The live drill: a small run of it, and that its judge sees what is wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from drills.live import carried_out, table_of
from drills.live_record import Announced, Heard, Listener, Verdict, judged
from tests.worlds import World

HERE, ELSEWHERE = "ppt_1", "ppt_2"
ALL = frozenset({"ai", "alerts", "dashboard-refresh-hints", "session"})


def announced(*names: str, channel: str = "alerts", **more: str) -> dict[str, Announced]:
    """Told for sure, one a second."""
    return {
        name: Announced(name=name, tenant_id="tnt_1", channel=channel, began=float(number), sure=True, **more)
        for number, name in enumerate(names)
    }


def heard(position: int, name: str | None, channel: str = "alerts", *, epoch: str = "a", content: int = 0) -> Heard:
    """At the time of its position."""
    return Heard(id=f"{epoch}-{position}", at=float(position), channel=channel, name=name, content=content)


def gap(place: str | None, at: float, channel: str = "alerts", *, reach: str | None = None) -> Heard:
    """A resync; of a poll, if it has no place."""
    return Heard(id=place, at=at, channel=channel, gap=True, reach=reach)


def listener(*everything: Heard, device: str = "dev_1") -> Listener:
    """A housekeeper of one hotel."""
    return Listener(
        tenant_id="tnt_1", device_id=device, operator_id="usr_1", roles=frozenset({"housekeeper"}),
        properties=frozenset({HERE}), channels=ALL - {"ai"}, start="a-0", end="b-999", heard=list(everything),
    )  # fmt: skip


def verdict(*listeners: Listener, told: dict[str, Announced]) -> Verdict:
    """What the judge says."""
    return judged(listeners, told)


def test_everything_once_in_order_is_clean() -> None:
    """Also what a poll brought, and hints of which only the peers know."""
    hint = heard(3, None, "dashboard-refresh-hints")
    everything = (heard(1, "x"), heard(2, "y"), hint)
    found = verdict(listener(*everything), listener(*everything, device="dev_2"), told=announced("x", "y"))
    assert found.clean
    assert (found.due, found.gaps, found.covered, found.again) == (6, 0, 0, 0)


@pytest.mark.parametrize(
    ("everything", "what"),
    [
        ((heard(1, "x"),), "lost"),
        ((heard(1, "x"), heard(2, "y"), heard(1, "x")), "repeated"),
        ((heard(2, "y"), heard(1, "x")), "disordered"),
        ((heard(1, "x"), heard(2, "y", content=7)), "ambiguous"),
        ((heard(1, "x"), heard(2, "y"), heard(4, "secret")), "foreign"),
        ((heard(1, "x"), heard(2, "y"), heard(3, None, "ai")), "foreign"),
    ],
)
def test_each_defect_is_seen_and_named(everything: tuple[Heard, ...], what: str) -> None:
    """Lost, repeated, out of order, two events under one id, and what was for somebody else."""
    peer = listener(heard(1, "x"), heard(2, "y"), device="dev_2")
    told = announced("x", "y") | announced("secret", operator_id="usr_2")
    found = verdict(listener(*everything), peer, told=told)
    assert getattr(found, what)
    assert not found.clean


def test_a_hint_that_only_a_peer_heard_is_lost() -> None:
    """Its hotel is theirs too; one of another hotel is none of theirs."""
    here = replace(heard(1, None, "dashboard-refresh-hints"), property_id=HERE)
    there = replace(heard(2, None, "dashboard-refresh-hints"), property_id=ELSEWHERE)
    manager = listener(here, there, device="dev_2")
    manager.properties = frozenset({HERE, ELSEWHERE})
    found = verdict(listener(), manager, told={})
    assert found.lost == ["dev_1: a-1 (dashboard-refresh-hints, at (0, 1))"]


def test_a_hint_that_came_after_a_desktop_had_gone_home_is_not_lost() -> None:
    """It had heard everything up to its end; a peer who stayed heard more."""
    here = replace(heard(2, None, "dashboard-refresh-hints"), property_id=HERE)
    gone = listener()
    for end, lost in (("a-1", 0), ("a-2", 1)):
        gone.end = end
        assert len(verdict(gone, listener(here, device="dev_2"), told={}).lost) == lost


@pytest.mark.parametrize(
    ("heard_of_it", "covered"),
    [
        ((heard(1, "x"), gap("a-3", 3.5), heard(4, "z")), True),
        ((heard(1, "x"), gap(None, 5.5, reach="a-5"), heard(4, "z")), True),
        ((heard(1, "x"), heard(4, "z"), gap(None, 5.5, reach="a-5")), False),
        ((heard(1, "x"), heard(4, "z"), gap("a-5", 5.0)), False),
        ((heard(1, "x"), gap("a-3", 3.5, "session"), heard(4, "z")), False),
        ((heard(1, "x"), gap("a-1.1", 3.5), gap("b-0", 3.6, "session"), heard(1, "z", epoch="b")), True),
    ],
)
def test_a_gap_covers_what_is_missing_in_its_place_and_nothing_else(
    heard_of_it: tuple[Heard, ...], *, covered: bool
) -> None:
    """Not what was lost before the last event of its channel, and not what is of another channel."""
    last = next(each for each in heard_of_it if each.name == "z")
    peer = listener(heard(1, "x"), heard(2, "y"), last, device="dev_2")
    found = verdict(listener(*heard_of_it), peer, told=announced("x", "y"))
    assert (found.covered, bool(found.lost)) == (int(covered), not covered)


def test_what_nobody_ever_heard_is_lost_unless_a_gap_came_after_it() -> None:
    """A Redis that forgot leaves no trace of it, so only the time tells."""
    told = announced("x", "y")
    assert len(verdict(listener(heard(1, "x")), told=told).lost) == 1
    assert verdict(listener(heard(1, "x"), gap("b-0", 2.0)), told=told).covered == 1
    assert len(verdict(listener(heard(1, "x"), gap("b-0", 0.5)), told=told).lost) == 1


def test_cut_off_desktops_hear_everything_once_over_two_processes_and_a_redis_that_is_killed(
    drilled: tuple[World, Path],
) -> None:
    """Six desktops, a few dozen disconnects, the same judge as ten thousand have."""
    world, state = drilled
    run = asyncio.run(
        carried_out(
            world, state.parent, disconnects=40, progress=lambda _what, _done, _all: None, devices=6,
            schedule=((0.5, "kill"),), kill_every_s=60.0, stays_s=0.1,
        )
    )  # fmt: skip
    table = table_of(run)
    assert {row.what: row.measured for row in table.rows if row.verdict is False} == {}
    assert run.tally.disconnects >= 40
    assert run.verdict.due
