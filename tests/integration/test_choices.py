"""What operators choose for themselves, over real sockets: contract, sections 2.1 and 5."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import httpx2
import pytest
from ulid import ULID

from bff_backoffice.domain.operator import OperatorRole
from tests.acting import act, effects, new_key
from tests.desktop import Desktop
from tests.musts.described import Described
from tests.waiting import until
from tests.worlds import World

OURS, GENERAL = "MELMASTOON.BFF.BACKOFFICE.", "MELMASTOON.GENERAL."
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "/preferences": ({"density": "compact", "pinnedWidgets": ["arrivals"]}, {"density": "spacious"}),
    "/shortcuts": ({"overrides": {"search.open": "Ctrl+J"}}, {"overrides": {"search.open": "Ctrl+Shift+J"}}),
}
BOTH = pytest.mark.parametrize("path", list(CHANGES))


@pytest.fixture
def world(unguarded: World) -> Iterator[World]:
    """A world with nothing chosen by anybody and nothing in its cache; healed again afterwards."""
    unguarded.control("POST", "reset")
    unguarded._unused.clear()
    for tenant in range(len(unguarded.tenants)):
        owner(unguarded, "delete from operator_preferences", tenant=tenant)
        owner(unguarded, "delete from keyboard_shortcut_overrides", tenant=tenant)
    unguarded.forget_cache()
    yield unguarded
    unguarded.heal()


@pytest.fixture
def desk(world: World) -> Desktop:
    """A general manager's desk."""
    return world.sign_in()


def owner(world: World, statement: str, *values: Any, tenant: int = 0) -> list[dict[str, Any]]:
    """What the schema's owner finds for the tenant."""

    async def main() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(world.postgres["owner"], server_settings={"search_path": "bff_backoffice"})
        try:
            async with connection.transaction():
                await connection.execute("select set_config('app.tenant_id', $1, true)", world.tenants[tenant])
                return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    return asyncio.run(main())


def put(desk: Desktop, path: str, body: Any, *, key: str | None = None, **headers: str | None) -> httpx2.Response:
    """One change under this key, or under a fresh one."""
    return act(desk, path, body, key=key, method="PUT", **headers)


def settled(desk: Desktop, path: str, body: Any, **headers: str | None) -> httpx2.Response:
    """One change, sent under its key until it is known how it ended, as a desktop does on a busy machine."""
    key = new_key()

    def sent() -> httpx2.Response | None:
        answer = put(desk, path, body, key=key, **headers)
        return None if answer.is_error and answer.json().get("retry") == "same_key" else answer

    return until(sent)


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check that the answer is this refusal, and give its document."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    return body


def chosen(desk: Desktop, action: str = "search.open") -> tuple[str | None, str]:
    """The combination of an action, and whose choice it is."""
    item = next(each for each in desk.get("/shortcuts").json()["items"] if each["id"] == action)
    return (item["binding"] or {}).get("text"), item["origin"]


# ── both


@BOTH
def test_a_choice_is_made_once_and_read_at_once(world: World, desk: Desktop, path: str) -> None:
    """The answer is what reading shows from now on, with its tag; the same key again gives the same bytes."""
    described, key = Described.by(world), new_key()
    body, _ = CHANGES[path]
    tag = desk.get(path).headers["ETag"]

    first = described.check(put(desk, path, body, key=key, If_Match=tag))
    second = described.check(put(desk, path, body, key=key, If_Match=tag))
    read = described.check(desk.get(path))

    assert first.status_code == 200, first.text
    assert "Idempotency-Replayed" not in first.headers
    assert (second.status_code, second.content, second.headers["ETag"]) == (200, first.content, first.headers["ETag"])
    assert second.headers["Idempotency-Replayed"] == "true"
    assert (read.content, read.headers["ETag"]) == (first.content, first.headers["ETag"])
    assert first.headers["ETag"] != tag
    assert first.headers["Cache-Control"] == "private, no-store"


@BOTH
def test_a_lost_race_is_refused(world: World, desk: Desktop, path: str) -> None:
    """412 for who knows an old one, kept under the key; nothing changes, and what is there can be read and changed."""
    described, key = Described.by(world), new_key()
    body, other = CHANGES[path]
    old = desk.get(path).headers["ETag"]
    assert put(desk, path, body, If_Match=old).status_code == 200
    before = desk.get(path)

    first = described.check(put(desk, path, other, key=key, If_Match=old))
    again = put(desk, path, other, key=key, If_Match=old)

    problem = refused(first, 412, OURS + "PRECONDITION_FAILED")
    assert (problem["retry"], problem["retriable"]) == ("new_key", False)
    assert (again.status_code, again.content, again.headers["Idempotency-Replayed"]) == (412, first.content, "true")
    assert desk.get(path).content == before.content
    assert put(desk, path, other, If_Match=before.headers["ETag"]).status_code == 200


