"""Staff at work: desks that look, ask and say that they are alive, and a record of what each of them saw, when."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from drills.desk import Desk, Reply, frames_of

__all__ = ["Pace", "Seen", "Shift"]

_OK: Final = 200
_WHOLE: Final = frozenset({"fresh", "cached"})
_ANSWER_SECONDS: Final = 10.0
"""A desktop would not wait longer for anything."""
_FIRST_SECONDS: Final = 4.0
_REFRESH_SECONDS: Final = 600.0
"""Of the 900 s of an access token."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often each operator does what, in seconds; each kind on its own clock, whatever the last one took."""

    dashboard_s: float
    session_s: float
    heartbeat_s: float


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that an operator saw. `began` and `ended` are `time.monotonic()`; `well`: as it should be."""

    began: float
    ended: float
    kind: str
    what: str
    well: bool


@dataclass(slots=True)
class Shift:
    """Operators at work until `end` is called."""

    desks: list[Desk]
    pace: Pace
    seen: list[Seen] = field(default_factory=list)
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self) -> None:
        """Every operator does every kind of thing at the shift's pace, beginning at a random moment."""
        async with asyncio.TaskGroup() as group:
            for desk in self.desks:
                # A connection for each kind: a desktop's stream of widgets does not hold up its other requests.
                kinds: tuple[tuple[str, float, Callable[[Desk], Awaitable[tuple[str, bool]]]], ...] = (
                    ("dashboard", self.pace.dashboard_s, _dashboard),
                    ("session", self.pace.session_s, _session),
                    ("heartbeat", self.pace.heartbeat_s, _heartbeat),
                )
                for kind, every_s, act in kinds:
                    own = Desk(desk.desktop, desk.tenant_id, desk.property_id)
                    group.create_task(self._again_and_again(own, kind, every_s, act))
                group.create_task(self._stay_signed_in(desk))

    def end(self) -> None:
        """Let everybody finish what they are doing and go home."""
        self._ending.set()

    def since(self, moment: float) -> list[Seen]:
        """What was begun after a moment, or was under way then."""
        return [each for each in self.seen if each.ended >= moment]

    async def _again_and_again(
        self, desk: Desk, kind: str, every_s: float, act: Callable[[Desk], Awaitable[tuple[str, bool]]]
    ) -> None:
        # Soon for everybody, so that what grows later is not just somebody's first connection.
        due = time.monotonic() + random.random() * min(every_s, _FIRST_SECONDS)
        while not await self._pause(due - time.monotonic()):
            began = time.monotonic()
            what, well = await _acted(act, desk)
            self.seen.append(Seen(began, time.monotonic(), kind, what, well))
            due = max(due + every_s, time.monotonic())
        desk.close()

    async def _stay_signed_in(self, desk: Desk) -> None:
        while not await self._pause(_REFRESH_SECONDS * (0.9 + 0.2 * random.random())):
            began = time.monotonic()
            what, well = await _acted(_refresh, desk)
            self.seen.append(Seen(began, time.monotonic(), "refresh", what, well))

    async def _pause(self, seconds: float) -> bool:
        """Wait; True when the shift is over."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._ending.wait()
        except TimeoutError:
            return False
        return True


async def _acted(act: Callable[[Desk], Awaitable[tuple[str, bool]]], desk: Desk) -> tuple[str, bool]:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            return await act(desk)
    except TimeoutError:
        return f"no answer in {_ANSWER_SECONDS:g} s", False
    except ConnectionRefusedError:
        return "no connection", False
    except OSError:
        return "cut off", False


async def _dashboard(desk: Desk) -> tuple[str, bool]:
    reply = await desk.request("GET", f"/dashboard?propertyId={desk.property_id}", Accept="application/x-ndjson")
    if reply.status != _OK:
        return _status(reply), False
    frames = [frame for _, frame in frames_of(reply)]
    if not frames or frames[-1]["frame"] != "end":
        return "200 without its end", False
    missing = Counter({name: count for name, count in frames[-1]["outcomes"].items() if name not in _WHOLE})
    return ("200" if not missing else "200 with " + " ".join(sorted(missing))), not missing


async def _session(desk: Desk) -> tuple[str, bool]:
    reply = await desk.request("GET", "/session")
    return _status(reply), reply.status == _OK


async def _heartbeat(desk: Desk) -> tuple[str, bool]:
    body = {
        "sentAt": datetime.now(UTC).isoformat(), "queueDepth": 0, "networkProfile": "good", "appVersion": "1.4.0",
    }  # fmt: skip
    reply = await desk.request("POST", f"/devices/{desk.desktop.device_id}/heartbeat", body=body)
    return _status(reply), reply.status == _OK


async def _refresh(desk: Desk) -> tuple[str, bool]:
    reply = await desk.refresh()
    return _status(reply), reply.status == _OK


def _status(reply: Reply) -> str:
    if reply.status < 400:
        return str(reply.status)
    return f"{reply.status} {str(reply.json().get('code', '')).rpartition('.')[2]}"
