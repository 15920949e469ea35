"""The two inboxes over real sockets: contract sections 2.1 and 10, both under the same demands."""

from __future__ import annotations

import asyncio
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx2
import pytest
import redis
from ulid import ULID

from bff_backoffice.domain import alerts, suggestions
from bff_backoffice.domain.operator import OperatorRole
from tests.in_time import in_time
from tests.musts.described import Described
from tests.waiting import until
from tests.worlds import World


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """One of the two, as tests speak of both."""

    path: str
    service: str
    upstream: str
    waiting: str
    """The member that counts what waits for somebody, and the status of what does."""
    status: str
    statuses: tuple[str, ...]
    roles: frozenset[OperatorRole]
    key: str


SUGGESTIONS = Inbox(
    path="/ai/suggestions", service="ai-orchestrator-service", upstream="/api/v1/ai/suggestions", waiting="open",
    status="open", statuses=tuple(suggestions.SuggestionStatus), roles=suggestions.ROLES, key="inbox-1-suggestions",
)  # fmt: skip
ALERTS = Inbox(
    path="/alerts", service="notification-service", upstream="/api/v1/alerts", waiting="unread",
    status="unread", statuses=tuple(alerts.AlertStatus), roles=alerts.ROLES, key="inbox-1-alerts",
)  # fmt: skip
EACH = pytest.mark.parametrize("inbox", [SUGGESTIONS, ALERTS], ids=["suggestions", "alerts"])

PROVENANCE = (
    '{"modelId":  "vertex/gemini-1.5-flash", "costUsd": 0.10, "tokensIn": 12345678901234567890, "نام": "آزمایش"}'
)


@pytest.fixture(scope="module")
def shared_world(unguarded: World) -> World:
    """What one test's faults do to a service must not outlast it."""
    return unguarded


def tell(world: World, inbox: Inbox, path: str, body: str) -> dict[str, Any]:
    """Post something to the inbox's own service, as another service of the platform does."""
    answer = world.http.post(
        f"{world.sim}/{inbox.service}{inbox.upstream}{path}", content=body.encode(),
        headers={
            "X-Tenant-Id": world.tenants[0], "Idempotency-Key": str(ULID()), "Content-Type": "application/json",
            "X-Operator-Id": world.operator()["id"], "Authorization": "Bearer another-service",
        },
    )  # fmt: skip
    assert answer.status_code < 300, answer.text
    told: dict[str, Any] = answer.json()
    return told


def raised(world: World, severity: str = "critical", place: int = 0) -> str:
    """Raise an alert and return its identifier."""
    text = {"default": "Fuel is low", "values": {"fa-AF": "تیل کم است"}}
    path = f"?propertyId={world.properties()[place]}"
    return str(tell(world, ALERTS, path, json.dumps({"severity": severity, "title": text, "body": text}))["id"])


def suggested(world: World, category: str = "staffing", place: int = 0) -> str:
    """Make a suggestion and return its identifier."""
    body = f"""{{"category": "{category}", "title": "One more", "summary": "Departures", "confidence": 0.8,
        "subject": {{"type": "property", "id": "{world.properties()[place]}"}}, "proposal": {{"count": 1}},
        "provenance": {PROVENANCE}}}"""
    return str(tell(world, SUGGESTIONS, f"?propertyId={world.properties()[place]}", body)["id"])


def something_new(world: World, inbox: Inbox, place: int = 0) -> str:
    """Put something into the inbox of a property."""
    return raised(world, place=place) if inbox is ALERTS else suggested(world, place=place)


def settled_upstream(world: World, inbox: Inbox, identifier: str) -> None:
    """Have the service itself learn of an acknowledgement or a decision."""
    if inbox is ALERTS:
        tell(world, inbox, f"/{identifier}/acknowledge", '{"note": "seen elsewhere"}')
    else:
        tell(world, inbox, f"/{identifier}/decide", '{"decision": "modify", "delta": {"count": 2}}')


