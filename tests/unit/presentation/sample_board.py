"""A board with every widget, as the use case would emit it: shared by the tests of this folder."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone

import msgspec

from bff_backoffice.application import tiles
from bff_backoffice.application.dashboard import EndFrame, StartFrame, WidgetFrame, WidgetPlan
from bff_backoffice.domain.dashboard import LAYOUT, CacheStatus, Outcome, WidgetId, WidgetState
from bff_backoffice.domain.operator import PropertyId, TenantId

NOW = datetime(2026, 11, 22, 9, 35, tzinfo=UTC)
TODAY = date(2026, 11, 22)
KABUL = timezone(timedelta(hours=4, minutes=30))
TENANT = TenantId("tnt_01HQ0000000000000000000001")
PROPERTY = PropertyId("ppt_01HQ0000000000000000000002")


def afghani(units: int) -> tiles.MoneyAmount:
    """An amount of afghani."""
    return tiles.MoneyAmount(amount_micro=str(units * 1_000_000), currency="AFN")


def at(hour: int, minute: int = 0) -> datetime:
    """A time of today on Kabul's clock."""
    return datetime(2026, 11, 22, hour, minute, tzinfo=KABUL)


def guest(name: str, code: str, hour: int, room: str | None) -> tiles.NextGuest:
    """A guest who is due."""
    return tiles.NextGuest(
        reservation_id=f"rsv_{code}", code=code, guest_name=name, room_number=room, expected_at=at(hour)
    )


def movement(*names: str, remaining: int = 9) -> tiles.MovementTile:
    """Arrivals or departures with these guests next."""
    rooms = ("204", None, "118", "305", "412")
    return tiles.MovementTile(
        date=TODAY,
        total_rooms=23,
        remaining_rooms=remaining,
        total_guests=41,
        next=[guest(name, f"KBL7Q{i}", 15 + i, rooms[i % 5]) for i, name in enumerate(names)],
    )


