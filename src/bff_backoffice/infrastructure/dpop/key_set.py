"""An issuer's public keys: fetched when needed, kept while it is away (contract section 3)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from bff_backoffice.application.ports import UpstreamError, UpstreamUnavailableError
from bff_backoffice.infrastructure.dpop.public_key import (
    PublicKey,
    ReadKey,
    UnusableKeyError,
    read_public_key,
)

__all__ = ["FetchKeySet", "KeySet", "KeySetCache"]

FetchKeySet = Callable[[], Awaitable[bytes]]
"""Fetches the key set as it is on the wire. Raises the `UpstreamError` family."""

_REFRESH_SECONDS: Final = 10.0
_MAX_AGE_SECONDS: Final = 300.0
"""What iam-service says of its own key set (`Cache-Control: max-age=300`); Google's may be kept for hours."""
_RETRY_SECONDS: Final = 1.0
"""Between two tries while there is no key set at all: every request fails meanwhile, so this is short."""
_FETCH_SECONDS: Final = 2.0
_REFETCH_SECONDS: Final = 0.5
"""A fetch that only renews what there is may hold one request up for this long, once in `_REFRESH_SECONDS`."""
_MAX_BYTES: Final = 262_144
_MAX_KEYS: Final = 64


@dataclass(frozen=True, slots=True)
class _Entry:
    kid: str | None
    key: PublicKey


@dataclass(frozen=True, slots=True, eq=False)
class KeySet:
    """The usable keys of one key set. Two sets are the same only if they are the same object."""

    text: bytes
    entries: tuple[_Entry, ...]

    def knows(self, kid: str) -> bool:
        """Whether a key of this name is in the set."""
        return any(entry.kid == kid for entry in self.entries)

    def candidates(self, kid: str | None, algorithm: str) -> tuple[PublicKey, ...]:
        """The keys for this algorithm: those of this name, or all of them for a token that names none."""
        return tuple(
            entry.key for entry in self.entries if kid in (None, entry.kid) and algorithm in entry.key.algorithms
        )


def _parse(text: bytes, read_key: ReadKey) -> KeySet | None:
    """The set, or None for a text that is none, or holds no key that can be used."""
    try:
        document = msgspec.json.decode(text, type=dict[str, msgspec.Raw]) if len(text) <= _MAX_BYTES else {}
        jwks = msgspec.json.decode(document.get("keys", b"[]"), type=list[dict[str, object]])
    except msgspec.MsgspecError:
        return None
    entries = []
    for jwk in jwks[:_MAX_KEYS]:
        kid = jwk.get("kid")
        try:
            entries.append(_Entry(kid if isinstance(kid, str) else None, read_key(jwk)))
        except UnusableKeyError:
            continue
    return KeySet(text, tuple(entries)) if entries else None


class KeySetCache:
    """One key set, shared by all requests; at most one fetch at a time.

    The request that finds the set missing or old fetches it, in its own task: should that request go away, the next one
    takes over. An old set is served while its issuer is away, because its keys are no worse for that. `issuer` is
    the name in the errors.
    """

    def __init__(
        self,
        fetch: FetchKeySet,
        *,
        issuer: str = "iam-service",
        read_key: ReadKey = read_public_key,
        refresh_seconds: float = _REFRESH_SECONDS,
        max_age_seconds: float = _MAX_AGE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._issuer = issuer
        self._read_key = read_key
        self._refresh_seconds = refresh_seconds
        self._max_age_seconds = max_age_seconds
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._keys: KeySet | None = None
        self._stale_at = float("-inf")
        self._unknown_kid_at = float("-inf")
        self._unsure = False

    async def current(self) -> KeySet:
        """The keys to verify with. Raises the `UpstreamError` family when there are none and none can be had."""
        if self._keys is not None and (self._monotonic() < self._stale_at or self._lock.locked()):
            return self._keys
        async with self._lock:
            if self._monotonic() >= self._stale_at:
                await self._renew()
            if self._keys is None:
                raise UpstreamUnavailableError(self._issuer, "No key set", retry_after=1)
            return self._keys

    async def after_unknown_kid(self, lacking: KeySet) -> KeySet:
        """A newer set than the one that lacks a key, if there may be one: asks at most once in `refresh_seconds`.

        Raises the `UpstreamError` family while the issuer could not be asked: the key may be genuine and new, and a
        client that is told that its token is invalid throws it away.
        """
        async with self._lock:
            now = self._monotonic()
            if self._keys is lacking and now >= self._unknown_kid_at:
                before, self._unknown_kid_at = self._unknown_kid_at, now + self._refresh_seconds
                try:
                    self._unsure = not await self._renew()
                except asyncio.CancelledError:
                    self._unknown_kid_at = before
                    raise
                if self._unsure:
                    self._unknown_kid_at = now + _RETRY_SECONDS
            if self._keys is lacking and self._unsure:
                raise UpstreamUnavailableError(self._issuer, "The key set could not be fetched", retry_after=1)
            return self._keys or lacking

    async def _renew(self) -> bool:
        """Fetch the set; returns whether the issuer gave one. Raises when there is none at all."""
        limit = _FETCH_SECONDS if self._keys is None else _REFETCH_SECONDS
        try:
            async with asyncio.timeout(limit):
                text = await self._fetch()
        except (UpstreamError, TimeoutError) as error:
            self._postpone()
            if self._keys is None:
                raise UpstreamUnavailableError(
                    self._issuer, "The key set could not be fetched", retry_after=1
                ) from error
            return False
        if self._keys is None or text != self._keys.text:
            keys = _parse(text, self._read_key)
            if keys is None:
                # A set without a single usable key is a mistake over there, not the end of every session here.
                self._postpone()
                return True
            self._keys = keys
        self._stale_at = self._monotonic() + self._max_age_seconds
        return True

    def _postpone(self) -> None:
        wait = _RETRY_SECONDS if self._keys is None else self._refresh_seconds
        self._stale_at = self._monotonic() + wait
