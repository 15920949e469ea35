"""`python -m platform_sim`: the platform simulator alone."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

import uvloop
from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError

from platform_sim.app import build_app
from platform_sim.bus import Bus
from platform_sim.network_proxy import NetworkProxy
from platform_sim.simulator import Simulator

__all__ = ["main"]

_SHUTDOWN_SECONDS = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM. Exit status 1 where the port is taken."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if (options.proxy_port is None) != (options.proxy_target is None):
        parser.error("--proxy-port and --proxy-target go together")
    try:
        return uvloop.run(_serve(options))
    except OSError as failure:
        sys.stderr.write(
            f"platform-sim: can't listen on {options.host}:{options.port}: {failure.strerror or failure}\n"
        )
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m platform_sim",
        description="The platform simulator: the fourteen services around the backend-for-frontend, one deterministic "
        "world, control routes under /_control and the reference console under /console/.",
        epilog="docs/platform-simulator.md tells how to sign in, break things and watch what happens.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8090, help="port; 0 takes a free one (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which world: the same seed, the same world (default: 1)")
    parser.add_argument("--redis", metavar="URL", help="the bus; without it events are only kept in memory")
    parser.add_argument(
        "--bff-url", default="", metavar="URL[,URL]", help="where the console finds the service; several are allowed"
    )
    parser.add_argument("--proxy-port", type=int, metavar="N", help="also listen here as a network that can be broken")
    parser.add_argument(
        "--proxy-target", type=_place, metavar="HOST:PORT", help="what stands behind that network (the service)"
    )
    return parser


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.removeprefix("http://").rstrip("/").rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not HOST:PORT")
    return host, int(port)


async def _serve(options: argparse.Namespace) -> int:
    redis = Redis.from_url(options.redis, decode_responses=True) if options.redis else None
    bus = Bus(redis)
    simulator = Simulator.begin(seed=options.seed, bus=bus)
    runner: web.AppRunner | None = None
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        proxy_url = await _start_network(options, simulator)
        bff_urls = tuple(url.strip().rstrip("/") for url in options.bff_url.split(",") if url.strip())
        app = build_app(simulator, bff_urls=bff_urls, proxy_url=proxy_url)
        # A call whose client has gone is abandoned: its handler is cancelled where it waits.
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        await web.TCPSite(runner, options.host, options.port).start()
        async with asyncio.TaskGroup() as tasks:
            publisher = tasks.create_task(bus.run())
            _announce(options, _address(runner), proxy_url)
            await stop.wait()
            publisher.cancel()
    finally:
        simulator.faults.lift()
        if simulator.network is not None:
            await simulator.network.stop()
        if runner is not None:
            await runner.cleanup()
        if redis is not None:
            with suppress(RedisError, OSError):
                await redis.aclose()
    return 0


async def _start_network(options: argparse.Namespace, simulator: Simulator) -> str | None:
    if options.proxy_port is None:
        return None
    simulator.network = NetworkProxy(*options.proxy_target)
    return f"http://{options.host}:{await simulator.network.start(options.host, options.proxy_port)}"


def _announce(options: argparse.Namespace, address: str, proxy_url: str | None) -> None:
    sys.stdout.write(f"platform-sim: seed {options.seed} at {address}\n")
    sys.stdout.write(f"platform-sim: console at {address}/console/\n")
    if proxy_url is not None:
        sys.stdout.write(f"platform-sim: network proxy at {proxy_url}\n")
    sys.stdout.flush()


def _address(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"


if __name__ == "__main__":
    sys.exit(main())
