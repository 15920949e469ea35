"""The newest lines of an upstream's inbox: in one call as a rule, in a few where more of it waits for somebody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from bff_backoffice.application.inboxes import MOST_BYTES
from bff_backoffice.application.ports import CallContext
from bff_backoffice.infrastructure.http import UpstreamClient

__all__ = ["InboxPage", "InboxRead", "NewestLines", "newest_lines"]

T = TypeVar("T")

_MOST_PAGES: Final = 5
"""How many pages are read at most: an inbox in which more than these wait is not worked through line by line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxPage(Generic[T]):
    """A page, newest first. `waiting` counts what waits for somebody in the whole inbox, whatever is on the page."""

    items: Sequence[T]
    next_cursor: str | None
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRead(Generic[T]):
    """An inbox, ready to be asked for.

    `identity` is what no two lines share; `waits` tells a line that waits for somebody from one that is history.
    """

    operation: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    decode: Callable[[bytes], InboxPage[T]]
    identity: Callable[[T], str]
    waits: Callable[[T], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestLines(Generic[T]):
    """What was read. `truncated` says that the inbox has older lines too."""

    items: list[T]
    waiting: int
    truncated: bool


async def newest_lines(client: UpstreamClient, call: CallContext, read: InboxRead[T]) -> NewestLines[T]:
    """Return the first page, and more only as long as some of what waits is not among it; all within bounds.

    Raises what `UpstreamClient.read` raises.
    """
    found: dict[str, T] = {}
    size, waiting, cursor = 0, 0, None

    def decode(body: bytes) -> InboxPage[T]:
        nonlocal size
        size += len(body)
        # What is passed on undecoded would otherwise carry broken text to every client.
        body.decode("utf-8")
        return read.decode(body)

    for _ in range(_MOST_PAGES):
        page = await client.read(
            read.operation,
            read.path,
            bounds=call,
            headers=read.headers,
            query={**read.query, **({} if cursor is None else {"cursor": cursor})},
            decode=decode,
        )
        found.update((read.identity(line), line) for line in page.items)
        waiting, cursor = page.waiting, page.next_cursor
        if cursor is None or size >= MOST_BYTES or sum(map(read.waits, found.values())) >= waiting:
            break
    return NewestLines(items=list(found.values()), waiting=waiting, truncated=cursor is not None)
