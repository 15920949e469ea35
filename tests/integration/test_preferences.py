"""Preferences, keyboard map and start over real sockets: contract, sections 2.1 and 10; specification, section 5."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import httpx2
import pytest
import redis

from bff_backoffice.domain.operator import AppPlatform, OperatorRole
from bff_backoffice.domain.shortcut_actions import ACTIONS, STATIC_VERSION
from tests.desktop import Desktop
from tests.musts.described import Described
from tests.processes import stopped
from tests.waiting import until
from tests.worlds import World

READS = ("/bootstrap", "/preferences", "/shortcuts")
EVERY_READ = pytest.mark.parametrize("path", READS)


@pytest.fixture(scope="module")
def shared_world(unguarded: World) -> World:
    """What one test's faults do to a service must not outlast it."""
    return unguarded


def mirror(world: World, statement: str, *values: Any, tenant: int = 0) -> list[asyncpg.Record]:
    """What a statement of the owner gives, for one tenant."""

    async def main() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(world.postgres["owner"])
        try:
            async with connection.transaction():
                await connection.execute("select set_config('app.tenant_id', $1, true)", world.tenants[tenant])
                return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    return asyncio.run(main())


def forget_mirror(world: World) -> None:
    """As if nobody had ever read a preference."""
    for tenant in range(len(world.tenants)):
        mirror(world, "delete from bff_backoffice.operator_preferences", tenant=tenant)


def calls_of(world: World, service: str, ending: str) -> int:
    """How many calls of a service had a path that ends like this."""
    return sum(call["path"].endswith(ending) for call in world.control("GET", f"requests?service={service}").json())


def write_at_tenant_service(world: World, operator: dict[str, Any], preferences: dict[str, Any]) -> None:
    """Change preferences behind this service's back, as another application of the platform would."""
    path = f"tenant-service/api/v1/tenants/{operator['tenantId']}/operators/{operator['id']}/preferences"
    answer = world.http.put(
        f"{world.sim}/{path}",
        json=preferences,
        headers={"Authorization": "Bearer test", "X-Tenant-Id": operator["tenantId"]},
    )
    assert answer.status_code == 200, answer.text


def eventually(ask: Callable[[], httpx2.Response], wanted: Callable[[httpx2.Response], bool]) -> httpx2.Response:
    """Ask until the answer is as wanted. What nobody announces is believed for minutes."""
    return until(lambda: wanted(answer := ask()) and answer)


def soon(seconds: float, ask: Callable[[], httpx2.Response | None]) -> httpx2.Response:
    """An answer within so much time. A machine that stands still makes one late; waiting for somebody makes each."""

    def in_time() -> httpx2.Response | None:
        started = time.monotonic()
        answer = ask()
        return answer if time.monotonic() - started < seconds else None

    return until(in_time)


# ── every one of the three


@EVERY_READ
@pytest.mark.parametrize("role", [role.value for role in OperatorRole])
def test_every_role_may_read_its_own_start(world: World, path: str, role: str) -> None:
    """Whoever works at a desk has preferences, keys and a start; the answer is as the document describes it."""
    answer = Described.by(world).check(world.sign_in(role).get(path))

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Cache"] in {"HIT", "MISS", "STALE", "BYPASS"}


@EVERY_READ
def test_a_read_without_credentials_is_refused(world: World, path: str) -> None:
    """Closed by default."""
    answer = world.http.get(f"{world.bff}/bff/backoffice/v1{path}")

    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


@EVERY_READ
@pytest.mark.parametrize("budget", ["0", "soon", "-5", "1.5", "9999999"])
def test_a_budget_that_is_none_is_malformed(world: World, path: str, budget: str) -> None:
    """The error names the header."""
    answer = world.sign_in().get(path, X_Client_Budget_Ms=budget)

    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == ["header.x-client-budget-ms"]


@pytest.mark.parametrize("path", ["/bootstrap", "/shortcuts"])
@pytest.mark.parametrize("query", ["platform=amiga", "platform=", "platform=win32&platform=linux"])
def test_a_platform_that_is_none_is_malformed(world: World, path: str, query: str) -> None:
    """The error names the parameter."""
    answer = Described.by(world).check(world.sign_in().get(f"{path}?{query}"))

    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == ["query.platform"]


