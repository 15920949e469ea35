"""Choosing other keys than the static ones. What was chosen is this service's own, so nobody else is asked.

Key, audit row and kept answer are those of every mutation (contract, section 5).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ulid import ULID

from bff_backoffice.application.mutations_bodies import Act
from bff_backoffice.application.mutations_dispatch import MutationRequest
from bff_backoffice.application.mutations_ports import Forwarded, ForwardOrder
from bff_backoffice.application.mutations_table import Mutation
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.preferences.ports import KeptShortcuts, ShortcutOverrides
from bff_backoffice.application.preferences.shortcuts import FoundShortcuts, key_of_shortcuts, written_shortcuts
from bff_backoffice.application.preferences.write import ANY, lost_race
from bff_backoffice.application.read_through import ReadThrough
from bff_backoffice.application.views import NOTHING
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.errors import Code, FieldError, Refusal
from bff_backoffice.domain.operator import AppPlatform, OperatorRole
from bff_backoffice.domain.shortcut_actions import ACTIONS
from bff_backoffice.domain.shortcuts import Clash, Overrides, clashes, merged

__all__ = ["PUT_SHORTCUTS", "FindClashes", "ShortcutsChange", "WriteShortcuts"]

_TRIES: Final = 5
"""How often a change that demands no version is tried against others who change the same row at the same moment."""


class ShortcutsChange(Act, frozen=True, kw_only=True):
    """The operator's own keys from now on, for one platform: all of them, so that what is left out is static again.

    `demanded` are the tags that the client has seen, or `ANY`; None demands nothing. `shown` makes the answer of a map,
    with its tag.
    """

    platform: AppPlatform
    overrides: dict[str, str | None]
    demanded: tuple[str, ...] | None
    shown: Callable[[FoundShortcuts], tuple[bytes, str]]


PUT_SHORTCUTS: Final = Mutation(
    name="put_shortcuts",
    method="PUT",
    path="/shortcuts",
    summary="Choose the operator's own keys",
    upstream=Source.OWN,
    roles=frozenset(OperatorRole),
    body=ShortcutsChange,
    stale=NOTHING,
    kind=None,
    echo=None,
)
"""A row as those of the table; the keys are nobody's but the operator's own, so every role may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindClashes:
    """Refuse keys of which one clashes, before the claim: VALIDATION_FAILED names each.

    Raises StoreUnavailableError where nobody can say what the keys would clash with.
    """

    overrides: ShortcutOverrides

    def wanted(self, _request: MutationRequest) -> bool:
        """Whether there is anything to look up: always, the tenant's keys."""
        return True

    async def __call__(self, request: MutationRequest) -> None:
        change, operator = _change(request.body), request.operator
        kept = await self.overrides.chosen(operator.tenant_id, operator.operator_id, change.platform)
        _refuse_clashes(change, tenant=kept.tenant)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteShortcuts:
    """The service that carries it out: this one. `reads` are those of the reader.

    The row and the key are two transactions, so the row says under which key it was written last: a second dispatch
    that finds its own change there has nothing left to do.
    """

    reads: ReadThrough
    overrides: ShortcutOverrides

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Carry it out. Raises `UpstreamRefusedError` for a lost race, and `StoreUnavailableError`."""
        change = _change(order.body)
        kept = await self._chosen(call, order, change)
        await self.reads.forget(call.tenant_id, [key_of_shortcuts(call.operator_id, change.platform)])
        body, _tag = change.shown(written_shortcuts(change.platform, kept, now=order.occurred_at))
        return Forwarded(body=body)

    async def _chosen(self, call: CallContext, order: ForwardOrder, change: ShortcutsChange) -> KeptShortcuts:
        name = f"ksm_{ULID(order.upstream_key)}"
        for _ in range(_TRIES):
            kept = await self.overrides.chosen(call.tenant_id, call.operator_id, change.platform)
            if kept.operator_change == name:
                return kept
            if not _met(change, kept, order.occurred_at):
                break
            version = await self.overrides.choose(
                call.tenant_id,
                call.operator_id,
                change.platform,
                change.overrides,
                after_version=kept.operator_version,
                change=name,
            )
            if version is not None:
                return dataclasses.replace(kept, operator=change.overrides, operator_version=version)
        raise lost_race(Source.OWN)


def _change(body: Act) -> ShortcutsChange:
    if not isinstance(body, ShortcutsChange):
        raise TypeError("keys are not chosen with this")
    return body


def _met(change: ShortcutsChange, kept: KeptShortcuts, now: datetime) -> bool:
    """Whether the map is one that the client has seen."""
    if change.demanded is None or ANY in change.demanded:
        return True
    _body, tag = change.shown(written_shortcuts(change.platform, kept, now=now))
    return tag in change.demanded


def _refuse_clashes(change: ShortcutsChange, *, tenant: Overrides) -> None:
    bindings = merged(ACTIONS, change.platform, tenant=tenant, operator=change.overrides)
    errors = tuple(_errors(clashes(bindings, change.platform), change.overrides))
    if errors:
        raise Refusal(Code.VALIDATION_FAILED, "Keys that would not reach what they are for.", errors=errors)


def _errors(found: Iterable[Clash], overrides: Overrides) -> Iterable[FieldError]:
    """Name what the client chose, and nothing of what was there before: its owner may live with a clash."""
    for clash in found:
        for action in clash.actions:
            if overrides.get(action) is None:
                continue
            others = ", ".join(each for each in clash.actions if each != action)
            detail = f"{clash.chord} is that of {others}." if others else f"{clash.chord} is taken by others."
            yield FieldError(f"body.overrides.{action}", clash.kind.value, detail)
