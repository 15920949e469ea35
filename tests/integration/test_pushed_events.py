"""Events that Pub/Sub pushes: who may, what they must look like, and what the answer makes the bus do."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import asyncpg
import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from ulid import ULID

from bff_backoffice.dev.plan import MACHINES
from tests.processes import stopped
from tests.worlds import World

V1 = "/bff/backoffice/v1"
NAME = "bff-backoffice.platform"
SUBJECT = "melmastoon.iam.session.revoked.v1"


def token(world: World, **more: Any) -> str:
    """An identity token; the push identity's, but for what is given."""
    wanted = {"email": MACHINES["BFF_PUSH_IDENTITY"], "audience": MACHINES["BFF_PUSH_AUDIENCE"], **more}
    return str(world.control("POST", "identity-tokens", wanted).json()["token"])


def body(envelope: Any, *, tenant: str = "", subject: str = SUBJECT, **more: Any) -> dict[str, Any]:
    """What Pub/Sub posts for this envelope."""
    raw = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
    attributes = {"subject": subject, "tenantId": tenant} if tenant else {}
    message = {
        "data": base64.b64encode(raw).decode(), "attributes": attributes, "messageId": str(ULID()), "message_id": "1",
        "publishTime": "2026-11-22T10:00:00.123Z", "publish_time": "2026-11-22T10:00:00.123Z", "orderingKey": "k",
    }  # fmt: skip
    return {"message": message, "subscription": f"projects/melmastoon/subscriptions/{NAME}", **more}


def push(world: World, pushed: Any, *, name: str = NAME, bearer: str | None = None) -> httpx2.Response:
    """Push as Pub/Sub does."""
    headers = {"Authorization": f"Bearer {token(world) if bearer is None else bearer}"}
    return world.http.request("POST", f"{world.bff}{V1}/internal/events/{name}", headers=headers, json=pushed)


def parked(world: World, tenant: str) -> list[asyncpg.Record]:
    """What is parked for a tenant."""

    async def main() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(world.postgres["worker"])
        try:
            async with connection.transaction():
                await connection.execute("select set_config('app.tenant_id', $1, true)", tenant)
                return list(await connection.fetch("select * from bff_backoffice.parked_events"))
        finally:
            await connection.close()

    return asyncio.run(main())


def test_a_pushed_revocation_ends_the_session_and_is_acknowledged(world: World) -> None:
    """204 once it counts: the very next request of the desktop is refused."""
    desktop = world.sign_in()
    assert desktop.get("/session").status_code == 200
    sid = jwt.decode(desktop.token, options={"verify_signature": False})["sid"]
    pushed = body({"eventId": f"evt_{ULID()}", "payload": {"sessionId": sid}}, tenant=world.tenants[0])

    assert push(world, pushed).status_code == 204
    refused = desktop.get("/session")
    assert (refused.status_code, refused.json()["code"]) == (401, "MELMASTOON.BFF.BACKOFFICE.SESSION_REVOKED")
    assert push(world, pushed).status_code == 204


def test_an_event_that_nobody_wants_is_acknowledged(world: World) -> None:
    """Other services' news is no failure."""
    pushed = body({"payload": {}}, tenant=world.tenants[0], subject="melmastoon.crm.segment.computed.v7")

    assert push(world, pushed).status_code == 204


def test_poison_is_acknowledged_and_parked(world: World) -> None:
    """Delivering it again would change nothing; it waits for a person, as it came."""
    tenant = f"tnt_{ULID()}"

    assert push(world, body(b"\xff{", tenant=tenant)).status_code == 204
    assert push(world, body(b"\xff{", tenant=tenant)).status_code == 204
    (row,) = parked(world, tenant)
    assert (row["envelope"], row["subject"], row["why"]) == (b"\xff{", SUBJECT, "no envelope")


