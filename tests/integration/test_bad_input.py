"""Bad input gets a clear error from the catalogue, in the reader's language, in the contract's order."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import time
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.desktop import API, Desktop, DeviceKey
from tests.worlds import World

GENERAL, OURS = "MELMASTOON.GENERAL.", "MELMASTOON.BFF.BACKOFFICE."
HEARTBEAT = {"sentAt": "2026-11-22T10:00:00Z", "queueDepth": 0, "networkProfile": "good", "appVersion": "1.4.2"}


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check that the answer is this refusal, and give its document."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["requestId"] == answer.headers["X-Request-Id"]
    assert body["userMessage"]["text"]
    assert answer.headers["Content-Language"] == body["userMessage"]["lang"]
    assert "Traceback" not in answer.text
    return body


def test_a_body_that_is_too_large_is_refused_before_anything_else(world: World) -> None:
    """413, whether its length is declared or not, with or without credentials."""
    desktop = world.sign_in()
    path = f"{API}/devices/{desktop.device_id}/heartbeat"
    large = b'{"padding": "' + b"x" * 1_100_000 + b'"}'

    declared = desktop.http.post(world.bff + path, content=large, headers={"Content-Type": "application/json"})
    chunked = desktop.http.post(
        world.bff + path, content=iter([large[:600_000], large[600_000:]]), headers={"Content-Type": "application/json"}
    )

    refused(declared, 413, GENERAL + "PAYLOAD_TOO_LARGE")
    refused(chunked, 413, GENERAL + "PAYLOAD_TOO_LARGE")


def test_malformed_json_names_the_body(world: World) -> None:
    """400 with the place."""
    desktop = world.sign_in()
    path = f"{API}/devices/{desktop.device_id}/heartbeat"
    headers = desktop.headers("POST", path, Content_Type="application/json")

    answer = desktop.http.post(world.bff + path, content=b'{"sentAt": ', headers=headers)

    assert refused(answer, 400, GENERAL + "VALIDATION_FAILED")["errors"][0]["field"] == "body"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"queueDepth": None}, "body.queueDepth"),
        ({"queueDepth": -1}, "body.queueDepth"),
        ({"queueDepth": "3"}, "body.queueDepth"),
        ({"sentAt": "yesterday"}, "body.sentAt"),
        ({"sentAt": "2026-11-22T10:00:00"}, "body.sentAt"),
        ({"networkProfile": "superb"}, "body.networkProfile"),
        ({"batteryPercent": 101}, "body.batteryPercent"),
    ],
)
def test_a_member_of_the_wrong_shape_is_named(world: World, change: dict[str, Any], field: str) -> None:
    """400 that says which member is wrong."""
    desktop = world.sign_in()
    body = {name: value for name, value in {**HEARTBEAT, **change}.items() if value is not None}

    answer = desktop.request("POST", f"/devices/{desktop.device_id}/heartbeat", json_body=body)

    assert refused(answer, 400, GENERAL + "VALIDATION_FAILED")["errors"][0]["field"] == field


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "", "application/json; charset=latin-1"])
def test_another_content_type_is_refused(world: World, media_type: str) -> None:
    """415 for anything but JSON in UTF-8, before credentials are looked at."""
    path = f"{API}/devices/dev_01JGFJJZ8TSNBFD5NMHVWYE736/heartbeat"

    answer = world.http.post(world.bff + path, content=b"{}", headers={"Content-Type": media_type})

    refused(answer, 415, GENERAL + "UNSUPPORTED_MEDIA_TYPE")


def test_an_accept_that_the_route_can_not_meet(world: World) -> None:
    """406, before credentials are looked at."""
    answer = world.http.get(f"{world.bff}{API}/dashboard", headers={"Accept": "image/png"})

    refused(answer, 406, GENERAL + "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    "path",
    ["/dashboard/x.css", "/dashboard/", "/Dashboard", "/nothing", "/session/", "/dashboard/widgets/", "//session", "/"],
)
def test_what_is_no_route_is_404(world: World, path: str) -> None:
    """A suffix, a slash at the end, another case: not found, with or without credentials."""
    refused(world.http.get(f"{world.bff}{API}{path}"), 404, GENERAL + "RESOURCE_NOT_FOUND")


def test_a_known_path_with_another_method_is_405(world: World) -> None:
    """With `Allow`."""
    answer = world.http.request("DELETE", f"{world.bff}{API}/session")

    refused(answer, 405, GENERAL + "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == "GET"


@pytest.mark.parametrize("wanted", ["ppt_01JGFJJZ03J02SKYND46F9ZBK0", "ppt_nonsense", "../../etc"])
def test_an_unknown_property_does_not_exist(world: World, wanted: str) -> None:
    """404 whether it is well-formed or not."""
    answer = world.sign_in().get("/dashboard", X_Property_Id=wanted)

    refused(answer, 404, GENERAL + "RESOURCE_NOT_FOUND")


def test_a_foreign_property_gets_the_same_bytes_as_an_unknown_one(world: World) -> None:
    """Nothing tells a property of another tenant from one that does not exist."""
    desktop = world.sign_in()
    answers = [
        desktop.get("/dashboard", X_Property_Id=wanted)
        for wanted in (world.properties(1)[0], "ppt_01JGFJJZ03J02SKYND46F9ZBK0")
    ]

    bodies = [answer.json() for answer in answers]
    for body in bodies:
        for name in ("requestId", "traceId", "instance"):
            body.pop(name)
    assert answers[0].status_code == 404
    assert bodies[0] == bodies[1]
    assert "ppt_" not in json.dumps(bodies[0])


@pytest.mark.parametrize(
    ("query", "header", "field"),
    [("propertyId={0}", "{1}", "header.x-property-id"), ("propertyId={0}&propertyId={1}", None, "query.propertyId")],
)
def test_a_request_that_names_two_properties_is_told_where(
    world: World, query: str, header: str | None, field: str
) -> None:
    """Also where both are in the operator's scope: neither is taken. The same one twice is one."""
    both = world.properties()[:2]
    desktop = world.sign_in()

    answer = desktop.get(
        f"/arrivals?{query.format(*both)}", X_Property_Id=None if header is None else header.format(*both)
    )

    error = refused(answer, 400, GENERAL + "VALIDATION_FAILED")["errors"][0]
    assert (error["field"], error["code"]) == (field, "conflict")
    assert desktop.get(f"/arrivals?propertyId={both[0]}", X_Property_Id=both[0]).status_code == 200