@BOTH
def test_of_many_who_have_seen_the_same_one_wins(desk: Desktop, path: str) -> None:
    """Each under its own key and with the same tag: one 200, the others 412."""
    body, _ = CHANGES[path]
    tag = desk.get(path).headers["ETag"]

    with ThreadPoolExecutor(8) as pool:
        answers = [each.result() for each in [pool.submit(settled, desk, path, body, If_Match=tag) for _ in range(8)]]

    assert sorted(each.status_code for each in answers) == [200, *[412] * 7]


@BOTH
def test_without_if_match_the_last_one_wins(desk: Desktop, path: str) -> None:
    """It is welcome and not demanded, and a star is met by whatever there is."""
    body, other = CHANGES[path]

    assert put(desk, path, body).status_code == 200
    assert put(desk, path, other, If_Match="*").status_code == 200
    last = put(desk, path, body)

    assert (last.status_code, desk.get(path).content) == (200, last.content)


@BOTH
def test_a_tag_among_others_is_a_match_and_one_that_is_nobodys_is_none(desk: Desktop, path: str) -> None:
    """A list is met by any of its tags; a weak one, another one and a cut one never match."""
    body, _ = CHANGES[path]
    tag = desk.get(path).headers["ETag"]

    for wrong in (f"W/{tag}", '"another"', f'{tag[:-3]}"', '"9-another"', f'"x{tag[1:]}'):
        refused(put(desk, path, body, If_Match=wrong), 412, OURS + "PRECONDITION_FAILED")
    assert put(desk, path, body, If_Match=f'"another", {tag}').status_code == 200


@BOTH
@pytest.mark.parametrize("tag", ["another", '"unfinished', '"one" "two"', ""])
def test_a_tag_that_is_none_is_malformed(world: World, desk: Desktop, path: str, tag: str) -> None:
    """The error names the header."""
    answer = Described.by(world).check(put(desk, path, CHANGES[path][0], If_Match=tag))

    problem = refused(answer, 400, GENERAL + "VALIDATION_FAILED")
    assert [each["field"] for each in problem["errors"]] == ["header.if-match"]


@BOTH
def test_a_key_that_comes_with_another_choice_is_refused(world: World, desk: Desktop, path: str) -> None:
    """422 that asks for a new key, and what was chosen first stays."""
    body, other = CHANGES[path]
    key = new_key()
    first = put(desk, path, body, key=key)

    answer = Described.by(world).check(put(desk, path, other, key=key))

    assert refused(answer, 422, OURS + "IDEMPOTENCY_KEY_REUSED")["retry"] == "new_key"
    assert desk.get(path).content == first.content


@BOTH
def test_a_choice_that_is_still_running_is_told_so(world: World, desk: Desktop, path: str) -> None:
    """409 with the time to return, while somebody holds the key; nothing is chosen meanwhile."""
    body, _ = CHANGES[path]
    key, tag = new_key(), desk.get(path).headers["ETag"]
    assert put(desk, path, body, key=key).status_code == 200
    hold = "update idempotency set status = null, answer = null, lease_until = now() + interval '1 hour'"
    owner(world, f"{hold} where key = '{key}' returning 1")

    answer = Described.by(world).check(put(desk, path, body, key=key))

    assert refused(answer, 409, OURS + "IDEMPOTENCY_IN_FLIGHT")["retry"] == "same_key"
    assert int(answer.headers["Retry-After"]) >= 1
    assert desk.get(path).headers["ETag"] != tag


@BOTH
def test_a_property_of_another_tenant_is_no_place_to_choose_from(world: World, desk: Desktop, path: str) -> None:
    """404 like one that does not exist, and the key is not used up."""
    body, key = CHANGES[path][0], new_key()

    for place in (world.properties(1)[0], "ppt_01JGFJJZ03J02SKYND46F9ZBK0"):
        answer = desk.request("PUT", path, json_body=body, X_Idempotency_Key=key, X_Property_Id=place)
        refused(answer, 404, GENERAL + "RESOURCE_NOT_FOUND")
    assert put(desk, path, body, key=key).status_code == 200


@BOTH
def test_a_choice_without_a_key_is_refused(world: World, desk: Desktop, path: str) -> None:
    """400 before anything happens."""
    answer = Described.by(world).check(desk.request("PUT", path, json_body=CHANGES[path][0]))

    refused(answer, 400, OURS + "IDEMPOTENCY_KEY_MISSING")


