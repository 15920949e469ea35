"""The plain reads over real sockets: contract sections 2.1 and 10, every route under the same demands."""

from __future__ import annotations

import base64
import json
import unicodedata
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from bff_backoffice.domain.operator import OperatorRole
from bff_backoffice.presentation.routes import ROUTES
from tests.desktop import Desktop
from tests.in_time import in_time, kept
from tests.musts.described import Described
from tests.waiting import until
from tests.worlds import World

BFF, GENERAL = "MELMASTOON.BFF.", "MELMASTOON.GENERAL."
OWN_OF_A_REFUSAL = ("requestId", "traceId", "instance")
NOBODY = "01JGFJJZ03J02SKYND46F9ZBK0"
PASHTO_ALONE = set("\u0689\u0685\u0681\u069a\u06d0\u06cd\u067c\u0693\u0696\u06bc")
"""Letters that neither Arabic nor Dari has."""


@dataclass(frozen=True)
class Read:
    """One of the routes: what it asks, and a good address of it for a property."""

    path: str
    service: str
    query: str = ""
    members: tuple[str, ...] = ()
    filters: dict[str, str] = field(default_factory=dict)

    @property
    def listed(self) -> bool:
        """Whether it answers a page."""
        return "{id}" not in self.path

    def address(self, world: World, tenant: int = 0, place: int = 0) -> str:
        """The address of something that this property has."""
        if self.listed:
            return f"{self.path}?{self.query}" if self.query else self.path
        return self.path.replace("{id}", thing(world, self.path, world.properties(tenant)[place]))


READS = (
    Read("/reservations", "reservation-service", "query=gm", ("id", "code", "guestName", "status", "roomTypeName")),
    Read("/reservations/{id}", "reservation-service", "", ("guest", "nightlyRate", "total", "arrivalDate", "version")),
    Read("/folios/{id}", "billing-service", "", ("balance", "totals", "charges", "payments", "refunds", "status")),
    Read("/invoices", "billing-service", "", ("id", "number", "total", "status", "issuedAt", "folioId")),
    Read("/properties/{id}", "property-service", "", ("name", "address", "roomTypes", "photos", "timezone", "asOf")),
    Read("/housekeeping/tasks", "housekeeping-service", "", ("id", "roomId", "kind", "priority", "status")),
    Read("/maintenance/work-orders", "maintenance-service", "", ("id", "title", "severity", "status", "blocksRoom")),
)
EVERY_READ = pytest.mark.parametrize("read", READS, ids=lambda read: read.path)
EVERY_LIST = pytest.mark.parametrize("read", [read for read in READS if read.listed], ids=lambda read: read.path)
EVERY_THING = pytest.mark.parametrize("read", [read for read in READS if not read.listed], ids=lambda read: read.path)


def stay_of(world: World, property_id: str) -> dict[str, Any]:
    """A guest in house of this property, with room and folio."""
    return next(
        each
        for each in world.people["reservations"]
        if each["propertyId"] == property_id and each.get("folioId") and each.get("roomId")
    )


def thing(world: World, path: str, property_id: str) -> str:
    """An identifier of the kind that the path begins with, of something of this property."""
    if path.startswith("/properties"):
        return property_id
    return str(stay_of(world, property_id)["folioId" if path.startswith("/folios") else "id"])


@pytest.fixture(scope="module")
def shared_world(unguarded: World) -> World:
    """What one test's faults do to a service must not outlast it."""
    return unguarded


@pytest.fixture(scope="module")
def desks() -> dict[str, Desktop]:
    """The desks of this module by role: every read is allowed to all of them, so none signs in twice."""
    return {}


def desk_of(world: World, desks: dict[str, Desktop], role: str) -> Desktop:
    """A desk of somebody of this role with an open session."""
    if role not in desks or desks[role].get("/session").status_code != 200:
        desks[role] = world.sign_in(role)
    return desks[role]