@pytest.mark.parametrize("path", ["/preferences", "/shortcuts"])
def test_what_the_client_has_already_is_not_sent_again(world: World, path: str) -> None:
    """304 for the strong tag, also among others and for any; the whole answer for another one."""
    desktop = world.sign_in()
    first = desktop.get(path)
    tag = first.headers["ETag"]

    assert tag.startswith('"')
    for known in (tag, f'"other", {tag}', "*", f"W/{tag}"):
        again = Described.by(world).check(desktop.get(path, If_None_Match=known))
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    changed = desktop.get(path, If_None_Match='"other"')
    assert (changed.status_code, changed.content) == (200, first.content)


# ── preferences


def test_preferences_are_what_tenant_service_says_with_its_version(world: World) -> None:
    """Flat and without an envelope; the age is a header."""
    answer = world.sign_in().get("/preferences")

    assert answer.json() == {"density": "comfortable", "pinnedWidgets": [], "theme": "system", "version": 1}
    assert 0 <= int(answer.headers["Age"]) < 60


def test_preferences_are_asked_for_once_and_then_cached(world: World) -> None:
    """The first reader waits for tenant-service, the others for nobody."""
    # Somebody whom no other test reads, so that nothing of theirs is on its way into the cache.
    desktop = world.sign_in("maintenance", tenant=1)
    assert desktop.get("/session").status_code == 200

    def statuses() -> list[str]:
        forget_mirror(world)
        world.forget_cache()
        world.control("DELETE", "requests")
        return [desktop.get("/preferences").headers["X-Cache"] for _ in range(4)]

    # Where the cache is not there within 100 ms a read does without, and nothing is known of who asked for what.
    until(lambda: statuses() == ["MISS", "HIT", "HIT", "HIT"])
    assert calls_of(world, "tenant-service", "/preferences") == 1


def test_a_cache_without_memory_is_filled_from_the_mirror(world: World) -> None:
    """Postgres answers without anybody waiting for tenant-service, also while that one hangs."""
    desktop = world.sign_in()
    known = desktop.get("/preferences")
    world.fault("tenant-service", "hang", match="GET")

    def without_memory() -> httpx2.Response:
        world.forget_cache()
        return desktop.get("/preferences")

    answer = soon(0.4, without_memory)

    assert (answer.content, answer.headers["ETag"]) == (known.content, known.headers["ETag"])
    assert answer.headers["X-Cache"] == "HIT"


def test_old_preferences_are_served_at_once_and_loaded_anew_behind(world: World) -> None:
    """Stale-while-revalidate: the answer has its age, and a moment later the new one is there."""
    operator = world.operator()
    desktop = world.sign_in(operator=operator)
    # Out of the mirror it would be answered before the cache has it, and the cache would get it after it was made old.
    forget_mirror(world)
    eventually(lambda: desktop.get("/preferences"), lambda answer: answer.headers["X-Cache"] == "HIT")
    world.fault("tenant-service", "latency", latencyMs=300)

    def aged() -> httpx2.Response | None:
        world.age_cache(600)
        answer = desktop.get("/preferences")
        # What was loaded behind a try that was too late may have come after the cache was made old.
        return answer if answer.headers["X-Cache"] == "STALE" else None

    old = soon(0.25, aged)

    assert int(old.headers["Age"]) >= 600
    eventually(lambda: desktop.get("/preferences"), lambda answer: answer.headers["X-Cache"] == "HIT")


def test_a_change_that_is_announced_is_seen_by_the_next_reader(world: World) -> None:
    """An event of tenant-service ends what is cached and mirrored; the tag changes with the content."""
    operator = world.operator()
    desktop = world.sign_in(operator=operator)
    before = desktop.get("/preferences")

    write_at_tenant_service(world, operator, {"density": "compact", "theme": "dark"})
    after = eventually(lambda: desktop.get("/preferences"), lambda answer: answer.json().get("density") == "compact")

    assert after.json() == {"density": "compact", "theme": "dark", "version": before.json()["version"] + 1}
    assert after.headers["ETag"] != before.headers["ETag"]
    world.control("POST", "reset")
    again = world.sign_in(operator=operator)
    eventually(lambda: again.get("/preferences"), lambda answer: answer.json()["version"] == 1)


