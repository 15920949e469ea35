"""Proving a second factor for one act (contract, section 3; RFC 9470)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from bff_backoffice.application.mutations_bodies import Amount
from bff_backoffice.application.mutations_step_up import StepUpRequest
from bff_backoffice.application.mutations_table import MUTATIONS
from bff_backoffice.application.ports import UpstreamRefusedError
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.device_proof import second_factor_required
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.presentation.errors import upstream_refusal
from bff_backoffice.presentation.exchange import Exchange, Response, json_answer, malformed
from bff_backoffice.presentation.route_table import Access, Answer, Route

__all__ = ["ROUTES"]

_KINDS: Final = {
    mutation.step_up_action: mutation.kind.prefix
    for mutation in MUTATIONS
    if mutation.step_up_action and mutation.kind is not None
}
"""Every act that can be attested, with the prefix of what it is about."""
_OF_MONEY: Final = frozenset(action for action in _KINDS if action.startswith("folio."))
_UNAUTHORIZED: Final = 401


class StepUpBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """A second factor and what it is for. `proof` is the code, or the authenticator's assertion."""

    factor: Literal["totp", "webauthn", "recovery"]
    proof: Annotated[str, Meta(min_length=1, max_length=16_384)]
    action: Literal["lock.issue_key", "lock.revoke_key", "folio.refund", "folio.charge"]
    resource: Annotated[str, Meta(pattern="^(lck|fol)_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    amount: Amount | None = None


class AttestationView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What to show with the act, in `X-Mfa-Attestation`."""

    attestation_id: str
    action: str
    resource: str
    expires_at: datetime


async def step_up(exchange: Exchange, use: UseCases) -> Response:
    """Prove a second factor for one act on one thing."""
    body: StepUpBody = exchange.body
    if not body.resource.startswith(f"{_KINDS[body.action]}_"):
        raise malformed("body.resource", "invalid", f"{body.action} is about a {_KINDS[body.action]}_ identifier.")
    if body.action in _OF_MONEY and body.amount is None:
        raise malformed("body.amount", "required", "An attestation for money is bound to its amount.")
    try:
        made = await use.acting.step_up(
            StepUpRequest(
                operator=exchange.context,
                factor=body.factor,
                proof=body.proof,
                action=body.action,
                resource=body.resource,
                amount=body.amount if body.action in _OF_MONEY else None,
                request_id=exchange.request_id,
                traceparent=exchange.traceparent,
            )
        )
    except UpstreamRefusedError as refusal:
        raise _unproven(refusal, body) from refusal
    view = AttestationView(
        attestation_id=made.id, action=made.action, resource=made.resource, expires_at=made.expires_at
    )
    return json_answer(view, status=201)


def _unproven(refusal: UpstreamRefusedError, body: StepUpBody) -> Refusal:
    """A proof that does not hold says nothing about the token: the challenge is for another proof."""
    known = upstream_refusal(refusal)
    if known.code.status != _UNAUTHORIZED:
        return known
    wanted = second_factor_required({"action": body.action, "resource": body.resource})
    return Refusal(known.code, known.detail, headers=wanted.headers, members=wanted.members)


ROUTES: Final = (
    Route(
        method="POST", path="/auth/mfa/step-up", access=Access.OPERATOR, handler=step_up, tag="sessions",
        summary="Prove a second factor for one act on one thing", body=StepUpBody, needs_property=True,
        answers={201: Answer("The attestation.", {"application/json": AttestationView})},
        refusals=(Code.RATE_LIMITED, Code.STEP_UP_REQUIRED),
    ),
)  # fmt: skip
