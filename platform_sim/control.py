"""Control routes, `/_control/…`: for tests and drills, from this machine only."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from platform_sim.dialect import Money
from platform_sim.faults import FaultRule, InvalidFaultError
from platform_sim.inbox_reactions import note_in_inboxes
from platform_sim.kernel import PublishedEvent
from platform_sim.network_proxy import InvalidWeatherError, NetworkProxy, Weather
from platform_sim.reactions import announced_by_reset, react
from platform_sim.services import SERVICES
from platform_sim.simulator import Simulator
from platform_sim.world.published import published_world
from platform_sim.world.staff import register_more_devices

__all__ = ["add_routes", "guarded", "is_loopback"]

_MOST_DEVICES: Final = 10_000
_NAMES: Final = frozenset(service.name for service in SERVICES)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _InvalidError(ValueError):
    """A control call that can't be understood; the message says why."""


def add_routes(app: web.Application, simulator: Simulator) -> None:
    """Add every control route, each refusing callers that are not on this machine."""
    control = _Control(simulator)
    for method, path, handler in (
        ("GET", "/_control/world", control.world),
        ("GET", "/_control/health", control.health),
        ("GET", "/_control/faults", control.read_faults),
        ("PUT", "/_control/faults/{service}", control.put_fault),
        ("DELETE", "/_control/faults", control.lift_faults),
        ("DELETE", "/_control/faults/{service}", control.lift_faults),
        ("GET", "/_control/requests", control.read_requests),
        ("DELETE", "/_control/requests", control.clear_requests),
        ("GET", "/_control/effects", control.read_effects),
        ("PUT", "/_control/tenants/{id}/policy", control.put_policy),
        ("GET", "/_control/events", control.read_events),
        ("POST", "/_control/events", control.publish_event),
        ("POST", "/_control/devices", control.register_devices),
        ("POST", "/_control/iam/rotate-keys", control.rotate_keys),
        ("GET", "/_control/network", control.read_network),
        ("PUT", "/_control/network", control.put_network),
        ("DELETE", "/_control/network", control.clear_network),
        ("POST", "/_control/reset", control.reset),
    ):
        app.router.add_route(method, path, guarded(handler))


def guarded(handler: Handler) -> Handler:
    """The handler, for callers on this machine only; what they get wrong is said in one sentence."""

    async def call(request: web.Request) -> web.StreamResponse:
        if not is_loopback(request.remote):
            return _problem(403, "control routes answer only to this machine")
        # A page of another site must not be able to reset somebody's world by sending a form to it.
        if request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
            return _problem(403, "control routes answer no page of another origin")
        try:
            return await handler(request)
        except (_InvalidError, InvalidFaultError, InvalidWeatherError) as wrong:
            return _problem(400, str(wrong))

    return call


