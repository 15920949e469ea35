"""One recorded exchange per gateway method of the plain reads, in the form of `recorded.py`."""

from __future__ import annotations

from datetime import UTC, date, datetime

from bff_backoffice.application.lookups_queries import InvoiceQuery, ReservationQuery, TaskQuery, WorkOrderQuery
from bff_backoffice.application.lookups_rows import (
    Address,
    Charge,
    FolioCard,
    FolioTotals,
    Guest,
    InvoiceRow,
    Payment,
    Photo,
    PropertyRecord,
    Refund,
    ReservationCard,
    ReservationRow,
    RoomType,
    TaskRow,
    WorkOrderRow,
)
from bff_backoffice.application.texts import TextByLanguage
from bff_backoffice.application.upstream_pages import UpstreamPage
from bff_backoffice.domain.resource_ids import FolioId, ReservationId, RoomId
from bff_backoffice.infrastructure.upstreams.billing import BillingGateway
from bff_backoffice.infrastructure.upstreams.housekeeping import HousekeepingGateway
from bff_backoffice.infrastructure.upstreams.maintenance import MaintenanceGateway
from bff_backoffice.infrastructure.upstreams.property import PropertyGateway
from bff_backoffice.infrastructure.upstreams.reservation import ReservationGateway
from tests.contract.upstreams.recorded import (
    OPERATOR_HEADERS,
    ROOM_1,
    ROOM_2,
    THE_OPERATOR,
    THE_PROPERTY,
    ULID,
    Exchange,
    dollars,
    money,
    some_call,
)

__all__ = ["LOOKUPS"]

MORNING = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
THE_RESERVATION, THE_FOLIO = ReservationId(f"rsv_{ROOM_1}"), FolioId(f"fol_{ROOM_2}")
AT_THE_PROPERTY = {**OPERATOR_HEADERS, "x-property-id": THE_PROPERTY}

_CARD = {
    "id": THE_RESERVATION,
    "code": "GM-7KQ2PX",
    "guestName": "زهرا احمدی",
    "status": "in_house",
    "propertyId": THE_PROPERTY,
    "roomId": f"rmu_{ROOM_1}",
    "roomNumber": "204",
    "roomTypeId": f"rmt_{ULID}",
    "roomTypeName": {"default": "en", "values": {"en": "Deluxe", "fa-AF": "ویژه"}},
    "arrivalDate": "2026-11-20",
    "departureDate": "2026-11-23",
    "nights": 3,
    "adults": 2,
    "children": 1,
    "channel": "direct",
    "expectedAt": "2026-11-20T14:30:00+04:30",
    "checkedInAt": "2026-11-22T06:30:00Z",
    "checkedOutAt": "2026-11-22T06:30:00Z",
    "folioId": THE_FOLIO,
    "specialRequests": ["late arrival"],
    "flags": ["vip"],
    "version": 4,
}
_UNSAID = frozenset({"roomId", "roomNumber", "expectedAt", "checkedInAt", "checkedOutAt", "folioId", "channel"})
_NAMES = frozenset({"roomTypeName.values.en", "roomTypeName.values.fa-AF"})
_ROW = ReservationRow(
    id=THE_RESERVATION,
    code="GM-7KQ2PX",
    guest_name="زهرا احمدی",
    status="in_house",
    property_id=THE_PROPERTY,
    room_id=f"rmu_{ROOM_1}",
    room_number="204",
    room_type_id=f"rmt_{ULID}",
    room_type_name="ویژه",
    arrival_date=date(2026, 11, 20),
    departure_date=date(2026, 11, 23),
    nights=3,
    adults=2,
    children=1,
    channel="direct",
    expected_at=datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
    checked_in_at=MORNING,
    checked_out_at=MORNING,
    folio_id=THE_FOLIO,
    special_requests=["late arrival"],
    flags=["vip"],
    version=4,
)
_GUEST = {
    "id": f"gst_{ULID}",
    "name": "زهرا احمدی",
    "language": "fa-AF",
    "phone": "+93 70 0123456",
    "email": "zahra@example.com",
    "country": "AF",
    "vip": True,
}

