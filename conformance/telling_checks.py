"""Promises about what is told: order, loss and repetition, who hears what, how a stream ends. They need a platform."""

from __future__ import annotations

import time
from typing import Any

from conformance.desk import Desk, Stream, expect
from conformance.platform import Simulator
from conformance.promises import NeedsPlatformError, Setting, promise
from conformance.quiet_checks import well_formed

__all__ = ["RAISED"]

RAISED = "melmastoon.notification.alert.raised.v1"
SUGGESTED = "melmastoon.ai_orchestrator.suggestion.created.v1"
ROOM_CHANGED = "melmastoon.housekeeping.room.status_changed.v1"

_MARK = "conformance"
_SETTLED = 1.0


def raise_alert(platform: Simulator, mark: str, *, tenant: int = 0, place: int = 0, title: str = "") -> None:
    """An alert that is known by its mark."""
    payload = {
        "alertId": f"ntf_{mark}",
        "propertyId": platform.properties(tenant)[place],
        "severity": "info",
        "title": {"default": f"{_MARK} {mark}{title}", "values": {}},
    }
    platform.publish(RAISED, platform.tenant(tenant), payload)


def marked(data: dict[str, Any], run: str) -> str | None:
    """The mark of an alert of this run, or None."""
    identifier = str(data["payload"].get("id"))
    return identifier.removeprefix("ntf_") if identifier.startswith(f"ntf_{run}") else None


def hear(stream: Stream, run: str, last: str) -> list[tuple[str, str]]:
    """Ids and marks of the run's alerts up to the one with this mark."""
    heard: list[tuple[str, str]] = []
    while not heard or heard[-1][1] != last:
        event = well_formed(stream.next())
        mark = marked(event.json(), run)
        if mark is not None:
            heard.append((str(event.id), mark))
    return heard


def polled(desk: Desk, cursor: str, run: str, last: str) -> list[tuple[str, str]]:
    """The same by polling."""
    heard: list[tuple[str, str]] = []
    deadline = time.monotonic() + 2 * desk.patience
    while not heard or heard[-1][1] != last:
        expect(time.monotonic() < deadline, f"polling never told {last}, only {heard}")
        body = desk.poll(cursor, wait=5)
        cursor = body["cursor"]
        heard += [(each["id"], mark) for each in body["events"] if (mark := marked(each, run)) is not None]
    return heard


def fresh_run(name: str) -> str:
    """A prefix of marks that no earlier run has used."""
    return f"{name}{time.time_ns()}x"


@promise(
    "Every event has an id, a name, and data with channel, type, occurredAt, tenantId, propertyId, payload.",
    mend="Frame every event alike; what a client needs for filing it must not be in the payload alone.",
)
def events_are_well_formed(setting: Setting) -> None:
    """An alert, as it is told."""
    platform, run = setting.platform, fresh_run("form")
    with platform.desk().stream() as stream:
        raise_alert(platform, f"{run}1")
        (event,) = (each for each in stream.until("alerts.raised")[-1:])
        data = well_formed(event).json()
        expect(data["tenantId"] == platform.tenant(), f"tenantId is {data['tenantId']}")
        expect(data["propertyId"] == platform.properties()[0], f"propertyId is {data['propertyId']}")


@promise(
    "Last-Event-ID (or ?after=) resumes: nothing lost, nothing repeated.",
    mend="Go on strictly behind the position, and read the log before (or together with) joining what is told live.",
)
def resuming_loses_and_repeats_nothing(setting: Setting) -> None:
    """A stream that is cut after every few events hears each exactly once, in the order in which they were told."""
    platform, run = setting.platform, fresh_run("resume")
    desk, wanted, heard, position = platform.desk(), [f"{run}{number:03}" for number in range(24)], [], ""
    with desk.stream() as stream:
        position = str(stream.ready.id)
    for start in range(0, len(wanted), 4):
        raised = wanted[start : start + 4]
        # Two are told while nobody listens, two while somebody does.
        for mark in raised[:2]:
            raise_alert(platform, mark)
        header = position if start % 8 else None
        with desk.stream("" if header else f"after={position}", last_event_id=header) as stream:
            for mark in raised[2:]:
                raise_alert(platform, mark)
            heard += hear(stream, run, raised[-1])
            position = heard[-1][0]
    expect([mark for _, mark in heard] == wanted, f"heard {[mark.removeprefix(run) for _, mark in heard]}")
    expect(len({identifier for identifier, _ in heard}) == len(wanted), "two events have the same id")


