"""sync-service: the authority on cursors. Its addresses begin with `/sync/v1`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bff_backoffice.infrastructure.http import CallBounds, Upstream, UpstreamClient

__all__ = ["SERVICE", "SyncGateway"]

SERVICE: Final = Upstream(name="sync-service", limit_seconds=0.25, retries=1)
"""The handshake has to be answered within 300 ms (specification, section 10)."""


@dataclass(frozen=True, slots=True)
class SyncGateway:
    """The sync engine, as far as it is asked now: whether it is there."""

    client: UpstreamClient

    async def ping(self, bounds: CallBounds) -> None:
        """Return once the service has answered in its own words; raise the `UpstreamError` family otherwise."""
        await self.client.ping(bounds)
