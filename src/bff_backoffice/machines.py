"""Who may call `/internal/*`, put together from settings. A part of the composition root, which alone imports it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bff_backoffice.application.machines import IdentifyMachine
from bff_backoffice.application.ports import Clock
from bff_backoffice.domain.machine_identity import IdentityRules, Machine
from bff_backoffice.infrastructure.dpop import IdentityTokenVerifier, KeySetCache, read_identity_key
from bff_backoffice.infrastructure.http import open_public_document
from bff_backoffice.settings import Settings

__all__ = ["open_machines"]

_ISSUER = "identity-issuer"
"""The name in errors and advice of whoever signs the tokens."""


@asynccontextmanager
async def open_machines(settings: Settings, *, clock: Clock) -> AsyncIterator[IdentifyMachine]:
    """Know the machines that the settings name. Nothing is called for this."""
    async with open_public_document(settings.machine_keys_url, name=_ISSUER) as fetch:
        keys = KeySetCache(fetch, issuer=_ISSUER, read_key=read_identity_key)
        yield IdentifyMachine(tokens=IdentityTokenVerifier(keys), rules=dict(_rules(settings)), clock=clock)


def _rules(settings: Settings) -> list[tuple[Machine, IdentityRules]]:
    named = [
        (Machine.PUSH, settings.push_audience, settings.push_identity),
        (Machine.SCHEDULER, settings.scheduler_audience, settings.scheduler_identity),
    ]
    return [
        (machine, IdentityRules(issuer=settings.machine_issuer, audience=audience, email=email))
        for machine, audience, email in named
        if audience and email
    ]
