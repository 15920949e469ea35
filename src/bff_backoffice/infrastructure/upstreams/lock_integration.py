"""lock-integration-service: the keys of the doors. Nothing is ever retried here (platform facts, A9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bff_backoffice.infrastructure.http import CallBounds, Upstream, UpstreamClient

__all__ = ["SERVICE", "LockIntegrationGateway"]

SERVICE: Final = Upstream(name="lock-integration-service", limit_seconds=1.2, retries=0)


@dataclass(frozen=True, slots=True)
class LockIntegrationGateway:
    """The lock service, as far as it is asked now: whether it is there."""

    client: UpstreamClient

    async def ping(self, bounds: CallBounds) -> None:
        """Return once the service has answered in its own words; raise the `UpstreamError` family otherwise."""
        await self.client.ping(bounds)
