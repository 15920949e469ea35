"""Bodies that can't be read, in every way that a parser can fail at them."""

from __future__ import annotations

import msgspec
import pytest

from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.presentation.request_parts import decoded_body, json_value


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    count: int = 0


UNREADABLE = {
    "a text that is no UTF-8": b'"\xff"',
    "a member that is no UTF-8": b'{"name": "\xff"}',
    "nested without end": b"[" * 20_000,
    "members nested without end": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "a number that no float can hold": b'{"name": 1, "x": 1e999}',
    "a number of five thousand digits": b'{"name": 1, "count": ' + b"9" * 5_000 + b"}",
    "not JSON": b"{",
    "nothing": b"",
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_body_that_cannot_be_read_is_refused(raw: bytes) -> None:
    """A clear refusal that names the body, never a defect of the service."""
    with pytest.raises(Refusal) as refused:
        decoded_body(raw, _Body)
    assert refused.value.code is Code.VALIDATION_FAILED
    assert refused.value.errors[0].field.startswith("body")


@pytest.mark.parametrize("hidden", [b"1e999", b'"\xff"', b"[" * 20_000 + b"]" * 20_000])
def test_what_hides_in_an_unknown_member_is_refused_where_the_whole_body_counts(hidden: bytes) -> None:
    """A typed decoder passes over members that it does not know; what identifies a request reads all of it."""
    raw = b'{"name": "x", "unknown": ' + hidden + b"}"
    with pytest.raises(Refusal) as refused:
        json_value(raw)
    assert refused.value.code is Code.VALIDATION_FAILED


def test_every_wrong_member_is_named_at_once() -> None:
    """The decoder stops at the first; the refusal does not."""
    with pytest.raises(Refusal) as refused:
        decoded_body(b'{"count": "many"}', _Body)
    assert {each.field for each in refused.value.errors} == {"body.name", "body.count"}