def test_a_property_outside_the_operators_scope_does_not_exist(world: World) -> None:
    """The scope is tenant-service's word, not the tenant's list of hotels."""
    operator = next(each for each in world.people["operators"] if len(each["propertyIds"]) == 1)
    tenant = world.tenants.index(operator["tenantId"])
    other = next(each for each in world.properties(tenant) if each not in operator["propertyIds"])

    answer = world.sign_in(operator=operator, tenant=tenant).get("/dashboard", X_Property_Id=other)

    refused(answer, 404, GENERAL + "RESOURCE_NOT_FOUND")


# Credentials ---------------------------------------------------------------------------------------------------------


def with_token(desktop: Desktop, token: str, scheme: str = "DPoP") -> httpx2.Response:
    """A request under another token, with a proof that fits it."""
    url = f"{desktop.base}{API}/session"
    headers = {
        "Authorization": f"{scheme} {token}",
        "DPoP": desktop.key.proof("GET", url, token),
        "X-Device-Id": desktop.device_id,
    }
    return desktop.http.get(url, headers=headers)


def claims_of(desktop: Desktop) -> dict[str, Any]:
    """What the desktop's token says."""
    return dict(jwt.decode(desktop.token, options={"verify_signature": False}))


def test_no_credentials_are_challenged_without_an_error(world: World) -> None:
    """RFC 6750, section 3.1, over the DPoP scheme."""
    answer = world.http.get(f"{world.bff}{API}/session")

    refused(answer, 401, OURS + "TOKEN_INVALID")
    assert answer.headers["WWW-Authenticate"] == 'DPoP algs="ES256 Ed25519 EdDSA PS256"'


def test_an_expired_token_says_so(world: World) -> None:
    """TOKEN_EXPIRED: the one refusal that a refresh mends."""
    desktop = world.sign_in(ttl=1)
    time.sleep(1.2)

    answer = desktop.get("/session")

    refused(answer, 401, OURS + "TOKEN_EXPIRED")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_that_another_issuer_signed_is_refused(world: World) -> None:
    """Well-formed, for us, and signed by a key that iam does not publish."""
    desktop = world.sign_in()
    key = Ed25519PrivateKey.generate()
    kid = jwt.get_unverified_header(desktop.token)["kid"]

    wrongly_signed = jwt.encode(claims_of(desktop), key, algorithm="EdDSA", headers={"kid": kid})
    unknown_key = jwt.encode(claims_of(desktop), key, algorithm="EdDSA", headers={"kid": "elsewhere"})

    for token in (wrongly_signed, unknown_key):
        answer = with_token(desktop, token)
        refused(answer, 401, OURS + "TOKEN_INVALID")
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_an_unsigned_token_is_refused(world: World) -> None:
    """`alg: none` in every spelling, and a token whose signature was cut off."""
    desktop = world.sign_in()
    header, body, _ = desktop.token.split(".")
    none = jwt.encode(claims_of(desktop), None, algorithm="none")

    for token in (none, f"{header}.{body}.", f"{header}.{body}", "nonsense", "a.b.c"):
        refused(with_token(desktop, token), 401, OURS + "TOKEN_INVALID")


