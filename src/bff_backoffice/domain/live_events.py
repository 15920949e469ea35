"""What a desktop hears while it listens: channels, events, positions, and who may see what (contract, section 6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

from bff_backoffice.domain import alerts, suggestions
from bff_backoffice.domain.operator import DeviceId, OperatorId, OperatorRole, PropertyId

__all__ = [
    "Audience", "Channel", "Cursor", "EndReason", "Following", "Gap", "History", "LiveEvent", "LoggedEvent",
    "MalformedCursorError", "Viewer", "may_hear", "recovers", "what_follows",
]  # fmt: skip


class Channel(StrEnum):
    """What a stream may be asked for. The names are the wire's."""

    AI = "ai"
    ALERTS = "alerts"
    HINTS = "dashboard-refresh-hints"
    SESSION = "session"


class EndReason(StrEnum):
    """Why a stream ends: the type of its last event, on the channel `session`."""

    SUPERSEDED = "superseded"
    """A newer stream of the device. Its client does not come back by itself."""
    REVOKED = "revoked"
    """The session was ended. Only a new sign-in helps."""
    EXPIRED = "expired"
    """The access token ends. The client comes back with a new one and its last cursor."""
    ROTATED = "rotated"
    """The stream is as old as streams get. The client comes back with its last cursor."""
    OVERFLOWED = "overflowed"
    """The client read too slowly. It comes back with the last cursor that it did read."""
    ACCESS_CHANGED = "access-changed"
    """Roles or properties of the operator changed. The client comes back, and hears what it may hear now."""
    DRAINING = "draining"
    """This process ends. The client comes back, and reaches another one."""


_EVERYBODY: Final = frozenset(OperatorRole)
_FIRST_LINE: Final = frozenset({OperatorRole.GENERAL_MANAGER, OperatorRole.OWNER})

