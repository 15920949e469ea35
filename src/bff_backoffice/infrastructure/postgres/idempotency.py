"""The memory of idempotency keys, with the audit rows and the attestations that belong to the same step.

Each method is one transaction of one tenant, and everything that must not be seen apart is one statement. Time is
Postgres's (`clock_timestamp()`), so replicas need no common clock. Fails closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import asyncpg
import msgspec

from bff_backoffice.application.mutations_ports import (
    Answered,
    Attempt,
    AttestationUse,
    AuditEntry,
    AuditOutcome,
    Claim,
    Claimed,
    KeptAnswer,
    Known,
    OtherRequest,
    OutcomeLost,
    Running,
    Unattested,
)
from bff_backoffice.application.mutations_table import Ledger
from bff_backoffice.application.outbox import Message
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.idempotency import REDISPATCH_HOURS, KeyScope
from bff_backoffice.domain.operator import PropertyId, TenantId
from bff_backoffice.infrastructure.postgres.attestations import consume
from bff_backoffice.infrastructure.postgres.outbox import row_of
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.sealing import AnswerSeal, BrokenSealError

if TYPE_CHECKING:
    from bff_backoffice.infrastructure.postgres.pool import Connection

__all__ = ["PostgresIdempotency"]

_REDISPATCH: Final = timedelta(hours=REDISPATCH_HOURS)

# The key and its audit row in one statement. A key that exists is taken over only where it is open: the same request,
# no answer yet, its owner's lease over, its first claim not too long ago.
_CLAIM: Final = """
with claimed as (
  insert into idempotency as kept
    (tenant_id, device_id, method, path, key, request_hash, property_id, lease_until)
  values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() + $8::interval)
  on conflict (tenant_id, device_id, method, path, key) do update set
    fence = kept.fence + 1, lease_until = excluded.lease_until, touched_at = clock_timestamp()
  where kept.status is null and kept.request_hash = excluded.request_hash
    and kept.lease_until <= clock_timestamp() and kept.claimed_at > clock_timestamp() - $9::interval
  returning fence, property_id, claimed_at
), audited as (
  insert into {ledger}
    (tenant_id, id, operator_id, device_id, session_id, property_id, roles, request_id, action, resource_id, method,
     path, idempotency_key, fence, attestation_id, app_version)
  select $1, $10, $11, $2, $12, property_id, $13, $14, $15, $16, $3, $4, $5, fence, $17, $18 from claimed
)
select fence, property_id, claimed_at from claimed
"""

# One statement, so that a key that is being swept is seen either as a row or as a tombstone.
_KNOWN: Final = """
with kept as (
  select request_hash, property_id, status, answer, lease_until > clock_timestamp() as held,
         claimed_at <= clock_timestamp() - $6::interval as forgotten, false as spent
  from idempotency where tenant_id = $1 and device_id = $2 and method = $3 and path = $4 and key = $5
)
select * from kept union all
select null, null, null, null, false, true, true
where not exists (select from kept) and is_spent($1, $2, $3, $4, $5)
"""

_SPENT: Final = "idempotency_spent"
"""What the table calls it when a claim is for a key whose answer was swept (migrations/versions/0009)."""

_RENEW: Final = """
update idempotency set lease_until = clock_timestamp() + $7::interval
where tenant_id = $1 and device_id = $2 and method = $3 and path = $4 and key = $5 and fence = $6 and status is null
returning 1
"""

# The audit row is completed whoever owns the key by now: this dispatch did end so. How it ended goes into the
# operators' ledger, success or not, in the same statement; but for a batch of the ledger itself, which is in there. So
# does what the platform is told of it, where there is something to tell.
_COMPLETED: Final = """
completed as (
  update {ledger} set outcome = $8, upstream_status = $9, completed_at = clock_timestamp()
  where tenant_id = $1 and id = $7 and completed_at is null
  returning *
), noted as (
  insert into operator_activity
    (tenant_id, id, origin, kind, outcome, occurred_at, operator_id, device_id, session_id, property_id, roles,
     request_id, app_version, network_profile, target_type, target_id)
  select tenant_id, 'act_' || right(id, 26), 'service', action, outcome, started_at, operator_id, device_id, session_id,
         property_id, roles, request_id, app_version, $10, split_part(resource_id, '_', 1), resource_id
  from completed where action <> 'record_activity'
), told as (
  insert into outbox (tenant_id, id, kind, about, ordering_key, payload)
  select $1, $11, $12, $13, $14, $15::json from completed where $11::text is not null
)
"""
_SETTLE: Final = (
    "with"
    + _COMPLETED
    + """
