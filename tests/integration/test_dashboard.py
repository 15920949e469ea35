"""The dashboard over real sockets: contract section 4, in all its representations."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest

from tests.desktop import API
from tests.in_time import in_time, kept
from tests.waiting import until
from tests.worlds import World

ALL = [
    "occupancy", "adr", "revpar", "arrivals", "departures", "in-house", "outlook", "rooms", "arrivals-at-risk",
    "work-orders", "rates", "balances", "alerts", "suggestions", "property", "devices",
]  # fmt: skip


def merged(frames: list[dict[str, Any]]) -> dict[str, Any]:
    """The frames laid over each other, as the contract defines the one-shot JSON."""
    start, *middle, end = frames
    widgets = {frame["id"]: frame for frame in middle}
    overlaid = [{**plan, **_without_kind(widgets[plan["id"]])} for plan in start["widgets"]]
    return {**_without_kind(start), "widgets": overlaid, **_without_kind(end)}


def _without_kind(frame: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in frame.items() if name != "frame"}


def test_the_stream_starts_with_every_widget_and_ends_with_a_terminal_frame(world: World) -> None:
    """start, one frame for each widget of it, end: nothing else, nothing twice."""
    frames = [frame for _, frame in world.sign_in().frames()]

    assert frames[0]["frame"] == "start"
    assert frames[-1]["frame"] == "end"
    assert [widget["id"] for widget in frames[0]["widgets"]] == ALL
    assert sorted(frame["id"] for frame in frames[1:-1]) == sorted(ALL)
    assert frames[0]["snapshotId"] == frames[-1]["snapshotId"]
    assert frames[0]["snapshotId"].startswith("dsh_")


def test_every_widget_of_a_healthy_platform_is_fresh(world: World) -> None:
    """Data, its time, its sources; no problem; and the end frame counts what there was."""
    frames = [frame for _, frame in in_time(world, world.sign_in().frames)]

    for frame in frames[1:-1]:
        assert frame["outcome"] == "fresh", frame
        assert frame["data"] is not None
        assert frame["problem"] is None
        assert frame["sources"]
        assert frame["asOf"]
    assert frames[-1]["outcomes"] == {"fresh": len(ALL)}
    assert frames[-1]["partial"] is False


def test_a_second_dashboard_within_thirty_seconds_comes_from_the_cache(world: World) -> None:
    """Warm means from the cache; the header and the outcomes say so, and last-known data is in the first frame."""
    desktop = world.sign_in()

    def cold_and_warm() -> list[httpx2.Response]:
        world.forget_cache()
        answers = [desktop.get("/dashboard", Accept="application/json") for _ in range(2)]
        # What came too late the first time is not there the second time.
        return answers if [each.headers["X-Cache"] for each in answers] == ["MISS", "HIT"] else []

    _, warm = until(cold_and_warm)
    first_frame = desktop.frames()[0][1]

    assert {widget["outcome"] for widget in warm.json()["widgets"]} == {"cached"}
    assert all(widget["state"] == "stale" and widget["data"] for widget in first_frame["widgets"])


def test_colleagues_share_what_does_not_depend_on_them(world: World) -> None:
    """The upstreams are asked once for two operators, but for the operator's own devices."""
    kept(world, world.sign_in("general_manager"), "/dashboard", Accept="application/json")
    world.control("DELETE", "requests")

    body = world.sign_in("owner").get("/dashboard", Accept="application/json").json()

    outcomes = {widget["id"]: widget["outcome"] for widget in body["widgets"]}
    assert {name for name, outcome in outcomes.items() if outcome != "cached"} <= {
        "devices",
        "property",
        "rates",
        "alerts",
    }
    asked = {call["service"] for call in world.control("GET", "requests").json()}
    assert not asked & {"inventory-service", "reservation-service", "analytics-service", "billing-service"}


def test_the_settled_frames_are_the_one_shot_json(world: World) -> None:
    """One law for both representations; only the snapshot, the clock and the ages differ."""
    desktop = world.sign_in()
    kept(world, desktop, "/dashboard", Accept="application/json")

    streamed = merged([frame for _, frame in desktop.frames()])
    one_shot = desktop.get("/dashboard", Accept="application/json").json()

    for body in (streamed, one_shot):
        for name in ("snapshotId", "generatedAt", "elapsedMs"):
            body.pop(name)
        for widget in body["widgets"]:
            widget.pop("ageMs")
    assert streamed == one_shot


