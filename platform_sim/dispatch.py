"""From an HTTP request to a service's answer: recording, faults, header checks, de-duplication, and what happened."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from platform_sim.bus import Bus
from platform_sim.dialect import Refused
from platform_sim.faults import FaultBoard, FaultRule, cut_connection
from platform_sim.idempotency import Claim, Deduplication
from platform_sim.ids import has_shape, with_prefix
from platform_sim.kernel import Answer, Call, Route, Service
from platform_sim.recorder import AppliedEffect, ArrivedRequest, Recorder
from platform_sim.world.world import World

__all__ = ["Dispatcher"]

_PROBLEM: Final = "application/problem+json"
_CLIENT_GONE: Final = 499
_NOT_YOU: Final = frozenset({401, 403})
_SERVER_ERROR: Final = 500
_TRACE: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_Compiled = tuple[re.Pattern[str], Route]


@dataclass(frozen=True, slots=True)
class _Arrival:
    """One request, read to its end."""

    request: web.Request
    service: Service
    path: str
    body: bytes
    arrived_at: float
    """On the event loop's clock, in seconds."""


class Dispatcher:
    """Answers for every service. `world` and `clock` are called for each request: a reset replaces the world."""

    def __init__(
        self,
        services: tuple[Service, ...],
        *,
        world: Callable[[], World],
        clock: Callable[[], datetime],
        recorder: Recorder,
        faults: FaultBoard,
        bus: Bus,
        keys: Deduplication,
    ) -> None:
        self._services: Mapping[str, tuple[Service, list[_Compiled]]] = {
            service.name: (service, [(route.pattern(), route) for route in service.routes]) for service in services
        }
        self._world = world
        self._clock = clock
        self._recorder = recorder
        self._faults = faults
        self._bus = bus
        self._keys = keys

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer one request to `/{service}/…`."""
        known = self._services.get(request.match_info["service"])
        if known is None:
            return web.json_response({"title": "There is no such service", "status": 404}, status=404)
        service = known[0]
        body = await request.read()
        arrival = _Arrival(
            request,
            service,
            request.rel_url.raw_path.removeprefix(f"/{service.name}") or "/",
            body,
            _loop_time(request),
        )
        record = self._record(arrival)
        try:
            response = await self._respond(arrival)
        except BaseException as failure:
            record.status = _CLIENT_GONE if isinstance(failure, asyncio.CancelledError) else _SERVER_ERROR
            raise
        record.status = response.status
        return response

    def _record(self, arrival: _Arrival) -> ArrivedRequest:
        body: object = None
        if arrival.body:
            with suppress(ValueError):
                body = json.loads(arrival.body)
        row = ArrivedRequest(
            at=self._clock(),
            service=arrival.service.name,
            method=arrival.request.method,
            path=arrival.path,
            query=dict(arrival.request.query),
            headers=dict(arrival.request.headers),
            body=body,
        )
        self._recorder.requests.append(row)
        return row

    async def _respond(self, arrival: _Arrival) -> web.StreamResponse:
        request, service = arrival.request, arrival.service
        fault = self._faults.strike(service.name, request.method, arrival.path)
        if fault is not None and fault.mode in {"error", "reset"}:
            return await self._fail(arrival, fault)
        try:
            answer = await self._carry_out(arrival, fault)
        except Refused as refused:
            answer = self._refusal(arrival, refused)
        response = _response(answer)
        response.headers["X-Request-Id"] = service.dialect.request_id(request.headers.get("X-Request-Id"))
        if fault is None:
            return response
        if fault.mode == "applied_then_lost":
            cut_connection(request)
            return response
        return await fault.send(request, response) if fault.spoils_the_answer else response

    async def _fail(self, arrival: _Arrival, fault: FaultRule) -> web.StreamResponse:
        await fault.delay()
        if fault.mode == "reset":
            cut_connection(arrival.request)
            return web.Response(status=_SERVER_ERROR)
        code = f"MELMASTOON.{arrival.service.dialect.domain}.UNAVAILABLE"
        return _response(self._refusal(arrival, Refused(fault.status, code, "the service is not well")))

    async def _carry_out(self, arrival: _Arrival, fault: FaultRule | None) -> Answer:
        """Do the work of a request, at most once for each idempotency key."""
        route, params = self._route(arrival)
        scope, claim = self._claim(arrival, route)
        if claim is not None and claim.answer is not None:
            replay = claim.answer
            return Answer(
                status=replay.status,
                body=replay.body,
                headers={**replay.headers, "Idempotency-Replayed": "true"},
                media_type=replay.media_type,
            )
        try:
            if fault is not None:
                await fault.delay()
            self._check_deadline(arrival)
            answer = self._work(arrival, route, params, scope[2] or None)
        except Refused as refused:
            answer = self._refusal(arrival, refused)
        finally:
            # Whatever was not carried out to its end, because the caller left or a handler broke, gives its key back.
            if claim is not None:
                self._keys.release(scope, claim)
        # A refusal of the caller itself says nothing of the request, which may come again under the same key.
        if claim is not None and answer.status < _SERVER_ERROR and answer.status not in _NOT_YOU:
            self._keys.keep(scope, claim, answer)
        return answer

    def _route(self, arrival: _Arrival) -> tuple[Route, dict[str, str]]:
        allowed: list[str] = []
        for pattern, route in self._services[arrival.service.name][1]:
            found = pattern.match(arrival.path)
            if found and route.method == arrival.request.method:
                return route, found.groupdict()
            if found:
                allowed.append(route.method)
        if allowed:
            headers = {"Allow": ", ".join(sorted(allowed))}
            raise Refused(405, "MELMASTOON.GENERAL.METHOD_NOT_ALLOWED", "another method is needed", headers=headers)
        raise Refused(404, "MELMASTOON.GENERAL.RESOURCE_NOT_FOUND", "the service has no such address")

    def _claim(self, arrival: _Arrival, route: Route) -> tuple[tuple[str, str, str], Claim | None]:
        dialect, headers = arrival.service.dialect, arrival.request.headers
        key = headers.get(dialect.idempotency_header)
        scope = (arrival.service.name, headers.get("X-Tenant-Id", ""), key or "")
        if route.idempotency == "none":
            return scope, None
        if key is None:
            if route.idempotency == "required":
                raise dialect.key_refused("is missing")
            return scope, None
        dialect.check_key(key)
        if route.tenant == "required":
            dialect.tenant(headers.get("X-Tenant-Id"))
        request = (arrival.request.method, arrival.request.rel_url.raw_path_qs, arrival.body)
        return scope, self._keys.claim(scope, request, self._clock())

    def _check_deadline(self, arrival: _Arrival) -> None:
        """A caller that no longer waits gets no work done: its answer would reach nobody."""
        budget = arrival.request.headers.get("X-Request-Timeout-Ms", "")
        passed_ms = (_loop_time(arrival.request) - arrival.arrived_at) * 1000
        if budget.isdecimal() and passed_ms > int(budget):
            code = f"MELMASTOON.{arrival.service.dialect.domain}.DEADLINE_EXCEEDED"
            raise Refused(504, code, "the caller's deadline passed before the work began")

    def _work(self, arrival: _Arrival, route: Route, params: dict[str, str], key: str | None) -> Answer:
        request, service = arrival.request, arrival.service
        call = Call(
            service=service,
            world=self._world(),
            now=self._clock(),
            method=request.method,
            path=arrival.path,
            origin=f"http://{request.host}",
            params=params,
            query=request.query,
            headers=request.headers,
            body=_object(arrival.body),
            idempotency_key=key,
        )
        _enter(call, route)
        answer = route.handler(call)
        for effect in call.effects:
            self._recorder.effects.append(
                AppliedEffect(at=call.now, service=service.name, effect=effect, idempotency_key=key)
            )
        for event in call.events:
            self._bus.publish(event, call.now)
        return answer

    def _refusal(self, arrival: _Arrival, refused: Refused) -> Answer:
        headers = arrival.request.headers
        trace = _TRACE.match(headers.get("traceparent", ""))
        tenant = headers.get("X-Tenant-Id")
        dialect = arrival.service.dialect
        body = dialect.error_body(
            refused,
            path=arrival.path,
            tenant_id=dialect.into(tenant) if tenant else None,
            request_id=dialect.request_id(headers.get("X-Request-Id")),
            trace_id=trace[1] if trace else uuid.uuid4().hex,
        )
        return Answer(status=refused.status, body=body, headers=refused.headers, media_type=_PROBLEM)


def _enter(call: Call, route: Route) -> None:
    """Check what the headers say against the world, and write the canonical tenant and property into the call."""
    dialect, world = call.service.dialect, call.world
    header = call.headers.get("X-Tenant-Id")
    if route.tenant == "required" or (route.tenant == "accepted" and header is not None):
        tenant_id = dialect.tenant(header)
        if tenant_id not in world.tenants:
            raise Refused(403, dialect.mismatch_code, "the tenant of the header is not the caller's")
        call.tenant_id = tenant_id
    if dialect.property_place == "none" or route.property == "none":
        return
    where = "X-Property-Id" if dialect.property_place == "header" else "propertyId"
    given = call.headers.get(where) if dialect.property_place == "header" else call.query.get(where)
    if given is None:
        if route.property == "required":
            raise call.invalid(where, "required")
        return
    if not has_shape(given, dialect.property_prefix):
        raise call.invalid(where, f"a {dialect.property_prefix}_ identifier")
    known = world.properties.get(with_prefix(given, "ppt"))
    call.property_id = call.own(known, "property").id


def _object(body: bytes) -> dict[str, object]:
    if not body:
        return {}
    try:
        decoded = json.loads(body)
    except ValueError:
        decoded = None
    if not isinstance(decoded, dict):
        raise Refused(400, "MELMASTOON.GENERAL.VALIDATION_FAILED", "the body is not a JSON object")
    return decoded


def _response(answer: Answer) -> web.Response:
    if answer.raw is not None:
        return web.Response(
            body=answer.raw, status=answer.status, headers=answer.headers, content_type=answer.media_type
        )
    body = b"" if answer.body is None else msgspec.json.encode(answer.body)
    response = web.Response(body=body, status=answer.status, headers=answer.headers)
    if body:
        response.content_type = answer.media_type
    else:
        response.headers.pop("Content-Type", None)
    return response


def _loop_time(request: web.Request) -> float:
    return request.loop.time()
