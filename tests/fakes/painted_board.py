"""Painting a board over a cache in memory, on a virtual clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from bff_backoffice.application.dashboard import DashboardRequest, StartFrame, WidgetFrame
from tests.fakes import virtual_time
from tests.fakes.memory_projections import MemoryProjections
from tests.fakes.scripted_board import (
    Board,
    NumberedTile,
    RecordingClient,
    opened_board,
    some_request,
)


def with_board(scenario: Callable[[Board, MemoryProjections], Awaitable[None]]) -> None:
    """Run over a cache in memory."""

    async def main() -> None:
        cache = MemoryProjections()
        async with opened_board(cache) as board:
            await scenario(board, cache)

    virtual_time.run(main())


async def paint(board: Board, request: DashboardRequest | None = None) -> tuple[StartFrame, dict[str, WidgetFrame]]:
    """Compose a board and return its start and its widgets."""
    client = RecordingClient()
    await board.compose(request or some_request(), client)
    (start,) = [frame for frame in client.frames if isinstance(frame, StartFrame)]
    return start, {frame.id: frame for frame in client.frames if isinstance(frame, WidgetFrame)}


def tile_of(frame: WidgetFrame) -> NumberedTile:
    """Decode a widget's data."""
    assert frame.data is not None
    return msgspec.json.decode(frame.data, type=NumberedTile)