def logged(world: World, inbox: Inbox, identifier: str, *, tenant: int = 0) -> dict[str, Any]:
    """Write a line into our own log, as the application's role; return who, when and what it says."""
    line = {
        "by": world.operator(tenant=tenant)["id"],
        "at": datetime.fromisoformat("2026-11-22T09:30:00+04:30"),
        "said": "as agreed",
        "delta": '{"count":  2.0}',
    }
    common = (world.tenants[tenant], identifier, world.properties(tenant)[0], line["by"], world.device(tenant))

    async def write() -> None:
        connection = await asyncpg.connect(world.postgres["app"])
        try:
            async with connection.transaction():
                await connection.execute("select set_config('app.tenant_id', $1, true)", world.tenants[tenant])
                if inbox is ALERTS:
                    await connection.execute(
                        "insert into bff_backoffice.alert_ack_log (tenant_id, alert_id, property_id, operator_id,"
                        " device_id, id, note, acknowledged_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
                        *common, f"ali_{ULID()}", line["said"], line["at"],
                    )  # fmt: skip
                else:
                    await connection.execute(
                        "insert into bff_backoffice.ai_decision_log (tenant_id, suggestion_id, property_id,"
                        " operator_id, device_id, id, decision, reason, delta, decided_at)"
                        " values ($1, $2, $3, $4, $5, $6, 'modify', $7, $8, $9)",
                        *common, f"sdl_{ULID()}", line["said"], line["delta"], line["at"],
                    )  # fmt: skip
        finally:
            await connection.close()

    asyncio.run(write())
    return line


def found(answer: httpx2.Response, identifier: str) -> dict[str, Any]:
    """The line with this identifier."""
    items: list[dict[str, Any]] = answer.json()["items"]
    (item,) = [each for each in items if each["id"] == identifier]
    return item


def whole(answer: httpx2.Response) -> dict[str, Any]:
    """The answer's content, without what is different each time."""
    body: dict[str, Any] = answer.json()
    return {name: value for name, value in body.items() if name not in {"asOf", "ageMs"}}


@EACH
def test_the_inbox_of_a_healthy_platform(world: World, inbox: Inbox) -> None:
    """Asked for just now, as the contract describes its lines, with its counts and without a problem."""
    something_new(world, inbox)

    desktop = world.sign_in()
    answer = Described.by(world).check(in_time(world, lambda: desktop.get(inbox.path)))

    body = answer.json()
    assert (body["outcome"], body["problem"], body["truncated"], body["nextCursor"]) == ("fresh", None, False, None)
    assert body["ageMs"] < 15_000
    assert datetime.fromisoformat(body["asOf"]).tzinfo is not None
    assert body["propertyId"] == world.properties()[0]
    assert body["sources"] == [inbox.service, "bff-backoffice-service"]
    assert body["matching"] == len(body["items"]) > 1
    assert body[inbox.waiting] == sum(item["status"] == inbox.status for item in body["items"])
    assert {item["propertyId"] for item in body["items"]} == {world.properties()[0]}
    assert answer.headers["X-Cache"] == "MISS"
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_suggestion_has_what_the_contract_lists(world: World) -> None:
    """Every member of section 10, and `decision` only where somebody has decided."""
    identifier = suggested(world)

    item = found(world.sign_in().get("/ai/suggestions"), identifier)

    assert {
        "id", "category", "title", "summary", "confidence", "status", "createdAt", "propertyId", "subject", "proposal",
        "provenance",
    } <= set(item)  # fmt: skip
    assert "decision" not in item
    assert item["subject"] == {"type": "property", "id": world.properties()[0]}
    assert (item["category"], item["status"], item["confidence"]) == ("staffing", "open", 0.8)


