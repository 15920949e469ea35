"""What is left in Redis, whoever left it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import redis

__all__ = ["everything_in", "without_tenant"]

_WITHOUT_TENANT = re.compile(rb"replay:[A-Za-z0-9_-]{43}|replay:memory(:lock)?|platform:events|bff-backoffice:events")
"""The keys that belong to no tenant, as they stand in Redis; `test_keys.py` names their builders."""


def without_tenant(key: bytes) -> bool:
    """Whether the key is one of the few that may lack a tenant (contract, section 10)."""
    return _WITHOUT_TENANT.fullmatch(key) is not None


def everything_in(client: redis.Redis) -> Iterator[tuple[bytes, bytes]]:
    """Every key of the server with all that it holds, whatever its kind; but for one that ends meanwhile."""
    for key in client.scan_iter("*", count=1000):
        kind = client.type(key)
        readers: dict[bytes, Any] = {
            b"string": client.get,
            b"set": client.smembers,
            b"hash": client.hgetall,
            b"list": lambda key: client.lrange(key, 0, -1),
            b"zset": lambda key: client.zrange(key, 0, -1),
            b"stream": client.xrange,
            b"none": lambda _: b"",
        }
        value = readers[kind](key)
        yield key, value if isinstance(value, bytes) else repr(value).encode()
