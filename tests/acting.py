"""What tests of mutations have in common: keys, things to act on, and what really happened at the platform."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx2

from tests.desktop import Desktop
from tests.worlds import World

__all__ = ["act", "charge_of", "effects", "folio", "new_key", "of_property", "stay"]


def new_key() -> str:
    """A key that nobody has used."""
    return str(uuid.uuid4())


def act(
    desk: Desktop, path: str, body: Any = None, *, key: str | None = None, method: str = "POST", **headers: str | None
) -> httpx2.Response:
    """One mutation under this key, or under a fresh one."""
    return desk.request(method, path, json_body=body, **{"X_Idempotency_Key": key or new_key(), **headers})


def effects(world: World, service: str, since: int = 0) -> list[dict[str, Any]]:
    """What really happened at a service, in order; `since` leaves out the first ones."""
    found: list[dict[str, Any]] = world.control("GET", f"effects?service={service}").json()
    return found[since:]


def of_property(world: World, status: str, tenant: int = 0) -> Iterator[dict[str, Any]]:
    """The first property's stays in this status, as the seed has them."""
    here = world.properties(tenant)[0]
    return (each for each in world.people["reservations"] if each["propertyId"] == here and each["status"] == status)


def stay(world: World, status: str = "in_house", tenant: int = 0) -> dict[str, Any]:
    """A stay of the tenant's first property, with its room and its folio where it is in house."""
    return next(of_property(world, status, tenant))


def folio(world: World, tenant: int = 0) -> str:
    """An open folio of the tenant's first property."""
    return next(str(each["folioId"]) for each in of_property(world, "in_house", tenant) if each.get("folioId"))


def charge_of(world: World, tenant: int = 0) -> dict[str, Any]:
    """A charge in the currency of the tenant's first property."""
    here = world.properties(tenant)[0]
    currency = next(each["currency"] for each in world.people["properties"] if each["id"] == here)
    return {"description": "Tea", "amount": {"amountMicro": "2500000", "currency": currency}, "quantity": 2}