def test_provenance_is_passed_through_untouched(world: World) -> None:
    """To the byte as the orchestrator wrote it, from the service and from the mirror."""
    desktop = world.sign_in()
    suggested(world)
    given = world.http.get(
        f"{world.sim}/ai-orchestrator-service/api/v1/ai/suggestions?propertyId={world.properties()[0]}",
        headers={"X-Tenant-Id": world.tenants[0], "Authorization": "Bearer another-service"},
    ).text
    provenances = re.findall(r'"provenance": ?(\{[^}]*\})', given)

    fresh = desktop.get("/ai/suggestions").text
    world.fault("ai-orchestrator-service", "error", status=503)
    stale = desktop.get("/ai/suggestions").text

    assert any("12345678901234567890" in each for each in provenances)
    for answer in (fresh, stale):
        assert re.findall(r'"provenance":(\{[^}]*\})', answer) == provenances


def test_an_alert_has_what_the_contract_lists(world: World) -> None:
    """Every member of section 10, in the reader's language; who acknowledged it only where somebody did."""
    identifier = raised(world)

    item = found(world.sign_in().get("/alerts", Accept_Language="fa-AF"), identifier)

    assert {"id", "severity", "title", "body", "raisedAt", "propertyId", "status"} == set(item)
    assert (item["severity"], item["title"], item["status"]) == ("critical", "تیل کم است", "unread")


def test_alerts_come_most_severe_first_then_newest(world: World) -> None:
    """A critical one of this morning comes before the news of a minute ago."""
    for severity in ("info", "critical", "warning"):
        raised(world, severity)

    items = world.sign_in().get("/alerts?limit=500").json()["items"]

    order = [alert["severity"] for alert in items]
    assert order == sorted(order, key=["critical", "warning", "info"].index)
    for severity in set(order):
        times = [datetime.fromisoformat(alert["raisedAt"]) for alert in items if alert["severity"] == severity]
        assert times == sorted(times, reverse=True)


def test_suggestions_come_newest_first(world: World) -> None:
    """What was suggested last is what there is still time for."""
    suggested(world)

    items = world.sign_in().get("/ai/suggestions?limit=500").json()["items"]

    times = [datetime.fromisoformat(item["createdAt"]) for item in items]
    assert times == sorted(times, reverse=True)


@EACH
def test_what_came_a_moment_ago_is_there(world: World, inbox: Inbox) -> None:
    """Whoever was called to something finds it, although the inbox was looked at just before."""
    desktop = world.sign_in()
    before = desktop.get(inbox.path).json()

    identifier = something_new(world, inbox)

    answer = desktop.get(inbox.path)
    assert found(answer, identifier)["status"] == inbox.status
    assert answer.json()[inbox.waiting] == before[inbox.waiting] + 1


@EACH
def test_a_dead_service_leaves_the_last_inbox_with_its_age(world: World, inbox: Inbox) -> None:
    """The same lines as before, `stale`, since when, and the reason."""
    desktop = world.sign_in()
    healthy = in_time(world, lambda: desktop.get(inbox.path)).json()
    world.age_cache(3 * 3600)
    world.fault(inbox.service, "error", status=503)

    answer = Described.by(world).check(desktop.get(inbox.path))

    body = answer.json()
    assert (answer.status_code, body["outcome"], answer.headers["X-Cache"]) == (200, "stale", "STALE")
    assert body["problem"]["code"] == "MELMASTOON.BFF.UPSTREAM_UNAVAILABLE"
    assert body["ageMs"] >= 3 * 3600 * 1000
    as_of, then = datetime.fromisoformat(body["asOf"]), datetime.fromisoformat(healthy["asOf"])
    assert abs(then - as_of - timedelta(hours=3)) < timedelta(seconds=1)
    for name in ("items", "matching", inbox.waiting):
        assert body[name] == healthy[name]


@EACH
@pytest.mark.parametrize(("mode", "outcome"), [("hang", "timeout"), ("malformed", "error"), ("reset", "error")])
def test_an_inbox_that_nobody_knows_is_empty_and_says_why(world: World, inbox: Inbox, mode: str, outcome: str) -> None:
    """200 with no lines, no counts and a problem: never a list that looks as if nothing waited."""
    desktop = world.sign_in()
    world.fault(inbox.service, mode)

    answer = Described.by(world).check(desktop.get(inbox.path))

    body = answer.json()
    assert (answer.status_code, body["outcome"], body["items"]) == (200, outcome, [])
    assert (body["asOf"], body["ageMs"], body["matching"], body[inbox.waiting]) == (None, None, None, None)
    assert body["problem"]["userMessage"]["text"]


