"""Child processes of the developer world: started in order, watched, restarted when they die, ended in reverse."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bff_backoffice.dev.privileges import die_with_parent

__all__ = ["Child", "end", "python_command"]

_STOP_SECONDS: Final = 12.0
"""A little more than the service takes to drain."""


def python_command(*arguments: str) -> list[str]:
    """A command of this environment's interpreter."""
    return [sys.executable, "-X", "faulthandler", *arguments]


@dataclass(slots=True, kw_only=True)
class Child:
    """One child process. The kernel ends it when its parent is gone, however that went."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    folder: Path
    inherited: tuple[int, ...] = field(default=())
    """Open files that it keeps, such as a listening socket."""
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; its output goes to its log."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, env=dict(self.environment), cwd=self.folder, stdout=log, stderr=log,
                stdin=asyncio.subprocess.DEVNULL, pass_fds=self.inherited,
                # A session of its own: Ctrl-C is for the supervisor, which then ends everything in order.
                start_new_session=True, preexec_fn=lambda: die_with_parent(signal.SIGTERM),
            )  # fmt: skip

    async def stop(self) -> None:
        """Ask, wait, insist."""
        await end(self.process, signal.SIGTERM, patience_seconds=_STOP_SECONDS)


async def end(process: asyncio.subprocess.Process | None, first: signal.Signals, *, patience_seconds: float) -> None:
    """Send `first`, wait so long at most, then kill; returns when the process is gone, or at once if it is already."""
    if process is None or process.returncode is not None:
        return
    # A stopped process (SIGSTOP in a drill) would never see the request.
    process.send_signal(signal.SIGCONT)
    process.send_signal(first)
    try:
        async with asyncio.timeout(patience_seconds):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
