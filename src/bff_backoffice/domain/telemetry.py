"""What this service tells the platform of its own doing: the subjects, how often, how long each is kept.

Contract section 8; platform-facts A7. Telemetry only: no domain event leaves here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["PRODUCER", "SUBJECTS", "RetentionClass", "Subject", "is_sampled", "subject_named"]

PRODUCER: Final = "bff-backoffice-service"
_SCHEMAS: Final = "https://schemas.melmastoon.ghasi.io/bff-backoffice"
_WHOLE: Final = 2**64


class RetentionClass(StrEnum):
    """How long whoever receives an event keeps it: 90 days, a year, seven years."""

    OPERATIONAL = "operational"
    AUDIT = "audit"
    REGULATED = "regulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A kind of event. `sampling` is the share that is told where no setting says otherwise, 0 to 1."""

    aggregate: str
    verb: str
    retention: RetentionClass
    sampling: float = 1.0
    version: int = 1

    @property
    def short(self) -> str:
        """What settings call it: `dashboard.viewed`."""
        return f"{self.aggregate}.{self.verb}"

    @property
    def name(self) -> str:
        """The full subject."""
        return f"melmastoon.bff.backoffice.{self.aggregate}.{self.verb}.v{self.version}"

    @property
    def schema_path(self) -> str:
        """Where its JSON Schema is, below the address of all schemas and below `schemas/`."""
        return f"{self.aggregate}-{self.verb}/v{self.version}.json".replace("_", "-")

    @property
    def schema_uri(self) -> str:
        """The address of its JSON Schema."""
        return f"{_SCHEMAS}/{self.schema_path}"


_OPERATIONAL, _AUDIT, _REGULATED = RetentionClass

SUBJECTS: Final = (
    Subject(aggregate="session", verb="opened", retention=_REGULATED),
    Subject(aggregate="session", verb="refreshed", retention=_OPERATIONAL),
    Subject(aggregate="session", verb="closed", retention=_REGULATED),
    Subject(aggregate="dashboard", verb="viewed", retention=_OPERATIONAL, sampling=0.25),
    Subject(aggregate="workbench", verb="viewed", retention=_OPERATIONAL, sampling=0.25),
    Subject(aggregate="suggestion", verb="decided", retention=_AUDIT),
    Subject(aggregate="alert", verb="acknowledged", retention=_AUDIT),
    Subject(aggregate="lock_action", verb="proxied", retention=_REGULATED),
    Subject(aggregate="mutation", verb="proxied", retention=_AUDIT),
    Subject(aggregate="heartbeat", verb="received", retention=_OPERATIONAL, sampling=0.05),
    Subject(aggregate="sync_handshake", verb="completed", retention=_OPERATIONAL),
    Subject(aggregate="sync_cursor", verb="advanced", retention=_OPERATIONAL, sampling=0.25),
    Subject(aggregate="activity", verb="recorded", retention=_OPERATIONAL),
)
"""Every subject that is told."""

_BY_SHORT: Final = {subject.short: subject for subject in SUBJECTS}


def subject_named(short: str) -> Subject:
    """Return the subject that settings call so. Raises `KeyError`."""
    return _BY_SHORT[short]


def is_sampled(event_id: str, share: float) -> bool:
    """Whether an event is among the share that is told: the same for the same identifier, wherever it is asked."""
    if share >= 1:
        return True
    drawn = int.from_bytes(hashlib.sha256(event_id.encode()).digest()[:8], "big")
    return drawn < share * _WHOLE
