"""Requests for every route of the table, so that a new route is under every test of this folder from its first day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx2

from bff_backoffice.presentation.route_table import Access, Route
from bff_backoffice.presentation.routes import ROUTES
from tests.desktop import Desktop

__all__ = ["ENDS_THE_SESSION", "OPERATOR_ROUTES", "good_body", "name_of", "path_of", "request"]

OPERATOR_ROUTES = tuple(route for route in ROUTES if route.access is Access.OPERATOR)
"""Whatever answers about an operator's own tenant."""

ENDS_THE_SESSION = frozenset({"sign_out"})

_BODIES: dict[str, dict[str, Any]] = {
    "report_heartbeat": {
        "sentAt": "2026-11-22T10:00:00Z",
        "queueDepth": 1,
        "networkProfile": "good",
        "appVersion": "1.4.2",
    },
    "choose_session_property": {"propertyId": "{property}"},
}
"""A good body of each route that takes one. A route that is missing here fails its tests until it is added."""


_QUERIES = {"find_reservations": "query=gm"}
"""A good query of each route that demands one."""


def name_of(route: Route) -> str:
    """The handler's name, which names the test."""
    return route.operation_id


def path_of(route: Route, desktop: Desktop, given: Mapping[str, str] | None = None) -> str:
    """The route's path with good parameters, but for those that are given."""
    good = {"id": _good_id(route, desktop), "widgetId": "rooms"} | dict(given or {})
    return re.sub(r"\{(\w+)\}", lambda found: good[found[1]], route.path)


def _good_id(route: Route, desktop: Desktop) -> str:
    """Something of the operator's tenant, in its first property, of the kind that the path begins with."""
    (tenant,) = [each["tenantId"] for each in desktop.people["devices"] if each["id"] == desktop.device_id]
    property_id = next(each["id"] for each in desktop.people["properties"] if each["tenantId"] == tenant)
    stay = next(
        each
        for each in desktop.people["reservations"]
        if each["propertyId"] == property_id and each.get("folioId") and each.get("roomId")
    )
    good = {"properties": property_id, "reservations": stay["id"], "folios": stay["folioId"]}
    return str(good.get(route.path.split("/")[1], desktop.device_id))


def good_body(route: Route, property_id: str) -> Any:
    """A body that the route takes, or None where it takes none."""
    if route.body is None:
        return None
    body = _BODIES[route.operation_id]
    return {name: property_id if value == "{property}" else value for name, value in body.items()}


def request(
    desktop: Desktop,
    route: Route,
    property_id: str,
    *,
    path: Mapping[str, str] | None = None,
    query: str = "",
    body: Any = None,
    **headers: str | None,
) -> httpx2.Response:
    """One request of the route, good in every part that is not given."""
    asked = "&".join(filter(None, (_QUERIES.get(route.operation_id), query.removeprefix("?"))))
    return desktop.request(
        route.method,
        path_of(route, desktop, path) + (f"?{asked}" if asked else ""),
        json_body=body if body is not None else good_body(route, property_id),
        **headers,
    )
