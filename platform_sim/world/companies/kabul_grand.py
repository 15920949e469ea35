"""A company in Kabul and Bamyan; it reads Dari."""

# ruff: noqa: RUF001 - the texts are in the scripts of their readers

from __future__ import annotations

from typing import Final

from platform_sim.world.companies.room_kinds import DELUXE, FAMILY, STANDARD, SUITE, kinds
from platform_sim.world.entities import Address, Text
from platform_sim.world.hotels import Company, Hotel

__all__ = ["COMPANY"]

COMPANY: Final = Company(
    slug="kabul-grand",
    legal_name="Kabul Grand Hotels Ltd.",
    name="Kabul Grand",
    country="AF",
    default_locale="fa-AF",
    locales=("fa-AF", "ps-AF", "en"),
    currencies=("USD", "AFN"),
    staff_languages=("fa-AF", "ps-AF"),
    hotels=(
        Hotel(
            slug="kabul-grand-hotel",
            name=Text(
                "Kabul Grand Hotel",
                {"en": "Kabul Grand Hotel", "fa-AF": "هوتل بزرگ کابل", "ps-AF": "د کابل لوی هوټل"},
            ),
            description=Text(
                "Above the gardens of Shahr-e Naw, ten minutes from the airport road.",
                {"fa-AF": "مشرف به باغ‌های شهر نو، ده دقیقه تا سرک میدان هوایی."},
            ),
            address=Address("Charrahi Ansari, Shahr-e Naw", "Kabul", "AF", "چهارراهی انصاری، شهر نو", 34.5354, 69.1659),
            timezone="Asia/Kabul",
            currency="USD",
            rooms=84,
            floors=(1, 2, 3, 4, 5),
            kinds=kinds(
                1,
                ("STD", STANDARD, 50, 2, "1 queen", 85),
                ("DLX", DELUXE, 26, 2, "1 king", 120),
                ("FAM", FAMILY, 14, 4, "2 queen", 145),
                ("STE", SUITE, 10, 3, "1 king", 240),
            ),
            scenes=("garden", "lobby", "room", "restaurant"),
            languages=("fa-AF", "ps-AF", "en", "ar"),
            occupancy=0.72,
        ),
        Hotel(
            slug="bamyan-cliffs-lodge",
            name=Text(
                "Bamyan Cliffs Lodge",
                {"en": "Bamyan Cliffs Lodge", "fa-AF": "لاج صخره‌های بامیان", "ps-AF": "د بامیان د ګړنګونو لاج"},
            ),
            description=Text(
                "Facing the cliffs, with a fire in every room.", {"fa-AF": "رو به صخره‌ها، با بخاری در هر اتاق."}
            ),
            address=Address("Shahr-e Gholghola Road", "Bamyan", "AF", "سرک شهر غلغله", 34.8212, 67.8273),
            timezone="Asia/Kabul",
            currency="AFN",
            rooms=26,
            floors=(1, 2),
            kinds=kinds(1, ("STD", STANDARD, 60, 2, "2 single", 3200), ("FAM", FAMILY, 40, 4, "2 queen", 5400)),
            scenes=("mountain", "room", "restaurant"),
            languages=("fa-AF", "ps-AF", "en"),
            occupancy=0.58,
            desks=1,
        ),
    ),
)
