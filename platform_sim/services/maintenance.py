"""maintenance-service: what is broken, who mends it, and which rooms can't be sold meanwhile."""

from __future__ import annotations

from typing import Final

from platform_sim.dialect import Dialect
from platform_sim.kernel import Handler, Need, Route, Service
from platform_sim.services import maintenance_mutations as mutations
from platform_sim.services import maintenance_reads as reads

__all__ = ["SERVICE"]

_ROOT: Final = "/api/v1/maintenance/work-orders"


def _read(path: str, handler: Handler, *, about: Need = "required") -> Route:
    return Route(method="GET", path=f"{_ROOT}{path}", handler=handler, property=about)


def _write(path: str, handler: Handler, *, about: Need = "accepted") -> Route:
    return Route(method="POST", path=f"{_ROOT}{path}", handler=handler, property=about, idempotency="required")


SERVICE: Final = Service(
    name="maintenance-service",
    dialect=Dialect(
        domain="MAINTENANCE",
        property_place="header",
        property_prefix="prop",
        idempotency_header="X-Idempotency-Key",
        error_extras=("correlationId", "i18nKey", "context"),
    ),
    routes=(
        _read("/summary", reads.summary),
        _read("", reads.listed),
        _read("/{id}", reads.one, about="accepted"),
        _write("", mutations.create, about="required"),
        _write("/{id}/assign", mutations.assign),
        _write("/{id}/start", mutations.start),
        _write("/{id}/block", mutations.block),
        _write("/{id}/resume", mutations.resume),
        _write("/{id}/resolve", mutations.resolve),
        _write("/{id}/verify", mutations.verify),
        _write("/{id}/cancel", mutations.cancel),
    ),
)
