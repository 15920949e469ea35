"""Signing in with a device key, staying signed in, signing out, and signing in as someone else."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.console.conftest import SitDown
from tests.console.desk import AGAIN_AFTER_MS, TRIES, claims_of
from tests.desktop import Desktop
from tests.worlds import World, start_world

pytestmark = pytest.mark.browser

_READ_KEY = """async () => {
  const opening = indexedDB.open("backoffice-console", 1);
  const database = await new Promise((resolve) => { opening.onsuccess = () => resolve(opening.result); });
  const asking = database.transaction("device-keys").objectStore("device-keys").get("this-device");
  const pair = await new Promise((resolve) => { asking.onsuccess = () => resolve(asking.result); });
  const exporting = crypto.subtle.exportKey("jwk", pair.privateKey);
  const exported = await exporting.then(() => "exported", (refused) => refused.name);
  return { extractable: pair.privateKey.extractable, curve: pair.privateKey.algorithm.namedCurve, exported };
}"""


def test_the_device_key_can_not_be_taken_out(sit_down: SitDown) -> None:
    """The private key is a P-256 key that the browser refuses to hand to any script."""
    desk = sit_down().open()
    assert desk.page.evaluate(_READ_KEY) == {"extractable": False, "curve": "P-256", "exported": "InvalidAccessError"}


def test_choosing_a_person_prefills_and_signs_in(sit_down: SitDown, pictures: Path) -> None:
    """A newcomer chooses a hotel and a person, presses the button, and sees the whole board."""
    desk = sit_down().open()
    person = desk.choose("general_manager", tenant=1)
    expect(desk.page.locator("#username")).to_have_value(person["username"])
    desk.picture(pictures, "sign-in", whole=False)
    desk.page.locator("button[type=submit]").click()
    desk.settled()
    assert len(desk.outcomes()) == 16
    desk.healthy()


def test_searching_staff_narrows_the_list(sit_down: SitDown) -> None:
    """The list follows role and search, and says so where nobody matches."""
    desk = sit_down().open()
    desk.choose(tenant=0)
    desk.page.select_option("#role", "housekeeper")
    people = desk.page.locator(".person")
    assert people.count() > 0
    assert people.locator(".chip-housekeeper").count() == people.count()
    desk.page.fill("#search", "nobody has this name")
    expect(people).to_have_count(0)
    expect(desk.page.locator(".people .quiet")).to_be_visible()


def test_a_wrong_password_is_told_and_nothing_is_lost(sit_down: SitDown) -> None:
    """The sentence names the problem; the user name stays; a second attempt works."""
    desk = sit_down().open()
    person = desk.choose()
    desk.page.fill("#password", "not the password")
    desk.page.locator("button[type=submit]").click()
    expect(desk.page.locator(".form-error")).to_have_text("The user name or password is not right.")
    expect(desk.page.locator("#username")).to_have_value(person["username"])
    desk.sign_in()


def test_a_device_of_another_key_makes_the_console_try_the_next(sit_down: SitDown, world: World) -> None:
    """A remembered device that meanwhile belongs to another key is passed over, and the new one is remembered."""
    devices = world.http.get(f"{world.sim}/_control/world").json()["devices"]
    taken = next(each["id"] for each in devices if each["tenantId"] == world.tenants[0] and not each["bound"])
    Desktop.sign_in(world, world.operator(), taken)
    desk = sit_down(language="en")
    tenant = world.tenants[0]
    desk.page.add_init_script(
        "localStorage.setItem('backoffice-console.settings', "
        f"JSON.stringify({{ language: 'en', devices: {{ '{tenant}': '{taken}' }} }}))"
    )
    refused: list[int] = []
    desk.page.on("response", lambda answer: refused.append(answer.status) if "/auth/sign-in" in answer.url else None)
    desk.sign_in()
    assert refused[0] == 403
    assert refused[-1] == 200


def test_every_request_carries_its_own_proof(sit_down: SitDown) -> None:
    """Proofs follow RFC 9449: `htu` without query, `htm`, `ath`, a new `jti` each, one key, no private member."""
    desk = sit_down()
    seen = desk.requests()
    desk.sign_in().refresh()
    proofs = [request.headers["dpop"] for request in seen]
    assert len(proofs) >= 3
    assert len({claims_of(proof)["jti"] for proof in proofs}) == len(proofs)
    assert len({claims_of(proof, 0)["jwk"]["x"] for proof in proofs}) == 1
    for request, proof in zip(seen, proofs, strict=True):
        header, claims = claims_of(proof, 0), claims_of(proof)
        assert (header["typ"], header["alg"]) == ("dpop+jwt", "ES256")
        assert set(header["jwk"]) == {"kty", "crv", "x", "y"}
        assert claims["htu"] == request.url.split("?")[0]
        assert claims["htm"] == request.method
        assert claims["ath"]
        assert request.headers["authorization"].startswith("DPoP ")
        assert request.headers["x-device-id"].startswith("dev_")


def test_a_clock_that_is_ten_minutes_late_is_put_right(sit_down: SitDown) -> None:
    """A desk whose machine has the wrong time signs in all the same."""
    desk = sit_down()
    desk.page.add_init_script("const real = Date.now.bind(Date); Date.now = () => real() - 600_000;")
    desk.sign_in().healthy()


def test_a_clock_that_jumps_is_learnt_from_a_refusal(sit_down: SitDown) -> None:
    """When the machine's time is set wrong in the middle of a shift, one refusal is enough to go on."""
    desk = sit_down()
    desk.page.add_init_script(
        "window.late = 0; const real = Date.now.bind(Date); Date.now = () => real() - window.late;"
    )
    desk.sign_in().healthy()
    refused: list[str] = []
    desk.page.on("response", lambda answer: refused.append(urlsplit(answer.url).path) if answer.status == 401 else None)
    desk.page.evaluate("window.late = 600_000")
    desk.page.keyboard.press("r")
    desk.settled().healthy()
    # A heartbeat may have been under way at the same moment, with the same wrong time; nothing is refused twice.
    assert refused
    assert len(set(refused)) == len(refused)


