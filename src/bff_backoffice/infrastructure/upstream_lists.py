"""Lists of upstreams: one page of them, or the whole list page after page, in as few calls as the upstream allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from bff_backoffice.application.ports import CallContext, UpstreamInvalidResponseError
from bff_backoffice.application.upstream_pages import UpstreamPage
from bff_backoffice.infrastructure.http import UpstreamClient

__all__ = ["LONGEST_PAGE", "ListRead", "one_page", "whole_list"]

T = TypeVar("T")

LONGEST_PAGE: Final = 500
"""The most that a page of any upstream may have: fifteen hundred arrivals are three calls."""
_MOST_PAGES: Final = 10
"""Five thousand of anything at once is more than any property has: a cursor that goes on is a loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRead(Generic[T]):
    """A list of an upstream, ready to be asked for. `operation` names it in metrics; `query` holds its filters.

    What `decode` makes of a page keeps the upstream's own cursor.
    """

    operation: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    decode: Callable[[bytes], UpstreamPage[T]]


async def one_page(
    client: UpstreamClient, call: CallContext, read: ListRead[T], *, limit: int, cursor: str | None
) -> UpstreamPage[T]:
    """Return the page behind this cursor, or the first one. Raises what `UpstreamClient.read` raises."""
    after = {} if cursor is None else {"cursor": cursor}
    return await client.read(
        read.operation,
        read.path,
        bounds=call,
        headers=read.headers,
        query={**read.query, "limit": str(limit), **after},
        decode=read.decode,
    )


async def whole_list(
    client: UpstreamClient, call: CallContext, read: ListRead[T], *, page_size: int = LONGEST_PAGE
) -> list[T]:
    """Return every row of the list, in the upstream's order.

    Raises:
        UpstreamInvalidResponseError: the list does not end.
        UpstreamError: what `UpstreamClient.read` raises.
    """
    found: list[T] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await one_page(client, call, read, limit=page_size, cursor=cursor)
        found.extend(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise UpstreamInvalidResponseError(client.name, f"a list that does not end: {read.operation}")
