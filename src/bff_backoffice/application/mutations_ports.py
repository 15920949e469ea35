"""What a forwarded mutation needs from outside: the memory of keys, the services that carry it out, the boards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bff_backoffice.application.mutations_bodies import Act
from bff_backoffice.application.mutations_table import Ledger, Mutation
from bff_backoffice.application.outbox import Message
from bff_backoffice.application.ports import CallContext
from bff_backoffice.domain.idempotency import KeyScope
from bff_backoffice.domain.operator import (
    AppPlatform,
    BackofficeSessionId,
    NetworkProfile,
    OperatorContext,
    OperatorId,
    PropertyId,
    TenantId,
)

__all__ = [
    "Answered",
    "Attempt",
    "AttestationUse",
    "AuditEntry",
    "AuditOutcome",
    "Claim",
    "Claimed",
    "ForwardOrder",
    "Forwarded",
    "Forwarder",
    "Idempotency",
    "KeptAnswer",
    "Known",
    "OtherRequest",
    "OutcomeLost",
    "Places",
    "Running",
    "Unattested",
    "Views",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """An answer as it goes to the client, and goes again whenever the same request comes under the same key."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardOrder:
    """One dispatch of a mutation. `upstream_key` is the same for every dispatch of the same key; so is the rest.

    `occurred_at` is when the key was first claimed. `attestation_id` is what proves the second factor, where one was
    demanded. `audit_id` names the audit row of this dispatch.
    """

    mutation: Mutation
    resource_id: str | None
    body: Act = field(repr=False)
    upstream_key: bytes
    occurred_at: datetime
    session_id: BackofficeSessionId
    app_version: str | None
    app_platform: AppPlatform | None
    network_profile: NetworkProfile | None
    attestation_id: str | None
    audit_id: str
    version: int | None = None
    """The version of the thing that the client has seen, and demands; None demands nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """What the owning service answered, in this service's own identifiers, as JSON."""

    body: bytes = field(repr=False)


class Forwarder(Protocol):
    """A service that carries out mutations, in its own dialect."""

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Carry it out once for its upstream key. Raises the `UpstreamError` family; only a refusal is an answer."""


class Places(Protocol):
    """A service that is not told of properties when it acts, so that somebody has to look first."""

    async def here(self, call: CallContext, resource_id: str) -> bool:
        """Whether the call's property has the thing. Raises the `UpstreamError` family."""


class Views(Protocol):
    """The parts of boards that every replica shares."""

    async def forget_named(self, tenant_id: TenantId, property_id: PropertyId, names: Sequence[str]) -> None:
        """Let nobody see what was loaded before this call. Raises nothing when the cache is away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """What is written down before an upstream is called. `resource_id` is None where the thing does not exist yet."""

    id: str
    ledger: Ledger
    operator: OperatorContext
    request_id: str
    action: str
    resource_id: str | None


class AuditOutcome(StrEnum):
    """How a dispatch ended."""

    APPLIED = "applied"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Nobody knows whether it had an effect."""
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationUse:
    """An attestation that was shown, and the act that it has to be for. `amount` is empty where none is bound."""

    id: str
    operator_id: OperatorId
    key_thumbprint: str
    action: str
    resource_id: str
    amount: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A wish to carry out a request under a key. `request_hash` is 32 bytes over path, query and canonical body."""

    scope: KeyScope
    request_hash: bytes
    audit: AuditEntry
    attestation: AttestationUse | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The key is ours until the lease ends. `property_id` and `claimed_at` are those of the key's first claim."""

    fence: int
    property_id: PropertyId
    claimed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The key is settled."""

    answer: KeptAnswer
    property_id: PropertyId


@dataclass(frozen=True, slots=True)
class Running:
    """Somebody holds the key now."""


@dataclass(frozen=True, slots=True)
class OtherRequest:
    """The key belongs to another request."""


@dataclass(frozen=True, slots=True)
class OutcomeLost:
    """The first dispatch was so long ago that upstreams have forgotten it, and nobody knows how it ended."""


@dataclass(frozen=True, slots=True)
class Unattested:
    """The attestation is not for this, too old, or used up for another key. Nothing was claimed."""


Known = Answered | Running | OtherRequest | OutcomeLost
Claim = Claimed | Known | Unattested


class Idempotency(Protocol):
    """The memory of keys and of what was done under them. Fails closed with `StoreUnavailableError("postgres")`.

    Every method is one transaction. Time is the store's own.
    """

    async def known(self, tenant_id: TenantId, scope: KeyScope, request_hash: bytes) -> Known | None:
        """Return what keeps the request from being carried out now, or None."""

    async def claim(self, tenant_id: TenantId, attempt: Attempt, *, lease_seconds: float) -> Claim:
        """Take the key, write the audit row and use up the attestation: all of it or nothing."""

    async def renew(self, tenant_id: TenantId, scope: KeyScope, fence: int, *, lease_seconds: float) -> bool:
        """Hold the key for so long from now; return False where it has another owner or is settled."""

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
        """Keep the final answer and complete the audit row; return False, and keep nothing, where the key is lost.

        `tell` is written in the same step where the row is completed by it, and never without.
        """

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
        """Complete the audit row and let the next one try, because what happened is not final; `tell` as above."""

    async def acted_perhaps(self, tenant_id: TenantId, scope: KeyScope, *, audit: AuditEntry, since: datetime) -> bool:
        """Whether another dispatch of the key than this one, at or after `since`, may have had an effect."""
