"""Whether the store still knows which proofs were used: the mark that tells a store that forgot from one that did not.

A mark without expiry is kept beside the proofs. A store that comes back without it, or as another run of the server
whose log did not bring everything back, has forgotten proofs that could be used again. It gets a new mark, born at its
start, and proofs issued until ten seconds after that are refused: no proof that was used before can carry a later
`iat`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from bff_backoffice.application.ports import Clock, StoreUnavailableError
from bff_backoffice.domain.device_proof import PROOF_FUTURE
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import Conversation, RedisStore, info_field

__all__ = ["NextGeneration", "ProofMemory", "StoreMemory"]

NextGeneration = Callable[[], Awaitable[int]]
"""The next number of a sequence that outlives the store: 1 at the very first start of all."""

_GENERATION_SECONDS: Final = 1.0
_ESTABLISH_SECONDS: Final = 3.0
_POLL_SECONDS: Final = 0.02
_LOCK_MS: Final = 3000
"""Longer than writing a mark can take; after this, another replica writes it in place of one that died."""

# KEYS: mark, lock. ARGV: the mark as it was read ("" for none), the mark to write. Answers the mark in force: of two
# replicas that saw the same, one writes; a replica that saw something older than what is there writes nothing.
_REPLACE: Final = """
local found = redis.call('GET', KEYS[1]) or ''
if found ~= ARGV[1] then return found end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('DEL', KEYS[2])
return ARGV[2]
"""


class ProofMemory(msgspec.Struct, frozen=True, kw_only=True):
    """The mark: since when, and in which run of the server, every used proof is remembered.

    `generation` 1 is the very first of this deployment, 0 one whose number could not be had. `born_at` is in
    milliseconds since the epoch.
    """

    generation: int
    run_id: str
    born_at: int

    @property
    def forgot_until(self) -> datetime | None:
        """What was written until this moment may be forgotten, or be as it once was; None where nothing can be."""
        return None if self.generation == 1 else datetime.fromtimestamp(self.born_at / 1000, UTC)

    @property
    def complete_after(self) -> datetime | None:
        """Proofs issued until this moment may have been used and forgotten; None where none can have been."""
        return None if self.forgot_until is None else self.forgot_until + PROOF_FUTURE


def _decode(mark: bytes | None) -> ProofMemory | None:
    try:
        return None if mark is None else msgspec.json.decode(mark, type=ProofMemory)
    except msgspec.MsgspecError:
        return None


def _kept_everything(persistence: bytes, replication: bytes) -> bool:
    """Whether another run of the server knows all that the last one knew.

    With its append-only log on, a server writes before it answers. A replica that was promoted may lack what its
    primary answered last, log or not.
    """
    return (
        info_field(persistence, "aof_enabled") == "1"
        and info_field(persistence, "aof_last_write_status") == "ok"
        and info_field(replication, "role") == "master"
        and info_field(replication, "second_repl_offset") == "-1"
    )


class StoreMemory:
    """What this process knows of the store's memory; asks again whenever an answer does not fit."""

    def __init__(self, store: RedisStore, *, next_generation: NextGeneration, clock: Clock) -> None:
        self._store = store
        self._next_generation = next_generation
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token = secrets.token_hex(8)
        self._attempts = 0
        self._failed = False
        self._mark: bytes | None = None
        self._memory: ProofMemory | None = None

    async def behind(self, run_id: str, mark: bytes | None) -> ProofMemory:
        """The memory behind an answer of this run that brought this mark along.

        Without a round trip where both are as expected. Raises `StoreUnavailableError` when the answer is of a run that
        is over: what it promised may be forgotten.
        """
        memory = self._memory
        if memory is None or mark != self._mark or run_id != memory.run_id:
            memory = await self._establish()
        if run_id != memory.run_id:
            raise StoreUnavailableError(self._store.store)
        return memory

    async def _establish(self) -> ProofMemory:
        """Look the mark up, or write it; once for all who wait.

        So that a store that hangs is not asked by each in turn.
        """
        seen = self._attempts
        async with self._lock:
            if seen == self._attempts:
                await self._attempt()
            if self._failed or self._memory is None:
                raise StoreUnavailableError(self._store.store)
            return self._memory

    async def _attempt(self) -> None:
        try:
            mark = await self._store.converse(self._mark_in_force, seconds=_ESTABLISH_SECONDS)
        except StoreUnavailableError:
            self._failed = True
            raise
        else:
            # What is known of the last memory stays known through a failure: the next mark is judged by it.
            self._mark, self._memory, self._failed = mark, msgspec.json.decode(mark, type=ProofMemory), False
        finally:
            self._attempts += 1

    async def _mark_in_force(self, server: Conversation) -> bytes:
        info, persistence, replication, time, mark = await server.round_trip(
            ("INFO", "server"),
            ("INFO", "persistence"),
            ("INFO", "replication"),
            ("TIME",),
            ("GET", keys.proof_memory()),
        )
        found = _decode(mark)
        if mark is not None and found is not None:
            if found.run_id == server.run_id:
                return bytes(mark)
            if _kept_everything(persistence, replication):
                kept = msgspec.structs.replace(found, run_id=server.run_id)
                return await self._replace(server, mark, kept)
        taken = await self._take_lock(server, mark)
        if taken is not None:
            return taken
        forgotten = self._newest(found)
        generation = await self._generation(forgotten)
        born_at = self._born_at(server.run_id, forgotten, generation, info, time)
        fresh = ProofMemory(generation=generation, run_id=server.run_id, born_at=born_at)
        return await self._replace(server, mark, fresh)

    async def _replace(self, server: Conversation, mark: bytes | None, memory: ProofMemory) -> bytes:
        (in_force,) = await server.round_trip(
            (
                "EVAL",
                _REPLACE,
                2,
                keys.proof_memory(),
                keys.proof_memory_lock(),
                mark or b"",
                msgspec.json.encode(memory),
            )
        )
        if not in_force or _decode(in_force) is None:
            raise StoreUnavailableError(self._store.store)
        return bytes(in_force)

    async def _take_lock(self, server: Conversation, mark: bytes | None) -> bytes | None:
        """None when it is ours to write the mark; the mark that another replica wrote, when one was quicker."""
        while True:
            _, holder, in_force = await server.round_trip(
                ("SET", keys.proof_memory_lock(), self._token, "NX", "PX", _LOCK_MS),
                ("GET", keys.proof_memory_lock()),
                ("GET", keys.proof_memory()),
            )
            if in_force is not None and in_force != mark:
                return bytes(in_force)
            if holder == self._token.encode():
                return None
            await asyncio.sleep(_POLL_SECONDS)

    def _newest(self, found: ProofMemory | None) -> ProofMemory | None:
        known = [memory for memory in (self._memory, found) if memory is not None]
        return max(known, key=lambda memory: memory.generation, default=None)

    async def _generation(self, forgotten: ProofMemory | None) -> int:
        """The new mark's number. Without one, or with one that can't be right, the store counts as one that forgot."""
        try:
            async with asyncio.timeout(_GENERATION_SECONDS):
                number = await self._next_generation()
        except Exception:  # noqa: BLE001 - whatever keeps the number from us, the answer is to wait, not to fail
            return 0
        return number if forgotten is None or number > forgotten.generation else 0

    def _born_at(
        self, run_id: str, forgotten: ProofMemory | None, generation: int, info: bytes, time: list[Any]
    ) -> int:
        """When the memory began, in milliseconds, by the later of the two clocks.

        A store whose clock is behind must not wait too little. The memory began now, unless nobody wrote a mark between
        the forgotten one and this one (their numbers follow each other) and the server is another run: then nothing was
        remembered, hence nothing forgotten, since the server's start.
        """
        seconds, microseconds = int(time[0]), int(time[1])
        now = seconds * 1000 + microseconds // 1000
        ours = self._clock() - datetime.fromtimestamp(0, UTC)
        ahead = max(0, ours // timedelta(milliseconds=1) - now)
        follows = forgotten is not None and forgotten.generation > 0 and generation == forgotten.generation + 1
        if follows and forgotten is not None and forgotten.run_id != run_id:
            # The server counts whole seconds: it started in the second after this one began, at its end at the latest.
            now = min(now, (seconds - int(info_field(info, "uptime_in_seconds")) + 1) * 1000)
        return now + ahead
