"""What arrived at the services, and what really happened. Both are bounded; the oldest rows go first."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from platform_sim.kernel import Effect, instant

__all__ = ["AppliedEffect", "ArrivedRequest", "Recorder"]

_KEPT_REQUESTS: Final = 20_000
_KEPT_EFFECTS: Final = 50_000


@dataclass(slots=True, kw_only=True)
class ArrivedRequest:
    """One request to a service. `status` is None while it runs, and 499 if the caller went away before the answer."""

    at: datetime
    service: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: object
    status: int | None = None

    def wire(self) -> dict[str, object]:
        """The row of `/_control/requests`."""
        return {
            "at": instant(self.at),
            "service": self.service,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "body": self.body,
            "status": self.status,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedEffect:
    """One applied mutation, with the key under which it was asked for."""

    at: datetime
    service: str
    effect: Effect
    idempotency_key: str | None

    def wire(self) -> dict[str, object]:
        """The row of `/_control/effects`."""
        return {
            "at": instant(self.at),
            "service": self.service,
            "kind": self.effect.kind,
            "tenantId": self.effect.tenant_id,
            "resourceId": self.effect.resource_id,
            "idempotencyKey": self.idempotency_key,
        }


@dataclass(slots=True)
class Recorder:
    """The two lists."""

    requests: deque[ArrivedRequest] = field(default_factory=lambda: deque(maxlen=_KEPT_REQUESTS))
    effects: deque[AppliedEffect] = field(default_factory=lambda: deque(maxlen=_KEPT_EFFECTS))

    def requests_of(self, service: str | None, since: datetime | None) -> list[ArrivedRequest]:
        """In the order of arrival, of one service or of all, from a moment on."""
        return [
            row
            for row in self.requests
            if (service is None or row.service == service) and (since is None or row.at >= since)
        ]

    def effects_of(self, service: str | None, since: datetime | None) -> list[AppliedEffect]:
        """In the order in which they happened, of one service or of all, from a moment on."""
        return [
            row
            for row in self.effects
            if (service is None or row.service == service) and (since is None or row.at >= since)
        ]
