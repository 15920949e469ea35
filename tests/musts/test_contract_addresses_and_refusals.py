"""Contract, section 2: addresses, order of refusals, headers, errors. Every answer is held to the API document.

| Promise | Held by |
|---|---|
| everything under both prefixes | integration/test_sessions.py, `test_every_path_answers_under_both_prefixes` |
| open routes need no credentials | `test_open_routes_answer_everywhere_without_credentials` |
| `/metrics` on the admin listener only | integration/test_bad_input.py |
| no route, a suffix, a slash at the end: 404 | integration/test_bad_input.py |
| another method: 405 with `Allow` | `test_another_method_is_405_and_names_those_that_are_allowed` |
| CORS: preflights, exposed headers, empty by default | `test_a_known_origin_…`, `test_no_origin_is_known_by_default` |
| the order of refusals | `test_refusals_come_in_the_contracts_order`, `…_for_a_widget` |
| `DPoP` scheme everywhere but the open routes | `test_every_operator_route_wants_credentials` |
| `Bearer` refused unless set, the proof demanded either way; nonces | integration/test_command_line.py |
| `X-Device-Id` must equal the token's device | isolation/test_routes.py |
| property by header, query or session; outside the scope it does not exist | isolation/test_routes.py |
| `X-Idempotency-Key` ignored elsewhere | `test_an_idempotency_key_is_ignored_where_none_is_due` |
| `X-Request-Id` echoed, minted, replaced | integration/test_bad_input.py |
| `Accept-Language`, default the session's locale | integration/test_bad_input.py, test_dashboard.py |
| `traceparent` continued | `test_the_trace_goes_on` |
| `X-Client-Budget-Ms` shortens, never lengthens | integration/test_dashboard.py |
| `RateLimit` and `RateLimit-Policy` wherever it is known who asks | `test_every_answer_carries_the_common_headers` |
| headers of every answer | `test_every_answer_carries_the_common_headers` |
| `X-Cache` on composed reads | `test_composed_reads_say_what_the_cache_did` |
| errors are problem documents, never a stack trace | `described`, over every answer |
| 404 the same bytes | isolation/test_routes.py |
| one status a code, words in five languages | conventions/test_catalogue.py, unit/presentation/test_errors.py |
| `Retry-After` with 503 | `test_a_503_says_when_to_come_back` |
"""

from __future__ import annotations

import json
import re
from typing import Any

import httpx2
import pytest

from bff_backoffice.presentation.cors import Cors
from bff_backoffice.settings import Settings
from tests.desktop import API, Desktop
from tests.isolation.every_route import OPERATOR_ROUTES, name_of, path_of
from tests.musts.described import Described, NotDescribedError
from tests.waiting import until
from tests.worlds import World

GENERAL, OURS = "MELMASTOON.GENERAL.", "MELMASTOON.BFF.BACKOFFICE."
HEARTBEAT = {"sentAt": "2026-11-22T10:00:00Z", "queueDepth": 0, "networkProfile": "good", "appVersion": "1.4.2"}
OPEN = [
    prefix + path
    for prefix in ("", API, f"/api{API}")
    for path in ("/health/live", "/health/ready", "/health/startup", "/.well-known/jwks.json", "/openapi.json",
                 "/openapi.yaml")
]  # fmt: skip


@pytest.fixture(scope="module")
def desk(shared_world: World) -> Desktop:
    """A general manager; no test of this module ends the session."""
    desk = shared_world.sign_in()
    assert desk.get("/session").status_code == 200
    return desk


@pytest.fixture(scope="module")
def housekeeper(shared_world: World) -> Desktop:
    """Somebody who may see little."""
    desk = shared_world.sign_in("housekeeper")
    assert desk.get("/session").status_code == 200
    return desk


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("path", OPEN)
def test_open_routes_answer_everywhere_without_credentials(world: World, described: Described, path: str) -> None:
    """With the prefix, with the load balancer's prefix, and without; what they say is what is described."""
    answer = described.check(world.http.get(world.bff + path))

    assert answer.status_code == 200


def test_the_key_set_is_a_key_set(world: World) -> None:
    """RFC 7517, section 5: an object with `keys`; nothing of a private key is ever in it."""
    keys = world.http.get(f"{world.bff}/.well-known/jwks.json").json()["keys"]

    assert isinstance(keys, list)
    assert not [name for key in keys for name in ("d", "p", "q", "k") if name in key]