update idempotency
set status = $9, answer = $16, lease_until = clock_timestamp(), touched_at = clock_timestamp()
where tenant_id = $1 and device_id = $2 and method = $3 and path = $4 and key = $5 and fence = $6 and status is null
returning 1
"""
)
_RELEASE: Final = (
    "with"
    + _COMPLETED
    + """
update idempotency set lease_until = clock_timestamp()
where tenant_id = $1 and device_id = $2 and method = $3 and path = $4 and key = $5 and fence = $6 and status is null
"""
)


def _for_each_ledger(statement: str) -> Mapping[Ledger, str]:
    return {ledger: statement.format(ledger=ledger.value) for ledger in Ledger}


# An audit row without an end belongs to somebody who died, or whose end could not be written.
_EARLIER: Final = """
select exists (
  select from {ledger}
  where tenant_id = $1 and started_at >= $7 and device_id = $2 and method = $3 and path = $4 and idempotency_key = $5
    and id <> $6 and coalesce(outcome, 'unknown') = 'unknown'
)
"""

_CLAIMS: Final = _for_each_ledger(_CLAIM)
_SETTLES: Final = _for_each_ledger(_SETTLE)
_RELEASES: Final = _for_each_ledger(_RELEASE)
_ACTED_PERHAPS: Final = _for_each_ledger(_EARLIER)


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """An answer as it is stored, before it is sealed."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


_DECODER: Final = msgspec.msgpack.Decoder(_Kept)


class _UnattestedError(Exception):
    """Ends the transaction so that nothing of it stays."""


