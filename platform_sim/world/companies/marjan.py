"""A company in Dubai, with the largest hotel and the most desktops; it reads Arabic."""

from __future__ import annotations

from typing import Final

from platform_sim.world.companies.room_kinds import DELUXE, FAMILY, JUNIOR, ROYAL, STANDARD, SUITE, kinds
from platform_sim.world.entities import Address, Text
from platform_sim.world.hotels import Company, Hotel

__all__ = ["COMPANY"]

COMPANY: Final = Company(
    slug="marjan",
    legal_name="Marjan Hospitality LLC",
    name="Marjan Hotels",
    country="AE",
    default_locale="ar",
    locales=("ar", "en", "fa-AF"),
    currencies=("AED", "USD"),
    staff_languages=("ar", "en", "fa-AF", "ps-AF"),
    hotels=(
        Hotel(
            slug="marjan-creek",
            name=Text(
                "Marjan Creek Hotel",
                {"en": "Marjan Creek Hotel", "ar": "فندق مرجان الخور", "fa-AF": "هوتل مرجان کریک"},
            ),
            description=Text(
                "Three hundred rooms on the old creek, beside the spice souk.",
                {"ar": "ثلاثمئة غرفة على الخور القديم بجوار سوق التوابل."},
            ),
            address=Address("Baniyas Road, Deira", "Dubai", "AE", "شارع بني ياس، ديرة", 25.2636, 55.3086),
            timezone="Asia/Dubai",
            currency="AED",
            rooms=300,
            floors=(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14),
            kinds=kinds(
                1,
                ("STD", STANDARD, 44, 2, "1 queen", 420),
                ("DLX", DELUXE, 30, 2, "1 king", 560),
                ("FAM", FAMILY, 12, 4, "2 queen", 690),
                ("JST", JUNIOR, 10, 3, "1 king", 940),
                ("RYL", ROYAL, 4, 4, "2 king", 2400),
            ),
            scenes=("sea", "lobby", "room", "restaurant", "skyline"),
            languages=("ar", "en", "fr", "fa-AF", "ps-AF"),
            occupancy=0.81,
            desks=6,
        ),
        Hotel(
            slug="marjan-marina-suites",
            name=Text("Marjan Marina Suites", {"en": "Marjan Marina Suites", "ar": "أجنحة مرجان مارينا"}),
            description=Text(
                "Suites with kitchens over the marina walk.", {"ar": "أجنحة بمطابخ تطل على ممشى المارينا."}
            ),
            address=Address(
                "Al Sharta Street, Dubai Marina", "Dubai", "AE", "شارع الشرطة، دبي مارينا", 25.0772, 55.1390
            ),
            timezone="Asia/Dubai",
            currency="AED",
            rooms=64,
            floors=(5, 6, 7, 8),
            kinds=kinds(1, ("JST", JUNIOR, 70, 3, "1 king", 780), ("STE", SUITE, 30, 4, "2 king", 1250)),
            scenes=("skyline", "room", "sea"),
            languages=("ar", "en", "fr"),
            occupancy=0.67,
            desks=2,
            check_in="15:00",
            check_out="11:00",
        ),
    ),
    staff=54,
    devices=200,
)
