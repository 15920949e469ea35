"""Which processes are alive, from /proc: enough to see that nothing is left behind; and how to make one stand still."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.waiting import until
from tests.worlds import World

__all__ = ["alive", "family", "mentioning", "stopped"]


def alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    return _state(pid) not in {"Z", ""}


def _state(pid: int) -> str:
    """The letter of its state (proc(5)): T for one that stands still, Z for a zombie; none for one that is gone."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return status.rpartition(")")[2].split()[0]


def family(pid: int) -> list[int]:
    """The process and its children: a PostgreSQL server answers with those, whoever else is stopped."""
    children = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if parent == str(pid):
                children.append(int(entry.name))
    return [pid, *children]


@contextmanager
def stopped(world: World, name: str) -> Iterator[None]:
    """A server that is there and does not answer: the unkind way of being away."""
    parent = world.pids[name]
    stopped_now = [parent]
    try:
        # First the one that makes children: one more that it made meanwhile would go on answering.
        _tell(stopped_now, signal.SIGSTOP)
        until(lambda: _state(parent) in {"T", ""})
        stopped_now = family(parent)
        _tell(stopped_now, signal.SIGSTOP)
        until(lambda: all(_state(pid) in {"T", "Z", ""} for pid in stopped_now))
        yield
    finally:
        _tell(stopped_now, signal.SIGCONT)


def _tell(pids: Iterable[int], what: signal.Signals) -> None:
    """A server's child that was about to end has ended."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, what)


def mentioning(text: str) -> list[int]:
    """Processes whose command line has this text."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if text in command and alive(int(entry.name)):
                found.append(int(entry.name))
    return found
