"""The live stream and its polling over real sockets: contract section 6, promise by promise."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.live import event, listening, poll, tell
from tests.worlds import World


@pytest.fixture
def world(shared_world: World) -> World:
    """These tests leave the world as it was."""
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
        assert time.monotonic() - started < 1
    assert desktop.request("GET", f"/sse/stream?after={last.id}").status_code == 401
    assert desktop.request("GET", f"/events?after={last.id}").status_code == 401