def test_a_refresh_token_that_is_no_longer_good_leads_to_the_sign_in_screen(sit_down: SitDown, world: World) -> None:
    """When iam has forgotten the session the desk says so instead of failing over and over."""
    desk = sit_down().sign_in()
    world.control("POST", "reset")
    desk.page.evaluate("""() => {
      const key = "backoffice-console.session";
      const state = JSON.parse(sessionStorage.getItem(key));
      sessionStorage.setItem(key, JSON.stringify({ ...state, expiresAt: Date.now() }));
    }""")
    desk.page.reload()
    expect(desk.page.locator(".form-error")).to_have_text("You were signed out. Please sign in again.")
    desk.sign_in()


def test_a_reload_stays_signed_in_and_an_old_token_is_renewed(sit_down: SitDown) -> None:
    """After a reload the desk goes on; a token near its end is renewed through the service without a word."""
    desk = sit_down().sign_in()
    desk.page.evaluate("""() => {
      const key = "backoffice-console.session";
      const state = JSON.parse(sessionStorage.getItem(key));
      sessionStorage.setItem(key, JSON.stringify({ ...state, expiresAt: Date.now() + 2000 }));
    }""")
    # One that was refused since iam was late for once is tried again.
    with desk.page.expect_response(
        lambda answer: answer.url.endswith("/auth/refresh") and answer.request.method == "POST" and answer.ok
    ):
        desk.page.reload()
    desk.settled().healthy()


def test_signing_out_ends_the_session(sit_down: SitDown) -> None:
    """The service hears of it, and a reload stays at the sign-in screen."""
    desk = sit_down().sign_in()
    with desk.page.expect_response(lambda answer: answer.url.endswith("/auth/sign-out")) as farewell:
        desk.page.get_by_role("button", name="Sign out").click()
    assert farewell.value.status in {200, 204}
    desk.page.locator(".signin-form").wait_for()
    desk.page.reload()
    desk.page.locator(".signin-form").wait_for()


def test_signing_in_as_someone_else_changes_tenant_and_role(sit_down: SitDown) -> None:
    """The manager of one house becomes a housekeeper of another: other widgets, other house, no trace of the first."""
    desk = sit_down().sign_in("general_manager", tenant=0)
    first = desk.page.locator("h1").inner_text()
    desk.page.get_by_role("button", name="Sign in as someone else").click()
    expect(desk.page.get_by_role("button", name="Back to the dashboard")).to_be_visible()
    desk.sign_in("housekeeper", tenant=2)
    assert desk.page.locator("h1").inner_text() != first
    assert {"rooms", "arrivals-at-risk"} <= desk.outcomes().keys()
    assert {"balances", "adr", "revpar"}.isdisjoint(desk.outcomes())


def test_a_session_that_is_ended_elsewhere_leads_back_to_the_sign_in_screen(sit_down: SitDown, world: World) -> None:
    """Whoever is signed out by the office is told so, and can sign in again."""
    desk = sit_down().sign_in()
    token = desk.page.evaluate("JSON.parse(sessionStorage.getItem('backoffice-console.session')).accessToken")
    claims = claims_of(token)
    payload = {"sessionId": claims["sid"], "userId": claims["sub"], "deviceId": claims["device_id"], "reason": "test"}
    world.publish("melmastoon.iam.session.revoked.v1", claims["tid"], payload)
    for _ in range(TRIES):
        desk.page.keyboard.press("r")
        desk.page.wait_for_timeout(AGAIN_AFTER_MS)
        if desk.page.locator(".signin-form").is_visible():
            break
    expect(desk.page.locator(".form-error")).to_contain_text("sign in again")


def test_a_service_that_demands_nonces_gets_them(sit_down: SitDown, tmp_path: Path) -> None:
    """The first proof is refused with a nonce, the second carries it, and nobody at the desk notices."""
    demand = {"BFF_AUTH_NONCES": "true", "BFF_AUTH_NONCE_SECRET": "a secret of the test, long enough"}
    with start_world(tmp_path / "nonces", environment=demand) as strict:
        desk = sit_down(at=strict)
        seen = desk.requests()
        desk.sign_in()
        desk.healthy()
        assert any(claims_of(request.headers["dpop"]).get("nonce") for request in seen)
        assert "nonce" not in claims_of(seen[0].headers["dpop"])
