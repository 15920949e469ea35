"""Where the platform's services speak differently and this service speaks one way: ids, money, languages, paging.

`docs/upstreams.md` has the table of differences. A translation that fails raises `ValueError`, which the HTTP client
turns into `UpstreamInvalidResponseError`: what can't be translated is not what the upstream promised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.texts import TextByLanguage
from bff_backoffice.application.tiles import MoneyAmount
from bff_backoffice.domain.operator import Identifier, PropertyId

__all__ = [
    "Count", "LocalizedText", "Money", "Wire", "about", "about_property", "money_of_text", "operator_headers",
    "own_property", "property_of", "relabelled", "safe_address", "said", "ulid_of",
]  # fmt: skip

_ID: Final = re.compile(r"[a-z]+_([0-7][0-9A-HJKMNP-TV-Z]{25})\Z")
_MONEY_TEXT: Final = re.compile(r"(-?[0-9]{1,19}):([A-Z]{3})\Z")

Count = Annotated[int, Meta(ge=0)]
"""A number of things."""


class Wire(Struct, frozen=True, rename="camel"):
    """The part of an upstream's answer that is read here. Other members may come and are not looked at."""


class Money(Wire, frozen=True, rename="camel"):
    """Micro-units as a string of digits. A number is refused: a reader in between may already have rounded it."""

    amount_micro: Annotated[str, Meta(pattern=r"^-?[0-9]{1,19}$")]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]

    def amount(self) -> MoneyAmount:
        """The same amount as this service writes it."""
        return MoneyAmount(amount_micro=self.amount_micro, currency=self.currency)


class LocalizedText(Wire, frozen=True):
    """The platform's `I18nString`: a text per language. `default` is a text, or the name of one of the languages."""

    default: str
    values: dict[str, str]

    def in_language(self, locale: str) -> str:
        """Return the text for this locale, else for its language in any region, else the default."""
        language = locale.partition("-")[0]
        nearest = (name for name in self.values if name.partition("-")[0] == language)
        for name in (locale, language, *nearest, self.default):
            if text := self.values.get(name):
                return text
        return self.default

    def in_all_languages(self) -> TextByLanguage:
        """Return the same text as this service keeps it for readers of every language."""
        return TextByLanguage(default=self.in_language("en"), values=self.values)


def money_of_text(text: str) -> MoneyAmount:
    """Read pricing's `"125000000:USD"`; raise `ValueError` for anything else."""
    found = _MONEY_TEXT.match(text)
    if found is None:
        raise ValueError("not money")
    return MoneyAmount(amount_micro=found[1], currency=found[2])


def relabelled(identifier: Identifier, prefix: str) -> str:
    """Return our identifier as another service writes it: the ULID is the same everywhere, only the prefix differs."""
    return f"{prefix}_{identifier.ulid}"


def ulid_of(text: str) -> str:
    """Return the ULID of an identifier of any service; raise `ValueError` where there is none."""
    found = _ID.match(text)
    if found is None:
        raise ValueError("not an identifier")
    return found[1]


def property_of(call: CallContext) -> PropertyId:
    """Return the property that the call is about; raise `ValueError` where it is about none, which is our defect."""
    if call.property_id is None:
        raise ValueError("the call names no property")
    return call.property_id


def about_property(call: CallContext, property_id: str) -> None:
    """Raise `ValueError` unless the answer is about the property that was asked about.

    An answer that was mixed up on the way, in a cache or a pool, must never be shown as another hotel's.
    """
    if ulid_of(property_id) != property_of(call).ulid:
        raise ValueError("an answer about another property")


def own_property(call: CallContext, property_id: str) -> str:
    """Return the property that the call is about, as this service writes it, if the answer is about it too.

    Raises:
        ValueError: it is about another one.
    """
    about_property(call, property_id)
    return str(property_of(call))


def about(identifier: Identifier, answered: str) -> None:
    """Raise `ValueError` unless the answer is about the thing that was asked about, for the same reason."""
    if ulid_of(answered) != identifier.ulid:
        raise ValueError("an answer about another thing")


def said(query: Mapping[str, str | None]) -> dict[str, str]:
    """Return the parameters of a query that say something."""
    return {name: value for name, value in query.items() if value}


def operator_headers(call: CallContext) -> Mapping[str, str]:
    """Return the headers that say on whose behalf a call is made, in the form that most services share."""
    return {
        "X-Tenant-Id": call.tenant_id,
        "X-Operator-Id": call.operator_id,
        "X-Operator-Roles": ",".join(sorted(call.roles)),
        "X-Device-Id": call.device_id,
        "Accept-Language": call.locale,
    }


def safe_address(text: str | None) -> str | None:
    """Return a web address, or None for anything that a page must not follow."""
    return text if text is not None and urlsplit(text).scheme in {"http", "https"} else None
