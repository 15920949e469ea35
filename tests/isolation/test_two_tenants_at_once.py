"""Two tenants at every route at once, a few hundred requests of it; `make fuzz-tenants` sends a hundred thousand."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
import pytest

from bff_backoffice.presentation.route_table import Route
from drills.tenants import interleave
from drills.tenants.__main__ import SETTINGS, blank, fill
from drills.tenants.bodies import Writer
from drills.tenants.fuzz import Interleaved
from drills.tenants.residues import residues
from drills.tenants.sides import Side
from tests.isolation.every_route import OPERATOR_ROUTES, name_of
from tests.worlds import World, start_world

REQUESTS, SEED = 500, 11
WITH_A_BODY = [route for route in OPERATOR_ROUTES if route.body is not None]


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of the module's own, since its hotels change under it; it logs all that it can."""
    with start_world(tmp_path_factory.mktemp("visited"), environment=SETTINGS) as world:
        yield world


@pytest.fixture(scope="module")
def outcome(visited: World) -> Interleaved:
    """What came of the interleaving."""
    return interleave(visited, requests=REQUESTS, seed=SEED, roles=("general_manager", "front_desk"))


def test_nothing_of_one_tenant_is_found_at_the_other(outcome: Interleaved) -> None:
    """Neither in an answer nor in a stream that was hung up on, and nothing of one is told from what does not exist."""
    assert outcome.amiss == []
    assert outcome.answers.total() >= REQUESTS * 0.9
    assert outcome.kinds["asked for the other"] > 0
    assert outcome.kinds["hung up"] > 0


def test_nothing_of_one_tenant_is_left_where_the_other_is(outcome: Interleaved) -> None:
    """Redis, the bus, Postgres, what upstreams were asked, metrics and logs; and each of them was looked through."""
    assert {where: amiss for where, _, _, amiss in outcome.left if amiss} == {}
    assert all(looked_at > 0 for _, looked_at, _, _ in outcome.left)


def test_canaries_would_be_found(outcome: Interleaved) -> None:
    """They are in the tenant's own answers, rows and calls to upstreams: what is looked for was written at all."""
    own = {where: own for where, _, own, _ in outcome.left}

    assert outcome.written > 0
    assert outcome.recognised > 0
    assert own["rows of Postgres"] > 0
    assert own["requests to upstreams"] > 0


def test_a_string_in_a_wrong_place_is_found(visited: World, outcome: Interleaved) -> None:
    """One tenant's rows, keys and calls judged with the other's name on them: every place complains."""
    assert outcome.written
    ours, theirs = Side(visited, 0), Side(visited, 1)
    of_ours = ours._published
    ours.looks_for(theirs._published)
    theirs.looks_for(of_ours)

    found = {where: len(amiss) for where, _, _, amiss in residues(visited, (ours, theirs))}

    assert found["keys and values of Redis"] > 0
    assert found["rows of Postgres"] > 0
    assert found["requests to upstreams"] > 0


@pytest.mark.parametrize("route", WITH_A_BODY, ids=name_of)
def test_a_body_with_canaries_has_its_routes_shape(route: Route) -> None:
    """Whatever takes a text gets one in time, and most bodies are still what the route takes."""
    writer = Writer(random.Random(SEED), lambda: "Kanarie1n1", lambda kind: f"{kind}_01JGFJJZ03J02SKYND46F9ZBK0", "AFN")
    assert route.body is not None
    good = 0
    for _ in range(50):
        body = msgspec.json.encode(writer.body(route, "ppt_01JGFJJZ03J02SKYND46F9ZBK0"))
        try:
            msgspec.json.decode(body, type=route.body, strict=False)
        except msgspec.ValidationError:
            continue
        good += 1
    assert good >= 25


def test_the_table_holds_only_where_nothing_was_found() -> None:
    """One leak, one difference or one row in a wrong place spoils it."""

    def held(**more: object) -> bool:
        result = Interleaved(recognised=1, left=[("rows", 1, 1, [])])
        result.answers.update({(route.operation_id, 200): 1 for route in OPERATOR_ROUTES})
        for name, value in more.items():
            setattr(result, name, value)
        table = blank()
        fill(table, result)
        return table.held

    leaked = Interleaved()
    leaked.found("leaked", "something")
    assert held()
    assert not held(kinds=leaked.kinds)
    assert not held(left=[("rows", 1, 1, ["amiss"])])
    assert not held(recognised=0)
