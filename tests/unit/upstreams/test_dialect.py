"""The translations between this service's one way of speaking and the platform's many."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.application.tiles import MoneyAmount
from bff_backoffice.domain.operator import PropertyId
from bff_backoffice.infrastructure.dialect import (
    LocalizedText,
    Money,
    money_of_text,
    relabelled,
    safe_address,
    ulid_of,
)

ULID = "01K9ZV6Y7R8S9T0V1W2X3Y4Z5A"


def test_an_identifier_keeps_its_ulid_under_another_services_prefix():
    """Only the prefix is exchanged, and any service's identifier gives the ULID back."""
    ours = PropertyId.parse(f"ppt_{ULID}")
    assert relabelled(ours, "prop") == f"prop_{ULID}"
    assert ulid_of(relabelled(ours, "pty")) == ULID


@pytest.mark.parametrize("text", ["", ULID, f"rom_{ULID}X", "rom_", f"rom_{ULID.lower()}", f"rom_{ULID}\n", f"_{ULID}"])
def test_what_is_no_identifier_gives_no_ulid(text: str):
    """A text that merely looks like an identifier is a ValueError."""
    with pytest.raises(ValueError, match="identifier"):
        ulid_of(text)


@given(micro=st.integers(-(10**18), 10**18), currency=st.sampled_from(["USD", "AFN", "EUR", "AED"]))
def test_pricings_money_is_read_to_the_last_unit(micro: int, currency: str):
    """No amount loses anything on its way."""
    assert money_of_text(f"{micro}:{currency}") == MoneyAmount(amount_micro=str(micro), currency=currency)


@pytest.mark.parametrize(
    "text",
    ["", "12", "12:", ":USD", "1.5:USD", "12:usd", "12:USDX", "1e3:USD", "12:USD\n", "\N{ARABIC-INDIC DIGIT ONE}:USD"],
)
def test_what_is_not_money_is_refused(text: str):
    """A rate that can't be read is never shown as another."""
    with pytest.raises(ValueError, match="money"):
        money_of_text(text)


@pytest.mark.parametrize("amount", ["12.5", "1e3", "", "12 ", "--1", "1" * 20])
def test_an_amount_that_is_no_whole_number_is_refused(amount: str):
    """Micro-units are whole and fit where amounts are kept."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"amountMicro": amount, "currency": "USD"}, Money)


def test_a_numeric_amount_is_refused():
    """A number may have been rounded by somebody in between, so only digits in a string count."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"amountMicro": 12500000, "currency": "USD"}, Money)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("fa-AF", "دری"),
        ("fa", "فارسی"),
        ("fa-IR", "فارسی"),
        ("ps-AF", "پښتو"),
        ("de-DE", "English"),
        ("fr", "Français"),
    ],
)
def test_a_text_is_chosen_by_locale_then_language_then_default(locale: str, text: str):
    """The exact locale wins, then its language, then the same language of another region, then the default."""
    name = LocalizedText(
        default="English",
        values={"fa-AF": "دری", "fa": "فارسی", "ps": "پښتو", "fr-FR": "Français", "de": ""},
    )
    assert name.in_language(locale) == text


def test_a_default_may_be_the_name_of_a_language():
    """Where a service names its default language, that language's text is taken."""
    assert LocalizedText(default="en", values={"en": "Kabul Grand", "ps": "کابل"}).in_language("fr") == "Kabul Grand"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//cdn.example/x.png", "x.png", "", None]
)
def test_only_web_addresses_are_handed_to_a_page(address: str | None):
    """What is not http or https is dropped."""
    assert safe_address(address) is None
    assert safe_address("https://cdn.example/x.png") == "https://cdn.example/x.png"
