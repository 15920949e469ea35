"""A small server of live events that keeps every promise but those that a test takes from it.

It speaks for the service, for iam's sign-in and for the platform's control routes at once, so that the conformance
suite can be run against it. Written from the contract and with none of the service's code.
"""

from __future__ import annotations

import base64
import json
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["ScriptedLiveServer", "serving"]

API = "/bff/backoffice/v1"
CHANNELS = ("ai", "alerts", "dashboard-refresh-hints", "session")
KEPT = 100
QUEUE = 10
TENANTS = ("tnt_A", "tnt_B")
END: tuple[str, str] = ("", "")


@dataclass
class Told:
    """One event of the log."""

    number: int
    tenant: str
    place: str | None
    channel: str
    kind: str
    payload: dict[str, Any]

    def data(self, *, incomplete: bool = False) -> dict[str, Any]:
        """What its data says."""
        data = {"channel": self.channel, "type": self.kind, "occurredAt": "2026-11-22T10:00:00Z",
                "tenantId": self.tenant, "propertyId": self.place, "payload": self.payload}  # fmt: skip
        if incomplete:
            del data["propertyId"]
        return data


@dataclass
class Listener:
    """An open stream."""

    tenant: str
    place: str | None
    channels: frozenset[str]
    session: str
    waiting: queue.Queue[Told | tuple[str, str]] = field(default_factory=queue.Queue)
    overflowed: bool = False


