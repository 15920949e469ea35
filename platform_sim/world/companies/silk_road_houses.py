"""A company with small houses in Kabul and Dubai; it reads English and Pashto."""

# ruff: noqa: RUF001 - the texts are in the scripts of their readers

from __future__ import annotations

from typing import Final

from platform_sim.world.companies.room_kinds import DELUXE, FAMILY, STANDARD, kinds
from platform_sim.world.entities import Address, Text
from platform_sim.world.hotels import Company, Hotel

__all__ = ["COMPANY"]

COMPANY: Final = Company(
    slug="silk-road-houses",
    legal_name="Silk Road Houses FZ-LLC",
    name="Silk Road Houses",
    country="AE",
    default_locale="en",
    locales=("en", "ps-AF", "fa-AF", "ar"),
    currencies=("USD", "AED", "AFN"),
    staff_languages=("ps-AF", "en", "fa-AF"),
    hotels=(
        Hotel(
            slug="chicken-street-house",
            name=Text(
                "Chicken Street House",
                {"en": "Chicken Street House", "fa-AF": "خانهٔ کوچهٔ مرغ‌ها", "ps-AF": "د چرګانو کوڅې کور"},
            ),
            description=Text(
                "A walled courtyard house among the carpet shops.", {"ps-AF": "د غالیو د هټیو ترمنځ د انګړ کور."}
            ),
            address=Address("Kocha-ye Morgha, Shahr-e Naw", "Kabul", "AF", "کوچهٔ مرغ‌ها، شهر نو", 34.5330, 69.1700),
            timezone="Asia/Kabul",
            currency="USD",
            rooms=22,
            floors=(1, 2),
            kinds=kinds(1, ("STD", STANDARD, 60, 2, "1 queen", 60), ("FAM", FAMILY, 40, 4, "2 queen", 95)),
            scenes=("garden", "room", "town"),
            languages=("ps-AF", "en", "fa-AF"),
            occupancy=0.70,
            desks=1,
        ),
        Hotel(
            slug="al-seef-house",
            name=Text("Al Seef House", {"en": "Al Seef House", "ar": "بيت السيف", "ps-AF": "د السیف کور"}),
            description=Text("Wind towers and quiet rooms by the water.", {"ar": "براجيل وغرف هادئة عند الماء."}),
            address=Address("Al Seef Street", "Dubai", "AE", "شارع السيف", 25.2587, 55.3052),
            timezone="Asia/Dubai",
            currency="AED",
            rooms=40,
            floors=(1, 2, 3),
            kinds=kinds(1, ("STD", STANDARD, 55, 2, "1 queen", 360), ("DLX", DELUXE, 45, 2, "1 king", 510)),
            scenes=("sea", "room", "lobby"),
            languages=("ar", "en", "ps-AF"),
            occupancy=0.64,
            desks=2,
        ),
    ),
)
