"""Runs the isolation suite, as often as it is asked to, and says what failed first.

`python -m drills.protections.suite` reads one order (JSON) a line and answers with one line. Each run is a fork of a
process that has everything imported, which is most of what a run of a few tests takes.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import bff_backoffice
from drills.protections.endings import what_ended
from tests.isolation import stores

__all__ = ["main"]

_HEAVY = (
    "hypothesis", "tests.worlds", "tests.isolation.every_route", "tests.isolation.tables", "bff_backoffice.bootstrap",
)  # fmt: skip
"""What brings most of what the tests import, which every run would import anew; but no plugin of the suite's own."""


class _Notes:
    """What pytest tells on the way: the first test that failed, and whether it came so far at all."""

    def __init__(self) -> None:
        self.failed: list[dict[str, str]] = []
        self.passed = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note a test, or what it stands on, that failed, and how."""
        report = yield
        if report.failed:
            how = "" if call.excinfo is None else what_ended(call.excinfo.value)
            self.failed.append(
                {"test": item.nodeid, "when": report.when, "how": how, "why": report.longreprtext[-2000:]}
            )
        self.passed += report.passed and report.when == "call"
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that could not be read."""
        if report.failed:
            self.failed.append(
                {"test": report.nodeid, "when": "collect", "how": "", "why": report.longreprtext[-2000:]}
            )


def _run(order: dict[str, Any], answer: Path) -> None:
    if order["stores"] is not None:
        os.environ[stores.BROUGHT] = json.dumps(order["stores"])
    # The suite of this folder needs no plugin but its own; loading the others is most of what a short run takes.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    notes, started = _Notes(), time.monotonic()
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *order["tests"]], plugins=[notes])
    said = {"status": int(status), "failed": notes.failed, "passed": notes.passed,
            "seconds": time.monotonic() - started, "source": bff_backoffice.__file__}  # fmt: skip
    answer.write_text(json.dumps(said))


def main() -> None:
    """Answer until nobody asks any more."""
    for name in _HEAVY:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory(prefix="protections-") as folder:
        answer = Path(folder) / "answer.json"
        for line in sys.stdin:
            child = os.fork()
            if child == 0:
                try:
                    _run(json.loads(line), answer)
                finally:
                    os._exit(0)
            os.waitpid(child, 0)
            text = answer.read_text() if answer.exists() else json.dumps(None)
            answer.unlink(missing_ok=True)
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