def test_the_event_stream_carries_the_same_frames(world: World) -> None:
    """Each frame is one event, named for its kind."""
    answer = world.sign_in().get("/dashboard", Accept="text/event-stream")

    events = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.headers["Cache-Control"] == "private, no-store, no-transform"
    assert events[0][0] == "event: start"
    assert events[-1][0] == "event: end"
    assert json.loads(events[0][1].removeprefix("data: "))["frame"] == "start"
    assert len(events) == len(ALL) + 2


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root: dict[str, str | None] = {}
        self.slots: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "html":
            self.root = dict(attrs)
        if tag == "script":
            self.scripts += 1
        if tag == "slot":
            self.slots.append(dict(attrs).get("name") or "")


@pytest.mark.parametrize(
    ("language", "direction"), [("en", "ltr"), ("fr", "ltr"), ("ar", "rtl"), ("fa-AF", "rtl"), ("ps-AF", "rtl")]
)
def test_the_page_is_in_the_readers_language_and_direction_and_has_no_script(
    world: World, language: str, direction: str
) -> None:
    """HTML paints every skeleton first, without script, `lang` and `dir` set."""
    answer = world.sign_in().get("/dashboard", Accept="text/html", Accept_Language=language)

    page = _Page()
    page.feed(answer.text)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Language"] == language
    assert (page.root["lang"], page.root["dir"]) == (language, direction)
    assert page.scripts == 0
    assert len(page.slots) >= len(ALL)
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_titles_follow_the_language_of_the_request(world: World) -> None:
    """`Accept-Language` chooses; the session's locale is the default."""
    desktop = world.sign_in()

    french = desktop.get("/dashboard", Accept="application/json", Accept_Language="fr").json()
    default = desktop.get("/dashboard", Accept="application/json").json()

    assert (french["locale"], french["dir"]) == ("fr", "ltr")
    assert (default["locale"], default["dir"]) == ("fa-AF", "rtl")
    assert french["widgets"][3]["title"] != default["widgets"][3]["title"]


@pytest.mark.parametrize(
    ("role", "seen", "unseen"),
    [
        ("front_desk", {"arrivals", "departures", "in-house", "rooms", "arrivals-at-risk"}, {"adr", "revpar"}),
        ("housekeeper", {"rooms"}, {"adr", "revpar", "balances", "rates"}),
        ("maintenance", {"work-orders"}, {"adr", "revpar", "balances", "rates"}),
        ("owner", set(ALL), set()),
    ],
)
def test_roles_decide_which_widgets_exist(world: World, role: str, seen: set[str], unseen: set[str]) -> None:
    """What a role may not see is not on its board at all."""
    ids = {widget["id"] for widget in world.sign_in(role).frames()[0][1]["widgets"]}

    assert seen <= ids
    assert not unseen & ids


def test_a_widget_of_another_role_is_forbidden_when_it_is_asked_for(world: World) -> None:
    """Asking by name gets a clear outcome on the board, and 403 on the widget's own route."""
    desktop = world.sign_in("housekeeper")

    asked = "/dashboard?widgets=rooms,revpar"
    body = in_time(world, lambda: desktop.get(asked, Accept="application/json")).json()
    alone = desktop.get("/dashboard/widgets/revpar")

    outcomes = {widget["id"]: widget["outcome"] for widget in body["widgets"]}
    assert outcomes["revpar"] == "forbidden"
    assert outcomes["rooms"] in {"fresh", "cached"}
    assert alone.status_code == 403
    assert alone.json()["code"] == "MELMASTOON.BFF.BACKOFFICE.ROLE_FORBIDDEN"


def test_only_the_widgets_that_were_asked_for(world: World) -> None:
    """`widgets=` chooses; an unknown name is a malformed query that names its place."""
    desktop = world.sign_in()

    chosen = desktop.get("/dashboard?widgets=rooms,rates", Accept="application/json").json()
    unknown = desktop.get("/dashboard?widgets=rooms,pool", Accept="application/json")

    assert sorted(widget["id"] for widget in chosen["widgets"]) == ["rates", "rooms"]
    assert unknown.status_code == 400
    assert unknown.json()["errors"][0]["field"].startswith("query.widgets")