def test_a_token_signed_with_the_device_key_is_refused(world: World) -> None:
    """A device can prove its key; it can't make itself a token."""
    desktop = world.sign_in()

    token = jwt.encode(claims_of(desktop), desktop.key.private, algorithm="ES256")

    refused(with_token(desktop, token), 401, OURS + "TOKEN_INVALID")


def test_a_bound_token_as_bearer_is_refused(world: World) -> None:
    """RFC 9449, section 7.2."""
    desktop = world.sign_in()

    refused(with_token(desktop, desktop.token, "Bearer"), 401, OURS + "TOKEN_INVALID")


def test_a_stolen_token_is_of_no_use_without_the_key(world: World) -> None:
    """A proof by another key does not fit the token."""
    desktop = world.sign_in()
    desktop.key = DeviceKey()

    answer = desktop.get("/session")

    refused(answer, 401, OURS + "PROOF_INVALID")
    assert 'error="invalid_dpop_proof"' in answer.headers["WWW-Authenticate"]


def test_a_token_without_a_proof_is_refused(world: World) -> None:
    """The proof is demanded always."""
    refused(world.sign_in().get("/session", DPoP=None), 401, OURS + "PROOF_INVALID")


def test_two_proofs_are_refused(world: World) -> None:
    """As two header fields and as one with a comma."""
    desktop = world.sign_in()
    url = f"{world.bff}{API}/session"
    proofs = [desktop.key.proof("GET", url, desktop.token) for _ in range(2)]
    common = [("Authorization", f"DPoP {desktop.token}"), ("X-Device-Id", desktop.device_id)]

    two_fields = desktop.http.get(url, headers=[*common, ("DPoP", proofs[0]), ("DPoP", proofs[1])])
    one_field = desktop.http.get(url, headers=[*common, ("DPoP", ", ".join(proofs))])

    refused(two_fields, 401, OURS + "PROOF_INVALID")
    refused(one_field, 401, OURS + "PROOF_INVALID")


def test_a_replayed_proof_is_refused(world: World) -> None:
    """The same proof a second time, and nothing else changed."""
    desktop = world.sign_in()
    headers = desktop.headers("GET", f"{API}/session")

    first = desktop.http.get(f"{world.bff}{API}/session", headers=headers)
    second = desktop.http.get(f"{world.bff}{API}/session", headers=headers)

    assert first.status_code == 200
    refused(second, 401, OURS + "PROOF_REPLAYED")


@pytest.mark.parametrize(
    "overrides",
    [
        {"htm": "POST"},
        {"htm": "get"},
        {"htu": "https://elsewhere.example/bff/backoffice/v1/session"},
        {"htu": "{bff}/bff/backoffice/v1/dashboard"},
        {"iat": int(time.time()) - 3600},
        {"iat": int(time.time()) + 3600},
        {"ath": "x"},
        {"ath": None},
        {"jti": None},
        {"jti": "j" * 129},
    ],
    ids=["method", "method case", "host", "path", "old", "future", "wrong ath", "no ath", "no jti", "long jti"],
)
def test_a_proof_for_something_else_is_refused(world: World, overrides: dict[str, Any]) -> None:
    """Each claim is checked against this request."""
    desktop = world.sign_in()
    if "htu" in overrides:
        overrides = {"htu": overrides["htu"].replace("{bff}", world.bff)}
    proof = desktop.key.proof("GET", f"{world.bff}{API}/session", desktop.token, **overrides)

    refused(desktop.get("/session", DPoP=proof), 401, OURS + "PROOF_INVALID")


def test_a_refused_proof_never_locks_the_device_out(world: World) -> None:
    """However many were refused, the next good one is accepted."""
    desktop = world.sign_in()
    bad = desktop.key.proof("GET", f"{world.bff}{API}/session", desktop.token, htm="POST")

    assert {desktop.get("/session", DPoP=bad).status_code for _ in range(30)} == {401}

    assert desktop.get("/session").status_code == 200


