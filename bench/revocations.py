"""How soon the stream of a revoked session is closed, whichever of two replicas holds it."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvloop

from bench.desktops import Desktop
from bench.listening import Listener, open_listeners, sign_in_listeners, times_of, until_all
from bench.load import percentiles
from bench.world import World, call, start_world

__all__ = ["Revocations", "revocation_line", "revocations_alone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocations:
    """From the publication that a session was revoked to the end of its stream, in ms as p50, p95, p99.

    `held` is how many of the streams each replica had. `open` counts those that stayed open for 20 s.
    """

    held: tuple[int, ...]
    closed: tuple[float, float, float]
    open: int


def _held(world: World) -> tuple[int, ...]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    pages = [opener.open(f"{admin}/metrics", timeout=20).read().decode() for admin in world.admins]
    return tuple(int(float(page.partition("\nbff_backoffice_live_streams ")[2].split()[0])) for page in pages)


async def _measured(world: World, count: int) -> Revocations:
    desktops = sign_in_listeners(world, count)
    opened: list[tuple[Desktop, Listener]] = []
    for desktop in desktops:
        request = partial(desktop.request, world.bff, "/sse/stream")
        listeners, _ = await open_listeners(world.bff, [request], b"session.ready")
        opened += [(desktop, each) for each in listeners]
    held = _held(world)
    times: list[float] = []
    for desktop, listener in opened:
        payload = {"sessionId": desktop.session_id, "userId": desktop.operator_id, "reason": "lost"}
        body = {
            "subject": "melmastoon.iam.session.revoked.v1", "tenantId": desktop.tenant_id, "payload": payload,
        }  # fmt: skip
        began = time.monotonic()
        await asyncio.to_thread(call, "POST", f"{world.simulator}/_control/events", body=body)
        times += times_of(await until_all([listener.closed]), began)
    return Revocations(held=held, closed=percentiles(times), open=len(opened) - len(times))


def revocations_alone(folder: Path, count: int) -> Revocations:
    """Start a world with two processes, and revoke so many sessions one after the other."""
    with start_world(folder / "replicas", workers=2) as world:
        return uvloop.run(_measured(world, count))


def revocation_line(revoked: Revocations) -> str:
    """The figures as a sentence."""
    times = " / ".join(f"{value:.0f}" for value in revoked.closed)
    held = " and ".join(str(each) for each in revoked.held)
    return (
        f"Revoked → closed over two replicas, which held {held} streams: {times} ms (p50 / p95 / p99), "
        f"{revoked.open} stayed open."
    )
