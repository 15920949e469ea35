"""Headers, query and body of a request, read strictly: what is malformed gets a clear error that names the place."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from bff_backoffice.application.sessions.authenticate import AppFacts
from bff_backoffice.domain.errors import Code, FieldError, Refusal
from bff_backoffice.domain.operator import AppPlatform, MalformedIdentifierError, NetworkProfile, PropertyId
from bff_backoffice.presentation.exchange import Exchange, malformed

__all__ = [
    "APP_VERSION",
    "app_facts",
    "asks_anew",
    "chosen_media_type",
    "client_budget_ms",
    "decoded_body",
    "header_map",
    "json_value",
    "query_map",
    "request_id",
    "require_well_formed_app",
    "traceparent",
    "wanted_property",
]

_ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}\Z", re.IGNORECASE)
_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})\Z")
APP_VERSION: Final = r"^\d{1,5}\.\d{1,5}\.\d{1,5}(?:[-+][0-9A-Za-z.+-]{1,40})?$"
"""A semantic version, as a pattern of JSON Schema."""

_VERSION: Final = re.compile(APP_VERSION.removeprefix("^").removesuffix("$") + r"\Z")
_MOST_PARAMETERS: Final = 50
_LONGEST_BUDGET_MS: Final = 600_000
_REMEMBERED: Final = 64
"""Readings of headers that a whole fleet of desktops sends alike: the cases are few, and each is a pure function."""

_RANDOM: Final = random.Random()  # noqa: S311 - names of requests are no secrets, and asking the system costs a call
"""Seeded by the system when the process starts."""

_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTER_PAIRS: Final = [first + second for first in _LETTERS for second in _LETTERS]
_SHIFTS: Final = range(120, -1, -10)
_APP_HEADERS: Final = ("x-app-version", "x-app-platform", "x-network-profile")
_PLATFORMS: Final = frozenset(AppPlatform)
_PROFILES: Final = frozenset(NetworkProfile)

Headers = Mapping[str, tuple[str, ...]]


def header_map(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, tuple[str, ...]]:
    """All header fields by lower-case name, with every value of each."""
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        key, text = name.decode("latin-1").lower(), (value.decode("latin-1"),)
        headers[key] = headers[key] + text if key in headers else text
    return headers


def query_map(query: bytes) -> dict[str, list[str]]:
    """The query's parameters.

    Raises:
        Refusal: VALIDATION_FAILED for bytes that are no UTF-8 and for too many parameters.
    """
    if not query:
        return {}
    try:
        return parse_qs(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise malformed("query", "malformed", "The query can't be read.") from None


def request_id(headers: Headers) -> str:
    """The client's ULID, or a new one where it is absent or malformed."""
    given = _first(headers, "x-request-id")
    return given if given is not None and _ULID.match(given) else _new_ulid()