def test_what_was_announced_to_be_old_is_shown_while_tenant_service_is_away(world: World) -> None:
    """Stale-if-error, with its age; and the new one as soon as it can be had."""
    operator = world.operator()
    desktop = world.sign_in(operator=operator)
    known = desktop.get("/preferences")
    world.fault("tenant-service", "error", status=503, match="GET")

    world.publish("melmastoon.tenant.operator_preferences.updated.v1", operator["tenantId"], {"userId": operator["id"]})
    shown = eventually(lambda: desktop.get("/preferences"), lambda answer: answer.headers["X-Cache"] == "STALE")

    assert shown.status_code == 200
    assert shown.content == known.content
    world.heal()
    eventually(lambda: desktop.get("/preferences"), lambda answer: answer.headers["X-Cache"] != "STALE")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"mode": "error", "status": 500}, 503, "MELMASTOON.BFF.UPSTREAM_UNAVAILABLE"),
        ({"mode": "hang"}, 504, "MELMASTOON.BFF.UPSTREAM_TIMEOUT"),
        ({"mode": "malformed"}, 502, "MELMASTOON.BFF.UPSTREAM_INVALID_RESPONSE"),
        ({"mode": "reset"}, 503, "MELMASTOON.BFF.UPSTREAM_UNAVAILABLE"),
    ],
    ids=["broken", "hanging", "malformed", "lost"],
)
def test_preferences_that_nobody_knows_are_a_failure_of_tenant_service(
    world: World, fault: dict[str, Any], status: int, code: str
) -> None:
    """Nothing cached, nothing mirrored, nobody to ask: the catalogue's own words."""
    desktop = world.sign_in()
    assert desktop.get("/session").status_code == 200
    forget_mirror(world)
    world.forget_cache()
    world.fault("tenant-service", **fault)

    answer = Described.by(world).check(desktop.get("/preferences"))

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_preferences_are_the_operators_own(own_world: World) -> None:
    """Neither a colleague's nor those of another tenant; each is mirrored under its own tenant."""
    # A world of its own: whoever finds no free device has the world reset, and with it what was written.
    world = own_world
    operator, colleague = world.operator(), world.operator("front_desk")
    elsewhere = world.sign_in(tenant=1)
    desk, colleagues = (world.sign_in(operator=each) for each in (operator, colleague))
    write_at_tenant_service(world, operator, {"density": "compact"})

    eventually(lambda: desk.get("/preferences"), lambda answer: answer.json().get("density") == "compact")
    assert colleagues.get("/preferences").json()["density"] == "comfortable"
    assert elsewhere.get("/preferences").json()["density"] == "comfortable"
    rows = mirror(world, "select tenant_id, operator_id, id from bff_backoffice.operator_preferences")
    assert {row["tenant_id"] for row in rows} == {world.tenants[0]}
    assert {operator["id"], colleague["id"]} <= {row["operator_id"] for row in rows}
    assert all(row["id"].startswith("opr_") for row in rows)


# ── keyboard map


@pytest.mark.parametrize("platform", [each.value for each in AppPlatform])
@pytest.mark.parametrize("language", ["en", "fr", "ar", "fa-AF", "ps-AF"])
def test_the_static_map_has_every_action_and_no_clash(world: World, platform: str, language: str) -> None:
    """On every platform and in every language, named in it."""
    answer = world.sign_in().get(f"/shortcuts?platform={platform}", Accept_Language=language)

    body = answer.json()
    assert [item["id"] for item in body["items"]] == [action.id for action in ACTIONS]
    assert (body["clashes"], body["complete"]) == ([], True)
    assert (body["platform"], body["language"]) == (platform, language)
    assert body["dir"] == ("rtl" if language in {"ar", "fa-AF", "ps-AF"} else "ltr")
    assert body["version"] == f"{STATIC_VERSION}.0.0"
    assert answer.headers["Content-Language"] == language
    assert all(item["label"] and item["origin"] == "static" for item in body["items"])


def test_the_platform_is_that_of_the_desktop(world: World) -> None:
    """What the session's device said counts where the request does not say it."""
    desktop = world.sign_in()

    assert desktop.get("/shortcuts").json()["platform"] == "win32"
    assert desktop.get("/shortcuts", X_App_Platform="darwin").json()["platform"] == "darwin"
    assert desktop.get("/shortcuts").json()["platform"] == "darwin"
    assert desktop.get("/shortcuts?platform=linux").json()["platform"] == "linux"


def choose(world: World, operator_id: str, bindings: str, version: int = 1, tenant: int = 0) -> None:
    """What a tenant or an operator chose, written as it is kept."""
    mirror(
        world,
        """
        insert into bff_backoffice.keyboard_shortcut_overrides
          (tenant_id, operator_id, platform, id, bindings, version, changed_by)
        values ($1, $2, 'win32', 'ksm_' || gen_random_uuid(), $3, $4, 'test')
        on conflict (tenant_id, operator_id, platform) do update set bindings = $3, version = $4
        """,
        world.tenants[tenant], operator_id, bindings, version, tenant=tenant,
    )  # fmt: skip


