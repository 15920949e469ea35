"""What a route says of its own end, once a later version replaces it (contract, section 2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

__all__ = ["Deprecation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """Since when a route should not be built upon, when it ends, and which address replaces it.

    Moments are aware; the wire has whole seconds of UTC. A route may be deprecated before anybody knows its end.

    Raises:
        ValueError: a moment without a time zone, or an end before the beginning, which RFC 9745 section 4 forbids.
    """

    since: datetime
    sunset: datetime | None = None
    successor: str | None = None

    def __post_init__(self) -> None:
        if any(moment is not None and moment.utcoffset() is None for moment in (self.since, self.sunset)):
            raise ValueError("a moment needs its time zone")
        if self.sunset is not None and self.sunset < self.since:
            raise ValueError("a route can't end before it is deprecated")

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """`Deprecation` (RFC 9745, a date of RFC 9651), `Sunset` (RFC 8594), `Link` to what replaces it (RFC 5829)."""
        headers = [("Deprecation", f"@{int(self.since.timestamp())}")]
        if self.sunset is not None:
            headers.append(("Sunset", format_datetime(self.sunset.astimezone(UTC), usegmt=True)))
        if self.successor is not None:
            headers.append(("Link", f'<{self.successor}>; rel="successor-version"'))
        return tuple(headers)

    @property
    def members(self) -> dict[str, Any]:
        """What an operation of the API document says of it. `x-sunset` is what `compatibility` goes by."""
        ends = {} if self.sunset is None else {"x-sunset": self.sunset.isoformat()}
        replaced = {} if self.successor is None else {"x-successor": self.successor}
        return {"deprecated": True, "x-deprecated-since": self.since.isoformat(), **ends, **replaced}

    @property
    def described_headers(self) -> dict[str, Any]:
        """The same headers as each response of the operation describes them."""
        return {
            name: {"required": True, "schema": {"type": "string"}, "example": value} for name, value in self.headers
        }
