"""`make test`: the whole suite, a few files at once, with one clear line where a browser is missing."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browsers import CHROMIUM, HOW_TO_INSTALL

MEMORY = Path("/dev/shm")  # noqa: S108 - the file system itself; what is made in it has a name of its own
KEPT_LOGS = Path("artifacts/test-logs")
NEEDED_GIB = 8


def main(arguments: list[str]) -> int:
    """Run pytest; the tests of one file share a world, so they stay together."""
    if CHROMIUM is None:
        print(f"No Chromium found: the console's tests are skipped. Install it with: {HOW_TO_INSTALL}")
    parallel = [] if any(each.startswith(("-n", "-x", "--pdb")) for each in arguments) else ["-n", str(_at_once())]
    if parallel:
        # A test that hangs ends its process (pyproject.toml, faulthandler_timeout), and would hang the next one too.
        parallel += ["--dist=loadfile", "--max-worker-restart=0"]
    with _folder_in_memory():
        status = int(pytest.main([*parallel, *arguments]))
    if status and KEPT_LOGS.exists():
        print(f"What the worlds of this run wrote is in {KEPT_LOGS}.")
    return status


def _at_once() -> int:
    """One more than there are cores: much of the time a test waits for a server's clock, not for its work."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(5, cores + 1)


@contextlib.contextmanager
def _folder_in_memory() -> Iterator[None]:
    """Keep what the worlds write in memory, where there is plenty; their logs are copied out at the end.

    About fifty servers of Postgres flush to one disk in these minutes, and one that waits three seconds for it is
    rightly called away. What a lost power supply would do is nothing that a test could see.
    """
    if "PYTEST_DEBUG_TEMPROOT" in os.environ or _gib_of_memory() < NEEDED_GIB:
        yield
        return
    for left in MEMORY.glob("bff-tests-*"):
        if not Path("/proc", left.name.rpartition("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    # A short name: some tests make a socket in it, whose path has a limit of a hundred bytes.
    folder = MEMORY / f"bff-tests-{os.getpid()}"
    folder.mkdir(mode=0o700)
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(KEPT_LOGS, ignore_errors=True)
        for log in folder.rglob("*.log"):
            kept = KEPT_LOGS / log.relative_to(folder)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(log, kept)
        shutil.rmtree(folder, ignore_errors=True)


def _gib_of_memory() -> float:
    """How much memory is left for files, 0 where the system has no such place."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) / 1024**2
        return min(available, shutil.disk_usage(MEMORY).free / 1024**3)
    except (OSError, StopIteration):
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
