"""Sessions over real sockets: open, refresh, choose a property, close, and what ends them from elsewhere."""

from __future__ import annotations

import time

import pytest

from tests.desktop import Desktop, DeviceKey
from tests.waiting import until
from tests.worlds import World

SESSION_REVOKED = "MELMASTOON.BFF.BACKOFFICE.SESSION_REVOKED"


def eventually(desktop: Desktop, status: int) -> str:
    """Ask who I am until the answer has this status; return its code."""
    answer = until(lambda: (found := desktop.get("/session")).status_code == status and found)
    return str(answer.json().get("code"))


def test_the_first_authenticated_request_opens_a_session(world: World) -> None:
    """A device's first request opens its session; the next one finds the same."""
    desktop = world.sign_in()

    first, second = desktop.get("/session"), desktop.get("/session")

    assert first.status_code == 200
    assert first.json()["id"].startswith("bos_")
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["tenantId"] == world.tenants[0]
    assert first.json()["deviceId"] == desktop.device_id
    assert first.json()["roles"] == ["general_manager"]
    assert first.json()["state"] == "open"


def test_the_primary_property_of_a_new_session_is_the_first_of_the_scope(world: World) -> None:
    """Nobody has to choose a property before the first board."""
    operator = world.operator()

    body = world.sign_in(operator=operator).get("/session").json()

    assert body["propertyScope"] == operator["propertyIds"]
    assert body["primaryPropertyId"] == operator["propertyIds"][0]


def test_the_operator_chooses_the_primary_property(world: World) -> None:
    """The choice lasts, and boards are about it from then on."""
    desktop = world.sign_in()
    other = world.operator()["propertyIds"][1]

    chosen = desktop.request("PUT", "/session/property", json_body={"propertyId": other})

    assert chosen.status_code == 200
    assert desktop.get("/session").json()["primaryPropertyId"] == other
    assert desktop.get("/dashboard", Accept="application/json").json()["propertyId"] == other


def test_a_property_of_another_tenant_can_not_be_chosen(world: World) -> None:
    """It does not exist, as far as this operator can tell."""
    answer = world.sign_in().request("PUT", "/session/property", json_body={"propertyId": world.properties(1)[0]})

    assert answer.status_code == 404
    assert answer.json()["code"] == "MELMASTOON.GENERAL.RESOURCE_NOT_FOUND"


def test_a_refresh_gives_new_tokens_for_the_same_session(world: World) -> None:
    """The session goes on under the new token, and says that it was refreshed."""
    desktop = world.sign_in()
    before = desktop.get("/session").json()

    answer = desktop.refresh()
    desktop.tokens = answer.json()

    assert answer.status_code == 200
    assert answer.json()["tokenType"] == "DPoP"
    after = desktop.get("/session").json()
    assert (after["id"], after["state"]) == (before["id"], "refreshed")


def test_the_same_refresh_token_gets_the_same_answer_for_thirty_seconds(world: World) -> None:
    """An answer that was lost on a flaky link can be asked for again."""
    desktop = world.sign_in()

    first, again = desktop.refresh(), desktop.refresh()

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()


def test_a_refresh_with_another_key_is_refused(world: World) -> None:
    """A stolen refresh token is of no use without the device's key."""
    desktop = world.sign_in()
    desktop.key = DeviceKey()

    answer = desktop.refresh()

    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers


def test_a_refresh_proof_is_good_for_one_use(world: World) -> None:
    """Refresh has no access token, and its proof is remembered all the same."""
    desktop = world.sign_in()
    path = "/bff/backoffice/v1/auth/refresh"
    headers = {"DPoP": desktop.key.proof("POST", world.bff + path)}
    body = {"refreshToken": desktop.tokens["refreshToken"]}

    first = desktop.http.post(world.bff + path, json=body, headers=headers)
    second = desktop.http.post(world.bff + path, json=body, headers=headers)

    assert first.status_code == 200
    assert second.status_code == 401
    assert second.json()["code"] == "MELMASTOON.BFF.BACKOFFICE.PROOF_REPLAYED"


def test_signing_out_refuses_the_unexpired_token_at_once(world: World) -> None:
    """A token outlives its session by its clock only."""
    desktop = world.sign_in()
    assert desktop.get("/session").status_code == 200

    gone = desktop.request("POST", "/auth/sign-out")

    assert gone.status_code == 204
    refused = desktop.get("/session")
    assert refused.status_code == 401
    assert refused.json()["code"] == SESSION_REVOKED
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_signing_out_tells_iam(world: World) -> None:
    """The refresh token is of no use any more either."""
    desktop = world.sign_in()
    desktop.get("/session")

    desktop.request("POST", "/auth/sign-out")

    assert desktop.refresh().status_code == 401


def test_a_signed_out_session_stays_out_when_iam_did_not_hear_of_it(world: World) -> None:
    """Signing out works while iam is away, and a refresh does not bring the session back."""
    desktop = world.sign_in()
    desktop.get("/session")
    world.fault("iam-service", "error", status=503, match="POST /api/v1/sessions")

    gone = desktop.request("POST", "/auth/sign-out")
    world.heal()

    assert gone.status_code == 204
    assert desktop.refresh().json()["code"] == SESSION_REVOKED


def test_such_a_session_stays_out_for_longer_than_its_tokens(world: World) -> None:
    """The refresh token, of which iam believes that it is good, lives for weeks after the last access token."""
    desktop = world.sign_in(ttl=2)
    desktop.get("/session")
    world.fault("iam-service", "error", status=503, match="POST /api/v1/sessions")

    assert desktop.request("POST", "/auth/sign-out").status_code == 204
    world.heal()
    time.sleep(max(0.0, float(_claim(desktop, "exp")) - time.time()) + 0.1)

    assert desktop.refresh().json()["code"] == SESSION_REVOKED


