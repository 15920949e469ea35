"""What the crash matrix carries out: a charge, and the revocation of a key behind its second factor.

Each is prepared through the service itself, under a key of its own; what really happened is read at the simulator, and
what was written down in the act's own audit.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.upkeep import PostgresUpkeep
from drills.desk import Desk
from platform_sim.second_factors import webauthn_stand_in
from tests.acting import charge_of, effects, folio, of_property
from tests.stored import stored
from tests.worlds import World

__all__ = ["Act", "AuditRow", "Prepared", "audit_rows", "dispatches", "effects_of", "prepared", "sweep"]

_MOST_SWEPT: Final = 10_000


class Act(StrEnum):
    """What is carried out."""

    CHARGE = "a charge"
    REVOCATION = "the revocation of a key"
    """Gated by a second factor, never repeated by the service itself, and with an audit that nobody may change."""

    @property
    def service(self) -> str:
        """Who carries it out."""
        return {Act.CHARGE: "billing-service", Act.REVOCATION: "lock-integration-service"}[self]

    @property
    def ledger(self) -> str:
        """The table that says who did it."""
        return {Act.CHARGE: "mutation_audit", Act.REVOCATION: "lock_action_proxy_audit"}[self]


_DISPATCHED: Final[Mapping[Act, str]] = {Act.CHARGE: "/charges", Act.REVOCATION: "/revoke"}
"""How the upstream's path of the act ends."""
_EFFECTS: Final[Mapping[Act, str]] = {Act.CHARGE: "charge.posted", Act.REVOCATION: "key.revoked"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One act, ready to be sent as often as somebody likes under its key; `headers` has the attestation it needs."""

    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    key: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One dispatch as the audit has it; `outcome` is None while nobody has seen its end."""

    fence: int
    outcome: str | None


async def prepared(world: World, desk: Desk, act: Act) -> Prepared:
    """A charge to a guest's folio; or a key that is issued first, and a second factor for its revocation."""
    if act is Act.CHARGE:
        return Prepared(path=f"/folios/{folio(world)}/charges", body=charge_of(world), headers={})
    locks = {str(each["roomId"]): str(each["id"]) for each in world.people["locks"]}
    guest = next(each for each in of_property(world, "in_house") if each.get("roomId") in locks)
    lock, manager = locks[guest["roomId"]], world.operator()
    issued = await _told(
        desk, f"/locks/{lock}/issue-key", {"reservationId": guest["id"], "kind": "pin_code"},
        X_Idempotency_Key=str(uuid.uuid4()),
    )  # fmt: skip
    proof = webauthn_stand_in(manager["totpSecret"], "lock.revoke_key", lock)
    factor = {"factor": "webauthn", "proof": proof, "action": "lock.revoke_key", "resource": lock}
    attested = await _told(desk, "/auth/mfa/step-up", factor)
    return Prepared(
        path=f"/locks/{lock}/revoke-key", body={"keyCredentialId": issued["keyCredentialId"], "reason": "Lost"},
        headers={"X_Mfa_Attestation": attested["attestationId"]},
    )  # fmt: skip


async def _told(desk: Desk, path: str, body: Mapping[str, Any], **headers: str) -> dict[str, Any]:
    """What is created by this request. Raises `RuntimeError` where nothing is."""
    try:
        reply = await desk.request("POST", path, body=body, **headers)
    finally:
        desk.close()
    if reply.status != 201:
        raise RuntimeError(f"{path} was answered {reply.status}: {reply.body!r}")
    created: dict[str, Any] = reply.json()
    return created


def effects_of(world: World, act: Act) -> list[dict[str, Any]]:
    """What really happened by acts of this kind so far."""
    return [each for each in effects(world, act.service) if each["kind"] == _EFFECTS[act]]


def dispatches(world: World, act: Act) -> list[dict[str, Any]]:
    """How often its service was asked for an act of this kind so far."""
    found: list[dict[str, Any]] = world.control("GET", f"requests?service={act.service}").json()
    return [each for each in found if each["method"] == "POST" and each["path"].endswith(_DISPATCHED[act])]


def audit_rows(world: World, act: Act, key: str) -> list[AuditRow]:
    """What the audit says of this key, one row a dispatch, in the order of its owners."""
    statement = f"select fence, outcome from {act.ledger} where idempotency_key = $1 order by fence"  # noqa: S608 - one of two names
    return [AuditRow(**row) for row in stored(world, statement, key)]


async def sweep(world: World) -> int:
    """Remove every key that nobody holds, as the job does after seven days; return how many those were."""
    async with Database.open(world.postgres["worker"], size=1) as database, asyncio.timeout(10):
        remove = PostgresUpkeep(database).removals()["idempotency-keys"]
        return await remove(TenantId.parse(world.tenants[0]), timedelta(0), _MOST_SWEPT)
