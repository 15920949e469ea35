"""Decisions, acknowledgements and clicks over real sockets: contract sections 2.1, 5 and 10; outbox and ledger."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx2
import pytest
from ulid import ULID

from tests.acting import act, charge_of, effects, folio, new_key
from tests.desktop import Desktop
from tests.musts.described import Described
from tests.waiting import until
from tests.worlds import World, start_world

OURS, GENERAL = "MELMASTOON.BFF.BACKOFFICE.", "MELMASTOON.GENERAL."
AI, ALERTS = "ai-orchestrator-service", "notification-service"
NOBODYS = "01JGFJJZ03J02SKYND46F9ZBK0"
CLICK = {"kind": "board.opened", "occurredAt": "2026-11-22T10:00:00+04:30"}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world without circuit breakers, so that the faults of one test do not outlast it, and with short leases."""
    settings = {"BFF_UPSTREAM_BREAKERS": "false", "BFF_IDEMPOTENCY_LEASE_SECONDS": "1"}
    with start_world(tmp_path_factory.mktemp("records"), environment=settings) as world:
        yield world


@pytest.fixture
def world(started: World) -> Iterator[World]:
    """That world in good health, with nothing in its cache; healed again afterwards."""
    started.forget_cache()
    yield started
    started.heal()


@pytest.fixture
def desk(world: World) -> Desktop:
    """A general manager's desk."""
    return world.sign_in()


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check that the answer is this refusal, and give its document."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    return body


def kept(world: World, statement: str, *values: Any, role: str = "owner", tenant: str | None = None) -> list[Any]:
    """What a role finds for the first tenant."""

    async def main() -> list[Any]:
        connection = await asyncpg.connect(world.postgres[role], server_settings={"search_path": "bff_backoffice"})
        try:
            async with connection.transaction():
                await connection.execute("select set_config('app.tenant_id', $1, true)", tenant or world.tenants[0])
                return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    return asyncio.run(main())


def told(world: World, service: str, path: str, body: dict[str, Any], *, place: int = 0) -> str:
    """Post something to a service, as another service of the platform does; return its identifier."""
    answer = world.http.post(
        f"{world.sim}/{service}{path}?propertyId={world.properties()[place]}", json=body,
        headers={
            "X-Tenant-Id": world.tenants[0], "Idempotency-Key": str(ULID()), "X-Operator-Id": world.operator()["id"],
            "Authorization": "Bearer another-service",
        },
    )  # fmt: skip
    assert answer.status_code < 300, answer.text
    return str(answer.json().get("id", ""))


def suggested(world: World, category: str = "staffing", *, place: int = 0) -> str:
    """A new suggestion."""
    subject = {"type": "property", "id": world.properties()[place]}
    body = {"category": category, "title": "One more", "summary": "Departures", "confidence": 0.8, "subject": subject}
    return told(world, AI, "/api/v1/ai/suggestions", {**body, "proposal": {"count": 1}, "provenance": {}}, place=place)


def raised(world: World, *, place: int = 0) -> str:
    """A new alert."""
    text = {"default": "Fuel is low", "values": {}}
    body = {"severity": "critical", "title": text, "body": text}
    return told(world, ALERTS, "/api/v1/alerts", body, place=place)


def heard(world: World, suggestion: str) -> list[dict[str, Any]]:
    """What the orchestrator did about a suggestion."""
    done = effects(world, AI)
    return [each for each in done if (each["kind"], each["resourceId"]) == ("suggestion.decided", suggestion)]


