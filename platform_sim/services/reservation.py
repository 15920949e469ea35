"""reservation-service: arrivals, departures and who is in house, look-up, and the life of a reservation."""

from __future__ import annotations

from typing import Final

from platform_sim.dialect import Dialect
from platform_sim.kernel import Handler, Route, Service
from platform_sim.services import reservation_bookings as bookings
from platform_sim.services import reservation_reads as reads
from platform_sim.services import reservation_stays as stays

__all__ = ["SERVICE"]

_ROOT: Final = "/api/v1/reservations"


def _read(path: str, handler: Handler) -> Route:
    return Route(method="GET", path=f"{_ROOT}{path}", handler=handler, property="required")


def _write(path: str, handler: Handler, *, method: str = "POST") -> Route:
    return Route(method=method, path=f"{_ROOT}{path}", handler=handler, property="required", idempotency="required")


SERVICE: Final = Service(
    name="reservation-service",
    dialect=Dialect(
        domain="RESERVATION", property_place="header", key_format="ulid", error_extras=("violations", "tenantId")
    ),
    routes=(
        _read("", reads.look_up),
        _read("/arrivals/summary", reads.arrivals_summary),
        _read("/departures/summary", reads.departures_summary),
        _read("/in-house/summary", reads.in_house_summary),
        _read("/arrivals", reads.arrivals),
        _read("/departures", reads.departures),
        _read("/in-house", reads.in_house),
        _read("/stays", reads.stays),
        _read("/by-code/{code}", reads.by_code),
        _read("/{id}", reads.one),
        _write("", bookings.create),
        _write("/{id}", bookings.modify, method="PATCH"),
        _write("/{id}/check-in", stays.check_in),
        _write("/{id}/check-out", stays.check_out),
        _write("/{id}/cancel", bookings.cancel),
        _write("/{id}/no-show", bookings.mark_no_show),
        _write("/{id}/assign-room", bookings.assign_room),
    ),
)
