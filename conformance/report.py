"""What came of the checks: for people, and for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from xml.etree import ElementTree as ET

from conformance.promises import Promise

__all__ = ["Finding", "Verdict", "as_json", "as_junit", "line"]


class Verdict(StrEnum):
    """How a check ended."""

    KEPT = "kept"
    BROKEN = "broken"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One promise, how it was kept, and what was seen where it was not."""

    promise: Promise
    verdict: Verdict
    seconds: float
    seen: str = ""


_SIGNS = {Verdict.KEPT: "✓", Verdict.BROKEN: "✗", Verdict.SKIPPED: "-"}


def line(finding: Finding) -> str:
    """A finding as people read it; a broken promise says what was seen and how to mend it."""
    text = f"{_SIGNS[finding.verdict]} {finding.promise.sentence}  ({finding.promise.name}, {finding.seconds:.1f} s)"
    if finding.verdict is Verdict.BROKEN:
        return f"{text}\n    seen: {finding.seen}\n    mend: {finding.promise.mend}"
    return f"{text}\n    {finding.seen}" if finding.seen else text


def as_json(findings: Sequence[Finding]) -> str:
    """All findings as one JSON array."""
    rows = [
        {
            "name": each.promise.name, "promise": each.promise.sentence, "verdict": each.verdict,
            "seconds": round(each.seconds, 3), "seen": each.seen, "mend": each.promise.mend,
        }
        for each in findings
    ]  # fmt: skip
    return json.dumps(rows, indent=2, ensure_ascii=False)


def as_junit(findings: Sequence[Finding]) -> str:
    """All findings as a JUnit report."""
    broken = sum(each.verdict is Verdict.BROKEN for each in findings)
    suite = ET.Element("testsuite", name="live stream and polling", tests=str(len(findings)), failures=str(broken))
    for each in findings:
        case = ET.SubElement(suite, "testcase", name=each.promise.name, time=f"{each.seconds:.3f}")
        if each.verdict is Verdict.BROKEN:
            ET.SubElement(case, "failure", message=each.promise.sentence).text = f"{each.seen}\n{each.promise.mend}"
        elif each.verdict is Verdict.SKIPPED:
            ET.SubElement(case, "skipped", message=each.seen)
    return ET.tostring(suite, encoding="unicode")
