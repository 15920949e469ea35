"""A desktop that keeps to the client rules of contract, section 6, over a network that is as bad as chance makes it."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.event_stream import Event, EventReader
from drills.desk import Desk
from drills.live_record import Heard, Listener
from drills.live_tally import Tally
from drills.live_wire import Answer, CutError, signed_get

__all__ = ["Device"]

_STREAM, _POLL = "/sse/stream", "/events"
_POLLS: Final = 0.2
_LEAVES_OPEN: Final = 0.1
"""How often a stream stays open while its device opens the next one."""

_CUT_BYTES: Final = 9_000
"""About how much a desktop sees of a connection; what a stream begins with is 2.5 kB of it."""

_PATIENCE_S: Final = 2.5
"""A network that lets no stream through shows it by this silence, and a desktop tries something else."""

_ALL: Final = 1 << 40
_SUPERSEDED_S: Final = 25.0
_PAUSE_S: Final = 0.15
_REFRESH_AFTER_S: Final = 600.0
_ENDS: Final = frozenset({
    "session.superseded", "session.revoked", "session.expired", "session.rotated", "session.overflowed",
    "session.access-changed", "session.draining",
})  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Device:
    """One desktop. `origins` are where it can reach the service, each as likely as it stands there often.

    `stays_s` is how long a stream is listened to on average.
    """

    desk: Desk
    listener: Listener
    origins: tuple[str, ...]
    tally: Tally
    chance: random.Random
    stays_s: float
    done: bool = False
    _cursor: str = ""
    _polling: bool = False
    _opened_at: float = 0.0
    _refresh_at: float = field(default_factory=lambda: time.monotonic() + _REFRESH_AFTER_S)

    async def begin(self) -> None:
        """Learn where the log stands, and which channels are open to this desktop."""
        while not self._cursor:
            body = await self._polled_in_peace("")
            self._cursor = self.listener.start = "" if body is None else body["cursor"]
        while not self.listener.channels:
            left_open = await self._stream()
            if left_open is not None:
                left_open[0].hang_up()

    async def listen(self) -> None:
        """Stream and poll until `done`, coming back after whatever happens; then poll until nothing is left."""
        async with asyncio.TaskGroup() as beside:
            outlived: dict[asyncio.Task[None], Answer] = {}
            while not self.done:
                await self._refresh_in_time()
                polls = self.chance.random() < _POLLS
                self.tally.switched += polls != self._polling
                self._polling = polls
                kept = await (self._poll() if polls else self._stream())
                if kept is not None:
                    outlived[beside.create_task(self._outlived(*kept))] = kept[0]
            for task, answer in outlived.items():
                task.cancel()
                answer.hang_up()
        left = True
        while left:
            before = self._cursor
            body = await self._polled_in_peace(f"after={before}")
            if body is not None:
                self._take(body)
                left = bool(body["events"] or body["resync"] or self._cursor != before)
        self.listener.end = self._cursor

    # One connection ---------------------------------------------------------------------------------------------------

    async def _stream(self) -> tuple[Answer, EventReader] | None:
        """One stream until something ends it. Returns it where it is left open."""
        self.tally.streams += 1
        answer, reader, began = None, EventReader(), time.monotonic()
        stays_until = asyncio.get_running_loop().time() + self.chance.expovariate(1 / self.stays_s)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = await self._ask(_STREAM, f"after={self._cursor}", _CUT_BYTES)
                while self._opened_at < began:
                    if not await self._hear_more(answer, reader):
                        return None
            async with asyncio.timeout_at(stays_until):
                while await self._hear_more(answer, reader):
                    pass
        except TimeoutError:
            if answer is None or self._opened_at < began:
                self.tally.silent += 1
            elif self.chance.random() < _LEAVES_OPEN:
                self.tally.taken_over += 1
                kept, answer = answer, None
                kept.budget = _ALL
                return kept, reader
            else:
                self.tally.cut += 1
        except CutError:
            self.tally.cut += 1
        except OSError:
            await self._broken(answer)
        finally:
            if answer is not None:
                answer.hang_up()
        return None

    async def _poll(self) -> None:
        """One poll, which counts only when its answer is whole."""
        self.tally.polls += 1
        answer, wait = None, self.chance.choice((0, 0, 1, 2))
        try:
            async with asyncio.timeout(_PATIENCE_S + wait):
                answer = await self._ask(_POLL, f"after={self._cursor}&wait={wait}", _CUT_BYTES // 2)
                body = await self._json(answer)
            if body is not None:
                self._take(body)
        except TimeoutError:
            self.tally.silent += 1
        except CutError:
            self.tally.cut += 1
        except OSError:
            await self._broken(answer)
        finally:
            if answer is not None:
                answer.hang_up()

    async def _polled_in_peace(self, query: str) -> Any:  # noqa: ANN401 - as the service says
        """A poll that this desktop does not cut; None where it failed."""
        try:
            async with asyncio.timeout(4 * _PATIENCE_S):
                answer = await self._ask(_POLL, query)
                try:
                    return await self._json(answer)
                finally:
                    answer.hang_up()
        except (OSError, TimeoutError):
            await asyncio.sleep(_PAUSE_S)
            return None

    async def _outlived(self, answer: Answer, reader: EventReader) -> None:
        """A stream whose device has gone on without it: nobody listens, and the service has to end it."""
        left_at = time.monotonic()
        try:
            async with asyncio.timeout(_SUPERSEDED_S):
                while not any(each.name in _ENDS for each in reader.feed(await answer.more())):
                    pass
        except TimeoutError:
            if self._opened_at > left_at:
                self.tally.not_superseded.append(self.listener.device_id)
        except (CutError, OSError):
            pass
        finally:
            answer.hang_up()

    async def _ask(self, path: str, query: str, mean_bytes: int | None = None) -> Answer:
        """Send a request to one of the origins; raises `OSError` where nobody listens."""
        budget = _ALL if mean_bytes is None else 1 + int(self.chance.expovariate(1 / mean_bytes))
        name, _, cursor = query.partition("=")
        headers = {}
        if path == _STREAM and self.chance.random() < 0.5:
            # The two ways to say where one is.
            query, headers = "", {"Last_Event_ID": cursor} if name == "after" else {}
        request = signed_get(self.desk.desktop, self.chance.choice(self.origins), path, query, **headers)
        return await Answer.to(self.desk.desktop.base, request, budget=budget)

    # What is heard ----------------------------------------------------------------------------------------------------

    async def _hear_more(self, answer: Answer, reader: EventReader) -> bool:
        """Take in what comes next; returns whether there is more to come."""
        piece = await answer.more()
        if answer.status not in {0, 200}:
            await self._refused(answer.status, piece + await answer.body())
            return False
        return all(self._hear(each) for each in reader.feed(piece)) and not answer.complete

    def _hear(self, event: Event) -> bool:
        """Keep an event; returns whether the stream goes on after it."""
        said = event.json()
        if event.name == "session.ready" or event.name in _ENDS:
            if event.id != self._cursor:
                self.tally.not_as_promised.append(f"{event.name} has {event.id} after {self._cursor}")
            if event.name in _ENDS:
                self.tally.ended[event.name] += 1
                return False
            self.listener.channels = frozenset(said["payload"]["channels"])
            self._opened_at = time.monotonic()
            return True
        if event.id is None:
            self.tally.not_as_promised.append(f"{event.name} without an id")
            return True
        self._keep(event.id, said, gap=event.name.endswith(".resync"), since=self._opened_at)
        self._cursor = event.id
        return True

    def _take(self, body: Any) -> None:  # noqa: ANN401 - as the service says
        for channel in body["resync"]:
            self._keep(None, {"channel": channel}, reach=body["cursor"])
        for each in body["events"]:
            self._keep(each.pop("id"), each)
        self._cursor = body["cursor"]

    def _keep(
        self,
        event_id: str | None,
        said: Any,  # noqa: ANN401 - as above
        *,
        gap: bool = False,
        reach: str | None = None,
        since: float | None = None,
    ) -> None:
        name = str(said.get("payload", {}).get("id", ""))
        self.listener.heard.append(
            Heard(
                id=event_id, at=time.monotonic(), channel=said["channel"], name=name if "drill-" in name else None,
                property_id=said.get("propertyId"), content=hash(json.dumps(said, sort_keys=True)),
                gap=gap or reach is not None, reach=reach, live_since=since,
            )
        )  # fmt: skip

    # What goes wrong --------------------------------------------------------------------------------------------------

    async def _json(self, answer: Answer) -> Any:  # noqa: ANN401 - as the service says
        body = await answer.body()
        if answer.status == 200:
            return json.loads(body)
        await self._refused(answer.status, body)
        return None

    async def _refused(self, status: int, body: bytes) -> None:
        try:
            code = str(json.loads(body)["code"]).rpartition(".")[2]
        except ValueError:
            code = "no problem document"
        self.tally.refused[f"{status} {code}"] += 1
        await asyncio.sleep(_PAUSE_S)

    async def _broken(self, answer: Answer | None) -> None:
        if answer is None:
            self.tally.unreachable += 1
        else:
            self.tally.broken += 1
        await asyncio.sleep(_PAUSE_S)

    async def _refresh_in_time(self) -> None:
        if time.monotonic() < self._refresh_at:
            return
        self.desk.desktop.base = self.chance.choice(self.origins)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                refreshed = (await self.desk.refresh()).status == 200
        except (OSError, TimeoutError):
            refreshed = False
        self._refresh_at = time.monotonic() + (_REFRESH_AFTER_S if refreshed else _PAUSE_S)
