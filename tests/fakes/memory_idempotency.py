"""The memory of idempotency keys in memory: for tests of the law, on virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bff_backoffice.application.mutations_ports import (
    Answered,
    Attempt,
    AuditEntry,
    AuditOutcome,
    Claim,
    Claimed,
    KeptAnswer,
    Known,
    OtherRequest,
    OutcomeLost,
    Running,
)
from bff_backoffice.application.outbox import Message
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.idempotency import REDISPATCH_HOURS, KeyScope
from bff_backoffice.domain.operator import PropertyId, TenantId

_EPOCH = datetime(2026, 11, 22, tzinfo=UTC)
_DAY = REDISPATCH_HOURS * 3600.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """One key."""

    request_hash: bytes
    property_id: PropertyId
    fence: int
    claimed_at: float
    lease_until: float
    touched_at: float = 0.0
    answer: KeptAnswer | None = None


@dataclass(kw_only=True)
class MemoryIdempotency:
    """Keeps its promises by the running loop's clock; `away` makes it fail as a lost store does."""

    away: bool = False
    rows: dict[tuple[TenantId, KeyScope], Row] = field(default_factory=dict)
    spent: set[tuple[TenantId, KeyScope]] = field(default_factory=set)
    audits: dict[str, AuditOutcome | None] = field(default_factory=dict)
    told: list[Message] = field(default_factory=list)

    async def known(self, tenant_id: TenantId, scope: KeyScope, request_hash: bytes) -> Known | None:
        """What keeps the request from being carried out now, or None."""
        now = await self._now()
        if (tenant_id, scope) in self.spent:
            return OutcomeLost()
        row = self.rows.get((tenant_id, scope))
        return None if row is None else _what(row, request_hash, now)

    async def claim(self, tenant_id: TenantId, attempt: Attempt, *, lease_seconds: float) -> Claim:
        """Take the key and write the audit row."""
        now = await self._now()
        place = (tenant_id, attempt.scope)
        if place in self.spent:
            return OutcomeLost()
        row = self.rows.get(place)
        known = None if row is None else _what(row, attempt.request_hash, now)
        if known is not None:
            return known
        if row is None:
            here = attempt.audit.operator.property_id
            row = Row(request_hash=attempt.request_hash, property_id=here, fence=0, claimed_at=now, lease_until=now)
        row = replace(row, fence=row.fence + 1, lease_until=now + lease_seconds, touched_at=now)
        self.rows[place] = row
        self.audits[attempt.audit.id] = None
        claimed_at = _EPOCH + timedelta(seconds=row.claimed_at)
        return Claimed(fence=row.fence, property_id=row.property_id, claimed_at=claimed_at)

    async def renew(self, tenant_id: TenantId, scope: KeyScope, fence: int, *, lease_seconds: float) -> bool:
        """Hold the key for so long from now."""
        now = await self._now()
        row = self.rows.get((tenant_id, scope))
        ours = row is not None and row.fence == fence and row.answer is None
        if row is not None and ours:
            self.rows[tenant_id, scope] = replace(row, lease_until=now + lease_seconds)
        return ours

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
        """Keep the final answer."""
        now = await self._now()
        self._complete(audit, outcome, tell)
        row = self.rows.get((tenant_id, scope))
        ours = row is not None and row.fence == fence and row.answer is None
        if row is not None and ours:
            self.rows[tenant_id, scope] = replace(row, answer=answer, lease_until=now, touched_at=now)
        return ours

    async def release(
        self,
        tenant_id: TenantId,
        scope: KeyScope,
        fence: int,
        *,
        audit: AuditEntry,
        outcome: AuditOutcome,
        status: int | None,  # noqa: ARG002 - the port's
        tell: Message | None = None,
    ) -> None:
        """Let the next one try."""
        now = await self._now()
        self._complete(audit, outcome, tell)
        row = self.rows.get((tenant_id, scope))
        if row is not None and row.fence == fence and row.answer is None:
            self.rows[tenant_id, scope] = replace(row, lease_until=now)

    async def sweep(self, keep_seconds: float) -> int:
        """Delete the keys that nobody touched for longer than that, each leaving a tombstone; return how many."""
        oldest = await self._now() - keep_seconds
        old = [place for place, row in self.rows.items() if row.touched_at < oldest and row.lease_until < oldest]
        for place in old:
            del self.rows[place]
        self.spent.update(old)
        return len(old)

    async def acted_perhaps(
        self,
        tenant_id: TenantId,  # noqa: ARG002 - the port's
        scope: KeyScope,  # noqa: ARG002 - the port's: tests of the law have one key
        *,
        audit: AuditEntry,
        since: datetime,  # noqa: ARG002 - the port's
    ) -> bool:
        """Whether another dispatch may have had an effect."""
        await self._now()
        return any(outcome in {None, AuditOutcome.UNKNOWN} for name, outcome in self.audits.items() if name != audit.id)

    def _complete(self, audit: AuditEntry, outcome: AuditOutcome, tell: Message | None) -> None:
        if tell is not None and self.audits[audit.id] is None:
            self.told.append(tell)
        self.audits[audit.id] = outcome

    async def _now(self) -> float:
        # A real store always lets others run meanwhile.
        await asyncio.sleep(0)
        if self.away:
            raise StoreUnavailableError("postgres")
        return asyncio.get_running_loop().time()


def _what(row: Row, request_hash: bytes, now: float) -> Known | None:
    if row.request_hash != request_hash:
        return OtherRequest()
    if row.answer is not None:
        return Answered(answer=row.answer, property_id=row.property_id)
    if row.lease_until > now:
        return Running()
    return OutcomeLost() if row.claimed_at + _DAY <= now else None