def _new_ulid() -> str:
    """A ULID of this moment: 48 bits of milliseconds, 80 random bits, in 13 pairs of letters."""
    bits = (time.time_ns() // 1_000_000 << 80) | _RANDOM.getrandbits(80)
    return "".join([_LETTER_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])


def traceparent(headers: Headers) -> str:
    """The W3C trace context of this request's span: the caller's trace goes on, or a new one begins."""
    given = _first(headers, "traceparent")
    found = None if given is None else _TRACEPARENT.match(given)
    drawn = f"{_RANDOM.getrandbits(192):048x}"
    trace, flags = (found[1], found[2]) if found else (drawn[16:], "01")
    return f"00-{trace}-{drawn[:16]}-{flags}"


def wanted_property(headers: Headers, query: Mapping[str, list[str]]) -> PropertyId | None:
    """`X-Property-Id` or `?propertyId=`.

    Raises:
        Refusal: VALIDATION_FAILED when they name several; RESOURCE_NOT_FOUND for what can't be a property.
    """
    in_query = set(query.get("propertyId", ()))
    given = in_query.union(headers.get("x-property-id", ()))
    if len(given) > 1:
        place = "query.propertyId" if len(in_query) > 1 else "header.x-property-id"
        raise malformed(place, "conflict", "The request names different properties.")
    if not given:
        return None
    try:
        return PropertyId.parse(given.pop())
    except MalformedIdentifierError:
        raise Refusal(Code.RESOURCE_NOT_FOUND) from None


def app_facts(headers: Headers) -> AppFacts:
    """What the desktop says of itself; a malformed header counts as absent here and is refused once its turn comes."""
    return _app_facts(*[_first(headers, name) for name in _APP_HEADERS])


@lru_cache(_REMEMBERED)
def _app_facts(version: str | None, platform: str | None, profile: str | None) -> AppFacts:
    return AppFacts(
        version=version if version is not None and _VERSION.match(version) else None,
        platform=AppPlatform(platform) if platform in _PLATFORMS else None,
        network_profile=NetworkProfile(profile) if profile in _PROFILES else None,
    )


def require_well_formed_app(headers: Headers) -> None:
    """Refuse an `X-App-Version`, `X-App-Platform` or `X-Network-Profile` that is none.

    Raises:
        Refusal: VALIDATION_FAILED that names the header.
    """
    _require_well_formed(*[_first(headers, name) for name in _APP_HEADERS])


@lru_cache(_REMEMBERED)
def _require_well_formed(version: str | None, platform: str | None, profile: str | None) -> None:
    if version is not None and not _VERSION.match(version):
        raise malformed("header.x-app-version", "malformed", "A version looks like 1.4.2.")
    if platform is not None and platform not in _PLATFORMS:
        raise malformed("header.x-app-platform", "unknown", f"One of {', '.join(sorted(_PLATFORMS))}.")
    if profile is not None and profile not in _PROFILES:
        raise malformed("header.x-network-profile", "unknown", f"One of {', '.join(sorted(_PROFILES))}.")


def client_budget_ms(exchange: Exchange) -> int | None:
    """The client's own time budget for a composed read, in ms (`X-Client-Budget-Ms`), or None.

    Raises:
        Refusal: VALIDATION_FAILED for what is no number of milliseconds.
    """
    given = exchange.header("x-client-budget-ms")
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or not 0 < int(given) <= _LONGEST_BUDGET_MS:
        raise malformed("header.x-client-budget-ms", "malformed", f"Milliseconds, 1 to {_LONGEST_BUDGET_MS}.")
    return int(given)


def asks_anew(exchange: Exchange) -> bool:
    """Whether the client wants nothing that was loaded before it asked.

    `Cache-Control: no-cache` is what a browser sends with a forced reload, with its own meaning (RFC 9111, section
    5.2.1.4).
    """
    return "no-cache" in (exchange.header("cache-control") or "").lower()


def _first(headers: Headers, name: str) -> str | None:
    values = headers.get(name)
    return values[0] if values else None


@lru_cache(_REMEMBERED)
def chosen_media_type(accept: tuple[str, ...], produces: tuple[str, ...]) -> str:
    """The best of what the route makes that the client takes (RFC 9110, section 12.5.1); the first of ours wins a tie.

    Raises:
        Refusal: NOT_ACCEPTABLE.
    """
    ranges = [_media_range(part) for part in ",".join(accept).split(",") if part.strip()]
    if not ranges:
        return produces[0]
    best = max(produces, key=lambda each: _quality(each, ranges))
    if _quality(best, ranges) <= 0:
        raise Refusal(Code.NOT_ACCEPTABLE, f"This route answers with {', '.join(produces)}.")
    return best


def _media_range(text: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                quality = 0.0
    return kind, quality


def _quality(media_type: str, ranges: list[tuple[str, float]]) -> float:
    """The quality of the most specific range that covers the type."""
    kinds = (media_type, media_type.partition("/")[0] + "/*", "*/*")
    for kind in kinds:
        for wanted, quality in ranges:
            if wanted == kind:
                return quality
    return 0.0


@cache
def _decoder(kind: type) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


_PLACE: Final = re.compile(r" - at `\$(?P<path>[^`]*)`\Z")
_MISSING: Final = re.compile(r"missing required field `(?P<name>[^`]+)`")


def decoded_body(raw: bytes, kind: type) -> Any:  # noqa: ANN401 - the route knows its type
    """The body as the route's type.

    Raises:
        Refusal: VALIDATION_FAILED that names each place.
    """
    try:
        return _decoder(kind).decode(raw)
    except msgspec.ValidationError as error:
        errors = _places(json_value(raw), kind) or (_place("body", str(error)),)
        raise Refusal(Code.VALIDATION_FAILED, "The request has malformed parts.", errors=errors) from None
    except _UNREADABLE:
        raise malformed("body", "malformed", "The body is not JSON.") from None


_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading JSON raises: also for a number that no float can hold, and for what is nested without end."""


def json_value(raw: bytes) -> Any:  # noqa: ANN401 - whatever a client sends
    """The whole body as a JSON value: a decoder of one type passes over the members that it does not know.

    Raises:
        Refusal: VALIDATION_FAILED.
    """
    try:
        return msgspec.json.decode(raw)
    except _UNREADABLE:
        raise malformed("body", "malformed", "The body is not JSON that can be read.") from None


def _places(body: object, kind: type) -> tuple[FieldError, ...]:
    """Every member that is wrong; the decoder itself stops at the first."""
    if not isinstance(body, dict):
        return ()
    errors = []
    for field in msgspec.structs.fields(kind):
        place = f"body.{field.encode_name}"
        if field.encode_name not in body:
            if field.required:
                errors.append(FieldError(place, "required", "The member is missing."))
            continue
        try:
            msgspec.convert(body[field.encode_name], field.type)
        except msgspec.ValidationError as error:
            errors.append(_place(place, str(error)))
    return tuple(errors)


def _place(root: str, text: str) -> FieldError:
    """What the decoder says, with its path behind ours."""
    found, missing = _PLACE.search(text), _MISSING.search(text)
    path = root + (found["path"] if found else "")
    if missing is not None:
        return FieldError(f"{path}.{missing['name']}", "required", "The member is missing.")
    return FieldError(path, "invalid", _PLACE.sub("", text))
