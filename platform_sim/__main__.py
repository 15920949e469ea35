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

from platform_sim.app import build_app
from platform_sim.bus import Bus
from platform_sim.simulator import Simulator

__all__ = ["main"]

_SHUTDOWN_SECONDS = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM. Exit status 1 where the port is taken."""
    options = _parser().parse_args(arguments)
    try:
        return uvloop.run(_serve(options))
    except OSError as failure:
        sys.stderr.write(f"platform-sim: can't listen on {options.host}:{options.port}: {failure.strerror}\n")
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
    parser.add_argument("--proxy-target", metavar="HOST:PORT", help="what stands behind that network")
    return parser


async def _serve(options: argparse.Namespace) -> int:
    redis = Redis.from_url(options.redis, decode_responses=True) if options.redis else None
    bus = Bus(redis)
    simulator = Simulator.begin(seed=options.seed, bus=bus)
    # A call whose client has gone is abandoned: its handler is cancelled where it waits.
    runner = web.AppRunner(build_app(simulator), handler_cancellation=True, access_log=None)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await runner.setup()
        site = web.TCPSite(runner, options.host, options.port, shutdown_timeout=_SHUTDOWN_SECONDS)
        await site.start()
        async with asyncio.TaskGroup() as tasks:
            publisher = tasks.create_task(bus.run())
            sys.stdout.write(f"platform-sim: seed {options.seed} at {_address(runner)}\n")
            sys.stdout.flush()
            await stop.wait()
            simulator.faults.lift()
            publisher.cancel()
    finally:
        await runner.cleanup()
        if redis is not None:
            with suppress(Exception):
                await redis.aclose()
    return 0


def _address(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"


if __name__ == "__main__":
    sys.exit(main())
