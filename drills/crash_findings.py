"""What came of a schedule of the crash matrix, and what is wrong with it if anything is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from drills.crash_acts import Act, AuditRow
from drills.crash_process import LEASE_SECONDS
from drills.crash_schedules import Retry, Schedule, Sweep

__all__ = [
    "LOST",
    "MOST_IN_FLIGHT_SECONDS",
    "SETTLED",
    "Answer",
    "Finding",
    "heard",
    "judge_another",
    "judge_the_audit",
    "judge_the_first",
]

MOST_IN_FLIGHT_SECONDS: Final = LEASE_SECONDS + 5
"""Contract, section 5."""
SETTLED: Final = frozenset({200, 201})
LOST: Final = "OUTCOME_UNKNOWN"
"""What becomes of the answer of a key that was swept."""


@dataclass(slots=True)
class Finding:
    """What came of a schedule. `in_flight_seconds` is counted from the owner's death.

    `lost` tells that the key was swept with its answer, so that nobody may act under it any more; `swept` is how many
    keys were removed, those of earlier schedules among them.
    """

    schedule: Schedule
    effects: int = 0
    dispatches: int = 0
    audited: int = 0
    unseen: int = 0
    """Rows of the audit without an end, whose owner did not live to see it."""
    lost: bool = False
    swept: int = 0
    upstream_keys: int = 0
    in_flight_seconds: float = float("inf")
    first: str = "cut off"
    """What the first client saw."""
    retries: list[str] = field(default_factory=list)
    amiss: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether it happened once, was free in time, and nobody heard anything else.

        A key that was swept before anybody knew the end of it may also have done nothing.
        """
        in_time = self.in_flight_seconds <= MOST_IN_FLIGHT_SECONDS
        once = self.effects == 1 or (self.lost and self.effects == 0)
        return once and self.upstream_keys <= 1 and in_time and not self.amiss


@dataclass(slots=True)
class Answer:
    """What a client got. `told` is it in a few words."""

    status: int
    body: bytes
    replayed: bool
    code: str = ""

    @property
    def reason(self) -> str:
        """The code's own part, "" where there is no code."""
        return self.code.rpartition(".")[2]

    @property
    def told(self) -> str:
        """Status and code."""
        return f"{self.status} {self.reason}".strip() + (" replayed" if self.replayed else "")


def heard(finding: Finding, answer: Answer | None) -> None:
    """Note what a retry was answered by a process that lives: the answer, or that the client should try again."""
    finding.retries.append("cut off" if answer is None else answer.told)
    if answer is None:
        finding.amiss.append("a process that was not killed hung up")
    elif answer.status not in {*SETTLED, 409, 502, 503, 504}:
        finding.amiss.append(f"a retry was answered {answer.told}")


def judge_the_first(finding: Finding, answer: Answer | None, kept: Answer) -> None:
    """The first client hears nothing, or that it should try again, or the one answer that there is."""
    if answer is None:
        return
    finding.first = answer.told
    if answer.status in SETTLED:
        if not finding.lost and answer.body != kept.body:
            finding.amiss.append("two clients with one key have two answers")
    elif answer.status not in {409, 502, 503, 504}:
        finding.amiss.append(f"the first client was answered {answer.told}")


def judge_another(finding: Finding, again: Answer | None, kept: Answer) -> None:
    """Whoever asks once more gets the kept answer, or hears that it is gone."""
    if finding.lost or finding.schedule.sweep is Sweep.AFTER:
        if again is None or again.reason != LOST:
            finding.amiss.append("a key that was swept is not refused")
    elif again is None or again.body != kept.body or not again.replayed:
        finding.amiss.append("the kept answer is not given again")


def judge_the_audit(finding: Finding, rows: Sequence[AuditRow]) -> None:
    """One row a dispatch, each with its end, but for the one of an owner who was killed before he could write it."""
    finding.audited, finding.unseen = len(rows), sum(each.outcome is None for each in rows)
    if finding.unseen > int(finding.schedule.retry is not Retry.OVERTAKEN):
        finding.amiss.append("an audit row of somebody who lived has no end")
    if len({each.fence for each in rows}) < len(rows):
        finding.amiss.append("two owners at once")
    if not finding.lost and not any(each.outcome == "applied" for each in rows):
        finding.amiss.append("what was done is not in the audit")
    if finding.schedule.act is Act.REVOCATION and finding.dispatches > finding.audited:
        finding.amiss.append("a lock was asked more often than the audit says")