# Decisions ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [{"decision": "accept"}, {"decision": "reject", "reason": "نه"}, {"decision": "modify", "delta": {"n": 1.0}}],
    ids=lambda body: str(body["decision"]),
)
def test_a_decision_is_written_once_and_the_orchestrator_hears_of_it(
    world: World, desk: Desktop, body: dict[str, Any]
) -> None:
    """`sdl_`, the same bytes for the same key, one line of the log, one effect, and nothing left in the outbox."""
    described, key, suggestion = Described.by(world), new_key(), suggested(world)

    first = described.check(act(desk, f"/ai/suggestions/{suggestion}/decide", body, key=key))
    second = described.check(act(desk, f"/ai/suggestions/{suggestion}/decide", body, key=key))

    assert first.status_code == 200, first.text
    answer = first.json()
    assert answer["id"].startswith("sdl_")
    assert (answer["suggestionId"], answer["decision"]) == (suggestion, body["decision"])
    assert (second.content, second.headers["Idempotency-Replayed"]) == (first.content, "true")
    until(lambda: heard(world, suggestion))
    until(lambda: not kept(world, "select 1 from outbox where about = $1", suggestion))
    assert len(heard(world, suggestion)) == 1
    (line,) = kept(world, "select * from ai_decision_log where suggestion_id = $1", suggestion)
    assert (line["id"], line["reason"], line["device_id"]) == (answer["id"], body.get("reason"), desk.device_id)
    assert (line["delta"] and json.loads(line["delta"])) == body.get("delta")
    sent = [
        each for each in world.control("GET", f"requests?service={AI}").json()
        if each["path"].endswith(f"{suggestion}/decide")
    ]  # fmt: skip
    # Once, or again under the same key where the orchestrator had no 3 s to answer.
    assert len({each["headers"]["Idempotency-Key"] for each in sent}) == 1
    for each in sent:
        assert (json.loads(each["body"]) if isinstance(each["body"], str) else each["body"]) == body
        assert each["headers"]["X-Session-Id"] == desk.get("/session").json()["id"]


def test_a_second_decision_is_refused(world: World, desk: Desktop) -> None:
    """409 in our words, also at every replay; the first one stays."""
    suggestion = suggested(world)
    path, key = f"/ai/suggestions/{suggestion}/decide", new_key()
    assert act(desk, path, {"decision": "accept"}).status_code == 200

    first = act(desk, path, {"decision": "reject"}, key=key)
    refused(first, 409, OURS + "SUGGESTION_ALREADY_DECIDED")
    again = act(desk, path, {"decision": "reject"}, key=key)

    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    (line,) = kept(world, "select decision from ai_decision_log where suggestion_id = $1", suggestion)
    assert line["decision"] == "accept"


def test_what_was_decided_elsewhere_is_refused_too(world: World, desk: Desktop) -> None:
    """The orchestrator knows of decisions that never came through here."""
    suggestion = suggested(world)
    told(world, AI, f"/api/v1/ai/suggestions/{suggestion}/decide", {"decision": "accept"})

    answer = act(desk, f"/ai/suggestions/{suggestion}/decide", {"decision": "reject"})

    refused(answer, 409, OURS + "SUGGESTION_ALREADY_DECIDED")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "body.decision"),
        ({"decision": "perhaps"}, "body.decision"),
        ({"decision": "modify"}, "body.delta"),
        ({"decision": "modify", "delta": {}}, "body.delta"),
        ({"decision": "modify", "delta": [1]}, "body.delta"),
        ({"decision": "accept", "delta": {"n": 1}}, "body.delta"),
        ({"decision": "reject", "reason": ""}, "body.reason"),
        ({"decision": "reject", "reason": "a\x00b"}, "body.reason"),
        ({"decision": "reject", "reason": "x" * 1001}, "body.reason"),
    ],
)
def test_a_decision_of_the_wrong_shape_names_the_place(
    world: World, desk: Desktop, body: dict[str, Any], place: str
) -> None:
    """400 before anything is written; the key stays free."""
    suggestion, key = suggested(world), new_key()
    path = f"/ai/suggestions/{suggestion}/decide"

    problem = refused(act(desk, path, body, key=key), 400, GENERAL + "VALIDATION_FAILED")

    assert place in {each["field"] for each in problem["errors"]}
    assert act(desk, path, {"decision": "accept"}, key=key).status_code == 200


