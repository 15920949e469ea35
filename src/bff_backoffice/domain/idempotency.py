"""Idempotency keys: what one covers, what is the same request, what is final (contract, section 5)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bff_backoffice.domain.operator import DeviceId, TenantId

__all__ = ["REDISPATCH_HOURS", "KeyScope", "MalformedKeyError", "is_final_refusal", "parse_key", "still_running"]

REDISPATCH_HOURS: Final = 24
"""How long after its first dispatch a key of unknown outcome may be dispatched again: so long do upstreams remember."""

_ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}\Z", re.IGNORECASE)
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)

_FORBIDDEN: Final = 403
_CONFLICT: Final = 409
_NOT_YET: Final = frozenset({401, 407, 408, 423, 425, 429})
_STILL_RUNNING: Final = ("IDEMPOTENCY_IN_PROGRESS", "IDEMPOTENCY_IN_FLIGHT", "REQUEST_IN_PROGRESS")
_ABOUT_WHO_ASKS: Final = frozenset({
    "MELMASTOON.TENANT.MISMATCH",
    "MELMASTOON.GENERAL.TENANT_FORBIDDEN",
    "MELMASTOON.GENERAL.CROSS_TENANT_REFERENCE",
    "MELMASTOON.IAM.DEVICE_NOT_REGISTERED",
    "MELMASTOON.LOCK.OPERATOR_NOT_ALLOWED",
})  # fmt: skip
"""The 403 codes that speak of the operator's tenant, device or person. Any other may be about this service's rights."""


class MalformedKeyError(ValueError):
    """A text that is neither a ULID nor a UUID."""


def parse_key(text: str) -> str:
    """Return the key in the form in which it is kept, or raise `MalformedKeyError`. Case does not tell keys apart."""
    if _ULID.match(text):
        return text.upper()
    if _UUID.match(text):
        return text.lower()
    raise MalformedKeyError("neither a ULID nor a UUID")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyScope:
    """What a key is unique in besides its tenant. `path` is behind the prefix, with its identifiers.

    Not the operator: at a shift handover the next one sends what the device has queued.
    """

    device_id: DeviceId
    method: str
    path: str
    key: str

    def digest(self) -> bytes:
        """Return 32 bytes that stand for the scope: what an attestation is consumed by."""
        return hashlib.sha256(f"{self.device_id}\n{self.method}\n{self.path}\n{self.key}".encode()).digest()

    def upstream_key(self, tenant_id: TenantId) -> bytes:
        """Return the 16 bytes of the key under which an upstream hears of this, however often it does."""
        named = f"upstream-key\n{tenant_id}\n{self.device_id}\n{self.path}\n{self.key}"
        return hashlib.sha256(named.encode()).digest()[:16]


def still_running(status: int, code: str) -> bool:
    """Whether an upstream's refusal means that it still works on the same key."""
    return status == _CONFLICT and code.endswith(_STILL_RUNNING)


def is_final_refusal(status: int, code: str) -> bool:
    """Whether an upstream's refusal settles the key for good: its 4xx but for those that another try may not meet.

    A 403 that is not known to be about who asks counts as one about this service's own credentials: trying again meets
    the same refusal if it was not, while a final answer would keep the operator from ever succeeding if it was.
    """
    if status in _NOT_YET or still_running(status, code):
        return False
    if status == _FORBIDDEN:
        return code in _ABOUT_WHO_ASKS
    return 400 <= status < 500  # noqa: PLR2004 - the class of client errors
