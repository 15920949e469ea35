"""A running process: listens, owns its signals, drains, ends. The service and the worker are run from here."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any

import structlog
import uvicorn

from bff_backoffice.bootstrap import Service, open_service, open_worker
from bff_backoffice.infrastructure.observability import Metrics
from bff_backoffice.listener import HttpProtocol
from bff_backoffice.presentation.app import BackofficeApp
from bff_backoffice.presentation.cors import Cors
from bff_backoffice.presentation.responses import Receive, Send
from bff_backoffice.presentation.route_table import RouteTable
from bff_backoffice.presentation.routes import ROUTES
from bff_backoffice.presentation.words import LANGUAGES, known_messages
from bff_backoffice.settings import Settings

__all__ = ["serve", "work"]

_BACKLOG = 1024

Opened = Callable[[Settings, Metrics], AbstractAsyncContextManager[Service]]


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: they are the process's own business, and there are two servers in it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(settings: Settings, opened: Opened = open_service) -> None:
    """Answer requests until SIGINT or SIGTERM, then finish what is running, at most `drain_seconds`.

    `opened` is another service only in drills: no setting chooses it.
    """
    log, metrics = structlog.get_logger(), Metrics()
    stop = _stop_event()
    async with opened(settings, metrics) as service:
        listener = _listening_socket(settings)
        admin_listener = _bound(settings.admin_host, settings.admin_port, "BFF_ADMIN_PORT")
        public = _server(_application(settings, service, metrics), settings)
        admin = _server(_admin(metrics), settings)
        _keep_what_is_there()
        log.info("listening", host=settings.listen_host, port=listener.getsockname()[1], pid=os.getpid())
        async with asyncio.TaskGroup() as group:
            hub = service.use.live_events.hub
            hearing = group.create_task(hub.run())
            hinting = group.create_task(service.hints.run())
            serving = group.create_task(_run(public, listener))
            group.create_task(_run(admin, admin_listener))
            await stop.wait()
            log.info("draining", seconds=settings.drain_seconds)
            # The server waits for streams and has no word for them: they are told by those who hold them, meanwhile.
            public.should_exit = admin.should_exit = True
            await hub.drain(settings.drain_seconds)
            await serving
            hearing.cancel()
            hinting.cancel()
    log.info("stopped")


async def work(settings: Settings) -> None:
    """Receive platform events, relay the outbox and do the upkeep until SIGINT or SIGTERM."""
    log, metrics = structlog.get_logger(), Metrics()
    stop = _stop_event()
    name = f"{socket.gethostname()}:{os.getpid()}"
    async with open_worker(settings, metrics, name=name) as worker, asyncio.TaskGroup() as group:
        admin = _server(_admin(metrics), settings)
        admin_listener = _bound(settings.admin_host, settings.worker_admin_port, "BFF_WORKER_ADMIN_PORT")
        group.create_task(_run(admin, admin_listener))
        background = [
            group.create_task(each.run()) for each in (worker.events, worker.relay, worker.upkeep, worker.hints)
        ]
        log.info("working", consumer=name, admin=admin_listener.getsockname()[1])
        await stop.wait()
        admin.should_exit = True
        for each in background:
            each.cancel()
    log.info("stopped")


def _keep_what_is_there() -> None:
    """Take everything that the start has made out of the garbage collector's sight.

    Modules, messages and tables stay for as long as the process does, and to look through their hundred thousand
    objects takes 30 ms, which every request under way would wait for, once in a hundred dashboards.
    """
    for language in LANGUAGES.values():
        known_messages(language)
    gc.collect()
    gc.freeze()


def _application(settings: Settings, service: Service, metrics: Metrics) -> BackofficeApp:
    return BackofficeApp(
        table=RouteTable(ROUTES),
        use=service.use,
        cors=Cors(frozenset(settings.cors_origins)),
        observer=metrics,
        fresh_nonce=service.fresh_nonce,
        max_body_bytes=settings.max_body_bytes,
    )


def _admin(metrics: Metrics) -> Any:  # noqa: ANN401 - an ASGI application
    """`/metrics` and nothing else: this listener is for the platform's own eyes."""

    async def answer(scope: dict[str, Any], _receive: Receive, send: Send) -> None:
        found = scope["path"] == "/metrics"
        headers = [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")] if found else []
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
        await send({"type": "http.response.body", "body": metrics.exposition() if found else b""})

    return answer


def _server(application: Any, settings: Settings) -> _Server:  # noqa: ANN401 - an ASGI application
    return _Server(
        uvicorn.Config(
            application,
            http=HttpProtocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=int(settings.drain_seconds) or 1,
            backlog=_BACKLOG,
        )
    )


async def _run(server: _Server, listener: socket.socket) -> None:
    await server.serve(sockets=[listener])


def _listening_socket(settings: Settings) -> socket.socket:
    if settings.listen_fd is not None:
        return socket.socket(fileno=settings.listen_fd)
    return _bound(settings.listen_host, settings.listen_port, "BFF_LISTEN_PORT")


def _bound(host: str, port: int, setting: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(f"{host}:{port} can't be listened on ({error.strerror}). {setting} chooses another.") from error
    listener.listen(_BACKLOG)
    return listener


def _stop_event() -> asyncio.Event:
    """Set by SIGINT and SIGTERM, also where SIGINT was inherited as ignored."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    return stop
