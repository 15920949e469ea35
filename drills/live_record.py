"""What was told to whom, what each desktop heard, and how the two compare: knows nothing of sockets and processes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Announced", "Heard", "Listener", "Verdict", "judged"]

_CURSOR: Final = re.compile(r"([0-9a-f]+)-(\d+)(?:\.\d)?\Z")
_FIRST_LINE: Final = frozenset({"general_manager", "owner"})

Place = tuple[int, int]
"""Where something stands in a tenant's log: which of its epochs, and the position there."""


@dataclass(slots=True, kw_only=True)
class Announced:
    """One event that the drill told, or had told. Times are `time.monotonic()`; a None narrows nothing.

    `sure` is whether the teller was told that it succeeded; else nobody knows, and it may be heard or not.
    """

    name: str
    tenant_id: str
    channel: str
    began: float
    property_id: str | None = None
    role: str | None = None
    operator_id: str | None = None
    device_id: str | None = None
    sure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One event, or one announced gap, as a desktop heard it.

    `id` is None for a gap that a poll told.
    """

    id: str | None
    at: float
    channel: str
    name: str | None = None
    """The drill's own name of it; None where it is an event that the service made of others."""
    property_id: str | None = None
    content: int = 0
    """A hash of what it says."""
    gap: bool = False
    reach: str | None = None
    """Up to where a poll's gap may reach: the cursor that came with it, since its events do not show its place."""
    live_since: float | None = None
    """When the stream that it came by was open; None where it came by a poll."""


@dataclass(slots=True, kw_only=True)
class Listener:
    """A desktop as far as it counts for what it may hear, and everything that it heard, in order."""

    tenant_id: str
    device_id: str
    operator_id: str
    roles: frozenset[str]
    properties: frozenset[str]
    channels: frozenset[str] = frozenset()
    start: str = ""
    """The cursor with which it began."""
    end: str = ""
    """The cursor with which it ended, when there was nothing more to hear."""
    heard: list[Heard] = field(default_factory=list)

    def may_hear(self, each: Announced) -> bool:
        """By the contract's words: channel, hotel, role, operator, device; managers have every role."""
        return (
            each.tenant_id == self.tenant_id
            and each.channel in self.channels
            and each.property_id in {None, *self.properties}
            and (each.role is None or bool(self.roles & (_FIRST_LINE | {each.role})))
            and each.operator_id in {None, self.operator_id}
            and each.device_id in {None, self.device_id}
        )


@dataclass(slots=True)
class Verdict:
    """What came of a run. Each list names what was found, for whoever has to look for the reason."""

    due: int = 0
    """How many events all desktops together had to hear."""
    gaps: int = 0
    lost: list[str] = field(default_factory=list)
    covered: int = 0
    """Events that a desktop did not hear, and was told so by a gap of their channel in their place."""
    repeated: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    """Identifiers that were given to two events."""
    foreign: list[str] = field(default_factory=list)
    """Events that a desktop heard and may not hear."""
    again: int = 0
    """Events that a desktop heard under a second identifier."""

    @property
    def clean(self) -> bool:
        """Whether nothing that must not be was found."""
        return not (self.lost or self.repeated or self.disordered or self.ambiguous or self.foreign)


def judged(listeners: Iterable[Listener], announced: Mapping[str, Announced]) -> Verdict:
    """Compare what each desktop heard with what was told to it, and with what its peers heard."""
    verdict, by_tenant = Verdict(), defaultdict[str, list[Listener]](list)
    for listener in listeners:
        by_tenant[listener.tenant_id].append(listener)
    for tenant_id, peers in by_tenant.items():
        log = _log_of(peers, verdict)
        told = [each for each in announced.values() if each.tenant_id == tenant_id]
        for listener in peers:
            _judge(listener, told, announced, log, verdict)
    return verdict


class _Log:
    """A tenant's log as its desktops saw it together: every event by its identifier, and where it stands."""

    def __init__(self) -> None:
        self.events: dict[str, Heard] = {}
        self.ids: dict[str, str] = {}
        """The first identifier of each of the drill's own events."""
        self._epochs: dict[str, int] = {}

    def place(self, cursor: str) -> Place:
        """Where a cursor stands; epochs are in the order in which somebody first heard of them."""
        found = _CURSOR.match(cursor)
        if found is None:
            raise ValueError(f"no cursor: {cursor!r}")
        return self._epochs.setdefault(found[1], len(self._epochs)), int(found[2])


