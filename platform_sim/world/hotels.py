"""The hotel companies of the world: invented, but with the streets, rooms, currencies and hours of real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from platform_sim.world.entities import Address, Text

__all__ = ["HOTEL_COMPANIES", "Company", "Hotel", "RoomKind"]


@dataclass(frozen=True, slots=True)
class RoomKind:
    """A room type of a hotel: how many there are, and what a night costs in whole units of the hotel's currency."""

    code: str
    name: Text
    share: int
    max_guests: int
    beds: str
    nightly: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotel:
    """A property before it has identifiers. `occupancy` is the share of sellable rooms that are taken today."""

    slug: str
    name: Text
    description: Text
    address: Address
    timezone: str
    currency: str
    rooms: int
    floors: tuple[int, ...]
    kinds: tuple[RoomKind, ...]
    scenes: tuple[str, ...]
    languages: tuple[str, ...]
    """In which languages its guests are named, the commonest first."""
    occupancy: float
    desks: int = 3
    check_in: str = "14:00"
    check_out: str = "12:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A tenant before it has identifiers. `staff` is the number of operators at the first property at least."""

    slug: str
    legal_name: str
    name: str
    country: str
    default_locale: str
    locales: tuple[str, ...]
    currencies: tuple[str, ...]
    staff_languages: tuple[str, ...]
    hotels: tuple[Hotel, ...]
    staff: int = 14
    devices: int = 12


def _kinds(scale: int, *names: tuple[str, Text, int, int, str, int]) -> tuple[RoomKind, ...]:
    return tuple(
        RoomKind(code, name, share, guests, beds, nightly * scale) for code, name, share, guests, beds, nightly in names
    )


_STANDARD: Final = Text(
    "Standard room", {"fr": "Chambre standard", "ar": "غرفة قياسية", "fa-AF": "اتاق معیاری", "ps-AF": "معیاري خونه"}
)
_DELUXE: Final = Text(
    "Deluxe room", {"fr": "Chambre de luxe", "ar": "غرفة ديلوكس", "fa-AF": "اتاق لوکس", "ps-AF": "لوکسه خونه"}
)
_FAMILY: Final = Text(
    "Family room", {"fr": "Chambre familiale", "ar": "غرفة عائلية", "fa-AF": "اتاق فامیلی", "ps-AF": "کورنۍ خونه"}
)
_JUNIOR: Final = Text(
    "Junior suite", {"fr": "Suite junior", "ar": "جناح صغير", "fa-AF": "سویت کوچک", "ps-AF": "کوچنی سویټ"}
)
_SUITE: Final = Text("Suite", {"fr": "Suite", "ar": "جناح", "fa-AF": "سویت", "ps-AF": "سویټ"})
_ROYAL: Final = Text(
    "Royal suite", {"fr": "Suite royale", "ar": "الجناح الملكي", "fa-AF": "سویت شاهانه", "ps-AF": "شاهي سویټ"}
)

HOTEL_COMPANIES: Final = (
    Company(
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
                address=Address(
                    "Charrahi Ansari, Shahr-e Naw", "Kabul", "AF", "چهارراهی انصاری، شهر نو", 34.5354, 69.1659
                ),
                timezone="Asia/Kabul",
                currency="USD",
                rooms=84,
                floors=(1, 2, 3, 4, 5),
                kinds=_kinds(
                    1,
                    ("STD", _STANDARD, 50, 2, "1 queen", 85),
                    ("DLX", _DELUXE, 26, 2, "1 king", 120),
                    ("FAM", _FAMILY, 14, 4, "2 queen", 145),
                    ("STE", _SUITE, 10, 3, "1 king", 240),
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
                kinds=_kinds(1, ("STD", _STANDARD, 60, 2, "2 single", 3200), ("FAM", _FAMILY, 40, 4, "2 queen", 5400)),
                scenes=("mountain", "room", "restaurant"),
                languages=("fa-AF", "ps-AF", "en"),
                occupancy=0.58,
                desks=1,
            ),
        ),
    ),
    Company(
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
                kinds=_kinds(
                    1,
                    ("STD", _STANDARD, 44, 2, "1 queen", 420),
                    ("DLX", _DELUXE, 30, 2, "1 king", 560),
                    ("FAM", _FAMILY, 12, 4, "2 queen", 690),
                    ("JST", _JUNIOR, 10, 3, "1 king", 940),
                    ("RYL", _ROYAL, 4, 4, "2 king", 2400),
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
                kinds=_kinds(1, ("JST", _JUNIOR, 70, 3, "1 king", 780), ("STE", _SUITE, 30, 4, "2 king", 1250)),
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
    ),
    Company(
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
                kinds=_kinds(
                    1,
                    ("STD", _STANDARD, 48, 2, "1 double", 128),
                    ("DLX", _DELUXE, 32, 2, "1 king", 168),
                    ("FAM", _FAMILY, 12, 4, "2 double", 205),
                    ("STE", _SUITE, 8, 3, "1 king", 320),
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
                kinds=_kinds(1, ("DLX", _DELUXE, 70, 2, "1 king", 210), ("STE", _SUITE, 30, 3, "1 king", 390)),
                scenes=("garden", "room", "town"),
                languages=("fr", "en", "fr"),
                occupancy=0.61,
                desks=1,
                check_in="16:00",
                check_out="11:00",
            ),
        ),
    ),
    Company(
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
                kinds=_kinds(1, ("STD", _STANDARD, 60, 2, "1 queen", 60), ("FAM", _FAMILY, 40, 4, "2 queen", 95)),
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
                kinds=_kinds(1, ("STD", _STANDARD, 55, 2, "1 queen", 360), ("DLX", _DELUXE, 45, 2, "1 king", 510)),
                scenes=("sea", "room", "lobby"),
                languages=("ar", "en", "ps-AF"),
                occupancy=0.64,
                desks=2,
            ),
        ),
    ),
)
