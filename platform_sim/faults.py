"""Ways in which a service can fail, switched on and off while everything runs."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

__all__ = ["MODES", "FaultBoard", "FaultRule", "InvalidFaultError", "cut_connection"]

MODES: Final = frozenset(
    {"latency", "error", "hang", "reset", "drip", "malformed", "huge", "slow_tail", "applied_then_lost"}
)
_HUGE_BYTES: Final = 4 * 1024 * 1024
_DRIP_SECONDS: Final = 0.25
_SLOW_TAIL_MS: Final = 5_000
_DEFAULT_LATENCY_MS: Final = 2_000
_LONGEST_MS: Final = 600_000
_CHUNK: Final = 64 * 1024


class InvalidFaultError(ValueError):
    """A fault was described in a way that can't be carried out. The message says which member is wrong."""


@dataclass(slots=True, kw_only=True)
class FaultRule:
    """One fault of one service. `lifted` is set when the rule goes: whoever waits because of it goes on at once."""

    mode: str
    latency_ms: int | None = None
    jitter_ms: int = 0
    status: int = 503
    rate: float = 1.0
    match: str | None = None
    lifted: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def parse(cls, body: Mapping[str, object]) -> FaultRule:
        """Read the body of `PUT /_control/faults/{service}`, or raise `InvalidFaultError`."""
        mode = body.get("mode")
        if not isinstance(mode, str) or mode not in MODES:
            raise InvalidFaultError(f"mode: one of {', '.join(sorted(MODES))}")
        rate, match = body.get("rate", 1.0), body.get("match")
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise InvalidFaultError("rate: a number from 0 to 1")
        if match is not None and (not isinstance(match, str) or not match.strip()):
            raise InvalidFaultError("match: METHOD or METHOD path-prefix")
        return cls(
            mode=mode,
            latency_ms=_integer(body, "latencyMs", None, 0, _LONGEST_MS),
            jitter_ms=_integer(body, "jitterMs", 0, 0, _LONGEST_MS) or 0,
            status=_integer(body, "status", 503, 400, 599) or 503,
            rate=float(rate),
            match=match,
        )

    def wire(self) -> dict[str, object]:
        """The rule as `GET /_control/faults` shows it."""
        return {
            "mode": self.mode,
            "latencyMs": self.latency_ms,
            "jitterMs": self.jitter_ms,
            "status": self.status,
            "rate": self.rate,
            "match": self.match,
        }

    def concerns(self, method: str, path: str) -> bool:
        """Whether the rule is about this call; `path` begins behind the service's name."""
        if self.match is None:
            return True
        wanted_method, _, prefix = self.match.strip().partition(" ")
        return wanted_method.upper() in {method, "*"} and path.startswith(prefix.strip())

    async def delay(self) -> None:
        """Wait as the rule says before the work: not at all, for a while, or until the rule is lifted."""
        if self.mode == "hang":
            await self.lifted.wait()
            return
        default = _DEFAULT_LATENCY_MS if self.mode == "latency" else 0
        latency = default if self.latency_ms is None or self.mode == "slow_tail" else self.latency_ms
        # The jitter spreads evenly around the latency, never below zero.
        await self._pause(max(0.0, latency + random.uniform(-self.jitter_ms, self.jitter_ms)) / 1000)

    def _tail_seconds(self) -> float:
        return (_SLOW_TAIL_MS if self.latency_ms is None else self.latency_ms) / 1000

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.lifted.wait()

    @property
    def spoils_the_answer(self) -> bool:
        """Whether the work is done and only its answer suffers."""
        return self.mode in {"drip", "malformed", "huge", "slow_tail"}

    async def send(self, request: web.Request, answer: web.Response) -> web.StreamResponse:
        """Send an answer in the rule's way. An answer without a body can only come late."""
        body = answer.body if isinstance(answer.body, bytes) else b""
        if not body:
            await self._pause(self._tail_seconds() if self.mode == "slow_tail" else 0)
            return answer
        if self.mode == "malformed":
            # Half of the JSON and then something that was never JSON, with a length that agrees: only a parser sees it.
            body = body[: len(body) // 2] + b'\x00\xff<html>{"'
        elif self.mode == "huge":
            padding = _HUGE_BYTES - len(body) - 32
            body = body[:-1] + (b',"' if body[1:-1].strip() else b'"') + b'padding":"' + b"x" * padding + b'"}'
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        response.content_length = len(body)
        await response.prepare(request)
        if self.mode == "drip":
            for position in range(len(body)):
                await response.write(body[position : position + 1])
                await self._pause(_DRIP_SECONDS if self.latency_ms is None else self.latency_ms / 1000)
        elif self.mode == "slow_tail":
            await response.write(body[:-1])
            await self._pause(self._tail_seconds())
            await response.write(body[-1:])
        else:
            for position in range(0, len(body), _CHUNK):
                await response.write(body[position : position + _CHUNK])
        await response.write_eof()
        return response


class FaultBoard:
    """At most one fault for each service."""

    def __init__(self) -> None:
        self._rules: dict[str, FaultRule] = {}

    def put(self, service: str, rule: FaultRule) -> None:
        """Set a service's fault; the one before it is lifted."""
        self.lift(service)
        self._rules[service] = rule

    def lift(self, service: str | None = None) -> None:
        """Back to health, of one service or of all: whoever hangs goes on."""
        for name in [service] if service else list(self._rules):
            rule = self._rules.pop(name, None)
            if rule is not None:
                rule.lifted.set()

    def active(self) -> dict[str, FaultRule]:
        """What is broken now, by service."""
        return dict(self._rules)

    def strike(self, service: str, method: str, path: str) -> FaultRule | None:
        """The fault that this call meets, if the rule is about it and the dice say so."""
        rule = self._rules.get(service)
        if rule is None or not rule.concerns(method, path) or random.random() >= rule.rate:
            return None
        return rule


def cut_connection(request: web.Request) -> None:
    """Drop the caller's connection with a reset, so that it can't be taken for an orderly end."""
    transport = request.transport
    if transport is None:
        return
    peer = transport.get_extra_info("socket")
    if peer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _integer(body: Mapping[str, object], name: str, default: int | None, low: int, high: int) -> int | None:
    value = body.get(name, default)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidFaultError(f"{name}: a whole number from {low} to {high}")
    return value
