"""The downtime pack as a document: the bytes that are signed (contract, section 2.1)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Generic, Literal, TypeVar

import msgspec

from bff_backoffice.application.downtime_pack import DowntimePack, PackList
from bff_backoffice.application.downtime_pack_lines import KeyItem, OpenBalance, PackRoom
from bff_backoffice.application.workbench_items import ArrivalItem, DepartureItem, InHouseItem
from bff_backoffice.domain.downtime_pack import PACK_VERSION
from bff_backoffice.presentation.board_answers import SectionAnswer, section_answer
from bff_backoffice.presentation.dashboard_frames import Reader
from bff_backoffice.presentation.entity_tags import weak_tag

__all__ = ["PackAnswer", "pack_document", "pack_tag"]

T = TypeVar("T")

_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)


class PackListAnswer(SectionAnswer, Generic[T], frozen=True, kw_only=True, rename="camel"):
    """One list: when and how it was read, and its lines in the order in which they are printed.

    `items` is null, and every count too, where the list could not be had: that is not an empty list. What a line
    tells of rooms, balances and keys is as old as those lists are.
    """

    items: list[T] | None
    counts: dict[str, int | None] | None


class PackLists(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The six lists."""

    arrivals: PackListAnswer[ArrivalItem]
    departures: PackListAnswer[DepartureItem]
    in_house: PackListAnswer[InHouseItem]
    rooms: PackListAnswer[PackRoom]
    balances: PackListAnswer[OpenBalance]
    keys: PackListAnswer[KeyItem]


class PackAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The downtime pack of one property. `date`, `timezone` and `propertyName` are null where nobody could say them.

    `refreshAt` is when a desktop should ask for the next one; a pack is good for as long as there is no better one.
    """

    id: Annotated[str, msgspec.Meta(pattern="^dtp_")]
    version: Literal[1]
    tenant_id: Annotated[str, msgspec.Meta(pattern="^tnt_")]
    property_id: Annotated[str, msgspec.Meta(pattern="^ppt_")]
    property_name: str | None
    timezone: str | None
    date: date | None
    locale: str
    dir: Literal["ltr", "rtl"]
    generated_at: datetime
    refresh_at: datetime
    partial: bool
    lists: PackLists


def pack_document(pack: DowntimePack, reader: Reader) -> bytes:
    """Return the document. Its bytes are what is signed, so nobody encodes it again."""
    place, language = pack.place, reader.language
    document = PackAnswer(
        id=pack.id,
        version=PACK_VERSION,
        tenant_id=pack.tenant_id,
        property_id=pack.property_id,
        property_name=None if place is None else place.name.in_language(language.tag),
        timezone=None if place is None else place.timezone,
        date=pack.day,
        locale=language.tag,
        dir=language.dir,
        generated_at=pack.generated_at,
        refresh_at=pack.refresh_at,
        partial=pack.partial,
        lists=PackLists(**{
            section.name.lower(): _list(packed, reader)  # type: ignore[arg-type] # each section's lines are of its type
            for section, packed in pack.lists.items()
        }),
    )  # fmt: skip
    return _ENCODER.encode(document)


def pack_tag(pack: DowntimePack, *, language: str, media_type: str, key_id: str) -> str:
    """Return the weak tag of what the pack says: which lists, each as of when, for whom, under which key.

    When a list was read is part of it, other than on a board: a desktop that is told 304 knows that the times on
    the pack it holds are the newest there are.
    """
    lists = [(name, packed.section.outcome.whole or packed.section.outcome, packed.section.as_of)
             for name, packed in pack.lists.items()]  # fmt: skip
    return weak_tag(_ENCODER.encode((pack.property_id, pack.day, pack.place, lists, language, media_type, key_id)))


def _list(packed: PackList, reader: Reader) -> PackListAnswer[msgspec.Struct]:
    lines = packed.lines
    return PackListAnswer(
        **msgspec.structs.asdict(section_answer(packed.section, reader)),
        items=None if lines is None else list(lines.items),
        counts=None if lines is None else dict(lines.counts),
    )