@pytest.mark.parametrize(
    "wrong",
    [
        {"audience": MACHINES["BFF_SCHEDULER_AUDIENCE"]},
        {"email": MACHINES["BFF_SCHEDULER_IDENTITY"]},
        {"email": "somebody@else.iam.gserviceaccount.com"},
        {"issuer": "https://accounts.example"},
        {"emailVerified": False},
        {"seconds": -1},
    ],
    ids=str,
)
def test_a_token_that_is_not_the_push_identitys_is_refused(world: World, wrong: dict[str, Any]) -> None:
    """Foreign, for another audience, unverified or expired: 401 with a challenge, whatever the body is."""
    refused = push(world, {"not": "looked at"}, bearer=token(world, **wrong))

    expired = "TOKEN_EXPIRED" if "seconds" in wrong else "TOKEN_INVALID"
    assert (refused.status_code, refused.json()["code"]) == (401, f"MELMASTOON.BFF.BACKOFFICE.{expired}")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_forged_unsigned_or_missing_token_and_an_operators_own_are_refused(world: World) -> None:
    """Nothing but the issuer's signature lets anybody push."""
    claims = jwt.decode(token(world), options={"verify_signature": False})
    kid = jwt.get_unverified_header(token(world))["kid"]
    forged = jwt.encode(claims, rsa.generate_private_key(65537, 2048), algorithm="RS256", headers={"kid": kid})
    unsigned = jwt.encode(claims, None, algorithm="none", headers={"kid": kid})
    for bearer in (forged, unsigned, "x", world.sign_in().token):
        assert push(world, body({}), bearer=bearer).status_code == 401
    bare = world.http.request("POST", f"{world.bff}{V1}/internal/events/{NAME}", json=body({}))
    assert (bare.status_code, bare.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_subscription_that_nobody_named_does_not_exist(world: World) -> None:
    """Pub/Sub delivers again and somebody notices; nothing is taken from where nothing was expected."""
    assert push(world, body({}), name="other").status_code == 404


@pytest.mark.parametrize(
    "pushed",
    [
        {},
        {"message": {}, "subscription": NAME},
        {"message": {"messageId": "1", "data": "%%%"}, "subscription": NAME},
        {"message": {"messageId": "1", "attributes": {"subject": 7}}, "subscription": NAME},
        {"message": {"messageId": "1"}, "subscription": "projects/melmastoon/subscriptions/other"},
    ],
    ids=["empty", "no id", "no base64", "an attribute that is no text", "another subscription"],
)
def test_a_body_that_is_no_push_is_malformed(world: World, pushed: dict[str, Any]) -> None:
    """The place is named."""
    refused = push(world, pushed)

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"].startswith("body")


@pytest.mark.parametrize(
    ("method", "headers", "content", "status"),
    [
        ("GET", {}, b"", 405),
        ("POST", {"Accept": "application/x-nobody"}, b"{}", 406),
        ("POST", {}, b"x" * 20_000_000, 413),
        ("POST", {"Content-Type": "text/plain"}, b"{}", 415),
    ],
)
def test_what_no_bus_would_send_is_refused(
    world: World, method: str, headers: dict[str, str], content: bytes, status: int
) -> None:
    """By another method, for another representation, too long, of another type: refused before it is looked into."""
    known = {"Authorization": f"Bearer {token(world)}", "Content-Type": "application/json"}
    url = f"{world.bff}{V1}/internal/events/{NAME}"

    assert world.http.request(method, url, headers=known | headers, content=content).status_code == status


def test_a_store_that_is_away_makes_the_bus_deliver_again(own_world: World) -> None:
    """503 while the event can't count, and 204 once it does."""
    world = own_world
    pushed = body({"eventId": "evt_1", "payload": {"userId": f"usr_{ULID()}"}}, tenant=world.tenants[0],
                  subject="melmastoon.iam.user.locked.v1")  # fmt: skip
    bearer = token(world)
    with stopped(world, "postgres"):
        assert push(world, pushed, bearer=bearer).status_code == 503
    for _ in range(100):
        answer = push(world, pushed, bearer=bearer)
        if answer.status_code == 204:
            break
    assert answer.status_code == 204
