"""What tenant-service says of a hotel company, known on every request: may its people work, and with which builds?

The profile comes with the admission (`stores.py`), in the round trip that every request makes, so a change that an
event announces counts at the next request on every replica. It is believed for five minutes, and is loaded anew before
that behind a request that does not wait for it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from ulid import ULID

from bff_backoffice.application.flights import FlightLostError, Flights
from bff_backoffice.application.ports import (
    Clock,
    StoreUnavailableError,
    UpstreamError,
    UpstreamRefusedError,
    UpstreamUnavailableError,
)
from bff_backoffice.application.sessions.ports import TenantProfile
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import TenantId

__all__ = ["FRESH", "ForgetTenant", "KnowTenant", "KnownTenant", "KnownTenants", "Tenants"]

FRESH: Final = timedelta(minutes=5)
"""How long a profile is believed (contract, section 3, of what else tenant-service says)."""

_EARLY: Final = timedelta(minutes=4)
"""From this age on it is loaded anew, so that nobody waits when it ends."""

_TENANT_SECONDS: Final = 0.5
"""platform-facts A9: tenant-service answers within 500 ms."""

_NOT_FOUND: Final = 404
_ACTIVE: Final = "active"
_TRIES: Final = 5
"""Writers of one tenant's entry are an event and the few processes that load at the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTenant:
    """What is remembered of a tenant. `as_of` is when tenant-service was asked for `profile`.

    `change` names the announced change that nobody has asked about yet, and is empty otherwise: the profile is then
    only shown where tenant-service is away. `announced` is the status that the event itself told, which counts until
    tenant-service says otherwise.
    """

    profile: TenantProfile | None
    as_of: datetime
    change: str = ""
    announced: str | None = None

    @property
    def closed_as(self) -> str | None:
        """The status for which nobody of the tenant is let in, as far as it is known; None for one that works."""
        status = self.announced or (None if self.profile is None else self.profile.status)
        return None if status in {None, _ACTIVE} else status


class KnownTenants(Protocol):
    """Where that is remembered. Raises `StoreUnavailableError("sessions")`."""

    async def known(self, tenant_id: TenantId) -> KnownTenant | None:
        """What is remembered of the tenant."""

    async def remember(self, tenant_id: TenantId, before: KnownTenant | None, after: KnownTenant) -> bool:
        """Replace `before`, unless something else is there by now; return whether it was replaced."""


class Tenants(Protocol):
    """tenant-service, the authority on tenants. Raises the `UpstreamError` family."""

    async def tenant(self, tenant_id: TenantId, *, request_id: str, traceparent: str, deadline: float) -> TenantProfile:
        """The hotel company."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowTenant:
    """Find the profile of an operator's tenant, and let nobody in whose tenant does not work any more.

    Raises:
        Refusal: OPERATOR_SUSPENDED where the tenant is suspended, deleted or unknown.
        UpstreamError: tenant-service is away and nothing is known of the tenant.
    """

    kept: KnownTenants
    tenants: Tenants
    flights: Flights[TenantProfile]
    clock: Clock

    async def __call__(
        self, tenant_id: TenantId, known: KnownTenant | None, *, request_id: str, traceparent: str
    ) -> TenantProfile:
        """Return the profile; `known` is what the admission brought."""
        profile = None
        if known is not None and known.profile is not None and not known.change:
            age = self.clock() - known.as_of
            if age < FRESH:
                profile = known.profile
                if age > _EARLY:
                    self._load_early(tenant_id, known, request_id, traceparent)
        if profile is None:
            profile = await self._asked(tenant_id, known, request_id, traceparent)
        if profile.status != _ACTIVE:
            # Closed by default, as for members: a status that is new to this service lets nobody in.
            raise _suspended()
        return profile

    async def _asked(
        self, tenant_id: TenantId, known: KnownTenant | None, request_id: str, traceparent: str
    ) -> TenantProfile:
        deadline = asyncio.get_running_loop().time() + _TENANT_SECONDS

        async def load() -> TenantProfile:
            return await self._load(tenant_id, known, request_id, traceparent, deadline)

        try:
            # A load that began before a change must not answer those who come after it: the change is part of the key.
            return await self.flights.join((tenant_id, known.change if known else ""), load, deadline=deadline)
        except UpstreamRefusedError as refused:
            if refused.status == _NOT_FOUND:
                raise _suspended() from refused
            return self._last_known(known, refused)
        except UpstreamError as failure:
            return self._last_known(known, failure)
        except (TimeoutError, FlightLostError) as failure:
            return self._last_known(known, UpstreamUnavailableError("tenant-service", str(failure)))

    @staticmethod
    def _last_known(known: KnownTenant | None, failure: UpstreamError) -> TenantProfile:
        """What was known before tenant-service went away; what an event announced since counts all the same."""
        if known is not None and known.announced not in {None, _ACTIVE}:
            raise _suspended() from failure
        if known is None or known.profile is None:
            raise failure
        return known.profile

    async def _load(
        self, tenant_id: TenantId, known: KnownTenant | None, request_id: str, traceparent: str, deadline: float
    ) -> TenantProfile:
        asked_at = self.clock()
        profile = await self.tenants.tenant(
            tenant_id, request_id=request_id, traceparent=traceparent, deadline=deadline
        )
        # The answer is good without being remembered. Where a change was announced meanwhile, it must not be.
        with suppress(StoreUnavailableError):
            await self.kept.remember(tenant_id, known, KnownTenant(profile=profile, as_of=asked_at))
        return profile

    def _load_early(self, tenant_id: TenantId, known: KnownTenant, request_id: str, traceparent: str) -> None:
        deadline = asyncio.get_running_loop().time() + _TENANT_SECONDS

        async def load() -> TenantProfile:
            return await self._load(tenant_id, known, request_id, traceparent, deadline)

        self.flights.launch((tenant_id, known.change), load, deadline=deadline)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetTenant:
    """Ask tenant-service again before the next request of the tenant is let in, because an event says that it changed.

    Doing it again, late or out of order changes nothing: tenant-service itself is asked what is true.

    Raises:
        StoreUnavailableError: the event must be delivered again.
    """

    kept: KnownTenants
    clock: Clock

    async def __call__(self, tenant_id: TenantId, *, status: str | None = None) -> None:
        """Forget; `status` is what the event itself says of the tenant, where it does."""
        for _ in range(_TRIES):
            known = await self.kept.known(tenant_id)
            before = known or KnownTenant(profile=None, as_of=self.clock())
            changed = replace(before, change=str(ULID()), announced=status or before.announced)
            if await self.kept.remember(tenant_id, known, changed):
                return
        raise StoreUnavailableError("sessions")


def _suspended() -> Refusal:
    return Refusal(Code.OPERATOR_SUSPENDED, "The tenant is suspended.")
