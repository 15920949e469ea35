"""What the service leaves behind, metrics and logs, names no tenant's people and keeps no secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.desktop import API, Desktop
from tests.isolation.canaries import canaries, found_in
from tests.isolation.every_route import ENDS_THE_SESSION, OPERATOR_ROUTES, request
from tests.waiting import until
from tests.worlds import World, start_world

JWS = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
"""Any token, and any proof."""


class Witness:
    """Two tenants used everything, well and badly, in a world that logs all that it can."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.secrets: set[str] = set()
        for tenant in (0, 1):
            desk = world.sign_in("general_manager", tenant)
            self._use(desk, world.properties(tenant)[0])
        # A line is written when its request has ended for the service too: a stream's, some time after it was hung up.
        until(lambda: self.routes() >= {route.path for route in OPERATOR_ROUTES})
        self.metrics = world.http.get(f"{world.admin}/metrics").text
        self.logs = {path.name: path.read_text(errors="replace") for path in self._folder.glob("*.log")}

    @property
    def _folder(self) -> Path:
        return self.world.ready_file.parent / "state" / "logs"

    def routes(self) -> set[str]:
        """The routes of the requests that were logged until now."""
        return {line["route"] for line in requests_of((self._folder / "bff.log").read_text(errors="replace"))}

    def _use(self, desk: Desktop, property_id: str) -> None:
        self._keep(desk)
        desk.get("/session")
        desk.tokens = desk.refresh().json()
        self._keep(desk)
        for service in ("reservation-service", "billing-service"):
            self.world.fault(service, "malformed")
        desk.get("/dashboard", Accept="application/json")
        self.world.heal()
        self.world.forget_cache()
        for accept in ("application/json", "text/html", "text/event-stream", "application/x-ndjson"):
            desk.get("/dashboard", Accept=accept)
        proof = desk.key.proof("GET", f"{desk.base}{API}/session", desk.token)
        self.secrets.add(proof)
        for _ in range(2):
            desk.get("/session", DPoP=proof)
        desk.get("/session", Authorization=f"Bearer {desk.token}")
        desk.get("/session", X_Property_Id="ppt_nonsense")
        desk.http.get(f"{desk.base}{API}/{desk.token}/{desk.tokens['refreshToken']}?token={desk.token}")
        desk.http.post(
            f"{desk.base}{API}/auth/refresh",
            content=b'{"refreshToken": 7}',
            headers={"Content-Type": "application/json"},
        )
        self.world.publish("melmastoon.iam.session.revoked.v1", self.world.tenants[0], {"sessionId": desk.token})
        for route in sorted(OPERATOR_ROUTES, key=lambda route: route.operation_id in ENDS_THE_SESSION):
            request(desk, route, property_id)

    def _keep(self, desk: Desktop) -> None:
        self.secrets |= {desk.tokens["accessToken"], desk.tokens["refreshToken"]}

    def personal(self) -> set[str]:
        """Names of guests and staff, and what staff sign in with."""
        people: dict[str, Any] = self.world.people
        guests = {each["guestName"] for each in people["reservations"]}
        staff = {each[name] for each in people["operators"] for name in ("displayName", "username", "password")}
        return guests | staff


def requests_of(log: str) -> list[dict[str, Any]]:
    """What was logged of requests; not the last line, which may be half a line yet."""
    lines = [json.loads(line) for line in log.splitlines(keepends=True) if line.startswith("{") and line[-1] == "\n"]
    return [line for line in lines if line["event"] == "request"]


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witness]:
    """A world of the module's own: the shared one logs warnings only."""
    with start_world(tmp_path_factory.mktemp("traces"), environment={"BFF_LOG_LEVEL": "debug"}) as world:
        yield Witness(world)


def test_the_service_logs_at_all(witness: Witness) -> None:
    """One line a request, with its route's template and its outcome: the tests below look at something."""
    requests = requests_of(witness.logs["bff.log"])

    assert {line["route"] for line in requests} >= {route.path for route in OPERATOR_ROUTES}
    assert {line["code"] for line in requests} >= {"MELMASTOON.BFF.BACKOFFICE.PROOF_REPLAYED", None}
    assert all(line["request_id"] for line in requests)


def test_no_log_holds_a_token_or_a_proof(witness: Witness) -> None:
    """Neither one of those that were used nor anything that looks like one; not in an address either."""
    for name, text in witness.logs.items():
        assert not found_in(text, witness.secrets), name
        assert not JWS.search(text), name


def test_no_log_names_a_person(witness: Witness) -> None:
    """No guest, nobody of the staff, no password."""
    for name in ("bff.log", "worker.log", "postgres.log", "valkey.log"):
        assert not found_in(witness.logs[name], witness.personal()), name


def test_no_log_of_the_service_holds_what_was_read_for_a_tenant(witness: Witness) -> None:
    """Identifiers of requests are enough to find one's way; reservations, rooms and hotels stay where they belong."""
    for name in ("bff.log", "worker.log"):
        for tenant in (0, 1):
            assert not found_in(witness.logs[name], canaries(witness.world, tenant)), name


def test_metrics_name_no_tenant(witness: Witness) -> None:
    """No label holds an identifier of a person or a thing, no path that a client made up, and no secret."""
    assert "bff_backoffice_request_total" in witness.metrics
    for tenant in range(len(witness.world.tenants)):
        assert not found_in(witness.metrics, canaries(witness.world, tenant))
    assert not found_in(witness.metrics, witness.secrets | witness.personal())
    assert not re.search(r"\b(tnt|usr|dev|ppt|bos|ses|rsv)_[0-9A-Z]{26}", witness.metrics)
    assert not JWS.search(witness.metrics)
