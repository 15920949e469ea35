"""The platform's services, opened: a client each with its own breaker and limits, in a gateway that speaks its dialect.

A part of the composition root, which is the only one that imports it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bff_backoffice.application.ports import Clock
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient, open_upstream
from bff_backoffice.infrastructure.observability import Metrics
from bff_backoffice.infrastructure.upstreams import (
    ai_orchestrator,
    analytics,
    billing,
    housekeeping,
    iam,
    inventory,
    lock_integration,
    maintenance,
    notification,
    pricing,
    reservation,
    sync,
    tenant,
)
from bff_backoffice.infrastructure.upstreams import property as property_service
from bff_backoffice.settings import Settings

__all__ = ["Gateways", "open_gateways"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateways:
    """One field a service, named as the specification names it (section 7)."""

    ai_orchestrator: ai_orchestrator.AiOrchestratorGateway
    analytics: analytics.AnalyticsGateway
    billing: billing.BillingGateway
    housekeeping: housekeeping.HousekeepingGateway
    iam: iam.IamGateway
    inventory: inventory.InventoryGateway
    lock_integration: lock_integration.LockIntegrationGateway
    maintenance: maintenance.MaintenanceGateway
    notification: notification.NotificationGateway
    pricing: pricing.PricingGateway
    property: property_service.PropertyGateway
    reservation: reservation.ReservationGateway
    sync: sync.SyncGateway
    tenant: tenant.TenantGateway


@asynccontextmanager
async def open_gateways(settings: Settings, metrics: Metrics, *, clock: Clock) -> AsyncIterator[Gateways]:
    """Open a client for each platform service, all alike. Nothing is called for this."""

    async def identity() -> str:
        return settings.upstream_identity_token.get_secret_value()

    async with AsyncExitStack() as stack:

        async def client(upstream: Upstream) -> UpstreamClient:
            return await stack.enter_async_context(
                open_upstream(
                    upstream,
                    settings.upstream_url(upstream.name),
                    identity=identity,
                    observer=metrics,
                    clock=clock,
                    breaker_enabled=settings.upstream_breakers,
                    limit_enabled=settings.upstream_limits,
                    hedging_enabled=settings.upstream_hedging,
                )
            )

        yield Gateways(
            ai_orchestrator=ai_orchestrator.AiOrchestratorGateway(await client(ai_orchestrator.SERVICE)),
            analytics=analytics.AnalyticsGateway(await client(analytics.SERVICE)),
            billing=billing.BillingGateway(await client(billing.SERVICE)),
            housekeeping=housekeeping.HousekeepingGateway(await client(housekeeping.SERVICE)),
            iam=iam.IamGateway(await client(iam.SERVICE)),
            inventory=inventory.InventoryGateway(await client(inventory.SERVICE)),
            lock_integration=lock_integration.LockIntegrationGateway(await client(lock_integration.SERVICE)),
            maintenance=maintenance.MaintenanceGateway(await client(maintenance.SERVICE)),
            notification=notification.NotificationGateway(await client(notification.SERVICE)),
            pricing=pricing.PricingGateway(await client(pricing.SERVICE)),
            property=property_service.PropertyGateway(await client(property_service.SERVICE)),
            reservation=reservation.ReservationGateway(await client(reservation.SERVICE)),
            sync=sync.SyncGateway(await client(sync.SERVICE)),
            tenant=tenant.TenantGateway(await client(tenant.SERVICE)),
        )
