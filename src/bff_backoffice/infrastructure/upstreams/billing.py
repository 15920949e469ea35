"""billing-service: what is owed. It calls a property `prop_` and wraps its errors in `error`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from msgspec import structs
from msgspec.json import Decoder

from bff_backoffice.application.lookups_queries import InvoiceQuery
from bff_backoffice.application.lookups_rows import FolioCard, InvoiceRow
from bff_backoffice.application.mutations_ports import Forwarded, ForwardOrder
from bff_backoffice.application.ports import CallContext, UpstreamRefusedError
from bff_backoffice.application.tiles import BalancesTile
from bff_backoffice.application.upstream_pages import UpstreamPage
from bff_backoffice.application.workbench_lists import BalanceLine, BalanceList
from bff_backoffice.domain.resource_ids import FolioId
from bff_backoffice.infrastructure.dialect import (
    Count,
    Money,
    Wire,
    about,
    operator_headers,
    own_property,
    property_of,
    relabelled,
    said,
    ulid_of,
)
from bff_backoffice.infrastructure.forwarding import MutationDialect, carry_out
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient
from bff_backoffice.infrastructure.upstream_lists import ListRead, one_page, whole_list

__all__ = ["SERVICE", "BillingGateway"]

SERVICE: Final = Upstream(name="billing-service", limit_seconds=0.6, retries=1)
MUTATIONS: Final = MutationDialect(key_form="ulid", property_place="query", property_prefix="prop")

_NOT_FOUND: Final = 404


class _DayEnd(Wire, frozen=True):
    variance: Money


class _FoliosSummary(Wire, frozen=True):
    open_folios: Count
    overdue_folios: Count
    open_balance: Money
    day_end: _DayEnd


class _Folio(Wire, frozen=True):
    id: str
    property_id: str
    reservation_id: str
    status: str
    balance: Money
    reservation_code: str | None = None
    guest_name: str | None = None
    room_number: str | None = None


class _Pagination(Wire, frozen=True):
    next_cursor: str | None


class _Folios(Wire, frozen=True):
    items: list[_Folio]
    pagination: _Pagination


class _Invoices(Wire, frozen=True):
    items: list[InvoiceRow]
    pagination: _Pagination


_FOLIO: Final = Decoder(FolioCard)
"""The service names a folio's members as this one does; only two identifiers are others."""
_INVOICES: Final = Decoder(_Invoices)
_SUMMARY: Final = Decoder(_FoliosSummary)
_FOLIOS: Final = Decoder(_Folios)


@dataclass(frozen=True, slots=True)
class BillingGateway:
    """Folios and the day-end."""

    client: UpstreamClient

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Carry a mutation out, once for its upstream key. Raises the `UpstreamError` family."""
        return await carry_out(self.client, MUTATIONS, call, order)

    async def here(self, call: CallContext, resource_id: str) -> bool:
        """Whether the property has this folio. Raises the `UpstreamError` family."""
        try:
            await self.folio(call, FolioId(resource_id))
        except UpstreamRefusedError as refusal:
            if refusal.status == _NOT_FOUND or refusal.code.endswith(".MISMATCH"):
                return False
            raise
        return True

    async def balances(self, call: CallContext) -> BalancesTile:
        """Return the open folios, and how far the cash drawers are off (counted minus expected)."""
        return await self.client.read(
            "folios_summary",
            "/api/v1/folios/summary",
            bounds=call,
            headers=operator_headers(call),
            query={"propertyId": relabelled(property_of(call), "prop")},
            decode=_balances,
        )

    async def balance_list(self, call: CallContext) -> BalanceList:
        """Return the folios on which something may be owed now."""
        read = ListRead(
            operation="folio_list",
            path="/api/v1/folios",
            headers=operator_headers(call),
            query={"propertyId": relabelled(property_of(call), "prop"), "status": "running"},
            decode=partial(_folios, call),
        )
        return BalanceList(items=await whole_list(self.client, call, read))

    async def folio(self, call: CallContext, folio_id: FolioId) -> FolioCard:
        """Return one folio with every line on it."""
        return await self.client.read(
            "folio",
            f"/api/v1/folios/{folio_id}",
            bounds=call,
            headers=operator_headers(call),
            query={"propertyId": relabelled(property_of(call), "prop")},
            decode=partial(_folio, folio_id),
        )

    async def invoices(
        self, call: CallContext, query: InvoiceQuery, *, limit: int, cursor: str | None
    ) -> UpstreamPage[InvoiceRow]:
        """Return a page of the invoices that the query leaves, the newest first."""
        wanted = {"query": query.text, "status": query.status, "folioId": query.folio_id}
        read = ListRead(
            operation="invoices",
            path="/api/v1/invoices",
            headers=operator_headers(call),
            query={"propertyId": relabelled(property_of(call), "prop"), **said(wanted)},
            decode=partial(_invoices, call),
        )
        return await one_page(self.client, call, read, limit=limit, cursor=cursor)


def _folio(folio_id: FolioId, body: bytes) -> FolioCard:
    found = _FOLIO.decode(body)
    about(folio_id, found.id)
    return structs.replace(
        found,
        property_id=f"ppt_{ulid_of(found.property_id)}",
        reservation_id=f"rsv_{ulid_of(found.reservation_id)}",
    )


def _invoices(call: CallContext, body: bytes) -> UpstreamPage[InvoiceRow]:
    page = _INVOICES.decode(body)
    rows = [structs.replace(row, property_id=own_property(call, row.property_id)) for row in page.items]
    return UpstreamPage(items=rows, next_cursor=page.pagination.next_cursor)


def _folios(call: CallContext, body: bytes) -> UpstreamPage[BalanceLine]:
    page = _FOLIOS.decode(body)
    here = relabelled(property_of(call), "prop")
    if any(folio.property_id != here for folio in page.items):
        raise ValueError("a folio of another property")
    return UpstreamPage(items=[_balance_line(folio) for folio in page.items], next_cursor=page.pagination.next_cursor)


def _balance_line(folio: _Folio) -> BalanceLine:
    return BalanceLine(
        folio_id=folio.id,
        reservation_id=f"rsv_{ulid_of(folio.reservation_id)}",
        status=folio.status,
        balance=folio.balance.amount(),
        code=folio.reservation_code,
        guest_name=folio.guest_name,
        room_number=folio.room_number,
    )


def _balances(body: bytes) -> BalancesTile:
    summary = _SUMMARY.decode(body)
    return BalancesTile(
        open_folios=summary.open_folios,
        open_balance=summary.open_balance.amount(),
        overdue_folios=summary.overdue_folios,
        day_end_variance=summary.day_end.variance.amount(),
    )
