"""A server that speaks Redis's protocol by a script, for what a real one does only in bad weather."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from hiredis import Reader

__all__ = ["RUN_ID", "ScriptedServer", "scripted"]

RUN_ID = "r" * 40

Script = Callable[["ScriptedServer", list[bytes]], bytes | None]
"""What to answer to a command; None for nothing."""


class ScriptedServer:
    """Greets as Redis does and leaves the rest to its script. `connections` holds what each of them was asked."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.connections: list[list[list[bytes]]] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.asked = asyncio.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        commands: list[list[bytes]] = []
        self.connections.append(commands)
        self.writers.append(writer)
        parser = Reader()
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                parser.feed(data)
                while (command := parser.gets()) is not False:
                    commands.append(command)
                    answer = self._answer(command)
                    if answer is not None:
                        writer.write(answer)
                    self.asked.set()
        writer.close()

    def _answer(self, command: list[bytes]) -> bytes | None:
        if command[0] == b"INFO":
            text = f"# Server\r\nrun_id:{RUN_ID}\r\n".encode()
            return b"$%d\r\n%b\r\n" % (len(text), text)
        if command[0] in {b"AUTH", b"SELECT", b"CLIENT"}:
            return b"+OK\r\n"
        return self._script(self, command)


@asynccontextmanager
async def scripted(script: Script, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedServer]:
    """A scripted server on a free port; at the end every connection is closed and its handler has ended."""
    server = ScriptedServer(script)
    handlers: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        await server.serve(reader, writer)

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for writer in server.writers:
            writer.transport.abort()
        if handlers:
            await asyncio.wait(handlers, timeout=5)
