"""Which address a proof is for: `htu`, normalised and compared (RFC 9449 section 4.3, RFC 3986 section 6.2).

Only the service's own public origins and the path as requested take part. No header of the request does: a client that
could choose the host it is compared with could use a proof meant for another service.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

__all__ = ["MAX_TARGET_LENGTH", "MalformedTargetError", "PublicOrigins", "canonical_target"]

MAX_TARGET_LENGTH: Final = 2048
"""Characters of an `htu`. Half of the longest proof, so this is never what a real client meets first."""

_REMEMBERED: Final = 64
"""Addresses whose canonical form is remembered: the few that every desktop asks for all the time."""

_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_LOOPBACK_NAMES: Final = frozenset({"localhost"})

# RFC 3986: the characters of a path are unreserved, sub-delims, ":" and "@", the slash, and escapes. Everything else
# (spaces, control characters, backslashes, anything beyond ASCII) has no place in a request target and is refused.
_PATH: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*\Z")
_ADDRESS: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::(?P<port>[0-9]{0,5}))?"
    r"(?P<path>/[^?#]*)?(?:\?[^#]*)?(?:#.*)?\Z",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)  # fmt: skip


class MalformedTargetError(ValueError):
    """A text that should be an absolute http or https address is not one."""


def _decode_unreserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _without_dot_segments(path: str) -> str:
    """RFC 3986 section 5.2.4, for a path that begins with a slash."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _canonical_path(path: str) -> str:
    if not _PATH.match(path):
        raise MalformedTargetError("not a path")
    if "%" in path:
        path = _ESCAPE.sub(_decode_unreserved, path)
    return _without_dot_segments(path) if "/." in path else path or "/"


def _canonical_origin(match: re.Match[str]) -> str:
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), match["port"]
    if scheme not in _DEFAULT_PORTS:
        raise MalformedTargetError("not an http or https address")
    if not port or port.lstrip("0") == _DEFAULT_PORTS[scheme]:
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{port.lstrip('0') or '0'}"


@lru_cache(_REMEMBERED)
def _split(address: str) -> tuple[str, str]:
    """The canonical origin and the canonical path. User information never matches the grammar, so it is refused."""
    match = _ADDRESS.match(address) if len(address) <= MAX_TARGET_LENGTH else None
    if match is None:
        raise MalformedTargetError("not an absolute address")
    return _canonical_origin(match), _canonical_path(match["path"] or "/")


def canonical_target(address: str) -> str:
    """Return an absolute address in the one form in which equal addresses are equal texts.

    Scheme and host are lower-cased, a default port is dropped, escapes of unreserved characters are undone and others
    upper-cased, dot segments removed, query and fragment ignored; the path keeps its case. Raises
    `MalformedTargetError`.
    """
    origin, path = _split(address)
    return origin + path


def _is_loopback(host: str) -> bool:
    if host in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class PublicOrigins:
    """The origins that clients address this service by, such as `https://desk.example` (no path), in canonical form."""

    origins: frozenset[str]

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Return the origins, or raise `MalformedTargetError`: none at all, one with a path, one without TLS.

        Plain http is taken for loopback addresses only, where the developer world lives.
        """
        origins = set()
        for text in texts:
            match = _ADDRESS.match(text)
            if match is None or (match["path"] or "/") != "/" or "?" in text or "#" in text:
                raise MalformedTargetError(f"not an origin: {text}")
            origin = _canonical_origin(match)
            if origin.startswith("http:") and not _is_loopback(match["host"].lower()):
                raise MalformedTargetError(f"an origin without TLS must be a loopback address: {text}")
            origins.add(origin)
        if not origins:
            raise MalformedTargetError("at least one public origin is needed")
        return cls(frozenset(origins))

    def match(self, htu: str, path: str) -> str | None:
        """Return the canonical target when `htu` means `path` at one of the origins, else None.

        `path` is the path as requested, escapes and all, without the query.
        """
        try:
            origin, target_path = _split(htu)
            requested = _canonical_path(path)
        except MalformedTargetError:
            return None
        return origin + target_path if origin in self.origins and target_path == requested else None
