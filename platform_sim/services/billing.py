"""billing-service: guests' accounts, what is charged, paid and given back, and the invoices."""

from __future__ import annotations

from typing import Final

from platform_sim.dialect import Dialect
from platform_sim.kernel import Handler, Need, Route, Service
from platform_sim.services import billing_mutations as mutations
from platform_sim.services import billing_reads as reads

__all__ = ["SERVICE"]

_FOLIOS: Final = "/api/v1/folios"


def _read(path: str, handler: Handler, *, about: Need = "accepted") -> Route:
    return Route(method="GET", path=path, handler=handler, property=about)


def _write(path: str, handler: Handler, *, method: str = "POST") -> Route:
    return Route(method=method, path=f"{_FOLIOS}{path}", handler=handler, property="accepted", idempotency="required")


SERVICE: Final = Service(
    name="billing-service",
    dialect=Dialect(domain="BILLING", property_place="query", property_prefix="prop", errors="billing"),
    routes=(
        _read(f"{_FOLIOS}/summary", reads.folios_summary, about="required"),
        _read(_FOLIOS, reads.folios, about="required"),
        _read(f"{_FOLIOS}/{{id}}", reads.one_folio),
        _read(f"{_FOLIOS}/{{id}}/balance", reads.one_balance),
        _read(f"{_FOLIOS}/{{id}}/charges", reads.charges),
        _read(f"{_FOLIOS}/{{id}}/payments", reads.payments),
        _read(f"{_FOLIOS}/{{id}}/refunds", reads.refunds),
        _read("/api/v1/invoices", reads.invoices, about="required"),
        _read("/api/v1/invoices/{id}", reads.one_invoice),
        _write("/{id}/charges", mutations.post_charge),
        _write("/{id}/charges/{charge}", mutations.void_charge, method="DELETE"),
        _write("/{id}/payments", mutations.pay),
        _write("/{id}/refunds", mutations.refund),
        _write("/{id}/close", mutations.close),
        _write("/{id}/reopen", mutations.reopen),
    ),
)
