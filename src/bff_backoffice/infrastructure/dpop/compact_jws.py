"""The outer shape of a signed token (RFC 7515 section 7.1), read more strictly than the RFCs demand.

Two readers that disagree about one text are how forged tokens pass: whatever could be read in two ways is refused. The
text is measured before it is looked at.
"""

from __future__ import annotations

import binascii
import json
import re
from dataclasses import dataclass
from typing import Final, NoReturn

__all__ = ["CompactJws", "MalformedJwsError", "decode_segment", "json_object", "split"]

_SEGMENT: Final = "[A-Za-z0-9_-]+"
_COMPACT: Final = re.compile(rf"(?P<header>{_SEGMENT})\.(?P<payload>{_SEGMENT})\.(?P<signature>{_SEGMENT})\Z")
_TO_STANDARD: Final = bytes.maketrans(b"-_+/=", b"+/\0\0\0")
"""Into the alphabet that the decoder knows; what only that one has, the padding too, into something that none has."""

_LAST_CHARACTERS: Final = {2: frozenset("AQgw"), 3: frozenset("AEIMQUYcgkosw048")}
"""By how many characters the last group has: those whose spare bits are zero. Others would be second spellings."""

_MOST_BRACKETS: Final = 256
"""Opening brackets, hence levels at most. A parser gives up at a depth that depends on who calls it: whether a text
that nears it is read would differ between two readers. A `jti` made of nothing else has half as many."""


class MalformedJwsError(ValueError):
    """A text that should be a compact JWS is not one, or not one that can be read in only one way."""


@dataclass(frozen=True, slots=True)
class CompactJws:
    """The parts of a JWS. Header and payload are still encoded: nothing is parsed before the signature holds."""

    header: str
    payload: str
    signing_input: bytes
    signature: bytes


def decode_segment(segment: str) -> bytes:
    """base64url without padding (RFC 7515 section 2), canonical; raises `MalformedJwsError`."""
    tail = len(segment) % 4
    if tail == 1 or (tail and segment[-1] not in _LAST_CHARACTERS[tail]):
        raise MalformedJwsError("not base64url")
    try:
        standard = segment.encode("ascii").translate(_TO_STANDARD)
        return binascii.a2b_base64(standard + b"==="[: -tail % 4], strict_mode=True)
    except (binascii.Error, ValueError):
        raise MalformedJwsError("not base64url") from None


def split(text: str, *, longest: int) -> CompactJws:
    """Split a text of at most `longest` characters into the parts of a JWS, or raise `MalformedJwsError`."""
    match = _COMPACT.match(text) if len(text) <= longest else None
    if match is None:
        raise MalformedJwsError("not a compact JWS")
    return CompactJws(
        match["header"], match["payload"], text[: match.end("payload")].encode(), decode_segment(match["signature"])
    )


def _unique_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedJwsError("duplicate members")
    return members


def _no_constant(name: str) -> NoReturn:
    raise MalformedJwsError(f"{name} is not JSON")


_DECODE: Final = json.JSONDecoder(object_pairs_hook=_unique_members, parse_constant=_no_constant).decode


def json_object(segment: str) -> dict[str, object]:
    """The JSON object in an encoded segment: UTF-8, no duplicate members at any depth; raises `MalformedJwsError`."""
    raw = decode_segment(segment)
    if raw.count(b"[") + raw.count(b"{") > _MOST_BRACKETS:
        raise MalformedJwsError("nested too deeply")
    try:
        value = _DECODE(raw.decode())
    except (ValueError, RecursionError):
        raise MalformedJwsError("not a JSON object") from None
    if not isinstance(value, dict):
        raise MalformedJwsError("not a JSON object")
    return value