@pytest.fixture
def desk(world: World, desks: dict[str, Desktop]) -> Desktop:
    """A general manager's desk."""
    return desk_of(world, desks, "general_manager")


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The refusal without what is its own."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    return {name: value for name, value in body.items() if name not in OWN_OF_A_REFUSAL}


def found(desk: Desktop, query: str, more: str = "") -> list[dict[str, Any]]:
    """Who answers to this query, on a page as long as pages get."""
    answer = desk.get(f"/reservations?query={quote(query)}&limit=500{more}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


# Every route ------------------------------------------------------------------------------------------------------


@EVERY_READ
def test_a_read_of_a_healthy_platform_answers_as_described(world: World, desk: Desktop, read: Read) -> None:
    """200 with the members that a client relies on, of the property asked about, with a tag and never to be stored."""
    answer = Described.by(world).check(desk.get(read.address(world)))

    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["ETag"].startswith('W/"')
    things = body["items"] if read.listed else [body]
    assert things
    for each in things:
        assert set(read.members) <= set(each)
        assert each["id" if read.path.startswith("/properties") else "propertyId"] == world.properties()[0]


@EVERY_READ
def test_what_the_client_has_already_is_not_sent_again(world: World, desk: Desktop, read: Read) -> None:
    """304 without a body for the tag of the last answer; another tag gets the whole."""
    address = read.address(world)
    first = desk.get(address)

    again = Described.by(world).check(desk.get(address, If_None_Match=first.headers["ETag"]))
    other = desk.get(address, If_None_Match='W/"something else"')

    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert other.status_code == 200


@EVERY_READ
@pytest.mark.parametrize("role", OperatorRole)
def test_a_read_is_for_the_roles_that_the_document_names(
    world: World, desks: dict[str, Desktop], read: Read, role: OperatorRole
) -> None:
    """403 for every other role."""
    roles = world.http.get(f"{world.bff}/openapi.json").json()["paths"][read.path]["get"]["x-roles"]
    desk = desk_of(world, desks, role.value)

    answer = desk.get(read.address(world), X_Property_Id=world.properties()[0])

    if role.value in roles:
        assert answer.status_code == 200
    else:
        refused(answer, 403, BFF + "BACKOFFICE.ROLE_FORBIDDEN")


@EVERY_READ
@pytest.mark.parametrize(
    ("fault", "refusal"),
    [
        ({"mode": "error", "status": 503}, (503, "UPSTREAM_UNAVAILABLE")),
        ({"mode": "error", "status": 500}, (503, "UPSTREAM_UNAVAILABLE")),
        ({"mode": "reset"}, (503, "UPSTREAM_UNAVAILABLE")),
        ({"mode": "malformed"}, (502, "UPSTREAM_INVALID_RESPONSE")),
        ({"mode": "hang"}, (504, "UPSTREAM_TIMEOUT")),
        ({"mode": "drip"}, (504, "UPSTREAM_TIMEOUT")),
    ],
    ids=lambda each: str(each.get("status", each["mode"])) if isinstance(each, dict) else each[1],
)
def test_an_upstream_in_trouble_is_a_refusal_of_the_catalogue(
    world: World, desk: Desktop, read: Read, fault: dict[str, Any], refusal: tuple[int, str]
) -> None:
    """Broken, gone, hanging, babbling: each has its code, and `retriable` says that it may pass."""
    world.fault(read.service, **fault)
    status, code = refusal

    def asked() -> httpx2.Response:
        return Described.by(world).check(desk.get(read.address(world)))

    # A machine that stands still makes any of these a time-out.
    answer = asked() if status == 504 else in_time(world, asked)

    assert refused(answer, status, BFF + code)["retriable"] is True


@EVERY_READ
def test_a_client_in_a_hurry_waits_no_longer_than_it_said(world: World, desk: Desktop, read: Read) -> None:
    """`X-Client-Budget-Ms` shortens the wait for a hanging upstream; nonsense in it is refused."""
    world.fault(read.service, "hang")

    def sooner() -> bool:
        answer = desk.get(read.address(world), X_Client_Budget_Ms="150")
        refused(answer, 504, BFF + "UPSTREAM_TIMEOUT")
        # Without a hurry it waits for six tenths of a second or more every time.
        return answer.elapsed.total_seconds() < 0.5

    until(sooner)
    nonsense = desk.get(read.address(world), X_Client_Budget_Ms="soon")

    (place,) = refused(nonsense, 400, GENERAL + "VALIDATION_FAILED")["errors"]
    assert place["field"] == "header.x-client-budget-ms"


@EVERY_READ
def test_a_read_is_for_nobody_without_credentials(world: World, read: Read) -> None:
    """401 before anything is looked up."""
    answer = world.http.get(f"{world.bff}/bff/backoffice/v1{read.address(world)}")

    assert answer.status_code == 401


# One thing --------------------------------------------------------------------------------------------------------


@EVERY_THING
def test_another_propertys_another_tenants_and_nobodys_are_the_same_404(
    world: World, desk: Desktop, read: Read
) -> None:
    """The same bytes, none of them an identifier: the other tenant's, a second property's, one of nobody, nonsense."""
    kind = thing(world, read.path, world.properties()[0]).partition("_")[0]
    ids = [
        thing(world, read.path, world.properties(1)[0]),
        f"{kind}_{NOBODY}",
        f"{kind}_nonsense",
        "nonsense",
        "%2e%2e",
        desk.device_id,
    ]
    if not read.path.startswith("/properties"):
        ids.append(thing(world, read.path, world.properties()[1]))

    answers = [desk.get(read.path.replace("{id}", each), X_Property_Id=world.properties()[0]) for each in ids]

    bodies = [refused(answer, 404, GENERAL + "RESOURCE_NOT_FOUND") for answer in answers]
    assert len({json.dumps(body, sort_keys=True) for body in bodies}) == 1
    assert "_01" not in json.dumps(bodies[0])


@EVERY_THING
def test_a_thing_of_another_property_is_there_for_who_says_so(world: World, desk: Desktop, read: Read) -> None:
    """With that property in the header, or in the query."""
    second = world.properties()[1]
    address = read.path.replace("{id}", thing(world, read.path, second))

    by_header, by_query = desk.get(address, X_Property_Id=second), desk.get(f"{address}?propertyId={second}")

    assert (by_header.status_code, by_query.status_code) == (200, 200)
    assert by_header.json()["id"] == by_query.json()["id"]


def test_a_property_outside_the_operators_scope_does_not_exist(world: World) -> None:
    """Also where it belongs to the tenant: the same 404 as for one of nobody."""
    operator = next(
        each
        for each in world.people["operators"]
        if each["tenantId"] == world.tenants[0] and each["propertyIds"] == [world.properties()[0]]
    )
    desk = world.sign_in(operator=operator)

    outside = desk.get(f"/properties/{world.properties()[1]}")
    unknown = desk.get(f"/properties/ppt_{NOBODY}")

    assert refused(outside, 404, GENERAL + "RESOURCE_NOT_FOUND") == refused(
        unknown, 404, GENERAL + "RESOURCE_NOT_FOUND"
    )


def test_a_reservation_is_there_with_its_guest_and_its_price(world: World, desk: Desktop) -> None:
    """Telephone, room type in the reader's language, money as text, moments with their offset."""
    stay = stay_of(world, world.properties()[0])

    body = desk.get(f"/reservations/{stay['id']}").json()

    assert (body["id"], body["code"], body["guestName"]) == (stay["id"], stay["code"], stay["guestName"])
    assert (body["roomId"], body["folioId"]) == (stay["roomId"], stay["folioId"])
    assert body["guest"]["name"] == stay["guestName"]
    assert body["guest"]["phone"].startswith("+")
    assert body["nightlyRate"]["amountMicro"].isdigit()
    assert int(body["total"]["amountMicro"]) == int(body["nightlyRate"]["amountMicro"]) * body["nights"]
    assert body["createdAt"].endswith("Z") or "+" in body["createdAt"]


def test_a_folio_adds_up(world: World, desk: Desktop) -> None:
    """What is owed is what was charged less what was paid and not given back; its reservation is named as here."""
    stay = stay_of(world, world.properties()[0])

    body = desk.get(f"/folios/{stay['folioId']}").json()

    totals = {name: int(amount["amountMicro"]) for name, amount in body["totals"].items()}
    assert int(body["balance"]["amountMicro"]) == totals["charges"] - totals["payments"] + totals["refunds"]
    assert (body["id"], body["reservationId"], body["propertyId"]) == (
        stay["folioId"],
        stay["id"],
        world.properties()[0],
    )
    assert body["charges"]


# The property's card ----------------------------------------------------------------------------------------------


def test_colleagues_share_a_card_whatever_they_read(world: World, desks: dict[str, Desktop], desk: Desktop) -> None:
    """Within its minute another operator in another language costs property-service nothing."""
    address = f"/properties/{world.properties()[0]}"
    owner = desk_of(world, desks, "owner")

    def one_after_the_other() -> tuple[httpx2.Response, httpx2.Response] | None:
        world.forget_cache()
        first = desk.get(address, Accept_Language="en")
        world.control("DELETE", "requests")
        second = owner.get(address, Accept_Language="fa-AF")
        # What a machine that stands still could not keep is loaded again.
        return (first, second) if second.headers["X-Cache"] == "HIT" else None

    first, second = until(one_after_the_other)

    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("MISS", "HIT")
    assert (first.json()["outcome"], second.json()["outcome"]) == ("fresh", "cached")
    assert second.headers["Content-Language"] == "fa-AF"
    assert [kind["name"] for kind in first.json()["roomTypes"]] != [kind["name"] for kind in second.json()["roomTypes"]]
    asked = [call["service"] for call in world.control("GET", "requests").json()]
    assert "property-service" not in asked


def test_the_last_known_card_is_shown_while_its_service_is_away(world: World, desk: Desktop) -> None:
    """Stale if an error, with its age; ten minutes later there is none any more."""
    address = f"/properties/{world.properties()[0]}"
    healthy = kept(world, desk, address).json()
    world.age_cache(120)
    world.fault("property-service", "error", status=503)

    stale = desk.get(address)
    world.age_cache(700)
    gone = desk.get(address)

    assert (stale.status_code, stale.headers["X-Cache"], stale.json()["outcome"]) == (200, "STALE", "stale")
    assert stale.json()["photos"] == healthy["photos"]
    refused(gone, 503, BFF + "UPSTREAM_UNAVAILABLE")


def test_a_card_that_is_asked_for_anew_is_loaded(world: World, desk: Desktop) -> None:
    """`Cache-Control: no-cache`, as a forced reload sends it."""
    address = f"/properties/{world.properties()[0]}"
    desk.get(address)
    world.control("DELETE", "requests")

    answer = in_time(world, lambda: desk.get(address, Cache_Control="no-cache"))

    assert answer.json()["outcome"] == "fresh"
    assert "property-service" in [call["service"] for call in world.control("GET", "requests").json()]


# Lists ------------------------------------------------------------------------------------------------------------


@EVERY_LIST
def test_pages_together_are_the_list(world: World, desk: Desktop, read: Read) -> None:
    """Page after page of three: nothing twice, nothing left out, in the same order; the last has no cursor."""
    address = read.address(world)
    joint = "&" if "?" in address else "?"
    whole = desk.get(f"{address}{joint}limit=500").json()
    assert whole["nextCursor"] is None

    found_ids, cursor, pages = [], None, 0
    while pages < 8:
        after = "" if cursor is None else f"&cursor={cursor}"
        page = Described.by(world).check(desk.get(f"{address}{joint}limit=3{after}")).json()
        found_ids += [each["id"] for each in page["items"]]
        cursor, pages = page["nextCursor"], pages + 1
        if cursor is None:
            break

    assert found_ids == [each["id"] for each in whole["items"]][: len(found_ids)]
    assert len(found_ids) == min(len(whole["items"]), 24)
    assert (cursor is None) is (len(whole["items"]) <= 24)


@EVERY_LIST
@pytest.mark.parametrize("limit", ["0", "501", "-1", "ten", "1.5", "", "\u0665", "10000"])
def test_a_limit_that_is_none_is_named(world: World, desk: Desktop, read: Read, limit: str) -> None:
    """400 with its place."""
    address = read.address(world)
    joint = "&" if "?" in address else "?"

    answer = Described.by(world).check(desk.get(f"{address}{joint}limit={quote(limit)}"))

    (place,) = refused(answer, 400, GENERAL + "VALIDATION_FAILED")["errors"]
    assert place["field"] == "query.limit"


@EVERY_LIST
def test_a_cursor_of_nobody_or_of_another_list_is_named(world: World, desk: Desktop, read: Read) -> None:
    """400 at `query.cursor`: nonsense, another list's, one with other filters, a forged place, one that comes twice."""
    address = read.address(world)
    joint = "&" if "?" in address else "?"
    cursor = desk.get(f"{address}{joint}limit=1").json()["nextCursor"]
    digest, _ = json.loads(unsealed(cursor))
    other = next(each for each in READS if each.listed and each is not read)
    of_another = desk.get(f"{other.address(world)}{'&' if other.query else '?'}limit=1").json()["nextCursor"]
    elsewhere = f"&propertyId={world.properties()[1]}"

    answers = [
        desk.get(f"{address}{joint}cursor={each}")
        for each in (
            "nonsense",
            "",
            "%00",
            quote("\u0645"),
            of_another,
            cursor + elsewhere,
            sealed([digest, "bm9uc2Vuc2U="]),
            sealed([digest, "[[["]),
            f"{cursor}&cursor={cursor}",
        )
    ]

    for answer in answers:
        (place,) = refused(Described.by(world).check(answer), 400, GENERAL + "VALIDATION_FAILED")["errors"]
        assert place["field"] == "query.cursor"


def unsealed(cursor: str) -> bytes:
    """What a cursor is made of."""
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def sealed(content: list[str]) -> str:
    """A cursor that somebody made up."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("/reservations", ["query.query"]),
        ("/reservations?query=", ["query.query"]),
        ("/reservations?query=%20%09", ["query.query"]),
        ("/reservations?query=" + "a" * 101, ["query.query"]),
        ("/reservations?query=a&query=b", ["query.query"]),
        ("/reservations?query=a&status=gone", ["query.status"]),
        ("/reservations?query=a&arrivalFrom=today", ["query.arrivalFrom"]),
        ("/reservations?query=a&arrivalFrom=2026-02-30", ["query.arrivalFrom"]),
        ("/reservations?query=a&arrivalFrom=2026-11-22&arrivalTo=2026-11-21", ["query.arrivalTo"]),
        ("/reservations?status=gone&arrivalTo=1&limit=0", [
            "query.arrivalTo", "query.query", "query.status", "query.limit",
        ]),
        ("/invoices?query=", ["query.query"]),
        ("/invoices?status=Not%20A%20Word", ["query.status"]),
        ("/invoices?folioId=fol_1", ["query.folioId"]),
        ("/housekeeping/tasks?status=done", ["query.status"]),
        ("/housekeeping/tasks?kind=magic", ["query.kind"]),
        ("/housekeeping/tasks?roomId=rom_" + NOBODY, ["query.roomId"]),
        ("/housekeeping/tasks?assigneeId=me", ["query.assigneeId"]),
        ("/maintenance/work-orders?status=open,", ["query.status"]),
        ("/maintenance/work-orders?severity=bad", ["query.severity"]),
        ("/maintenance/work-orders?category=plumbing,it", ["query.category"]),
        ("/maintenance/work-orders?roomId=x&assigneeId=y", ["query.assigneeId", "query.roomId"]),
    ],
)  # fmt: skip
def test_every_malformed_part_of_a_query_is_named(world: World, desk: Desktop, address: str, fields: list[str]) -> None:
    """400, each place once, and nobody is asked."""
    world.control("DELETE", "requests")

    answer = Described.by(world).check(desk.get(address))

    errors = refused(answer, 400, GENERAL + "VALIDATION_FAILED")["errors"]
    assert [each["field"] for each in errors] == fields
    assert not [call for call in world.control("GET", "requests").json() if "iam" not in call["service"]]


@pytest.mark.parametrize(
    ("address", "member", "words"),
    [
        ("/reservations?query=gm&status=in_house", "status", {"in_house"}),
        ("/reservations?query=gm&status=confirmed,checked_out", "status", {"confirmed", "checked_out"}),
        ("/invoices?status=issued", "status", {"issued"}),
        ("/housekeeping/tasks?status=open", "status", {"pending", "assigned", "in_progress", "paused"}),
        ("/housekeeping/tasks?kind=turnover", "kind", {"turnover"}),
        ("/maintenance/work-orders?status=active", "status", {"open", "assigned", "in_progress", "blocked"}),
        ("/maintenance/work-orders?severity=high,critical", "severity", {"high", "critical"}),
    ],
)
def test_a_filter_leaves_what_it_names(world: World, desk: Desktop, address: str, member: str, words: set[str]) -> None:
    """And there is something left."""
    assert world.people
    items = desk.get(f"{address}&limit=500").json()["items"]

    assert items
    assert {each[member] for each in items} <= words


def test_lists_can_be_about_one_room_one_person_or_one_folio(world: World, desk: Desktop) -> None:
    """By the identifiers that this service gives; another property's room has nothing here."""
    assert world.people
    for path, name in (
        ("/housekeeping/tasks", "roomId"),
        ("/housekeeping/tasks", "assigneeId"),
        ("/maintenance/work-orders", "roomId"),
        ("/maintenance/work-orders", "assigneeId"),
        ("/invoices", "folioId"),
    ):
        wanted = next(each[name] for each in desk.get(f"{path}?limit=500").json()["items"] if each[name])
        items = desk.get(f"{path}?{name}={wanted}&limit=500").json()["items"]
        assert items
        assert {each[name] for each in items} == {wanted}
    elsewhere = next(each["id"] for each in world.people["rooms"] if each["propertyId"] == world.properties()[1])
    assert desk.get(f"/housekeeping/tasks?roomId={elsewhere}").json() == {"items": [], "nextCursor": None}


# Looking guests up ------------------------------------------------------------------------------------------------


def test_a_guest_is_found_by_name_in_every_script(world: World, desk: Desktop) -> None:
    """Latin, Arabic, Dari and Pashto: by a part of the name's words, in any order, decomposed or not."""
    here = [each for each in world.people["reservations"] if each["propertyId"] == world.properties()[0]]
    by_script: dict[str, dict[str, Any]] = {}
    for each in here:
        letter = next(letter for letter in each["guestName"] if letter.isalpha())
        pashto = set(each["guestName"]) & PASHTO_ALONE
        by_script.setdefault("pashto" if pashto else unicodedata.name(letter).split()[0], each)
    assert {"LATIN", "ARABIC", "pashto"} <= set(by_script)

    for each in by_script.values():
        first, *_, last = each["guestName"].split()
        for typed in (each["guestName"], f"{last} {first[:2]}", unicodedata.normalize("NFD", each["guestName"])):
            assert each["id"] in [item["id"] for item in found(desk, typed)], typed


def test_letters_that_are_typed_otherwise_find_the_same(world: World, desk: Desktop) -> None:
    """An Arabic yeh or kaf for a Persian one, a presentation form, a mark of direction, capitals, no accents."""
    here = [each for each in world.people["reservations"] if each["propertyId"] == world.properties()[0]]
    persian = next(each for each in here if "\u06cc" in each["guestName"])
    latin = next(each for each in here if each["guestName"].isascii())
    name = persian["guestName"]

    for typed in (
        name.replace("\u06cc", "\u064a").replace("\u06a9", "\u0643"),
        f"\u2067{name}\u2069",
        name.replace("\u06cc", "\ufbfc"),
    ):
        assert persian["id"] in [item["id"] for item in found(desk, typed)], typed
    assert latin["id"] in [item["id"] for item in found(desk, latin["guestName"].upper())]


def test_a_guest_is_found_by_code_and_by_telephone(world: World, desk: Desktop) -> None:
    """The code or what comes behind its dash, the number as a country writes it or with another keyboard's digits."""
    stay = stay_of(world, world.properties()[0])
    phone = desk.get(f"/reservations/{stay['id']}").json()["guest"]["phone"]
    digits = "".join(filter(str.isdigit, phone))
    persian = digits.translate({ord(str(number)): chr(0x06F0 + number) for number in range(10)})

    heard = stay["code"].removeprefix("GM-")

    for typed in (
        stay["code"],
        stay["code"].lower(),
        heard,
        f"{heard[:3].lower()} {heard[3:]}",
        phone,
        digits,
        "00" + digits,
        digits[-7:],
        persian,
    ):
        assert stay["id"] in [item["id"] for item in found(desk, typed)], typed


def test_a_query_that_says_nothing_finds_nobody_and_asks_nobody(world: World, desk: Desktop) -> None:
    """Punctuation alone is the beginning of every name, and no reason to show everybody."""
    world.control("DELETE", "requests")

    answer = Described.by(world).check(desk.get("/reservations?query=***"))

    assert answer.json() == {"items": [], "nextCursor": None}
    assert not [call for call in world.control("GET", "requests").json() if call["service"] == "reservation-service"]


@pytest.mark.parametrize("query", ["a", "a" * 100, quote("\ufdfa" * 100), quote("O\u2019Connor"), "%25", "%27%3B--"])
def test_a_query_of_one_to_a_hundred_characters_is_taken(world: World, desk: Desktop, query: str) -> None:
    """Also where normalising makes it longer, and whatever it would mean elsewhere."""
    answer = Described.by(world).check(desk.get(f"/reservations?query={query}"))

    assert answer.status_code == 200


def test_nobody_of_another_property_or_tenant_is_found(world: World, desk: Desktop) -> None:
    """A code is looked for in the property asked about alone."""
    for elsewhere in (world.properties()[1], world.properties(1)[0]):
        assert found(desk, stay_of(world, elsewhere)["code"]) == []


def test_a_search_is_not_kept_for_others(world: World, desk: Desktop) -> None:
    """Each look-up asks anew: a guest who was checked in a moment ago is in house for everybody."""
    desk.get("/reservations?query=a")
    world.control("DELETE", "requests")

    desk.get("/reservations?query=a")

    asked = [call for call in world.control("GET", "requests").json() if call["service"] == "reservation-service"]
    # One that is slow is hedged.
    assert len(asked) in {1, 2}


def test_every_plain_read_is_under_these_tests() -> None:
    """No route of the feature is missing from the list above."""
    tags = {"reservations", "folios", "properties"}
    lists = {"/housekeeping/tasks", "/maintenance/work-orders"}
    wanted = {route.path for route in ROUTES if route.method == "GET" and (route.tag in tags or route.path in lists)}

    assert {read.path for read in READS} == wanted
