"""Entity tags and the question whether the client has that content already (RFC 9110, sections 8.8.3 and 13.1.2).

A tag is made from content alone: how old it is or when it was answered is no part of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.presentation.exchange import Exchange, Whole, json_answer, malformed

__all__ = [
    "demanded_tags", "demanded_version", "has_already", "strong_tag", "strongly_tagged", "tagged_answer", "version_in",
    "weak_tag",
]  # fmt: skip

_TAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')
_TAGS: Final = re.compile(rf"{_TAG.pattern}(?:[ \t]*,[ \t]*{_TAG.pattern})*\Z")
_VERSION: Final = re.compile(r"[0-9]{1,9}\Z")

_TAG_CHARACTERS: Final = 32
"""128 bits of SHA-256: two contents never share a tag by chance."""


def weak_tag(content: bytes) -> str:
    """Return the `ETag` of what these bytes stand for."""
    return f'W/"{hashlib.sha256(content).hexdigest()[:_TAG_CHARACTERS]}"'


def strong_tag(body: bytes, *, version: str = "") -> str:
    """Return the `ETag` of exactly these bytes: what `If-Match` can demand (RFC 9110, section 13.1.1).

    A `version` that their owner gave them is told in it, so that whoever demands the tag names the version too.
    """
    tag = weak_tag(body).removeprefix("W/")
    return f'"{version}-{tag[1:]}' if version else tag


def strongly_tagged(exchange: Exchange, body: bytes, *headers: tuple[str, str], tag: str | None = None) -> Whole:
    """Return a JSON body with its tag, that of its bytes or the given one; 304 where the client has it already."""
    tag = strong_tag(body) if tag is None else tag
    own = (("ETag", tag), ("Content-Language", exchange.language.tag), *headers)
    if has_already(tag, exchange.headers.get("if-none-match", ())):
        return Whole(status=304, headers=own)
    return Whole(status=200, body=body, media_type="application/json", headers=own)


def has_already(tag: str, if_none_match: Sequence[str]) -> bool:
    """Return whether these values of `If-None-Match` name the tag, compared weakly."""
    wanted = {part.strip().removeprefix("W/") for part in ",".join(if_none_match).split(",")}
    return "*" in wanted or tag.removeprefix("W/") in wanted


def demanded_tags(exchange: Exchange) -> tuple[str, ...] | None:
    """Return the strong tags of `If-Match`, or `("*",)`, or None where it is absent.

    A weak tag never matches (RFC 9110, section 13.1.1), so an empty tuple is a demand that nothing can meet.

    Raises:
        Refusal: VALIDATION_FAILED for what is no list of entity tags.
    """
    values = exchange.headers.get("if-match")
    if values is None:
        return None
    text = ", ".join(values).strip()
    if text == "*":
        return ("*",)
    if not _TAGS.match(text):
        raise malformed("header.if-match", "malformed", "Entity tags in quotes, with commas between them; or a star.")
    return tuple(found[0] for found in _TAG.finditer(text) if not found[0].startswith("W/"))


def demanded_version(exchange: Exchange) -> int | None:
    """Return the version that `If-Match` demands of one thing, such as `"7"`, or None where it demands none.

    Raises:
        Refusal: VALIDATION_FAILED for what is no list of entity tags, and for more than one; PRECONDITION_FAILED for a
            tag that can't be a version, and so is nobody's.
    """
    tags = demanded_tags(exchange)
    if tags is None or tags == ("*",):
        return None
    if len(tags) > 1:
        raise malformed("header.if-match", "too_many", "A thing has one version.")
    version = tags[0].strip('"') if tags else ""
    if not _VERSION.match(version):
        raise Refusal(Code.PRECONDITION_FAILED, "It is not what If-Match names: a version in quotes.")
    return int(version)


def version_in(tag: str) -> str:
    """Return the version that is told in a strong tag, or nothing where none is."""
    return tag.strip('"').rpartition("-")[0]


def tagged_answer(
    exchange: Exchange, content: object, *headers: tuple[str, str], tag_of: object | None = None
) -> Whole:
    """Return the JSON answer of a msgspec structure with its tag, or 304 where the client has it.

    The tag is made of the answer's bytes, or of `tag_of` where the answer also says how old it is.
    """
    answer = json_answer(content)
    tag = weak_tag(answer.body if tag_of is None else json_answer(tag_of).body)
    own = (("ETag", tag), ("Content-Language", exchange.language.tag), *headers)
    if has_already(tag, exchange.headers.get("if-none-match", ())):
        return Whole(status=304, headers=own)
    return Whole(status=200, body=answer.body, media_type=answer.media_type, headers=own)