def test_one_widget_again(world: World) -> None:
    """`GET /dashboard/widgets/{id}` is what a retry button calls."""
    desktop = world.sign_in()

    answer = in_time(world, lambda: desktop.get("/dashboard/widgets/arrivals"))
    missing = desktop.get("/dashboard/widgets/pool")

    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["outcome"]) == ("arrivals", "fresh")
    assert answer.json()["data"]["totalRooms"] >= answer.json()["data"]["remainingRooms"]
    assert missing.status_code == 404


def test_a_clients_budget_shortens_deadlines(world: World) -> None:
    """`X-Client-Budget-Ms` is on the first frame's deadlines; it never lengthens one."""
    desktop = world.sign_in()

    usual = desktop.frames()[0][1]["widgets"]
    short = desktop.frames(X_Client_Budget_Ms="150")[0][1]["widgets"]
    long = desktop.frames(X_Client_Budget_Ms="60000")[0][1]["widgets"]

    assert all(widget["deadlineMs"] <= 150 for widget in short)
    assert [widget["deadlineMs"] for widget in long] == [widget["deadlineMs"] for widget in usual]


@pytest.mark.parametrize("budget", ["0", "-5", "soon", "1e3", "²"])
def test_a_malformed_budget_is_refused(world: World, budget: str) -> None:
    """A header that is no number of milliseconds gets a clear 400."""
    answer = world.sign_in().http.get(
        world.bff + API + "/dashboard",
        headers={
            **{k: v.encode() for k, v in world.sign_in().headers("GET", API + "/dashboard").items()},
            "X-Client-Budget-Ms": budget.encode("utf-8"),
        },
    )

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "header.x-client-budget-ms"


def test_the_other_property_is_another_board(world: World) -> None:
    """Header and query both choose the property; different ones in one request are refused."""
    desktop = world.sign_in()
    first, second = world.properties()[:2]

    by_header = desktop.get("/dashboard", Accept="application/json", X_Property_Id=second).json()
    by_query = desktop.get(f"/dashboard?propertyId={second}", Accept="application/json").json()
    both = desktop.get(f"/dashboard?propertyId={first}", Accept="application/json", X_Property_Id=second)

    assert by_header["propertyId"] == by_query["propertyId"] == second
    assert both.status_code == 400


def test_the_devices_widget_shows_the_last_heartbeat(world: World) -> None:
    """A heartbeat is on the operator's board at once."""
    desktop = world.sign_in()
    desktop.get("/dashboard", Accept="application/json")
    body = {"sentAt": "2026-11-22T10:00:00Z", "queueDepth": 3, "networkProfile": "flaky", "appVersion": "1.4.2"}

    answer = desktop.request("POST", f"/devices/{desktop.device_id}/heartbeat", json_body=body)
    tile = in_time(world, lambda: desktop.get("/dashboard/widgets/devices")).json()["data"]

    assert answer.status_code == 200
    assert answer.json()["nextHeartbeatSeconds"] == 60
    mine = next(item for item in tile["items"] if item["thisDevice"])
    assert (mine["deviceId"], mine["queuedActions"], mine["status"]) == (desktop.device_id, 3, "online")


def test_deadline_and_trace_travel_on_to_the_upstreams(world: World) -> None:
    """Every upstream learns how long it has, and which trace it belongs to; nobody gets the operator's token."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    world.control("DELETE", "requests")
    desktop = world.sign_in()

    desktop.get("/dashboard", Accept="application/json", traceparent=trace)

    calls = [
        {name.lower(): value for name, value in call["headers"].items()}
        for call in world.control("GET", "requests").json()
        if call["service"] != "iam-service"
    ]
    # What another test's board began may still be asking.
    ours = [headers for headers in calls if headers["x-device-id"].endswith(desktop.device_id.partition("_")[2])]
    assert len(ours) > 10
    for headers in ours:
        assert 0 < int(headers["x-request-timeout-ms"]) <= 800
        assert headers["x-request-deadline"].endswith("Z")
        assert headers["traceparent"].split("-")[1] == trace.split("-")[1]
        assert desktop.token not in headers.get("authorization", "")
        assert "dpop" not in headers
