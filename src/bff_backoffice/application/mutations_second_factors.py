"""Which acts need a fresh second factor, and what proves that there was one (contract, section 3; RFC 9470)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from bff_backoffice.application.mutations_bodies import Act, Amount, NewCharge, NewRefund
from bff_backoffice.application.mutations_ports import AttestationUse
from bff_backoffice.application.mutations_table import Mutation, SecondFactor
from bff_backoffice.application.tiles import MoneyAmount
from bff_backoffice.domain.device_proof import second_factor_required
from bff_backoffice.domain.errors import Refusal
from bff_backoffice.domain.idempotency import KeyScope
from bff_backoffice.domain.operator import OperatorContext, TenantId

__all__ = [
    "Attestations", "Gated", "SecondFactors", "TenantPolicies", "TenantPolicy", "amount_text", "step_up_required",
]  # fmt: skip

_POLICY_SECONDS: Final = 0.5
"""platform-facts A9: tenant-service answers within 500 ms."""


class Gated(Protocol):
    """The request that may need an attestation."""

    @property
    def mutation(self) -> Mutation:
        """The row of the table."""

    @property
    def operator(self) -> OperatorContext:
        """Who asks."""

    @property
    def scope(self) -> KeyScope:
        """The key and what it covers."""

    @property
    def resource_id(self) -> str | None:
        """What the path names."""

    @property
    def body(self) -> Act:
        """The request's body."""

    @property
    def attestation_id(self) -> str | None:
        """What the request shows."""

    def within(self, seconds: float) -> float:
        """The deadline of something that may take so long, on the loop's clock."""

    @property
    def request_id(self) -> str:
        """The request's ULID."""

    @property
    def traceparent(self) -> str:
        """The request's span."""


class Attestations(Protocol):
    """The attestations of the last minutes. Fails closed with `StoreUnavailableError("postgres")`."""

    async def usable(self, tenant_id: TenantId, use: AttestationUse, consumer: bytes) -> bool:
        """Whether the attestation is for exactly this act, and either unused and in time or used by this consumer."""


class TenantPolicy(Protocol):
    """What a hotel company demands of its people."""

    @property
    def issue_key_needs_mfa(self) -> bool:
        """Whether nobody issues a key without a second factor."""

    @property
    def charge_limit(self) -> MoneyAmount | None:
        """The amount above which a charge needs one; None where there is no limit."""


class TenantPolicies(Protocol):
    """The authority on what hotel companies demand."""

    async def tenant(self, tenant_id: TenantId, *, request_id: str, traceparent: str, deadline: float) -> TenantPolicy:
        """Return the policy as it is now; raise the `UpstreamError` family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactors:
    """Let a request pass that needs no second factor or shows a good attestation; return what it will use up.

    The policy is asked for each time: a limit that was just lowered must not be too late by a cache's life, and nobody
    may act on a policy that can't be known.

    Raises:
        Refusal: STEP_UP_REQUIRED, with the act that has to be attested.
        UpstreamError: the tenant's policy can't be known.
        StoreUnavailableError: Postgres is away.
    """

    attestations: Attestations
    policies: TenantPolicies

    async def __call__(self, request: Gated) -> AttestationUse | None:
        if not await self._demanded(request):
            return None
        use = _use(request)
        if use is None or not await self.attestations.usable(request.operator.tenant_id, use, request.scope.digest()):
            raise step_up_required(request)
        return use

    async def _demanded(self, request: Gated) -> bool:
        kind = request.mutation.second_factor
        if kind is SecondFactor.NEVER or kind is SecondFactor.ALWAYS:
            return kind is SecondFactor.ALWAYS
        profile = await self.policies.tenant(
            request.operator.tenant_id,
            request_id=request.request_id,
            traceparent=request.traceparent,
            deadline=request.within(_POLICY_SECONDS),
        )
        if kind is SecondFactor.TENANT:
            return profile.issue_key_needs_mfa
        amount, limit = _amount(request.body), profile.charge_limit
        if amount is None or limit is None:
            return False
        # Two currencies can't be compared, so the answer is the careful one.
        return amount.currency != limit.currency or int(amount.amount_micro) > int(limit.amount_micro)


def step_up_required(request: Gated) -> Refusal:
    """The refusal that tells the client what to attest."""
    amount = _amount(request.body)
    bound = {} if amount is None else {"amount": {"amountMicro": amount.amount_micro, "currency": amount.currency}}
    return second_factor_required(
        {"action": request.mutation.step_up_action, "resource": request.resource_id or "", **bound}
    )


def amount_text(amount: Amount | None) -> str:
    """Return the amount as an attestation is bound to it; empty where there is none."""
    return "" if amount is None else f"{int(amount.amount_micro)}:{amount.currency}"


def _use(request: Gated) -> AttestationUse | None:
    if request.attestation_id is None:
        return None
    return AttestationUse(
        id=request.attestation_id,
        operator_id=request.operator.operator_id,
        key_thumbprint=request.operator.key_thumbprint,
        action=request.mutation.step_up_action,
        resource_id=request.resource_id or "",
        amount=amount_text(_amount(request.body)),
    )


def _amount(body: Act) -> Amount | None:
    """What the act costs in all: a charge is for one, and there may be many."""
    match body:
        case NewCharge():
            total = int(body.amount.amount_micro) * body.quantity
            return Amount(amount_micro=str(total), currency=body.amount.currency)
        case NewRefund():
            return body.amount
        case _:
            return None