@dataclass(frozen=True, slots=True)
class PostgresIdempotency:
    """Keys in the table `idempotency`, audit rows in the table of each mutation's ledger."""

    database: Database
    seal: AnswerSeal

    async def known(self, tenant_id: TenantId, scope: KeyScope, request_hash: bytes) -> Known | None:
        """Return what keeps the request from being carried out now, or None."""
        async with self.database.transaction(tenant_id) as connection:
            row = await self._row(connection, tenant_id, scope)
        return None if row is None else self._what(tenant_id, scope, request_hash, row)

    async def claim(self, tenant_id: TenantId, attempt: Attempt, *, lease_seconds: float) -> Claim:
        """Take the key, write the audit row and use up the attestation: all of it or nothing."""
        scope = attempt.scope
        try:
            async with self.database.transaction(tenant_id) as connection:
                taken = await self._take(connection, tenant_id, attempt, timedelta(seconds=lease_seconds))
                if taken is not None:
                    if attempt.attestation is not None:
                        await _use_up(connection, tenant_id, attempt.attestation, scope)
                    return taken
                row = await self._row(connection, tenant_id, scope)
        except _UnattestedError:
            return Unattested()
        except asyncpg.UniqueViolationError as refused:
            if refused.constraint_name != _SPENT:
                raise
            return OutcomeLost()
        known = None if row is None else self._what(tenant_id, scope, attempt.request_hash, row)
        # Whoever held the key a moment ago has let it go since: the client's next try finds it open.
        return Running() if known is None else known

    async def renew(self, tenant_id: TenantId, scope: KeyScope, fence: int, *, lease_seconds: float) -> bool:
        """Hold the key for so long from now; return False where it has another owner or is settled."""
        async with self.database.transaction(tenant_id) as connection:
            lease = timedelta(seconds=lease_seconds)
            return await connection.fetchval(_RENEW, *_place(tenant_id, scope), fence, lease) is not None

    async def settle(
        self,
        tenant_id: TenantId,
        scope: KeyScope,
        fence: int,
        *,
        audit: AuditEntry,
        outcome: AuditOutcome,
        answer: KeptAnswer,
        tell: Message | None = None,
    ) -> bool:
        """Keep the final answer and complete the audit row; return False, and keep nothing, where the key is lost."""
        plain = msgspec.msgpack.encode(_Kept(answer.status, answer.headers, answer.body))
        sealed = self.seal.seal(tenant_id, plain, place=scope.digest())
        async with self.database.transaction(tenant_id) as connection:
            kept = await connection.fetchval(
                _SETTLES[audit.ledger],
                *_place(tenant_id, scope), fence, audit.id, outcome.value, answer.status,
                audit.operator.network_profile, *row_of(tell), sealed,
            )  # fmt: skip
        return kept is not None

    async def release(
        self,
        tenant_id: TenantId,
        scope: KeyScope,
        fence: int,
        *,
        audit: AuditEntry,
        outcome: AuditOutcome,
        status: int | None,
        tell: Message | None = None,
    ) -> None:
        """Complete the audit row and let the next one try, because what happened is not final."""
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute(
                _RELEASES[audit.ledger],
                *_place(tenant_id, scope), fence, audit.id, outcome.value, status, audit.operator.network_profile,
                *row_of(tell),
            )  # fmt: skip

    async def acted_perhaps(self, tenant_id: TenantId, scope: KeyScope, *, audit: AuditEntry, since: datetime) -> bool:
        """Whether another dispatch of the key than this one, at or after `since`, may have had an effect."""
        async with self.database.transaction(tenant_id) as connection:
            found = await connection.fetchval(_ACTED_PERHAPS[audit.ledger], *_place(tenant_id, scope), audit.id, since)
        return bool(found)

    async def _take(
        self, connection: Connection, tenant_id: TenantId, attempt: Attempt, lease: timedelta
    ) -> Claimed | None:
        audit, operator = attempt.audit, attempt.audit.operator
        row = await connection.fetchrow(
            _CLAIMS[audit.ledger],
            *_place(tenant_id, attempt.scope), attempt.request_hash, operator.property_id, lease, _REDISPATCH,
            audit.id, operator.operator_id, operator.session_id, ",".join(sorted(operator.roles)), audit.request_id,
            audit.action, audit.resource_id, None if attempt.attestation is None else attempt.attestation.id,
            operator.app_version,
        )  # fmt: skip
        if row is None:
            return None
        return Claimed(fence=row["fence"], property_id=PropertyId(row["property_id"]), claimed_at=row["claimed_at"])

    async def _row(self, connection: Connection, tenant_id: TenantId, scope: KeyScope) -> asyncpg.Record | None:
        return await connection.fetchrow(_KNOWN, *_place(tenant_id, scope), _REDISPATCH)

    def _what(self, tenant_id: TenantId, scope: KeyScope, request_hash: bytes, row: asyncpg.Record) -> Known | None:
        if row["spent"]:
            # Which request it was is forgotten too.
            return OutcomeLost()
        if row["request_hash"] != request_hash:
            return OtherRequest()
        if row["status"] is not None:
            answer = self._opened(tenant_id, scope, row["answer"])
            return Answered(answer=answer, property_id=PropertyId(row["property_id"]))
        if row["held"]:
            return Running()
        return OutcomeLost() if row["forgotten"] else None

    def _opened(self, tenant_id: TenantId, scope: KeyScope, sealed: bytes) -> KeptAnswer:
        try:
            kept = _DECODER.decode(self.seal.open(tenant_id, sealed, place=scope.digest()))
        except (BrokenSealError, msgspec.DecodeError) as error:
            # There is an answer, and it can't be read here: nothing may be done anew, and somebody has to look.
            raise StoreUnavailableError("postgres") from error
        return KeptAnswer(status=kept.status, headers=kept.headers, body=kept.body)


def _place(tenant_id: TenantId, scope: KeyScope) -> tuple[str, str, str, str, str]:
    return (tenant_id, scope.device_id, scope.method, scope.path, scope.key)


async def _use_up(connection: Connection, tenant_id: TenantId, use: AttestationUse, scope: KeyScope) -> None:
    if not await consume(connection, tenant_id, use, scope.digest()):
        raise _UnattestedError
