"""One process's share: generate, verify, measure, judge, count."""

from __future__ import annotations

import random
import time
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from bff_backoffice.domain.device_proof import VerifiedProof
from drills.fuzz.judges import Verifier, judge, libraries_accept, new_verifier, verdict
from drills.fuzz.proofs import Case, Devices, generate

__all__ = ["Tally", "run_batch"]

_MEMORY_EVERY: Final = 64
"""Tracing memory costs more than verifying does: one proof in so many is traced, and every one that is about size."""
_STRICTNESS_EVERY: Final = 32
_SUSPECT_NS: Final = 2_000_000
_KEPT: Final = 5
_LONGEST_COMPARED: Final = 10_000
"""The libraries promise nothing about longer ones."""


@dataclass(slots=True)
class Tally:
    """What came of a batch. Times are of the processor, in ns; memory is what was used on top, at most, in bytes."""

    proofs: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    defects: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, str, str]] = field(default_factory=list)
    total_ns: int = 0
    slowest_ns: int = 0
    slowest: str = ""
    most_bytes: int = 0
    most: str = ""
    traced: int = 0
    asked: int = 0
    stricter: int = 0

    def add(self, other: Tally) -> None:
        """Put another batch's counts to these."""
        for name in ("proofs", "accepted", "defects"):
            getattr(self, name).update(getattr(other, name))
        self.examples = (self.examples + other.examples)[:_KEPT]
        if other.slowest_ns > self.slowest_ns:
            self.slowest_ns, self.slowest = other.slowest_ns, other.slowest
        if other.most_bytes > self.most_bytes:
            self.most_bytes, self.most = other.most_bytes, other.most
        for name in ("total_ns", "traced", "asked", "stricter"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def defect(self, kind: str, case: Case, detail: str) -> None:
        """Count one, and keep the first few with their proofs."""
        self.defects[kind] += 1
        if len(self.examples) < _KEPT:
            self.examples.append((kind, f"{case.family}: {detail}", case.proof[:6000]))


@cache
def _devices() -> Devices:
    return Devices()


@cache
def _experienced() -> Verifier:
    """A verifier that has seen every proof of this process before: what it keeps must change no verdict."""
    return new_verifier()


def run_batch(
    seed: int,
    number: int,
    count: int,
    *,
    new: Callable[[], Verifier] = new_verifier,
    experienced: Verifier | None = None,
) -> Tally:
    """Try so many proofs of the batch with this number. Raises nothing: what is raised on the way is a defect.

    `new` makes verifiers that have seen nothing; the one that has seen all before is kept between batches.
    """
    warnings.simplefilter("ignore")
    rng, tally = random.Random(f"{seed}-{number}"), Tally()
    for index in range(count):
        case = generate(rng, _devices())
        tally.proofs[case.family] += 1
        try:
            verified = _measured(case, tally, new, traced=index % _MEMORY_EVERY == 0 or case.family == "size")
            _judged(case, tally, verified, verdict(experienced or _experienced(), case.proof))
            if index % _STRICTNESS_EVERY == 0 and len(case.proof) <= _LONGEST_COMPARED:
                tally.asked += 1
                tally.stricter += verified is None and libraries_accept(case.proof)
        except Exception as failure:
            tally.defect("crash", case, repr(failure))
    return tally


def _measured(case: Case, tally: Tally, new: Callable[[], Verifier], *, traced: bool) -> VerifiedProof | None:
    verified, taken = _timed(new(), case.proof)
    if taken > _SUSPECT_NS:
        # The garbage collector may have come in between; what is really slow is slow every time.
        taken = min(taken, *(_timed(new(), case.proof)[1] for _ in range(3)))
    tally.total_ns += taken
    if taken > tally.slowest_ns:
        tally.slowest_ns, tally.slowest = taken, _described(case)
    if traced:
        _trace(case, tally, new())
    return verified


def _timed(verifier: Verifier, proof: str) -> tuple[VerifiedProof | None, int]:
    started = time.thread_time_ns()
    verified = verdict(verifier, proof)
    return verified, time.thread_time_ns() - started


def _trace(case: Case, tally: Tally, verifier: Verifier) -> None:
    tracemalloc.start()
    try:
        verdict(verifier, case.proof)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    tally.traced += 1
    if peak > tally.most_bytes:
        tally.most_bytes, tally.most = peak, _described(case)


def _judged(case: Case, tally: Tally, verified: VerifiedProof | None, again: VerifiedProof | None) -> None:
    if verified != again:
        tally.defect("memory of keys changes the verdict", case, repr(verified))
    if case.accepted is not None and case.accepted is not (verified is not None):
        tally.defect("false accept" if verified else "false refusal", case, "known beforehand")
        return
    if verified is None:
        return
    tally.accepted[case.family] += 1
    try:
        judge(case.proof, verified)
    except Exception as complaint:
        tally.defect("false accept", case, repr(complaint))


def _described(case: Case) -> str:
    return f"{case.family}, {len(case.proof)} characters"