@EACH
def test_a_mirror_that_is_too_old_is_not_shown(world: World, inbox: Inbox) -> None:
    """After twelve hours nothing is known."""
    desktop = world.sign_in()
    desktop.get(inbox.path)
    world.age_cache(12 * 3600 + 60)
    world.fault(inbox.service, "error", status=503)

    body = desktop.get(inbox.path).json()

    assert (body["outcome"], body["items"], body["asOf"]) == ("error", [], None)


@EACH
def test_the_mirror_is_one_bounded_key_of_the_tenant_and_the_property(world: World, inbox: Inbox) -> None:
    """It ends by itself after twelve hours at the latest."""
    world.sign_in().get(inbox.path)

    client = redis.Redis.from_url(world.redis)
    try:
        keys = client.keys(f"*:projection:1:*{inbox.key}")
        assert len(keys) == 1, keys
        (key,) = keys
        seconds = client.ttl(key)
    finally:
        client.close()
    assert key.decode() == f"{world.tenants[0]}:projection:1:{world.properties()[0]}:{inbox.key}"
    assert 12 * 3600 - 60 <= seconds <= 12 * 3600


def test_what_was_decided_here_is_marked_from_our_own_log(world: World) -> None:
    """Although the orchestrator does not know yet: by whom, when, why, what was changed; alive and dead alike."""
    desktop = world.sign_in()
    mine, other = suggested(world), suggested(world)
    before = desktop.get("/ai/suggestions").json()["open"]
    line = logged(world, SUGGESTIONS, mine)

    answer = Described.by(world).check(desktop.get("/ai/suggestions"))

    item = found(answer, mine)
    assert (item["status"], found(answer, other)["status"]) == ("decided", "open")
    decision = item["decision"]
    assert (decision["decision"], decision["reason"], decision["decidedBy"]) == ("modify", line["said"], line["by"])
    assert datetime.fromisoformat(decision["decidedAt"]) == line["at"]
    assert '"delta":' + line["delta"] in answer.text
    assert answer.json()["open"] == before - 1
    assert found(desktop.get("/ai/suggestions?status=decided"), mine)
    assert mine not in desktop.get("/ai/suggestions?status=open").text
    world.fault("ai-orchestrator-service", "error", status=503)
    assert found(desktop.get("/ai/suggestions"), mine)["status"] == "decided"


def test_what_was_acknowledged_here_is_marked_from_our_own_log(world: World) -> None:
    """Although notification-service does not know yet: by whom, when, with which note; alive and dead alike."""
    desktop = world.sign_in()
    mine, other = raised(world), raised(world)
    before = desktop.get("/alerts").json()["unread"]
    line = logged(world, ALERTS, mine)

    answer = Described.by(world).check(desktop.get("/alerts"))

    item = found(answer, mine)
    assert (item["status"], found(answer, other)["status"]) == ("acknowledged", "unread")
    assert (item["acknowledgedBy"], item["note"]) == (line["by"], line["said"])
    assert datetime.fromisoformat(item["acknowledgedAt"]) == line["at"]
    assert answer.json()["unread"] == before - 1
    assert found(desktop.get("/alerts?status=acknowledged"), mine)
    assert mine not in desktop.get("/alerts?status=unread,read").text
    world.fault("notification-service", "error", status=503)
    assert found(desktop.get("/alerts"), mine)["status"] == "acknowledged"


