"""The live stream and its polling over real sockets: contract section 6, promise by promise."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis

from bff_backoffice.domain.live_events import Channel
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.memorystore import keys
from tests.desktop import API, Desktop
from tests.live import event, listening, poll, tell
from tests.waiting import until
from tests.worlds import World, start_world

CHANNELS = ["ai", "alerts", "dashboard-refresh-hints", "session"]
ANOTHER_LOG = "0123456789abcdef-5"
"""A cursor as it should be, of a log that nobody has."""
PROMPTLY_S = 6.0
"""What has to happen within a second, on a machine that may stand still for some; what is not pushed takes 15."""


@pytest.fixture
def world(shared_world: World) -> World:
    """These tests leave the world as it was, but for its devices."""
    shared_world.leave_devices()
    return shared_world


def told(world: World, *events: Any, tenant: int = 0) -> None:
    """Announce to one of the world's tenants."""
    tell(world.redis, world.tenants[tenant], *events)


def test_the_first_event_is_session_ready(world: World) -> None:
    """It says how the stream lives and from where it goes on, under an id that is this cursor."""
    with listening(world.sign_in()) as stream:
        ready = stream.ready
        assert ready.event == "session.ready"
        assert ready.data["channel"] == "session"
        assert ready.data["tenantId"] == world.tenants[0]
        assert ready.payload["cursor"] == ready.id
        assert ready.payload["heartbeatSeconds"] == 15
        assert 0 < ready.payload["maxLifetimeSeconds"] <= 1800
        assert ready.payload["recovered"] is False
        assert ready.payload["channels"] == ["ai", "alerts", "dashboard-refresh-hints", "session"]
        headers = stream.answer.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["cache-control"] == "private, no-store, no-transform"
        assert headers["x-accel-buffering"] == "no"


def test_events_arrive_as_they_are_told(world: World) -> None:
    """Each with an id of its own, its name, and the data of the contract."""
    desktop = world.sign_in()
    with listening(desktop) as stream:
        told(world, event("alerts", 1, property_id=world.properties()[0]), event("ai", 2))
        first, second = stream.next(), stream.next()
        assert (first.event, second.event) == ("alerts.raised", "ai.raised")
        assert len({stream.ready.id, first.id, second.id}) == 3
        assert first.data == {
            "channel": "alerts", "type": "raised", "occurredAt": "2026-11-22T10:00:00Z", "tenantId": world.tenants[0],
            "propertyId": world.properties()[0], "payload": {"number": 1},
        }  # fmt: skip
        assert second.data["propertyId"] is None


def test_a_newer_stream_of_the_device_supersedes_the_older(world: World) -> None:
    """The older one is told so and ends; the newer one goes on."""
    desktop = world.sign_in()
    with listening(desktop) as older, listening(desktop) as newer:
        assert [each.event for each in older.rest()] == ["session.superseded"]
        told(world, event("alerts", 1))
        assert newer.next().payload == {"number": 1}


def test_polling_never_supersedes_a_stream(world: World) -> None:
    """A desktop that polls beside its stream hears by both."""
    desktop = world.sign_in()
    with listening(desktop) as stream:
        cursor = poll(desktop)["cursor"]
        told(world, event("alerts", 1))
        assert [each["payload"] for each in poll(desktop, cursor, wait=5)["events"]] == [{"number": 1}]
        assert stream.next().payload == {"number": 1}


def test_last_event_id_resumes_without_loss_or_repetition(world: World) -> None:
    """By header or by parameter, and the header counts."""
    desktop = world.sign_in()
    with listening(desktop) as stream:
        told(world, *[event("alerts", number) for number in range(3)])
        first = stream.next()
    told(world, event("ai", 3))
    with listening(desktop, f"after={stream.ready.id}", Last_Event_ID=first.id) as again:
        assert again.ready.payload["recovered"] is True
        assert again.ready.id == first.id
        assert [again.next().payload["number"] for _ in range(3)] == [1, 2, 3]
    with listening(desktop, f"after={stream.ready.id}") as again:
        assert [again.next().payload["number"] for _ in range(4)] == [0, 1, 2, 3]


