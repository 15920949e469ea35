"""A simulator of one's own on a free port, and a desktop that signs in at it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 20.0


@dataclass(kw_only=True)
class Simulator:
    """A running simulator, its process, and a client for it."""

    url: str
    process: subprocess.Popen[str]
    http: httpx2.Client
    proxy_url: str | None = None

    def world(self) -> dict:
        """What `/_control/world` tells."""
        return self.http.get("/_control/world").raise_for_status().json()

    def break_service(self, service: str, **fault: object) -> None:
        """Set a fault."""
        self.http.put(f"/_control/faults/{service}", json=fault).raise_for_status()

    def effects(self, service: str) -> list[dict]:
        """What happened at a service."""
        return self.http.get("/_control/effects", params={"service": service}).raise_for_status().json()

    def requests(self, service: str) -> list[dict]:
        """What arrived at a service."""
        return self.http.get("/_control/requests", params={"service": service}).raise_for_status().json()


@dataclass(kw_only=True)
class Desktop:
    """A desktop with a device key of its own."""

    sim: Simulator
    device_id: str
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))

    @property
    def sign_in_url(self) -> str:
        """Where the desktop signs in."""
        return f"{self.sim.url}/iam-service/api/v1/auth/sign-in"

    def proof(self, url: str, **changes: object) -> str:
        """A proof for a POST to this address; `changes` replace claims."""
        claims = {"jti": uuid.uuid4().hex, "htm": "POST", "htu": url, "iat": int(time.time())} | changes
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": self.key.as_dict(private=False)}
        return jws.serialize_compact(header, json.dumps(claims).encode(), self.key)

    def sign_in(self, operator: dict, *, proof: str | None = None, ttl: int | None = None, **members: object):
        """The answer to a sign-in as this operator."""
        body = {"username": operator["username"], "password": operator["password"], "deviceId": self.device_id}
        return self.sim.http.post(
            self.sign_in_url,
            params={} if ttl is None else {"ttl": str(ttl)},
            json=body | members,
            headers={"DPoP": proof or self.proof(self.sign_in_url)},
        )

    def refresh(self, token: str, *, proof: str | None = None):
        """The answer to a refresh, as the service in front of iam passes it on."""
        public = "http://127.0.0.1:8083/bff/backoffice/v1/auth/refresh"
        return self.sim.http.post(
            "/iam-service/api/v1/auth/refresh",
            json={"refreshToken": token},
            headers={"DPoP": proof or self.proof(public), "X-Device-Id": self.device_id},
        )


def claims_of(token: str) -> dict:
    """The claims of a JWT, unverified."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def start_simulator(*arguments: str) -> Simulator:
    """Start `python -m platform_sim` on a free port and wait until it says that it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "platform_sim", "--port", "0", *arguments],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines, proxy_wanted = [], "--proxy-port" in arguments
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and len(lines) < (3 if proxy_wanted else 2):
        line = process.stdout.readline()
        if not line:
            break
        lines.append(line)
    found = re.findall(r"http://127\.0\.0\.1:\d+(?=\s)", "".join(lines))
    if not found:
        process.kill()
        pytest.fail(f"the simulator did not start: {''.join(lines)}")
    url = found[0]
    return Simulator(
        url=url,
        process=process,
        http=httpx2.Client(base_url=url, timeout=15.0),
        proxy_url=found[-1] if proxy_wanted else None,
    )


def stop_simulator(sim: Simulator) -> int:
    """End it as Ctrl-C does, and return its exit status."""
    sim.http.close()
    sim.process.terminate()
    status = sim.process.wait(timeout=10)
    sim.process.stdout.close()
    return status


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    """One simulator for the whole session."""
    sim = start_simulator("--seed", "7", "--bff-url", "http://127.0.0.1:8083")
    yield sim
    assert stop_simulator(sim) == 0


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    """The simulator with its world as it began."""
    running.http.post("/_control/reset").raise_for_status()
    return running


@pytest.fixture
def world(sim: Simulator) -> dict:
    """The published world."""
    return sim.world()


@pytest.fixture
def operator(world: dict) -> Callable[..., dict]:
    """Choose an operator by tenant and role: `operator("marjan", "front_desk")`."""

    def choose(slug: str = "kabul-grand", role: str = "general_manager") -> dict:
        tenant = next(tenant for tenant in world["tenants"] if tenant["slug"] == slug)
        return next(
            person for person in world["operators"] if person["tenantId"] == tenant["id"] and role in person["roles"]
        )

    return choose


@pytest.fixture
def desktop(sim: Simulator, world: dict) -> Callable[..., Desktop]:
    """A desktop of a tenant: `desktop(tenant_id)`, or the n-th one."""

    def choose(tenant_id: str, number: int = 0) -> Desktop:
        devices = [device for device in world["devices"] if device["tenantId"] == tenant_id]
        return Desktop(sim=sim, device_id=devices[number]["id"])

    return choose


@pytest.fixture
def claims() -> Callable[[str], dict]:
    """Reads the claims of a token."""
    return claims_of


@pytest.fixture
def fresh_key() -> Callable[[], str]:
    """Makes idempotency keys."""
    return lambda: str(uuid.uuid4())


@pytest.fixture
def digest() -> Callable[[bytes], str]:
    """Hashes bytes, to compare worlds."""
    return lambda data: hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="session")
def launch() -> Callable[..., Simulator]:
    """Starts a simulator of a test's own; the test ends it with `halt`."""
    return start_simulator


@pytest.fixture(scope="session")
def halt() -> Callable[[Simulator], int]:
    """Ends what `launch` started."""
    return stop_simulator