@pytest.mark.parametrize("route", OPERATOR_ROUTES, ids=name_of)
def test_another_method_is_405_and_names_those_that_are_allowed(
    desk: Desktop, described: Described, route: Any
) -> None:
    """`Allow` lists what the path takes, with or without credentials."""
    path = path_of(route, desk)
    allowed = {each.method for each in OPERATOR_ROUTES if each.path == route.path}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"} - allowed:
        answer = desk.http.request(method, desk.base + API + path)
        assert answer.status_code == 405, method
        assert {each.strip() for each in answer.headers["Allow"].split(",")} == allowed
        if method != "HEAD":
            assert code_of(described.check(answer)) == (405, GENERAL + "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("route", OPERATOR_ROUTES, ids=name_of)
def test_every_operator_route_wants_credentials(desk: Desktop, described: Described, route: Any) -> None:
    """No credentials, half of them, another scheme: 401 with a challenge, whatever the route."""
    url = desk.base + API + path_of(route, desk)
    body = {} if route.body is None else {"content": b"{}", "headers": {"Content-Type": "application/json"}}
    common = body.pop("headers", {})
    for headers in (
        {},
        {"Authorization": "Basic c29tZW9uZQ=="},
        {"Authorization": f"Bearer {desk.token}"},
        {"Authorization": f"DPoP {desk.token}"},
        {"DPoP": desk.key.proof(route.method, url, desk.token)},
    ):
        answer = described.check(desk.http.request(route.method, url, headers={**common, **headers}, **body))
        assert answer.status_code == 401, headers
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith("DPoP ")
        assert 'algs="ES256 Ed25519 EdDSA PS256"' in challenge
        # RFC 6750, section 3.1: who brought no credentials at all is told of no error.
        assert ("error=" in challenge) == bool(headers), challenge


# The order of refusals (section 2.1): each step repairs what the last one was refused for. ----------------------------


def test_refusals_come_in_the_contracts_order(world: World, described: Described) -> None:
    """Path, method, size, media type, accept, credentials, proof, device, property, resource, shape, then the work."""
    desk = world.sign_in()
    path, foreign = f"{API}/devices/{{id}}/heartbeat", world.properties(1)[0]
    large, bad, good = b"x" * 1_100_000, b'{"sentAt": 7}', json.dumps(HEARTBEAT).encode()
    wrong = {"Accept": "image/png", "X-Property-Id": foreign, "X-App-Version": "new", "Content-Type": "text/plain"}
    in_json = {**wrong, "Content-Type": "application/json"}
    acceptable = {**in_json, "Accept": "application/json"}
    ours = {**acceptable, "X-Device-Id": desk.device_id}
    at_home = {**ours, "X-Property-Id": world.properties()[0]}
    sane = {**at_home, "X-App-Version": "1.4.2"}
    other, mine = world.device(), desk.device_id

    def ask(
        method: str, target: str, body: bytes, headers: dict[str, str], *, token: str | None = None, proof: bool = False
    ) -> tuple[int, str]:
        url = world.bff + target
        credentials = {} if token is None else {"Authorization": f"DPoP {token}"}
        if proof:
            credentials["DPoP"] = desk.key.proof(method, url, token)
        answer = world.http.request(method, url, content=body, headers={**headers, **credentials})
        described.check(answer)
        return code_of(answer) if answer.status_code >= 400 else (answer.status_code, "")

    theirs = {**acceptable, "X-Device-Id": other}
    at_other, at_mine = path.format(id=other), path.format(id=mine)
    ladder = [
        (ask("DELETE", at_other + "/x", large, wrong), 404, GENERAL + "RESOURCE_NOT_FOUND"),
        (ask("DELETE", at_other, large, wrong), 405, GENERAL + "METHOD_NOT_ALLOWED"),
        (ask("POST", at_other, large, wrong), 413, GENERAL + "PAYLOAD_TOO_LARGE"),
        (ask("POST", at_other, bad, wrong), 415, GENERAL + "UNSUPPORTED_MEDIA_TYPE"),
        (ask("POST", at_other, bad, in_json), 406, GENERAL + "NOT_ACCEPTABLE"),
        (ask("POST", at_other, bad, theirs), 401, OURS + "TOKEN_INVALID"),
        (ask("POST", at_other, bad, theirs, token="a.b.c", proof=True), 401, OURS + "TOKEN_INVALID"),
        (ask("POST", at_other, bad, theirs, token=desk.token), 401, OURS + "PROOF_INVALID"),
        (ask("POST", at_other, bad, theirs, token=desk.token, proof=True), 403, OURS + "DEVICE_MISMATCH"),
        (ask("POST", at_other, bad, ours, token=desk.token, proof=True), 404, GENERAL + "RESOURCE_NOT_FOUND"),
        (ask("POST", at_other, bad, at_home, token=desk.token, proof=True), 404, GENERAL + "RESOURCE_NOT_FOUND"),
        (ask("POST", at_mine, bad, at_home, token=desk.token, proof=True), 400, GENERAL + "VALIDATION_FAILED"),
        (ask("POST", at_mine, bad, sane, token=desk.token, proof=True), 400, GENERAL + "VALIDATION_FAILED"),
        (ask("POST", at_mine, good, sane, token=desk.token, proof=True), 200, ""),
    ]

    assert [found for found, _, _ in ladder] == [(status, code) for _, status, code in ladder]


def test_refusals_come_in_the_contracts_order_for_a_widget(
    world: World, described: Described, housekeeper: Desktop
) -> None:
    """Property before resource, resource before role, role before shape."""
    foreign = world.properties(1)[0]
    wrong = {"X_Client_Budget_Ms": "soon", "X_App_Version": "new"}

    at_home = housekeeper.get("/session").json()["primaryPropertyId"]
    ladder = [
        housekeeper.get("/dashboard/widgets/pool", **wrong, X_Property_Id=foreign),
        housekeeper.get("/dashboard/widgets/pool", **wrong, X_Property_Id=at_home),
        housekeeper.get("/dashboard/widgets/revpar", **wrong),
        housekeeper.get("/dashboard/widgets/rooms", **wrong),
        housekeeper.get("/dashboard/widgets/rooms", X_Client_Budget_Ms="soon"),
    ]

    assert [code_of(described.check(answer)) for answer in ladder] == [
        (404, GENERAL + "RESOURCE_NOT_FOUND"),
        (404, GENERAL + "RESOURCE_NOT_FOUND"),
        (403, OURS + "ROLE_FORBIDDEN"),
        (400, GENERAL + "VALIDATION_FAILED"),
        (400, GENERAL + "VALIDATION_FAILED"),
    ]


# Headers --------------------------------------------------------------------------------------------------------------


def answers_of_every_kind(world: World, desk: Desktop) -> dict[str, httpx2.Response]:
    """Wholes, streams, refusals and empty answers."""
    gone = world.sign_in("front_desk")
    return {
        "session": desk.get("/session"),
        "choice": desk.request("PUT", "/session/property", json_body={"propertyId": world.properties()[0]}),
        "heartbeat": desk.request("POST", f"/devices/{desk.device_id}/heartbeat", json_body=HEARTBEAT),
        "widget": desk.get("/dashboard/widgets/rooms"),
        "board": desk.get("/dashboard", Accept="application/json"),
        "lines": desk.get("/dashboard", Accept="application/x-ndjson"),
        "events": desk.get("/dashboard", Accept="text/event-stream"),
        "page": desk.get("/dashboard", Accept="text/html"),
        "refresh": world.sign_in("front_desk").refresh(),
        "sign-out": gone.request("POST", "/auth/sign-out"),
        "not found": desk.get("/nothing"),
        "not allowed": desk.request("DELETE", "/session"),
        "unauthorised": world.http.get(f"{world.bff}{API}/session"),
        "malformed": desk.get("/session", X_App_Version="new"),
        "forbidden": desk.get("/session", X_Device_Id=gone.device_id),
    }


def test_every_answer_carries_the_common_headers(world: World, desk: Desktop, described: Described) -> None:
    """Request id, trace, no-store, Vary, a language wherever there are words; and every answer is as described."""
    for kind, answer in answers_of_every_kind(world, desk).items():
        described.check(answer)
        headers = answer.headers
        streamed = kind in {"lines", "events", "page"}
        assert re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", headers["X-Request-Id"]), kind
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", headers["traceparent"]), kind
        assert headers["Cache-Control"] == "private, no-store" + (", no-transform" if streamed else ""), kind
        assert {"accept", "accept-language", "authorization"} <= {
            each.strip().lower() for each in headers["Vary"].split(",")
        }, kind
        assert headers["X-Content-Type-Options"] == "nosniff", kind
        assert headers.get("X-Accel-Buffering") == ("no" if streamed else None), kind
        assert headers.get("Transfer-Encoding") == ("chunked" if streamed else None), kind
        assert "Server" not in headers, kind
        known = kind not in {"unauthorised", "not found", "not allowed", "refresh", "forbidden"}
        assert ("RateLimit" in headers) == ("RateLimit-Policy" in headers) == known, kind
        if kind in {"widget", "board", "lines", "events", "page"} or answer.status_code >= 400:
            assert headers["Content-Language"], kind


def test_composed_reads_say_what_the_cache_did(world: World, desk: Desktop) -> None:
    """`X-Cache` in every representation, cold and warm, and nowhere else."""
    kinds = ("application/json", "application/x-ndjson", "text/event-stream", "text/html")

    def said(path: str, accept: str) -> list[str]:
        # On a machine that stands still what came too late is not kept, and a cache too slow is left alone.
        world.forget_cache()
        return [desk.get(path, Accept=accept).headers["X-Cache"] for _ in range(2)]

    for accept in kinds:
        until(lambda accept=accept: said("/dashboard", accept) == ["MISS", "HIT"])
    until(lambda: said("/dashboard/widgets/rooms", "application/json") == ["MISS", "HIT"])
    assert "X-Cache" not in desk.get("/session").headers


def test_the_trace_goes_on(desk: Desktop) -> None:
    """The answer is a child of the caller's span, sampled as it was; a malformed header begins a new trace."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    for flags in ("00", "01"):
        answer = desk.get("/session", traceparent=f"00-{trace}-00f067aa0ba902b7-{flags}")
        version, found, span, sampled = answer.headers["traceparent"].split("-")
        assert (version, found, sampled) == ("00", trace, flags)
        assert span != "00f067aa0ba902b7"
    for malformed in ("00-" + "0" * 32 + "-00f067aa0ba902b7-01", "ff-" + trace + "-00f067aa0ba902b7-01", "nonsense"):
        answer = desk.get("/session", traceparent=malformed)
        assert answer.status_code == 200
        assert trace not in answer.headers["traceparent"]


def test_a_refusals_ids_are_those_of_its_headers(desk: Desktop) -> None:
    """`requestId`, `traceId` and `instance` are what a log line can be found by."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    answer = desk.get(
        "/nothing", traceparent=f"00-{trace}-00f067aa0ba902b7-01", X_Request_Id="01M824NMF2PW5KVCFBYJ71Y612"
    )

    assert answer.json()["requestId"] == answer.headers["X-Request-Id"] == "01M824NMF2PW5KVCFBYJ71Y612"
    assert answer.json()["traceId"] == trace
    assert answer.json()["instance"] == f"{API}/nothing"


