"""What a call to an upstream consists of, and what is known of an upstream before it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from bff_backoffice.infrastructure.http.headers import CallBounds

__all__ = ["Call", "ServiceIdentity", "Upstream"]

T = TypeVar("T")


class ServiceIdentity(Protocol):
    """This service's own bearer token towards the platform; never the operator's."""

    async def __call__(self) -> str:
        """Return a token that is valid now. Promises nothing about how long it stays so."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """What is known of an upstream before it is called. `limit_seconds` holds for a call that sets no own limit.

    An upstream with `retries=0` must hear of every call once, and so is never sent a hedge either.
    """

    name: str
    limit_seconds: float
    retries: int = 0
    refuses_with_401: bool = False
    max_body_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One call, complete. `path` is already escaped; `headers` are the dialect's.

    `operation` names the call in metrics and separates its latencies from those of others. `decode` turns the body of a
    2xx answer into the result; whatever it raises as `ValueError` or as an error of the decoder means that the upstream
    broke its contract. A `repeatable` call does no harm when it arrives twice: it may go again over a new connection,
    and is retried as often as the upstream allows.
    """

    operation: str
    method: str
    path: str
    bounds: CallBounds
    decode: Callable[[bytes], T]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    limit_seconds: float | None = None
    repeatable: bool = False

    @property
    def tenant(self) -> str:
        """On whose account the call goes: the tenant header as the dialect writes it; empty where there is none yet."""
        return self.headers.get("X-Tenant-Id", "")
