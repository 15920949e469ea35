"""What may travel to an upstream, and the headers that every call carries: trace, request id, time left.

Nothing of the desktop's own request is forwarded by itself: a header leaves this service only because a line of this
project put it there, and only under a name of the list below (`docs/upstreams.md`).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

__all__ = [
    "ALLOWED",
    "Bounds",
    "CallBounds",
    "allowed",
    "child_of",
    "request_id_header",
    "retry_after_seconds",
    "time_left",
]

ALLOWED: Final = frozenset(
    {
        "accept",
        "accept-language",
        "authorization",
        "content-type",
        "dpop",
        "idempotency-key",
        "if-match",
        "traceparent",
        "x-app-version",
        "x-device-id",
        "x-idempotency-key",
        "x-mfa-attestation",
        "x-occurred-at",
        "x-operator-id",
        "x-operator-roles",
        "x-property-id",
        "x-request-deadline",
        "x-request-id",
        "x-request-timeout-ms",
        "x-session-id",
        "x-tenant-id",
    }
)
"""Header names, in lower case. `Host`, `Content-Length` and the like belong to the transport and are not listed."""

_SPELLED: Final[set[str]] = set()
"""Allowed names as this project's code spells them, so that each spelling is folded once."""
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})\Z")
_LONGEST_RETRY_AFTER: Final = 3600


class CallBounds(Protocol):
    """What every call needs, whoever makes it: until when (a point on the loop's clock), and under which trace."""

    @property
    def deadline(self) -> float:
        """Seconds on the running loop's clock."""
        ...

    @property
    def request_id(self) -> str:
        """The id of the request being served: a ULID, with or without `req_`."""
        ...

    @property
    def traceparent(self) -> str:
        """The W3C header of the current span."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The bounds of a call that is made before anybody knows on whose behalf."""

    deadline: float
    request_id: str
    traceparent: str


def allowed(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return the headers as they are.

    Raises:
        ValueError: a name that is not on the list, or a value that is not printable ASCII (and so could smuggle another
            header). The value is not told: it may be a token.
    """
    for name, value in headers.items():
        if name not in _SPELLED:
            if name.lower() not in ALLOWED:
                message = f"the header {name!r} may not travel to an upstream"
                raise ValueError(message)
            _SPELLED.add(name)
        if not (value.isascii() and value.isprintable()):
            message = f"the header {name} has a value that is not printable ASCII"
            raise ValueError(message)
    return headers


def child_of(traceparent: str) -> str:
    """Return the header of a new child span; of a new, unsampled trace where the parent is not one (W3C 3.2)."""
    parent = _TRACEPARENT.match(traceparent)
    trace_id, flags = (parent[1], parent[2]) if parent else (secrets.token_hex(16), "00")
    return f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"


def request_id_header(request_id: str) -> str:
    """The platform writes request ids with a prefix; clients of this service send the bare ULID."""
    return request_id if request_id.startswith("req_") else f"req_{request_id}"


def time_left(seconds: float, now: datetime) -> dict[str, str]:
    """Return the same moment twice: how many whole milliseconds are left, and when that is in UTC.

    The relative form needs no common clock; the absolute one survives a queue in between.
    """
    moment = (now + timedelta(seconds=seconds)).astimezone(UTC)
    return {
        "X-Request-Timeout-Ms": str(int(seconds * 1000)),
        "X-Request-Deadline": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def retry_after_seconds(value: str | None, now: datetime) -> int | None:
    """Read `Retry-After` (RFC 9110, 10.2.3), in both forms, as whole seconds from 0 to one hour; None if unreadable."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), _LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(max(int(seconds), 0), _LONGEST_RETRY_AFTER)
