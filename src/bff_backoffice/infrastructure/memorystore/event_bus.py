"""Publishing on Redis Streams: the bus of the developer world (docs/upstreams.md, "The bus")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bff_backoffice.application.event_bus import BusMessage
from bff_backoffice.application.ports import Clock
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import Command, RedisStore

__all__ = ["RedisEventPublisher"]

_KEPT: Final = 100_000
"""Entries, about: as many as the platform's own stream keeps. Redis holds them in memory, beside the sessions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisEventPublisher:
    """Appends to this service's stream, all messages in one round trip."""

    redis: RedisStore
    clock: Clock
    kept: int = _KEPT

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Append in the order given, which is the order of every key. Raises as the port says.

        One connection carries all of them, so where it breaks, those that are out are the first ones.
        """
        for message in messages:
            message.require_publishable()
        if messages:
            await self.redis.round_trip(*map(self._command, messages))

    def _command(self, message: BusMessage) -> Command:
        published_at = self.clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return (
            "XADD", keys.own_events(), "MAXLEN", "~", self.kept, "*",
            "subject", message.subject,
            "tenantId", message.tenant_id,
            "orderingKey", message.ordering_key,
            "eventId", message.event_id,
            "publishedAt", published_at,
            "envelope", message.envelope,
        )  # fmt: skip
