"""Contract, section 4: the dashboard. Every answer, and every frame, is held to the API document.

| Promise | Held by |
|---|---|
| the four representations, chosen by `Accept`, lines by default | `test_accept_chooses_the_representation` |
| frames: start, one for each widget, end | integration/test_dashboard.py, unit/dashboard/test_laws.py |
| every frame has the promised members | `test_every_frame_is_as_described`, `test_the_first_frame_has_the_contracts_members` |
| frames merged are the one-shot JSON | integration/test_dashboard.py, unit/dashboard/test_laws.py |
| flushed as it is ready; a slow upstream delays no other widget | integration/test_weather.py, `test_the_first_frame_does_not_wait` |
| `Accept-Language` sets language and direction of HTML and frames | integration/test_dashboard.py |
| outcomes are of the closed set, each with its problem | `test_a_widget_that_failed_has_a_problem_and_no_data` |
| a stream without its end was cut | `test_a_stream_always_ends_with_its_end` |
| roles decide which widgets exist | integration/test_dashboard.py, `test_the_document_says_which_roles_see_a_widget` |
| at least the sixteen widgets | integration/test_dashboard.py |
| their numbers: totals, fourteen days, room statuses, variance | `test_each_widget_shows_what_the_contract_names` |
| money travels as amountMicro and currency | `test_money_is_written_one_way` |
| every number has a definition | `test_every_widget_has_a_definition_in_the_readers_language` |
| times, dates and names of members | `test_times_are_rfc_3339_and_names_are_camel_case` |
| warm: fresh for 30 s, kept ten minutes more | integration/test_weather.py, unit/dashboard/test_cache.py |
| colleagues share; a key holds what the content depends on | integration/test_dashboard.py, isolation |
| no field of one tenant in another's stream | isolation/test_interleaving.py |
"""  # noqa: E501 - a table's row is one line

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.desktop import Desktop
from tests.in_time import in_time, kept
from tests.musts.described import Described
from tests.waiting import until
from tests.worlds import World

LINES, PAGE, EVENTS, ONE = "application/x-ndjson", "text/html", "text/event-stream", "application/json"
ACCEPTS = [
    (None, LINES),
    ("*/*", LINES),
    ("application/*", LINES),
    ("application/json", ONE),
    ("text/event-stream", EVENTS),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", PAGE),
    ("application/json;q=0.5, text/html;q=0.4", ONE),
    ("text/html;q=0, */*", LINES),
    ("TEXT/HTML", PAGE),
]


@pytest.fixture(scope="module")
def desk(shared_world: World) -> Desktop:
    """Somebody who sees every widget."""
    desk = shared_world.sign_in()
    assert desk.get("/session").status_code == 200
    return desk


@pytest.fixture
def weather(world: World, desk: Desktop) -> Iterator[World]:
    """The world for tests that break upstreams: afterwards every widget is whole again, so breakers are closed."""
    yield world
    recover(world, desk)


def recover(world: World, desk: Desktop) -> None:
    """Heal the world, and return when every widget is whole again."""
    world.heal()
    until(lambda: not desk.get("/dashboard", Accept=ONE, Cache_Control="no-cache").json()["partial"], 40)


@pytest.fixture
def board(world: World, desk: Desktop, described: Described) -> dict[str, Any]:
    """The settled board of a healthy platform, by widget."""
    body = described.check(in_time(world, lambda: desk.get("/dashboard", Accept=ONE))).json()
    return {widget["id"]: widget for widget in body["widgets"]}