@BOTH
def test_what_one_has_queued_is_not_chosen_for_the_next_one_at_the_device(world: World, path: str) -> None:
    """The path names whoever asks: the same key of another operator is another request, and shows them nothing."""
    first, key = world.sign_in(), new_key()
    body, _ = CHANGES[path]
    assert put(first, path, body, key=key).status_code == 200
    next_one = Desktop.sign_in(world, world.operator("front_desk"), first.device_id, key=first.key)
    before = next_one.get(path)

    refused(put(next_one, path, body, key=key), 422, OURS + "IDEMPOTENCY_KEY_REUSED")

    assert next_one.get(path).content == before.content


@BOTH
def test_a_choice_is_nobody_elses(world: World, desk: Desktop, path: str) -> None:
    """Neither a colleague nor anybody of another tenant sees it, also where they chose at the same time."""
    colleague, stranger = world.sign_in("front_desk"), world.sign_in(tenant=1)
    before = [each.get(path).content for each in (colleague, stranger)]

    assert put(desk, path, CHANGES[path][0]).status_code == 200

    assert [each.get(path).content for each in (colleague, stranger)] == before


@BOTH
@pytest.mark.parametrize("role", [role.value for role in OperatorRole])
def test_every_role_may_choose_for_itself(world: World, path: str, role: str) -> None:
    """What is chosen is nobody's but the operator's own."""
    assert put(world.sign_in(role), path, CHANGES[path][0]).status_code == 200


@BOTH
def test_a_choice_is_audited(world: World, desk: Desktop, path: str) -> None:
    """Who, under which key, and how it ended: applied, or refused for a lost race."""
    keys = {new_key(): "applied", new_key(): "refused"}
    for key, outcome in keys.items():
        put(desk, path, CHANGES[path][0], key=key, If_Match='"other"' if outcome == "refused" else None)

    rows = {row["idempotency_key"]: row for row in owner(world, "select * from mutation_audit")}

    for key, outcome in keys.items():
        assert (rows[key]["outcome"], rows[key]["action"]) == (outcome, f"put_{path[1:]}")
        assert rows[key]["completed_at"] >= rows[key]["started_at"]


@BOTH
def test_without_the_cache_a_choice_is_made_and_read(world: World, desk: Desktop, path: str) -> None:
    """The cache tier is a copy: what it forgot is asked for."""
    assert desk.get(path).status_code == 200
    answer = put(desk, path, CHANGES[path][0])
    world.forget_cache()

    assert (answer.status_code, desk.get(path).content) == (200, answer.content)


# ── preferences


def test_preferences_reach_tenant_service_under_its_own_version_and_key(world: World, desk: Desktop) -> None:
    """`If-Match` is its version, the key is a ULID under its header's name, the body without version."""
    read = desk.get("/preferences")
    world.control("DELETE", "requests")

    put(desk, "/preferences", {**read.json(), "density": "compact"}, If_Match=read.headers["ETag"])

    (call,) = [
        each for each in world.control("GET", "requests?service=tenant-service").json() if each["method"] == "PUT"
    ]
    assert call["headers"]["If-Match"] == f'"{read.json()["version"]}"'
    ULID.from_str(call["headers"]["X-Idempotency-Key"])
    assert call["headers"]["X-Operator-Id"] in call["path"]
    assert call["headers"]["X-Property-Id"] == world.properties()[0]
    assert call["body"]["density"] == "compact"
    assert "version" not in call["body"]
    assert [each["kind"] for each in effects(world, "tenant-service")] == ["preferences.written"]


@pytest.mark.parametrize("mode", ["applied_then_lost", "reset", "malformed", "hang"])
def test_a_write_that_tenant_service_did_not_settle_may_be_tried_again(world: World, desk: Desktop, mode: str) -> None:
    """The same key and tag once it is well again: one effect, although the version is another one by then."""
    key, tag, body = new_key(), desk.get("/preferences").headers["ETag"], CHANGES["/preferences"][0]
    world.fault("tenant-service", mode, match="PUT")

    problem = put(desk, "/preferences", body, key=key, If_Match=tag)
    assert (problem.status_code in {502, 503, 504}, problem.json()["retry"]) == (True, "same_key"), problem.text
    world.heal()
    good = put(desk, "/preferences", body, key=key, If_Match=tag)

    assert (good.status_code, good.json()["density"]) == (200, "compact"), good.text
    assert desk.get("/preferences").content == good.content
    assert len(effects(world, "tenant-service")) == 1


def test_what_was_written_is_shown_while_tenant_service_is_away(world: World, desk: Desktop) -> None:
    """The mirror has it, and says that it could not be asked for anew."""
    assert desk.get("/preferences").status_code == 200
    written = put(desk, "/preferences", CHANGES["/preferences"][0])
    world.fault("tenant-service", "error", status=503, match="GET /api/v1/tenants/")

    read = desk.get("/preferences")

    assert (read.status_code, read.content) == (200, written.content)


