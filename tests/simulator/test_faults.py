"""Every fault mode on real sockets, and the way back to health."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

SERVICE = "tenant-service"


@pytest.fixture
def member(world):
    """The address and headers of a read at tenant-service."""
    person = world["operators"][0]
    headers = {"X-Tenant-Id": person["tenantId"]}
    return f"/{SERVICE}/api/v1/tenants/{person['tenantId']}/operators/{person['id']}", headers


@pytest.fixture
def read(sim, member):
    """Makes that read."""
    address, headers = member
    return lambda **extra: sim.http.get(address, headers=headers | extra)


@pytest.fixture
def write(sim, member, fresh_key):
    """Makes a mutation at tenant-service under a key."""
    address, headers = member

    def put(key: str | None = None, **body: object):
        with_key = headers | {"X-Idempotency-Key": key or fresh_key()}
        return sim.http.put(f"{address}/preferences", json=body or {"density": "compact"}, headers=with_key)

    return put


def seconds(call):
    """How long a call took, and what it answered."""
    began = time.monotonic()
    answer = call()
    return time.monotonic() - began, answer


def test_healthy_service_answers_fast(read):
    """A service without a fault answers within 20 ms, the middle one of twenty calls."""
    read()
    assert sorted(seconds(read)[0] for _ in range(20))[10] < 0.02


def test_latency_delays_and_then_answers(sim, read):
    """`latency` delays the answer by its milliseconds and changes nothing of it."""
    healthy = read().content
    sim.break_service(SERVICE, mode="latency", latencyMs=300)
    took, answer = seconds(read)
    assert 0.3 <= took < 3
    assert answer.content == healthy


def test_jitter_spreads_the_latency(sim, read):
    """`jitterMs` makes the delays differ within its bounds."""
    sim.break_service(SERVICE, mode="latency", latencyMs=100, jitterMs=80)
    delays = [seconds(read)[0] for _ in range(8)]
    assert min(delays) >= 0.02
    assert max(delays) - min(delays) > 0.02


def test_error_answers_with_its_status_and_does_nothing(sim, read, write):
    """`error` answers with the status, in the service's own error body, and applies nothing."""
    sim.break_service(SERVICE, mode="error", status=500)
    assert read().status_code == 500
    assert write().json()["code"] == "MELMASTOON.TENANT.UNAVAILABLE"
    assert sim.effects(SERVICE) == []
    sim.break_service(SERVICE, mode="error")
    assert read().status_code == 503


def test_hang_lasts_until_it_is_lifted(sim, read):
    """`hang` answers nothing until the fault is lifted; then whoever still waits gets an answer at once."""
    sim.break_service(SERVICE, mode="hang")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(seconds, read)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.4)
        assert sim.http.delete(f"/_control/faults/{SERVICE}").status_code == 204
        took, answer = waiting.result(timeout=5)
    assert answer.status_code == 200
    assert took >= 0.4


def test_reset_of_the_world_releases_who_hangs(sim, read):
    """A reset lifts every fault, so nobody goes on hanging in a world that is gone."""
    sim.break_service(SERVICE, mode="hang")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(read)
        deadline = time.monotonic() + 5
        while not sim.requests(SERVICE) and time.monotonic() < deadline:
            time.sleep(0.01)
        sim.http.post("/_control/reset")
        assert waiting.result(timeout=5).status_code == 200


def test_end_of_the_program_releases_who_hangs(launch, halt):
    """A simulator in which calls hang ends at once, with status 0."""
    sim = launch()
    sim.break_service("iam-service", mode="hang")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(httpx2.get, f"{sim.url}/iam-service/.well-known/jwks.json", timeout=10)
        deadline = time.monotonic() + 5
        while not sim.requests("iam-service") and time.monotonic() < deadline:
            time.sleep(0.01)
        began = time.monotonic()
        assert halt(sim) == 0
        assert time.monotonic() - began < 4
        assert waiting.exception(timeout=5) is None or isinstance(waiting.exception(), httpx2.TransportError)


def test_reset_drops_the_connection_and_does_nothing(sim, write, read):
    """`reset` ends the connection without an answer and without an effect."""
    sim.break_service(SERVICE, mode="reset")
    with pytest.raises(httpx2.TransportError):
        write()
    assert sim.effects(SERVICE) == []
    sim.http.delete("/_control/faults")
    assert read().status_code == 200


def test_applied_then_lost_does_the_work_once(sim, write, fresh_key):
    """`applied_then_lost` applies and drops the connection; the same key gets the answer later."""
    key = fresh_key()
    sim.break_service(SERVICE, mode="applied_then_lost")
    with pytest.raises(httpx2.TransportError):
        write(key)
    assert len(sim.effects(SERVICE)) == 1
    sim.http.delete("/_control/faults")
    later = write(key)
    assert later.status_code == 200
    assert later.headers["idempotency-replayed"] == "true"
    assert len(sim.effects(SERVICE)) == 1


def test_drip_sends_one_byte_at_a_time(sim, member):
    """`drip` sends the headers at once and the body byte by byte."""
    address, headers = member
    sim.break_service(SERVICE, mode="drip", latencyMs=20)
    received, began = b"", time.monotonic()
    with sim.http.stream("GET", address, headers=headers) as answer:
        assert answer.status_code == 200
        for piece in answer.iter_raw():
            received += piece
            if len(received) >= 10:
                break
    assert len(received) < int(answer.headers["content-length"])
    assert time.monotonic() - began >= 0.15


