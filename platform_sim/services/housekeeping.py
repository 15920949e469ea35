"""housekeeping-service: which rooms are clean, and who cleans the others."""

from __future__ import annotations

from typing import Final

from platform_sim.dialect import Dialect
from platform_sim.kernel import Handler, Need, Route, Service
from platform_sim.services import housekeeping_mutations as mutations
from platform_sim.services import housekeeping_reads as reads

__all__ = ["SERVICE"]

_ROOT: Final = "/api/v1/housekeeping"


def _read(path: str, handler: Handler, *, about: Need = "required") -> Route:
    return Route(method="GET", path=f"{_ROOT}{path}", handler=handler, property=about)


def _write(path: str, handler: Handler) -> Route:
    return Route(method="POST", path=f"{_ROOT}{path}", handler=handler, property="accepted", idempotency="required")


SERVICE: Final = Service(
    name="housekeeping-service",
    dialect=Dialect(
        domain="HOUSEKEEPING",
        property_place="query",
        property_prefix="prp",
        prefixes={"rmu": "rom", "usr": "stf"},
        key_format="uuid",
        error_extras=("i18nKey", "context"),
    ),
    routes=(
        _read("/rooms/summary", reads.rooms_summary),
        _read("/rooms", reads.rooms),
        _read("/rooms/{id}", reads.one_room, about="accepted"),
        _read("/tasks", reads.tasks),
        _read("/tasks/{id}", reads.one_task, about="accepted"),
        _write("/tasks", mutations.create),
        _write("/tasks/{id}/start", mutations.start),
        _write("/tasks/{id}/pause", mutations.pause),
        _write("/tasks/{id}/complete", mutations.complete),
        _write("/tasks/{id}/assign", mutations.assign),
        _write("/tasks/{id}/inspect", mutations.inspect),
        _write("/rooms/{id}/status", mutations.change_room_status),
    ),
)