def test_preferences_that_another_application_changed_meanwhile_are_a_lost_race(world: World, desk: Desktop) -> None:
    """tenant-service says so, whatever our copies say; and the next read has what is there."""
    read = desk.get("/preferences")
    owner_id = desk.get("/session").json()["operatorId"]
    path = f"tenant-service/api/v1/tenants/{world.tenants[0]}/operators/{owner_id}/preferences"
    headers = {"Authorization": "Bearer test", "X-Tenant-Id": world.tenants[0]}
    assert world.http.put(f"{world.sim}/{path}", json={"theme": "dark"}, headers=headers).status_code == 200

    refused(
        put(desk, "/preferences", {"theme": "light"}, If_Match=read.headers["ETag"]), 412, OURS + "PRECONDITION_FAILED"
    )

    assert desk.get("/preferences").json()["theme"] == "dark"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ("compact", "body"),
        ({"": 1}, "body."),
        ({"n" * 65: 1}, f"body.{'n' * 64}"),
        ({f"n{number}": 1 for number in range(65)}, "body"),
        ({"note": "x" * 17_000}, "body"),
    ],
    ids=["a list", "a text", "no name", "a long name", "too many", "too long"],
)
def test_preferences_of_another_shape_are_malformed(world: World, desk: Desktop, body: Any, field: str) -> None:
    """The error names the place, and tenant-service hears nothing of it."""
    answer = Described.by(world).check(put(desk, "/preferences", body))

    problem = refused(answer, 400, GENERAL + "VALIDATION_FAILED")
    assert [each["field"] for each in problem["errors"]] == [field]
    assert effects(world, "tenant-service") == []


# ── keys


def test_a_map_is_replaced_as_a_whole_and_for_one_platform(desk: Desktop) -> None:
    """What is left out has its static keys again; null switches off; another platform is another map."""
    other = desk.get("/shortcuts?platform=darwin").content
    put(desk, "/shortcuts", {"overrides": {"search.open": "Ctrl+J", "help.open": None}})
    assert (chosen(desk), chosen(desk, "help.open")) == (("Ctrl+J", "operator"), (None, "operator"))

    put(desk, "/shortcuts", {"overrides": {"help.open": "F1"}})

    assert (chosen(desk), chosen(desk, "help.open")) == (("Ctrl+K", "static"), ("F1", "operator"))
    assert desk.get("/shortcuts?platform=darwin").content == other
    answer = put(desk, "/shortcuts?platform=darwin", {"overrides": {"search.open": "Meta+J"}})
    assert answer.json()["platform"] == "darwin"


@pytest.mark.parametrize(
    ("overrides", "field", "code"),
    [
        ({"nothing.open": "Ctrl+J"}, "body.overrides.nothing.open", "unknown"),
        ({"search.open": "K+Ctrl"}, "body.overrides.search.open", "malformed"),
        ({"search.open": ""}, "body.overrides.search.open", "malformed"),
        ({"search.open": "Ctrl+2"}, "body.overrides.search.open", "duplicate"),
        ({"search.open": "Alt+F4"}, "body.overrides.search.open", "system"),
        ({"search.open": "Ctrl+C"}, "body.overrides.search.open", "application"),
        ({"search.open": "Ctrl+Alt+E"}, "body.overrides.search.open", "layout"),
        ({"search.open": "K"}, "body.overrides.search.open", "typing"),
    ],
)
def test_keys_that_would_not_reach_their_action_are_refused(
    world: World, desk: Desktop, overrides: dict[str, Any], field: str, code: str
) -> None:
    """400 that names the action and why; the key is not used up, and the map stays as it was."""
    before, key = desk.get("/shortcuts").content, new_key()

    answer = Described.by(world).check(put(desk, "/shortcuts?platform=win32", {"overrides": overrides}, key=key))

    problem = refused(answer, 400, GENERAL + "VALIDATION_FAILED")
    assert [(each["field"], each["code"]) for each in problem["errors"]] == [(field, code)]
    assert desk.get("/shortcuts").content == before
    assert put(desk, "/shortcuts?platform=win32", {"overrides": {"search.open": "Ctrl+J"}}, key=key).status_code == 200


def test_two_that_change_places_do_not_clash(desk: Desktop) -> None:
    """What counts is the map that comes of it."""
    swapped = {"overrides": {"today.open": "Ctrl+3", "arrivals.open": "Ctrl+2"}}

    assert put(desk, "/shortcuts?platform=win32", swapped).status_code == 200


@pytest.mark.parametrize("body", [{}, {"overrides": []}, {"overrides": {"search.open": 5}}, []])
def test_a_map_of_another_shape_is_malformed(world: World, desk: Desktop, body: Any) -> None:
    """The error names the place."""
    answer = Described.by(world).check(put(desk, "/shortcuts", body))

    problem = refused(answer, 400, GENERAL + "VALIDATION_FAILED")
    assert all(each["field"].startswith("body") for each in problem["errors"])