@pytest.fixture
def chosen(world: World) -> Iterator[World]:
    """A world in which choices are gone afterwards."""
    yield world
    for tenant in range(len(world.tenants)):
        mirror(world, "delete from bff_backoffice.keyboard_shortcut_overrides", tenant=tenant)


def test_an_operators_choice_comes_before_the_tenants_and_that_before_the_static_one(chosen: World) -> None:
    """Each says whose it is, and the version counts both; a choice of no keys switches an action off."""
    operator = chosen.operator()
    choose(chosen, "*", '{"search.open": "Ctrl+Shift+F", "arrivals.open": "Ctrl+Shift+1"}', version=4)
    choose(chosen, operator["id"], '{"arrivals.open": "F3", "help.open": null, "no.action": "F4"}', version=7)

    body = chosen.sign_in(operator=operator).get("/shortcuts?platform=win32").json()

    found = {item["id"]: (item["binding"] and item["binding"]["text"], item["origin"]) for item in body["items"]}
    assert found["search.open"] == ("Ctrl+Shift+F", "tenant")
    assert found["arrivals.open"] == ("F3", "operator")
    assert found["help.open"] == (None, "operator")
    assert found["departures.open"] == ("Ctrl+4", "static")
    assert body["version"] == f"{STATIC_VERSION}.4.7"
    assert body["clashes"] == []
    colleague = chosen.sign_in("front_desk").get("/shortcuts?platform=win32").json()
    assert {item["origin"] for item in colleague["items"]} == {"static", "tenant"}
    assert chosen.sign_in(operator=operator).get("/shortcuts?platform=linux").json()["version"].endswith(".0.0")
    assert chosen.sign_in(tenant=1).get("/shortcuts?platform=win32").json()["version"].endswith(".0.0")


def test_what_a_tenant_chose_for_all_is_forgotten_for_all_when_it_is_announced(chosen: World) -> None:
    """Each operator's cached map has the tenant's choice in it: the event ends every one, and no other tenant's."""
    desks = [chosen.sign_in(), chosen.sign_in("front_desk")]
    elsewhere = chosen.sign_in(tenant=1)
    for desk in (*desks, elsewhere):
        eventually(
            lambda desk=desk: desk.get("/shortcuts?platform=win32"), lambda answer: answer.headers["X-Cache"] == "HIT"
        )
    choose(chosen, "*", '{"search.open": "Ctrl+Shift+F"}', version=4)
    before = [desk.get("/shortcuts?platform=win32").json()["version"] for desk in desks]

    chosen.publish("melmastoon.tenant.config_updated.v1", chosen.tenants[0], {})

    assert before == [f"{STATIC_VERSION}.0.0"] * 2
    for desk in desks:
        eventually(
            lambda desk=desk: desk.get("/shortcuts?platform=win32"),
            lambda answer: answer.json()["version"] == f"{STATIC_VERSION}.4.0",
        )
    # Not forgotten: still there, unless the cache could not be asked in time.
    assert elsewhere.get("/shortcuts?platform=win32").headers["X-Cache"] in {"HIT", "BYPASS"}


def test_choices_that_clash_are_shown_with_the_reason(chosen: World) -> None:
    """The map says which actions are concerned and why, in the reader's language; nothing is hidden or refused."""
    operator = chosen.operator()
    choose(chosen, operator["id"], '{"arrivals.open": "Ctrl+4", "search.open": "Alt+F4", "list.open": "A"}')

    body = chosen.sign_in(operator=operator).get("/shortcuts?platform=win32", Accept_Language="fr").json()

    assert {(clash["kind"], tuple(clash["actions"])) for clash in body["clashes"]} == {
        ("duplicate", ("arrivals.open", "departures.open")),
        ("system", ("search.open",)),
        ("typing", ("list.open",)),
    }
    assert all(clash["reason"].endswith(".") for clash in body["clashes"])


