"""What was found of each protection so far, so that a run can be gone on with, or shared by two."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from drills.protections.listed import Protection
from drills.protections.runs import Finding, Verdict

__all__ = ["Journal"]


@dataclass(frozen=True, slots=True)
class Journal:
    """A file with one finding a line, or none at all. It says nothing of another source: begin anew with a new file."""

    path: Path | None

    def write(self, finding: Finding) -> None:
        """Add a finding."""
        if self.path is not None:
            line = {
                "name": finding.protection.name,
                "verdict": finding.verdict,
                "by": finding.by,
                "seconds": finding.seconds,
            }
            with self.path.open("a") as file:
                file.write(json.dumps(line) + "\n")

    def caught(self, listed: Iterable[Protection]) -> dict[str, Finding]:
        """The protections that were caught already, by name; whatever was not is tried again."""
        if self.path is None or not self.path.exists():
            return {}
        by_name = {each.name: each for each in listed}
        lines = [json.loads(line) for line in self.path.read_text().splitlines()]
        return {
            line["name"]: Finding(by_name[line["name"]], Verdict.CAUGHT, tuple(line["by"]), line["seconds"])
            for line in lines
            if line["name"] in by_name and line["verdict"] == Verdict.CAUGHT
        }
