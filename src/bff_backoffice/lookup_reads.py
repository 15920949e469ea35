"""The plain reads, each put together with the gateway that answers it. A part of the composition root."""

from __future__ import annotations

from collections.abc import Callable

from bff_backoffice.application.lookups import FindRows, ListRows, Lookups, ShowOne
from bff_backoffice.application.lookups_property import ShowProperty
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.projections import Freshness
from bff_backoffice.application.read_through import ReadThrough
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.lookups import CARD_FALLBACK_FRESH_MS, CARD_FRESH_MS, CARD_KEPT_MS, code_meant
from bff_backoffice.gateways import Gateways

__all__ = ["lookups_of"]


def lookups_of(gateways: Gateways, *, read_through: Callable[..., ReadThrough], clock: Clock) -> Lookups:
    """Return the plain reads over these gateways."""
    cards = Freshness(fresh_ms=CARD_FRESH_MS, fallback_fresh_ms=CARD_FALLBACK_FRESH_MS, kept_ms=CARD_KEPT_MS)
    return Lookups(
        find_reservations=FindRows(
            rows=ListRows(source=Source.RESERVATION, read=gateways.reservation.find), meant=code_meant
        ),
        show_reservation=ShowOne(source=Source.RESERVATION, read=gateways.reservation.reservation),
        show_folio=ShowOne(source=Source.BILLING, read=gateways.billing.folio),
        find_invoices=FindRows(rows=ListRows(source=Source.BILLING, read=gateways.billing.invoices)),
        list_tasks=ListRows(source=Source.HOUSEKEEPING, read=gateways.housekeeping.tasks),
        list_work_orders=ListRows(source=Source.MAINTENANCE, read=gateways.maintenance.find),
        show_property=ShowProperty(
            reads=read_through(freshness=cards), read=gateways.property.property_record, clock=clock
        ),
    )