def test_malformed_is_no_json(sim, read):
    """`malformed` answers 200 with a body that no JSON parser takes."""
    sim.break_service(SERVICE, mode="malformed")
    answer = read()
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r".+"):
        json.loads(answer.content)


def test_huge_is_at_most_four_mebibytes(sim, read):
    """`huge` answers with valid JSON of just under 4 MiB that still holds what was asked for."""
    sim.break_service(SERVICE, mode="huge")
    answer = read()
    assert 4_000_000 < len(answer.content) <= 4 * 1024 * 1024
    assert answer.json()["data"]["state"] == "active"


def test_slow_tail_holds_the_last_byte_back(sim, member):
    """`slow_tail` sends everything but the last byte at once, and that one late."""
    address, headers = member
    sim.break_service(SERVICE, mode="slow_tail", latencyMs=400)
    began, received = time.monotonic(), b""
    with sim.http.stream("GET", address, headers=headers) as answer:
        arrivals = []
        for piece in answer.iter_raw():
            received += piece
            arrivals.append((len(received), time.monotonic() - began))
    total = int(answer.headers["content-length"])
    assert json.loads(received)
    assert next(at for size, at in arrivals if size >= total - 1) < 0.35
    assert arrivals[-1] == (total, arrivals[-1][1])
    assert arrivals[-1][1] >= 0.4


@pytest.mark.parametrize("mode", ["drip", "malformed", "huge", "slow_tail"])
def test_answer_without_body_can_only_be_late(sim, operator, desktop, claims, mode):
    """A 204 stays a 204 without a body under every fault that spoils bodies."""
    person = operator()
    sid = claims(desktop(person["tenantId"]).sign_in(person).json()["accessToken"])["sid"]
    sim.break_service("iam-service", mode=mode, latencyMs=50)
    tenant = {"X-Tenant-Id": person["tenantId"].replace("tnt_", "ten_")}
    answer = sim.http.post(f"/iam-service/api/v1/sessions/{sid}/revoke", json={}, headers=tenant)
    assert (answer.status_code, answer.content) == (204, b"")


def test_match_chooses_method_and_path(sim, read, write):
    """`match` names a method, or a method and the beginning of a path; all other calls stay healthy."""
    sim.break_service(SERVICE, mode="error", match="PUT")
    assert (read().status_code, write().status_code) == (200, 503)
    sim.break_service(SERVICE, mode="error", match="GET /api/v1/tenants")
    assert (read().status_code, write().status_code) == (503, 200)
    sim.break_service(SERVICE, mode="error", match="GET /api/v1/other")
    assert (read().status_code, write().status_code) == (200, 200)


def test_rate_strikes_some_calls(sim, read):
    """`rate` is the share of calls that meet the fault: none at 0, some at a half."""
    sim.break_service(SERVICE, mode="error", rate=0)
    assert {read().status_code for _ in range(10)} == {200}
    sim.break_service(SERVICE, mode="error", rate=0.5)
    assert {read().status_code for _ in range(60)} == {200, 503}


def test_one_broken_service_leaves_the_others_alone(sim, read):
    """A fault of one service is nobody else's; the board shows what is broken, and DELETE heals all."""
    sim.break_service("iam-service", mode="hang")
    sim.break_service(SERVICE, mode="error")
    assert sim.http.get("/_control/faults").json().keys() == {"iam-service", SERVICE}
    assert read().status_code == 503
    sim.http.delete("/_control/faults/tenant-service")
    assert read().status_code == 200
    sim.http.delete("/_control/faults")
    assert sim.http.get("/_control/faults").json() == {}


def test_abandoned_call_is_not_carried_out(sim, member, write, fresh_key):
    """A caller that has gone before the work began gets nothing done, and its key is free again."""
    address, headers = member
    key = fresh_key()
    sim.break_service(SERVICE, mode="hang")
    with_key = headers | {"X-Idempotency-Key": key}
    with pytest.raises(httpx2.TimeoutException):
        sim.http.put(f"{address}/preferences", json={"density": "compact"}, headers=with_key, timeout=0.3)
    deadline = time.monotonic() + 5
    while sim.requests(SERVICE)[-1]["status"] is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sim.requests(SERVICE)[-1]["status"] == 499
    sim.http.delete("/_control/faults")
    assert sim.effects(SERVICE) == []
    assert write(key).status_code == 200
    assert len(sim.effects(SERVICE)) == 1


def test_passed_deadline_is_not_worked_for(sim, read):
    """A call whose own deadline passed while the service was slow is refused with 504 instead of carried out."""
    sim.break_service(SERVICE, mode="latency", latencyMs=150)
    assert read(**{"X-Request-Timeout-Ms": "50"}).status_code == 504
    assert read(**{"X-Request-Timeout-Ms": "5000"}).status_code == 200


def test_key_in_use_is_refused_for_now(sim, write, fresh_key):
    """While the first request with a key still runs, the second one gets 409 and is told to come back."""
    key = fresh_key()
    sim.break_service(SERVICE, mode="latency", latencyMs=800)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(write, key)
        deadline = time.monotonic() + 5
        while not sim.requests(SERVICE) and time.monotonic() < deadline:
            time.sleep(0.01)
        second = write(key)
        assert (second.status_code, second.headers["retry-after"]) == (409, "1")
        assert first.result(timeout=5).status_code == 200
    assert len(sim.effects(SERVICE)) == 1
