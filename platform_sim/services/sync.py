"""sync-service: the authority on how far a device has synchronised a scope, and the way for what was done offline.

A cursor belongs to a tenant, an operator, a device and a scope. Its value is a text that only sync-service understands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from platform_sim.acting import acting_device, acting_operator, occurred_at
from platform_sim.dialect import Dialect, Refused
from platform_sim.kernel import Answer, Call, Route, Service, instant
from platform_sim.world.entities import Device, SyncCursor

__all__ = ["SERVICE", "precedes"]

_SCOPES: Final = (
    "reservation",
    "guest",
    "inventory",
    "housekeeping",
    "maintenance",
    "billing",
    "property",
    "pricing",
    "lock",
    "notification",
    "staff",
    "preferences",
)
_NEWEST_PROTOCOL: Final = 2
_LONGEST_VALUE: Final = 512
_LARGEST_PUSH: Final = 200
_RUNS: Final = re.compile(r"\d+|\D+")
_EVENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")


def precedes(value: str, other: str) -> bool:
    """Whether a cursor value lies before another one of its scope.

    Values of one length are compared letter by letter, as ULIDs and padded numbers want it. Of two lengths, runs of
    digits are compared as numbers, so that `lsn-9` lies before `lsn-10`.
    """
    if len(value) == len(other):
        return value < other
    return _weights(value) < _weights(other)


def handshake(call: Call) -> Answer:
    """`POST /handshake`: agree on a protocol version and learn where each scope stands."""
    asked = call.integer("protocolVersion", minimum=1, maximum=1000)
    scopes = call.body.get("scopes")
    if not isinstance(scopes, list) or not 1 <= len(scopes) <= len(_SCOPES):
        raise call.invalid("scopes", f"1..{len(_SCOPES)} scopes")
    for scope in scopes:
        _check_scope(scope)
    cursors = {scope: _cursor(call, scope) for scope in scopes}
    call.publish(
        "sync.handshake.completed.v1",
        {"userId": acting_operator(call).id, "deviceId": acting_device(call).id, "scopes": scopes},
        key=f"{call.tenant_id}:{acting_device(call).id}",
    )
    return Answer(
        body={
            "protocolVersion": min(asked, _NEWEST_PROTOCOL),
            "syncBaseUrl": f"{call.origin}/sync-service/sync/v1",
            "cursors": cursors,
            "serverTime": instant(call.now),
        }
    )


def read_cursors(call: Call) -> Answer:
    """`GET /cursors?scopes=a,b`: where the scopes stand; all that the device has synchronised where none is named."""
    named = call.query.get("scopes")
    scopes = [scope for scope in _SCOPES if _place(call, scope) in call.world.cursors]
    if named is not None:
        scopes = named.split(",")
    for scope in scopes:
        _check_scope(scope)
    return Answer(body={"items": [{"scope": scope, **_cursor(call, scope)} for scope in scopes], "nextCursor": None})


def read_cursor(call: Call) -> Answer:
    """`GET /cursors/{scope}`: where a scope stands; `value` and `asOf` are null where it was never synchronised."""
    _check_scope(call.params["scope"])
    return Answer(body={"scope": call.params["scope"], **_cursor(call, call.params["scope"])})


def advance_cursor(call: Call) -> Answer:
    """`PUT /cursors/{scope}`: move a cursor forward; the value that it has already changes nothing."""
    scope = call.params["scope"]
    _check_scope(scope)
    place, value = _place(call, scope), call.text("value", maximum=_LONGEST_VALUE)
    known = call.world.cursors.get(place)
    if known is not None and precedes(value, known.value):
        raise Refused(
            409,
            "MELMASTOON.SYNC.CURSOR_REGRESSION",
            "a cursor never goes back",
            context={"scope": scope, "value": known.value, "asOf": instant(known.as_of)},
        )
    if known is None or value != known.value:
        call.world.cursors[place] = SyncCursor(value=value, as_of=occurred_at(call))
        call.effect("cursor.advanced", f"{place[2]}:{scope}")
        call.publish(
            "sync.cursor.advanced.v1",
            {"userId": place[1], "deviceId": place[2], "scope": scope, "value": value},
            key=f"{call.tenant_id}:{place[2]}",
        )
    return Answer(body={"scope": scope, **_cursor(call, scope)})


def replay_activity(call: Call) -> Answer:
    """`POST /push`: what a desk noted while it was offline goes out as events, each with its own id and time."""
    operator, device = acting_operator(call), _device(call)
    noted = call.body.get("activity")
    if not isinstance(noted, list) or not 1 <= len(noted) <= _LARGEST_PUSH:
        raise call.invalid("activity", f"1..{_LARGEST_PUSH} events")
    for number, event in enumerate(noted):
        payload = _noted(call, event, f"activity[{number}]")
        call.publish(
            "sync.operator_activity.replayed.v1",
            {**payload, "userId": operator.id, "deviceId": device.id},
            key=f"{call.tenant_id}:{device.id}",
        )
    call.effect("activity.replayed", device.id)
    return Answer(status=202, body={"accepted": len(noted)})


def _noted(call: Call, event: object, place: str) -> dict[str, object]:
    """One noted action: `{eventId, kind, occurredAt, propertyId?, target?, detail?}`."""
    if not isinstance(event, Mapping):
        raise call.invalid(place, "an object")
    identifier, kind, moment = event.get("eventId"), event.get("kind"), event.get("occurredAt")
    if not isinstance(identifier, str) or not _EVENT_ID.match(identifier):
        raise call.invalid(f"{place}.eventId", "an identifier")
    if not isinstance(kind, str) or not kind:
        raise call.invalid(f"{place}.kind", "a text")
    try:
        aware = datetime.fromisoformat(str(moment)).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise call.invalid(f"{place}.occurredAt", "a time with offset or Z")
    shown = {name: event[name] for name in ("propertyId", "target", "detail") if name in event}
    return {"eventId": identifier, "kind": kind, "occurredAt": moment, **shown}


def _weights(value: str) -> list[tuple[int, int, str]]:
    """The runs of a value: digits weigh as numbers and lie before letters."""
    return [(0, int(run), "") if run.isdecimal() else (1, 0, run) for run in _RUNS.findall(value)]


def _check_scope(scope: object) -> None:
    if scope not in _SCOPES:
        raise Refused(404, "MELMASTOON.SYNC.SCOPE_UNKNOWN", "there is no such scope", context={"scopes": list(_SCOPES)})


def _device(call: Call) -> Device:
    device = acting_device(call)
    if device.locked:
        raise Refused(403, "MELMASTOON.SYNC.DEVICE_LOCKED", "the device is locked")
    return device


def _place(call: Call, scope: str) -> tuple[str, str, str, str]:
    return (call.tenant_id, acting_operator(call).id, _device(call).id, scope)


def _cursor(call: Call, scope: str) -> dict[str, object]:
    known = call.world.cursors.get(_place(call, scope))
    return {"value": None, "asOf": None} if known is None else {"value": known.value, "asOf": instant(known.as_of)}


_ROOT: Final = "/sync/v1"

SERVICE: Final = Service(
    name="sync-service",
    dialect=Dialect(domain="SYNC", error_extras=("violations", "context")),
    routes=(
        Route(method="POST", path=f"{_ROOT}/handshake", handler=handshake, idempotency="accepted"),
        Route(method="GET", path=f"{_ROOT}/cursors", handler=read_cursors),
        Route(method="GET", path=f"{_ROOT}/cursors/{{scope}}", handler=read_cursor),
        Route(method="PUT", path=f"{_ROOT}/cursors/{{scope}}", handler=advance_cursor, idempotency="accepted"),
        Route(method="POST", path=f"{_ROOT}/push", handler=replay_activity, idempotency="required"),
    ),
)
