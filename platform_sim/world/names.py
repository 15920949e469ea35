"""Names of people, each in the script in which its bearer writes it."""

from __future__ import annotations

import random
from typing import Final

__all__ = ["COUNTRIES", "DIALLING_CODES", "person"]

_GIVEN: Final = {
    "en": (
        "Hannah",
        "James",
        "Olivia",
        "Daniel",
        "Priya",
        "Marcus",
        "Grace",
        "Thomas",
        "Wei",
        "Sofia",
        "Ingrid",
        "Kwame",
    ),
    "fr": (
        "Camille",
        "Lucas",
        "Élodie",
        "Théo",
        "Chloé",
        "Antoine",
        "Inès",
        "Julien",
        "Maëlle",
        "Bastien",
        "Noémie",
        "Rémi",
    ),
    "ar": ("محمد", "فاطمة", "أحمد", "مريم", "خالد", "نورة", "عبد الله", "ليلى", "يوسف", "هند", "سعيد", "عائشة"),
    "fa-AF": (
        "فرهاد",
        "مریم",
        "احمد‌شاه",
        "شبنم",
        "نجیب‌الله",
        "پروانه",
        "حمید",
        "زهره",
        "رامین",
        "لیلما",
        "مسعود",
        "ثریا",
    ),
    "ps-AF": (
        "زرغونه",
        "ځلمی",
        "پلوشه",
        "توریالی",
        "وږمه",
        "ګل‌آغا",
        "شینکۍ",
        "میرویس",
        "سپوږمۍ",
        "اجمل",
        "هوسۍ",
        "بریالی",
    ),
}
_FAMILY: Final = {
    "en": (
        "Whitfield",
        "O'Connor",
        "Okafor",
        "Bennett",
        "Sharma",
        "Lindqvist",
        "Carter",
        "Nakamura",
        "Fischer",
        "Reyes",
        "Novak",
        "Hughes",
    ),
    "fr": (
        "Lefèvre",
        "Garnier",
        "Béraud",
        "Chevalier",
        "Dubois",
        "Mercier",
        "Perrin",
        "Rousseau",
        "Bouvier",
        "Lemaître",
        "Fontaine",
        "Gauthier",
    ),
    "ar": (
        "المنصوري",
        "الشامسي",
        "الهاشمي",
        "الكعبي",
        "النعيمي",
        "حدّاد",
        "الزعابي",
        "منصور",
        "السويدي",
        "بن علي",
        "الفلاسي",
        "خليل",
    ),
    "fa-AF": ("رحیمی", "احمدی", "نوری", "کریمی", "حیدری", "صدیقی", "یوسفی", "موسوی", "فیضی", "عزیزی", "هاشمی", "نظری"),
    "ps-AF": (
        "وردګ",
        "ستانکزی",
        "احمدزی",
        "یوسفزی",
        "ځدراڼ",
        "اڅکزی",
        "خټک",
        "الکوزی",
        "مومند",
        "شینواری",
        "نورزی",
        "ګردېزی",
    ),
}
COUNTRIES: Final = {"en": "GB", "fr": "FR", "ar": "AE", "fa-AF": "AF", "ps-AF": "AF"}
DIALLING_CODES: Final = {
    "en": "+44 7700 9",
    "fr": "+33 6 39 98 ",
    "ar": "+971 50 55",
    "fa-AF": "+93 70 01",
    "ps-AF": "+93 79 01",
}


def person(language: str, rng: random.Random) -> str:
    """A given name and a family name of one language, given name first."""
    return f"{rng.choice(_GIVEN[language])} {rng.choice(_FAMILY[language])}"