@EACH
def test_what_the_service_learnt_elsewhere_is_shown_as_it_tells_it(world: World, inbox: Inbox) -> None:
    """Somebody acted past this service; our log has nothing of it."""
    desktop = world.sign_in()
    identifier = something_new(world, inbox)
    settled_upstream(world, inbox, identifier)

    item = found(Described.by(world).check(desktop.get(inbox.path)), identifier)

    who = world.operator()["id"]
    if inbox is ALERTS:
        assert (item["status"], item["acknowledgedBy"], item["note"]) == ("acknowledged", who, "seen elsewhere")
    else:
        assert (item["status"], item["decision"]["decidedBy"]) == ("decided", who)
        assert (item["decision"]["decision"], item["decision"]["delta"]) == ("modify", {"count": 2})
        assert item["decision"]["reason"] is None


@EACH
def test_another_tenants_log_marks_nothing(world: World, inbox: Inbox) -> None:
    """A line of theirs about the very same identifier is theirs alone."""
    identifier = something_new(world, inbox)
    logged(world, inbox, identifier, tenant=1)

    assert found(world.sign_in().get(inbox.path), identifier)["status"] == inbox.status


@EACH
def test_tenants_and_properties_do_not_share(world: World, inbox: Inbox) -> None:
    """Each property has its own inbox, alive and in the mirror; another tenant's does not exist."""
    desktop, foreign = world.sign_in(), world.sign_in(tenant=1)
    here, there = something_new(world, inbox), something_new(world, inbox, place=1)
    second = world.properties()[1]

    for mode in (None, "error"):
        if mode is not None:
            world.fault(inbox.service, mode, status=503)
        first, other = desktop.get(inbox.path), desktop.get(inbox.path, X_Property_Id=second)
        theirs = foreign.get(inbox.path)
        assert (here in first.text, there in first.text) == (True, False)
        assert (here in other.text, there in other.text) == (False, True)
        assert theirs.json()["items"]
        assert not {item["id"] for item in theirs.json()["items"]} & {item["id"] for item in first.json()["items"]}
    refusal = Described.by(world).check(foreign.get(inbox.path, X_Property_Id=second))
    assert (refusal.status_code, refusal.json()["code"]) == (404, "MELMASTOON.GENERAL.RESOURCE_NOT_FOUND")


@EACH
@pytest.mark.parametrize("role", list(OperatorRole), ids=lambda role: role.value)
def test_roles_decide_who_has_an_inbox(world: World, inbox: Inbox, role: OperatorRole) -> None:
    """403 for the others; the document says who they are."""
    described = Described.by(world)

    answer = described.check(world.sign_in(role.value).get(inbox.path))

    assert answer.status_code == (200 if role in inbox.roles else 403)
    assert (role.value in described.document["paths"][inbox.path]["get"]["x-roles"]) is (role in inbox.roles)
    if role not in inbox.roles:
        assert answer.json()["code"] == "MELMASTOON.BFF.BACKOFFICE.ROLE_FORBIDDEN"


@EACH
def test_a_status_leaves_lines_of_its_own(world: World, inbox: Inbox) -> None:
    """One or several; the count of what waits stays that of the whole inbox."""
    desktop = world.sign_in()
    settled_upstream(world, inbox, something_new(world, inbox))
    something_new(world, inbox)
    everything = desktop.get(f"{inbox.path}?limit=500").json()

    for status in inbox.statuses:
        body = desktop.get(f"{inbox.path}?limit=500&status={status}").json()
        assert body["items"] == [item for item in everything["items"] if item["status"] == status]
        assert (body["matching"], body[inbox.waiting]) == (len(body["items"]), everything[inbox.waiting])
    both = desktop.get(f"{inbox.path}?limit=500&status={','.join(inbox.statuses)}").json()
    assert both["items"] == everything["items"]