def test_an_idempotency_key_is_ignored_where_none_is_due(desk: Desktop) -> None:
    """The same key on two reads, and a malformed one, change nothing."""
    first, second = (desk.get("/session", X_Idempotency_Key="not a key at all") for _ in range(2))

    assert first.status_code == second.status_code == 200
    assert "Idempotency-Replayed" not in second.headers


def test_a_known_origin_may_read_what_the_contract_exposes(world: World) -> None:
    """On refusals too; a stranger's origin gets nothing."""
    refused = world.http.get(f"{world.bff}{API}/session", headers={"Origin": world.sim})
    stranger = world.http.get(f"{world.bff}{API}/session", headers={"Origin": "https://evil.example"})

    exposed = {each.strip() for each in refused.headers["Access-Control-Expose-Headers"].split(",")}
    assert exposed >= {"DPoP-Nonce", "WWW-Authenticate", "X-Request-Id", "ETag"}
    assert refused.headers["Access-Control-Allow-Origin"] == world.sim
    assert "Access-Control-Allow-Credentials" not in refused.headers
    assert "Origin" in refused.headers["Vary"]
    assert not [name for name in stranger.headers if name.lower().startswith("access-control-")]


def test_no_origin_is_known_by_default() -> None:
    """`BFF_CORS_ORIGINS` is empty unless somebody sets it, and then nobody's preflight is answered."""
    default = Settings.model_fields["cors_origins"].default
    headers = {"origin": ("https://desk.example",), "access-control-request-method": ("GET",)}

    assert default == ()
    assert Cors(frozenset(default)).preflight("OPTIONS", headers) is None


