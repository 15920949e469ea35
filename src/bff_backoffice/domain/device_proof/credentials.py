"""The two header fields of a request's credentials: which access token, which proof (checks 1 and 17)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bff_backoffice.domain.device_proof.challenges import credentials_missing, proof_invalid, token_invalid
from bff_backoffice.domain.errors import Code, FieldError, Refusal

__all__ = ["Credentials", "read_credentials", "read_sole_proof"]

_AUTHORIZATION: Final = re.compile(r"(?P<scheme>[!#$%&'*+.^_`|~0-9A-Za-z-]+) +(?P<token>[A-Za-z0-9._~+/-]+=*)\Z")
"""A scheme and a `token68` (RFC 9110 section 11.4)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brought to prove who sends it. Neither part shows in a representation."""

    access_token: str = field(repr=False)
    proof: str = field(repr=False)


def read_sole_proof(proofs: Sequence[str]) -> str:
    """Return the one value of all `DPoP` header fields, or raise the refusal `PROOF_INVALID`.

    Two fields, and two values joined into one field by a proxy, are refused: which of them was meant is not ours to
    guess.
    """
    if len(proofs) != 1 or "," in proofs[0]:
        raise proof_invalid("Exactly one proof is required")
    return proofs[0]


def read_credentials(
    authorization: Sequence[str], proofs: Sequence[str], *, accept_bearer_scheme: bool = False
) -> Credentials:
    """Return the credentials in the values of all `Authorization` and all `DPoP` header fields.

    The scheme is compared without regard to case. `Bearer` is refused unless `accept_bearer_scheme`, since a bound
    token that travels as a bearer token is one whose binding nobody checks (RFC 9449 section 7.2); the proof is
    demanded either way.

    Raises the refusals `VALIDATION_FAILED` (two `Authorization` fields), `TOKEN_INVALID` and `PROOF_INVALID`.
    """
    if len(authorization) > 1:
        raise Refusal(
            Code.VALIDATION_FAILED,
            errors=(FieldError("header.authorization", "duplicate", "Only one Authorization header is allowed"),),
        )
    if not authorization:
        raise credentials_missing() if not proofs else token_invalid("An access token is required")
    match = _AUTHORIZATION.match(authorization[0])
    if match is None:
        raise token_invalid()
    if match["scheme"].lower() not in (("dpop", "bearer") if accept_bearer_scheme else ("dpop",)):
        raise token_invalid("The authentication scheme must be DPoP")
    return Credentials(match["token"], read_sole_proof(proofs))
