"""Listening as a desktop does: events read from a socket one at a time, and telling them by the log of the service."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2

from bff_backoffice.domain.live_events import Channel, LiveEvent
from bff_backoffice.domain.operator import DeviceId, OperatorId, OperatorRole, PropertyId, TenantId
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.live_log import RedisLiveLog
from tests.desktop import API, Desktop

__all__ = ["Heard", "Listening", "event", "listening", "poll", "tell"]

STREAM = "/sse/stream"


@dataclass(frozen=True)
class Heard:
    """One event as it came, and the `data` in it."""

    id: str
    event: str
    data: dict[str, Any]

    @property
    def payload(self) -> Any:
        """What it says."""
        return self.data["payload"]


class Listening:
    """An open stream. `comments` are the heartbeats, and the padding, that were passed over so far."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.comments: list[str] = []
        self._lines = answer.iter_lines()
        self._events = self._read()
        self.ready = next(self._events)

    def _read(self) -> Iterator[Heard]:
        fields: dict[str, str] = {}
        for line in self._lines:
            if line.startswith(":"):
                self.comments.append(line)
            elif line:
                name, _, value = line.partition(": ")
                assert name not in fields, line
                fields[name] = value
            elif fields:
                yield Heard(fields["id"], fields["event"], json.loads(fields["data"]))
                fields = {}

    def next(self) -> Heard:
        """The next event; waits for it, but not for ever."""
        return next(self._events)

    def next_comment(self) -> str:
        """The next comment, on a stream that is quiet otherwise."""
        return next(line for line in self._lines if line)

    def rest(self) -> list[Heard]:
        """Everything until the stream's end."""
        return list(self._events)

    def what_is_left(self) -> list[Heard]:
        """Everything that still arrives, also where the connection is cut off in the middle."""
        heard: list[Heard] = []
        with contextlib.suppress(httpx2.TransportError):
            for each in self._events:
                heard.append(each)  # noqa: PERF402 - what came before the cut is kept
        return heard

    def until(self, name: str) -> list[Heard]:
        """Everything up to the event of this name, that one included."""
        heard = []
        for each in self._events:
            heard.append(each)
            if each.event == name:
                return heard
        raise AssertionError(f"the stream ended without {name}: {heard}")


@contextlib.contextmanager
def listening(desktop: Desktop, query: str = "", **headers: str) -> Iterator[Listening]:
    """Open a stream until the block ends."""
    full = API + STREAM
    signed = desktop.headers("GET", full, **headers)
    url = desktop.base + full + (f"?{query}" if query else "")
    with desktop.http.stream("GET", url, headers=signed, timeout=20) as answer:
        assert answer.status_code == 200, answer.read()
        yield Listening(answer)


def poll(desktop: Desktop, after: str | None = None, *, wait: int = 0, query: str = "") -> dict[str, Any]:
    """One poll that must succeed."""
    parts = [f"after={after}" if after else "", f"wait={wait}" if wait else "", query]
    asked = "&".join(filter(None, parts))
    answer = desktop.request("GET", "/events" + (f"?{asked}" if asked else ""))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def event(channel: str, number: int = 0, **more: Any) -> LiveEvent:
    """Something to tell; `more` narrows whom."""
    return LiveEvent(
        channel=Channel(channel),
        type=more.get("type", "raised"),
        occurred_at=datetime(2026, 11, 22, 10, tzinfo=UTC),
        payload={"number": number, **more.get("payload", {})},
        property_id=None if more.get("property_id") is None else PropertyId(more["property_id"]),
        roles=None if more.get("roles") is None else frozenset(map(OperatorRole, more["roles"])),
        operator_id=None if more.get("operator_id") is None else OperatorId(more["operator_id"]),
        device_id=None if more.get("device_id") is None else DeviceId(more["device_id"]),
    )


def tell(redis_url: str, tenant_id: str, *events: LiveEvent, history_events: int = 1000) -> None:
    """Announce events, in order, as any process of the service does."""

    async def announce() -> None:
        store = RedisStore.open(redis_url, store="sessions", operation_seconds=5.0)
        try:
            log = RedisLiveLog(redis=store, history_events=history_events)
            for each in events:
                await log.announce(TenantId(tenant_id), each)
        finally:
            await store.aclose()

    asyncio.run(announce())