def test_the_host_header_does_not_choose_what_a_proof_is_for(world: World) -> None:
    """`htu` is compared with the settings' origins, never with what the client sends."""
    desktop = world.sign_in()
    proof = desktop.key.proof("GET", f"https://evil.example{API}/session", desktop.token)

    answer = desktop.get("/session", DPoP=proof, Host="evil.example", X_Forwarded_Host="evil.example")

    refused(answer, 401, OURS + "PROOF_INVALID")


@pytest.mark.parametrize("language", ["en", "fr", "ar", "fa-AF", "ps-AF"])
def test_refusals_speak_the_readers_language(world: World, language: str) -> None:
    """`title` and `detail` stay English; `userMessage` does not."""
    answer = world.http.get(f"{world.bff}{API}/session", headers={"Accept-Language": language})

    body = refused(answer, 401, OURS + "TOKEN_INVALID")
    assert body["userMessage"]["lang"] == language
    assert body["userMessage"]["dir"] == ("rtl" if language in {"ar", "fa-AF", "ps-AF"} else "ltr")
    assert body["title"] == "The access token is not valid"


def test_a_request_id_is_echoed_or_replaced(world: World) -> None:
    """A ULID goes through; anything else is replaced."""
    good = "01M824NMF2PW5KVCFBYJ71Y612"

    echoed = world.http.get(f"{world.bff}/health/live", headers={"X-Request-Id": good})
    replaced = world.http.get(f"{world.bff}/health/live", headers={"X-Request-Id": "drop table"})

    assert echoed.headers["X-Request-Id"] == good
    assert len(replaced.headers["X-Request-Id"]) == 26


@pytest.mark.parametrize(
    ("header", "value"),
    [("X-App-Version", "new"), ("X-App-Platform", "beos"), ("X-Network-Profile", "superb")],
)
def test_a_malformed_header_of_the_desktop_is_named(world: World, header: str, value: str) -> None:
    """400 with the header's name."""
    answer = world.sign_in().get("/session", **{header: value})

    assert refused(answer, 400, GENERAL + "VALIDATION_FAILED")["errors"][0]["field"] == f"header.{header.lower()}"


def test_another_devices_heartbeat_is_not_this_ones_to_send(world: World) -> None:
    """404, whether that device exists or not."""
    desktop = world.sign_in()

    answer = desktop.request("POST", f"/devices/{world.device()}/heartbeat", json_body=HEARTBEAT)

    refused(answer, 404, GENERAL + "RESOURCE_NOT_FOUND")


def test_browsers_of_known_origins_only(world: World) -> None:
    """The console's origin gets its preflight; a stranger's does not."""
    preflight = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "dpop,authorization"}

    ours = world.http.options(f"{world.bff}{API}/dashboard", headers={"Origin": world.sim, **preflight})
    theirs = world.http.options(f"{world.bff}{API}/dashboard", headers={"Origin": "https://evil.example", **preflight})

    assert ours.status_code == 204
    assert ours.headers["Access-Control-Allow-Origin"] == world.sim
    assert "DPoP-Nonce" in ours.headers["Access-Control-Expose-Headers"]
    assert theirs.status_code == 405
    assert "Access-Control-Allow-Origin" not in theirs.headers


def test_metrics_answer_on_the_admin_listener_only(world: World) -> None:
    """Never where clients are."""
    refused(world.http.get(f"{world.bff}/metrics"), 404, GENERAL + "RESOURCE_NOT_FOUND")
    exposition = world.http.get(f"{world.admin}/metrics")

    assert exposition.status_code == 200
    assert "bff_backoffice_request_total" in exposition.text


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/health/startup", "/openapi.json", "/openapi.yaml"])
def test_open_routes_answer_with_and_without_the_prefix(world: World, path: str) -> None:
    """They need no credentials."""
    assert [world.http.get(world.bff + prefix + path).status_code for prefix in ("", API, f"/api{API}")] == [200] * 3


def test_a_refusal_speaks_the_sessions_language_by_default(world: World) -> None:
    """Without `Accept-Language` the operator's own locale counts, for refusals as for answers."""
    body = world.sign_in().get("/dashboard", X_Property_Id="ppt_nonsense").json()

    assert body["userMessage"]["lang"] == "fa-AF"