def test_sign_out_revokes_the_stream_and_the_session_cannot_be_resumed(world: World) -> None:
    """session.revoked, then the end within a second, then 401."""
    desktop = world.sign_in()
    with listening(desktop) as stream:
        started = time.monotonic()
        assert desktop.request("POST", "/auth/sign-out").status_code == 204
        (last,) = stream.rest()
        assert last.event == "session.revoked"
        assert last.payload["reason"] == "signed_out"
        assert time.monotonic() - started < PROMPTLY_S
    assert desktop.request("GET", f"/sse/stream?after={last.id}").status_code == 401
    assert desktop.request("GET", f"/events?after={last.id}").status_code == 401


def narrow(world: World) -> tuple[Desktop, str, str]:
    """Somebody who works at some hotels of the tenant only, one of them, and one that is not."""
    hotels = world.properties()
    for operator in world.people["operators"]:
        others = [each for each in hotels if each not in operator["propertyIds"]]
        if operator["tenantId"] == world.tenants[0] and operator["propertyIds"] and others:
            return world.sign_in(operator=operator), operator["propertyIds"][0], others[0]
    raise AssertionError("everybody works everywhere")


def test_only_the_operators_own_hotels_are_heard(world: World) -> None:
    """By stream and by polling, whatever cursor is brought."""
    desktop, here, elsewhere = narrow(world)
    cursor = poll(desktop)["cursor"]
    with listening(desktop) as stream:
        told(world, event("alerts", 1, property_id=elsewhere), event("alerts", 2, property_id=here))
        assert stream.next().payload == {"number": 2}
    assert [each["payload"] for each in poll(desktop, cursor)["events"]] == [{"number": 2}]


def test_no_tenant_hears_of_another(world: World) -> None:
    """Not live, not by polling, and not with the other tenant's cursor."""
    mine, theirs = world.sign_in(), world.sign_in(tenant=1)
    before = poll(theirs)["cursor"]
    with listening(mine) as stream:
        told(world, event("alerts", 1), tenant=1)
        told(world, event("alerts", 2))
        assert stream.next().payload == {"number": 2}
    answer = poll(mine, before)
    assert answer["events"] == []
    assert sorted(answer["resync"]) == CHANNELS


def test_channels_are_filtered_by_role_and_by_wish(world: World) -> None:
    """A housekeeper has no suggestions; who asks for hints gets hints."""
    housekeeper, desktop = world.sign_in("housekeeper"), world.sign_in()
    with (
        listening(housekeeper, "channels=ai,alerts") as stream,
        listening(desktop, "channels=dashboard-refresh-hints") as hints,
    ):
        assert stream.ready.payload["channels"] == ["alerts", "session"]
        assert hints.ready.payload["channels"] == ["dashboard-refresh-hints", "session"]
        told(world, event("ai", 1), event("alerts", 2), event("dashboard-refresh-hints", 3))
        assert stream.next().payload == {"number": 2}
        assert hints.next().payload == {"number": 3}


def test_events_for_one_operator_or_device_reach_nobody_else(world: World) -> None:
    """A colleague of the same role at the same hotel hears only what is for everybody."""
    desktop, colleague = world.sign_in(), world.sign_in("front_desk")
    with listening(desktop) as stream, listening(colleague) as other:
        told(
            world,
            event("session", 1, device_id=desktop.device_id),
            event("session", 2, operator_id=world.operator()["id"]),
            event("alerts", 3, roles=["general_manager"]),
            event("alerts", 4),
        )
        assert [stream.next().payload["number"] for _ in range(4)] == [1, 2, 3, 4]
        assert other.next().payload == {"number": 4}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/sse/stream?channels=alerts,weather", "query.channels"),
        ("/sse/stream?channels=", "query.channels"),
        ("/sse/stream?after=yesterday", "query.after"),
        ("/events?after=0123456789abcdef-007", "query.after"),
        ("/events?wait=26", "query.wait"),
        ("/events?wait=-1", "query.wait"),
        ("/events?wait=1.5", "query.wait"),
        ("/events?wait=1&wait=2", "query.wait"),
    ],
)
def test_bad_input_is_named(world: World, path: str, place: str) -> None:
    """A malformed cursor, channel or wait gets a clear answer and no stream."""
    answer = world.sign_in().get(path)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == [place]


