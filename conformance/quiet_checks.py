"""Promises that hold while nothing happens: how a stream begins, what it is made of, what is refused."""

from __future__ import annotations

import time

import httpx2

from conformance.desk import BrokenPromiseError, Desk, Stream, expect
from conformance.event_stream import Event
from conformance.promises import Setting, promise

__all__ = ["MEMBERS", "well_formed"]

MEMBERS = {"channel", "type", "occurredAt", "tenantId", "propertyId", "payload"}
"""What the data of every event has (contract, section 6)."""

_NEARLY_TWO = 1.5
_SILENCE = 2.5
"""Seconds, also for the stream's beginning: on a busy machine that may take one and a half."""


def well_formed(event: Event) -> Event:
    """Return the event if it has an id, a name of channel and type, and one object with all members as its data."""
    expect(event.id, f"{event.name} has no id")
    try:
        data = event.json()
    except ValueError:
        data = None
    expect(isinstance(data, dict), f"the data of {event.name} is no JSON object: {event.data[:200]}")
    expect(set(data) >= MEMBERS, f"the data of {event.name} lacks {sorted(MEMBERS - set(data))}")
    named = f"{data['channel']}.{data['type']}"
    expect(event.name == named, f"an event is called {event.name} and says that it is {named}")
    return event


def ready_of(stream: Stream) -> Event:
    """The stream's first event, which must be `session.ready`."""
    expect(stream.ready.name == "session.ready", f"the first event is {stream.ready.name}")
    return well_formed(stream.ready)


def refused(desk: Desk, path: str) -> httpx2.Response:
    """The answer of an address that must be refused as malformed."""
    answer = desk.get(path)
    problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    expect(answer.status_code == httpx2.codes.BAD_REQUEST and problem, f"{path} answered {answer.status_code}")
    return answer


@promise(
    "Streams add X-Accel-Buffering: no and Cache-Control: private, no-store, no-transform.",
    mend="Without these a proxy keeps events back until its buffer is full, or changes what it passes on.",
)
def headers_that_keep_proxies_out(setting: Setting) -> None:
    """The media type of event streams, and both headers."""
    with setting.desk().stream() as stream:
        kind = stream.headers.get("content-type", "")
        expect(kind.partition(";")[0] == "text/event-stream", f"Content-Type: {kind}")
        expect(stream.headers.get("x-accel-buffering") == "no", "no X-Accel-Buffering: no")
        said = {part.strip() for part in stream.headers.get("cache-control", "").split(",")}
        expect(said >= {"private", "no-store", "no-transform"}, f"Cache-Control: {', '.join(sorted(said))}")


@promise(
    "The first event is session.ready with heartbeatSeconds, maxLifetimeSeconds, cursor (equal to its id), recovered.",
    mend="Send it before anything else, and give it the position from which the stream goes on as its id.",
)
def first_event_is_ready(setting: Setting) -> None:
    """Whole numbers above zero, a cursor that is the id, a truth value."""
    with setting.desk().stream() as stream:
        ready = ready_of(stream)
        payload = ready.json()["payload"]
        for name in ("heartbeatSeconds", "maxLifetimeSeconds"):
            value = payload.get(name)
            expect(isinstance(value, int) and value > 0, f"{name} is {value!r}")
        expect(payload.get("cursor") == ready.id, f"cursor is {payload.get('cursor')!r}, the id {ready.id!r}")
        expect(isinstance(payload.get("recovered"), bool), f"recovered is {payload.get('recovered')!r}")


@promise(
    "Heartbeats are comments.",
    mend="Write `: …` and an empty line every heartbeatSeconds; an event would take an id and wake the client.",
)
def heartbeats_are_comments(setting: Setting) -> None:
    """A quiet stream is heard of within twice the time that it announced."""
    desk = setting.desk()
    with desk.stream() as stream:
        longest = 2 * int(ready_of(stream).json()["payload"]["heartbeatSeconds"]) + 2
    with desk.stream(patience=longest) as stream:
        before, deadline = len(stream.comments), time.monotonic() + longest
        while len(stream.comments) == before:
            expect(stream.read(), "the stream ended while it was quiet")
            expect(time.monotonic() < deadline, f"no comment within {longest} s")