def kpi(units: int, before: int) -> tiles.KpiTile:
    """A money figure with its week."""
    series = [afghani(before + i * (units - before) // 6 + (-1) ** i * 90) for i in range(7)]
    return tiles.KpiTile(value=afghani(units), previous=afghani(before), series=series)


GUESTS = ("Amélie Dubois", "محمد عبد الرحمن", "فرزانه احمدی", "ګل محمد څاڅکی", "James O'Neill")

TILES: dict[WidgetId, tiles.Tile] = {
    WidgetId.OCCUPANCY: tiles.OccupancyTile(
        percent=78.4, sold_rooms=229, sellable_rooms=292, out_of_order_rooms=8, previous_percent=71.9
    ),
    WidgetId.ADR: kpi(7_450, 7_120),
    WidgetId.REVPAR: kpi(5_841, 6_010),
    WidgetId.ARRIVALS: movement(*GUESTS),
    WidgetId.DEPARTURES: movement(*reversed(GUESTS), remaining=4),
    WidgetId.IN_HOUSE: tiles.InHouseTile(total_rooms=229, remaining_rooms=206, guests=388, stayover_rooms=187),
    WidgetId.OUTLOOK: tiles.OutlookTile(
        days=[
            tiles.OutlookDay(
                date=TODAY + timedelta(days=i),
                occupancy_percent=[78.4, 82.1, 91.0, 103.4, 96.2, 64.0, 48.5][i % 7],
                sold_rooms=[229, 240, 266, 302, 281, 187, 142][i % 7],
                available_rooms=[63, 52, 26, -10, 11, 105, 150][i % 7],
            )
            for i in range(14)
        ]
    ),
    WidgetId.ROOMS: tiles.RoomsTile(
        dirty=42, cleaning=9, clean=31, inspected=18, ready=192, out_of_order=6, out_of_service=2, total=300
    ),
    WidgetId.ARRIVALS_AT_RISK: tiles.ArrivalsAtRiskTile(
        due_within_minutes=180,
        total=3,
        items=[
            tiles.ArrivalAtRisk(
                reservation_id=f"rsv_{i}",
                code=f"KBL9X{i}",
                guest_name=name,
                room_number=number,
                room_status=status,
                expected_at=at(15, 10 * i),
            )
            for i, (name, number, status) in enumerate(
                (("Mme Élise Fontaine", "207", "dirty"), ("احمد شاه نوری", "311", "cleaning"), ("Li Wei", None, None))
            )
        ],
    ),
    WidgetId.WORK_ORDERS: tiles.WorkOrdersTile(
        open=14,
        critical=1,
        high=3,
        overdue=2,
        rooms_blocked=5,
        items=[
            tiles.WorkOrderLine(
                id="mnt_1", title="No hot water", severity="critical", status="open", room_number="118"
            ),
            tiles.WorkOrderLine(
                id="mnt_2", title="Lift B stops at 3", severity="high", status="in_progress", room_number=None
            ),
            tiles.WorkOrderLine(
                id="mnt_3", title="دروازهٔ حمام خراب است", severity="normal", status="waiting_parts", room_number="402"
            ),
        ],
    ),
    WidgetId.RATES: tiles.RatesTile(
        items=[
            tiles.RateLine(room_type_id="rmt_1", name="Standard Double", price=afghani(6_200), available_rooms=34),
            tiles.RateLine(room_type_id="rmt_2", name="Deluxe Twin", price=afghani(8_900), available_rooms=21),
            tiles.RateLine(room_type_id="rmt_3", name="سویت خانوادگی", price=None, available_rooms=0),
        ]
    ),
    WidgetId.BALANCES: tiles.BalancesTile(
        open_folios=241, open_balance=afghani(1_834_500), overdue_folios=7, day_end_variance=afghani(-1_250)
    ),
    WidgetId.ALERTS: tiles.AlertsTile(
        unread=3,
        critical=1,
        warning=1,
        items=[
            tiles.AlertLine(id="ntf_1", severity="critical", title="Fire panel: zone 4 fault", raised_at=at(13, 40)),
            tiles.AlertLine(id="ntf_2", severity="warning", title="کارت‌خوان پذیرش وصل نیست", raised_at=at(13, 5)),
            tiles.AlertLine(id="ntf_3", severity="info", title="Group of 18 confirmed", raised_at=at(11, 30)),
        ],
    ),
    WidgetId.SUGGESTIONS: tiles.SuggestionsTile(
        open=2,
        items=[
            tiles.SuggestionLine(
                id="sug_1", category="pricing", title="Raise Deluxe Twin by 6 % for Wednesday", confidence=0.82
            ),
            tiles.SuggestionLine(
                id="sug_2", category="housekeeping", title="Clean 207 and 311 before 15:00", confidence=0.91
            ),
        ],
    ),
    WidgetId.PROPERTY: tiles.PropertyTile(
        id=str(PROPERTY),
        name="Kabul Serena Gardens",
        city="Kabul",
        country="AF",
        timezone="Asia/Kabul",
        local_date=TODAY,
        rooms=300,
        photo_url=None,
    ),
    WidgetId.DEVICES: tiles.DevicesTile(
        queued_actions=3,
        items=[
            tiles.DeviceLine(
                device_id="dev_01HQ00000000000000000000AB",
                status="online",
                last_heartbeat_at=at(14, 4),
                queued_actions=0,
                app_version="4.2.0",
                this_device=True,
            ),
            tiles.DeviceLine(
                device_id="dev_01HQ00000000000000000000CD", status="offline", last_heartbeat_at=None, queued_actions=3
            ),
        ],
    ),
}


def json_of(tile: tiles.Tile) -> msgspec.Raw:
    """A tile as its gateway leaves it: JSON that nobody decodes again."""
    return msgspec.Raw(msgspec.json.encode(tile))


def start_frame(*, stale: frozenset[WidgetId] = frozenset()) -> StartFrame:
    """The first frame of the whole board; `stale` widgets bring what was last known of them."""
    plans = tuple(
        WidgetPlan(
            id=row.id,
            kind=row.kind,
            span=row.span,
            deadline_ms=row.deadline_ms,
            state=WidgetState.STALE if row.id in stale else WidgetState.PENDING,
            as_of=NOW - timedelta(minutes=4) if row.id in stale else None,
            data=json_of(TILES[row.id]) if row.id in stale else None,
        )
        for row in LAYOUT.values()
    )
    return StartFrame(
        snapshot_id="dsh_01HQ0000000000000000000003",
        tenant_id=TENANT,
        property_id=str(PROPERTY),
        generated_at=NOW,
        widgets=plans,
        cache_status=CacheStatus.MISS,
    )


def widget_frame(
    widget: WidgetId,
    outcome: Outcome = Outcome.FRESH,
    *,
    tile: tiles.Tile | None = None,
    failure: Exception | None = None,
    data: bool = True,
) -> WidgetFrame:
    """One widget's end, with its sample tile unless `data` is False."""
    content = json_of(tile or TILES[widget]) if data else None
    return WidgetFrame(
        id=widget,
        outcome=outcome,
        as_of=NOW if data else None,
        age_ms={Outcome.FRESH: 0, Outcome.CACHED: 12_000}.get(outcome, 240_000) if data else None,
        upstream_ms=84 if data else None,
        sources=tuple(source.value for source in LAYOUT[widget].sources),
        data=content,
        failure=failure,
    )


def end_frame(frames: list[WidgetFrame]) -> EndFrame:
    """The end that fits these widgets."""
    outcomes = Counter(frame.outcome for frame in frames)
    return EndFrame(
        snapshot_id="dsh_01HQ0000000000000000000003",
        elapsed_ms=412,
        partial=not all(outcome.whole for outcome in outcomes),
        outcomes=dict(outcomes),
    )