def test_a_malformed_last_event_id_is_named(world: World) -> None:
    """And so is everything else that is wrong with the same request."""
    answer = world.sign_in().get("/sse/stream?channels=x", Last_Event_ID="yesterday")
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == ["query.channels", "header.last-event-id"]


def test_the_stream_is_server_sent_events_or_nothing(world: World) -> None:
    """Whoever accepts no event stream is told so; a property outside the scope does not exist."""
    desktop, _, elsewhere = narrow(world)
    assert desktop.get("/sse/stream", Accept="application/json").status_code == 406
    assert desktop.get("/sse/stream", Accept="text/*").status_code == 200
    assert desktop.get(f"/sse/stream?propertyId={elsewhere}").status_code == 404
    assert desktop.get(f"/events?propertyId={elsewhere}").status_code == 404


def test_a_gap_is_never_silent(world: World) -> None:
    """Where history no longer reaches back, the channel's resync says so, in the place of what was lost."""
    desktop = world.sign_in()
    cursor = poll(desktop)["cursor"]
    told(world, event("ai", 0))
    tell(world.redis, world.tenants[0], *[event("alerts", number) for number in range(1, 6)], history_events=2)
    with listening(desktop, f"after={cursor}") as stream:
        assert stream.ready.payload["recovered"] is False
        heard = [stream.next() for _ in range(4)]
        assert [each.event for each in heard] == ["ai.raised", "alerts.resync", "alerts.raised", "alerts.raised"]
        assert [each.payload.get("number") for each in heard] == [0, None, 4, 5]
    answer = poll(desktop, cursor)
    assert answer["resync"] == ["alerts"]
    assert [each["payload"]["number"] for each in answer["events"]] == [0, 4, 5]
    assert poll(desktop, heard[1].id)["resync"] == []


def test_a_cursor_of_another_log_resynchronises_every_channel(world: World) -> None:
    """One resync for each, and then what happens from now on."""
    desktop = world.sign_in()
    with listening(desktop, f"after={ANOTHER_LOG}") as stream:
        assert stream.ready.id == ANOTHER_LOG
        assert stream.ready.payload["recovered"] is False
        heard = [stream.next() for _ in CHANNELS]
        assert [each.event for each in heard] == [f"{channel}.resync" for channel in CHANNELS]
        assert [each.id for each in heard[:-1]] == [f"{ANOTHER_LOG}.{gap}" for gap in (1, 2, 3)]
        told(world, event("alerts", 1))
        assert stream.next().payload == {"number": 1}
    assert poll(desktop, heard[-1].id)["resync"] == []


def test_a_cursor_from_beyond_the_logs_end_resynchronises_every_channel(world: World) -> None:
    """Nobody knows what was told up to there: a gap in every channel, by stream and by polling, and then it goes on."""
    desktop = world.sign_in()
    now = poll(desktop)["cursor"]
    beyond = f"{now.split('-')[0]}-999999999999"
    assert poll(desktop, beyond)["resync"] == CHANNELS
    with listening(desktop, f"after={beyond}") as stream:
        assert stream.ready.payload["recovered"] is False
        assert [stream.next().event for _ in CHANNELS] == [f"{channel}.resync" for channel in CHANNELS]
        told(world, event("alerts", 1))
        assert stream.next().payload == {"number": 1}


def test_a_hotel_that_the_request_names_is_the_only_one_that_is_heard(world: World) -> None:
    """By header or by parameter, by stream and by polling; without a name it is every hotel of the scope."""
    here, elsewhere = world.properties()[:2]
    desktop = world.sign_in()
    cursor = poll(desktop)["cursor"]
    with listening(desktop, f"propertyId={here}") as stream:
        told(world, event("alerts", 1, property_id=elsewhere), event("alerts", 2, property_id=here), event("ai", 3))
        assert [stream.next().payload["number"] for _ in range(2)] == [2, 3]
    with listening(desktop, f"after={cursor}", X_Property_Id=elsewhere) as stream:
        assert [stream.next().payload["number"] for _ in range(2)] == [1, 3]
    told_by = {name: poll(desktop, cursor, query=f"propertyId={name}")["events"] for name in (here, elsewhere)}
    assert {name: [each["payload"]["number"] for each in told] for name, told in told_by.items()} == {
        here: [2, 3], elsewhere: [1, 3],
    }  # fmt: skip
    assert [each["payload"]["number"] for each in poll(desktop, cursor)["events"]] == [1, 2, 3]


