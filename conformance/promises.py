"""The list of promises: a sentence of the contract, how it is checked, and what to look at where it is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from conformance.desk import Desk
from conformance.platform import Simulator

__all__ = ["PROMISES", "NeedsPlatformError", "Promise", "Setting", "promise"]


class NeedsPlatformError(Exception):
    """The check has to make something happen, and no address of a platform was given."""


@dataclass
class Setting:
    """What a check works with. Without a platform there is one desk, and nothing happens."""

    own_desk: Desk | None
    simulator: Simulator | None
    history: int = 1200
    """More events than a log keeps of a channel, so that a position from before them is a gap."""

    @property
    def platform(self) -> Simulator:
        """The platform, or `NeedsPlatformError`."""
        if self.simulator is None:
            raise NeedsPlatformError
        return self.simulator

    def desk(self) -> Desk:
        """A desk: a fresh one of a general manager, or the one that was given."""
        if self.own_desk is not None:
            return self.own_desk
        return self.platform.desk()


@dataclass(frozen=True)
class Promise:
    """One promise. `sentence` is the contract's, in short; `mend` is where to look when it is broken."""

    name: str
    sentence: str
    mend: str
    check: Callable[[Setting], None]


PROMISES: Final[list[Promise]] = []
"""All of them, in the order in which they are checked."""


def promise(sentence: str, *, mend: str) -> Callable[[Callable[[Setting], None]], Callable[[Setting], None]]:
    """Put a check on the list, under its function's name."""

    def listed(check: Callable[[Setting], None]) -> Callable[[Setting], None]:
        PROMISES.append(Promise(check.__name__.replace("_", "-"), sentence, mend, check))
        return check

    return listed
