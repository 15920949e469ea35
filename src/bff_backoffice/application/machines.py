"""The platform's own machines, known by their identity tokens (contract, section 2, `/internal/*`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bff_backoffice.application.ports import Clock
from bff_backoffice.domain.machine_identity import (
    IdentityRules,
    Machine,
    accept_identity_claims,
    machine_credentials_missing,
    machine_token_invalid,
)

__all__ = ["IdentifyMachine", "IdentityTokens"]

_BEARER: Final = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +(?P<token>[A-Za-z0-9_.-]+)\Z")


class IdentityTokens(Protocol):
    """The issuer's tokens."""

    async def claims(self, token: str) -> Mapping[str, object]:
        """Return what a token says that the issuer has signed.

        Raises:
            Refusal: TOKEN_INVALID, where it has not, or where the text is no such token.
            UpstreamError: the issuer's keys can't be had; the caller must come again.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifyMachine:
    """Let a machine in, or raise its refusal. One for whom no rules were set is let in by nothing.

    Raises:
        Refusal: TOKEN_INVALID or TOKEN_EXPIRED.
        UpstreamError: the issuer's keys can't be had.
    """

    tokens: IdentityTokens
    rules: Mapping[Machine, IdentityRules]
    clock: Clock

    async def __call__(self, machine: Machine, authorization: Sequence[str]) -> None:
        """Check the `Authorization` header fields of a request, of which there must be one."""
        if not authorization:
            raise machine_credentials_missing()
        rules = self.rules.get(machine)
        found = _BEARER.match(authorization[0]) if len(authorization) == 1 else None
        if rules is None or found is None:
            raise machine_token_invalid()
        claims = await self.tokens.claims(found["token"])
        accept_identity_claims(claims, rules, now=self.clock())