def test_a_stream_ends_by_its_tokens_exp(world: World) -> None:
    """It says so, and its client may come back with the cursor."""
    desktop = world.sign_in(ttl=4)
    with listening(desktop) as stream:
        assert stream.ready.payload["maxLifetimeSeconds"] <= 4
        assert [each.event for each in stream.rest()] == ["session.expired"]
    assert time.time() <= _claim(desktop, "exp") + PROMPTLY_S


def test_a_poll_waits_for_the_next_event_and_no_longer(world: World) -> None:
    """It comes back with the event; without one, when its time is over; and at once with what is there."""
    desktop = world.sign_in()
    cursor = poll(desktop)["cursor"]
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(poll, desktop, wait=20)
        # Again and again: what is told before the poll has begun is nothing that it waits for.
        until(lambda: told(world, event("alerts", 1)) or waiting.done())
    answer = waiting.result()
    assert answer["events"][0]["payload"] == {"number": 1}
    assert answer["events"][-1]["id"] == answer["cursor"]
    now = poll(desktop)["cursor"]
    started = time.monotonic()
    assert poll(desktop, now, wait=1) == {"cursor": now, "events": [], "resync": []}
    assert time.monotonic() - started >= 1
    there = poll(desktop, cursor, wait=20)
    assert there["events"][0]["payload"] == {"number": 1}
    assert there["cursor"] == now


def test_a_poll_does_not_outlast_its_token(world: World) -> None:
    """A token that expires during the wait ends it, with the cursor to go on from."""
    desktop = world.sign_in(ttl=4)
    answer = poll(desktop, wait=25)
    assert answer["events"] == []
    assert time.time() < _claim(desktop, "exp") + PROMPTLY_S


def _claim(desktop: Desktop, name: str) -> Any:
    claims = desktop.token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))[name]


ENDS: dict[str, Callable[[World, Desktop, dict[str, Any]], None]] = {
    "session": lambda world, desktop, _: world.publish(
        "melmastoon.iam.session.revoked.v1", world.tenants[0], {"sessionId": _claim(desktop, "sid"), "reason": "theft"}
    ),
    "our own session": lambda world, desktop, operator: world.publish(
        "melmastoon.iam.session.revoked.v1",
        world.tenants[0],
        {"sessionId": desktop.get("/session").json()["id"], "userId": operator["id"], "reason": "theft"},
    ),
    "user": lambda world, _, operator: world.publish(
        "melmastoon.iam.user.locked.v1", world.tenants[0], {"userId": operator["id"]}
    ),
    "device": lambda world, desktop, _: world.publish(
        "melmastoon.iam.device.revoked.v1", world.tenants[0], {"deviceId": desktop.device_id}
    ),
    "membership": lambda world, _, operator: world.publish(
        "melmastoon.tenant.membership.removed.v1", world.tenants[0], {"userId": operator["id"]}
    ),
}


@pytest.mark.parametrize("how", ENDS)
def test_wherever_a_revocation_is_learned_the_stream_ends_within_a_second(world: World, how: str) -> None:
    """session.revoked, the end, and no way back; a poll that waits is refused."""
    operator = next(
        each for each in reversed(world.people["operators"])
        if each["tenantId"] == world.tenants[0] and each["roles"] == ["housekeeper"]
    )  # fmt: skip
    desktop = world.sign_in(operator=operator)
    refused: list[int] = []
    with listening(desktop) as stream:
        waiting = threading.Thread(target=lambda: refused.append(desktop.get("/events?wait=15").status_code))
        waiting.start()
        started = time.monotonic()
        ENDS[how](world, desktop, operator)
        (last,) = stream.rest()
        assert last.event == "session.revoked"
        assert time.monotonic() - started < PROMPTLY_S
        waiting.join()
    world.publish("melmastoon.iam.user.unlocked.v1", world.tenants[0], {"userId": operator["id"]})
    # A poll that had not begun by then finds no operator any more where the membership went.
    assert refused[0] in ({401, 403} if how == "membership" else {401})
    assert desktop.get(f"/sse/stream?after={last.id}").status_code == 401


