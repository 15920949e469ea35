"""Contract, sections 1 and 9: what is started, where it is, and the world around the service.

| Promise | Held by |
|---|---|
| `serve`, `worker`, `migrate`, `check`, `openapi` from settings | integration/test_command_line.py |
| `dev` ends on SIGINT and SIGTERM, even an ignored one, and leaves nothing | integration/test_developer_world.py |
| a second start finds its data, also after `kill -9`; a path with a space | integration/test_developer_world.py |
| `--workers`, two worlds side by side | integration/test_developer_world.py |
| the ready file's members, and the ports at N, N+1000, N+7, N+8 | `test_the_ready_file_has_the_contracts_members` |
| `dev` prints every address and a ready-to-paste sign-in | `test_dev_prints_every_address_and_a_sign_in_that_works` |
| stores that settings name are used; wrong ones are named | `test_dev_with_wrong_stores_says_so` |
| the network proxy's origin is a public one of the service | `test_the_service_answers_through_the_network_proxy` |
| the application's and the worker's roles | isolation/test_tables.py |
| the simulator: world, faults, requests, effects, policy, network, events, reset, sign-in | tests/simulator |
| fourteen services, each under its own prefix | `test_the_simulator_has_the_fourteen_services` |
| the simulator is no part of the package | conventions/test_wheel.py, conventions/test_sources.py |
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bff_backoffice.settings import UPSTREAMS
from tests.desktop import Desktop
from tests.musts.described import Described
from tests.processes import alive
from tests.waiting import until
from tests.worlds import World, free_base_port


def port(url: str) -> int:
    """The port of an address on the loopback interface."""
    parts = urlsplit(url)
    assert parts.hostname == "127.0.0.1", url
    assert parts.port is not None
    return parts.port


def test_the_ready_file_has_the_contracts_members(world: World) -> None:
    """One JSON object with every address, each behind the service's port; the processes are alive."""
    ready = json.loads(world.ready_file.read_text())

    assert set(ready) >= {"bff", "admin", "sim", "console", "postgres", "redis", "redisCache", "pids"}
    assert set(ready["postgres"]) == {"app", "owner", "worker"}
    base = port(ready["bff"])
    assert port(ready["admin"]) == base + 1000
    assert port(ready["sim"]) == base + 7
    assert port(ready["proxy"]) == base + 8
    assert ready["console"] == f"{ready['sim']}/console/"
    assert all(alive(pid) for pid in ready["pids"].values())
    assert set(ready["pids"]) >= {"dev", "postgres", "redis", "sim", "bff", "worker"}


def test_dev_prints_every_address_and_a_sign_in_that_works(world: World) -> None:
    """Whoever starts the world can copy user name and password from the terminal and is in."""

    def told() -> list[dict[str, Any]]:
        printed = world.log.read_text()
        return [person for person in world.people["operators"] if person["username"] in printed]

    # It is printed a moment after the ready file is there, the addresses first.
    people = until(told)
    printed = world.log.read_text()
    for address in (world.bff, world.admin, world.sim, world.console, world.proxy):
        assert address in printed, address
    for person in people:
        assert person["password"] in printed
        tenant = world.tenants.index(person["tenantId"])
        assert world.sign_in(operator=person, tenant=tenant).get("/session").status_code == 200


def test_dev_with_wrong_stores_says_so(tmp_path: Path) -> None:
    """Stores that the settings name are used and not replaced; one that is away is named, with status 1."""
    nowhere = "127.0.0.1:9"
    given = {
        "BFF_POSTGRES_OWNER_DSN": f"postgresql://o:o@{nowhere}/x", "BFF_POSTGRES_APP_DSN": f"postgresql://a:a@{nowhere}/x",
        "BFF_POSTGRES_WORKER_DSN": f"postgresql://w:w@{nowhere}/x", "BFF_REDIS_SESSIONS_URL": f"redis://{nowhere}/0",
        "BFF_REDIS_CACHE_URL": f"redis://{nowhere}/0",
    }  # fmt: skip
    command = [
        sys.executable, "-m", "bff_backoffice", "dev", "--base-port", str(free_base_port()), "--state", str(tmp_path),
    ]  # fmt: skip

    ended = subprocess.run(
        command, env={**os.environ, **given}, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 1
    assert "BFF_POSTGRES_OWNER_DSN" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_service_answers_through_the_network_proxy(world: World, described: Described) -> None:
    """A proof for the proxy's origin is as good as one for the service's own."""
    desk = world.sign_in()
    through = Desktop(world.proxy, desk.device_id, desk.key, desk.tokens, desk.http)

    answer = described.check(through.get("/session"))
    frames = through.frames()

    assert answer.status_code == 200
    assert frames[-1][1]["frame"] == "end"


@pytest.mark.parametrize("service", UPSTREAMS)
def test_the_simulator_has_the_fourteen_services(world: World, service: str) -> None:
    """Each under a prefix of its own: an unknown path of it is refused in a JSON of the service's own."""
    answer = world.http.get(f"{world.sim}/{service}/api/v1/no-such-thing", headers={"X-Tenant-Id": world.tenants[0]})

    assert 400 <= answer.status_code < 500
    assert "json" in answer.headers["Content-Type"]
    assert re.search(r"MELMASTOON\.[A-Z]", answer.text)


def test_there_are_fourteen() -> None:
    """As many as section 7 of the specification has rows, none twice."""
    assert len(set(UPSTREAMS)) == 14