def members(value: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every member of a JSON value, however deep: its path, its name, its value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}.{name}", name, inner
            yield from members(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from members(inner, f"{path}[{number}]")


@pytest.mark.parametrize(("accept", "media"), ACCEPTS)
def test_accept_chooses_the_representation(
    world: World, desk: Desktop, described: Described, accept: str | None, media: str
) -> None:
    """Quality and order decide; whoever has no wish gets lines."""
    del world
    answer = described.check(desk.get("/dashboard", Accept=accept or "*/*"))

    assert answer.headers["Content-Type"].partition(";")[0] == media


def test_every_frame_is_as_described(world: World, desk: Desktop, described: Described) -> None:
    """Lines and events carry the same frames, and each is one that the document describes; cold and warm."""
    frame = described.document["paths"]["/dashboard"]["get"]["responses"]["200"]["content"][LINES]["schema"]
    for _ in range(2):
        lines = described.check(desk.get("/dashboard", Accept=LINES)).text.splitlines()
        events = desk.get("/dashboard", Accept=EVENTS).text
        data = [line.removeprefix("data: ") for line in events.splitlines() if line.startswith("data: ")]
        for text in data:
            described._valid(frame, json.loads(text))
        assert len(lines) == len(data) == 18
    del world


def test_the_first_frame_has_the_contracts_members(world: World, desk: Desktop) -> None:
    """Every member that section 4 names, in the first frame of a cold and of a warm board."""
    named = {
        "frame", "version", "snapshotId", "tenantId", "propertyId", "locale", "dir", "generatedAt", "widgets",
    }  # fmt: skip
    for known in (False, True):
        if known:
            kept(world, desk, "/dashboard", Accept=ONE)
        start = desk.frames()[0][1]
        assert set(start) >= named
        assert start["version"] == 1
        assert (start["tenantId"], start["propertyId"]) == (world.tenants[0], world.properties()[0])
        for widget in start["widgets"]:
            assert set(widget) >= {"id", "title", "kind", "span", "deadlineMs", "skeleton", "state"}
            assert widget["state"] == ("stale" if known else "pending"), widget["id"]
            assert ("data" in widget and widget["data"] is not None) is known, widget["id"]


def test_the_settled_frames_have_the_contracts_members(world: World, desk: Desktop) -> None:
    """Widget and end frames; the end counts what there was."""
    del world
    _, *widgets, end = [frame for _, frame in desk.frames()]

    for widget in widgets:
        assert set(widget) >= {"frame", "id", "outcome", "asOf", "ageMs", "upstreamMs", "sources", "data", "problem"}
        assert all(re.fullmatch(r"[a-z-]+-service", source) for source in widget["sources"])
    assert set(end) >= {"frame", "snapshotId", "elapsedMs", "partial", "outcomes"}
    assert sum(end["outcomes"].values()) == len(widgets)


def test_the_first_frame_does_not_wait(weather: World, desk: Desktop) -> None:
    """With every upstream hanging, the plan is there at once and the end by the longest deadline and a little."""

    def at_once() -> bool:
        # Anew each time: what hung a moment ago is not even asked.
        recover(weather, desk)
        weather.forget_cache()
        for service in ("reservation-service", "inventory-service", "analytics-service", "billing-service"):
            weather.fault(service, "hang")
        frames = desk.frames()
        (first, start), (last, end) = frames[0], frames[-1]
        longest = max(widget["deadlineMs"] for widget in start["widgets"]) / 1000
        assert (end["frame"], end["partial"]) == ("end", True)
        return first < 0.5 and last < longest + 1.0

    until(at_once, 60)


def test_a_widget_that_failed_has_a_problem_and_no_data(weather: World, desk: Desktop, described: Described) -> None:
    """The problem is a problem document in the reader's language, about the service, with an advice to try again."""
    weather.fault("billing-service", "error", status=500)

    in_time(weather, lambda: desk.get("/dashboard/widgets/rooms"))

    body = described.check(desk.get("/dashboard?widgets=balances,rooms", Accept=ONE, Accept_Language="fr")).json()

    failed = next(widget for widget in body["widgets"] if widget["id"] == "balances")
    healthy = next(widget for widget in body["widgets"] if widget["id"] == "rooms")
    assert failed["outcome"] in {"error", "timeout", "breaker_open"}
    assert failed["data"] is None
    assert failed["problem"]["userMessage"]["lang"] == "fr"
    assert failed["problem"]["code"].startswith("MELMASTOON.BFF.")
    assert failed["sources"] == ["billing-service"]
    assert healthy["outcome"] in {"fresh", "cached"}
    assert body["partial"] is True


@pytest.mark.parametrize("mode", ["error", "malformed", "reset", "huge"])
def test_a_stream_always_ends_with_its_end(weather: World, desk: Desktop, mode: str) -> None:
    """Whatever an upstream does, the last frame is the end, and the chunks are complete."""
    weather.fault("reservation-service", mode, **({"status": 503} if mode == "error" else {}))

    frames = [frame for _, frame in desk.frames()]

    assert frames[-1]["frame"] == "end"
    assert len(frames) == 18


def test_the_document_says_which_roles_see_a_widget(world: World, described: Described) -> None:
    """`x-widget-roles` is what the board does: a front desk sees the widgets that name it, and no others."""
    roles = described.document["paths"]["/dashboard"]["get"]["x-widget-roles"]
    for role in ("front_desk", "housekeeping_lead", "maintenance", "revenue_manager"):
        seen = {widget["id"] for widget in world.sign_in(role).frames()[0][1]["widgets"]}
        assert seen == {name for name, allowed in roles.items() if role in allowed}, role
    assert all({"general_manager", "owner"} <= set(allowed) for allowed in roles.values())


def test_each_widget_shows_what_the_contract_names(board: dict[str, Any], desk: Desktop) -> None:
    """Total and remaining; fourteen days; each room status; open folios and the day's variance; photo; devices."""
    desk.get("/session")
    data = {name: widget["data"] for name, widget in board.items()}

    for name in ("arrivals", "departures"):
        assert {"total", "remaining"} <= {member.removesuffix("Rooms") for member in data[name]}, data[name]
    outlook = next(value for value in data["outlook"].values() if isinstance(value, list))
    assert len(outlook) == 14
    days = [date.fromisoformat(day["date"]) for day in outlook]
    assert days == [days[0] + timedelta(days=number) for number in range(14)]
    rooms = json.dumps(data["rooms"])
    assert all(status in rooms for status in ("dirty", "clean", "inspected", "ready", "outOfOrder"))
    balances = {name.lower() for _, name, _ in members(data["balances"])}
    assert any("folio" in name for name in balances)
    assert any("variance" in name for name in balances)
    assert any("photo" in name.lower() for _, name, _ in members(data["property"]))
    assert any("queued" in name.lower() for _, name, _ in members(data["devices"]))


def test_money_is_written_one_way(board: dict[str, Any]) -> None:
    """`{"amountMicro": "…", "currency": "…"}`: whole micro-units as text, and a currency of ISO 4217."""
    found = 0
    for path, name, value in members({name: widget["data"] for name, widget in board.items()}):
        if isinstance(value, dict) and "amountMicro" in value:
            assert set(value) == {"amountMicro", "currency"}, path
            assert re.fullmatch(r"-?(0|[1-9][0-9]*)", value["amountMicro"]), path
            assert re.fullmatch(r"[A-Z]{3}", value["currency"]), path
            found += 1
        assert name.lower() not in {"price", "amount", "rate"} or not isinstance(value, float), path
    assert found >= 4


@pytest.mark.parametrize("language", ["en", "fr", "ar", "fa-AF", "ps-AF"])
def test_every_widget_has_a_definition_in_the_readers_language(world: World, desk: Desktop, language: str) -> None:
    """What the numbers count stands beside them, translated."""
    del world
    widgets = desk.frames(Accept_Language=language)[0][1]["widgets"]

    assert all(widget["definition"] for widget in widgets)
    arabic = [widget["id"] for widget in widgets if re.search(r"[\u0600-\u06ff]", widget["definition"])]
    assert len(arabic) == (len(widgets) if language in {"ar", "fa-AF", "ps-AF"} else 0)


def test_times_are_rfc_3339_and_names_are_camel_case(board: dict[str, Any]) -> None:
    """Every name of a member, every `…At` with an offset, every date as YYYY-MM-DD."""
    for path, name, value in members(board):
        if not path.startswith(tuple(f".{widget}" for widget in board)) or name in board:
            continue
        assert re.fullmatch(r"[a-z][A-Za-z0-9]*", name), path
        if value is not None and (name.endswith("At") or name in {"asOf", "dueAt"}):
            assert datetime.fromisoformat(value).tzinfo is not None, path
        if value is not None and name.lower().endswith("date"):
            date.fromisoformat(value)


def test_one_widget_is_an_entry_of_the_board(world: World, desk: Desktop, described: Described) -> None:
    """`GET /dashboard/widgets/{id}` answers with the members that the widget has in the one-shot board."""
    whole = kept(world, desk, "/dashboard", Accept=ONE).json()

    for widget in whole["widgets"]:
        one = described.check(desk.get(f"/dashboard/widgets/{widget['id']}")).json()
        assert set(one) == set(widget), widget["id"]
        # Between the two the cache has learnt what it shows, so state and outcome may differ, and the age does.
        for entry in (one, widget):
            for name in ("state", "outcome", "outcomeText", "ageMs"):
                entry.pop(name)
        assert one == widget