def test_what_is_left_of_the_limits_is_on_every_authenticated_answer(world: World) -> None:
    """`RateLimit` counts down, `RateLimit-Policy` says from what; open routes have neither."""
    desktop = world.sign_in()

    first, second = desktop.get("/session"), desktop.get("/nothing-but-a-widget")
    answers = [desktop.get("/session") for _ in range(2)]

    assert first.headers["RateLimit-Policy"].startswith('"device";q=500;w=5')
    assert '"device";r=499' in first.headers["RateLimit"]
    assert second.status_code == 404
    assert all("RateLimit" in answer.headers for answer in answers)
    assert "RateLimit" not in world.http.get(f"{world.bff}/health/live").headers


def test_a_refresh_without_a_good_proof_is_refused_before_its_body_is_read(world: World) -> None:
    """Credentials and proof come before the shape (contract, section 2.1), also where the proof is all there is."""
    url = f"{world.bff}{API}/auth/refresh"

    for proofs in ({}, {"DPoP": "nonsense"}, {"DPoP": DeviceKey().proof("POST", f"{world.bff}{API}/session")}):
        answer = world.http.post(url, content=b"{", headers={**proofs, "Content-Type": "application/json"})
        refused(answer, 401, OURS + "PROOF_INVALID")
    proven = {"DPoP": DeviceKey().proof("POST", url), "Content-Type": "application/json"}
    refused(world.http.post(url, content=b"{", headers=proven), 400, GENERAL + "VALIDATION_FAILED")


def test_a_refresh_is_held_to_the_body_that_its_proof_signs(world: World) -> None:
    """A digest in the proof is verified wherever there is one: another refresh token can't be slipped under it."""
    desktop, url = world.sign_in(), f"{world.bff}{API}/auth/refresh"
    body = json.dumps({"refreshToken": desktop.tokens["refreshToken"]}).encode()

    def send(signed: bytes) -> httpx2.Response:
        digest = base64.b64encode(hashlib.sha256(signed).digest()).decode()
        proof = desktop.key.proof("POST", url, digest=f"sha-256=:{digest}:")
        return world.http.post(url, content=body, headers={"DPoP": proof, "Content-Type": "application/json"})

    refused(send(b"another body"), 401, OURS + "PROOF_INVALID")
    assert send(body).status_code == 200


def test_every_bad_member_is_named_at_once(world: World) -> None:
    """`errors[]` names each place, so that nobody mends a body in as many tries as it has members."""
    desktop = world.sign_in()

    answer = desktop.request("POST", f"/devices/{desktop.device_id}/heartbeat", json_body={"queueDepth": -1})

    errors = {error["field"]: error["code"] for error in refused(answer, 400, GENERAL + "VALIDATION_FAILED")["errors"]}
    assert errors == {
        "body.sentAt": "required",
        "body.queueDepth": "invalid",
        "body.networkProfile": "required",
        "body.appVersion": "required",
    }


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("sentAt", "0001-01-01T00:00:00+14:00"),
        ("lastSyncAt", "9999-12-31T23:59:59-12:00"),
        ("appVersion", "1\x00"),
        ("appVersion", "new"),
    ],
)
def test_what_no_store_could_keep_is_refused_at_the_edge(world: World, member: str, value: str) -> None:
    """A moment of no calendar and a text that Postgres has no place for are malformed, not a failure of ours."""
    desktop = world.sign_in()

    answer = desktop.request("POST", f"/devices/{desktop.device_id}/heartbeat", json_body={**HEARTBEAT, member: value})

    assert refused(answer, 400, GENERAL + "VALIDATION_FAILED")["errors"][0]["field"] == f"body.{member}"


def test_an_empty_refresh_token_is_named(world: World) -> None:
    """It is refused here, not by iam."""
    desktop = world.sign_in()
    desktop.tokens["refreshToken"] = ""

    answer = desktop.refresh()

    assert refused(answer, 400, GENERAL + "VALIDATION_FAILED")["errors"][0]["field"] == "body.refreshToken"


def test_two_different_devices_in_one_request_are_no_device(world: World) -> None:
    """However many `X-Device-Id` there are, they must all be the token's."""
    desktop = world.sign_in()
    headers = desktop.headers("GET", f"{API}/session")
    other = ("X-Device-Id", world.device())

    answer = desktop.http.get(f"{world.bff}{API}/session", headers=[*headers.items(), other])

    refused(answer, 403, OURS + "DEVICE_MISMATCH")


def test_bytes_that_are_no_request_get_a_problem_document_too(world: World) -> None:
    """Never plain text, whatever arrives."""
    host, _, port = world.bff.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"this is no request\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["code"] == GENERAL + "VALIDATION_FAILED"