_ROLES: Final[Mapping[Channel, frozenset[OperatorRole]]] = {
    Channel.AI: suggestions.ROLES,
    Channel.ALERTS: alerts.ROLES,
    Channel.HINTS: _EVERYBODY,
    Channel.SESSION: _EVERYBODY,
}
"""Who may hear a channel: whoever may read what it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whom an event is for; a None narrows nothing.

    `roles` come on top of the channel's own. `property_id` is the hotel that the event is about.
    """

    property_id: PropertyId | None = None
    roles: frozenset[OperatorRole] | None = None
    operator_id: OperatorId | None = None
    device_id: DeviceId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEvent:
    """Something to tell a tenant's desktops. `type` is its name within the channel, such as `raised`."""

    channel: Channel
    type: str
    occurred_at: datetime
    payload: Mapping[str, object]
    property_id: PropertyId | None = None
    roles: frozenset[OperatorRole] | None = None
    operator_id: OperatorId | None = None
    device_id: DeviceId | None = None
    told_once: str | None = None
    """Events of the same tenant that carry the same text here are one: the second within an hour gets no id."""
    told_since_s: float | None = None
    """Where one that was told longer than so many seconds ago is another event: what led to this one came after it."""

    @property
    def audience(self) -> Audience:
        """Whom it is for."""
        return Audience(
            property_id=self.property_id, roles=self.roles, operator_id=self.operator_id, device_id=self.device_id
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event with its place in the log. `data` is what its `data:` line carries: one JSON object."""

    position: int
    channel: Channel
    type: str
    audience: Audience
    data: bytes


class MalformedCursorError(ValueError):
    """A text that should be a cursor is none."""


_CURSOR: Final = re.compile(r"([0-9a-f]{16})-(0|[1-9]\d{0,14})(?:\.([1-9]))?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in a tenant's log and nothing else: whoever brings it hears only what he may hear.

    `epoch` names the log's memory: another one knows nothing of what the last one told. `gaps` counts the channels of
    which somebody with this position has heard that another memory lost them, so that each of these has an id of its
    own.
    """

    epoch: str
    position: int
    gaps: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the cursor, or raise `MalformedCursorError`."""
        found = _CURSOR.match(text)
        if found is None:
            raise MalformedCursorError("not a cursor")
        return cls(found[1], int(found[2]), int(found[3] or 0))

    def __str__(self) -> str:
        gaps = f".{self.gaps}" if self.gaps else ""
        return f"{self.epoch}-{self.position}{gaps}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who listens, as far as it counts for what is heard."""

    operator_id: OperatorId
    device_id: DeviceId
    roles: frozenset[OperatorRole]
    property_scope: frozenset[PropertyId]
    channels: frozenset[Channel]
    at: PropertyId | None = None
    """The one hotel that the listener named; what is about another one of the scope is then not heard."""

    @property
    def heard_channels(self) -> tuple[Channel, ...]:
        """The channels that were asked for and are open to these roles, in the wire's order."""
        return tuple(each for each in Channel if each in self.channels and _open_to(self.roles, _ROLES[each]))


def _open_to(roles: frozenset[OperatorRole], wanted: frozenset[OperatorRole]) -> bool:
    return bool(roles & (wanted | _FIRST_LINE))


def _works_at(viewer: Viewer, property_id: PropertyId) -> bool:
    return property_id in viewer.property_scope and viewer.at in (None, property_id)


def may_hear(viewer: Viewer, channel: Channel, audience: Audience) -> bool:
    """Whether the event is for this listener. Asked at every delivery, whatever cursor the listener came with."""
    return (
        channel in viewer.channels
        and _open_to(viewer.roles, _ROLES[channel])
        and (audience.property_id is None or _works_at(viewer, audience.property_id))
        and (audience.roles is None or _open_to(viewer.roles, audience.roles))
        and audience.operator_id in (None, viewer.operator_id)
        and audience.device_id in (None, viewer.device_id)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A page of what the log told after a position, in order, up to `reaches`.

    `lost` says of each channel which of its events was the last that the log gave up, by position; a channel that never
    lost one is not there. `head` is the log's last position of all; the page is the last one where it reaches that.
    """

    epoch: str
    head: int
    reaches: int
    events: tuple[LoggedEvent, ...]
    lost: Mapping[Channel, int]


@dataclass(frozen=True, slots=True)
class Gap:
    """Events of the channel that nobody can tell any more."""

    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What a listener is told next, each with the cursor from which he goes on after it, and where that leads him."""

    told: tuple[tuple[Cursor, Gap | LoggedEvent], ...]
    cursor: Cursor


def what_follows(history: History, after: Cursor, viewer: Viewer) -> Following:
    """What a listener with this cursor is told of a page that was read after it.

    A gap stands in the place of its last event, so that whoever goes on from any cursor in between hears of it exactly
    as long as it is one to him. A log with another memory has a gap in every channel that ends at its head: only the
    last of them leads there, and those before it count, so that a listener who is cut off in between hears of the rest.
    """
    if after.epoch != history.epoch or after.position > history.head:
        channels, now = viewer.heard_channels, Cursor(history.epoch, history.head)
        leads = [*(replace(after, gaps=number) for number in range(1, len(channels))), now]
        left = min(after.gaps, len(channels) - 1)
        return Following(told=tuple(zip(leads, map(Gap, channels), strict=True))[left:], cursor=now)
    placed: list[tuple[int, Gap | LoggedEvent]] = [
        (lost, Gap(channel))
        for channel, lost in history.lost.items()
        if after.position < lost <= history.reaches and channel in viewer.heard_channels
    ]
    placed += [
        (each.position, each)
        for each in history.events
        if after.position < each.position <= history.reaches and may_hear(viewer, each.channel, each.audience)
    ]
    placed.sort(key=lambda each: each[0])
    told = tuple((Cursor(history.epoch, position), each) for position, each in placed)
    return Following(told=told, cursor=Cursor(history.epoch, history.reaches))


def recovers(history: History, after: Cursor, viewer: Viewer) -> bool:
    """Whether a listener with this cursor is told everything that he missed."""
    return (
        after.epoch == history.epoch
        and after.position <= history.head
        and all(history.lost.get(each, 0) <= after.position for each in viewer.heard_channels)
    )
