"""Weak entity tags and the question whether the client has that content already (RFC 9110, sections 8.8.3 and 13.1.2).

A tag is made from content alone: how old it is or when it was answered is no part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from bff_backoffice.presentation.exchange import Exchange, Whole, json_answer

__all__ = ["has_already", "tagged_answer", "weak_tag"]

_TAG_CHARACTERS: Final = 32
"""128 bits of SHA-256: two contents never share a tag by chance."""


def weak_tag(content: bytes) -> str:
    """Return the `ETag` of what these bytes stand for."""
    return f'W/"{hashlib.sha256(content).hexdigest()[:_TAG_CHARACTERS]}"'


def has_already(tag: str, if_none_match: Sequence[str]) -> bool:
    """Return whether these values of `If-None-Match` name the tag, compared weakly."""
    wanted = {part.strip().removeprefix("W/") for part in ",".join(if_none_match).split(",")}
    return "*" in wanted or tag.removeprefix("W/") in wanted


def tagged_answer(exchange: Exchange, content: object, *headers: tuple[str, str]) -> Whole:
    """Return the JSON answer of a msgspec structure with the tag of its bytes, or 304 where the client has it."""
    answer = json_answer(content)
    tag = weak_tag(answer.body)
    own = (("ETag", tag), ("Content-Language", exchange.language.tag), *headers)
    if has_already(tag, exchange.headers.get("if-none-match", ())):
        return Whole(status=304, headers=own)
    return Whole(status=200, body=answer.body, media_type=answer.media_type, headers=own)
