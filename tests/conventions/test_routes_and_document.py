"""The route table is closed by default, and the API document says what it says: no more, no less."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from bff_backoffice.domain.operator import OperatorRole
from bff_backoffice.presentation.route_table import PREFIXES, Access, Route
from bff_backoffice.presentation.routes import ROUTES
from bff_backoffice.presentation.routes.documents import api_as_yaml
from tests.isolation.every_route import name_of
from tests.worlds import World

ROOT = Path(__file__).parents[2]
EVERY_ROUTE = pytest.mark.parametrize("route", ROUTES, ids=name_of)

OPEN = {
    "GET /health/live",
    "GET /health/ready",
    "GET /health/startup",
    "GET /.well-known/jwks.json",
    "GET /openapi.json",
    "GET /openapi.yaml",
}
"""What answers without credentials (contract, section 2). Nothing is open that is not written here."""

MACHINES = {"POST /internal/jobs/{name}", "POST /internal/events/{subscription}"}
"""What the platform's machines call, and nobody else (contract, section 2.1)."""

PROOF_ALONE = {"POST /auth/refresh"}
"""What takes a device key's proof without an access token (contract, section 2.2)."""


@cache
def document() -> dict[str, Any]:
    """The document as it is kept; read once, since reading takes a second."""
    kept: dict[str, Any] = yaml.safe_load((ROOT / "openapi/openapi.yaml").read_bytes())
    return kept


def named(access: Access) -> set[str]:
    """The routes of one kind of access."""
    return {f"{route.method} {route.path}" for route in ROUTES if route.access is access}


def test_every_open_route_is_written_here() -> None:
    """A route is open, or needs a proof alone, because this page says so and not because somebody forgot."""
    assert named(Access.OPEN) == OPEN
    assert named(Access.PROOF) == PROOF_ALONE
    assert named(Access.MACHINE) == MACHINES
    assert len(named(Access.OPERATOR)) == len(ROUTES) - len(OPEN) - len(PROOF_ALONE) - len(MACHINES)


def test_a_route_can_not_be_declared_without_its_access() -> None:
    """There is no default to forget."""
    parts: dict[str, Any] = {"method": "GET", "path": "/x", "handler": None, "summary": "", "tag": "", "answers": {}}
    with pytest.raises(TypeError, match="access"):
        Route(**parts)


def test_only_open_routes_answer_without_the_prefix() -> None:
    """What needs credentials lives under the two prefixes and nowhere else."""
    assert {f"{route.method} {route.path}" for route in ROUTES if route.everywhere} == OPEN


@EVERY_ROUTE
def test_a_route_is_open_to_somebody(route: Route) -> None:
    """A route with no role but the two that may do everything would be a mistake in the table."""
    assert route.roles <= frozenset(OperatorRole)
    assert route.roles


def test_the_kept_document_is_current() -> None:
    """`openapi/openapi.yaml` is what the table generates now."""
    assert (ROOT / "openapi/openapi.yaml").read_bytes() == api_as_yaml(), "run: make openapi"


@pytest.mark.parametrize("path", ["/openapi.yaml", f"{PREFIXES[0]}/openapi.yaml", f"{PREFIXES[1]}/openapi.json"])
def test_the_running_service_serves_the_kept_document(world: World, path: str) -> None:
    """In both forms, with and without the prefix."""
    answer = world.http.get(world.bff + path)

    # JSON holds characters bare that YAML escapes, so each form has a reader of its own.
    read = json.loads if path.endswith(".json") else yaml.safe_load
    assert read(answer.content) == document()


def test_the_document_is_openapi_3_1() -> None:
    """A validator of somebody else's is content."""
    assert document()["openapi"].startswith("3.1.")
    validate(document(), cls=OpenAPIV31SpecValidator)


def test_table_and_document_have_the_same_operations() -> None:
    """Every route is described, and nothing is described that is no route."""
    described = {
        f"{method.upper()} {path}"
        for path, operations in document()["paths"].items()
        for method in operations
        if method in {"get", "post", "put", "patch", "delete"}
    }

    assert described == {f"{route.method} {route.path}" for route in ROUTES}
    names = [
        operation["operationId"] for operations in document()["paths"].values() for operation in operations.values()
    ]
    assert len(set(names)) == len(names)


@EVERY_ROUTE
def test_the_document_says_what_a_route_demands(route: Route) -> None:
    """Security, roles, path parameters, device header and body are those of the table."""
    operation = document()["paths"][route.path][route.method.lower()]
    parameters = {(each["in"], each["name"]) for each in operation["parameters"]}

    assert (
        operation.get("security")
        == {
            Access.OPEN: [],
            Access.PROOF: [{"proof": []}],
            Access.MACHINE: [{"machine": []}],
            Access.OPERATOR: None,
        }[route.access]
    )
    assert ("x-roles" in operation) == (route.access is Access.OPERATOR)
    assert (("header", "X-Device-Id") in parameters) == (route.access is Access.OPERATOR)
    assert {name for where, name in parameters if where == "path"} == {
        part.strip("{}") for part in route.path.split("/") if part.startswith("{")
    }
    assert ("requestBody" in operation) == (route.body is not None)
    assert {"200", "201", "202", "204"} & set(operation["responses"])
    assert "500" in operation["responses"]
    if route.access is Access.OPERATOR:
        assert {"general_manager", "owner"} <= set(operation["x-roles"])
        assert {"401", "403", "404", "503"} <= set(operation["responses"])
