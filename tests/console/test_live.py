"""The console hears what happens: by the stream, by polling where the network lets none through, and by its end."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from ulid import ULID

from tests.console.acts import arrival, done_elsewhere
from tests.console.audit import complaints
from tests.console.conftest import SitDown
from tests.console.desk import Desk, claims_of
from tests.worlds import World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("new_day")]

_SOON_MS = 30_000
_BEFORE_THE_NEXT_READING_MS = 12_000
_LATER_MS = 60_000
_TOKEN = "JSON.parse(sessionStorage.getItem('backoffice-console.session')).accessToken"
_LANGUAGES = ("en", "fr", "ar", "fa-AF", "ps-AF")

_FOLLOW = """async (script) => {
  const { Follower } = await import("/console/app/live/follower.js");
  const { Unreachable } = await import("/console/app/problem.js");
  const asked = [];
  const answers = [...script];
  const never = (signal) => new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
  const next = (path, signal) => {
    asked.push(path);
    const at = answers.findIndex((each) => path.startsWith(each.path));
    if (at < 0) return never(signal);
    const [{ body }] = answers.splice(at, 1);
    if (body === null) throw new Unreachable("there", null);
    return body;
  };
  const session = {
    send: async (_, path, { signal }) => {
      const body = await next(path, signal);
      const encoder = new TextEncoder();
      return new Response(new ReadableStream({
        async start(controller) {
          for (const part of body) controller.enqueue(encoder.encode(part));
          await never(signal).catch(() => null);
          controller.error(new TypeError("cut"));
        },
      }));
    },
    json: async (_, path, { signal }) => next(path, signal),
    revoked: () => heard.push("revoked"),
    renew: async () => heard.push("renewed"),
  };
  const heard = [];
  const follower = new Follower(session);
  follower.addEventListener("state", ({ detail }) => heard.push(`state ${detail.state}`));
  follower.addEventListener("event", ({ detail }) => heard.push(`event ${detail.type} ${detail.id}`));
  follower.addEventListener("resync", ({ detail }) => heard.push(`resync ${detail.channels}`));
  follower.start();
  const over = performance.now() + 5000;
  while (answers.length > 0 && performance.now() < over) await new Promise((done) => setTimeout(done, 20));
  await new Promise((done) => setTimeout(done, 100));
  follower.stop();
  return { heard, asked, left: answers.length };
}"""


def _frame(cursor: str, channel: str, kind: str, payload: str = "{}") -> str:
    data = f'{{"channel": "{channel}", "type": "{kind}", "propertyId": null, "payload": {payload}}}'
    return f"id: {cursor}\nevent: {channel}.{kind}\ndata: {data}\n\n"


def _ready(cursor: str) -> str:
    return _frame(cursor, "session", "ready", '{"heartbeatSeconds": 15, "recovered": true}')


def _is(page: Page, state: str, timeout: float = _SOON_MS) -> None:
    expect(page.locator(".live")).to_have_attribute("data-live", state, timeout=timeout)


def _raise_alert(world: World, title: str, place: int = 0) -> None:
    operator = world.operator()
    text = {"default": title, "values": {}}
    answer = world.http.post(
        f"{world.sim}/notification-service/api/v1/alerts?propertyId={world.properties()[place]}",
        json={"severity": "critical", "title": text, "body": text},
        headers={
            "X-Tenant-Id": operator["tenantId"],
            "X-Operator-Id": operator["id"],
            "Authorization": "Bearer another-service",
            "Idempotency-Key": str(ULID()),
        },
    )
    assert answer.status_code == 201, answer.text


def _through(desk: Desk, mode: str) -> None:
    """Choose the network between desk and service in the weather panel."""
    if not desk.page.locator(".weather").is_visible():
        desk.page.keyboard.press("w")
    desk.page.select_option("#network", mode)


def test_the_stream_is_followed_with_proof(sit_down: SitDown) -> None:
    """The sign says live; the stream is asked for as everything else is, with the token and a proof of the key."""
    desk = sit_down()
    with desk.page.expect_request(lambda request: "/sse/stream" in request.url) as asked:
        desk.sit_at("arrivals", "front_desk")
    _is(desk.page, "live")
    headers = asked.value.all_headers()
    assert headers["authorization"].startswith("DPoP ")
    assert claims_of(headers["dpop"])["htu"].endswith("/sse/stream")


def test_a_hint_repaints_exactly_what_it_names(sit_down: SitDown, world: World) -> None:
    """Somebody checks in at another desk: the widgets that this changes are read again, and not the whole dashboard."""
    due = arrival(world)
    desk = sit_down().sign_in()
    _is(desk.page, "live")
    seen = desk.requests()
    other = world.sign_in("front_desk")
    with desk.page.expect_response(lambda answer: "/dashboard/widgets/arrivals" in answer.url, timeout=_SOON_MS):
        done_elsewhere(other, f"/reservations/{due['reservationId']}/check-in")
    read = [each.url.split("/v1")[1] for each in seen]
    assert not [path for path in read if path.startswith("/dashboard?")]
    assert not [path for path in read if path.startswith("/dashboard/widgets/suggestions")]


def test_a_board_that_a_hint_names_shows_the_change(sit_down: SitDown, world: World) -> None:
    """The arrivals show who came at another desk, long before the next reading is due."""
    due = arrival(world)
    desk = sit_down().sit_at("arrivals", "front_desk")
    _is(desk.page, "live")
    other = world.sign_in("front_desk")
    desk.page.keyboard.press("r")
    desk.whole()
    done_elsewhere(other, f"/reservations/{due['reservationId']}/check-in")
    status = desk.page.locator(f"[data-key='{due['reservationId']}'] .cell-status")
    expect(status).to_contain_text("Checked in", timeout=_BEFORE_THE_NEXT_READING_MS)


@pytest.mark.parametrize("tag", _LANGUAGES)
def test_an_alert_rings(sit_down: SitDown, world: World, pictures: Any, tag: str) -> None:
    """In sight on every screen and said as an alert; axe finds nothing; its link leads to the inbox."""
    desk = sit_down(language=tag).sit_at("arrivals", "front_desk")
    page = desk.page
    _is(page, "live")
    _raise_alert(world, "Smoke on the third floor")
    ring = page.locator(".rings[role=alert] .ring")
    expect(ring).to_contain_text("Smoke on the third floor", timeout=_SOON_MS)
    desk.picture(pictures, f"live-ring-{tag}", whole=False)
    assert complaints(page) == []
    ring.locator("a").click()
    expect(page.locator(".inbox-card").first).to_contain_text("Smoke on the third floor")
    expect(ring).to_have_count(0)


def test_a_desk_that_goes_to_another_hotel_hears_that_one(sit_down: SitDown, world: World) -> None:
    """The stream is opened anew for the hotel that was chosen; what happens at the one before rings no more."""
    desk = sit_down().sign_in()
    page = desk.page
    _is(page, "live")
    with page.expect_request(lambda request: "/sse/stream" in request.url) as asked:
        page.locator(".house-select").select_option(index=1)
    there = asked.value.all_headers()["x-property-id"]
    place = world.properties().index(there)
    assert place > 0
    desk.settled()
    _is(page, "live")
    _raise_alert(world, "Nothing to do with this desk")
    _raise_alert(world, "Smoke in the kitchen", place)
    expect(page.locator(".ring")).to_have_count(1, timeout=_SOON_MS)
    expect(page.locator(".ring")).to_contain_text("Smoke in the kitchen")


def test_a_session_that_is_revoked_elsewhere_is_over_here(sit_down: SitDown, world: World) -> None:
    """The desk is thrown out by the stream, not by its next request, and is told why."""
    desk = sit_down().sit_at("arrivals", "front_desk")
    page = desk.page
    _is(page, "live")
    claims = claims_of(page.evaluate(_TOKEN))
    payload = {"sessionId": claims["sid"], "userId": claims["sub"], "reason": "revoked_by_admin"}
    # Whatever is open on the screen goes as well.
    page.locator(".line-block > .line").first.click()
    expect(page.locator("dialog.dialog-details")).to_contain_text("Telephone")
    seen = desk.requests()
    world.publish("melmastoon.iam.session.revoked.v1", claims["tid"], payload)
    expect(page.locator(".signin-form")).to_be_visible(timeout=_SOON_MS)
    expect(page.locator("main")).to_contain_text("ended from elsewhere")
    expect(page.locator("dialog")).to_have_count(0)
    assert not seen
    assert page.evaluate("sessionStorage.getItem('backoffice-console.session')") is None


def test_where_no_stream_gets_through_the_desk_polls(sit_down: SitDown, world: World, pictures: Any) -> None:
    """A network that holds streams back: the sign says so, an alert rings all the same; later the stream is back."""
    desk = sit_down().sit_at("arrivals", "front_desk")
    page = desk.page
    _is(page, "live")
    _through(desk, "buffer")
    _is(page, "polling", _LATER_MS)
    desk.picture(pictures, "live-polling", whole=False)
    _raise_alert(world, "Lift two stands still")
    expect(page.locator(".ring")).to_contain_text("Lift two stands still", timeout=_LATER_MS)
    world.heal()
    _is(page, "live", _LATER_MS)
    _raise_alert(world, "Lift two goes again")
    expect(page.locator(".ring").first).to_contain_text("Lift two goes again", timeout=_SOON_MS)


def test_a_network_that_was_cut_is_told_and_loses_nothing(sit_down: SitDown, world: World) -> None:
    """What happened while nothing got through rings once it does, by the cursor."""
    desk = sit_down().sit_at("arrivals", "front_desk")
    page = desk.page
    _through(desk, "proxy")
    _is(page, "live", _LATER_MS)
    world.control("PUT", "network", {"mode": "cut"})
    _is(page, "away", _LATER_MS)
    _raise_alert(world, "Water in the cellar")
    world.heal()
    expect(page.locator(".ring")).to_contain_text("Water in the cellar", timeout=_LATER_MS)
    _is(page, "live", _LATER_MS)


def test_the_newest_window_of_a_device_follows(sit_down: SitDown) -> None:
    """The older one says that another follows, and does not fight for it; whoever wants it back takes it."""
    desk = sit_down().sit_at("arrivals", "front_desk")
    page = desk.page
    _is(page, "live")
    with page.context.expect_page() as opened:
        page.evaluate("window.open(location.href)")
    other = opened.value
    _is(other, "live", _LATER_MS)
    _is(page, "elsewhere", _LATER_MS)
    page.locator(".live button").click()
    _is(page, "live", _LATER_MS)
    _is(other, "elsewhere", _LATER_MS)


def test_signing_out_in_one_window_ends_the_others(sit_down: SitDown, world: World) -> None:
    """The window that no longer follows asks instead, and takes the stream from nobody: it rings, and is thrown out."""
    desk = sit_down().sit_at("arrivals", "front_desk")
    page = desk.page
    _is(page, "live")
    with page.context.expect_page() as opened:
        page.evaluate("window.open(location.href)")
    other = opened.value
    _is(other, "live", _LATER_MS)
    _is(page, "elsewhere", _LATER_MS)
    _raise_alert(world, "A guest is stuck in the lift")
    for window in (page, other):
        expect(window.locator(".ring")).to_contain_text("stuck in the lift", timeout=_SOON_MS)
    _is(other, "live")
    other.get_by_role("button", name="Sign out").click()
    expect(page.locator(".signin-form")).to_be_visible(timeout=_SOON_MS)


def test_a_stream_whose_heartbeats_come_together_is_not_trusted(sit_down: SitDown) -> None:
    """Two beats sent apart that arrive together were held back on the way: the desk polls, from where it was."""
    page = sit_down().open().page
    beats = ": 2026-01-01T00:00:00.000+00:00\n\n: 2026-01-01T00:00:15.000+00:00\n\n"
    stream = [_ready("e-1"), _frame("e-2", "alerts", "raised"), beats]
    polled = {"cursor": "e-3", "events": [], "resync": []}
    told = page.evaluate(_FOLLOW, [{"path": "/sse/stream", "body": stream}, {"path": "/events", "body": polled}])
    assert told["heard"] == ["state connecting", "state live", "event raised e-2", "state polling"]
    assert told["asked"][1] == "/events?wait=0&after=e-2"


def test_what_was_lost_is_read_anew_and_the_sign_says_so(sit_down: SitDown) -> None:
    """A gap is never silent: the channel's readers are told to read, and the stream goes on."""
    page = sit_down().open().page
    stream = [_ready("e-1"), _frame("e-9", "alerts", "resync"), _frame("e-10", "ai", "created")]
    told = page.evaluate(_FOLLOW, [{"path": "/sse/stream", "body": stream}])
    assert told["heard"][:4] == ["state connecting", "state live", "state resync", "resync alerts"]
    assert set(told["heard"][4:]) == {"state live", "event created e-10"}


@pytest.mark.parametrize(
    ("kind", "heard", "streams"), [("superseded", "state elsewhere", 1), ("revoked", "revoked", 1), ("rotated", "", 2)]
)
def test_a_stream_that_ends_says_what_is_next(sit_down: SitDown, kind: str, heard: str, streams: int) -> None:
    """Superseded and revoked end the following; any other end is followed by a new stream, from the last cursor."""
    page = sit_down().open().page
    script = [{"path": "/sse/stream", "body": [_ready("e-1"), _frame("e-4", "session", kind)]}]
    if streams > 1:
        script.append({"path": "/sse/stream", "body": [_ready("e-4")]})
    told = page.evaluate(_FOLLOW, script)
    assert told["left"] == 0
    assert not heard or heard in told["heard"]
    opened = [path for path in told["asked"] if path.startswith("/sse")]
    assert opened == ["/sse/stream", "/sse/stream?after=e-4"][:streams]
    assert ("/events?wait=10&after=e-4" in told["asked"]) is (kind == "superseded")
