"""Proving a second factor for one act (contract, section 3): iam-service judges it, this service remembers it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from ulid import ULID

from bff_backoffice.application.mutations_bodies import Amount
from bff_backoffice.application.mutations_ports import AttestationUse
from bff_backoffice.application.mutations_second_factors import amount_text
from bff_backoffice.application.ports import Clock, UpstreamError, UpstreamRefusedError
from bff_backoffice.domain.device_proof import SECOND_FACTOR_SECONDS
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import DeviceId, IamSessionId, OperatorContext, OperatorId, TenantId

__all__ = ["Attestation", "AttestationKeeper", "SecondFactorJudge", "StepUp", "StepUpRequest", "WrongCodes"]

_IAM_SECONDS: Final = 0.6
"""platform-facts A9: iam-service answers within 600 ms."""


class SecondFactorJudge(Protocol):
    """The authority on second factors."""

    async def attest(
        self,
        operator_id: OperatorId,
        *,
        tenant_id: TenantId,
        device_id: DeviceId,
        factor: str,
        proof: str,
        action: str,
        resource: str,
        request_id: str,
        traceparent: str,
        deadline: float,
    ) -> None:
        """Return where the proof holds; raise `UpstreamRefusedError` (401, 429) where not, or one of its family."""


class WrongCodes(Protocol):
    """How many proofs of a session did not hold lately. Fails closed with `StoreUnavailableError("sessions")`."""

    async def count(self, tenant_id: TenantId, session_id: IamSessionId) -> float:
        """Count a try before it is judged and return 0; or count nothing, and return how many seconds are to wait."""

    async def give_back(self, tenant_id: TenantId, session_id: IamSessionId) -> None:
        """Uncount a try that was not judged."""

    async def forget(self, tenant_id: TenantId, session_id: IamSessionId) -> None:
        """Begin anew, after one that held."""


class AttestationKeeper(Protocol):
    """Where attestations are kept. Fails closed with `StoreUnavailableError("postgres")`."""

    async def keep(
        self, tenant_id: TenantId, made: AttestationUse, *, device_id: DeviceId, factor: str, seconds: int
    ) -> datetime:
        """Keep a new attestation for so long, and return the end of its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpRequest:
    """What somebody wants to prove, and for which act. `proof` goes to iam-service as it came and nowhere else."""

    operator: OperatorContext
    factor: str
    proof: str = field(repr=False)
    action: str
    resource: str
    amount: Amount | None
    request_id: str
    traceparent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What the client shows with the act."""

    id: str
    action: str
    resource: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUp:
    """Have the second factor judged, and remember that it held: for this operator, device key, act, thing and amount.

    Raises:
        Refusal: RATE_LIMITED after too many proofs that did not hold.
        UpstreamRefusedError: 401 for a proof that does not hold, 429 after too many of them elsewhere.
        UpstreamError: iam-service is away.
        StoreUnavailableError: Postgres is away; the proof may be used up by then, and the next one will do.
    """

    judge: SecondFactorJudge
    keeper: AttestationKeeper
    wrong_codes: WrongCodes
    clock: Clock

    async def __call__(self, request: StepUpRequest) -> Attestation:
        operator = request.operator
        place = (operator.tenant_id, operator.iam_session_id)
        wait_seconds = await self.wrong_codes.count(*place)
        if wait_seconds:
            raise Refusal(
                Code.RATE_LIMITED, "Too many second factors did not hold.", retry_after=math.ceil(wait_seconds)
            )
        try:
            await self._judged(request)
        except UpstreamRefusedError:
            raise
        except UpstreamError:
            await self.wrong_codes.give_back(*place)
            raise
        await self.wrong_codes.forget(*place)
        return await self._kept(request)

    async def _judged(self, request: StepUpRequest) -> None:
        operator = request.operator
        await self.judge.attest(
            operator.operator_id,
            tenant_id=operator.tenant_id,
            device_id=operator.device_id,
            factor=request.factor,
            proof=request.proof,
            action=request.action,
            resource=request.resource,
            request_id=request.request_id,
            traceparent=request.traceparent,
            deadline=asyncio.get_running_loop().time() + _IAM_SECONDS,
        )

    async def _kept(self, request: StepUpRequest) -> Attestation:
        operator = request.operator
        made = AttestationUse(
            id=f"mfa_{ULID.from_datetime(self.clock())}",
            operator_id=operator.operator_id,
            key_thumbprint=operator.key_thumbprint,
            action=request.action,
            resource_id=request.resource,
            amount=amount_text(request.amount),
        )
        expires_at = await self.keeper.keep(
            operator.tenant_id,
            made,
            device_id=operator.device_id,
            factor=request.factor,
            seconds=SECOND_FACTOR_SECONDS,
        )
        return Attestation(id=made.id, action=request.action, resource=request.resource, expires_at=expires_at)
