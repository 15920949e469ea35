"""A company in Lyon; it reads French."""

from __future__ import annotations

from typing import Final

from platform_sim.world.companies.room_kinds import DELUXE, FAMILY, STANDARD, SUITE, kinds
from platform_sim.world.entities import Address, Text
from platform_sim.world.hotels import Company, Hotel

__all__ = ["COMPANY"]

COMPANY: Final = Company(
    slug="maison-rhone",
    legal_name="Maison Rhône SAS",
    name="Maison Rhône",
    country="FR",
    default_locale="fr",
    locales=("fr", "en"),
    currencies=("EUR",),
    staff_languages=("fr", "ar", "fr"),
    hotels=(
        Hotel(
            slug="hotel-des-canuts",
            name=Text("Hôtel des Canuts", {"fr": "Hôtel des Canuts", "en": "Hôtel des Canuts"}),
            description=Text(
                "An old silk house on the slopes of the Croix-Rousse.",
                {"fr": "Une ancienne maison de soyeux sur les pentes de la Croix-Rousse."},
            ),
            address=Address("18 montée de la Grande-Côte", "Lyon", "FR", None, 45.7712, 4.8320),
            timezone="Europe/Paris",
            currency="EUR",
            rooms=62,
            floors=(1, 2, 3, 4),
            kinds=kinds(
                1,
                ("STD", STANDARD, 48, 2, "1 double", 128),
                ("DLX", DELUXE, 32, 2, "1 king", 168),
                ("FAM", FAMILY, 12, 4, "2 double", 205),
                ("STE", SUITE, 8, 3, "1 king", 320),
            ),
            scenes=("town", "lobby", "room", "restaurant"),
            languages=("fr", "fr", "en", "ar"),
            occupancy=0.76,
            check_in="15:00",
            check_out="11:00",
        ),
        Hotel(
            slug="villa-fourviere",
            name=Text("Villa Fourvière", {"fr": "Villa Fourvière", "en": "Villa Fourvière"}),
            description=Text(
                "Eighteen rooms and a garden over the Saône.",
                {"fr": "Dix-huit chambres et un jardin sur la Saône."},
            ),
            address=Address("4 rue Cléberg", "Lyon", "FR", None, 45.7606, 4.8213),
            timezone="Europe/Paris",
            currency="EUR",
            rooms=18,
            floors=(0, 1, 2),
            kinds=kinds(1, ("DLX", DELUXE, 70, 2, "1 king", 210), ("STE", SUITE, 30, 3, "1 king", 390)),
            scenes=("garden", "room", "town"),
            languages=("fr", "en", "fr"),
            occupancy=0.61,
            desks=1,
            check_in="16:00",
            check_out="11:00",
        ),
    ),
)
