"""analytics-service: key figures that fit each other."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.simulator.services.hotels import Hotel, Platform

ROOT = "/analytics-service/api/v1/analytics"


def value(hotel: Hotel, metric: str, extra: str = "") -> dict[str, object]:
    """One figure of a property."""
    return dict(hotel.get(f"{ROOT}/metrics/{metric}/value?propertyId={hotel.property_id}{extra}"))


def micro(money: object) -> int:
    """The micro-units of an amount on the wire."""
    assert isinstance(money, dict)
    return int(money["amountMicro"])


def test_revpar_is_adr_times_occupancy(platform: Platform) -> None:
    """At every property, today and on each day of the week before, the three figures are of one night."""
    for prop in platform.world()["properties"]:
        hotel = platform.hotel(prop["slug"])
        occupancy, adr, revpar = (value(hotel, metric) for metric in ("occupancy", "adr", "revpar"))
        assert (occupancy["unit"], adr["unit"]) == ("percent", "currency")
        assert isinstance(adr["value"], dict)
        assert adr["value"]["currency"] == prop["currency"]
        pairs = list(zip(adr["series"], occupancy["series"], revpar["series"], strict=True))  # type: ignore[call-overload]  # the members are known to be lists
        assert len(pairs) == 7
        for rate, percent, per_room in pairs:
            assert micro(per_room) == pytest.approx(micro(rate) * percent / 100, rel=0.002)


def test_series_ends_with_the_value_and_previous_is_a_week_before(creek: Hotel) -> None:
    """The last of the seven days is the day that was asked for; `previous` is of the same weekday before."""
    today = value(creek, "adr")
    assert isinstance(today["series"], list)
    assert today["series"][-1] == today["value"]
    before = date.fromisoformat(str(today["date"])) - timedelta(days=7)
    assert value(creek, "adr", f"&date={before}")["value"] == today["previous"]


def test_a_long_series_has_a_value_for_each_day(creek: Hotel) -> None:
    """From four weeks back to two weeks ahead: past nights as they were closed, coming ones as they are booked."""
    today = date.fromisoformat(str(value(creek, "occupancy")["date"]))
    first, last = today - timedelta(days=28), today + timedelta(days=13)
    where = f"propertyId={creek.property_id}&from={first}&to={last}"
    items = creek.get(f"{ROOT}/metrics/occupancy/series?{where}")["items"]
    assert [item["date"] for item in items] == [(first + timedelta(days=number)).isoformat() for number in range(42)]
    assert all(0 < item["value"] <= 100 for item in items)


def test_every_metric_says_what_it_means(kabul: Hotel) -> None:
    """The list of metrics has a definition for each, and each can be read."""
    metrics = kabul.get(f"{ROOT}/metrics")["items"]
    assert {metric["metric"] for metric in metrics} == {"occupancy", "adr", "revpar"}
    for metric in metrics:
        assert metric["definition"]["default"]
        assert value(kabul, metric["metric"])["unit"] == metric["unit"]


def test_what_is_unknown_or_too_long_is_refused(kabul: Hotel) -> None:
    """An unknown metric is 404, a series backwards or of more than 92 days 400 with the place named."""
    unknown = kabul.call("GET", f"{ROOT}/metrics/happiness/value?propertyId={kabul.property_id}")
    assert (unknown.status, unknown.code) == (404, "MELMASTOON.ANALYTICS.METRIC_NOT_FOUND")
    for span in ("from=2026-01-02&to=2026-01-01", "from=2026-01-01&to=2026-12-01"):
        path = f"{ROOT}/metrics/adr/series?propertyId={kabul.property_id}&{span}"
        refused = kabul.call("GET", path)
        assert (refused.status, refused.body["violations"][0]["field"]) == (400, "to")