def test_who_does_not_follow_a_rate_change_says_why(world: World, desk: Desktop) -> None:
    """The category demands a reason of a rejection, and none of an acceptance; asking for it uses up no key."""
    path, key = f"/ai/suggestions/{suggested(world, 'rate_change')}/decide", new_key()

    problem = refused(act(desk, path, {"decision": "reject"}, key=key), 400, GENERAL + "VALIDATION_FAILED")

    assert [(each["field"], each["code"]) for each in problem["errors"]] == [("body.reason", "required")]
    assert kept(world, "select 1 from idempotency where key = $1", key) == []
    assert act(desk, path, {"decision": "reject", "reason": "A wedding is in town"}, key=key).status_code == 200
    assert act(desk, f"/ai/suggestions/{suggested(world, 'rate_change')}/decide", {"decision": "accept"}).is_success


@pytest.mark.parametrize("mode", ["error", "hang"])
def test_nobody_waits_for_the_orchestrator(world: World, desk: Desktop, mode: str) -> None:
    """It is away: the inbox that was shown last is enough to decide, and it hears once it is back."""
    suggestion = suggested(world)
    until(lambda: any(each["id"] == suggestion for each in desk.get("/ai/suggestions?limit=200").json()["items"]))
    world.fault(AI, mode)

    answer = act(desk, f"/ai/suggestions/{suggestion}/decide", {"decision": "accept"})

    assert answer.status_code == 200, answer.text
    until(lambda: kept(world, "select 1 from outbox where about = $1 and attempts > 0", suggestion))
    assert heard(world, suggestion) == []
    world.heal()
    until(lambda: heard(world, suggestion), seconds=40)
    assert len(heard(world, suggestion)) == 1


def test_what_nobody_knows_is_not_decided_about(world: World, desk: Desktop) -> None:
    """No orchestrator and no inbox that showed it: the same key tries again."""
    suggestion, key = suggested(world), new_key()
    world.fault(AI, "error", status=503)
    path = f"/ai/suggestions/{suggestion}/decide"

    problem = refused(act(desk, path, {"decision": "accept"}, key=key), 503, "MELMASTOON.BFF.UPSTREAM_UNAVAILABLE")
    assert problem["retry"] == "same_key"
    world.heal()

    assert act(desk, path, {"decision": "accept"}, key=key).status_code == 200


def test_an_answer_of_the_orchestrator_that_is_lost_is_no_second_decision(world: World, desk: Desktop) -> None:
    """It applied what it was told and nobody heard so: it is told again under the same key, and applies nothing."""
    suggestion = suggested(world)
    world.fault(AI, "applied_then_lost", match="POST")
    assert act(desk, f"/ai/suggestions/{suggestion}/decide", {"decision": "accept"}).status_code == 200
    until(lambda: heard(world, suggestion))
    world.heal()

    until(lambda: not kept(world, "select 1 from outbox where about = $1", suggestion), seconds=40)

    assert len(heard(world, suggestion)) == 1


def test_a_message_that_can_not_be_told_is_parked_and_stops_nobody(world: World, desk: Desktop) -> None:
    """Another kind, or no report: set aside with the reason, and what comes after it is told."""
    statement = "insert into outbox (tenant_id, id, kind, about, payload) values ($1, $2, $3, 'x', $4) returning id"
    poison = [f"out_{ULID()}" for _ in range(2)]
    kept(world, statement, world.tenants[0], poison[0], "nothing.known", "{}", role="app")
    kept(world, statement, world.tenants[0], poison[1], "suggestion.decided", '{"half": "of it"}', role="app")
    suggestion = suggested(world)

    assert act(desk, f"/ai/suggestions/{suggestion}/decide", {"decision": "accept"}).status_code == 200

    until(lambda: heard(world, suggestion))
    parked = "select last_error from outbox where id = any($1::text[]) and parked_at is not null"
    found = until(lambda: len(rows := kept(world, parked, poison)) == len(poison) and rows)
    assert {each["last_error"] for each in found} == {"nobody tells a nothing.known", "no report of a decision"}


# Acknowledgements -----------------------------------------------------------------------------------------------------