def _log_of(peers: Iterable[Listener], verdict: Verdict) -> _Log:
    log = _Log()
    for listener in peers:
        log.place(listener.start)
    everything = sorted((each for listener in peers for each in listener.heard), key=lambda each: each.at)
    for each in everything:
        if each.gap or each.id is None:
            continue
        log.place(each.id)
        known = log.events.setdefault(each.id, each)
        if known.content != each.content:
            verdict.ambiguous.append(f"{each.id}: {known.name} and {each.name}")
        if each.name is not None:
            log.ids.setdefault(each.name, each.id)
    return log


def _judge(
    listener: Listener, told: Iterable[Announced], announced: Mapping[str, Announced], log: _Log, verdict: Verdict
) -> None:
    ids = Counter(each.id for each in listener.heard if each.id is not None and not each.gap)
    named = {(each.name, each.id) for each in listener.heard if each.name is not None}
    verdict.repeated += [f"{listener.device_id}: {each}" for each, times in ids.items() if times > 1]
    verdict.again += len(named) - len({name for name, _ in named})
    in_order = sorted(ids, key=log.place)
    verdict.disordered += [
        f"{listener.device_id}: {was} where {should} should be"
        for was, should in zip(ids, in_order, strict=True)
        if was != should
    ]
    verdict.foreign += [
        f"{listener.device_id}: {each.name or each.id}"
        for each in listener.heard
        if not each.gap and not _is_for(listener, each, announced)
    ]
    verdict.gaps += sum(each.gap for each in listener.heard)
    _miss(listener, told, announced, log, verdict)


def _is_for(listener: Listener, each: Heard, announced: Mapping[str, Announced]) -> bool:
    known = announced.get(each.name or "")
    if known is not None:
        return listener.may_hear(known)
    return each.channel in listener.channels and each.property_id in {None, *listener.properties}


def _miss(
    listener: Listener, told: Iterable[Announced], announced: Mapping[str, Announced], log: _Log, verdict: Verdict
) -> None:
    """What it had to hear and did not: by the drill's own names, and by what its peers heard of the rest."""
    names, ids = {each.name for each in listener.heard}, {each.id for each in listener.heard}
    begun, ended, gaps = log.place(listener.start), _ended(listener, log), list(_gaps(listener, log))
    due = {
        each.name: (each.channel, log.place(log.ids[each.name]) if each.name in log.ids else None, each.began)
        for each in told
        if listener.may_hear(each) and (each.sure or each.name in log.ids)
    } | {
        name: (each.channel, log.place(name), each.at)
        for name, each in log.events.items()
        # What the service tells by itself may come when a desktop has gone home and its peers have not.
        if each.name not in announced and begun < log.place(name) <= ended and _is_for(listener, each, announced)
    }
    verdict.due += len(due)
    for name, (channel, where, since) in due.items():
        if name in names or name in ids:
            continue
        if any(each.covers(channel, where, since) for each in gaps):
            verdict.covered += 1
        else:
            verdict.lost.append(f"{listener.device_id}: {name} ({channel}, at {where})")


@dataclass(frozen=True, slots=True)
class _Gap:
    """A gap reaches from the last event of its channel that its desktop heard to where it stands itself."""

    channel: str
    after: Place
    until: Place
    at: float

    def covers(self, channel: str, where: Place | None, since: float) -> bool:
        """Whether it stands for this event. Of one that nobody ever heard only the time is known."""
        if channel != self.channel:
            return False
        return since < self.at if where is None else self.after < where <= self.until


def _gaps(listener: Listener, log: _Log) -> Iterator[_Gap]:
    begun = log.place(listener.start)
    last: dict[str, Place] = {}
    for number, each in enumerate(listener.heard):
        if each.gap:
            yield _Gap(each.channel, last.get(each.channel, begun), _end_of(listener, number, log), each.at)
        elif each.id is not None:
            last[each.channel] = log.place(each.id)


def _end_of(listener: Listener, number: int, log: _Log) -> Place:
    """Where a gap ends: at its own place, or, where it has none, at the next one that has one."""
    reach = listener.heard[number].reach
    if reach is not None:
        return log.place(reach)
    for each in listener.heard[number:]:
        # One of another epoch's gaps counts, and only the last of them stands where they all end.
        if each.id is not None and "." not in each.id:
            epoch, position = log.place(each.id)
            return (epoch, position if each.gap else position - 1)
    return _ended(listener, log)


def _ended(listener: Listener, log: _Log) -> Place:
    """Up to where a desktop heard everything."""
    return log.place(listener.end) if listener.end else (1 << 30, 0)
