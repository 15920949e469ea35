"""The stores that a test of this folder asks without the service: the shared world's, or those that somebody brings."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

__all__ = ["BROUGHT", "Stores"]

BROUGHT = "ISOLATION_STORES"
"""The variable of the environment with the addresses of stores of one's own, as JSON: `drills/protections` sets it."""


@dataclass(frozen=True)
class Stores:
    """Postgres by role (`app`, `worker`, `owner`), and Redis; both migrated and empty enough."""

    postgres: Mapping[str, str]
    redis: str

    @classmethod
    def brought(cls) -> Self | None:
        """Those of the environment, or None."""
        text = os.environ.get(BROUGHT)
        return None if text is None else cls(**json.loads(text))