def test_an_alert_is_acknowledged_once(world: World, desk: Desktop) -> None:
    """notification-service agrees, our log keeps who, where and why; the same key replays, another one is told so."""
    described, key, alert = Described.by(world), new_key(), raised(world)
    path = f"/alerts/{alert}/acknowledge"

    first = described.check(act(desk, path, {"note": "تیل آمد"}, key=key))
    second = act(desk, path, {"note": "تیل آمد"}, key=key)
    third = act(desk, path)

    assert first.status_code == 200, first.text
    assert (first.json()["id"][:4], first.json()["alertId"]) == ("ali_", alert)
    assert datetime.fromisoformat(first.json()["acknowledgedAt"]).tzinfo is not None
    assert (second.content, second.headers["Idempotency-Replayed"]) == (first.content, "true")
    refused(third, 409, OURS + "ALERT_ALREADY_ACKNOWLEDGED")
    (line,) = kept(world, "select * from alert_ack_log where alert_id = $1", alert)
    assert (line["id"], line["note"], line["device_id"]) == (first.json()["id"], "تیل آمد", desk.device_id)
    done = [each for each in effects(world, ALERTS) if each["resourceId"] == alert]
    assert [each["kind"] for each in done] == ["alert.raised", "alert.acknowledged"]


def test_an_acknowledgement_whose_answer_was_lost_is_written_at_the_next_try(world: World, desk: Desktop) -> None:
    """The service acted, nobody heard: the same key learns of it, and the log has its line then."""
    alert, key = raised(world), new_key()
    world.fault(ALERTS, "applied_then_lost", match="POST")
    lost = act(desk, f"/alerts/{alert}/acknowledge", key=key)
    assert lost.status_code in {503, 504}, lost.text
    world.heal()

    answer = until(lambda: (a := act(desk, f"/alerts/{alert}/acknowledge", key=key)).is_success and a)

    assert answer.json()["alertId"] == alert
    assert len(kept(world, "select 1 from alert_ack_log where alert_id = $1", alert)) == 1
    done = [each for each in effects(world, ALERTS) if each["resourceId"] == alert]
    assert [each["kind"] for each in done] == ["alert.raised", "alert.acknowledged"]


@pytest.mark.parametrize("note", ["", "x" * 1001, "a\x00b", 7])
def test_a_note_of_the_wrong_shape_names_the_place(world: World, desk: Desktop, note: object) -> None:
    """400 that names it."""
    problem = refused(
        act(desk, f"/alerts/{raised(world)}/acknowledge", {"note": note}), 400, GENERAL + "VALIDATION_FAILED"
    )
    assert [each["field"] for each in problem["errors"]] == ["body.note"]


# Whose it is ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "path", "body"),
    [
        (suggested, "/ai/suggestions/{}/decide", {"decision": "accept"}),
        (raised, "/alerts/{}/acknowledge", {}),
    ],
    ids=["suggestion", "alert"],
)
def test_what_is_elsewhere_does_not_exist(
    world: World, made: Callable[..., str], path: str, body: dict[str, Any]
) -> None:
    """Another property's and another tenant's: the answer of an identifier that nothing has, and no line anywhere."""
    ours, theirs = world.sign_in(), world.sign_in(tenant=1)
    there, here = made(world, place=1), made(world)
    prefix = here.partition("_")[0]

    answers = [
        act(ours, path.format(there), body),
        act(theirs, path.format(here), body),
        act(ours, path.format(f"{prefix}_{NOBODYS}"), body),
        act(ours, path.format("nothing"), body),
    ]

    for each in answers:
        refused(each, 404, GENERAL + "RESOURCE_NOT_FOUND")
    lines = "select 1 from ai_decision_log where suggestion_id = any($1::text[])"
    if prefix == "ntf":
        lines = "select 1 from alert_ack_log where alert_id = any($1::text[])"
    assert [kept(world, lines, [here, there], tenant=each) for each in world.tenants[:2]] == [[], []]


def test_who_has_no_suggestions_decides_about_none(world: World) -> None:
    """The roles of the inbox: a housekeeper has none, and the suggestion stays open."""
    suggestion = suggested(world)
    answer = act(world.sign_in("housekeeper"), f"/ai/suggestions/{suggestion}/decide", {"decision": "accept"})
    refused(answer, 403, OURS + "ROLE_FORBIDDEN")


