"""The boards at the console: where a role begins, what each board shows, how it is filtered, and what fails."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.conftest import SitDown
from tests.worlds import World

pytestmark = pytest.mark.browser

_BOARDS = ("arrivals", "departures", "in-house", "today", "front-desk-grid", "housekeeping", "maintenance")
_PATHS = {
    "arrivals": "/arrivals",
    "departures": "/departures",
    "in-house": "/in-house",
    "today": "/today",
    "front-desk-grid": "/front-desk/grid",
    "housekeeping": "/housekeeping/board",
    "maintenance": "/maintenance/board",
    "suggestions": "/ai/suggestions",
    "alerts": "/alerts",
    "search": "/reservations",
    "preferences": "/preferences",
}
_ROLES = [
    "front_desk",
    "night_auditor",
    "housekeeping_lead",
    "housekeeper",
    "maintenance",
    "fnb_manager",
    "revenue_manager",
    "general_manager",
    "owner",
]
_ROLES_WITH_PLACE = """async ([place, roles]) => {
  const { placesOf } = await import("/console/app/places.js");
  return roles.filter((role) => placesOf([role]).some((each) => each.id === place));
}"""
_ROLES_WITH_PACK = """async (roles) => {
  const { hasPack } = await import("/console/app/places.js");
  return roles.filter((role) => hasPack([role]));
}"""
_READ_WHAT_NEVER_COMES = """async () => {
  const { ConditionalReads } = await import("/console/app/conditional-reads.js");
  const never = (_method, _path, { signal }) =>
    new Promise((_, refuse) => signal.addEventListener("abort", () => refuse(signal.reason)));
  const reads = new ConditionalReads({ send: never }, { patienceMs: 50 });
  return reads.read("/arrivals").then(() => "an answer", (problem) => problem.name);
}"""


@pytest.mark.parametrize(
    ("role", "place"),
    [
        ("front_desk", "arrivals"),
        ("night_auditor", "arrivals"),
        ("housekeeper", "housekeeping"),
        ("housekeeping_lead", "housekeeping"),
        ("maintenance", "maintenance"),
        ("general_manager", "dashboard"),
    ],
)
def test_each_role_begins_where_its_work_is(sit_down: SitDown, role: str, place: str) -> None:
    """A front desk begins at the arrivals, a housekeeper at the rooms, whoever runs the house at the dashboard."""
    desk = sit_down().sit_at("", role)
    expect(desk.page.locator(".place[aria-current=page]")).to_have_attribute("data-place", place)


def test_all_seven_boards_are_reachable(sit_down: SitDown, pictures: Path) -> None:
    """Each board has its link, its heading, its counts and its lines, and the heading has the focus."""
    desk = sit_down().sit_at("dashboard")
    for place in _BOARDS:
        desk.go_to(place)
        expect(desk.page.locator("#page-title")).to_be_focused()
        desk.whole()
        expect(desk.page.locator(".trouble")).to_be_empty()
        assert desk.page.locator(".tally-one").count() >= 4
        assert desk.page.locator(".line-block > .line, .tile, .plan-block-of-rows > .plan-row").count() > 0
        desk.picture(pictures, f"{place}-en", whole=False)


def test_a_widget_leads_to_its_board(sit_down: SitDown) -> None:
    """The title of a widget is the way to where its subject is worked on, for whoever has that place."""
    desk = sit_down().sit_at("dashboard")
    desk.card("work-orders").locator("h2 a").click()
    expect(desk.page.locator(".board-maintenance[data-read]")).to_be_visible()
    desk.page.go_back()
    expect(desk.card("work-orders")).to_be_visible()
    expect(desk.card("rates").locator("h2 a")).to_have_count(0)


def test_a_place_of_another_role_leads_home(sit_down: SitDown) -> None:
    """Whoever opens the address of a place that is not theirs sees their own, and has no link to the other."""
    desk = sit_down().sit_at("maintenance", "housekeeper")
    expect(desk.page.locator(".place[aria-current=page]")).to_have_attribute("data-place", "housekeeping")
    expect(desk.page.locator(".place[data-place=maintenance]")).to_have_count(0)


def test_the_places_are_for_the_roles_that_the_service_names(sit_down: SitDown, world: World) -> None:
    """Who has a link to a board is whom the service answers: `x-roles` of its own document."""
    page = sit_down().open().page
    document = world.http.get(f"{world.bff}/openapi.json").json()
    for place, path in _PATHS.items():
        shown = page.evaluate(_ROLES_WITH_PLACE, [place, _ROLES])
        assert shown == _roles_of(document, path), place
    assert page.evaluate(_ROLES_WITH_PACK, _ROLES) == _roles_of(document, "/downtime-pack")


def _roles_of(document: dict[str, Any], path: str) -> list[str]:
    (operation,) = (each["get"] for route, each in document["paths"].items() if route.endswith(path))
    return [role for role in _ROLES if role in operation.get("x-roles", _ROLES)]


def test_a_connection_that_died_without_a_word_is_noticed(sit_down: SitDown) -> None:
    """Who gets no answer at all stops waiting, and says so as if nobody had been there."""
    assert sit_down().open().page.evaluate(_READ_WHAT_NEVER_COMES) == "Unreachable"


def test_lines_are_read_by_keyboard(sit_down: SitDown) -> None:
    """One stop for the list; arrows, Home and End move; Enter opens a line, Esc leads back to it."""
    desk = sit_down().sit_at("in-house")
    page = desk.page
    lines = page.locator(".line-block > .line")
    page.locator("#board-sort").focus()
    page.keyboard.press("Tab")
    expect(lines.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(lines.nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(lines.last).to_be_focused()
    expect(lines.last).to_be_in_viewport()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog.dialog-details")
    expect(dialog).to_contain_text(lines.last.locator(".code").last.inner_text())
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(lines.last).to_be_focused()
    assert page.locator(".line-list [tabindex='0']").count() == 1


def test_cards_and_the_room_plan_are_moved_through_by_arrow_keys(sit_down: SitDown) -> None:
    """The next card of a column is below, the next column beside; in the plan the days follow each other."""
    desk = sit_down().sit_at("housekeeping")
    page = desk.page
    tiles = page.locator(".column-dirty .tile")
    tiles.first.focus()
    page.keyboard.press("ArrowDown")
    expect(tiles.nth(1)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".column-dirty .tile:focus")).to_have_count(0)
    expect(page.locator(".tile:focus")).to_have_count(1)
    desk.go_to("front-desk-grid")
    cells = page.locator(".plan-block-of-rows > .plan-row").first.locator(".plan-cell")
    cells.first.focus()
    page.keyboard.press("End")
    expect(cells.last).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".plan-block-of-rows > .plan-row").nth(1).locator(".plan-cell:focus")).to_have_count(1)


def test_what_is_typed_narrows_the_list_and_goes_nowhere(sit_down: SitDown) -> None:
    """The filter takes letters of any script and case, says what is left, and asks nobody."""
    desk = sit_down().sit_at("in-house").whole()
    page = desk.page
    lines = page.locator(".line-block > .line")
    every = lines.count()
    code = lines.nth(2).locator(".cell-guest .code").inner_text()
    seen = desk.requests()
    page.fill("#board-filter", code.lower())
    expect(lines).to_have_count(1)
    expect(page.locator(".found")).to_have_text(f"1 of {every} shown")
    page.fill("#board-filter", "nobody is called this")
    expect(page.locator(".board-body .quiet")).to_be_visible()
    page.fill("#board-filter", "")
    expect(lines).to_have_count(every)
    assert not [request for request in seen if "in-house" in request.url and "query" in request.url]
    assert code.lower() not in page.url


def test_status_and_order_are_the_services_and_stay_in_the_address(sit_down: SitDown) -> None:
    """A status and an order are asked of the service, and are still chosen after a reload."""
    desk = sit_down().sit_at("arrivals")
    page = desk.page
    with page.expect_request(lambda request: "status=confirmed" in request.url):
        page.locator(".filter[data-status=confirmed]").click()
    with page.expect_request(lambda request: "sort=guest" in request.url and "status=confirmed" in request.url):
        page.select_option("#board-sort", "guest")
    # A key that is pressed in a list of choices is for that list.
    page.locator("#page-title").focus()
    desk.whole()
    statuses = page.locator(".line-block .cell-status").all_inner_texts()
    assert set(statuses) == {"Expected"}
    page.reload()
    desk.at_rest()
    expect(page.locator(".filter[data-status=confirmed]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#board-sort")).to_have_value("guest")


def test_an_unchanged_board_is_not_sent_again(sit_down: SitDown) -> None:
    """The next reading names the `ETag` and takes what the cache has; 304 leaves lines and focus as they are."""
    desk = sit_down().sit_at("in-house").whole()
    page = desk.page
    first = page.locator(".line-block > .line").first
    first.focus()
    page.evaluate("document.querySelectorAll('.line-block > .line').forEach((line) => { line.before = true; })")
    with page.expect_response(lambda answer: "/in-house?" in answer.url) as again:
        page.evaluate("dispatchEvent(new Event('online'))")
    desk.at_rest()
    headers = again.value.request.all_headers()
    assert again.value.status == 304
    assert headers["if-none-match"].startswith('W/"')
    assert "no-cache" not in headers.get("cache-control", "")
    assert page.evaluate("[...document.querySelectorAll('.line-block > .line')].every((line) => line.before)")
    expect(first).to_be_focused()


def test_what_is_missing_is_named_and_the_rest_is_there(sit_down: SitDown, world: World, pictures: Path) -> None:
    """Without billing the lines are there without balances; the board says so, and recovers."""
    world.fault("billing-service", "error", status=503)
    world.forget_cache()
    desk = sit_down().sit_at("departures")
    page = desk.page
    expect(page.locator("[data-section=balances]")).to_have_class(re.compile("badge-bad"))
    expect(page.locator(".trouble")).to_contain_text("Balances")
    expect(page.locator(".cell-balance .unknown").first).to_be_visible()
    assert page.locator(".line-block > .line").count() > 0
    desk.picture(pictures, "board-partial", whole=False)
    world.heal()
    desk.whole()
    expect(page.locator(".trouble")).to_be_empty()
    expect(page.locator(".line-block .cell-balance .unknown")).to_have_count(0)


def test_a_board_without_its_lines_says_why(sit_down: SitDown, world: World) -> None:
    """Without reservations, and nothing known of before, there are no lines, no counts and one reason."""
    world.fault("reservation-service", "error", status=503)
    world.forget_cache()
    desk = sit_down().sit_at("arrivals")
    expect(desk.page.locator("[data-section=arrivals]")).to_have_class(re.compile("badge-bad"))
    expect(desk.page.locator(".tally-one dd").first).to_have_text("\N{EN DASH}")
    expect(desk.page.locator(".board-body .quiet")).to_be_visible()


def test_a_desk_without_network_keeps_what_it_read(sit_down: SitDown, pictures: Path) -> None:
    """Offline the lines stay, the banner says of when they are, and everything goes on by itself afterwards."""
    desk = sit_down().sit_at("arrivals").whole()
    page = desk.page
    lines = page.locator(".line-block > .line").count()
    page.context.set_offline(True)
    expect(page.locator(".banner")).to_contain_text("read at")
    assert page.locator(".line-block > .line").count() == lines
    desk.picture(pictures, "board-offline", whole=False)
    page.context.set_offline(False)
    expect(page.locator(".banner")).to_be_hidden()


@pytest.mark.parametrize("tag", ["en", "ps-AF"])
@pytest.mark.parametrize(("width", "scale"), [(320, 1), (720, 2)])
def test_no_board_is_wider_than_its_window(sit_down: SitDown, pictures: Path, tag: str, width: int, scale: int) -> None:
    """At 320 px and at 200 % zoom only the room plan is scrolled sideways, and only inside its frame."""
    desk = sit_down(language=tag, width=width, height=640, device_scale_factor=scale).open()
    desk.choose()
    desk.page.locator("button[type=submit]").click()
    desk.page.locator(".place").first.wait_for(state="attached")
    for place in _BOARDS:
        desk.page.evaluate(f"location.hash = '#/{place}'")
        desk.page.locator(f".board-{place}[data-read]").wait_for()
        assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
        desk.picture(pictures, f"{place}-{width}-{tag}", whole=False)