def test_a_category_leaves_suggestions_of_its_own(world: World) -> None:
    """One or several, also one that this service never heard of; with a status both must fit."""
    desktop = world.sign_in()
    odd = suggested(world, "quantum.pillow-sort_2")
    every = desktop.get("/ai/suggestions?limit=500").json()["items"]
    present = {item["category"] for item in every}

    assert len(present) > 2
    for category in present:
        items = desktop.get(f"/ai/suggestions?limit=500&category={category}").json()["items"]
        assert items == [item for item in every if item["category"] == category]
    items = desktop.get("/ai/suggestions?category=quantum.pillow-sort_2,staffing&status=open").json()["items"]
    assert {item["category"] for item in items} == {"quantum.pillow-sort_2", "staffing"}
    assert odd in {item["id"] for item in items}
    nothing = in_time(world, lambda: desktop.get("/ai/suggestions?category=never_heard_of")).json()
    assert (nothing["items"], nothing["matching"], nothing["outcome"]) == ([], 0, "fresh")


@EACH
def test_pages_skip_nothing_and_repeat_nothing(world: World, inbox: Inbox) -> None:
    """Also when something new comes between two pages, and when the service dies in the middle."""
    desktop = world.sign_in()
    for _ in range(3):
        something_new(world, inbox)
    everything = [item["id"] for item in desktop.get(f"{inbox.path}?limit=500").json()["items"]]

    seen: list[str] = []
    query, pages = "?limit=2", 0
    while query:
        body = desktop.get(inbox.path + query).json()
        assert len(body["items"]) <= 2
        seen += [item["id"] for item in body["items"]]
        pages += 1
        if pages == 1:
            something_new(world, inbox)
        if pages == 2:
            # Looked at once more, so that the mirror knows what came too.
            desktop.get(inbox.path)
            world.fault(inbox.service, "error", status=503)
        query = f"?limit=2&cursor={body['nextCursor']}" if body["nextCursor"] else ""

    assert [each for each in seen if each in everything] == everything
    assert len(set(seen)) == len(seen)


def test_all_that_is_open_is_found_behind_a_long_history(world: World) -> None:
    """More than a page of the orchestrator waits: every one is in the inbox, read in as few calls as that takes."""
    desktop = world.sign_in()
    place = world.properties()[1]
    with ThreadPoolExecutor(max_workers=4) as hands:
        made = set(hands.map(lambda _: suggested(world, place=1), range(120)))
    world.control("DELETE", "requests")

    seen: set[str] = set()
    query = "?limit=100&status=open"
    while query:
        body = desktop.get("/ai/suggestions" + query, X_Property_Id=place).json()
        seen |= {item["id"] for item in body["items"]}
        assert body["truncated"] is False
        query = f"?limit=100&status=open&cursor={body['nextCursor']}" if body["nextCursor"] else ""

    assert made <= seen
    calls = [str(each["query"]) for each in world.control("GET", "requests?service=ai-orchestrator-service").json()]
    assert len(set(calls)) == 2, "a look is two pages"
    # One that is slow is hedged, or tried once more.
    assert 4 <= len(calls) <= 8, "two looks, each of two pages"


@EACH
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?limit=0", "query.limit"),
        ("?limit=501", "query.limit"),
        ("?limit=many", "query.limit"),
        ("?status=asleep", "query.status"),
        ("?status=", "query.status"),
        ("?status=read&status=unread", "query.status"),
        ("?cursor=!!", "query.cursor"),
        ("?cursor=e30", "query.cursor"),
        ("?cursor=" + "A" * 5000, "query.cursor"),
        ("?cursor=WyJub25lIixbImEiLCJiIl1d", "query.cursor"),
    ],
)
def test_a_malformed_parameter_is_refused_and_named(world: World, inbox: Inbox, query: str, field: str) -> None:
    """400 with the place; never an inbox of something else than was asked for."""
    answer = Described.by(world).check(world.sign_in().get(inbox.path + query))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "category", ["", "Rate", "rate%20change", "rate,", ",rate", "r" * 65, ",".join(["rate"] * 21), "rate%00", "9"]
)
def test_a_malformed_category_is_refused_and_named(world: World, category: str) -> None:
    """Words as the orchestrator writes them, twenty at most."""
    answer = Described.by(world).check(world.sign_in().get(f"/ai/suggestions?category={category}"))

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "query.category")


