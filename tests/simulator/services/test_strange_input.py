"""Whatever a caller sends to these services, the answer is one in their own words and never a failure of theirs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.simulator.services.hotels import Hotel, Platform, ulid_key, uuid_key

INVENTORY = "/inventory-service/api/v1/inventory"
PRICING = "/pricing-service/v1/pricing"
ANALYTICS = "/analytics-service/api/v1/analytics"
ALERTS = "/notification-service/api/v1/alerts"
SUGGESTIONS = "/ai-orchestrator-service/api/v1/ai/suggestions"
SYNC = "/sync-service/sync/v1"
VALUES: tuple[Any, ...] = (None, True, 0, -1, 1.5, "", " ", "\u0000", [], [None], [{}], {}, {"a": []}, "9" * 5000)


@pytest.fixture(scope="module")
def creek(running) -> Hotel:
    """One hotel for all tests of this module: none of them looks at what the others left behind."""
    return Platform(running.url, datetime.now(UTC)).hotel("marjan-creek")


@pytest.mark.parametrize(
    "path",
    [
        f"{INVENTORY}/occupancy?date=9999-12-31",
        f"{INVENTORY}/calendar?from=9999-12-30&days=62",
        f"{INVENTORY}/calendar?days=0",
        f"{INVENTORY}/grid?roomTypeId=nothing",
        f"{INVENTORY}/grid?cursor=-1",
        f"{INVENTORY}/availability?start=0001-01-01&end=0001-01-02",
        f"{INVENTORY}/availability?roomTypeId=rty_x",
        f"{PRICING}/rates/snapshot?propertyId=PTY&date=0001-01-01",
        f"{PRICING}/rates/calendar?propertyId=PTY&from=9999-12-31",
        f"{PRICING}/rates/calendar?propertyId=PTY&ratePlanCode=%00",
        f"{ANALYTICS}/metrics/adr/value?propertyId=PPT&date=0001-01-03",
        f"{ANALYTICS}/metrics/adr/series?propertyId=PPT&from=0001-01-01&to=0001-01-02",
        f"{ALERTS}?propertyId=PPT&cursor=W10=",
        f"{ALERTS}?propertyId=PPT&cursor=WzEsMiwzLDQsNV0=",
        f"{ALERTS}?propertyId=PPT&cursor=bnVsbA==",
        f"{SUGGESTIONS}?propertyId=PPT&cursor=%E2%82%AC",
        f"{SUGGESTIONS}?propertyId=PPT&limit=1e3",
        f"{SYNC}/cursors?scopes=,",
    ],
)
def test_strange_queries_are_answered(creek: Hotel, path: str) -> None:
    """A query that means nothing is refused, or an empty answer; it is never a 5xx."""
    asked = path.replace("PTY", creek.as_property("pty")).replace("PPT", creek.property_id)
    assert creek.call("GET", asked).status < 500


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        (
            "POST",
            f"{PRICING}/quotes",
            {"propertyId": "PTY", "ratePlanCode": "BAR", "stayWindow": {}, "roomTypeIds": []},
        ),
        ("POST", f"{ALERTS}?propertyId=PPT", {"severity": "info", "title": {"default": "t"}, "body": {"default": "b"}}),
        ("POST", f"{ALERTS}/read", {"ids": []}),
        ("POST", f"{ALERTS}/ntf_1/acknowledge", {"note": "n"}),
        ("POST", f"{SUGGESTIONS}/sug_1/decide", {"decision": "modify", "reason": "r", "delta": {"a": 1}}),
        (
            "POST",
            f"{SUGGESTIONS}?propertyId=PPT",
            {
                "category": "c",
                "title": "t",
                "summary": "s",
                "confidence": 1,
                "subject": {},
                "proposal": {},
                "provenance": {},
            },
        ),
        ("POST", f"{SYNC}/handshake", {"protocolVersion": 1, "scopes": ["guest"]}),
        ("PUT", f"{SYNC}/cursors/guest", {"value": "1"}),
        ("POST", f"{SYNC}/push", {"activity": [{"eventId": "act_00000001", "kind": "k", "occurredAt": "x"}]}),
    ],
)
def test_strange_bodies_are_answered(creek: Hotel, method: str, path: str, body: dict[str, Any]) -> None:
    """Every member of a body in turn is something that it must not be, or missing; no answer is a 5xx."""
    asked = path.replace("PPT", creek.property_id)
    right = {name: creek.as_property("pty") if value == "PTY" else value for name, value in body.items()}
    for name in right:
        for wrong in [*({**right, name: value} for value in VALUES), {k: v for k, v in right.items() if k != name}]:
            key = uuid_key() if "pricing" in asked else ulid_key()
            answer = creek.call(method, asked, key=key, body=wrong)
            assert answer.status < 500, (wrong, answer)


@pytest.mark.parametrize("moment", ["", "x", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "2026-01-01"])
def test_strange_times_are_answered(creek: Hotel, moment: str) -> None:
    """A time of acting that can't be is refused or taken as now."""
    headers = {"X-Occurred-At": moment}
    moved = creek.call("PUT", f"{SYNC}/cursors/guest", key=ulid_key(), headers=headers, body={"value": "1"})
    assert moved.status in {200, 400}
