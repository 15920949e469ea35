"""A page of a list that an upstream keeps in order, filters and cuts: its rows and its own word for what follows."""

from __future__ import annotations

from typing import Generic, TypeVar

from bff_backoffice.application.tiles import Tile

__all__ = ["UpstreamPage"]

T = TypeVar("T")


class UpstreamPage(Tile, Generic[T], frozen=True, kw_only=True):
    """Rows in the list's order; `next_cursor` is the upstream's, None at the end."""

    items: list[T]
    next_cursor: str | None