def test_a_new_sign_in_on_a_device_replaces_its_session(world: World) -> None:
    """One device, one session: the one of the newest sign-in; the older token is refused from then on."""
    first = world.sign_in("front_desk")
    before = first.get("/session").json()
    time.sleep(1.1)  # `auth_time` counts whole seconds

    second = Desktop.sign_in(world, world.operator("night_auditor"), first.device_id, key=first.key)
    after = second.get("/session")

    assert after.status_code == 200
    assert after.json()["id"] != before["id"]
    assert after.json()["roles"] == ["night_auditor"]
    assert first.get("/session").json()["code"] == SESSION_REVOKED


def test_a_new_sign_in_also_replaces_a_revoked_session(world: World) -> None:
    """Signing out is not the end of a device."""
    first = world.sign_in()
    first.get("/session")
    first.request("POST", "/auth/sign-out")

    second = Desktop.sign_in(world, world.operator(), first.device_id, key=first.key)

    assert second.get("/session").status_code == 200


def test_a_session_that_iam_revokes_ends_here_at_once(world: World) -> None:
    """The event ends the session on every replica, tokens or not."""
    desktop = world.sign_in()
    desktop.get("/session")
    sid = _claim(desktop, "sid")

    world.publish(
        "melmastoon.iam.session.revoked.v1",
        world.tenants[0],
        {"sessionId": sid, "userId": _claim(desktop, "sub"), "deviceId": desktop.device_id, "reason": "test"},
    )

    assert eventually(desktop, 401) == SESSION_REVOKED


def test_a_locked_user_loses_every_session(world: World) -> None:
    """All devices of the operator are signed out."""
    operator = world.operator("revenue_manager")
    desktops = [world.sign_in(operator=operator) for _ in range(2)]
    for desktop in desktops:
        desktop.get("/session")

    world.publish("melmastoon.iam.user.locked.v1", world.tenants[0], {"userId": operator["id"]})

    assert [eventually(desktop, 401) for desktop in desktops] == [SESSION_REVOKED] * 2
    # The simulator believes it too; other tests sign in as this person.
    world.publish("melmastoon.iam.user.unlocked.v1", world.tenants[0], {"userId": operator["id"]})


def test_a_locked_device_loses_its_session(world: World) -> None:
    """Whoever sits at it is signed out; the same operator goes on elsewhere."""
    operator = world.operator("maintenance")
    locked, other = world.sign_in(operator=operator), world.sign_in(operator=operator)
    for desktop in (locked, other):
        desktop.get("/session")

    world.publish("melmastoon.iam.device.locked.v1", world.tenants[0], {"deviceId": locked.device_id})

    assert eventually(locked, 401) == SESSION_REVOKED
    assert other.get("/session").status_code == 200
    world.publish("melmastoon.iam.device.unlocked.v1", world.tenants[0], {"deviceId": locked.device_id})


def test_an_event_of_another_tenant_ends_nothing(world: World) -> None:
    """A tenant's word counts for its own sessions only."""
    desktop = world.sign_in()
    desktop.get("/session")
    payload = {"sessionId": _claim(desktop, "sid"), "userId": _claim(desktop, "sub"), "reason": "test"}

    world.publish("melmastoon.iam.session.revoked.v1", world.tenants[1], payload)
    world.publish("melmastoon.iam.user.locked.v1", world.tenants[1], payload)
    # The consumer works in order: once this session's own end arrived, the foreign ones were handled.
    other = world.sign_in()
    other.get("/session")
    world.publish("melmastoon.iam.session.revoked.v1", world.tenants[0], {"sessionId": _claim(other, "sid")})
    eventually(other, 401)

    assert desktop.get("/session").status_code == 200


@pytest.mark.parametrize(
    "payload", [{}, {"sessionId": "nonsense"}, {"userId": 7}], ids=["empty", "malformed", "number"]
)
def test_an_event_that_can_not_be_understood_stops_nobody(world: World, payload: dict[str, object]) -> None:
    """It is set aside, and the next event is handled."""
    desktop = world.sign_in()
    desktop.get("/session")

    world.publish("melmastoon.iam.session.revoked.v1", world.tenants[0], payload)
    world.publish("melmastoon.iam.session.revoked.v1", world.tenants[0], {"sessionId": _claim(desktop, "sid")})

    assert eventually(desktop, 401) == SESSION_REVOKED


def test_a_token_of_another_device_is_refused(world: World) -> None:
    """`X-Device-Id` must equal the token's device."""
    desktop = world.sign_in()

    answer = desktop.get("/session", X_Device_Id=world.device())

    assert answer.status_code == 403
    assert answer.json()["code"] == "MELMASTOON.BFF.BACKOFFICE.DEVICE_MISMATCH"


def test_every_path_answers_under_both_prefixes(world: World) -> None:
    """The public load balancer's prefix is the same service; the proof names the path as requested."""
    desktop = world.sign_in()

    inside, outside = desktop.get("/bff/backoffice/v1/session"), desktop.get("/api/bff/backoffice/v1/session")

    assert inside.status_code == outside.status_code == 200
    assert inside.json()["id"] == outside.json()["id"]


def _claim(desktop: Desktop, name: str) -> str:
    import jwt  # noqa: PLC0415 - one caller

    return str(jwt.decode(desktop.token, options={"verify_signature": False})[name])


def test_every_answer_names_its_language(world: World) -> None:
    """`Content-Language` is on plain answers too: the one asked for, else the operator's."""
    desktop = world.sign_in()

    assert desktop.get("/session").headers["Content-Language"] == "fa-AF"
    assert desktop.get("/session", Accept_Language="fr").headers["Content-Language"] == "fr"
