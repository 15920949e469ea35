"""A wish to change something, for tests of what keeps idempotency keys."""

from __future__ import annotations

from dataclasses import replace

from ulid import ULID

from bff_backoffice.application.mutations_ports import Attempt, AttestationUse, AuditEntry
from bff_backoffice.application.mutations_table import Ledger
from bff_backoffice.domain.idempotency import KeyScope
from bff_backoffice.domain.operator import (
    BackofficeSessionId,
    DeviceId,
    IamSessionId,
    OperatorContext,
    OperatorId,
    OperatorRole,
    PropertyId,
    TenantId,
)

__all__ = ["HASH", "again", "attempt", "operator"]

HASH = b"h" * 32
"""The request's hash, where nothing else is said."""


def operator(tenant_id: TenantId) -> OperatorContext:
    """Somebody at a desk."""
    here = PropertyId(f"ppt_{ULID()}")
    return OperatorContext(
        tenant_id=tenant_id,
        operator_id=OperatorId(f"usr_{ULID()}"),
        device_id=DeviceId(f"dev_{ULID()}"),
        iam_session_id=IamSessionId(f"ses_{ULID()}"),
        session_id=BackofficeSessionId(f"bos_{ULID()}"),
        roles=frozenset({OperatorRole.FRONT_DESK}),
        property_scope=(here,),
        property_id=here,
        key_thumbprint="thumb",
        locale="en",
    )


def attempt(
    who: OperatorContext, *, ledger: Ledger = Ledger.MUTATIONS, attestation: AttestationUse | None = None
) -> Attempt:
    """A wish of theirs, under a fresh key."""
    return Attempt(
        scope=KeyScope(device_id=who.device_id, method="POST", path="/folios/fol_1/charges", key=str(ULID())),
        request_hash=HASH,
        audit=AuditEntry(
            id=f"mau_{ULID()}",
            ledger=ledger,
            operator=who,
            request_id=str(ULID()),
            action="post_charge",
            resource_id="fol_1",
        ),
        attestation=attestation,
    )


def again(first: Attempt) -> Attempt:
    """The same wish once more, which has an audit row of its own."""
    return replace(first, audit=replace(first.audit, id=f"mau_{ULID()}"))
