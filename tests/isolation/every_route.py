"""Requests for every route of the table, so that a new route is under every test of this folder from its first day."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx2

from bff_backoffice.application.mutations_table import MUTATIONS as FORWARDED
from bff_backoffice.application.records import RECORDS
from bff_backoffice.presentation.route_table import Access, Route
from bff_backoffice.presentation.routes import ROUTES
from tests.desktop import Desktop

__all__ = [
    "ENDS_THE_SESSION", "KEYED", "MUTATIONS", "NOBODYS", "OPERATOR_ROUTES", "answered", "good_body", "name_of",
    "path_of", "query_of", "request", "served",
]  # fmt: skip

OPERATOR_ROUTES = tuple(route for route in ROUTES if route.access is Access.OPERATOR)
"""Whatever answers about an operator's own tenant."""

ENDS_THE_SESSION = frozenset({"sign_out"})

_ROWS = (*FORWARDED, *RECORDS)
MUTATIONS = frozenset(mutation.name for mutation in _ROWS)
"""What changes something at another service. Such a request carries a key, and is about a thing that does not exist, so
that the owning service says no and the world stays as it is."""

KEYED = MUTATIONS | {"put_preferences", "put_shortcuts"}
"""What needs a key. The two that are not in the table are about the operator, so they change something in any case."""

NOBODYS = "01JGFJJZ03J02SKYND46F9ZBK0"
"""The ULID of nothing."""

_LATE = frozenset({503, 504})
_TRIES = 20
_AGAIN_AFTER_SECONDS = 0.5
"""Together longer than a circuit breaker stays open."""

_MONEY = {"amountMicro": "1000000", "currency": "USD"}
_WHEN = {"arrivalDate": "2031-05-01", "departureDate": "2031-05-02"}
_BODIES: dict[str, dict[str, Any]] = {
    "issue_key": {"reservationId": f"rsv_{NOBODYS}", "kind": "pin_code"},
    "revoke_key": {"keyCredentialId": f"key_{NOBODYS}", "reason": "Lost"},
    "step_up": {
        "factor": "recovery",
        "proof": "nothing",
        "action": "lock.revoke_key",
        "resource": f"lck_{NOBODYS}",
    },
    "create_reservation": {**_WHEN, "guestName": "Somebody", "roomTypeId": f"rmt_{NOBODYS}"},
    "assign_room_reservation": {"roomId": f"rmu_{NOBODYS}"},
    "post_charge": {"description": "Tea", "amount": _MONEY},
    "post_payment": {"amount": _MONEY},
    "post_refund": {"amount": _MONEY, "reason": "Complaint"},
    "create_task": {"roomId": f"rmu_{NOBODYS}"},
    "assign_task": {"assigneeId": f"usr_{NOBODYS}"},
    "set_room_status": {"status": "dirty"},
    "create_work_order": {"title": "Nothing is broken", "roomId": f"rmu_{NOBODYS}"},
    "assign_work_order": {"assigneeId": f"usr_{NOBODYS}"},
    "decide_suggestion": {"decision": "reject", "reason": "Not today"},
    "record_activity": {"events": [{"kind": "board.opened", "occurredAt": "2026-11-22T10:00:00Z"}]},
    "report_heartbeat": {
        "sentAt": "2026-11-22T10:00:00Z",
        "queueDepth": 1,
        "networkProfile": "good",
        "appVersion": "1.4.2",
    },
    "put_preferences": {"density": "comfortable", "theme": "system", "pinnedWidgets": []},
    "put_shortcuts": {"overrides": {}},
    "hint_offline_queue": {"pending": 2, "oldestAt": "2026-11-22T10:00:00Z", "byKind": {"reservation.check_in": 2}},
    "negotiate_sync": {"scopes": ["property"], "protocolVersion": 1},
    "advance_sync_cursor": {"scope": "property", "value": "v1", "occurredAt": "2026-11-22T10:00:00Z"},
    "choose_session_property": {"propertyId": "{property}"},
}
"""A good body of each route that takes one. A route that is missing here fails its tests until it is added."""


_QUERIES = {"find_reservations": "query=gm", "get_sync_cursor": "scope=property"}
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
    if route.operation_id in MUTATIONS:
        (kind,) = [each.kind for each in _ROWS if each.name == route.operation_id]
        return f"{'' if kind is None else kind.prefix}_{NOBODYS}"
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
    body = _BODIES.get(route.operation_id, {}) if route.body_optional else _BODIES[route.operation_id]
    return {name: property_id if value == "{property}" else value for name, value in body.items()}


def served(route: Route, answer: httpx2.Response) -> bool:
    """Whether the request got through to its work. Of a mutation that is the owning service's word on nobody's thing.

    One that needs a second factor ends just before: at the demand for it.
    """
    if route.operation_id == "step_up":
        # The proof is nobody's, and after too many of them iam-service listens to no more.
        return answer.status_code in {401, 429}
    if route.operation_id not in MUTATIONS:
        return answer.status_code < 300
    return answer.status_code < 300 or answer.status_code in {401, 404, 409, 422}


def query_of(route: Route) -> str:
    """The good query of a route that demands one, with its question mark; else nothing."""
    query = _QUERIES.get(route.operation_id)
    return "" if query is None else f"?{query}"


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
    if route.operation_id in KEYED:
        headers.setdefault("X_Idempotency_Key", str(uuid.uuid4()))
    asked = "&".join(filter(None, (_QUERIES.get(route.operation_id), query.removeprefix("?"))))
    return desktop.request(
        route.method,
        path_of(route, desktop, path) + (f"?{asked}" if asked else ""),
        json_body=body if body is not None else good_body(route, property_id),
        **headers,
    )


def answered(desktop: Desktop, route: Route, property_id: str, **more: Any) -> httpx2.Response:
    """The same, asked again where a source or a store was late: hundreds of requests meet every stall there is."""
    answer = request(desktop, route, property_id, **more)
    for _ in range(_TRIES):
        if answer.status_code not in _LATE:
            break
        time.sleep(_AGAIN_AFTER_SECONDS)
        answer = request(desktop, route, property_id, **more)
    return answer