@promise(
    "One stream per device; the newest connection wins and the older one gets session.superseded and ends.",
    mend="Whoever opens a stream must tell the older one, also where another replica holds it.",
)
def newest_stream_wins(setting: Setting) -> None:
    """The older one says why it ends, and ends; the newer one stays."""
    desk = setting.desk()
    with desk.stream() as older, desk.stream() as newer:
        ready_of(newer)
        events = [well_formed(event).name for event in older.rest()]
        expect(events == ["session.superseded"], f"the older stream ended with {events}")


@promise(
    "Polling never supersedes a stream.",
    mend="A poll takes no part in the order of a device's streams.",
)
def polling_supersedes_nothing(setting: Setting) -> None:
    """The stream is open after several polls, and was told nothing of them."""
    desk = setting.desk()
    with desk.stream(patience=_SILENCE) as stream:
        for _ in range(3):
            desk.poll()
        try:
            event = stream.next_or_end()
        except BrokenPromiseError:
            # Silence is what was promised.
            return
        expect(event is not None and event.channel != "session", f"the stream heard {event and event.name}")


@promise(
    'GET /events answers {"cursor", "events", "resync"}; without `after` it starts now.',
    mend="A poll without a position answers at once with the log's head and nothing before it.",
)
def polling_starts_now(setting: Setting) -> None:
    """A position, and nothing of before."""
    body = setting.desk().poll()
    expect(body["cursor"], "no cursor")
    expect((body["events"], body["resync"]) == ([], []), f"a first poll answered {body}")


@promise(
    "wait is 0 to 25 seconds, and how long a poll waits for an event.",
    mend="Answer as soon as there is an event, at the latest when the time is over; refuse other numbers with 400.",
)
def wait_is_bounded(setting: Setting) -> None:
    """A poll waits as long as it was told where nothing comes, and other values are refused."""
    desk = setting.desk()
    cursor = desk.poll()["cursor"]
    began = time.monotonic()
    quiet = not desk.poll(cursor, wait=2)["events"]
    waited = time.monotonic() - began
    expect(not quiet or waited > _NEARLY_TWO, f"a poll of two quiet seconds answered after {waited:.1f} s")
    for wrong in ("26", "-1", "1.5", "soon", ""):
        refused(desk, f"/events?wait={wrong}")


@promise(
    "A cursor that is none gets a clear error.",
    mend="Refuse with 400 and say in errors[] which part is malformed; never start somewhere else silently.",
)
def malformed_cursors_are_refused(setting: Setting) -> None:
    """By stream and by poll, in header and address."""
    desk = setting.desk()
    for path in ("/events", "/sse/stream"):
        answer = refused(desk, f"{path}?after=%00nonsense%20cursor")
        expect(answer.json().get("errors"), f"{path} names no place: {answer.text[:200]}")


@promise(
    "Channels: ai, alerts, dashboard-refresh-hints, session. Others do not exist.",
    mend="Refuse an unknown channel with 400: a client that misspells one would wait for ever.",
)
def unknown_channels_are_refused(setting: Setting) -> None:
    """Also beside a known one."""
    desk = setting.desk()
    for wrong in ("weather", "alerts,weather"):
        refused(desk, f"/sse/stream?channels={wrong}")
    with desk.stream("channels=ai,alerts,dashboard-refresh-hints,session") as stream:
        ready_of(stream)


@promise(
    "Last-Event-ID (or ?after=) resumes.",
    mend="Whoever comes back with the id of session.ready has missed nothing, and is told so: recovered is true.",
)
def resuming_where_nothing_happened(setting: Setting) -> None:
    """Both ways, with the id of the first event."""
    desk = setting.desk()
    with desk.stream() as stream:
        position = str(ready_of(stream).id)
    for query, header in ((f"after={position}", None), ("", position)):
        with desk.stream(query, last_event_id=header) as stream:
            recovered = ready_of(stream).json()["payload"]["recovered"]
            expect(recovered is True, f"recovered is {recovered!r} with {query or 'Last-Event-ID'}")
