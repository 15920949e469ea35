"""Nothing travels to an upstream that is not on the list: neither a client's header nor an operator's token."""

from __future__ import annotations

from bff_backoffice.infrastructure.http.headers import ALLOWED
from tests.isolation.every_route import ENDS_THE_SESSION, OPERATOR_ROUTES, request
from tests.worlds import World

WRITTEN = {
    "accept", "accept-language", "authorization", "content-type", "dpop", "idempotency-key", "if-match", "traceparent",
    "x-app-version", "x-device-id", "x-idempotency-key", "x-mfa-attestation", "x-occurred-at", "x-operator-id",
    "x-operator-roles", "x-property-id", "x-request-deadline", "x-request-id", "x-request-timeout-ms", "x-session-id",
    "x-tenant-id",
}  # fmt: skip
"""The list, written a second time: to let something new leave the service, two places have to be changed."""

OF_THE_TRANSPORT = {"host", "content-length", "accept-encoding", "connection", "user-agent", "transfer-encoding"}

STRANGE = {
    "Cookie": "theme=dark",
    "X_Forwarded_For": "203.0.113.7",
    "Forwarded": "for=203.0.113.7",
    "Proxy_Authorization": "Basic c29tZW9uZQ==",
    "X_Api_Key": "something",
    "Via": "1.1 somewhere",
    "X_Tenant_Id": "tnt_01JGFJJZ03J02SKYND46F9ZBK0",
    "X_Operator_Roles": "owner",
    "X_Mfa_Attestation": "mfa_01JGFJJZ03J02SKYND46F9ZBK0",
}
"""What a client may send and no upstream may see as it was sent."""


def test_the_list_is_the_one_that_is_written_here() -> None:
    """The client's own list and this one are the same."""
    assert set(ALLOWED) == WRITTEN


def test_every_outgoing_header_is_on_the_list(world: World) -> None:
    """Every route used, with headers that a client made up; the simulator saw what arrived."""
    desk = world.sign_in("general_manager")
    property_id = world.properties()[0]
    desk.get("/session")
    world.control("DELETE", "requests")

    for route in sorted(OPERATOR_ROUTES, key=lambda route: route.operation_id in ENDS_THE_SESSION):
        request(desk, route, property_id, **STRANGE)
    desk.refresh(Cookie="theme=dark")

    calls = world.control("GET", "requests").json()
    assert {call["service"] for call in calls} >= {"iam-service", "reservation-service", "billing-service"}
    for call in calls:
        headers = {name.lower(): value for name, value in call["headers"].items()}
        assert set(headers) <= WRITTEN | OF_THE_TRANSPORT, call["service"]
        assert not set(headers.values()) & set(STRANGE.values()), call["service"]
        assert desk.token not in str(headers), call["service"]
        if "dpop" in headers:
            assert (call["service"], call["path"].rpartition("/")[2]) == ("iam-service", "refresh")
