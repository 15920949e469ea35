"""Entity tags and the question whether the client has that content already (RFC 9110, sections 8.8.3 and 13.1.2).

A tag is made from content alone: how old it is or when it was answered is no part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from bff_backoffice.presentation.exchange import Exchange, Whole, json_answer

__all__ = ["has_already", "strong_tag", "strongly_tagged", "tagged_answer", "weak_tag"]

_TAG_CHARACTERS: Final = 32
"""128 bits of SHA-256: two contents never share a tag by chance."""


def weak_tag(content: bytes) -> str:
    """Return the `ETag` of what these bytes stand for."""
    return f'W/"{hashlib.sha256(content).hexdigest()[:_TAG_CHARACTERS]}"'


def strong_tag(body: bytes) -> str:
    """Return the `ETag` of exactly these bytes: what `If-Match` can demand (RFC 9110, section 13.1.1)."""
    return weak_tag(body).removeprefix("W/")


def strongly_tagged(exchange: Exchange, body: bytes, *headers: tuple[str, str]) -> Whole:
    """Return a JSON body with the tag of its bytes, or 304 where the client has them already."""
    own = (("ETag", strong_tag(body)), ("Content-Language", exchange.language.tag), *headers)
    if has_already(strong_tag(body), exchange.headers.get("if-none-match", ())):
        return Whole(status=304, headers=own)
    return Whole(status=200, body=body, media_type="application/json", headers=own)


def has_already(tag: str, if_none_match: Sequence[str]) -> bool:
    """Return whether these values of `If-None-Match` name the tag, compared weakly."""
    wanted = {part.strip().removeprefix("W/") for part in ",".join(if_none_match).split(",")}
    return "*" in wanted or tag.removeprefix("W/") in wanted


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