@pytest.mark.parametrize("path", ["/ai/suggestions/sug_{}/decide", "/alerts/ntf_{}/acknowledge", "/activity"])
def test_a_key_is_demanded(desk: Desktop, path: str) -> None:
    """400 without one."""
    body = {"decision": "accept"} if "decide" in path else {"events": [CLICK]} if path == "/activity" else {}
    answer = desk.request("POST", path.format(NOBODYS), json_body=body)
    refused(answer, 400, OURS + "IDEMPOTENCY_KEY_MISSING")


# The ledger -----------------------------------------------------------------------------------------------------------


def test_a_batch_of_clicks_is_in_the_ledger_once(world: World, desk: Desktop) -> None:
    """202 with how many; as they were told, in the week of today; the same key adds nothing."""
    described, key = Described.by(world), new_key()
    name = f"test.{uuid.uuid4().hex}"
    events: list[dict[str, Any]] = [{"kind": name, "occurredAt": "2026-11-22T10:00:00+04:30"} for _ in range(199)]
    target = {"type": "reservation", "id": f"rsv_{NOBODYS}"}
    events.append({**CLICK, "kind": name, "target": target, "detail": {"from": "داشبورد", "n": 2}})

    first = described.check(act(desk, "/activity", {"events": events}, key=key))
    again = act(desk, "/activity", {"events": events}, key=key)

    assert (first.status_code, first.json()) == (202, {"accepted": 200}), first.text
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    rows = kept(world, "select *, tableoid::regclass::text as place from operator_activity where kind = $1", name)
    assert len(rows) == 200
    (last,) = [each for each in rows if each["target_id"]]
    assert (last["target_type"], json.loads(last["detail"])) == ("reservation", {"from": "داشبورد", "n": 2})
    assert last["occurred_at"] == datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
    assert (last["device_id"], last["origin"], last["outcome"]) == (desk.device_id, "desktop", None)
    assert {each["place"].removeprefix("bff_backoffice.") for each in rows} != {"operator_activity_other"}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "body.events"),
        ({"events": []}, "body.events"),
        ({"events": [CLICK] * 201}, "body.events"),
        ({"events": [{"kind": "a"}]}, "body.events"),
        ({"events": [{**CLICK, "kind": ""}]}, "body.events"),
        ({"events": [{**CLICK, "occurredAt": "yesterday"}]}, "body.events"),
        ({"events": [{**CLICK, "occurredAt": "2026-11-22T10:00:00"}]}, "body.events"),
        ({"events": [CLICK, {**CLICK, "occurredAt": "1970-01-01T00:00:00Z"}]}, "body.events[1].occurredAt"),
        ({"events": [{**CLICK, "detail": {"long": "x" * 5000}}]}, "body.events[0].detail"),
        ({"events": [{**CLICK, "target": {"type": "reservation"}}]}, "body.events"),
        ({"events": [{**CLICK, "detail": ["no object"]}]}, "body.events"),
    ],
)
def test_a_batch_of_the_wrong_shape_names_the_place(desk: Desktop, body: dict[str, Any], place: str) -> None:
    """400; nothing of it is taken."""
    problem = refused(act(desk, "/activity", body), 400, GENERAL + "VALIDATION_FAILED")
    assert [each["field"] for each in problem["errors"] if each["field"].startswith(place)], problem


@pytest.mark.parametrize(
    ("where", "body", "other"),
    [
        ("decide", {"decision": "accept"}, {"decision": "reject", "reason": "No."}),
        ("acknowledge", {"note": "one"}, {"note": "other"}),
        ("activity", {"events": [CLICK]}, {"events": [CLICK, CLICK]}),
    ],
)
def test_a_key_is_good_for_one_request(
    world: World, desk: Desktop, where: str, body: dict[str, Any], other: dict[str, Any]
) -> None:
    """The same key with another body is 422, and nothing comes of it."""
    path = {
        "decide": lambda: f"/ai/suggestions/{suggested(world)}/decide",
        "acknowledge": lambda: f"/alerts/{raised(world)}/acknowledge",
        "activity": lambda: "/activity",
    }[where]()
    key = new_key()
    assert act(desk, path, body, key=key).status_code in {200, 201, 202}

    answer = Described.by(world).check(act(desk, path, other, key=key))

    assert refused(answer, 422, f"{OURS}IDEMPOTENCY_KEY_REUSED")["retry"] == "new_key"


