"""What has to be looked after now and then: the partitions of the operators' ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from bff_backoffice.application.ports import StoreUnavailableError

__all__ = ["KeepLedger", "UpkeepObserver"]

_EVERY_S: Final = 3600.0
_AGAIN_S: Final = 60.0


class UpkeepObserver(Protocol):
    """Who counts."""

    def ledger_kept(self, made: int, dropped: int) -> None:
        """So many partitions were made, and so many dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepLedger:
    """Every hour: partitions for the next weeks, and none of more than 90 days ago. Several at once do no harm."""

    keep: Callable[[], Awaitable[tuple[int, int]]]
    observer: UpkeepObserver

    async def run(self) -> None:
        """Look after it for ever. A store that is away or busy is asked again after a minute."""
        while True:
            try:
                made, dropped = await self.keep()
            except StoreUnavailableError:
                await asyncio.sleep(_AGAIN_S)
                continue
            self.observer.ledger_kept(made, dropped)
            await asyncio.sleep(_EVERY_S)
