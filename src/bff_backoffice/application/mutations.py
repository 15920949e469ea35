"""Forwarding what an operator changes to the service that owns it, exactly once, whatever is killed at whatever moment.

The order is the contract's (sections 2.1 and 5): the key's stored answer, the second factor, then one transaction that
claims the key, writes the audit row and uses up the attestation; then the dispatch.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from ulid import ULID

from bff_backoffice.application.mutations_dispatch import Dispatch, MutationRequest, Outcome, Step, Tools, replayed
from bff_backoffice.application.mutations_ports import Attempt, AttestationUse, AuditEntry, Claimed, Places, Unattested
from bff_backoffice.application.mutations_second_factors import SecondFactors, step_up_required
from bff_backoffice.application.mutations_step_up import StepUp
from bff_backoffice.application.mutations_table import Ledger, SecondFactor
from bff_backoffice.application.ports import Clock, UpstreamError
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.errors import Code, Refusal

__all__ = ["Acting", "ForwardMutation", "Look"]

_PLACE_SECONDS: Final = 0.3
"""How long it may take to learn where a thing is: the rest of a lock action's 800 ms belongs to the act."""
_AUDIT_PREFIX: Final[Mapping[Ledger, str]] = {Ledger.MUTATIONS: "mau", Ledger.LOCKS: "lap"}


class Look(Protocol):
    """What is wrong with a request can be more than its shape tells, and still no reason to use up its key."""

    def wanted(self, request: MutationRequest) -> bool:
        """Whether anything has to be looked up for this one."""

    async def __call__(self, request: MutationRequest) -> None:
        """Raise `Refusal` for a request that can't be carried out; `StoreUnavailableError` where nobody can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardMutation:
    """Carry a mutation out exactly once for its key.

    Raises:
        Refusal: IDEMPOTENCY_IN_FLIGHT, IDEMPOTENCY_KEY_REUSED, OUTCOME_UNKNOWN, STEP_UP_REQUIRED, RESOURCE_NOT_FOUND;
            whatever a look finds.
        UpstreamError: what happened is not final; the same key may try again.
        StoreUnavailableError: Postgres is away. Before the claim nothing was done; after it the same key finds out.
    """

    tools: Tools
    second_factors: SecondFactors
    places: Mapping[Source, Places]
    """The services that do not look at the property themselves."""
    clock: Clock
    looks: Mapping[str, Look] = field(default_factory=dict)
    """What has to be looked up for an act before its key counts, by the act's name."""
    owners: Mapping[Source, Places] = field(default_factory=dict)
    """The services that look at the property themselves, and are asked first only where a second factor is missing."""

    async def __call__(self, request: MutationRequest) -> Outcome:
        keys, lease_seconds = self.tools.keys, self.tools.lease_seconds
        tenant_id = request.operator.tenant_id
        attestation: AttestationUse | None = None
        gated, look = request.mutation.second_factor is not SecondFactor.NEVER, self._look(request)
        if gated or look is not None:
            # A replay needs neither attestation nor look, so the key comes first. Elsewhere the claim itself finds out.
            known = await keys.known(tenant_id, request.scope, request.request_hash)
            if known is not None:
                return replayed(known, request)
        if look is not None:
            await look(request)
        if gated:
            await self._require_here(request)
            attestation = await self._attested(request)
        await self.tools.reached(Step.CHECKED)
        started = asyncio.get_running_loop().time()
        attempt = Attempt(
            scope=request.scope,
            request_hash=request.request_hash,
            audit=self._audit(request),
            attestation=attestation,
        )
        claim = await keys.claim(tenant_id, attempt, lease_seconds=lease_seconds)
        match claim:
            case Claimed():
                return await Dispatch(self.tools, request, attempt, claim, started + lease_seconds)()
            case Unattested():
                raise step_up_required(request)
            case _:
                return replayed(claim, request)

    async def _require_here(self, request: MutationRequest) -> None:
        """Refuse a thing of another property before anything is written or used up."""
        if not await self._is_here(self.places, request):
            raise Refusal(Code.RESOURCE_NOT_FOUND)

    async def _attested(self, request: MutationRequest) -> AttestationUse | None:
        """Return what will be used up; what does not exist is told before a second factor is demanded (2.1)."""
        try:
            return await self.second_factors(request)
        except Refusal:
            # Who can't be asked now says it when the second factor is there.
            with contextlib.suppress(UpstreamError):
                if not await self._is_here(self.owners, request):
                    raise Refusal(Code.RESOURCE_NOT_FOUND) from None
            raise

    async def _is_here(self, asked: Mapping[Source, Places], request: MutationRequest) -> bool:
        """Whether the property has the thing, or none of these is to be asked about it. Raises `UpstreamError`."""
        places, resource_id = asked.get(request.mutation.upstream), request.resource_id
        if places is None or resource_id is None:
            return True
        call = request.call(request.operator.property_id, request.within(_PLACE_SECONDS))
        return await places.here(call, resource_id)

    def _look(self, request: MutationRequest) -> Look | None:
        look = self.looks.get(request.mutation.name)
        return look if look is not None and look.wanted(request) else None

    def _audit(self, request: MutationRequest) -> AuditEntry:
        mutation = request.mutation
        return AuditEntry(
            id=f"{_AUDIT_PREFIX[mutation.ledger]}_{ULID.from_datetime(self.clock())}",
            ledger=mutation.ledger,
            operator=request.operator,
            request_id=request.request_id,
            action=mutation.name,
            resource_id=request.resource_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Everything that changes something at another service, and what has to be proven for it."""

    forward_mutation: ForwardMutation
    step_up: StepUp
