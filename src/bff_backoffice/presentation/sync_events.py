"""What sync-service announces: cursors that desktops moved there, and what they did while they were offline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec

from bff_backoffice.application.activity_offline import OfflineActivity, RecordOffline
from bff_backoffice.application.platform_events import PlatformEvent, UnusableEventError
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.sync import KeepCopy
from bff_backoffice.domain.operator import (
    DeviceId,
    Identifier,
    MalformedIdentifierError,
    OperatorId,
    PropertyId,
    TenantId,
)
from bff_backoffice.domain.sync import LONGEST_VALUE, SCOPE, VALUE, Cursor, CursorSource

__all__ = ["SyncEvents"]

T = TypeVar("T")
I = TypeVar("I", bound=Identifier)  # noqa: E741 - the identifier

# Postgres keeps no text with a NUL in it.
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern="^[^\x00]*$")]
_Word = Annotated[str, msgspec.Meta(pattern="^[A-Za-z][A-Za-z0-9_.:-]{0,63}$")]
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _Target(msgspec.Struct, frozen=True):
    type: _Word | None = None
    id: _Text | None = None


class _Replayed(msgspec.Struct, frozen=True, rename="camel"):
    user_id: str
    device_id: str
    kind: _Word
    event_id: _Text | None = None
    occurred_at: _Moment | None = None
    property_id: str | None = None
    target: _Target | None = None
    detail: dict[str, Any] | None = None


class _Advanced(msgspec.Struct, frozen=True, rename="camel"):
    user_id: str
    device_id: str
    scope: Annotated[str, msgspec.Meta(pattern=SCOPE, max_length=64)]
    value: Annotated[str, msgspec.Meta(pattern=VALUE, max_length=LONGEST_VALUE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncEvents:
    """What its events lead to. All of them may be repeated at any time and in any order."""

    record_offline: RecordOffline
    keep_copy: KeepCopy
    clock: Clock

    async def activity_replayed(self, event: PlatformEvent) -> None:
        """What a desktop did without a network is written to the ledger, once, with its original time."""
        told = _payload(event, _Replayed)
        event_id, occurred_at = told.event_id or event.id, told.occurred_at or event.occurred_at
        if event_id is None or occurred_at is None:
            raise UnusableEventError("says neither when nor which")
        line = OfflineActivity(
            event_id=event_id,
            operator_id=_parsed(OperatorId, told.user_id),
            device_id=_parsed(DeviceId, told.device_id),
            property_id=None if told.property_id is None else _parsed(PropertyId, told.property_id),
            kind=told.kind,
            occurred_at=occurred_at,
            target_type=None if told.target is None else told.target.type,
            target_id=None if told.target is None else told.target.id,
            detail=None if told.detail is None else msgspec.json.encode(told.detail),
        )
        await self.record_offline(_parsed(TenantId, event.tenant_id), line)

    async def cursor_advanced(self, event: PlatformEvent) -> None:
        """A cursor that was moved at sync-service itself is known here at once."""
        told = _payload(event, _Advanced)
        # An event without its time is as old as it can be: it fills a gap and replaces nothing.
        known_at = event.occurred_at or _LONG_AGO
        cursor = Cursor(
            scope=told.scope,
            value=told.value,
            # sync-service's clock may be ahead of ours, and a copy must never be newer than now.
            as_of=min(known_at, self.clock()),
            source=CursorSource.SYNC_SERVICE,
        )
        place = _parsed(TenantId, event.tenant_id), _parsed(OperatorId, told.user_id), _parsed(DeviceId, told.device_id)
        await self.keep_copy(*place, cursor)


_LONG_AGO: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def _payload(event: PlatformEvent, kind: type[T]) -> T:
    try:
        return msgspec.convert(event.payload, kind)
    except msgspec.ValidationError as error:
        # What msgspec says names the place and the shape, and repeats no value.
        raise UnusableEventError(str(error)) from error


def _parsed(kind: type[I], text: str) -> I:
    try:
        return kind.parse(text)
    except MalformedIdentifierError as error:
        raise UnusableEventError(str(error)) from error
