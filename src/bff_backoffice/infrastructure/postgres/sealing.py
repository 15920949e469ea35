"""Kept answers, encrypted for their tenant: AES-256-GCM under a key that is derived for each tenant (RFC 5869).

What is sealed names the place that it is for, so a row that was moved to another key, device or tenant opens nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bff_backoffice.domain.operator import TenantId

__all__ = ["AnswerSeal", "BrokenSealError"]

_SECRET_BYTES: Final = 32
_NAME_BYTES: Final = 4
_NONCE_BYTES: Final = 12
"""Random, under a key that one tenant's answers share: far fewer than the 2^32 at which chance would matter."""
_MOST_DERIVED: Final = 4096


class BrokenSealError(Exception):
    """The bytes are not what was sealed for this place, or the secret that sealed them is not among ours any more."""


class AnswerSeal:
    """Seals with the first secret and opens with all, so that a secret can be replaced while its answers are kept.

    Each secret has at least 32 bytes; a shorter one, or none at all, raises `ValueError`.
    """

    def __init__(self, secrets_: Sequence[bytes]) -> None:
        if not secrets_ or any(len(secret) < _SECRET_BYTES for secret in secrets_):
            raise ValueError(f"secrets of kept answers must have {_SECRET_BYTES} bytes or more")
        self._secrets = {hashlib.sha256(b"name\0" + secret).digest()[:_NAME_BYTES]: secret for secret in secrets_}
        self._current = next(iter(self._secrets))
        self._derived: dict[tuple[bytes, TenantId], AESGCM] = {}

    def seal(self, tenant_id: TenantId, plain: bytes, *, place: bytes) -> bytes:
        """Return the bytes encrypted for this tenant and place."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher(self._current, tenant_id).encrypt(nonce, plain, _bound(tenant_id, place))
        return self._current + nonce + sealed

    def open(self, tenant_id: TenantId, sealed: bytes, *, place: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            BrokenSealError: another tenant's, another place's, changed, or of a secret that is gone.
        """
        name, rest = sealed[:_NAME_BYTES], sealed[_NAME_BYTES:]
        if name not in self._secrets:
            raise BrokenSealError("sealed with a secret that is not here")
        try:
            return self._cipher(name, tenant_id).decrypt(
                rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _bound(tenant_id, place)
            )
        except InvalidTag as error:
            raise BrokenSealError("not what was sealed for this place") from error

    def _cipher(self, name: bytes, tenant_id: TenantId) -> AESGCM:
        known = self._derived.get((name, tenant_id))
        if known is None:
            info = b"kept answers of " + tenant_id.encode()
            key = HKDF(algorithm=SHA256(), length=_SECRET_BYTES, salt=None, info=info).derive(self._secrets[name])
            if len(self._derived) >= _MOST_DERIVED:
                self._derived.clear()
            known = self._derived[name, tenant_id] = AESGCM(key)
        return known


def _bound(tenant_id: TenantId, place: bytes) -> bytes:
    return tenant_id.encode() + b"\0" + place
