"""Whether this process can serve: its own stores only. An upstream's failure never makes it unready."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bff_backoffice.application.ports import StoreUnavailableError

__all__ = ["CheckReadiness"]

_CHECK_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReadiness:
    """Ask each store for nothing, all at once; returns each one's state: `ready`, `recovering` or `away`."""

    stores: Mapping[str, Callable[[], Awaitable[str]]]

    async def __call__(self) -> dict[str, str]:
        states: dict[str, str] = {}

        async def ask(name: str, check: Callable[[], Awaitable[str]]) -> None:
            try:
                async with asyncio.timeout(_CHECK_SECONDS):
                    states[name] = await check()
            except (StoreUnavailableError, TimeoutError):
                states[name] = "away"

        async with asyncio.TaskGroup() as group:
            for name, check in self.stores.items():
                group.create_task(ask(name, check))
        return dict(sorted(states.items()))
