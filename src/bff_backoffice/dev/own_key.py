"""The developer world's signing key: made once and kept, so that what it signed can be verified after a restart."""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Final

__all__ = ["kept_signing_key"]

_FILE: Final = "signing-key"
_SEED_BYTES: Final = 32


def kept_signing_key(state: Path) -> str:
    """Return the key (`BFF_SIGNING_KEY`) that is kept in this folder, made now if there is none yet."""
    path = state / _FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        key = urlsafe_b64encode(secrets.token_bytes(_SEED_BYTES)).decode().rstrip("=")
        file.write(key)
    return key
