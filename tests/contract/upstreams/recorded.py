"""One recorded exchange per gateway method: what it must send, what the upstream answers, what it must make of that.

Written from `docs/upstreams.md`, member by member. `tolerated` lists the members that may be missing from the answer:
the ones that the page marks with `?`, and the ones that nobody here reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from bff_backoffice.application.dashboard_loaders import DueArrival, OccupancyPercent, RoomsSold
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.sessions.ports import RefreshedTokens, SessionValidation, TenantProfile
from bff_backoffice.application.tiles import (
    AlertLine,
    AlertsTile,
    BalancesTile,
    InHouseTile,
    KpiTile,
    MoneyAmount,
    MovementTile,
    NextGuest,
    OutlookDay,
    OutlookTile,
    PropertyTile,
    RateLine,
    RatesTile,
    RoomsTile,
    SuggestionLine,
    SuggestionsTile,
    WorkOrderLine,
    WorkOrdersTile,
)
from bff_backoffice.domain.operator import (
    DeviceId,
    IamSessionId,
    Operator,
    OperatorId,
    OperatorRole,
    PropertyId,
    TenantId,
)
from bff_backoffice.infrastructure.http import UpstreamClient
from bff_backoffice.infrastructure.upstreams.ai_orchestrator import AiOrchestratorGateway
from bff_backoffice.infrastructure.upstreams.analytics import AnalyticsGateway
from bff_backoffice.infrastructure.upstreams.billing import BillingGateway
from bff_backoffice.infrastructure.upstreams.housekeeping import HousekeepingGateway
from bff_backoffice.infrastructure.upstreams.iam import IamGateway
from bff_backoffice.infrastructure.upstreams.inventory import InventoryGateway
from bff_backoffice.infrastructure.upstreams.maintenance import MaintenanceGateway
from bff_backoffice.infrastructure.upstreams.notification import NotificationGateway
from bff_backoffice.infrastructure.upstreams.pricing import PricingGateway
from bff_backoffice.infrastructure.upstreams.property import PropertyGateway
from bff_backoffice.infrastructure.upstreams.reservation import ReservationGateway
from bff_backoffice.infrastructure.upstreams.tenant import TenantGateway

ULID = "01K9ZV6Y7R8S9T0V1W2X3Y4Z5A"
ROOM_1, ROOM_2 = "01K9ZV6Y7R8S9T0V1W2X3Y4Z5B", "01K9ZV6Y7R8S9T0V1W2X3Y4Z5C"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
THE_TENANT = TenantId(f"tnt_{ULID}")
THE_PROPERTY = PropertyId(f"ppt_{ULID}")
THE_OPERATOR = OperatorId(f"usr_{ULID}")
THE_DEVICE = DeviceId(f"dev_{ULID}")
THE_SESSION = IamSessionId(f"ses_{ULID}")


def some_call(*, locale: str = "fa-AF", seconds: float = 5.0) -> CallContext:
    """A call for the property, on behalf of an operator with two roles, that may take so many seconds."""
    return CallContext(
        tenant_id=THE_TENANT,
        property_id=THE_PROPERTY,
        operator_id=THE_OPERATOR,
        device_id=THE_DEVICE,
        roles=frozenset({OperatorRole.NIGHT_AUDITOR, OperatorRole.FRONT_DESK}),
        locale=locale,
        request_id=ULID,
        traceparent=f"00-{TRACE_ID}-b7ad6b7169203331-01",
        deadline=asyncio.get_running_loop().time() + seconds,
    )


OPERATOR_HEADERS = {
    "x-tenant-id": THE_TENANT,
    "x-operator-id": THE_OPERATOR,
    "x-operator-roles": "front_desk,night_auditor",
    "x-device-id": THE_DEVICE,
    "accept-language": "fa-AF",
}


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One call of a gateway. `target` is the path with its query; `headers` the dialect's, without the common ones."""

    name: str
    ask: Callable[[UpstreamClient], Awaitable[object]]
    target: str
    answer: Mapping[str, object]
    result: object
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=lambda: OPERATOR_HEADERS)
    body: Mapping[str, object] | None = None
    tolerated: frozenset[str] = frozenset()