def test_the_static_map_is_there_when_nobody_knows_what_was_chosen(own_world: World) -> None:
    """Postgres away and nothing cached: the map says that it is not complete, and its tag is another one."""
    desktop = own_world.sign_in()
    whole = desktop.get("/shortcuts")
    own_world.forget_cache()

    with stopped(own_world, "postgres"):
        answer = Described.by(own_world).check(desktop.get("/shortcuts"))

    assert answer.status_code == 200
    assert answer.json()["complete"] is False
    assert [item["id"] for item in answer.json()["items"]] == [action.id for action in ACTIONS]
    assert answer.headers["ETag"] != whole.headers["ETag"]


# ── the start


def part(answer: httpx2.Response, identifier: str) -> dict[str, Any]:
    """One part's state."""
    (found,) = [each for each in answer.json()["parts"] if each["id"] == identifier]
    return dict(found)


def whole_start(desktop: Desktop) -> httpx2.Response:
    """The start on a healthy platform, once no part was late: each has some hundred ms of real time."""
    return eventually(lambda: desktop.get("/bootstrap"), lambda answer: not answer.json()["partial"])


def test_a_start_has_everything_that_a_desktop_needs(world: World) -> None:
    """Contract, section 10, member by member; each part says how it was read."""
    operator = world.operator()
    desktop = world.sign_in(operator=operator)

    answer = Described.by(world).check(whole_start(desktop))

    body = answer.json()
    tenant = next(each for each in world.people["tenants"] if each["id"] == operator["tenantId"])
    properties = {each["id"]: each for each in world.people["properties"]}
    assert body["session"] == desktop.get("/session").json() | {
        name: body["session"][name] for name in ("lastSeenAt", "expiresAt")
    }
    assert body["operator"]["id"] == operator["id"]
    assert body["operator"]["displayName"]
    assert body["operator"]["roles"] == sorted(operator["roles"])
    assert (body["tenant"]["id"], body["tenant"]["slug"], body["tenant"]["name"]) == (
        tenant["id"], tenant["slug"], tenant["name"],
    )  # fmt: skip
    assert [each["id"] for each in body["properties"]] == operator["propertyIds"]
    assert [each["timezone"] for each in body["properties"]] == [
        properties[each]["timezone"] for each in operator["propertyIds"]
    ]
    assert all(each["name"] for each in body["properties"])
    assert body["theme"]["bundleUrl"].startswith("https://")
    assert body["theme"]["version"]
    assert body["preferences"] == desktop.get("/preferences").json()
    assert body["shortcuts"] == desktop.get("/shortcuts").json()
    assert set(body["live"]["channels"]) == {"ai", "alerts", "dashboard-refresh-hints", "session"}
    assert body["live"]["heartbeatSeconds"] > 0
    assert body["live"]["pollSeconds"] > 0
    assert body["appVersion"] == {"floor": "1.0.0", "current": "1.4.2"}
    assert body["partial"] is False
    assert {each["id"] for each in body["parts"]} == {"properties", "preferences", "shortcuts"}
    assert all(each["asOf"] and each["ageMs"] >= 0 and each["problem"] is None for each in body["parts"])


@pytest.mark.parametrize("language", ["en", "ar", "fa-AF"])
def test_a_start_is_in_the_readers_language(world: World, language: str) -> None:
    """Names of hotels, words of keys, direction."""
    body = world.sign_in().get("/bootstrap", Accept_Language=language).json()

    assert (body["locale"], body["dir"]) == (language, "ltr" if language == "en" else "rtl")
    assert body["shortcuts"]["language"] == language


@pytest.mark.parametrize("mode", ["error", "hang", "malformed"])
def test_a_start_goes_on_without_property_service(world: World, mode: str) -> None:
    """The scope's ids stay, with nulls for what nobody could say; the part says why, and no other part suffers."""
    desktop = world.sign_in()
    assert desktop.get("/session").status_code == 200
    world.fault("property-service", mode)

    answer = Described.by(world).check(desktop.get("/bootstrap"))

    body = answer.json()
    assert answer.status_code == 200
    assert body["partial"] is True
    assert [each["id"] for each in body["properties"]] == world.operator()["propertyIds"]
    assert {(each["name"], each["timezone"]) for each in body["properties"]} == {(None, None)}
    assert part(answer, "properties")["outcome"] in {"error", "timeout"}
    assert part(answer, "properties")["problem"]["code"].startswith("MELMASTOON.BFF.UPSTREAM_")
    assert part(answer, "preferences")["problem"] is None
    assert body["preferences"]["density"]


