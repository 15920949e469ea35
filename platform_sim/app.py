"""The simulator's HTTP application: services, control routes, console."""

from __future__ import annotations

from aiohttp import web

from platform_sim import console_files, control, google_routes
from platform_sim.dispatch import Dispatcher
from platform_sim.services import SERVICES
from platform_sim.simulator import Simulator

__all__ = ["build_app"]

_LARGEST_BODY = 2 * 1024 * 1024


def build_app(simulator: Simulator, *, bff_urls: tuple[str, ...] = (), proxy_url: str | None = None) -> web.Application:
    """Wire everything to its address. The catch-all of the services comes last."""
    app = web.Application(client_max_size=_LARGEST_BODY)
    control.add_routes(app, simulator)
    google_routes.add_routes(app, simulator)
    console_files.add_routes(app, bff_urls=bff_urls, proxy_url=proxy_url)
    dispatcher = Dispatcher(
        SERVICES,
        world=lambda: simulator.world,
        clock=simulator.clock,
        recorder=simulator.recorder,
        faults=simulator.faults,
        bus=simulator.bus,
        keys=simulator.keys,
    )
    app.router.add_route("*", "/{service:[a-z-]+-service}/{tail:.*}", dispatcher)
    return app
