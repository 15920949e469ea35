"""What two hundred devices cost: heartbeats and handshakes in an open loop. `python -m bench.devices` runs it alone."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import redis
import uvloop

from bench.desktops import API, Desktop, DeviceKey
from bench.load import Planned, open_loop, percentiles
from bench.machine import cpu_seconds
from bench.world import World, call, start_world

__all__ = ["HEARTBEATS", "DeviceRow", "device_table", "measure_devices", "sign_in_devices"]

DEVICES: Final = 200
"""Specification, section 10: the peak of a tenant."""
HEARTBEATS: Final = ("first heartbeat", "heartbeat with nothing new", "heartbeat with another queue")
SCOPES: Final = ("reservation", "housekeeping", "property", "notification")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """One line of the table: times in ms as p50, p95, p99; the service's processor time and Redis commands each."""

    what: str
    devices: int
    count: int
    failed: int
    total: tuple[float, float, float]
    cpu_us: float
    redis_calls: float


def sign_in_devices(world: World, keys: dict[str, DeviceKey], count: int = DEVICES) -> list[Desktop]:
    """So many devices of the tenant that has most, shared out among its operators who may synchronise these scopes.

    `keys` keeps each device's key, since a device takes no second one.
    """
    tenants: dict[str, list[str]] = {}
    for device in world.people["devices"]:
        tenants.setdefault(device["tenantId"], []).append(device["id"])
    tenant_id, devices = max(tenants.items(), key=lambda item: len(item[1]))
    if len(devices) < count:
        raise RuntimeError(f"no tenant has {count} devices")
    people = [
        each for each in world.people["operators"]
        if each["tenantId"] == tenant_id and {"front_desk", "general_manager"} & set(each["roles"])
    ]  # fmt: skip
    desktops = []
    for number, device_id in enumerate(devices[:count]):
        operator = people[number % len(people)]
        desktop = Desktop.sign_in(
            world, operator, device_id, operator["propertyIds"][0], keys.setdefault(device_id, DeviceKey())
        )
        call("GET", f"{world.bff}{API}/session", headers=desktop.headers(world.bff, f"{API}/session"))
        desktops.append(desktop)
    return desktops


def _post(desktop: Desktop, origin: str, path: str, body: dict[str, Any]) -> bytes:
    """The bytes of an authenticated POST of `API` and `path`."""
    content = json.dumps(body).encode()
    proof = desktop.key.proof("POST", f"{origin}{API}{path}", token_hash=desktop.token_hash)
    headers = {
        "Authorization": f"DPoP {desktop.token}", "DPoP": proof, "X-Device-Id": desktop.device_id,
        "X-Property-Id": desktop.property_id, "Content-Type": "application/json", "Content-Length": str(len(content)),
    }  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {API}{path} HTTP/1.1\r\nHost: {urlsplit(origin).netloc}\r\n{lines}\r\n".encode() + content


def _request(desktop: Desktop, origin: str, path: str, body: dict[str, Any]) -> bytes:
    if not path:
        return desktop.request(origin, "/session")
    return _post(desktop, origin, path.format(desktop.device_id), body)


def _heartbeat(depth: int) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {
        "sentAt": now, "queueDepth": depth, "lastSyncAt": now, "networkProfile": "good", "appVersion": "1.4.2",
        "batteryPercent": 80,
    }  # fmt: skip


def _calls(world: World) -> int:
    with redis.Redis.from_url(world.redis) as client:
        stats: Any = client.info("stats")
    return int(stats["total_commands_processed"])


async def measure_devices(world: World, desktops: Sequence[Desktop], *, seconds: float) -> list[DeviceRow]:
    """Each device once in so many seconds: heartbeats that change what boards show, ones that don't, handshakes."""
    handshake = {"scopes": list(SCOPES), "protocolVersion": 1, "clientCursors": {}}
    kinds = (
        ("GET /session, for comparison", "", dict),
        ("first heartbeat", "/devices/{}/heartbeat", lambda: _heartbeat(1)),
        ("heartbeat with nothing new", "/devices/{}/heartbeat", lambda: _heartbeat(1)),
        ("heartbeat with another queue", "/devices/{}/heartbeat", lambda: _heartbeat(2)),
        ("sync handshake", "/sync/handshake", lambda: handshake),
    )
    rows = []
    for what, path, body in kinds:
        spread = random.Random(what)
        moments = sorted((spread.uniform(0, seconds), number) for number in range(len(desktops)))
        plan = [
            Planned(
                at=at, connection=number, trace_id=secrets.token_hex(16),
                request=_request(desktops[number], world.bff, path, body()),
            )
            for at, number in moments
        ]  # fmt: skip
        calls, cpu = _calls(world), cpu_seconds(world.services)
        exchanges = await open_loop(world.bff, plan, connections=len(desktops), keep_body=False)
        spent, asked = cpu_seconds(world.services) - cpu, _calls(world) - calls - 1
        good = [each.total_ms for each in exchanges if each.status == 200]
        rows.append(
            DeviceRow(
                what=what, devices=len(desktops), count=len(exchanges), failed=len(exchanges) - len(good),
                total=percentiles(good),
                cpu_us=spent / len(exchanges) * 1e6, redis_calls=asked / len(exchanges),
            )
        )  # fmt: skip
    return rows


def device_table(rows: Sequence[DeviceRow]) -> str:
    """The rows as a table of Markdown."""
    lines = [
        "| What | devices | failed | ms as p50 / p95 / p99 | CPU µs each | Redis commands each |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        times = " / ".join(f"{value:.1f}" for value in row.total)
        lines.append(
            f"| {row.what} | {row.devices} | {row.failed} | {times} | {row.cpu_us:.0f} | {row.redis_calls:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Start a world, measure, print. An argument is how many devices."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DEVICES
    with tempfile.TemporaryDirectory() as folder, start_world(Path(folder)) as world:
        desktops = sign_in_devices(world, {}, count)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            rows = runner.run(measure_devices(world, desktops, seconds=count / 20))
    print(device_table(rows))


if __name__ == "__main__":
    main()
