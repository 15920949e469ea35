"""Our structures as JSON in Redis: identifiers go in as text, and come out parsed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

from bff_backoffice.domain.operator import Identifier

__all__ = ["encode", "remembering_decoder"]

T = TypeVar("T")

encode: Final = msgspec.json.Encoder(enc_hook=str).encode
"""Return the bytes that a structure is kept as."""


def remembering_decoder(kind: type[T], *, entries: int) -> Callable[[bytes], T]:
    """Return what reads bytes as this kind, and remembers so many of its answers.

    A desk's entries stay the same from request to request, and decoding them anew costs as much as all of the way to
    Redis. What is remembered is a pure function of the bytes: other bytes, another entry.
    """
    return lru_cache(entries)(msgspec.json.Decoder(kind, dec_hook=_parsed).decode)


def _parsed(kind: type, value: Any) -> Any:  # noqa: ANN401 - msgspec's hook takes and gives anything
    if issubclass(kind, Identifier):
        return kind.parse(value)
    # How a msgspec hook says that a type is not its own.
    raise NotImplementedError
