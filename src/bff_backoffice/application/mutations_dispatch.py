"""One dispatch of a claimed key: the call under its lease, the boards that it made stale, the answer that is kept.

Whoever dies on the way leaves a key whose lease ends. The next one dispatches again under the same upstream key, which
the upstream knows, so that the effect stays one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from bff_backoffice.application.mutations_bodies import Act
from bff_backoffice.application.mutations_ports import (
    Answered,
    Attempt,
    AuditOutcome,
    Claimed,
    Forwarded,
    Forwarder,
    ForwardOrder,
    Idempotency,
    KeptAnswer,
    Known,
    OtherRequest,
    OutcomeLost,
    Running,
    Views,
)
from bff_backoffice.application.mutations_table import Mutation
from bff_backoffice.application.mutations_telling import Ended, TellMutation, tell_nobody
from bff_backoffice.application.outbox import Message
from bff_backoffice.application.ports import (
    CallContext,
    StoreUnavailableError,
    UpstreamError,
    UpstreamRefusedError,
    UpstreamShedError,
    UpstreamUnavailableError,
)
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.idempotency import KeyScope, is_final_refusal, still_running
from bff_backoffice.domain.operator import OperatorContext, PropertyId

__all__ = ["Dispatch", "MutationRequest", "Outcome", "Step", "Tools", "replayed"]

_RENEWALS_PER_LEASE: Final = 3
_JSON: Final = (("Content-Type", "application/json"),)


class Step(StrEnum):
    """Where a process can be killed: the labels of the crash matrix."""

    CHECKED = "checked"
    """Nothing has been written yet."""
    CLAIMED = "claimed"
    """Key, audit row and attestation are written; nothing has been sent."""
    ANSWERED = "answered"
    """What came of the call, an answer or none, is known here and nowhere else."""
    FORGOTTEN = "forgotten"
    """The boards have forgotten what may have been changed."""
    SETTLED = "settled"
    """The answer is kept, or the key is let go, and the client has not heard of it."""


async def _passed(_step: Step) -> None:
    """Nothing happens at a step of a process that serves people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationRequest:
    """A request that has the right shape, from somebody whose role allows it. `resource_id` is what the path names.

    `refused` turns an upstream's final refusal into the answer that this client gets, now and at every replay.
    `version` is what the client demands of the thing, if any; at `patient_until`, on the loop's clock, it gives up.
    """

    mutation: Mutation
    operator: OperatorContext
    scope: KeyScope
    request_hash: bytes
    resource_id: str | None
    body: Act = field(repr=False)
    attestation_id: str | None
    locale: str
    request_id: str
    traceparent: str
    refused: Callable[[UpstreamRefusedError], KeptAnswer]
    version: int | None = None
    patient_until: float | None = None

    def within(self, seconds: float) -> float:
        """Return the deadline of something that may take so long now, on the loop's clock: the client's if sooner."""
        deadline = asyncio.get_running_loop().time() + seconds
        return deadline if self.patient_until is None else min(deadline, self.patient_until)

    def call(self, property_id: PropertyId, deadline: float) -> CallContext:
        """Return what every call for this request carries. `deadline` is on the loop's clock, in seconds."""
        operator = self.operator
        return CallContext(
            tenant_id=operator.tenant_id,
            property_id=property_id,
            operator_id=operator.operator_id,
            device_id=operator.device_id,
            roles=operator.roles,
            locale=self.locale,
            request_id=self.request_id,
            traceparent=self.traceparent,
            deadline=deadline,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer, and whether it is the first one once more."""

    answer: KeptAnswer
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every dispatch works with. `lease_seconds` is how long a dead owner keeps its key from others."""

    keys: Idempotency
    upstreams: Mapping[Source, Forwarder]
    views: Views
    lease_seconds: float
    reached: Callable[[Step], Awaitable[None]] = _passed
    tell: TellMutation = tell_nobody


def replayed(known: Known, request: MutationRequest) -> Outcome:
    """Return the first answer once more, or raise what keeps the request from being carried out now."""
    match known:
        case Answered():
            if known.property_id not in request.operator.property_scope:
                # The next operator at this device may have other hotels than the one who sent it first.
                raise Refusal(Code.RESOURCE_NOT_FOUND)
            return Outcome(answer=known.answer, replayed=True)
        case Running():
            raise Refusal(Code.IDEMPOTENCY_IN_FLIGHT)
        case OtherRequest():
            raise Refusal(Code.IDEMPOTENCY_KEY_REUSED)
        case OutcomeLost():
            raise Refusal(
                Code.OUTCOME_UNKNOWN,
                "The first try was more than 24 hours ago and may have acted; look before you do it anew.",
                retry="never",
            )


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One owner's time with a key. `sure_until` is on the loop's clock: until then the key is certainly ours."""

    tools: Tools
    request: MutationRequest
    attempt: Attempt
    claim: Claimed
    sure_until: float

    async def __call__(self) -> Outcome:
        await self.tools.reached(Step.CLAIMED)
        result: Outcome | Exception
        async with asyncio.TaskGroup() as group:
            lease = group.create_task(self._hold_lease())
            try:
                result = await self._carried_out()
            except Exception as failure:  # noqa: BLE001 - raised below: from inside the group it would come out wrapped
                result = failure
            finally:
                lease.cancel()
        if isinstance(result, Exception):
            raise result
        return result

    async def _carried_out(self) -> Outcome:
        try:
            forwarded = await self._forwarded()
        except Refusal:
            # Our own, and nothing was sent.
            await self._released(AuditOutcome.NOT_SENT, None)
            raise
        except UpstreamRefusedError as refusal:
            await self.tools.reached(Step.ANSWERED)
            if is_final_refusal(refusal.status, refusal.code):
                return await self._settled(AuditOutcome.REFUSED, self.request.refused(refusal))
            await self._released(AuditOutcome.REFUSED, refusal.status)
            if still_running(refusal.status, refusal.code):
                raise Refusal(Code.IDEMPOTENCY_IN_FLIGHT, retry_after=refusal.retry_after) from refusal
            raise
        except UpstreamError as failure:
            await self.tools.reached(Step.ANSWERED)
            unsent = isinstance(failure, UpstreamShedError) or (
                isinstance(failure, UpstreamUnavailableError) and failure.breaker_open
            )
            if not unsent:
                await self._forget_views()
            await self.tools.reached(Step.FORGOTTEN)
            await self._released(AuditOutcome.NOT_SENT if unsent else AuditOutcome.UNKNOWN, None)
            if unsent and await self._acted_perhaps():
                # Not sent this time, and nobody can say what became of the time before.
                raise Refusal(Code.OUTCOME_UNKNOWN, retry_after=failure.retry_after) from failure
            raise
        await self.tools.reached(Step.ANSWERED)
        await self._forget_views()
        await self.tools.reached(Step.FORGOTTEN)
        answer = KeptAnswer(status=self.request.mutation.status, headers=_JSON, body=forwarded.body)
        return await self._settled(AuditOutcome.APPLIED, answer)

    async def _forwarded(self) -> Forwarded:
        request, claim, mutation = self.request, self.claim, self.request.mutation
        if claim.property_id not in request.operator.property_scope:
            raise Refusal(Code.RESOURCE_NOT_FOUND)
        now = asyncio.get_running_loop().time()
        if now >= self.sure_until:
            # The process stood still for longer than its lease: the key may have another owner by now.
            raise Refusal(Code.IDEMPOTENCY_IN_FLIGHT)
        operator = request.operator
        call = request.call(claim.property_id, request.within(mutation.deadline_ms / 1000))
        order = ForwardOrder(
            mutation=mutation,
            resource_id=request.resource_id,
            body=request.body,
            upstream_key=request.scope.upstream_key(operator.tenant_id),
            occurred_at=claim.claimed_at,
            session_id=operator.session_id,
            app_version=operator.app_version,
            app_platform=operator.app_platform,
            network_profile=operator.network_profile,
            attestation_id=None if self.attempt.attestation is None else self.attempt.attestation.id,
            audit_id=self.attempt.audit.id,
            version=request.version,
        )
        return await self.tools.upstreams[mutation.upstream].forward(call, order)

    async def _settled(self, outcome: AuditOutcome, answer: KeptAnswer) -> Outcome:
        tenant_id, scope = self.request.operator.tenant_id, self.attempt.scope
        ours = await self.tools.keys.settle(
            tenant_id, scope, self.claim.fence, audit=self.attempt.audit, outcome=outcome, answer=answer,
            tell=self._told(outcome, answer.status),
        )  # fmt: skip
        await self.tools.reached(Step.SETTLED)
        if ours:
            return Outcome(answer=answer)
        # Another owner has the key, because this one was too slow: there is one answer, and it is the kept one.
        known = await self.tools.keys.known(tenant_id, scope, self.attempt.request_hash)
        return replayed(Running() if known is None else known, self.request)

    async def _released(self, outcome: AuditOutcome, status: int | None) -> None:
        tenant_id, fence = self.request.operator.tenant_id, self.claim.fence
        try:
            await self.tools.keys.release(
                tenant_id, self.attempt.scope, fence, audit=self.attempt.audit, outcome=outcome, status=status,
                tell=self._told(outcome, status),
            )  # fmt: skip
        except StoreUnavailableError:
            # The lease ends by itself, and the audit row without an end says that nobody saw it.
            return
        await self.tools.reached(Step.SETTLED)

    async def _acted_perhaps(self) -> bool:
        """Whether an earlier owner of the key may have had an effect."""
        if self.claim.fence == 1:
            return False
        try:
            tenant_id, attempt, since = self.request.operator.tenant_id, self.attempt, self.claim.claimed_at
            return await self.tools.keys.acted_perhaps(tenant_id, attempt.scope, audit=attempt.audit, since=since)
        except StoreUnavailableError:
            return True

    def _told(self, outcome: AuditOutcome, status: int | None) -> Message | None:
        request, attempt, here = self.request, self.attempt, self.claim.property_id
        return self.tools.tell(Ended(
            mutation=request.mutation, audit=attempt.audit, property_id=here, outcome=outcome, status=status,
            attested=attempt.attestation is not None, traceparent=request.traceparent,
        ))  # fmt: skip

    async def _forget_views(self) -> None:
        names = self.request.mutation.stale.names
        await self.tools.views.forget_named(self.request.operator.tenant_id, self.claim.property_id, names)

    async def _hold_lease(self) -> None:
        """Renew the lease until the dispatch ends. A key that is lost is found out when its answer is to be kept."""
        tenant_id, lease_seconds = self.request.operator.tenant_id, self.tools.lease_seconds
        ours = True
        while ours:
            await asyncio.sleep(lease_seconds / _RENEWALS_PER_LEASE)
            try:
                ours = await self.tools.keys.renew(
                    tenant_id, self.attempt.scope, self.claim.fence, lease_seconds=lease_seconds
                )
            except StoreUnavailableError:
                continue
