"""Reading one thing, or a list as its owner keeps it: reservations, folios, invoices, tasks, work orders, properties.

Contract sections 2.1 and 10. What is read here is asked for anew each time, because a desk reads it to act on it; only
a property's card is cached (`lookups_property`). An upstream that is away is a refusal, never half an answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from bff_backoffice.application.lookups_property import ShowProperty
from bff_backoffice.application.lookups_queries import (
    InvoiceQuery,
    LookUp,
    ReservationQuery,
    TaskQuery,
    WantedPage,
    WorkOrderQuery,
)
from bff_backoffice.application.lookups_rows import (
    FolioCard,
    InvoiceRow,
    ReservationCard,
    ReservationRow,
    TaskRow,
    WorkOrderRow,
)
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.upstream_pages import UpstreamPage
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.lookups import search_text
from bff_backoffice.domain.resource_ids import FolioId, ReservationId

__all__ = ["FindRows", "ListRows", "Lookups", "ShowOne"]


class OfProperty(Protocol):
    """Something that belongs to a property."""

    @property
    def property_id(self) -> str: ...


FoundT = TypeVar("FoundT", bound=OfProperty)
IdT_contra = TypeVar("IdT_contra", contravariant=True)
QueryT_contra = TypeVar("QueryT_contra", contravariant=True)
SearchT = TypeVar("SearchT", ReservationQuery, InvoiceQuery)
RowT = TypeVar("RowT")


class ReadsPage(Protocol[QueryT_contra, RowT]):
    """Reads a page of `call.property_id`'s rows, in their owner's order. Raises the `UpstreamError` family."""

    def __call__(
        self, call: CallContext, query: QueryT_contra, /, *, limit: int, cursor: str | None
    ) -> Awaitable[UpstreamPage[RowT]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOne(Generic[IdT_contra, FoundT]):
    """Show one thing of the property that the operator works in."""

    source: Source
    read: Callable[[CallContext, IdT_contra], Awaitable[FoundT]]
    """Reads it until `call.deadline`. Raises the `UpstreamError` family, a refusal with 404 for what is not there."""

    async def __call__(self, asked: LookUp, identifier: IdT_contra) -> FoundT:
        """Return it.

        Raises:
            Refusal: RESOURCE_NOT_FOUND for what belongs to another property, as for what does not exist.
            UpstreamError: what its owner answered instead.
        """
        found = await self.read(asked.call_of(self.source), identifier)
        if found.property_id != asked.operator.property_id:
            raise Refusal(Code.RESOURCE_NOT_FOUND)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRows(Generic[QueryT_contra, RowT]):
    """List what its owner has of the property that the operator works in."""

    source: Source
    read: ReadsPage[QueryT_contra, RowT]

    async def __call__(self, asked: LookUp, query: QueryT_contra, page: WantedPage) -> UpstreamPage[RowT]:
        """Return a page. Raises the `UpstreamError` family."""
        return await self.read(asked.call_of(self.source), query, limit=page.limit, cursor=page.cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRows(Generic[SearchT, RowT]):
    """List what answers to a text that somebody typed."""

    rows: ListRows[SearchT, RowT]
    meant: Callable[[str], str | None] = lambda _text: None
    """What else a text may mean that nothing answers to; at most one row answers to that."""

    async def __call__(self, asked: LookUp, query: SearchT, page: WantedPage) -> UpstreamPage[RowT]:
        """Return a page; an empty one where the text says nothing. Raises the `UpstreamError` family."""
        if query.text is None:
            return await self.rows(asked, query, page)
        text = search_text(query.text)
        if text is None:
            return UpstreamPage(items=[], next_cursor=None)
        # Both questions share one deadline: whoever waits has one.
        call = asked.call_of(self.rows.source)
        found = await self.rows.read(call, replace(query, text=text), limit=page.limit, cursor=page.cursor)
        otherwise = None if found.items or page.cursor else self.meant(text)
        if otherwise is None:
            return found
        return await self.rows.read(call, replace(query, text=otherwise), limit=page.limit, cursor=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """One field a plain read."""

    find_reservations: FindRows[ReservationQuery, ReservationRow]
    show_reservation: ShowOne[ReservationId, ReservationCard]
    show_folio: ShowOne[FolioId, FolioCard]
    find_invoices: FindRows[InvoiceQuery, InvoiceRow]
    list_tasks: ListRows[TaskQuery, TaskRow]
    list_work_orders: ListRows[WorkOrderQuery, WorkOrderRow]
    show_property: ShowProperty
