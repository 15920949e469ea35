"""lock-integration-service: the keys of the doors. It refuses whoever does not say who acts, where and why.

Issuing answers before the vendor has: a slow vendor's key is `pending` at first and `active` some seconds later, and a
lock that can't be reached keeps a key `pending` and a revocation `pending` until it can.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from platform_sim.dialect import Dialect
from platform_sim.given import given_moment
from platform_sim.ids import fresh_id
from platform_sim.kernel import Answer, Call, Route, Service, instant, page
from platform_sim.paging import keyset_page
from platform_sim.services.lock_envelope import audited
from platform_sim.world.entities import KeyCredential, Lock, Reservation

__all__ = ["SERVICE"]

_KINDS: Final = ("mobile_app", "pin_code", "rfid_card")
_SLOW_VENDORS: Final = frozenset({"vostio"})
_VENDOR_TAKES: Final = timedelta(seconds=4)
_LONGEST: Final = timedelta(days=90)
_LIVE: Final = frozenset({"requested", "pending", "active"})


# Reads


def locks(call: Call) -> Answer:
    """`GET /locks?propertyId=&roomId=`: by room."""
    room_id = call.query.get("roomId")
    every = call.world.locks_of(call.property_id) if call.property_id else list(call.world.locks.values())
    found = [lock for lock in every if lock.tenant_id == call.tenant_id and room_id in {None, lock.room_id}]
    rows, cursor = page(call, found, default=100)
    return Answer(body={"items": [_lock_card(call, lock) for lock in rows], "nextCursor": cursor})


def one_lock(call: Call) -> Answer:
    """`GET /locks/{lck_…}`."""
    return Answer(body=_lock_card(call, call.own(call.world.locks.get(call.id("id")), "lock")))


def keys(call: Call) -> Answer:
    """`GET /key-credentials?propertyId=&reservationId=&lockId=&state=`: in the order in which they were issued."""
    wanted = {name: call.query.get(name) for name in ("reservationId", "lockId", "state")}
    found = [
        key
        for key in call.world.keys.values()
        if key.tenant_id == call.tenant_id
        and call.property_id in {"", key.property_id}
        and wanted["reservationId"] in {None, key.reservation_id}
        and wanted["lockId"] in {None, key.lock_id}
        and wanted["state"] in {None, _caught_up(call, key).state}
    ]
    rows, cursor = keyset_page(call, found, _by_issue, default=100, maximum=500)
    return Answer(body={"items": [_key_card(key) for key in rows], "nextCursor": cursor})


def _by_issue(key: KeyCredential) -> tuple[int | str, ...]:
    return (key.issued_at.isoformat(), key.id)


def one_key(call: Call) -> Answer:
    """`GET /key-credentials/{key_…}`."""
    key = _key(call)
    return Answer(body=_key_card(key), headers={"ETag": f'"{key.version}"'})


# Mutations


def issue(call: Call) -> Answer:
    """`POST /key-credentials` `{reservationId, rooms?, lockId?, preferredKinds?, validFrom?, validUntil?}` → 201.

    Only for a guest who is in house, and only for the guest's own room.
    """
    envelope = audited(call, second_factor=call.world.tenants[call.tenant_id].policy.issue_key_mfa)
    stay = call.own(call.world.reservations.get(call.reference("reservationId")), "reservation")
    lock = _lock_of(call, stay)
    kind = _kind(call)
    valid_from, valid_until = _validity(call, stay)
    slow = lock.vendor in _SLOW_VENDORS or not lock.online
    key = KeyCredential(
        id=fresh_id("key"),
        tenant_id=stay.tenant_id,
        property_id=stay.property_id,
        lock_id=lock.id,
        room_id=lock.room_id,
        reservation_id=stay.id,
        kind=kind,
        state="pending" if slow else "active",
        valid_from=valid_from,
        valid_until=valid_until,
        vendor=lock.vendor,
        issued_by=envelope.operator_id,
        issued_at=call.now,
    )
    call.world.keys[key.id] = key
    call.world.changed(key.property_id)
    _say(call, "requested" if slow else "issued", key, actor=envelope.wire())
    call.effect("key.issued", key.id)
    body = _key_card(key) | {"audit": envelope.wire()}
    return Answer(status=201, body=body, headers={"Location": f"/api/v1/key-credentials/{key.id}"})


def revoke(call: Call) -> Answer:
    """`POST /key-credentials/{key_…}/revoke` `{reason, lockId?}`: `revoked`, or `pending` while the lock is away."""
    envelope = audited(call, second_factor=True)
    key = _key(call)
    reason = call.text("reason", maximum=500)
    lock = call.world.locks[key.lock_id]
    if call.optional_reference("lockId") not in {None, lock.id}:
        raise call.conflict("LOCK_MISMATCH", "the key belongs to another lock", status=422)
    if key.state not in _LIVE:
        raise call.conflict("INVALID_STATE_TRANSITION", f"a key that is {key.state} can't be revoked")
    key.state = "revoked" if lock.online else "suspended"
    key.revoked_reason = reason
    key.revoked_at = call.now if lock.online else None
    key.version += 1
    call.world.changed(key.property_id)
    _say(call, "revoked" if lock.online else "suspended", key, reason=reason, actor=envelope.wire())
    call.effect("key.revoked", key.id)
    shown = _key_card(key) | {"audit": envelope.wire()}
    return Answer(body=shown | {"state": "revoked" if lock.online else "pending"})


def _key(call: Call) -> KeyCredential:
    return _caught_up(call, call.own(call.world.keys.get(call.id("id")), "key_credential"))


def _caught_up(call: Call, key: KeyCredential) -> KeyCredential:
    """The key as of now: what a reachable lock's vendor has had time for has happened, and is said once."""
    if not call.world.locks[key.lock_id].online:
        return key
    if key.state == "pending" and call.now - key.issued_at >= _VENDOR_TAKES:
        key.state = "active"
        _say(call, "issued", key)
    elif key.state == "suspended" and key.revoked_reason:
        key.state, key.revoked_at = "revoked", call.now
        _say(call, "revoked", key, reason=key.revoked_reason)
    else:
        return key
    key.version += 1
    return key