class ScriptedLiveServer:
    """The log, who listens, and which promises are broken."""

    def __init__(self, defects: frozenset[str]) -> None:
        self.defects = defects
        self.lock = threading.Condition()
        self.log: list[Told] = []
        self.given_up = 0
        self.streams: dict[str, Listener] = {}
        self.revoked: set[str] = set()
        self.signed_in = 0
        self._hint: threading.Timer | None = None

    def tell(self, tenant: str, place: str | None, channel: str, kind: str, payload: dict[str, Any]) -> None:
        """Give it its place, and hand it to whoever listens."""
        with self.lock:
            told = Told(1 + (self.log[-1].number if self.log else 0), tenant, place, channel, kind, payload)
            self.log.append(told)
            if len(self.log) > KEPT:
                self.given_up = self.log.pop(0).number
            for listener in self.streams.values():
                if self.heard(told, listener):
                    if listener.waiting.qsize() >= QUEUE and "unbounded" not in self.defects:
                        listener.overflowed = True
                    if not listener.overflowed:
                        listener.waiting.put(told)
            self.lock.notify_all()

    def heard(self, told: Told, listener: Listener) -> bool:
        """Whether the event is for this listener."""
        return (
            (told.tenant == listener.tenant or "tenants_mixed" in self.defects)
            and (listener.place in (None, told.place) or "hotels_mixed" in self.defects)
            and (told.channel in listener.channels or "channels_ignored" in self.defects)
        )

    def publish(self, body: dict[str, Any]) -> None:
        """Follow an event of the platform."""
        subject, tenant, payload = body["subject"], body["tenantId"], body["payload"]
        place = payload.get("propertyId")
        if "session.revoked" in subject:
            self._revoke(payload["sessionId"])
        elif "alert" in subject:
            self.tell(tenant, place, "alerts", "raised", {"id": payload["alertId"], "title": payload["title"]})
        elif "suggestion" in subject:
            self.tell(tenant, place, "ai", "created", {"id": payload["suggestionId"]})
        elif "hints_missing" in self.defects:
            pass
        elif "hints_uncoalesced" in self.defects:
            self.tell(tenant, place, "dashboard-refresh-hints", "stale", {})
        else:
            with self.lock:
                if self._hint is None or not self._hint.is_alive():
                    later = (tenant, place, "dashboard-refresh-hints", "stale", {})
                    self._hint = threading.Timer(0.3, self.tell, later)
                    self._hint.start()

    def _revoke(self, session: str) -> None:
        if "revocation_ignored" in self.defects:
            return
        self.revoked.add(session)
        for listener in list(self.streams.values()):
            if listener.session == session:
                if "revocation_silent" not in self.defects:
                    listener.waiting.put(("session.revoked", ""))
                listener.waiting.put(END)

    def missed(self, after: int, listener: Listener) -> tuple[bool, list[Told]]:
        """Whether something was lost since a position, and what is left of it."""
        repeated = 1 if "resume_repeats" in self.defects else 0
        skipped = 1 if "resume_loses" in self.defects else 0
        left = [each for each in self.log if each.number > after - repeated and self.heard(each, listener)]
        return after < self.given_up and "gap_silent" not in self.defects, left[skipped:]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Any

    @property
    def live(self) -> ScriptedLiveServer:
        """The state of the server."""
        return self.server.live  # type: ignore[no-any-return] # set below, on the server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""

    def answer(self, status: int, body: Any, kind: str = "application/json") -> None:
        """A whole answer."""
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def refuse(self, place: str) -> None:
        """A refusal as malformed."""
        errors = [] if "errors_unnamed" in self.live.defects else [{"field": place, "code": "malformed"}]
        self.answer(400, {"code": "MELMASTOON.GENERAL.VALIDATION_FAILED", "errors": errors}, "application/problem+json")

    def do_POST(self) -> None:
        """Sign in, or publish."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "sign-in" not in self.path:
            self.live.publish(body)
            self.answer(202, {})
            return
        ttl = int(parse_qs(urlsplit(self.path).query).get("ttl", ["900"])[0])
        self.live.signed_in += 1
        claims = {"sid": f"ses_{self.live.signed_in}", "sub": body["username"], "exp": int(time.time()) + ttl,
                  "tid": body["password"], "place": body["username"].partition("@")[2] or None}  # fmt: skip
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        self.answer(200, {"accessToken": f"e30.{payload}.x"})

    def do_GET(self) -> None:
        """The world, a stream or a poll."""
        address = urlsplit(self.path)
        if address.path == "/_control/world":
            self.answer(200, WORLD)
            return
        query = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        payload = self.headers["Authorization"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        if claims["sid"] in self.live.revoked and "revoked_resumes" not in self.live.defects:
            self.answer(401, {}, "application/problem+json")
            return
        channels = query.get("channels", ",".join(CHANNELS)).split(",")
        if set(channels) - set(CHANNELS) and "channels_unchecked" not in self.live.defects:
            self.refuse("query.channels")
            return
        after = self.headers.get("Last-Event-ID") or query.get("after")
        if after is not None and not after.isdigit():
            if "cursors_unchecked" not in self.live.defects:
                self.refuse("query.after")
                return
            after = None
        listener = Listener(claims["tid"], claims["place"], frozenset(channels) | {"session"}, claims["sid"])
        if address.path == f"{API}/events":
            self.poll(listener, after, query.get("wait", "0"))
        else:
            self.stream(listener, after, claims)

    def poll(self, listener: Listener, after: str | None, wait: str) -> None:
        """Answer a poll."""
        live = self.live
        if "wait_unbounded" in live.defects:
            wait = str(min(int(wait), 3)) if wait.isdigit() else "0"
        elif not wait.isdigit() or int(wait) > 25:
            self.refuse("query.wait")
            return
        if "poll_supersedes" in live.defects:
            self.supersede()
        head = live.log[-1].number if live.log else 0
        position = head if after is None else int(after)
        if after is None and "poll_from_the_beginning" in live.defects:
            position = -1
        deadline = time.monotonic() + (0 if "wait_ignored" in live.defects else int(wait))
        with live.lock:
            lost, found = live.missed(position, listener)
            while not found and not lost and (left := deadline - time.monotonic()) > 0:
                asleep = "wait_asleep" in live.defects
                if asleep:
                    live.lock.release()
                    time.sleep(min(left, 4))
                    live.lock.acquire()
                else:
                    live.lock.wait(left)
                lost, found = live.missed(position, listener)
            if "wait_asleep" in live.defects and found and wait != "0":
                time.sleep(2)
        shift = 1_000_000 if "ids_differ" in live.defects else 0
        events = [{"id": str(each.number + shift), **each.data()} for each in found]
        cursor = str(max([position, *(each.number for each in found)]))
        self.answer(200, {"cursor": cursor, "events": events, "resync": ["alerts"] if lost else []})

    def supersede(self) -> None:
        """End the device's older stream."""
        live, device = self.live, self.headers["X-Device-Id"]
        older = live.streams.pop(device, None)
        if older is not None:
            if "superseded_silently" not in live.defects:
                older.waiting.put(("session.superseded", ""))
            older.waiting.put(END)

    def event(self, identifier: str | int, name: str, data: dict[str, Any]) -> None:
        """Write one event."""
        ids = "" if "ids_missing" in self.live.defects and "ready" not in name else f"id: {identifier}\n"
        self.chunk(f"{ids}event: {name}\ndata: {json.dumps(data)}\n\n".encode())

    def chunk(self, raw: bytes) -> None:
        """Write a piece of the body."""
        self.wfile.write(b"%x\r\n%b\r\n" % (len(raw), raw))
        self.wfile.flush()

    def own(self, identifier: str | int, listener: Listener, kind: str, payload: dict[str, Any]) -> None:
        """Write an event of the stream itself."""
        channel, _, name = kind.rpartition(".")
        told = Told(0, listener.tenant, None, channel, name, payload)
        self.event(identifier, kind, told.data())

    def stream(self, listener: Listener, after: str | None, claims: dict[str, Any]) -> None:
        """Answer a stream."""
        live = self.live
        self.supersede()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Cache-Control", "private, no-store, no-transform")
        self.send_header("Connection", "close")
        if "headers_missing" not in live.defects:
            self.send_header("X-Accel-Buffering", "no")
        self.end_headers()
        with live.lock:
            head = live.log[-1].number if live.log else 0
            position = head if after is None else int(after)
            lost, found = live.missed(position, listener)
            for each in found if after is not None else ():
                listener.waiting.put(each)
            live.streams[self.headers["X-Device-Id"]] = listener
        said = {"heartbeatSeconds": 1, "maxLifetimeSeconds": 600, "recovered": "recovered_never" not in live.defects,
                "cursor": "elsewhere" if "cursor_not_id" in live.defects else str(position)}  # fmt: skip
        if "ready_missing" not in live.defects:
            self.own(position, listener, "session.ready", said)
        if lost and after is not None:
            self.own(live.given_up, listener, "alerts.resync", {})
        end = float("inf") if "outlives_token" in live.defects else claims["exp"] - 0.2
        self.follow(listener, position, end)

    def follow(self, listener: Listener, position: int, end: float) -> None:
        """Write what is told until something ends it."""
        live = self.live
        while True:
            try:
                each = listener.waiting.get(timeout=min(0.5, max(0.01, end - time.time())))
            except queue.Empty:
                if time.time() >= end:
                    self.own(position, listener, "session.expired", {})
                    break
                if "heartbeats_missing" not in live.defects:
                    self.chunk(b": beat\n\n")
                continue
            if isinstance(each, tuple):
                if each == END:
                    break
                self.own(position, listener, each[0], {})
                continue
            if listener.overflowed:
                if "overflow_silent" not in live.defects:
                    self.own(position, listener, "session.overflowed", {})
                break
            position = each.number
            data = each.data(incomplete="members_missing" in live.defects)
            self.event(position, f"{each.channel}.{each.kind}", data)
        self.chunk(b"")


WORLD = {
    "tenants": [{"id": each} for each in TENANTS],
    "properties": [{"id": f"ppt_{each}{number}", "tenantId": each} for each in TENANTS for number in (1, 2)],
    "operators": [
        *({"tenantId": each, "username": f"gm-{each}", "password": each, "roles": ["general_manager"],
           "propertyIds": []} for each in TENANTS),
        {"tenantId": "tnt_A", "username": "desk@ppt_tnt_A1", "password": "tnt_A", "roles": ["front_desk"],
         "propertyIds": ["ppt_tnt_A1"]},
    ],
    "devices": [{"id": f"dev_{each}{number}", "tenantId": each} for each in TENANTS for number in range(40)],
}  # fmt: skip


@contextmanager
def serving(*defects: str) -> Iterator[str]:
    """Serve until the block ends; gives the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.live = ScriptedLiveServer(frozenset(defects))  # type: ignore[attr-defined] # for the handlers
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