def test_a_poll_whose_client_left_waits_no_longer(world: World) -> None:
    """What it waited for would be told to nobody: it ends when its connection does, as a stream."""
    desktop, path = world.sign_in(), f"{API}/events?wait=25"
    assert desktop.get("/session").status_code == 200
    left = 'bff_backoffice_errors_total{error_code="client_gone",route="/events"}'
    before = _measured(world, left)
    head = "".join(f"{name}: {value}\r\n" for name, value in desktop.headers("GET", path).items())
    address = httpx2.URL(world.bff)
    with socket.create_connection((address.host, address.port or 80)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: desk\r\n{head}\r\n".encode())
        until(lambda: _measured(world, POLLS_UNDER_WAY) == 1, WITHIN_THE_WAIT_S)
    until(lambda: _measured(world, left) == before + 1, WITHIN_THE_WAIT_S)
    until(lambda: _measured(world, POLLS_UNDER_WAY) == 0, WITHIN_THE_WAIT_S)


POLLS_UNDER_WAY = 'bff_backoffice_request_inflight{route="/events"}'
WITHIN_THE_WAIT_S = 15
"""Less than what the polls wait that are watched here."""


def _measured(world: World, line: str) -> float:
    """The sum of what the metrics say in the lines that begin like this."""
    lines = world.http.get(f"{world.admin}/metrics").text.splitlines()
    return sum(float(each.rpartition(" ")[2]) for each in lines if each.startswith(line))


def test_a_suspended_tenant_ends_its_streams_and_nobody_elses(own_world: World) -> None:
    """People of a tenant that works no more are told so at once; those of another one go on."""
    with listening(own_world.sign_in(tenant=1)) as stream, listening(own_world.sign_in()) as other:
        own_world.publish("melmastoon.tenant.suspended.v1", own_world.tenants[1], {"tenantId": own_world.tenants[1]})
        (last,) = stream.rest()
        assert (last.event, last.payload["reason"]) == ("session.revoked", "tenant_suspended")
        told(own_world, event("alerts", 1))
        assert other.next().payload == {"number": 1}


def test_a_new_sign_in_on_the_device_ends_the_stream_of_the_last(world: World) -> None:
    """The session is replaced, so its stream is told that it was revoked."""
    desktop = world.sign_in()
    with listening(desktop) as stream:
        again = Desktop.sign_in(world, world.operator("front_desk"), desktop.device_id, key=desktop.key)
        assert again.get("/session").status_code == 200
        (last,) = stream.rest()
        assert (last.event, last.payload["reason"]) == ("session.revoked", "replaced")


def test_changed_roles_end_the_stream_so_that_it_comes_back_with_them(world: World) -> None:
    """What may be heard is what tenant-service says now."""
    operator = world.operator("revenue_manager")
    with listening(world.sign_in(operator=operator)) as stream:
        world.publish("melmastoon.tenant.membership.updated.v1", world.tenants[0], {"userId": operator["id"]})
        assert [each.event for each in stream.rest()] == ["session.access-changed"]


def test_a_slow_reader_is_cut_off_and_loses_nothing(world: World) -> None:
    """Its queue is bounded; with the last id that it did read it goes on where it was."""
    desktop = world.sign_in()
    many = [event("alerts", number, payload={"text": "x" * 60_000}) for number in range(60)]
    with listening(desktop) as stream:
        told(world, *many)
        deadline = time.monotonic() + 15
        while 'reason="overflowed"} 1.0' not in world.http.get(f"{world.admin}/metrics").text:
            assert time.monotonic() < deadline, "it was never cut off"
            time.sleep(0.05)
        heard = stream.what_is_left()
    numbers = [each.payload["number"] for each in heard if each.event == "alerts.raised"]
    assert 0 < len(numbers) < 60
    last = [each for each in heard if each.event == "alerts.raised"][-1]
    with listening(desktop, f"after={last.id}") as stream:
        numbers += [stream.next().payload["number"] for _ in range(60 - len(numbers))]
    assert numbers == list(range(60))


def test_heartbeats_are_comments(world: World) -> None:
    """The first comment is padding for proxies that buffer; then one within each interval says when it was sent."""
    desktop = world.sign_in()
    with listening(desktop) as stream:
        assert len(stream.comments) == 1
        assert len(stream.comments[0]) > 2048
        assert stream.next_comment().startswith(": 20")


def test_nothing_is_lost_and_nothing_repeated_over_disconnects_and_changes_of_transport(world: World) -> None:
    """Whatever a desktop changes to, and whenever it is cut off, it hears every event once, in order."""
    chance = random.Random(6)
    desktop = world.sign_in()
    cursor = poll(desktop)["cursor"]
    total = 120
    telling = threading.Thread(target=told, args=(world, *[event(chance.choice(CHANNELS), n) for n in range(total)]))
    telling.start()
    heard: list[tuple[str, int]] = []
    while len(heard) < total:
        if chance.random() < 0.4:
            answer = poll(desktop, cursor, wait=chance.choice([0, 5]))
            assert answer["resync"] == []
            heard += [(each["id"], each["payload"]["number"]) for each in answer["events"]]
            cursor = answer["cursor"]
            continue
        with listening(desktop, f"after={cursor}") as stream:
            assert stream.ready.payload["recovered"] is True
            for _ in range(min(chance.randrange(1, 9), total - len(heard))):
                each = stream.next()
                heard.append((each.id, each.payload["number"]))
                cursor = each.id
    telling.join()
    assert [number for _, number in heard] == list(range(total))
    assert len({name for name, _ in heard}) == total


def test_the_stores_away_is_said_before_a_stream_begins(own_world: World) -> None:
    """503 and no stream; one that is open stays, and hears what comes when the store is back."""
    desktop = own_world.sign_in()
    with listening(desktop) as stream:
        os.kill(own_world.pids["redis"], signal.SIGSTOP)
        try:
            assert desktop.get("/sse/stream").status_code == 503
            assert desktop.get("/events").status_code == 503
        finally:
            os.kill(own_world.pids["redis"], signal.SIGCONT)
        told(own_world, event("alerts", 1))
        assert stream.next().payload == {"number": 1}


def test_a_restart_of_redis_under_open_streams_loses_nothing(own_world: World) -> None:
    """Its log brought everything back, so positions go on; the stream hears what was told meanwhile and afterwards."""
    desktop = own_world.sign_in()
    with listening(desktop) as stream:
        told(own_world, event("alerts", 1))
        before = own_world.pids["redis"]
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + 15
        while own_world.pids["redis"] in {0, before}:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        told(own_world, event("alerts", 2))
        told(own_world, event("alerts", 3))
        assert [stream.next().payload["number"] for _ in range(3)] == [1, 2, 3]


def test_a_redis_that_forgot_resynchronises_open_streams(own_world: World) -> None:
    """A gap is never silent: everybody who listens is told, and hears what comes after it."""
    desktop = own_world.sign_in()
    with listening(desktop) as stream:
        told(own_world, event("alerts", 1))
        assert stream.next().payload == {"number": 1}
        _forget_the_log(own_world)
        told(own_world, event("alerts", 2))
        assert [stream.next().event for _ in CHANNELS] == [f"{channel}.resync" for channel in CHANNELS]
        told(own_world, event("alerts", 3))
        # The second one is a part of the gap, unless somebody noticed that before it was told.
        assert set(iter(lambda: stream.next().payload["number"], 3)) <= {2}


def test_what_a_power_cut_took_is_a_gap_for_everybody_at_once(world: World) -> None:
    """Who heard it before it was gone is the witness; streams that are open need no further event to be told."""
    tenant_id = TenantId(world.tenants[1])
    with listening(world.sign_in(tenant=1)) as early, listening(world.sign_in("front_desk", tenant=1)) as other:
        told(world, event("alerts", 1), event("alerts", 2), tenant=1)
        (witness,) = {[stream.next(), stream.next()][-1].id for stream in (early, other)}
        _lose_the_last_event(world, tenant_id)
        late = world.sign_in(tenant=1)
        with listening(late, f"after={witness}") as back:
            assert back.ready.payload["recovered"] is False
            heard = [[stream.next() for _ in CHANNELS] for stream in (early, other, back)]
            for events in heard:
                assert [each.event for each in events] == [f"{channel}.resync" for channel in CHANNELS]
            assert len({each.id for each in heard[0]}) == len(CHANNELS)
            told(world, event("alerts", 3), tenant=1)
            assert [stream.next().payload for stream in (early, other, back)] == [{"number": 3}] * 3
    assert poll(late, heard[0][-1].id)["resync"] == []


def _lose_the_last_event(world: World, tenant_id: TenantId) -> None:
    """Leave the log as the next run of a server finds it whose append-only file lacks the end."""
    client = redis.Redis.from_url(world.redis)
    head, alerts = keys.live_head(tenant_id), keys.live_channel(tenant_id, Channel.ALERTS)
    lost = int(client.hget(head, "position"))  # type: ignore[arg-type] # it was told something
    client.xdel(alerts, f"{lost}-0")
    client.hset(head, mapping={"position": lost - 1, "run": "0" * 40})
    client.close()


def _forget_the_log(world: World) -> None:
    """Take the log's keys away, as a store that came back empty has none."""
    client = redis.Redis.from_url(world.redis)
    client.delete(*client.scan_iter("*:live:1:*"))
    client.close()


def test_on_shutdown_every_stream_is_told_and_the_process_ends(own_world: World) -> None:
    """session.draining, well within the drain time; the client goes on at the process that takes its place."""
    desktops = [own_world.sign_in() for _ in range(3)]
    before = own_world.pids["bff"]
    with listening(desktops[0]) as one, listening(desktops[1]) as two:
        waiting: list[int] = []
        told(own_world, event("alerts", 1))
        assert one.next().payload == two.next().payload == {"number": 1}
        poller = threading.Thread(target=lambda: waiting.append(desktops[2].get("/events?wait=20").status_code))
        poller.start()
        until(lambda: _measured(own_world, POLLS_UNDER_WAY) == 1, WITHIN_THE_WAIT_S)
        started = time.monotonic()
        os.kill(before, signal.SIGTERM)
        ends = [stream.rest() for stream in (one, two)]
        poller.join()
        assert [[each.event for each in rest] for rest in ends] == [["session.draining"]] * 2
        assert time.monotonic() - started < 5
        assert waiting == [200]
    deadline = time.monotonic() + 20
    while (
        own_world.pids["bff"] in {0, before} or own_world.http.get(f"{own_world.bff}/health/ready").status_code != 200
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    told(own_world, event("alerts", 2))
    with listening(desktops[0], f"after={ends[0][0].id}") as stream:
        assert stream.next().payload == {"number": 2}


def test_two_replicas_agree_on_the_newest_stream_and_on_what_is_told(tmp_path: Path) -> None:
    """One stream a device wherever it is held; each tells the same, and ends its streams with their session."""
    with start_world(tmp_path / "two", "--workers", "2", environment={"BFF_LIVE_LIFETIME_SECONDS": "60"}) as world:
        desktop, others = world.sign_in(), [world.sign_in() for _ in range(6)]
        with ExitStack() as stack:
            streams = [stack.enter_context(listening(desktop)) for _ in range(6)]
            for stream in streams[:-1]:
                assert [each.event for each in stream.rest()] == ["session.superseded"]
            heard = [streams[-1], *(stack.enter_context(listening(each)) for each in others)]
            told(world, *[event("alerts", number) for number in range(20)])
            assert {tuple(stream.next().id for _ in range(20)) for stream in heard} == {
                tuple(each["id"] for each in poll(others[0], streams[-1].ready.id)["events"])
            }
            started = time.monotonic()
            payload = {"userId": world.operator()["id"], "reason": "gone"}
            world.publish("melmastoon.iam.user.locked.v1", world.tenants[0], payload)
            assert [[each.event for each in stream.rest()] for stream in heard] == [["session.revoked"]] * 7
            assert time.monotonic() - started < PROMPTLY_S


def test_streams_have_a_jittered_lifetime(tmp_path: Path) -> None:
    """Each ends after 80 to 100 % of the longest, says that it was its time, and is resumed."""
    with start_world(tmp_path / "short", environment={"BFF_LIVE_LIFETIME_SECONDS": "3"}) as world:
        desktop = world.sign_in()
        started = time.monotonic()
        with listening(desktop) as stream:
            assert [each.event for each in stream.rest()] == ["session.rotated"]
            assert 2.3 < time.monotonic() - started < 3 + PROMPTLY_S
            told(world, event("alerts", 1))
        with listening(desktop, f"after={stream.ready.id}") as again:
            assert again.next().payload == {"number": 1}
