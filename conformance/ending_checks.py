"""Promises about how a stream ends: a reader that is too slow, a session that was revoked, a token that is over."""

from __future__ import annotations

import time

import httpx2

from conformance.desk import expect
from conformance.event_stream import Event
from conformance.promises import Setting, promise
from conformance.quiet_checks import well_formed
from conformance.telling_checks import fresh_run, raise_alert

__all__ = ["revocation_ends_the_stream"]

_LARGE = "x" * 12_000
"""A third as many of these as a log keeps are more than two sockets and any bounded queue hold."""
_REVOKED_WITHIN = 1.0
_BUSY = 4.0
"""What is added to a bound in seconds before it counts as broken: this is no benchmark, and the machine may be busy."""


@promise(
    "Slow readers are cut off with a reason after a bounded queue, never fed from an unbounded one.",
    mend="Bound what waits for a client, say why the stream ends, and let the client resume.",
)
def slow_readers_are_cut_off(setting: Setting) -> None:
    """Some megabytes that nobody reads end the stream; the client goes on from what it did read."""
    platform, run, flood = setting.platform, fresh_run("slow"), setting.history // 3
    desk = platform.desk()
    with desk.stream("channels=alerts") as stream:
        for number in range(flood):
            raise_alert(platform, f"{run}{number:05}", title=_LARGE)
        events = [well_formed(event) for event in stream.rest()]
    expect(len(events) < flood, "everything was kept for a client that read nothing")
    expect(events and events[-1].channel == "session", "the stream ended without a reason")
    expect(events[-1].name != "session.ready", "the stream ended without a reason")


@promise(
    "session.revoked is followed by the end of the stream, and the session can't be resumed.",
    mend="End the streams of a session wherever its revocation was learned, and refuse its token from then on.",
)
def revocation_ends_the_stream(setting: Setting) -> None:
    """From the event to the end of the stream it is at most a second, and what follows is refused."""
    platform = setting.platform
    desk = platform.desk()
    with desk.stream() as stream:
        claims, began = desk.claims, time.monotonic()
        payload = {"sessionId": claims["sid"], "userId": claims["sub"], "deviceId": desk.device_id, "reason": "lost"}
        platform.publish("melmastoon.iam.session.revoked.v1", platform.tenant(), payload)
        events = [well_formed(event) for event in stream.rest()]
        seconds = time.monotonic() - began
    expect(events and events[-1].name == "session.revoked", f"the stream ended with {[each.name for each in events]}")
    expect(seconds < _REVOKED_WITHIN + _BUSY, f"it took {seconds:.1f} s")
    for path in ("/sse/stream", "/events"):
        answer = desk.get(f"{path}?after={events[-1].id}")
        expect(answer.status_code == httpx2.codes.UNAUTHORIZED, f"{path} then answered {answer.status_code}")


@promise(
    "A stream ends by its token's exp at the latest.",
    mend="Set the end of the stream when it begins; a client that refreshes its token comes back.",
)
def a_stream_ends_with_its_token(setting: Setting) -> None:
    """A token of four seconds carries a stream for four seconds, and the stream says why it ends."""
    desk = setting.platform.desk(ttl=4)
    desk.patience += 4
    with desk.stream() as stream:
        events: list[Event] = [well_formed(event) for event in stream.rest()]
        over = time.time()  # noqa: TID251 - compared with the token, which says so by the same clock
    late = over - float(desk.claims["exp"])
    expect(late <= _BUSY, f"it ended {late:.1f} s after its token")
    expect(events and events[-1].channel == "session", "it ended without a reason")