_RESERVATIONS = (
    Exchange(
        name="reservation.find",
        ask=lambda client: ReservationGateway(client).find(
            some_call(),
            ReservationQuery(
                text="زهرا 0700",
                statuses=("confirmed", "in_house"),
                arrival_from=date(2026, 11, 1),
                arrival_to=date(2026, 11, 30),
            ),
            limit=3,
            cursor="WzFd",
        ),
        target="/api/v1/reservations?query=%D8%B2%D9%87%D8%B1%D8%A7+0700&status=confirmed%2Cin_house"
        "&arrivalFrom=2026-11-01&arrivalTo=2026-11-30&limit=3&cursor=WzFd",
        headers=AT_THE_PROPERTY,
        answer={"items": [_CARD], "nextCursor": "WzJd", "total": 1},
        result=UpstreamPage(items=[_ROW], next_cursor="WzJd"),
        tolerated=frozenset({"total"} | {f"items.0.{name}" for name in _UNSAID | _NAMES}),
    ),
    Exchange(
        name="reservation.reservation",
        ask=lambda client: ReservationGateway(client).reservation(some_call(), THE_RESERVATION),
        target=f"/api/v1/reservations/{THE_RESERVATION}",
        headers=AT_THE_PROPERTY,
        answer={
            **_CARD,
            "tenantId": f"tnt_{ULID}",
            "guest": _GUEST,
            "nightlyRate": money("120000000"),
            "total": money("360000000"),
            "notes": None,
            "createdAt": "2026-11-22T06:30:00Z",
            "cancelledAt": None,
        },
        result=ReservationCard(
            **{name: getattr(_ROW, name) for name in _ROW.__struct_fields__},
            guest=Guest(
                id=f"gst_{ULID}",
                name="زهرا احمدی",
                language="fa-AF",
                phone="+93 70 0123456",
                email="zahra@example.com",
                country="AF",
                vip=True,
            ),
            nightly_rate=dollars("120000000"),
            total=dollars("360000000"),
            notes=None,
            created_at=MORNING,
            cancelled_at=None,
        ),
        tolerated=_UNSAID
        | _NAMES
        | {"tenantId"}
        | {f"guest.{name}" for name in ("language", "phone", "email", "country", "vip")},
    ),
)

_BILLING = (
    Exchange(
        name="billing.folio",
        ask=lambda client: BillingGateway(client).folio(some_call(), THE_FOLIO),
        target=f"/api/v1/folios/{THE_FOLIO}?propertyId=prop_{ULID}",
        answer={
            "id": THE_FOLIO,
            "propertyId": f"prop_{ULID}",
            "reservationId": f"res_{ROOM_1}",
            "reservationCode": "GM-7KQ2PX",
            "guestName": "زهرا احمدی",
            "roomNumber": "204",
            "status": "open",
            "currency": "USD",
            "balance": money("-5000000"),
            "openedAt": "2026-11-22T06:30:00Z",
            "dueAt": None,
            "closedAt": None,
            "version": 2,
            "totals": {"charges": money("120000000"), "payments": money("130000000"), "refunds": money("5000000")},
            "charges": [
                {
                    "id": f"chg_{ULID}",
                    "folioId": THE_FOLIO,
                    "description": "Tea",
                    "category": "fnb",
                    "amount": money("60000000"),
                    "quantity": 2,
                    "total": money("120000000"),
                    "voided": False,
                    "postedAt": "2026-11-22T06:30:00Z",
                }
            ],
            "payments": [
                {
                    "id": f"fpm_{ULID}",
                    "folioId": THE_FOLIO,
                    "amount": money("130000000"),
                    "method": "cash",
                    "reference": None,
                    "receivedAt": "2026-11-22T06:30:00Z",
                }
            ],
            "refunds": [
                {
                    "id": f"frd_{ULID}",
                    "folioId": THE_FOLIO,
                    "paymentId": None,
                    "amount": money("5000000"),
                    "reason": "Cold",
                    "refundedAt": "2026-11-22T06:30:00Z",
                }
            ],
        },
        result=FolioCard(
            id=THE_FOLIO,
            property_id=THE_PROPERTY,
            reservation_id=THE_RESERVATION,
            reservation_code="GM-7KQ2PX",
            guest_name="زهرا احمدی",
            room_number="204",
            status="open",
            currency="USD",
            balance=dollars("-5000000"),
            totals=FolioTotals(charges=dollars("120000000"), payments=dollars("130000000"), refunds=dollars("5000000")),
            opened_at=MORNING,
            due_at=None,
            closed_at=None,
            version=2,
            charges=[
                Charge(
                    id=f"chg_{ULID}",
                    description="Tea",
                    category="fnb",
                    amount=dollars("60000000"),
                    quantity=2,
                    total=dollars("120000000"),
                    voided=False,
                    posted_at=MORNING,
                )
            ],
            payments=[
                Payment(
                    id=f"fpm_{ULID}", amount=dollars("130000000"), method="cash", reference=None, received_at=MORNING
                )
            ],
            refunds=[
                Refund(id=f"frd_{ULID}", payment_id=None, amount=dollars("5000000"), reason="Cold", refunded_at=MORNING)
            ],
        ),
        tolerated=frozenset(f"{name}.0.folioId" for name in ("charges", "payments", "refunds")),
    ),
    Exchange(
        name="billing.invoices",
        ask=lambda client: BillingGateway(client).invoices(
            some_call(), InvoiceQuery(text="ahm", status="issued", folio_id=THE_FOLIO), limit=50, cursor=None
        ),
        target=f"/api/v1/invoices?propertyId=prop_{ULID}&query=ahm&status=issued&folioId={THE_FOLIO}&limit=50",
        answer={
            "items": [
                {
                    "id": f"inv_doc_{ULID}",
                    "propertyId": f"prop_{ULID}",
                    "folioId": THE_FOLIO,
                    "number": "2026-000123",
                    "status": "issued",
                    "guestName": "Zahra Ahmadi",
                    "total": money("360000000"),
                    "issuedAt": "2026-11-22T06:30:00Z",
                }
            ],
            "pagination": {"nextCursor": None, "hasMore": False},
        },
        result=UpstreamPage(
            items=[
                InvoiceRow(
                    id=f"inv_doc_{ULID}",
                    property_id=THE_PROPERTY,
                    folio_id=THE_FOLIO,
                    number="2026-000123",
                    status="issued",
                    guest_name="Zahra Ahmadi",
                    total=dollars("360000000"),
                    issued_at=MORNING,
                )
            ],
            next_cursor=None,
        ),
        tolerated=frozenset({"pagination.hasMore"}),
    ),
)

