"""analytics-service: the key figures of a property's days, computed from the same ledger that inventory keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from platform_sim.days import near_day
from platform_sim.dialect import Dialect, Money
from platform_sim.kernel import Answer, Call, Route, Service, instant
from platform_sim.world.entities import NightResult, Text
from platform_sim.world.ledger import ledger_of

__all__ = ["SERVICE"]

_CENT_MICRO: Final = 10_000
_WEEK_DAYS: Final = 7
_LONGEST_DAYS: Final = 92


@dataclass(frozen=True, slots=True)
class _Metric:
    unit: str
    name: Text
    definition: Text
    figure: Callable[[Call, NightResult], object]


def _percent(_: Call, night: NightResult) -> float:
    return round(100 * night.sold / night.sellable, 1) if night.sellable else 0.0


def _per(call: Call, night: NightResult, rooms: int) -> object:
    cents = round(night.room_revenue.amount_micro / rooms / _CENT_MICRO) if rooms else 0
    return call.amount(Money(cents * _CENT_MICRO, night.room_revenue.currency))


_METRICS: Final = {
    "occupancy": _Metric(
        "percent",
        Text(
            "Occupancy",
            {"fr": "Taux d'occupation", "ar": "نسبة الإشغال", "fa-AF": "میزان اشغال", "ps-AF": "د نیولو کچه"},
        ),
        Text(
            "Rooms sold for the night by rooms that can be sold.",
            {"fr": "Chambres vendues pour la nuit sur chambres vendables."},
        ),
        _percent,
    ),
    "adr": _Metric(
        "currency",
        Text(
            "Average daily rate",
            {
                "fr": "Prix moyen par nuit",
                "ar": "متوسط السعر اليومي",
                "fa-AF": "نرخ متوسط روزانه",
                "ps-AF": "د ورځې منځنی نرخ",
            },
        ),
        Text(
            "Room revenue of the night by rooms sold.",
            {"fr": "Revenu hébergement de la nuit sur chambres vendues."},
        ),
        lambda call, night: _per(call, night, night.sold),
    ),
    "revpar": _Metric(
        "currency",
        Text(
            "Revenue per available room",
            {
                "fr": "Revenu par chambre disponible",
                "ar": "الإيراد لكل غرفة متاحة",
                "fa-AF": "درآمد هر اتاق موجود",
                "ps-AF": "د هرې شته خونې عاید",
            },
        ),
        Text(
            "Room revenue of the night by rooms that can be sold.",
            {"fr": "Revenu hébergement de la nuit sur chambres vendables."},
        ),
        lambda call, night: _per(call, night, night.sellable),
    ),
}


def metric_value(call: Call) -> Answer:
    """`GET /metrics/{metric}/value?date=`: a figure, that of the same weekday last week, and seven days up to it."""
    name, metric = _metric(call)
    day = near_day(call)
    week = [day - timedelta(days=back) for back in range(_WEEK_DAYS - 1, -1, -1)]
    return Answer(
        body={
            "metric": name,
            "unit": metric.unit,
            "date": day.isoformat(),
            "value": metric.figure(call, _night(call, day)),
            "previous": metric.figure(call, _night(call, day - timedelta(days=_WEEK_DAYS))),
            "series": [metric.figure(call, _night(call, each)) for each in week],
            "computedAt": instant(call.now),
        }
    )


def metric_series(call: Call) -> Answer:
    """`GET /metrics/{metric}/series?from=&to=`: one figure a day, both ends included."""
    name, metric = _metric(call)
    first, last = near_day(call, "from"), near_day(call, "to")
    if not 0 <= (last - first).days < _LONGEST_DAYS:
        raise call.invalid("to", f"at most {_LONGEST_DAYS} days, not before from")
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    items = [{"date": day.isoformat(), "value": metric.figure(call, _night(call, day))} for day in days]
    return Answer(body={"metric": name, "unit": metric.unit, "granularity": "day", "items": items, "nextCursor": None})


def metrics(_: Call) -> Answer:
    """`GET /metrics`: the figures that there are, each with its definition."""
    items = [
        {
            "metric": name,
            "unit": metric.unit,
            "name": metric.name.wire(),
            "definition": metric.definition.wire(),
            "version": 1,
        }
        for name, metric in _METRICS.items()
    ]
    return Answer(body={"items": items, "nextCursor": None})


def _metric(call: Call) -> tuple[str, _Metric]:
    name = call.params["metric"]
    if name not in _METRICS:
        raise call.not_found("metric")
    return name, _METRICS[name]


def _night(call: Call, day: date) -> NightResult:
    """A past night as it was closed; today and what comes as the ledger has it now."""
    past = call.world.history.get(call.property_id, [])
    if past and past[0].day <= day <= past[-1].day:
        return past[(day - past[0].day).days]
    night = ledger_of(call.world, call.property_id, call.now).house(day)
    currency = call.world.properties[call.property_id].currency
    return NightResult(
        day=day,
        sellable=night.sellable,
        sold=night.committed,
        room_revenue=Money(night.revenue_micro, currency),
    )


_ROOT: Final = "/api/v1/analytics"

SERVICE: Final = Service(
    name="analytics-service",
    dialect=Dialect(domain="ANALYTICS", property_place="query", key_format="uuid", error_extras=("violations",)),
    routes=(
        Route(method="GET", path=f"{_ROOT}/metrics", handler=metrics),
        Route(method="GET", path=f"{_ROOT}/metrics/{{metric}}/value", handler=metric_value, property="required"),
        Route(method="GET", path=f"{_ROOT}/metrics/{{metric}}/series", handler=metric_series, property="required"),
    ),
)