def money(amount: str) -> dict[str, object]:
    """An amount in dollars."""
    return {"amountMicro": amount, "currency": "USD"}


def dollars(amount: str) -> MoneyAmount:
    """The same, as this service writes it."""
    return MoneyAmount(amount_micro=amount, currency="USD")


_MOVEMENT = {
    "propertyId": THE_PROPERTY,
    "date": "2026-11-22",
    "totalRooms": 12,
    "remainingRooms": 7,
    "totalGuests": 19,
    "next": [
        {
            "id": f"rsv_{ROOM_1}",
            "code": "GM-7KQ2PX",
            "guestName": "Zahra Ahmadi",
            "roomNumber": "204",
            "expectedAt": "2026-11-22T14:30:00+04:30",
        },
        {"id": f"rsv_{ROOM_2}", "code": "GM-81MMNA", "guestName": "Jean Morel"},
    ],
}
_MOVEMENT_TILE = MovementTile(
    date=date(2026, 11, 22),
    total_rooms=12,
    remaining_rooms=7,
    total_guests=19,
    next=[
        NextGuest(
            reservation_id=f"rsv_{ROOM_1}",
            code="GM-7KQ2PX",
            guest_name="Zahra Ahmadi",
            room_number="204",
            expected_at=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
        ),
        NextGuest(reservation_id=f"rsv_{ROOM_2}", code="GM-81MMNA", guest_name="Jean Morel"),
    ],
)
_MOVEMENT_TOLERATED = frozenset({"next.0.roomNumber", "next.0.expectedAt"})


def _figure(name: str) -> dict[str, object]:
    return {
        "metric": name,
        "unit": "currency",
        "date": "2026-11-22",
        "value": money("84500000"),
        "previous": money("80000000"),
        "series": [money(f"{80 + day}000000") for day in range(7)],
        "computedAt": "2026-11-22T09:55:00Z",
    }


_FIGURE_TILE = KpiTile(
    value=dollars("84500000"),
    previous=dollars("80000000"),
    series=[dollars(f"{80 + day}000000") for day in range(7)],
)
_FIGURE_TOLERATED = frozenset({"metric", "date", "computedAt"})


def _calendar() -> dict[str, object]:
    rows = [
        {
            "stayDate": f"2026-11-{22 + day % 9:02d}" if day < 9 else f"2026-12-{day - 8:02d}",
            "roomTypeId": f"rty_{room_type}",
            "total": 50,
            "held": 1,
            "committed": 20 + day,
            "oosBlocked": 5,
        }
        for day in range(14)
        for room_type in (ROOM_1, ROOM_2)
    ]
    return {"items": rows, "nextCursor": None}


_OUTLOOK_TILE = OutlookTile(
    days=[
        OutlookDay(
            date=date(2026, 11, 22 + day) if day < 9 else date(2026, 12, day - 8),
            occupancy_percent=round(100 * (40 + 2 * day) / 90, 1),
            sold_rooms=40 + 2 * day,
            available_rooms=50 - 2 * day,
        )
        for day in range(14)
    ]
)

