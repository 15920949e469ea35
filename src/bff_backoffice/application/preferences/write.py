"""Writing an operator's preferences: tenant-service first, the mirror and the cache after it.

UC-11, specification section 5 (9). Key, audit row and kept answer are those of every mutation (contract, section 5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bff_backoffice.application.mutations_bodies import Act
from bff_backoffice.application.mutations_ports import Forwarded, ForwardOrder
from bff_backoffice.application.mutations_table import Mutation
from bff_backoffice.application.ports import (
    CallContext,
    Clock,
    StoreUnavailableError,
    UpstreamError,
    UpstreamRefusedError,
)
from bff_backoffice.application.preferences.ports import PreferencesMirror, PreferencesOfOperators, ToldPreferences
from bff_backoffice.application.preferences.read import key_of_preferences
from bff_backoffice.application.read_through import ReadThrough
from bff_backoffice.application.views import NOTHING
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.errors import Code
from bff_backoffice.domain.operator import OperatorRole

__all__ = ["ANY", "PUT_PREFERENCES", "PreferencesChange", "WritePreferences", "lost_race"]

ANY: Final = "*"
"""In place of a version: whatever there is (RFC 9110, section 13.1.1)."""

_MIRROR_PATIENCE_S: Final = 1.0
"""How long the mirror may take, in seconds: somebody waits who shall see afterwards what they wrote."""
_PRECONDITION_FAILED: Final = 412


class PreferencesChange(Act, frozen=True, kw_only=True):
    """What preferences shall be from now on.

    `demanded` maps each version that the client has seen to its whole tag, or `ANY` to itself; None demands nothing,
    and an empty one can't be met. `tag_of` makes the tag of what tenant-service told.
    """

    content: dict[str, Any]
    demanded: Mapping[str, str] | None
    tag_of: Callable[[ToldPreferences], str]


PUT_PREFERENCES: Final = Mutation(
    name="put_preferences",
    method="PUT",
    path="/preferences",
    summary="Choose the operator's preferences",
    upstream=Source.TENANT,
    roles=frozenset(OperatorRole),
    body=PreferencesChange,
    stale=NOTHING,
    kind=None,
    echo=None,
)
"""A row as those of the table; what is written is nobody's but the operator's own, so every role may."""


def lost_race(source: Source) -> UpstreamRefusedError:
    """Return the refusal of a change to something that has changed meanwhile: final, so it is kept under its key."""
    return UpstreamRefusedError(
        source.value,
        status=_PRECONDITION_FAILED,
        code=Code.PRECONDITION_FAILED.text,
        title=Code.PRECONDITION_FAILED.title,
        detail="It is not what If-Match names. Read it again, and choose anew under a new key.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePreferences:
    """Replace the preferences of the operator who asks, once for the upstream key. `reads` are those of the reader.

    Raises:
        UpstreamError: what tenant-service did not carry out, or may have.
        StoreUnavailableError: it is done, and the mirror could not hear of it; the same key tells it again.
    """

    reads: ReadThrough
    mirror: PreferencesMirror
    authority: PreferencesOfOperators
    clock: Clock

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        change = order.body
        if not isinstance(change, PreferencesChange):
            raise TypeError("preferences are not written with this")
        demanded = await self._still_possible(call, change)
        try:
            told = await self.authority.replace(call, order, content=change.content, versions=demanded)
        except UpstreamRefusedError as refusal:
            if refusal.status == _PRECONDITION_FAILED:
                # Whoever lost it knows an old version; the next read shall bring the new one.
                await self._doubt(call)
                raise lost_race(Source.TENANT) from refusal
            raise
        except UpstreamError:
            await self._doubt(call)
            raise
        await self._mirrored(call, order, told)
        return Forwarded(body=bytes(told.content))

    async def _still_possible(self, call: CallContext, change: PreferencesChange) -> tuple[str, ...] | None:
        """Return the versions to demand. A version that the mirror knows with other content is none of them."""
        if change.demanded is None or ANY in change.demanded:
            return None if change.demanded is None else (ANY,)
        kept = None
        if change.demanded:
            try:
                async with asyncio.timeout(_MIRROR_PATIENCE_S):
                    kept = await self.mirror.kept(call.tenant_id, call.operator_id)
            except TimeoutError as late:
                raise StoreUnavailableError("postgres") from late
        possible = tuple(
            version
            for version, tag in change.demanded.items()
            if kept is None or str(kept.told.version) != version or change.tag_of(kept.told) == tag
        )
        if not possible:
            raise lost_race(Source.TENANT)
        return possible

    async def _mirrored(self, call: CallContext, order: ForwardOrder, told: ToldPreferences) -> None:
        # A second dispatch gets the first one's answer, which may be older than what was read since: so the moment is
        # that of the first claim. And a reader who asked just before the change must not count as current after it:
        # the next one asks tenant-service again, and is shown this where it is away.
        try:
            async with asyncio.timeout(_MIRROR_PATIENCE_S):
                await self.mirror.keep(call.tenant_id, call.operator_id, told, as_of=order.occurred_at)
                await self.mirror.outdate(call.tenant_id, call.operator_id, at=self.clock())
        except TimeoutError as late:
            raise StoreUnavailableError("postgres") from late
        await self.reads.forget(call.tenant_id, [key_of_preferences(call.operator_id)])

    async def _doubt(self, call: CallContext) -> None:
        """Have everybody ask tenant-service, because nobody knows what it has now."""
        try:
            async with asyncio.timeout(_MIRROR_PATIENCE_S):
                await self.mirror.outdate(call.tenant_id, call.operator_id, at=self.clock())
        except (StoreUnavailableError, TimeoutError):
            self.reads.observer.cache_unavailable("mirror_write")
        await self.reads.forget(call.tenant_id, [key_of_preferences(call.operator_id)])
