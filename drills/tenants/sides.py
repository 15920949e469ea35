"""One of the two tenants: its desks, the strings that are its own, and the identifiers that it came to know."""

from __future__ import annotations

import random
import re
import secrets
import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.desktop import Desktop
from tests.isolation.canaries import canaries, found_in
from tests.isolation.every_route import NOBODYS
from tests.worlds import World

__all__ = ["Desk", "Side"]

_ID: Final = re.compile(r"\b([a-z]{3})_[0-7][0-9A-HJKMNP-TV-Z]{25}\b")
_IDS: Final = re.compile(r"[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}")
"""As `found_in` knows them."""
_KEPT: Final = 400
"""Identifiers of one kind to choose from: the newest, of which the first ones are still there to be acted on."""


@dataclass(slots=True)
class Side:
    """What is known of a tenant. Its canaries begin with `stem`, which nothing else in the world does."""

    world: World
    number: int
    stem: str = field(default_factory=lambda: f"Kanarie{secrets.token_hex(6)}")
    known: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seen: set[str] = field(default_factory=set)
    written: int = 0
    _published: frozenset[str] = frozenset()
    _identifiers: frozenset[str] = frozenset()
    _any: re.Pattern[str] = re.compile("")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Learn what the world publishes of the tenant."""
        self.looks_for(canaries(self.world, self.number))
        self.learn(" ".join(sorted(self._published)))

    def looks_for(self, published: frozenset[str]) -> None:
        """What of the world is this tenant's alone; and its stem."""
        self._published = published
        self._identifiers = frozenset(each for each in published if _IDS.fullmatch(each))
        self._any = re.compile("|".join(map(re.escape, {self.stem, *(published - self._identifiers)})))

    @property
    def id(self) -> str:
        """The tenant."""
        return self.world.tenants[self.number]

    @property
    def currency(self) -> str:
        """That of its first hotel."""
        here = self.world.properties(self.number)[0]
        return next(str(each["currency"]) for each in self.world.people["properties"] if each["id"] == here)

    def text(self) -> str:
        """A canary that nobody has written yet."""
        with self._lock:
            self.written += 1
            return f"{self.stem}n{self.written}"

    def learn(self, content: str, *, sent: str = "") -> None:
        """Remember the identifiers of an answer, but for those that the request had brought."""
        with self._lock:
            for found in _ID.finditer(content):
                if found[0] not in self.seen and found[0] not in sent:
                    self.seen.add(found[0])
                    self.known[found[1]].append(found[0])

    def an_id(self, rng: random.Random, kind: str) -> str:
        """One of the tenant's of this kind; nobody's where it knows none."""
        with self._lock:
            return rng.choice(self.known[kind][-_KEPT:] or [f"{kind}_{NOBODYS}"])

    def strings(self) -> Iterable[str]:
        """What must never be found at the other tenant's."""
        return (self.stem, *self._published)

    def decoy(self, kind: str) -> str:
        """The identifier of this kind that the other tenant tries; always the same, so that it can be told apart."""
        return next(iter(self.known[kind]), f"{kind}_{NOBODYS}")

    def leaked_into(self, content: bytes | str, *, brought: bool = False) -> set[str]:
        """What of this tenant is in bytes of the other's; `brought`: but for decoys, which the other named itself."""
        text = content if isinstance(content, str) else content.decode(errors="replace")
        # Pieces are many and short: most hold nothing, which one look tells.
        if self._any.search(text) is None and "\\u" not in text and self._identifiers.isdisjoint(_IDS.findall(text)):
            return set()
        found = found_in(text, self.strings())
        return {each for each in found if not (brought and each == self.decoy(each[:3]))}


@dataclass(slots=True)
class Desk:
    """A desktop of a side, which signs in again on the same device when its session ends."""

    side: Side
    role: str
    desktop: Desktop

    @classmethod
    def of(cls, side: Side, role: str) -> Desk:
        """Sign somebody of this role in, on a device that nobody has."""
        return cls(side, role, side.world.sign_in(role, side.number))

    def signs_in_again(self) -> None:
        """The same operator, device and key; a session of its own."""
        operator: dict[str, Any] = self.side.world.operator(self.role, self.side.number)
        self.desktop = Desktop.sign_in(self.side.world, operator, self.desktop.device_id, key=self.desktop.key)
