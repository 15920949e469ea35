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

__all__ = ["Child", "python_command"]

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

    @property
    def pid(self) -> int:
        """The process id of the running child."""
        if self.process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self.process.pid

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
        process = self.process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def last_words(self, lines: int = 12) -> str:
        """The end of its log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""
