"""One protection removed, the suite run, and what came of it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from drills.protections.endings import SAID
from drills.protections.listed import Edit, Protection, Statements
from drills.protections.scratch import Copy, Databases

__all__ = ["Finding", "Laboratory", "Suite", "Verdict"]

_RUN_SECONDS: Final = 600
_FOLDER: Final = "tests/isolation"
_ALL_PASSED, _SOME_FAILED = 0, 1


class Verdict(StrEnum):
    """What came of removing a protection."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    UNJUDGED = "not judged"
    """The suite failed elsewhere than in a test, or a test by an error and no assertion: nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A protection that was removed; `by` are the tests that failed, one for each suite that had to."""

    protection: Protection
    verdict: Verdict
    by: tuple[str, ...]
    seconds: float
    why: str = field(default="", repr=False)


@dataclass(slots=True)
class Suite:
    """A process that runs the suite of one checkout as often as it is asked."""

    process: asyncio.subprocess.Process
    source: Path

    @classmethod
    @asynccontextmanager
    async def of(cls, folder: Path, environment: Mapping[str, str] | None = None) -> AsyncIterator[Self]:
        """Start it in this checkout and end it afterwards."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "drills.protections.suite", cwd=folder, env=environment, limit=2**20,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            yield cls(process, folder / "src")
        finally:
            if process.stdin is not None:
                process.stdin.close()
            try:
                async with asyncio.timeout(10):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()

    async def run(self, tests: Sequence[str], stores: Mapping[str, object] | None) -> dict[str, Any]:
        """Run these tests up to the first that fails.

        Raises:
            RuntimeError: the process broke, or it imported the service from another checkout.
        """
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("a process without a voice")
        order = {"tests": [f"{_FOLDER}/{each}".rstrip("/") for each in tests], "stores": stores}
        stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(_RUN_SECONDS):
            line = await stdout.readline()
        said: dict[str, Any] | None = json.loads(line or b"null")
        if said is None:
            raise RuntimeError("the suite ended without a word")
        if not Path(said["source"]).is_relative_to(self.source):
            raise RuntimeError(f"the suite runs with {said['source']} and not with {self.source}")
        return said


@dataclass(slots=True)
class Laboratory:
    """Everything that runs need: databases, a copy of the checkout, and a suite that has it all imported."""

    databases: Databases
    copy: Copy
    suite: Suite

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator[Self]:
        """Make it in this folder, and end what it started afterwards."""
        copy = await asyncio.to_thread(Copy.make, folder / "copy")
        async with Databases.open(folder / "stores") as databases, Suite.of(copy.folder, copy.environment) as suite:
            yield cls(databases, copy, suite)

    async def healthy(self, tests: Sequence[str]) -> None:
        """Check that these tests pass while nothing is removed: otherwise their failing would say nothing.

        Raises:
            RuntimeError: it does not.
        """
        if not tests:
            return
        async with self.databases.without() as stores, Suite.of(self.copy.folder, self.copy.environment) as suite:
            said = await suite.run(tests, stores)
        if said["status"] != _ALL_PASSED:
            raise RuntimeError(f"the suite fails with every protection in its place: {said['failed']}")

    async def removed(self, protection: Protection) -> Finding:
        """Remove it, run the suites that must fail, give it back."""
        started = time.monotonic()
        if isinstance(protection.removal, Statements):
            async with self.databases.without(protection.removal) as stores:
                heard = [await self._heard(self.suite, files, stores) for files in protection.suites]
        else:
            heard = await self._without_source(protection.removal, protection.suites)
        verdicts = {verdict for verdict, _, _ in heard}
        worst = next(each for each in (Verdict.UNJUDGED, Verdict.SURVIVED, Verdict.CAUGHT) if each in verdicts)
        return Finding(
            protection, worst, tuple(test for _, test, _ in heard if test), time.monotonic() - started,
            "\n".join(why for verdict, _, why in heard if verdict is not Verdict.CAUGHT),
        )  # fmt: skip

    async def _without_source(self, removal: Edit, suites: Sequence[tuple[str, ...]]) -> list[tuple[Verdict, str, str]]:
        with self.copy.without(removal):
            async with (
                self.databases.without() as stores,
                Suite.of(self.copy.folder, self.copy.environment) as suite,
            ):
                return [await self._heard(suite, files, stores) for files in suites]

    @staticmethod
    async def _heard(suite: Suite, files: tuple[str, ...], stores: Mapping[str, object]) -> tuple[Verdict, str, str]:
        """Run these tests in turn up to the first that fails: how it ended, which test failed and why."""
        for tests in files:
            said = await suite.run([tests], stores)
            if said["status"] == _ALL_PASSED:
                continue
            nowhere = {"test": "", "when": "nowhere", "how": "", "why": f"status {said['status']}"}
            first = next(iter(said["failed"]), nowhere)
            if (said["status"], first["when"], first["how"]) != (_SOME_FAILED, "call", SAID):
                return Verdict.UNJUDGED, "", f"{first['test']} ({first['when']}, {first['how']}): {first['why']}"
            return Verdict.CAUGHT, first["test"].removeprefix(f"{_FOLDER}/"), first["why"]
        return Verdict.SURVIVED, "", "no test failed"