def test_clicks_whose_key_is_still_running_are_told_so(world: World, desk: Desktop) -> None:
    """409 with when to come back, as for every other mutation; here the first try is put back to where it began."""
    key, body = new_key(), {"events": [CLICK]}
    assert act(desk, "/activity", body, key=key).status_code == 202
    kept(
        world,
        "update idempotency set status = null, answer = null, lease_until = clock_timestamp() + interval '9 seconds'"
        " where key = $1 returning 1",
        key,
    )

    answer = Described.by(world).check(act(desk, "/activity", body, key=key))

    assert refused(answer, 409, f"{OURS}IDEMPOTENCY_IN_FLIGHT")["retry"] == "same_key"
    assert int(answer.headers["Retry-After"]) > 0


def test_every_mutation_is_in_the_ledger_whether_it_succeeded_or_not(world: World, desk: Desktop) -> None:
    """Beside the clicks: what was done, to what, and how it ended; a replay is no act of its own."""
    good, key = folio(world), new_key()
    for _ in range(2):
        assert act(desk, f"/folios/{good}/charges", charge_of(world), key=key).status_code == 201
    bad = f"fol_{ULID()}"
    assert act(desk, f"/folios/{bad}/charges", charge_of(world)).status_code == 404

    rows = kept(world, "select * from operator_activity where target_id = any($1::text[])", [good, bad])

    ended = sorted((each["target_id"] == good, each["outcome"]) for each in rows if each["device_id"] == desk.device_id)
    assert ended == [(False, "refused"), (True, "applied")]
    assert {(each["kind"], each["origin"], each["target_type"]) for each in rows} == {("post_charge", "service", "fol")}


def test_the_ledger_knows_how_the_network_was(world: World, desk: Desktop) -> None:
    """What the desktop says of its network stands with its clicks, and with what it changed."""
    profile = {"X_Network_Profile": "flaky"}

    assert act(desk, "/activity", {"events": [CLICK]}, **profile).status_code == 202
    assert act(desk, f"/folios/{folio(world)}/charges", charge_of(world), **profile).status_code == 201

    lines = kept(world, "select origin, network_profile from operator_activity where device_id = $1", desk.device_id)
    assert sorted((each["origin"], each["network_profile"]) for each in lines) == [
        ("desktop", "flaky"), ("service", "flaky"),
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["app", "worker"])
@pytest.mark.parametrize(
    "statement",
    ["update operator_activity set kind = 'x'", "delete from operator_activity", "drop table operator_activity_other"],
)
def test_nobody_who_serves_changes_the_ledger(world: World, role: str, statement: str) -> None:
    """It is appended to and nothing else."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        kept(world, statement, role=role)


def test_ninety_days_are_kept_by_dropping_partitions(world: World) -> None:
    """A week whose last day is 90 days ago goes, a younger one stays; and the application can't ask for it."""
    make = "create table {} partition of operator_activity for values from ('{}') to ('{}')"
    kept(world, make.format("operator_activity_20200106", "2020-01-06", "2020-01-13"))

    (done,) = kept(world, "select made, dropped from keep_operator_activity()", role="worker")

    assert done == {"made": 0, "dropped": 1}
    names = [
        each["name"].removeprefix("bff_backoffice.")
        for each in kept(
            world, "select inhrelid::regclass::text as name from pg_inherits"
            " where inhparent = 'operator_activity'::regclass order by 1",
        )
    ]  # fmt: skip
    assert len(names) == 6
    assert "operator_activity_20200106" not in names
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        kept(world, "select keep_operator_activity()", role="app")
