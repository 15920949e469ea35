"""A desktop as the suite plays it: signed requests, streams that are read an event at a time, polls."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from conformance.device_key import DeviceKey
from conformance.event_stream import Event, EventReader

__all__ = ["BrokenPromiseError", "Desk", "Stream", "expect"]

PATIENCE = 10.0
"""How long something may take that should be at once, in seconds: generous, since nothing here is a measurement."""


class BrokenPromiseError(Exception):
    """The server does not do what the contract says. The message is what was seen."""


def expect(kept: object, seen: str) -> None:
    """Go on where a promise is kept, else say what was seen."""
    if not kept:
        raise BrokenPromiseError(seen)


class Stream:
    """An open stream. `ready` is its first event, whatever that is."""

    def __init__(self, answer: httpx2.Response, patience: float) -> None:
        self.headers = answer.headers
        self._pieces = answer.iter_raw()
        self._reader = EventReader()
        self._waiting: list[Event] = []
        self._patience = patience
        self.ready = self.next()

    @property
    def comments(self) -> list[str]:
        """The comments that came so far."""
        return self._reader.comments

    def next(self) -> Event:
        """The next event, or `BrokenPromiseError` where none comes in time or the stream ends."""
        event = self.next_or_end()
        if event is None:
            raise BrokenPromiseError("the stream ended where an event should have come")
        return event

    def next_or_end(self) -> Event | None:
        """The next event, or None at the end. Raises `BrokenPromiseError` after too long a silence."""
        deadline = time.monotonic() + self._patience
        while not self._waiting:
            if time.monotonic() > deadline:
                raise BrokenPromiseError(f"no event within {self._patience:g} s")
            if not self.read():
                return None
        return self._waiting.pop(0)

    def read(self) -> bool:
        """Take in what comes next, events or a comment; return whether anything came before the end."""
        try:
            self._waiting += self._reader.feed(next(self._pieces))
        except StopIteration:
            return False
        except httpx2.RemoteProtocolError as error:
            raise BrokenPromiseError("the stream was cut instead of ended") from error
        except httpx2.TimeoutException as error:
            raise BrokenPromiseError(f"nothing came within {self._patience:g} s") from error
        return True

    def until(self, name: str) -> list[Event]:
        """Every event up to the first of this name, which is the last of the list."""
        events = [self.next()]
        while events[-1].name != name:
            events.append(self.next())
        return events

    def rest(self) -> list[Event]:
        """Everything until the end."""
        events = []
        while (event := self.next_or_end()) is not None:
            events.append(event)
        return events


@dataclass
class Desk:
    """One signed-in device. `url` is the address that everything is behind, its prefix included."""

    url: str
    device_id: str
    key: DeviceKey
    token: str
    http: httpx2.Client
    patience: float = PATIENCE

    @property
    def claims(self) -> dict[str, Any]:
        """What the access token says of itself; nobody here verifies it."""
        payload = self.token.split(".")[1]
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return found

    def headers(self, method: str, path: str, **more: str) -> dict[str, str]:
        """A request's credentials and proof."""
        return {
            "Authorization": f"DPoP {self.token}",
            "DPoP": self.key.proof(method, self.url + path, self.token),
            "X-Device-Id": self.device_id,
            **{name.replace("_", "-"): value for name, value in more.items()},
        }

    def get(self, path: str, **headers: str) -> httpx2.Response:
        """GET, whatever comes of it; a stream's body is not waited for."""
        signed = self.headers("GET", path.partition("?")[0], **headers)
        with self.http.stream("GET", self.url + path, headers=signed, timeout=40) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                answer.read()
            return answer

    @contextlib.contextmanager
    def stream(
        self, query: str = "", *, patience: float | None = None, last_event_id: str | None = None
    ) -> Iterator[Stream]:
        """Open a stream until the block ends."""
        path = "/sse/stream"
        address = self.url + path + (f"?{query}" if query else "")
        headers = self.headers("GET", path)
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        with self.http.stream("GET", address, headers=headers, timeout=patience or self.patience) as answer:
            if answer.status_code != httpx2.codes.OK:
                answer.read()
                raise BrokenPromiseError(f"GET {path} answered {answer.status_code}: {answer.text[:300]}")
            yield Stream(answer, patience or self.patience)

    def poll(self, after: str | None = None, *, wait: int | None = None, query: str = "") -> dict[str, Any]:
        """One poll, which must be answered with what the contract says."""
        parts = [f"after={after}" if after else "", "" if wait is None else f"wait={wait}", query]
        asked = "&".join(part for part in parts if part)
        answer = self.get("/events" + (f"?{asked}" if asked else ""))
        expect(answer.status_code == httpx2.codes.OK, f"GET /events answered {answer.status_code}: {answer.text[:300]}")
        body: dict[str, Any] = answer.json()
        shape = [type(body.get(name)) for name in ("cursor", "events", "resync")]
        expect(shape == [str, list, list], f"a poll answered {answer.text[:300]}")
        return body
