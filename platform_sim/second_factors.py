"""Second factors: TOTP (RFC 6238), recovery codes, and a stand-in for a WebAuthn authenticator."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final

from platform_sim.dialect import Refused
from platform_sim.proofs import base64url
from platform_sim.world.entities import Operator
from platform_sim.world.identity import Identity

__all__ = ["totp", "verify", "webauthn_stand_in"]

_STEP_SECONDS: Final = 30
_PATIENCE: Final = 10
"""Failed attempts within the window before iam stops listening."""
_WINDOW: Final = timedelta(minutes=5)


def totp(secret: str, now: datetime, *, steps: int = 0) -> str:
    """The six-digit code (SHA-1, 30 s) of a base32 secret, some steps from now."""
    counter = int(now.timestamp()) // _STEP_SECONDS + steps
    digest = hmac.digest(base64.b32decode(secret), counter.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def webauthn_stand_in(secret: str, action: str, resource: str) -> str:
    """What the stand-in authenticator answers for an action on a resource: an HMAC under the secret."""
    return base64url(hmac.digest(base64.b32decode(secret), f"{action}|{resource}".encode(), hashlib.sha256))


def verify(
    operator: Operator, factor: str, proof: str, *, action: str, resource: str, now: datetime, identity: Identity
) -> None:
    """Accept a second factor and use it up, or raise `Refused`: 401 where it is wrong, 429 after too many."""
    failures = [at for at in identity.failed_attempts.get(operator.id, []) if at > now - _WINDOW]
    if len(failures) >= _PATIENCE:
        wait = (failures[0] + _WINDOW - now).total_seconds()
        raise Refused(
            429, "MELMASTOON.IAM.MFA_THROTTLED", "too many wrong codes", headers={"Retry-After": str(int(wait) + 1)}
        )
    accepted = {
        "totp": lambda: [totp(operator.totp_secret, now, steps=steps) for steps in (-1, 0, 1)],
        "recovery": lambda: list(operator.recovery_codes),
        "webauthn": lambda: [webauthn_stand_in(operator.totp_secret, action, resource)],
    }.get(factor)
    if accepted is None:
        raise Refused(400, "MELMASTOON.GENERAL.VALIDATION_FAILED", "factor", violations=(("factor", "enum"),))
    # A signature of the stand-in is bound to its action; a code is not, so only a code has to be used up.
    used = (operator.id, proof)
    if (
        not any(hmac.compare_digest(proof.encode(), each.encode()) for each in accepted())
        or used in identity.used_codes
    ):
        identity.failed_attempts[operator.id] = [*failures, now]
        raise Refused(401, "MELMASTOON.IAM.MFA_INVALID", "the second factor does not hold")
    if factor != "webauthn":
        identity.used_codes.add(used)