_WORK = (
    Exchange(
        name="housekeeping.tasks",
        ask=lambda client: HousekeepingGateway(client).tasks(
            some_call(),
            TaskQuery(
                statuses=("open",), kinds=("turnover",), assignee_id=THE_OPERATOR, room_id=RoomId(f"rmu_{ROOM_1}")
            ),
            limit=10,
            cursor=None,
        ),
        target=f"/api/v1/housekeeping/tasks?propertyId=prp_{ULID}&status=open&kind=turnover"
        f"&assigneeId=stf_{ULID}&roomId=rom_{ROOM_1}&limit=10",
        answer={
            "items": [
                {
                    "id": f"hkt_{ULID}",
                    "propertyId": f"prp_{ULID}",
                    "roomId": f"rom_{ROOM_1}",
                    "roomNumber": "204",
                    "roomStatus": "dirty",
                    "floor": 2,
                    "reservationId": None,
                    "kind": "turnover",
                    "priority": "urgent",
                    "status": "assigned",
                    "source": "checkout",
                    "assigneeId": f"stf_{ULID}",
                    "assigneeName": "Laila",
                    "notes": None,
                    "createdAt": "2026-11-22T06:30:00Z",
                    "scheduledFor": None,
                    "startedAt": None,
                    "completedAt": None,
                    "inspectedAt": None,
                    "version": 1,
                }
            ],
            "nextCursor": None,
            "total": 1,
        },
        result=UpstreamPage(
            items=[
                TaskRow(
                    id=f"hkt_{ULID}",
                    property_id=THE_PROPERTY,
                    room_id=f"rmu_{ROOM_1}",
                    room_number="204",
                    room_status="dirty",
                    floor=2,
                    reservation_id=None,
                    kind="turnover",
                    priority="urgent",
                    status="assigned",
                    source="checkout",
                    assignee_id=THE_OPERATOR,
                    assignee_name="Laila",
                    notes=None,
                    created_at=MORNING,
                    scheduled_for=None,
                    started_at=None,
                    completed_at=None,
                    inspected_at=None,
                    version=1,
                )
            ],
            next_cursor=None,
        ),
        tolerated=frozenset({"total"}),
    ),
    Exchange(
        name="maintenance.find",
        ask=lambda client: MaintenanceGateway(client).find(
            some_call(),
            WorkOrderQuery(
                statuses=("active",),
                severities=("high", "critical"),
                category="hvac",
                assignee_id=THE_OPERATOR,
                room_id=RoomId(f"rmu_{ROOM_1}"),
            ),
            limit=10,
            cursor=None,
        ),
        target=f"/api/v1/maintenance/work-orders?status=active&severity=high%2Ccritical&category=hvac"
        f"&assigneeId={THE_OPERATOR}&roomId=rmu_{ROOM_1}&limit=10",
        headers={**OPERATOR_HEADERS, "x-property-id": f"prop_{ULID}"},
        answer={
            "items": [
                {
                    "id": f"mnt_{ULID}",
                    "propertyId": f"prop_{ULID}",
                    "title": "No heating",
                    "description": None,
                    "category": "hvac",
                    "severity": "critical",
                    "status": "assigned",
                    "source": "guest_complaint",
                    "blocksRoom": True,
                    "overdue": False,
                    "assigneeId": THE_OPERATOR,
                    "assigneeName": "Rahim",
                    "reportedBy": None,
                    "reportedAt": "2026-11-22T06:30:00Z",
                    "dueAt": None,
                    "resolvedAt": None,
                    "resolution": None,
                    "roomId": f"rmu_{ROOM_1}",
                    "roomNumber": "204",
                    "floor": 2,
                    "version": 3,
                }
            ],
            "nextCursor": None,
            "total": 1,
        },
        result=UpstreamPage(
            items=[
                WorkOrderRow(
                    id=f"mnt_{ULID}",
                    property_id=THE_PROPERTY,
                    title="No heating",
                    description=None,
                    category="hvac",
                    severity="critical",
                    status="assigned",
                    source="guest_complaint",
                    blocks_room=True,
                    overdue=False,
                    assignee_id=THE_OPERATOR,
                    assignee_name="Rahim",
                    reported_by=None,
                    reported_at=MORNING,
                    due_at=None,
                    resolved_at=None,
                    resolution=None,
                    room_id=f"rmu_{ROOM_1}",
                    room_number="204",
                    floor=2,
                    version=3,
                )
            ],
            next_cursor=None,
        ),
        tolerated=frozenset({"total", "items.0.roomId", "items.0.roomNumber", "items.0.floor"}),
    ),
)