@dataclass(frozen=True, slots=True)
class _Control:
    simulator: Simulator

    async def world(self, _: web.Request) -> web.Response:
        return _json(published_world(self.simulator.world, self.simulator.clock()))

    async def health(self, _: web.Request) -> web.Response:
        reachable = await self.simulator.bus.reachable()
        return _json({"status": "ready" if reachable else "degraded", "bus": reachable}, status=200)

    async def read_faults(self, _: web.Request) -> web.Response:
        return _json({name: rule.wire() for name, rule in self.simulator.faults.active().items()})

    async def put_fault(self, request: web.Request) -> web.Response:
        service = _service(request)
        rule = FaultRule.parse(await _body(request))
        self.simulator.faults.put(service, rule)
        return _json({"service": service, **rule.wire()})

    async def lift_faults(self, request: web.Request) -> web.Response:
        self.simulator.faults.lift(_service(request) if "service" in request.match_info else None)
        return web.Response(status=204)

    async def read_requests(self, request: web.Request) -> web.Response:
        rows = self.simulator.recorder.requests_of(*_filter(request))
        return _json([row.wire() for row in rows])

    async def clear_requests(self, _: web.Request) -> web.Response:
        self.simulator.recorder.requests.clear()
        return web.Response(status=204)

    async def read_effects(self, request: web.Request) -> web.Response:
        rows = self.simulator.recorder.effects_of(*_filter(request))
        return _json([row.wire() for row in rows])

    async def put_policy(self, request: web.Request) -> web.Response:
        tenant = self.simulator.world.tenants.get(request.match_info["id"])
        if tenant is None:
            return _problem(404, "there is no such tenant")
        body = await _body(request)
        mfa, floor = body.get("issueKeyMfa"), body.get("appVersionFloor")
        limit = _money(body["chargeLimit"]) if body.get("chargeLimit") is not None else None
        if not isinstance(mfa, bool | None) or not isinstance(floor, str | None):
            raise _InvalidError("issueKeyMfa is a boolean, appVersionFloor a version such as 1.2.0")
        if mfa is not None:
            tenant.policy.issue_key_mfa = mfa
        if "chargeLimit" in body:
            tenant.policy.charge_limit = limit
        if floor is not None:
            tenant.app_version_floor = floor
        await self._publish("melmastoon.tenant.config_updated.v1", tenant.id, {"tenantId": tenant.id}, tenant.id)
        return web.Response(status=204)

    async def read_events(self, request: web.Request) -> web.Response:
        subject = request.query.get("subject", "")
        rows = [entry for entry in self.simulator.bus.published if entry.subject.startswith(subject)]
        return _json([{**entry.fields(), "envelope": json.loads(entry.envelope)} for entry in rows])

    async def publish_event(self, request: web.Request) -> web.Response:
        body = await _body(request)
        subject, tenant_id, payload = body.get("subject"), body.get("tenantId"), body.get("payload", {})
        key = body.get("orderingKey", tenant_id)
        if not isinstance(subject, str) or not isinstance(tenant_id, str) or not isinstance(key, str):
            raise _InvalidError("subject, tenantId and orderingKey are texts")
        if not isinstance(payload, dict):
            raise _InvalidError("payload is an object")
        react(self.simulator.world, subject, tenant_id, payload)
        note_in_inboxes(self.simulator.world, subject, tenant_id, payload, self.simulator.clock())
        return await self._publish(subject, tenant_id, payload, key)

    async def register_devices(self, request: web.Request) -> web.Response:
        body = await _body(request)
        tenant_id, count = body.get("tenantId"), body.get("count")
        if tenant_id not in self.simulator.world.tenants:
            raise _InvalidError("tenantId is one of the world's tenants")
        if not isinstance(count, int) or not 1 <= count <= _MOST_DEVICES:
            raise _InvalidError(f"count is 1..{_MOST_DEVICES}")
        return _json({"devices": register_more_devices(self.simulator.world, tenant_id, count)}, status=201)

    async def rotate_keys(self, _: web.Request) -> web.Response:
        self.simulator.world.identity.key_generation += 1
        return web.Response(status=204)

    async def read_network(self, _: web.Request) -> web.Response:
        return _json(self._network().weather.wire())

    async def put_network(self, request: web.Request) -> web.Response:
        weather = Weather.parse(await _body(request))
        self._network().change(weather)
        return _json(weather.wire())

    async def clear_network(self, _: web.Request) -> web.Response:
        if self.simulator.network is not None:
            self.simulator.network.change(Weather())
        return web.Response(status=204)

    def _network(self) -> NetworkProxy:
        if self.simulator.network is None:
            raise _InvalidError("no network proxy runs: start the simulator with --proxy-port and --proxy-target")
        return self.simulator.network

    async def reset(self, _: web.Request) -> web.Response:
        before = self.simulator.world
        self.simulator.reset()
        # What the world forgets, its readers must hear of: they keep profiles and preferences for minutes.
        for event in announced_by_reset(before, self.simulator.world):
            self.simulator.bus.publish(event, self.simulator.clock())
        return web.Response(status=204)

    async def _publish(self, subject: str, tenant_id: str, payload: Mapping[str, object], key: str) -> web.Response:
        event = PublishedEvent(subject=subject, tenant_id=tenant_id, payload=payload, ordering_key=key)
        try:
            entry = await self.simulator.bus.publish_and_wait(event, self.simulator.clock())
        except TimeoutError:
            return _problem(503, "the bus is away; the event goes out when it is back")
        return _json({**entry.fields(), "envelope": json.loads(entry.envelope)}, status=202)


def _service(request: web.Request) -> str:
    name = request.match_info["service"]
    if name not in _NAMES:
        raise _InvalidError(f"there is no {name}; one of {', '.join(sorted(_NAMES))}")
    return name


def _filter(request: web.Request) -> tuple[str | None, datetime | None]:
    since = request.query.get("since")
    try:
        moment = None if since is None else datetime.fromisoformat(since.replace(" ", "+"))
    except ValueError:
        moment = None
        since = ""
    if since is not None and (moment is None or moment.tzinfo is None):
        raise _InvalidError("since is a time with offset or Z")
    return request.query.get("service"), moment


async def _body(request: web.Request) -> dict[str, object]:
    try:
        decoded = json.loads(await request.read() or b"{}")
    except ValueError:
        decoded = None
    if not isinstance(decoded, dict):
        raise _InvalidError("the body is not a JSON object")
    return decoded


def _money(value: object) -> Money:
    if isinstance(value, dict):
        amount, currency = value.get("amountMicro"), value.get("currency")
        if isinstance(amount, str) and amount.isdecimal() and isinstance(currency, str):
            return Money(int(amount), currency)
    raise _InvalidError('chargeLimit is {"amountMicro": "…", "currency": "…"} or null')


def is_loopback(remote: str | None) -> bool:
    """Whether a peer's address is this machine's own."""
    try:
        return remote is not None and ipaddress.ip_address(remote).is_loopback
    except ValueError:
        return False


def _json(body: object, *, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _problem(status: int, detail: str) -> web.Response:
    body = {"type": "about:blank", "title": "Control call refused", "status": status, "detail": detail}
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/problem+json")