DASHBOARD_EXCHANGES = (
    Exchange(
        name="analytics.occupancy",
        ask=lambda client: AnalyticsGateway(client).occupancy(some_call()),
        target=f"/api/v1/analytics/metrics/occupancy/value?propertyId={THE_PROPERTY}",
        answer={
            "metric": "occupancy",
            "unit": "percent",
            "date": "2026-11-22",
            "value": 81.25,
            "previous": 77,
            "series": [70.0, 71.5, 72, 73, 74, 75, 76],
            "computedAt": "2026-11-22T09:55:00Z",
        },
        result=OccupancyPercent(percent=81.2, previous_percent=77.0),
        tolerated=frozenset({"metric", "date", "series", "computedAt"}),
    ),
    Exchange(
        name="analytics.adr",
        ask=lambda client: AnalyticsGateway(client).adr(some_call()),
        target=f"/api/v1/analytics/metrics/adr/value?propertyId={THE_PROPERTY}",
        answer=_figure("adr"),
        result=_FIGURE_TILE,
        tolerated=_FIGURE_TOLERATED,
    ),
    Exchange(
        name="analytics.revpar",
        ask=lambda client: AnalyticsGateway(client).revpar(some_call()),
        target=f"/api/v1/analytics/metrics/revpar/value?propertyId={THE_PROPERTY}",
        answer=_figure("revpar"),
        result=_FIGURE_TILE,
        tolerated=_FIGURE_TOLERATED,
    ),
    Exchange(
        name="inventory.rooms_sold",
        ask=lambda client: InventoryGateway(client).rooms_sold(some_call()),
        target="/api/v1/inventory/occupancy",
        headers={**OPERATOR_HEADERS, "x-property-id": THE_PROPERTY},
        answer={
            "propertyId": THE_PROPERTY,
            "stayDate": "2026-11-22",
            "total": 120,
            "committed": 93,
            "held": 2,
            "oosBlocked": 4,
            "asOf": "2026-11-22T10:00:00Z",
        },
        result=RoomsSold(total=120, committed=93, out_of_order=4),
        tolerated=frozenset({"stayDate", "held", "asOf"}),
    ),
    Exchange(
        name="inventory.outlook",
        ask=lambda client: InventoryGateway(client).outlook(some_call()),
        target="/api/v1/inventory/calendar?days=14",
        headers={**OPERATOR_HEADERS, "x-property-id": THE_PROPERTY},
        answer=_calendar(),
        result=_OUTLOOK_TILE,
        tolerated=frozenset({"nextCursor", "items.0.roomTypeId", "items.0.held"}),
    ),
    Exchange(
        name="reservation.arrivals",
        ask=lambda client: ReservationGateway(client).arrivals(some_call()),
        target="/api/v1/reservations/arrivals/summary",
        headers={**OPERATOR_HEADERS, "x-property-id": THE_PROPERTY},
        answer=_MOVEMENT,
        result=_MOVEMENT_TILE,
        tolerated=_MOVEMENT_TOLERATED,
    ),
    Exchange(
        name="reservation.departures",
        ask=lambda client: ReservationGateway(client).departures(some_call()),
        target="/api/v1/reservations/departures/summary",
        headers={**OPERATOR_HEADERS, "x-property-id": THE_PROPERTY},
        answer=_MOVEMENT,
        result=_MOVEMENT_TILE,
        tolerated=_MOVEMENT_TOLERATED,
    ),
    Exchange(
        name="reservation.in_house",
        ask=lambda client: ReservationGateway(client).in_house(some_call()),
        target="/api/v1/reservations/in-house/summary",
        headers={**OPERATOR_HEADERS, "x-property-id": THE_PROPERTY},
        answer={
            "propertyId": THE_PROPERTY,
            "date": "2026-11-22",
            "totalRooms": 88,
            "remainingRooms": 74,
            "stayoverRooms": 70,
            "guests": 131,
        },
        result=InHouseTile(total_rooms=88, remaining_rooms=74, guests=131, stayover_rooms=70),
        tolerated=frozenset({"date"}),
    ),
    Exchange(
        name="reservation.due_arrivals",
        ask=lambda client: ReservationGateway(client).due_arrivals(some_call(), within_minutes=180),
        target="/api/v1/reservations/arrivals?status=due&dueWithinMinutes=180&limit=100",
        headers={**OPERATOR_HEADERS, "x-property-id": THE_PROPERTY},
        answer={
            "items": [
                {
                    "id": f"rsv_{ROOM_1}",
                    "code": "GM-7KQ2PX",
                    "guestName": "زهرا احمدی",
                    "roomId": f"rmu_{ROOM_2}",
                    "roomNumber": "204",
                    "roomTypeId": f"rmt_{ULID}",
                    "status": "confirmed",
                    "arrivalDate": "2026-11-22",
                    "departureDate": "2026-11-24",
                    "expectedAt": "2026-11-22T14:30:00+04:30",
                },
            ],
            "nextCursor": None,
        },
        result=(
            DueArrival(
                reservation_id=f"rsv_{ROOM_1}",
                code="GM-7KQ2PX",
                guest_name="زهرا احمدی",
                room_ulid=ROOM_2,
                room_number="204",
                expected_at=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
            ),
        ),
        tolerated=frozenset(
            f"items.0.{name}"
            for name in (
                "roomId", "roomNumber", "expectedAt", "roomTypeId", "status", "arrivalDate", "departureDate",
            )
        ),
    ),
    Exchange(
        name="housekeeping.rooms",
        ask=lambda client: HousekeepingGateway(client).rooms(some_call()),
        target=f"/api/v1/housekeeping/rooms/summary?propertyId=prp_{ULID}",
        answer={
            "propertyId": f"prp_{ULID}",
            "counts": {
                "dirty": 11,
                "cleaning": 3,
                "clean": 8,
                "inspected": 5,
                "ready": 90,
                "out_of_order": 2,
                "out_of_service": 1,
            },
            "total": 120,
            "asOf": "2026-11-22T10:00:00Z",
        },
        result=RoomsTile(
            dirty=11, cleaning=3, clean=8, inspected=5, ready=90, out_of_order=2, out_of_service=1, total=120
        ),
        tolerated=frozenset({"asOf"}),
    ),
    Exchange(
        name="housekeeping.room_statuses",
        ask=lambda client: HousekeepingGateway(client).room_statuses(some_call()),
        target=f"/api/v1/housekeeping/rooms?propertyId=prp_{ULID}&limit=500",
        answer={
            "items": [
                {"roomId": f"rom_{ROOM_1}", "number": "204", "status": "dirty"},
                {"roomId": f"rom_{ROOM_2}", "number": "205", "status": "ready"},
            ],
            "nextCursor": None,
        },
        result={ROOM_1: "dirty", ROOM_2: "ready"},
        tolerated=frozenset({"items.0.number"}),
    ),
    Exchange(
        name="maintenance.work_orders",
        ask=lambda client: MaintenanceGateway(client).work_orders(some_call()),
        target="/api/v1/maintenance/work-orders/summary",
        headers={**OPERATOR_HEADERS, "x-property-id": f"prop_{ULID}"},
        answer={
            "open": 9,
            "bySeverity": {"low": 2, "normal": 4, "high": 2, "critical": 1},
            "overdue": 3,
            "roomsBlocked": 2,
            "top": [
                {
                    "id": f"mnt_{ULID}",
                    "title": "Water heater",
                    "severity": "critical",
                    "status": "in_progress",
                    "roomNumber": "301",
                },
            ],
        },
        result=WorkOrdersTile(
            open=9,
            critical=1,
            high=2,
            overdue=3,
            rooms_blocked=2,
            items=[
                WorkOrderLine(
                    id=f"mnt_{ULID}", title="Water heater", severity="critical", status="in_progress", room_number="301"
                )
            ],
        ),
        tolerated=frozenset({"bySeverity.low", "bySeverity.normal", "top.0.roomNumber"}),
    ),
    Exchange(
        name="pricing.rates",
        ask=lambda client: PricingGateway(client).rates(some_call()),
        target=f"/v1/pricing/rates/snapshot?propertyId=pty_{ULID}",
        answer={
            "date": "2026-11-22",
            "items": [
                {
                    "roomTypeId": f"rmt_{ROOM_1}",
                    "name": {"default": "Deluxe", "values": {"en": "Deluxe", "fa": "لوکس"}},
                    "price": "125000000:USD",
                    "available": 4,
                },
                {"roomTypeId": f"rmt_{ROOM_2}", "name": {"default": "Suite", "values": {}}, "price": None},
            ],
        },
        result=RatesTile(
            items=[
                RateLine(
                    room_type_id=f"rmt_{ROOM_1}", name="لوکس", price=dollars("125000000"), available_rooms=4
                ),
                RateLine(room_type_id=f"rmt_{ROOM_2}", name="Suite", price=None),
            ]
        ),
        tolerated=frozenset({"date", "items.0.available", "items.0.name.values.en", "items.0.name.values.fa"}),
    ),
    Exchange(
        name="billing.balances",
        ask=lambda client: BillingGateway(client).balances(some_call()),
        target=f"/api/v1/folios/summary?propertyId=prop_{ULID}",
        answer={
            "openFolios": 61,
            "overdueFolios": 4,
            "openBalance": money("8123450000"),
            "dayEnd": {
                "businessDate": "2026-11-21",
                "expected": money("900000000"),
                "counted": money("893500000"),
                "variance": money("-6500000"),
            },
        },
        result=BalancesTile(
            open_folios=61,
            open_balance=dollars("8123450000"),
            overdue_folios=4,
            day_end_variance=dollars("-6500000"),
        ),
        tolerated=frozenset(
            {"dayEnd.businessDate"}
            | {
                f"dayEnd.{which}{member}"
                for which in ("expected", "counted")
                for member in ("", ".amountMicro", ".currency")
            }
        ),
    ),
    Exchange(
        name="notification.alerts",
        ask=lambda client: NotificationGateway(client).alerts(some_call()),
        target=f"/api/v1/alerts?propertyId={THE_PROPERTY}&status=unread&limit=5",
        answer={
            "items": [
                {
                    "id": f"ntf_{ROOM_1}",
                    "severity": "warning",
                    "title": {"default": "Linen is low", "values": {"fa-AF": "ملافه کم است"}},
                    "body": {"default": "…", "values": {}},
                    "raisedAt": "2026-11-22T09:00:00Z",
                    "propertyId": THE_PROPERTY,
                    "status": "unread",
                },
                {
                    "id": f"ntf_{ROOM_2}",
                    "severity": "critical",
                    "title": {"default": "Fire panel fault", "values": {}},
                    "body": {"default": "…", "values": {}},
                    "raisedAt": "2026-11-22T08:00:00Z",
                    "propertyId": THE_PROPERTY,
                    "status": "unread",
                },
            ],
            "nextCursor": None,
            "unread": 7,
            "bySeverity": {"info": 4, "warning": 2, "critical": 1},
        },
        result=AlertsTile(
            unread=7,
            critical=1,
            warning=2,
            items=[
                AlertLine(
                    id=f"ntf_{ROOM_2}",
                    severity="critical",
                    title="Fire panel fault",
                    raised_at=datetime(2026, 11, 22, 8, tzinfo=UTC),
                ),
                AlertLine(
                    id=f"ntf_{ROOM_1}",
                    severity="warning",
                    title="ملافه کم است",
                    raised_at=datetime(2026, 11, 22, 9, tzinfo=UTC),
                ),
            ],
        ),
        tolerated=frozenset(
            {"nextCursor", "bySeverity.info", "items.0.title.values.fa-AF"}
            | {f"items.0.{name}" for name in ("body", "body.default", "body.values", "propertyId", "status")}
        ),
    ),
    Exchange(
        name="ai_orchestrator.suggestions",
        ask=lambda client: AiOrchestratorGateway(client).suggestions(some_call()),
        target=f"/api/v1/ai/suggestions?propertyId={THE_PROPERTY}&status=open&limit=5",
        answer={
            "items": [
                {
                    "id": f"sug_{ULID}",
                    "category": "rate_change",
                    "title": "Raise the weekend rate",
                    "summary": "Demand is up",
                    "confidence": 0.82,
                    "status": "open",
                    "createdAt": "2026-11-22T07:00:00Z",
                    "propertyId": THE_PROPERTY,
                    "subject": {"type": "room_type", "id": f"rmt_{ULID}"},
                    "proposal": {"baselineAmountMicros": 120000000},
                    "provenance": {"modelId": "m"},
                }
            ],
            "nextCursor": None,
            "hasMore": False,
            "open": 3,
        },
        result=SuggestionsTile(
            open=3,
            items=[
                SuggestionLine(
                    id=f"sug_{ULID}", category="rate_change", title="Raise the weekend rate", confidence=0.82
                )
            ],
        ),
        tolerated=frozenset(
            {"nextCursor", "hasMore"}
            | {
                f"items.0.{name}"
                for name in (
                    "summary", "status", "createdAt", "propertyId", "subject", "subject.type", "subject.id", "proposal",
                    "proposal.baselineAmountMicros", "provenance", "provenance.modelId",
                )
            }
        ),
    ),
    Exchange(
        name="property.property_card",
        ask=lambda client: PropertyGateway(client).property_card(some_call()),
        target=f"/api/v1/properties/{THE_PROPERTY}",
        answer={
            "id": THE_PROPERTY,
            "slug": "kabul-grand",
            "name": {"default": "Kabul Grand", "values": {"en": "Kabul Grand", "fa": "کابل گرند"}},
            "address": {
                "line1": "Airport Rd",
                "nativeScriptLine1": "سرک میدان هوایی",
                "city": "Kabul",
                "countryIso2": "AF",
            },
            "timezone": "Asia/Kabul",
            "currency": "AFN",
            "localDate": "2026-11-22",
            "rooms": 300,
            "checkInTime": "14:00",
            "checkOutTime": "12:00",
            "coverPhoto": {"id": f"pht_{ULID}", "url": "https://cdn.example/cover.svg", "alt": "The lobby"},
            "roomTypes": [{"id": f"rmt_{ULID}", "name": {"default": "Deluxe", "values": {}}}],
            "photos": [],
        },
        result=PropertyTile(
            id=THE_PROPERTY,
            name="کابل گرند",
            city="Kabul",
            country="AF",
            timezone="Asia/Kabul",
            local_date=date(2026, 11, 22),
            rooms=300,
            photo_url="https://cdn.example/cover.svg",
            photo_alt="The lobby",
        ),
        tolerated=frozenset(
            {
                "slug", "address.line1", "address.nativeScriptLine1", "currency", "checkInTime", "checkOutTime",
                "coverPhoto", "coverPhoto.id", "coverPhoto.alt", "photos", "roomTypes", "roomTypes.0.id",
                "roomTypes.0.name", "roomTypes.0.name.default", "roomTypes.0.name.values",
                "name.values.en", "name.values.fa",
            }
        ),
    ),
)  # fmt: skip


