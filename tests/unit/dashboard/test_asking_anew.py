"""A reader who does not trust the cache: a forced reload of the board."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bff_backoffice.application.dashboard import StartFrame, WidgetFrame
from bff_backoffice.application.ports import UpstreamTimeoutError
from bff_backoffice.domain.dashboard import Outcome, WidgetId, WidgetState
from tests.fakes import virtual_time
from tests.fakes.memory_projections import MemoryProjections
from tests.fakes.scripted_board import RecordingClient, Script, opened_board, some_request


def test_a_board_that_is_asked_for_anew_takes_nothing_from_a_fresh_cache() -> None:
    """Every widget is loaded although the cache is fresh; what it had is shown first, or after a failure."""

    async def main() -> None:
        async with opened_board(MemoryProjections()) as board:
            await board.compose(some_request(), RecordingClient())
            board.sources.scripts[WidgetId.RATES] = Script(end="raise", failure=UpstreamTimeoutError("pricing-service"))
            await asyncio.sleep(1)
            client = RecordingClient()
            await board.compose(replace(some_request(), anew=True), client)
            first = client.frames[0]
            assert isinstance(first, StartFrame)
            assert {plan.state for plan in first.widgets} == {WidgetState.STALE}
            outcomes = {frame.id: frame.outcome for frame in client.frames if isinstance(frame, WidgetFrame)}
            assert outcomes.pop(WidgetId.RATES) is Outcome.STALE
            assert set(outcomes.values()) == {Outcome.FRESH}

    virtual_time.run(main())