def test_a_cursor_belongs_to_its_inbox(world: World) -> None:
    """A place among the alerts is none among the suggestions."""
    desktop = world.sign_in()
    raised(world)
    suggested(world)
    of_alerts = desktop.get("/alerts?limit=1").json()["nextCursor"]
    of_suggestions = desktop.get("/ai/suggestions?limit=1").json()["nextCursor"]

    for path, cursor in (("/alerts", of_suggestions), ("/ai/suggestions", of_alerts)):
        answer = Described.by(world).check(desktop.get(f"{path}?cursor={cursor}"))
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "query.cursor")


@EACH
def test_the_tag_is_that_of_the_content_and_not_of_its_age(world: World, inbox: Inbox) -> None:
    """304 for the same lines loaded anew; not for another page, language, state of health, or a line of our own log."""
    desktop = world.sign_in()
    identifier = something_new(world, inbox)
    first = desktop.get(inbox.path)
    tag = first.headers["ETag"]

    same = Described.by(world).check(desktop.get(inbox.path, If_None_Match=f'"other", {tag}'))
    shorter = desktop.get(f"{inbox.path}?limit=1", If_None_Match=tag)
    french = desktop.get(inbox.path, If_None_Match=tag, Accept_Language="fr")
    logged(world, inbox, identifier)
    marked = desktop.get(inbox.path, If_None_Match=tag)
    world.fault(inbox.service, "error", status=503)
    ailing = desktop.get(inbox.path, If_None_Match=marked.headers["ETag"])

    assert tag.startswith('W/"')
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    assert [answer.status_code for answer in (shorter, french, marked, ailing)] == [200] * 4


@EACH
def test_a_client_in_a_hurry_gets_the_mirror_sooner(world: World, inbox: Inbox) -> None:
    """`X-Client-Budget-Ms` shortens the wait for a service that hangs."""
    desktop = world.sign_in()
    desktop.get(inbox.path)
    world.fault(inbox.service, "hang")

    def sooner() -> bool:
        started = time.monotonic()
        body = desktop.get(inbox.path, X_Client_Budget_Ms="150").json()
        assert body["outcome"] == "stale"
        assert body["problem"]["code"] == "MELMASTOON.BFF.UPSTREAM_TIMEOUT"
        # Without a hurry it waits for half a second every time.
        return time.monotonic() - started < 0.45

    until(sooner)


@EACH
def test_colleagues_who_look_at_the_same_moment_share_a_call(world: World, inbox: Inbox) -> None:
    """Ten looks at once at a slow service are far fewer calls, and every one has an answer of just now."""
    desktop = world.sign_in()
    desktop.get("/session")
    world.fault(inbox.service, "latency", latencyMs=150)

    def together() -> bool:
        world.control("DELETE", "requests")
        with ThreadPoolExecutor(max_workers=10) as desks:
            answers = list(desks.map(lambda _: desktop.get(inbox.path), range(10)))
        calls = world.control("GET", f"requests?service={inbox.service}").json()
        # A machine that stands still makes looks of the same moment looks of many moments.
        return {answer.json()["outcome"] for answer in answers} == {"fresh"} and len(calls) < 10

    until(together)


@EACH
def test_the_service_is_asked_about_one_property_for_the_operators_own_tenant(world: World, inbox: Inbox) -> None:
    """In one call, which is hedged where it is slow, and never with the operator's token."""
    desktop = world.sign_in()
    desktop.get("/session")
    world.control("DELETE", "requests")

    desktop.get(inbox.path, X_Property_Id=world.properties()[1])

    calls = world.control("GET", f"requests?service={inbox.service}").json()
    assert len(calls) in {1, 2}
    for call in calls:
        headers = {name.lower(): value for name, value in call["headers"].items()}
        assert headers["x-tenant-id"] == world.tenants[0]
        assert desktop.token not in str(headers)
        assert world.properties()[1] in str(call["query"])