@promise(
    "GET /events answers from the same log: changing between stream and polling loses and repeats nothing.",
    mend="One log, one id per event, whichever way it is read.",
)
def stream_and_polling_tell_the_same(setting: Setting) -> None:
    """The same ids in the same order, and a change of transport after every event."""
    platform, run = setting.platform, fresh_run("switch")
    desk = platform.desk()
    beginning = cursor = desk.poll()["cursor"]
    wanted = [f"{run}{number:03}" for number in range(8)]
    heard: list[tuple[str, str]] = []
    for number, mark in enumerate(wanted):
        raise_alert(platform, mark)
        if number % 2:
            with desk.stream(f"after={cursor}") as stream:
                heard += hear(stream, run, mark)
        else:
            heard += polled(desk, cursor, run, mark)
        cursor = heard[-1][0]
    expect([mark for _, mark in heard] == wanted, f"heard {[mark.removeprefix(run) for _, mark in heard]}")
    again = polled(desk, beginning, run, wanted[-1])
    expect(again == heard, f"polled alone it is {again}, changing it was {heard}")


@promise(
    "wait: a poll that waits answers as soon as there is an event.",
    mend="Wake waiting polls when an event is told; do not look only when the time is over.",
)
def a_waiting_poll_is_woken(setting: Setting) -> None:
    """Long before its twenty seconds are over."""
    platform, run = setting.platform, fresh_run("wake")
    desk = platform.desk()
    cursor = desk.poll()["cursor"]
    raise_alert(platform, f"{run}1")
    began = time.monotonic()
    found = False
    while not found:
        body = desk.poll(cursor, wait=20)
        cursor = body["cursor"]
        found = any(marked(each, run) for each in body["events"])
        expect(time.monotonic() - began < desk.patience, "a poll slept through an event")


@promise(
    "All four channels under one cursor; ?channels= chooses.",
    mend="A channel that was not asked for is not told, and its events take no part in what the client must read.",
)
def channels_are_chosen(setting: Setting) -> None:
    """Whoever asks for suggestions hears no alert."""
    platform, run = setting.platform, fresh_run("choose")
    with platform.desk().stream("channels=ai") as stream:
        raise_alert(platform, f"{run}1")
        suggestion = {"suggestionId": f"sug_{run}", "propertyId": platform.properties()[0], "category": "rate_change"}
        platform.publish(SUGGESTED, platform.tenant(), suggestion)
        event = well_formed(stream.next())
        expect(event.channel == "ai", f"heard {event.name} on a stream of suggestions")


@promise(
    "A cursor is a position only: tenant filters apply at every delivery.",
    mend="Look up the tenant of the token at every delivery, never that of the cursor.",
)
def another_tenant_hears_nothing(setting: Setting) -> None:
    """Neither by stream nor by poll, also with the position of the tenant that is told."""
    platform, run = setting.platform, fresh_run("tenant")
    ours, theirs = platform.desk(), platform.desk(tenant=1)
    position = ours.poll()["cursor"]
    raise_alert(platform, f"{run}secret")
    polled(ours, position, run, f"{run}secret")
    raise_alert(platform, f"{run}own", tenant=1)
    for after in (position, None):
        with theirs.stream(f"after={after}" if after else "") as stream:
            raise_alert(platform, f"{run}last{after}", tenant=1)
            heard = hear(stream, run, f"{run}last{after}")
        expect(not any("secret" in mark for _, mark in heard), "another tenant's alert was told")
    answer = theirs.get(f"/events?after={position}")
    expect(f"{run}secret" not in answer.text, "another tenant's alert was polled")


