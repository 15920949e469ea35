"""The outer shape of a signed token: one spelling only."""

from __future__ import annotations

import pytest

from bff_backoffice.infrastructure.dpop.compact_jws import MalformedJwsError, decode_segment


def test_the_letters_of_base64url_are_decoded() -> None:
    """Both letters in which it differs from the ordinary alphabet."""
    assert decode_segment("-_-_") == b"\xfb\xff\xbf"


@pytest.mark.parametrize("segment", ["+/+/", "-_+_", "-_=_", "-_-", "é___", "AB==", "A", "\0\0\0\0", "AA\n"])
def test_another_spelling_is_refused(segment: str) -> None:
    """The ordinary alphabet, padding, spare bits, line breaks: each would be a second text for the same bytes."""
    with pytest.raises(MalformedJwsError):
        decode_segment(segment)
