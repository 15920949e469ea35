"""`make test`: the whole suite, a few files at once, with one clear line where a browser is missing."""

from __future__ import annotations

import os
import sys

import pytest

from tests.browsers import CHROMIUM, HOW_TO_INSTALL


def main(arguments: list[str]) -> int:
    """Run pytest; the tests of one file share a world, so they stay together."""
    if CHROMIUM is None:
        print(f"No Chromium found: the console's tests are skipped. Install it with: {HOW_TO_INSTALL}")
    parallel = [] if any(each.startswith(("-n", "-x", "--pdb")) for each in arguments) else ["-n", str(_at_once())]
    return int(pytest.main(["--dist=loadfile", *parallel, *arguments] if parallel else arguments))


def _at_once() -> int:
    """One more than there are cores: much of the time a test waits for a server's clock, not for its work."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(5, cores + 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