def test_a_start_shows_the_properties_that_were_known_while_property_service_is_away(world: World) -> None:
    """Last-known names for a day, and it says that they are old."""
    desktop = world.sign_in()
    known = eventually(
        lambda: desktop.get("/bootstrap"), lambda answer: part(answer, "properties")["outcome"] == "cached"
    ).json()["properties"]
    world.age_cache(3_600)
    world.fault("property-service", "error", status=503)

    answer = eventually(lambda: desktop.get("/bootstrap"), lambda answer: answer.headers["X-Cache"] != "BYPASS")

    assert answer.json()["properties"] == known
    assert answer.json()["partial"] is True
    assert part(answer, "properties")["outcome"] == "stale"
    assert part(answer, "properties")["ageMs"] >= 3_600_000
    assert answer.headers["X-Cache"] == "STALE"


@pytest.mark.parametrize("verb", ["published", "updated"])
def test_a_hotel_that_changed_is_asked_for_at_the_next_start(world: World, verb: str) -> None:
    """An event about a hotel ends the tenant's list, so that a new name need not wait; one about a room does not."""
    desktop, elsewhere = world.sign_in(), world.sign_in(tenant=1)
    for desk in (desktop, elsewhere):
        eventually(
            lambda desk=desk: desk.get("/bootstrap"), lambda answer: part(answer, "properties")["outcome"] == "cached"
        )
    world.control("DELETE", "requests")
    payload = {"propertyId": world.properties()[0]}

    world.publish("melmastoon.property.room.returned.v1", world.tenants[0], payload)
    world.publish(f"melmastoon.property.{verb}.v1", world.tenants[0], payload)

    eventually(lambda: desktop.get("/bootstrap"), lambda answer: part(answer, "properties")["outcome"] == "fresh")
    assert part(elsewhere.get("/bootstrap"), "properties")["outcome"] == "cached"
    assert calls_of(world, "property-service", "/properties") == 1


def test_a_start_goes_on_without_tenant_service(world: World) -> None:
    """Tenant and operator are known from before; preferences that nobody knows are null, and said to be."""
    desktop = world.sign_in()
    assert desktop.get("/session").status_code == 200
    forget_mirror(world)
    world.forget_cache()
    world.fault("tenant-service", "error", status=503)

    answer = Described.by(world).check(desktop.get("/bootstrap"))

    assert answer.status_code == 200
    assert answer.json()["preferences"] is None
    assert answer.json()["partial"] is True
    assert answer.json()["tenant"]["name"]
    assert part(answer, "preferences")["problem"]["code"] == "MELMASTOON.BFF.UPSTREAM_UNAVAILABLE"
    assert part(answer, "properties")["problem"] is None


def test_a_client_in_a_hurry_gets_what_is_there_in_time(world: World) -> None:
    """A budget shortens every part's deadline."""
    desktop = world.sign_in()
    assert desktop.get("/session").status_code == 200
    world.fault("property-service", "hang")

    answer = soon(0.5, lambda: desktop.get("/bootstrap", X_Client_Budget_Ms="150"))

    assert part(answer, "properties")["outcome"] == "timeout"


def test_colleagues_share_what_is_not_their_own(world: World) -> None:
    """One call for the hotels of a tenant, however many desks begin their day."""
    desks: list[Desktop] = [world.sign_in(role) for role in ("general_manager", "front_desk", "housekeeper")]
    world.forget_cache()
    world.control("DELETE", "requests")

    for desk in desks:
        assert desk.get("/bootstrap").status_code == 200

    assert calls_of(world, "property-service", "/properties") == 1


def test_a_start_of_one_tenant_names_no_other(world: World) -> None:
    """Neither in its properties nor anywhere else."""
    ours = world.sign_in().get("/bootstrap")
    theirs = world.sign_in(tenant=1).get("/bootstrap")

    assert world.tenants[1] not in ours.text
    assert world.tenants[0] not in theirs.text
    assert not set(world.properties(1)) & {each["id"] for each in ours.json()["properties"]}


def test_a_start_without_cache_is_a_bypass_and_whole(own_world: World) -> None:
    """Sessions live in the other tier: here only what is cached is away, and every part is read at its source."""
    desktop = own_world.sign_in()
    assert desktop.get("/bootstrap").json()["partial"] is False
    client = redis.Redis.from_url(own_world.redis)
    for key in client.scan_iter("*:projection:*"):
        client.set(key, b"\x00nothing that this version wrote")
    client.close()

    answer = desktop.get("/bootstrap")

    assert answer.json()["partial"] is False
    assert answer.headers["X-Cache"] in {"MISS", "HIT"}