def _bounds() -> dict[str, object]:
    return {
        "request_id": ULID,
        "traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-01",
        "deadline": asyncio.get_running_loop().time() + 5,
    }


SESSION_EXCHANGES = (
    Exchange(
        name="iam.validate_session",
        ask=lambda client: IamGateway(client, validate_seconds=5.0).validate_session(
            THE_SESSION,
            tenant_id=THE_TENANT,
            operator_id=THE_OPERATOR,
            device_id=THE_DEVICE,
            key_thumbprint="0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
            **_bounds(),
        ),
        method="POST",
        target=f"/api/v1/sessions/{THE_SESSION}/validate",
        headers={"x-tenant-id": f"ten_{ULID}", "x-device-id": THE_DEVICE},
        body={
            "userId": THE_OPERATOR,
            "deviceId": THE_DEVICE,
            "keyThumbprint": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
        },
        answer={"active": True, "userId": THE_OPERATOR, "deviceId": THE_DEVICE, "expiresAt": "2026-12-22T10:00:00Z"},
        result=SessionValidation(active=True),
        tolerated=frozenset({"expiresAt"}),
    ),
    Exchange(
        name="iam.refresh",
        ask=lambda client: IamGateway(client).refresh(
            "the-refresh-token", proof="the.desktops.proof", device_id=THE_DEVICE, **_bounds()
        ),
        method="POST",
        target="/api/v1/auth/refresh",
        headers={"dpop": "the.desktops.proof", "x-device-id": THE_DEVICE},
        body={"refreshToken": "the-refresh-token"},
        answer={"accessToken": "a.new.token", "refreshToken": "another", "tokenType": "DPoP", "expiresIn": 900},
        result=RefreshedTokens(access_token="a.new.token", refresh_token="another", expires_in=900),
        tolerated=frozenset({"tokenType"}),
    ),
    Exchange(
        name="tenant.operator",
        ask=lambda client: TenantGateway(client).operator(THE_TENANT, THE_OPERATOR, **_bounds()),
        target=f"/api/v1/tenants/{THE_TENANT}/operators/{THE_OPERATOR}",
        headers={"x-tenant-id": THE_TENANT},
        answer={
            "data": {
                "id": f"mbr_{ULID}",
                "userId": THE_OPERATOR,
                "tenantId": THE_TENANT,
                "displayName": "Laila Karimi",
                "state": "active",
                "roles": ["front_desk", "spa_wizard"],
                "propertyScope": [THE_PROPERTY, f"ppt_{ROOM_1}"],
                "locale": "fa-AF",
            }
        },
        result=Operator(
            id=THE_OPERATOR,
            tenant_id=THE_TENANT,
            display_name="Laila Karimi",
            roles=frozenset({OperatorRole.FRONT_DESK}),
            property_scope=(THE_PROPERTY, PropertyId(f"ppt_{ROOM_1}")),
            locale="fa-AF",
        ),
        tolerated=frozenset({"data.id"}),
    ),
    Exchange(
        name="tenant.tenant",
        ask=lambda client: TenantGateway(client).tenant(THE_TENANT, **_bounds()),
        target=f"/api/v1/tenants/{THE_TENANT}",
        headers={"x-tenant-id": THE_TENANT},
        answer={
            "data": {
                "id": THE_TENANT,
                "slug": "kabul-grand",
                "legalName": "Kabul Grand Ltd",
                "displayName": "Kabul Grand",
                "country": "AF",
                "status": "active",
                "theme": {"themeId": "thm_1", "version": 7, "bundleUrl": "https://cdn.example/theme.json"},
                "config": {
                    "defaultLocale": "fa-AF",
                    "locales": ["fa-AF", "en"],
                    "currencies": ["AFN", "USD"],
                    "appVersionFloor": "1.2.0",
                    "appVersionCurrent": "1.4.2",
                    "policy": {"issueKeyMfa": False, "chargeLimit": money("500000000")},
                },
            }
        },
        result=TenantProfile(
            id=THE_TENANT,
            slug="kabul-grand",
            display_name="Kabul Grand",
            status="active",
            theme_id="thm_1",
            theme_version="7",
            theme_bundle_url="https://cdn.example/theme.json",
            default_locale="fa-AF",
            locales=("fa-AF", "en"),
            currencies=("AFN", "USD"),
            app_version_floor="1.2.0",
            app_version_current="1.4.2",
            issue_key_needs_mfa=False,
            charge_limit=dollars("500000000"),
        ),
        tolerated=frozenset({"data.legalName", "data.country"}),
    ),
)

EXCHANGES = DASHBOARD_EXCHANGES + SESSION_EXCHANGES
