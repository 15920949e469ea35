"""Which answers of the API document the suite produced, and which it owes (a plugin of pytest).

A run of the whole suite fails where a documented answer was never produced: a promise that nobody has seen kept. A part
of the suite owes nothing; `--documented` lists what even that part did not produce.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.answers import PRODUCED
from tests.musts.described import Produced

__all__ = ["documented", "owed"]

_METHODS: Final = ("get", "put", "post", "patch", "delete")
_SUM: Final = pytest.StashKey[set[Produced]]()

UNFORESEEN: Final = 500
"""Nobody can make on purpose what nobody foresaw; `tests/unit/presentation/test_errors.py` shows its document."""


def documented(document: dict[str, Any]) -> set[Produced]:
    """Every answer that a document describes, once for each of its media types.

    Not the class of statuses that domain services choose from: which of them they choose is theirs.
    """
    return {
        (method.upper(), path, int(status), media)
        for path, operations in document["paths"].items()
        for method in _METHODS
        if method in operations
        for status, response in operations[method]["responses"].items()
        if status.isdigit()
        for media in (response.get("content") or {"": None})
    }


def owed(document: dict[str, Any], produced: Iterable[Produced]) -> list[Produced]:
    """What is documented, can be produced and was not."""
    return sorted(answer for answer in documented(document) - set(produced) if answer[2] != UNFORESEEN)


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "openapi/openapi.yaml").read_bytes())
    return kept


def _whole(config: pytest.Config) -> bool:
    """Whether nothing was left out: no file, no word, no mark, no test that failed last."""
    chosen = (config.option.keyword, config.option.markexpr, config.getoption("lf", default=False))
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any(chosen)


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option: list what was not produced, whatever was run."""
    parser.addoption("--documented", action="store_true", help="list documented answers that this run did not produce")


def pytest_configure(config: pytest.Config) -> None:
    """Where the processes' answers come together."""
    config.stash[_SUM] = set()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what another process has produced."""
    given = getattr(node, "workeroutput", {}).get("produced", [])
    node.config.stash[_SUM].update((method, path, status, media) for method, path, status, media in given)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Hand over what this process has produced; in the one that sums up, fail where something is owed."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["produced"] = [list(each) for each in PRODUCED]
        return
    produced = session.config.stash[_SUM]
    produced |= PRODUCED
    if exitstatus == pytest.ExitCode.OK and _whole(session.config) and owed(_kept(), produced):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how much of the document was seen, and name what is owed."""
    produced = config.stash[_SUM]
    asked = config.getoption("--documented") or _whole(config)
    if not asked:
        return
    document = _kept()
    missing = owed(document, produced)
    everything = documented(document)
    terminalreporter.section("documented answers")
    terminalreporter.line(f"{len(everything & produced)} of {len(everything)} produced, {len(missing)} owed")
    for method, path, status, media in missing:
        terminalreporter.line(f"  {method} {path} {status} {media}")
