"""A running simulator as the callers of its services see it: one plain request after another over a real socket."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from platform_sim.ids import fresh_ulid

__all__ = ["Hotel", "Platform", "Reply", "ulid_key", "uuid_key"]

_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered; `body` is decoded JSON, or None where there was none."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """The error code of a refusal, in whichever shape the service writes it."""
        return str(self.body.get("error", self.body)["code"])


@dataclass(frozen=True, slots=True)
class Platform:
    """A running simulator."""

    url: str
    since: datetime = field(compare=False)
    """Events that were published before are another test's."""

    def call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: object = None) -> Reply:
        """One request on a connection of its own."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=_SECONDS)
        try:
            sent = None if body is None else json.dumps(body).encode()
            connection.request(method, path, sent, {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            text = answer.read()
            return Reply(answer.status, json.loads(text) if text else None, dict(answer.getheaders()))
        finally:
            connection.close()

    def world(self) -> dict[str, Any]:
        """What `/_control/world` publishes."""
        return dict(self.call("GET", "/_control/world").body)

    def effects(self, service: str) -> list[dict[str, Any]]:
        """What a service really did since the world began."""
        return list(self.call("GET", f"/_control/effects?service={service}").body)

    def events(self, subject: str) -> list[dict[str, Any]]:
        """What was published under subjects that begin so."""
        rows = self.call("GET", f"/_control/events?subject={subject}").body
        return [row for row in rows if datetime.fromisoformat(row["publishedAt"]) >= self.since]

    def hotel(self, slug: str) -> Hotel:
        """A property of the world, with somebody to act there."""
        world = _published(self)
        found = next(prop for prop in world["properties"] if prop["slug"] == slug)
        operator = next(
            person
            for person in world["operators"]
            if found["id"] in person["propertyIds"] and "general_manager" in person["roles"]
        )
        device = next(device for device in world["devices"] if device["propertyId"] == found["id"])
        return Hotel(self, found["tenantId"], found["id"], operator["id"], device["id"])


@dataclass(frozen=True, slots=True)
class Hotel:
    """A property as a caller sees it: every call carries its tenant, property, operator and device."""

    platform: Platform
    tenant_id: str
    property_id: str
    operator_id: str
    device_id: str

    def as_property(self, prefix: str) -> str:
        """The property's identifier with another service's prefix."""
        return f"{prefix}_{self.property_id.partition('_')[2]}"

    def call(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Reply:
        """One request, under an idempotency key where one is given."""
        sent = {
            "X-Tenant-Id": self.tenant_id,
            "X-Property-Id": self.property_id,
            "X-Operator-Id": self.operator_id,
            "X-Device-Id": self.device_id,
            **({} if key is None else {"Idempotency-Key": key}),
            **(headers or {}),
        }
        return self.platform.call(method, path, headers=sent, body=body)

    def get(self, path: str) -> Any:
        """The body of a read that must succeed."""
        reply = self.call("GET", path)
        assert reply.status == 200, reply
        return reply.body


@cache
def _published(platform: Platform) -> dict[str, Any]:
    """The world of a simulator, asked for once: hotels, people and devices are the same ones after every reset."""
    return platform.world()


def ulid_key() -> str:
    """An idempotency key for the services that want a ULID."""
    return fresh_ulid()


def uuid_key() -> str:
    """An idempotency key for the services that want a UUID."""
    return str(uuid.uuid4())
