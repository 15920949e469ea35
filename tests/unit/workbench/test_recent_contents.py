"""Decoded sections are used again for the very same bytes, and for nothing else."""

from __future__ import annotations

import msgspec

from bff_backoffice.application.projections import ProjectionKey
from bff_backoffice.application.texts import TextByLanguage
from bff_backoffice.application.tiles import Tile
from bff_backoffice.application.workbench_lists import PlaceOfHotel
from bff_backoffice.application.workbench_sections import RecentContents
from bff_backoffice.domain.operator import PropertyId, TenantId

DECODER: msgspec.json.Decoder[Tile] = msgspec.json.Decoder(PlaceOfHotel)
OURS = TenantId("tnt_01JD0000000000000000000001")
THEIRS = TenantId("tnt_01JD0000000000000000000002")


def key(number: int = 1) -> ProjectionKey:
    """The key of a section at some property."""
    return ProjectionKey(property_id=PropertyId(f"ppt_{number:026d}"), name="board-2-place")


def some_place(timezone: str) -> PlaceOfHotel:
    """A hotel there."""
    return PlaceOfHotel(name=TextByLanguage(default="Hotel", values={}), timezone=timezone)


def raw(timezone: str) -> msgspec.Raw:
    """What the cache has of it."""
    return msgspec.Raw(msgspec.json.encode(some_place(timezone)))


def test_the_same_bytes_are_decoded_once() -> None:
    """The second reader gets the very object of the first."""
    recent = RecentContents()

    first = recent.content((OURS, key()), DECODER, raw("Asia/Kabul"))

    assert recent.content((OURS, key()), DECODER, raw("Asia/Kabul")) is first
    assert first == some_place("Asia/Kabul")


def test_other_bytes_are_other_content() -> None:
    """What was loaded again is decoded again, under the same key too."""
    recent = RecentContents()
    recent.content((OURS, key()), DECODER, raw("Asia/Kabul"))

    assert recent.content((OURS, key()), DECODER, raw("Europe/Paris")) == some_place("Europe/Paris")


def test_tenants_never_meet() -> None:
    """Equal bytes of another tenant are another object."""
    recent = RecentContents()
    ours = recent.content((OURS, key()), DECODER, raw("Asia/Kabul"))

    assert recent.content((THEIRS, key()), DECODER, raw("Asia/Kabul")) is not ours


def test_what_was_not_read_for_longest_is_forgotten_first() -> None:
    """A bound on memory, whatever the number of properties."""
    recent = RecentContents(capacity=2)
    first = recent.content((OURS, key(1)), DECODER, raw("Asia/Kabul"))
    second = recent.content((OURS, key(2)), DECODER, raw("Asia/Kabul"))
    assert recent.content((OURS, key(1)), DECODER, raw("Asia/Kabul")) is first
    recent.content((OURS, key(3)), DECODER, raw("Asia/Kabul"))

    assert recent.content((OURS, key(1)), DECODER, raw("Asia/Kabul")) is first
    assert recent.content((OURS, key(2)), DECODER, raw("Asia/Kabul")) is not second