def _lock_of(call: Call, stay: Reservation) -> Lock:
    """The lock of the guest's room; a lock or room that the caller names has to be that one."""
    if not stay.in_house or stay.room_id is None:
        raise call.conflict("RESERVATION_NOT_IN_HOUSE", "keys are for guests who have checked in")
    rooms = call.body.get("rooms", [stay.room_id])
    if not isinstance(rooms, list) or not rooms or not all(isinstance(room, str) for room in rooms):
        raise call.invalid("rooms", "a list of room identifiers")
    lock_id = call.optional_reference("lockId")
    if lock_id is not None:
        call.own(call.world.locks.get(lock_id), "lock")
    lock = next(lock for lock in call.world.locks_of(stay.property_id) if lock.room_id == stay.room_id)
    if rooms != [stay.room_id] or lock_id not in {None, lock.id}:
        raise call.conflict("ROOM_MISMATCH", "the guest has another room", status=422)
    return lock


def _kind(call: Call) -> str:
    kinds = call.body.get("preferredKinds", ["rfid_card"])
    if not isinstance(kinds, list) or not kinds or any(kind not in _KINDS for kind in kinds):
        raise call.invalid("preferredKinds", f"of {' '.join(_KINDS)}")
    return str(kinds[0])


def _validity(call: Call, stay: Reservation) -> tuple[datetime, datetime]:
    """From now to the check-out time of the departure day, where the caller does not say otherwise."""
    prop = call.world.properties[stay.property_id]
    leaves = datetime.combine(
        stay.departure_date, time.fromisoformat(prop.check_out_time), ZoneInfo(prop.timezone)
    ).astimezone(UTC)
    # Who stays past the check-out time still has to get into the room.
    start = given_moment(call, "validFrom") or call.now
    end = given_moment(call, "validUntil") or max(leaves, start + timedelta(hours=2))
    if not timedelta() < end - start <= _LONGEST or end <= call.now:
        raise call.conflict("VALIDITY_INVALID", "the key would never or too long be valid", status=422)
    return start, end


def _say(call: Call, happened: str, key: KeyCredential, **more: object) -> None:
    call.publish(
        f"lock.credential.{happened}.v1",
        {
            "keyCredentialId": key.id,
            "propertyId": key.property_id,
            "holderKind": "guest",
            "reservationId": key.reservation_id,
            "kind": key.kind,
            "rooms": [key.room_id],
            "state": key.state,
            "validFrom": instant(key.valid_from),
            "validUntil": instant(key.valid_until),
            **more,
        },
        key=key.reservation_id,
    )


# Shapes


def _key_card(key: KeyCredential) -> dict[str, object]:
    return {
        "id": key.id,
        "tenantId": key.tenant_id,
        "propertyId": key.property_id,
        "lockId": key.lock_id,
        "reservationId": key.reservation_id,
        "kind": key.kind,
        "rooms": [key.room_id],
        "validFrom": instant(key.valid_from),
        "validUntil": instant(key.valid_until),
        "state": key.state,
        "vendor": key.vendor,
        "issuedBy": key.issued_by,
        "issuedAt": instant(key.issued_at),
        "revokedAt": instant(key.revoked_at) if key.revoked_at else None,
        "revokedReason": key.revoked_reason,
        "version": key.version,
    }


def _lock_card(call: Call, lock: Lock) -> dict[str, object]:
    room = call.world.rooms.get(lock.room_id)
    return {
        "id": lock.id,
        "tenantId": lock.tenant_id,
        "propertyId": lock.property_id,
        "roomId": lock.room_id,
        "roomNumber": room.number if room else None,
        "vendor": lock.vendor,
        "batteryPercent": lock.battery_percent,
        "online": lock.online,
    }


_KEYS: Final = "/api/v1/key-credentials"

SERVICE: Final = Service(
    name="lock-integration-service",
    # The property is no part of this service's agreement: a list may be narrowed to one, and nothing more.
    dialect=Dialect(domain="LOCK", property_place="query"),
    routes=(
        Route(method="GET", path="/api/v1/locks", handler=locks, property="accepted"),
        Route(method="GET", path="/api/v1/locks/{id}", handler=one_lock),
        Route(method="GET", path=_KEYS, handler=keys, property="accepted"),
        Route(method="GET", path=f"{_KEYS}/{{id}}", handler=one_key),
        Route(method="POST", path=_KEYS, handler=issue, idempotency="required"),
        Route(method="POST", path=f"{_KEYS}/{{id}}/revoke", handler=revoke, idempotency="required"),
    ),
)
