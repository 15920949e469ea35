"""Pages of lists: `?cursor=&limit=` as they are read, and cursors as they go out (contract, section 10).

A cursor is opaque to the client and no secret: base64url of JSON. Nothing is granted by it, since whoever shows one is
asked for tenant, property and role as without it.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final, Generic, TypeVar

import msgspec

from bff_backoffice.presentation.exchange import Exchange, malformed
from bff_backoffice.presentation.query_parts import number_of, number_parameter
from bff_backoffice.presentation.route_table import Parameter

__all__ = [
    "MOST_ROWS", "ListAnswer", "cursor_parameter", "cursor_text", "cursor_value", "limit_of", "limit_parameter",
]  # fmt: skip

T = TypeVar("T")

MOST_ROWS: Final = 500
"""How many rows a client can ask for at once: as many as the platform's services give."""
_LONGEST_CURSOR: Final = 2_000


class ListAnswer(msgspec.Struct, Generic[T], frozen=True, kw_only=True, rename="camel"):
    """A page of a list; `nextCursor` is null on the last one."""

    items: list[T]
    next_cursor: str | None


def limit_of(exchange: Exchange, *, default: int) -> int:
    """Return how many rows the client wants at most.

    Raises:
        Refusal: VALIDATION_FAILED for what is no number from 1 to `MOST_ROWS`.
    """
    return number_of(exchange, "limit", default=default, most=MOST_ROWS)


def limit_parameter(*, default: int) -> Parameter:
    """Return the description of what `limit_of` reads."""
    return number_parameter("limit", "At most so many rows.", default=default, most=MOST_ROWS)


def cursor_parameter(same: str) -> Parameter:
    """Return the description of a cursor, which belongs to what `same` names, such as "the same filters"."""
    return Parameter("cursor", "query", f"The `nextCursor` of the page before, with {same}.")


def cursor_text(value: msgspec.Struct) -> str:
    """Return the cursor that stands for this value."""
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


def cursor_value(exchange: Exchange, decoder: msgspec.json.Decoder[T]) -> T | None:
    """Return what the request's cursor stands for; None where it has none.

    Raises:
        Refusal: VALIDATION_FAILED for a text that is no cursor.
    """
    text = exchange.one("cursor")
    if text is None:
        return None
    try:
        padded = text[:_LONGEST_CURSOR] + "=" * (-len(text) % 4)
        return decoder.decode(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise malformed("query.cursor", "malformed", "Send a nextCursor of this list.") from None