@promise(
    "Property filters apply at every delivery.",
    mend="An event of a hotel goes to those whose scope has the hotel.",
)
def another_hotel_hears_nothing(setting: Setting) -> None:
    """Who works at one hotel alone hears nothing of the other."""
    platform, run = setting.platform, fresh_run("hotel")
    here, there = platform.properties()[:2]
    try:
        desk = platform.desk("front_desk", at=here)
    except LookupError:
        raise NeedsPlatformError from None
    expect(here != there, "the world has one hotel")
    with desk.stream() as stream:
        raise_alert(platform, f"{run}there", place=1)
        raise_alert(platform, f"{run}here")
        heard = hear(stream, run, f"{run}here")
    expect(len(heard) == 1, f"heard {heard}")


def hinted(desk: Desk, position: str) -> list[dict[str, Any]]:
    """The hints behind a position."""
    told = desk.poll(position, query="channels=dashboard-refresh-hints")["events"]
    return [each for each in told if each["channel"] == "dashboard-refresh-hints"]


@promise(
    "Hints are coalesced before they get an id, and are sent whether or not anything was cached.",
    mend="Collect what becomes stale at a hotel for a moment, and tell it once.",
)
def hints_are_coalesced(setting: Setting) -> None:
    """A burst of changes of one hotel is a handful of hints."""
    platform, run, burst = setting.platform, fresh_run("hint"), 60
    desk = platform.desk()
    position = desk.poll()["cursor"]
    for _ in range(burst):
        body = {"propertyId": platform.properties()[0], "roomId": "rom_1", "status": "clean"}
        platform.publish(ROOM_CHANGED, platform.tenant(), body)
    raise_alert(platform, run)
    polled(desk, position, run, run)
    deadline = time.monotonic() + desk.patience
    while not (hints := hinted(desk, position)):
        expect(time.monotonic() < deadline, "no hint came")
        time.sleep(_SETTLED / 10)
    # Those that were not collected with the first ones.
    time.sleep(_SETTLED)
    hints = hinted(desk, position)
    expect(len(hints) <= burst / 4, f"{burst} changes of one hotel were told as {len(hints)} hints")


@promise(
    "Where history no longer reaches back, one <channel>.resync says so; a gap is never silent.",
    mend="Remember of each channel what was given up, and say it in the place of what is missing.",
)
def a_gap_is_announced(setting: Setting) -> None:
    """More alerts than any log keeps: whoever comes back from before them is told once, and then goes on."""
    platform, run = setting.platform, fresh_run("gap")
    desk = platform.desk()
    position = desk.poll()["cursor"]
    for number in range(setting.history):
        raise_alert(platform, f"{run}{number:05}")
    last = f"{run}{setting.history - 1:05}"
    with desk.stream("channels=alerts") as stream:
        raise_alert(platform, f"{run}end")
        hear(stream, run, f"{run}end")
    with desk.stream(f"channels=alerts&after={position}") as stream:
        names, marks = [], list[str]()
        while not marks or marks[-1] != last:
            event = well_formed(stream.next())
            names.append(event.name)
            marks += [mark] if (mark := marked(event.json(), run)) else []
    lost = marks[0] != f"{run}00000"
    expect(not lost or names.count("alerts.resync") == 1, f"{names.count('alerts.resync')} gaps were announced")
    expect(not lost or names[0] == "alerts.resync", f"first came {names[0]}")
    expected = [f"{run}{number:05}" for number in range(setting.history - len(marks), setting.history)]
    expect(marks == expected, "what followed the gap is not whole")
    expect(lost == ("alerts" in desk.poll(position)["resync"]), "polling and stream disagree about the gap")
