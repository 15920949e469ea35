"""Nonces of the server's choosing (RFC 9449 section 9), without a store: a keyed hash of the minute."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Final

__all__ = ["Nonces"]

_PERIOD_SECONDS: Final = 60
_SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 16


class Nonces:
    """Nonces of the current minute, accepted in the next one too, and by every replica that shares the secret.

    The minute to come is accepted as well: a replica whose clock is a little ahead gives its nonce early. The secret is
    at least 32 bytes long; a shorter one raises `ValueError`.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _SECRET_BYTES:
            raise ValueError(f"the secret of nonces must have {_SECRET_BYTES} bytes or more")
        self._secret = secret

    def current(self, now: datetime) -> str:
        """The nonce to give out at this moment."""
        return self._of(_minute(now))

    def accepts(self, nonce: str, now: datetime) -> bool:
        """Whether this nonce was given out in the current minute or the one before."""
        given, minute = nonce.encode("utf-8", "surrogatepass"), _minute(now)
        # All three are compared every time, so that the time taken says nothing about which one was near.
        matches = [hmac.compare_digest(given, self._of(minute + step).encode()) for step in (-1, 0, 1)]
        return any(matches)

    def _of(self, minute: int) -> str:
        digest = hmac.new(self._secret, b"dpop-nonce\0%d" % minute, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:_NONCE_BYTES]).rstrip(b"=").decode()


def _minute(now: datetime) -> int:
    return int(now.timestamp()) // _PERIOD_SECONDS