def test_a_503_says_when_to_come_back(world: World, described: Described) -> None:
    """`Retry-After` and the body's `retryAfter` agree; so do status and code."""
    world.fault("tenant-service", "error", status=503)

    answer = described.check(world.sign_in("night_auditor", tenant=1).get("/session"))

    assert code_of(answer) == (503, "MELMASTOON.BFF.UPSTREAM_UNAVAILABLE")
    assert answer.headers["Retry-After"] == str(answer.json()["retryAfter"])
    assert answer.json()["retriable"] is True


def test_an_answer_that_is_not_described_would_be_seen(world: World, desk: Desktop, described: Described) -> None:
    """The document is held to what it says: with less in it, the same answers fail."""
    answer = desk.get("/session")
    cut = json.loads(json.dumps(described.document))
    del cut["paths"]["/session"]["get"]["responses"]["200"]
    narrow = json.loads(json.dumps(described.document))
    narrow["components"]["schemas"]["SessionView"]["properties"]["id"] = {"type": "integer"}

    assert Described(described.document).check(answer) is answer
    for document in (cut, narrow):
        with pytest.raises(NotDescribedError):
            Described(document).check(answer)
    with pytest.raises(NotDescribedError):
        described.check(world.http.get(f"{world.sim}/_control/world"))