_PROPERTIES = (
    Exchange(
        name="property.property_record",
        ask=lambda client: PropertyGateway(client).property_record(some_call()),
        target=f"/api/v1/properties/{THE_PROPERTY}",
        answer={
            "id": THE_PROPERTY,
            "slug": "kabul-grand",
            "name": {"default": "Kabul Grand", "values": {"en": "Kabul Grand", "fa": "کابل گرند"}},
            "description": {"default": "en", "values": {"en": "By the river"}},
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
            "roomTypes": [
                {
                    "id": f"rmt_{ULID}",
                    "name": {"default": "Deluxe", "values": {}},
                    "code": "DLX",
                    "maxGuests": 3,
                    "beds": "1 king",
                    "rooms": 40,
                }
            ],
            "photos": [
                {
                    "id": f"pht_{ROOM_1}",
                    "url": "https://cdn.example/1.svg",
                    "alt": {"default": "The lobby", "values": {}},
                },
                {"id": f"pht_{ROOM_2}", "url": "javascript:alert(1)", "alt": {"default": "Nothing", "values": {}}},
            ],
        },
        result=PropertyRecord(
            id=THE_PROPERTY,
            slug="kabul-grand",
            name=TextByLanguage(default="Kabul Grand", values={"en": "Kabul Grand", "fa": "کابل گرند"}),
            description=TextByLanguage(default="By the river", values={"en": "By the river"}),
            address=Address(
                line1="Airport Rd", native_script_line1="سرک میدان هوایی", city="Kabul", country_iso2="AF"
            ),
            timezone="Asia/Kabul",
            currency="AFN",
            rooms=300,
            check_in_time="14:00",
            check_out_time="12:00",
            room_types=[
                RoomType(
                    id=f"rmt_{ULID}",
                    name=TextByLanguage(default="Deluxe", values={}),
                    code="DLX",
                    max_guests=3,
                    beds="1 king",
                    rooms=40,
                )
            ],
            photos=[
                Photo(
                    id=f"pht_{ROOM_1}",
                    url="https://cdn.example/1.svg",
                    alt=TextByLanguage(default="The lobby", values={}),
                )
            ],
        ),
        tolerated=frozenset(
            {
                "localDate", "description", "description.values.en", "name.values.en", "name.values.fa",
                "address.nativeScriptLine1", "roomTypes.0.code", "roomTypes.0.maxGuests", "roomTypes.0.beds",
                "roomTypes.0.rooms", "photos.0.alt",
            }
        ),
    ),
)  # fmt: skip

LOOKUPS = (*_RESERVATIONS, *_BILLING, *_WORK, *_PROPERTIES)
"""All of them."""
