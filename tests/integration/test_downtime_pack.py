"""The downtime pack over real sockets (contract, section 2.1): six lists, one signature, an honest hole for each."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import jwt
import pytest
from joserfc import jwk as jose_jwk
from joserfc import jws as jose_jws
from joserfc.errors import BadSignatureError

from bff_backoffice.domain.downtime_pack import LIST_SECTIONS, PACK_ROLES
from bff_backoffice.domain.operator import OperatorRole
from bff_backoffice.domain.workbench import SECTIONS
from bff_backoffice.presentation.formats import solar_hijri
from bff_backoffice.presentation.words import LANGUAGES, Language, message
from tests.desktop import Desktop
from tests.in_time import in_time, kept
from tests.musts.described import Described
from tests.waiting import until
from tests.worlds import World, start_world

PATH = "/downtime-pack"
ANSWERED = {"fresh", "cached"}
LISTS = {section.value if section.value != "in-house" else "inHouse": SECTIONS[section] for section in LIST_SECTIONS}
"""The lists by the member of the document, each with the section that it comes from."""
OLDER_NAME = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
"""joserfc would rather hear RFC 9864's name for the algorithm."""


@pytest.fixture(scope="module")
def shared_world(unguarded: World) -> World:
    """What one test's faults do to a service must not outlast it."""
    return unguarded


def encoded(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def whole_jws(answer: httpx2.Response, body: bytes | None = None) -> str:
    """The compact JWS of an answer: its body, or another one, put back into the signature's middle."""
    protected, middle, signature = answer.headers["X-JWS-Signature"].split(".")
    assert middle == ""
    return f"{protected}.{encoded(answer.content if body is None else body)}.{signature}"


def verified(answer: httpx2.Response, key: dict[str, str], body: bytes | None = None) -> bytes:
    """What joserfc finds signed; raises its `BadSignatureError`. Its bounds are for tokens, a pack is larger."""
    registry = jose_jws.JWSRegistry(algorithms=["EdDSA"])
    registry.max_payload_length = 4_000_000
    public = jose_jwk.import_key(dict(key))
    return jose_jws.deserialize_compact(whole_jws(answer, body), public, registry=registry).payload


def published(world: World) -> dict[str, dict[str, str]]:
    """The service's key set by `kid`, as a desktop keeps it."""
    keys = world.http.get(f"{world.bff}/.well-known/jwks.json").json()["keys"]
    return {key["kid"]: key for key in keys}


def pack(world: World, desktop: Desktop | None = None, path: str = PATH, **headers: str | None) -> httpx2.Response:
    """A pack with no list too late."""
    asking = desktop or world.sign_in()
    return in_time(world, lambda: asking.get(path, **headers))


def outcomes(body: dict[str, Any]) -> dict[str, str]:
    """How each list ended."""
    return {name: each["outcome"] for name, each in body["lists"].items()}


def test_the_pack_of_a_healthy_platform_is_whole(world: World) -> None:
    """Six lists, each with its own time and its lines; the hotel's name, date and clock; as the document describes."""
    answer = Described.by(world).check(pack(world, Accept_Language="en"))

    body = answer.json()
    place = next(each for each in world.people["properties"] if each["id"] == world.properties()[0])
    assert answer.status_code == 200
    assert (body["tenantId"], body["propertyId"]) == (world.tenants[0], place["id"])
    assert (body["propertyName"], body["timezone"]) == (place["name"], place["timezone"])
    assert body["date"] == datetime.now(ZoneInfo(place["timezone"])).date().isoformat()
    assert set(body["lists"]) == set(LISTS)
    assert body["partial"] is False
    for name, each in body["lists"].items():
        assert each["outcome"] in ANSWERED, name
        assert abs(datetime.now(UTC) - datetime.fromisoformat(each["asOf"])) < timedelta(seconds=60)
        assert each["sources"] == [LISTS[name].source.value]
        assert each["items"]
        assert each["counts"]["total"] == len(each["items"])
        assert each["problem"] is None
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Cache"] in {"MISS", "HIT", "STALE"}
    made, anew = (datetime.fromisoformat(body[name]) for name in ("generatedAt", "refreshAt"))
    assert anew - made == timedelta(minutes=15)


def test_the_pack_says_what_the_boards_say(world: World) -> None:
    """The same lines as the boards have: one place puts them together."""
    desktop = world.sign_in()
    lists = pack(world, desktop).json()["lists"]

    for name, board in {"arrivals": "/arrivals", "departures": "/departures", "inHouse": "/in-house"}.items():
        assert lists[name]["items"] == pack(world, desktop, f"{board}?limit=500").json()["items"]
        counts = dict(pack(world, desktop, board).json()["counts"])
        assert lists[name]["counts"] == {key: value for key, value in counts.items() if key != "matching"}


def test_rooms_tell_who_is_in_them_and_who_comes(world: World) -> None:
    """Every room of the property once, joined with the guests in house and those still due."""
    lists = pack(world).json()["lists"]

    rooms = {room["roomId"]: room for room in lists["rooms"]["items"]}
    assert set(rooms) == {r["id"] for r in world.people["rooms"] if r["propertyId"] == world.properties()[0]}
    for stay in lists["inHouse"]["items"]:
        assert stay["reservationId"] in [guest["reservationId"] for guest in rooms[stay["roomId"]]["inHouse"]]
    for stay in lists["arrivals"]["items"]:
        coming = [] if stay["roomId"] is None else rooms[stay["roomId"]]["arriving"]
        assert (stay["reservationId"] in [guest["reservationId"] for guest in coming]) is (
            stay["status"] == "confirmed" and stay["roomId"] is not None
        )


def test_balances_are_open_and_keys_have_their_guest_and_room(world: World) -> None:
    """Nothing that is settled; a key names its guest, its room's number and until when it opens."""
    lists = pack(world).json()["lists"]

    here = {stay["reservationId"]: stay for stay in lists["inHouse"]["items"]}
    assert all(int(line["balance"]["amountMicro"]) != 0 for line in lists["balances"]["items"])
    assert all(line["guestName"] and line["code"] for line in lists["balances"]["items"])
    for key in lists["keys"]["items"]:
        stay = here[key["reservationId"]]
        assert (key["guestName"], key["roomNumbers"]) == (stay["guestName"], [stay["roomNumber"]])
        assert key["validFrom"] < key["validUntil"]
        assert key["state"] in {"active", "pending"}


@OLDER_NAME
def test_the_signature_verifies_offline_with_the_published_key(world: World) -> None:
    """RFC 7515, appendix F: two JOSE libraries find the body's bytes signed by the key that `kid` names."""
    answer = world.sign_in().get(PATH)
    header = json.loads(base64.urlsafe_b64decode(answer.headers["X-JWS-Signature"].partition(".")[0] + "=="))
    key = published(world)[header["kid"]]

    by_joserfc = verified(answer, key)
    by_pyjwt = jwt.PyJWS(algorithms=["EdDSA"]).decode(whole_jws(answer), jwt.PyJWK(key).key, algorithms=["EdDSA"])

    assert by_joserfc == by_pyjwt == answer.content
    assert header == {"alg": "EdDSA", "kid": header["kid"], "typ": "downtime-pack+jws"}
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}


@OLDER_NAME
def test_a_pack_that_somebody_changed_does_not_verify(world: World) -> None:
    """One guest's room, one digit of a balance, a blank: nothing of it can be changed."""
    answer = pack(world)
    (key,) = published(world).values()

    for changed in (answer.content + b" ", answer.content.replace(b'"partial":false', b'"partial":true ')):
        assert changed != answer.content
        with pytest.raises(BadSignatureError):
            verified(answer, key, changed)


@OLDER_NAME
@pytest.mark.parametrize(("accepted", "coding"), [("gzip", "gzip"), ("identity", None), ("br, gzip;q=0.5", "gzip"),
                                                  ("gzip;q=0", None), ("*", "gzip"), ("deflate", None)])  # fmt: skip
def test_the_signature_is_over_the_bytes_without_their_content_coding(
    world: World, accepted: str, coding: str | None
) -> None:
    """Compressed or not, what a client has after decoding is what is signed."""
    answer = world.sign_in().get(PATH, Accept_Encoding=accepted)
    (key,) = published(world).values()

    assert answer.headers.get("Content-Encoding") == coding
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert verified(answer, key) == answer.content


@pytest.mark.parametrize("name", LISTS)
def test_a_missing_upstream_is_a_hole_and_not_an_empty_list(world: World, name: str) -> None:
    """Its lists are null with outcome and problem; the others are there; what it would have added is null too."""
    desktop = world.sign_in()
    service = LISTS[name].source.value
    world.fault(service, "error", status=503)

    answer = Described.by(world).check(pack(world, desktop))

    body = answer.json()
    away = {each for each, section in LISTS.items() if section.source.value == service}
    assert answer.status_code == 200
    assert body["partial"] is True
    for each, read in body["lists"].items():
        if each in away:
            assert read["outcome"] in {"error", "breaker_open"}
            assert read["problem"]["code"] == "MELMASTOON.BFF.UPSTREAM_UNAVAILABLE"
            assert (read["items"], read["asOf"], read["counts"]) == (None, None, None)
        else:
            assert read["outcome"] in ANSWERED
            assert read["items"]
    if "inHouse" in away:
        assert all(room["inHouse"] is None and room["arriving"] is None for room in body["lists"]["rooms"]["items"])
    if name == "balances":
        assert all(stay["balance"] is None for stay in body["lists"]["inHouse"]["items"])


def test_without_the_hotels_card_there_is_no_guess_at_its_date(world: World) -> None:
    """Name, clock and date are null; the lists are whole."""
    desktop = world.sign_in()
    world.fault("property-service", "error", status=503)

    body = pack(world, desktop).json()

    assert (body["propertyName"], body["timezone"], body["date"]) == (None, None, None)
    assert set(outcomes(body).values()) <= ANSWERED
    assert body["partial"] is True


def test_a_pack_without_any_upstream_is_still_signed(world: World) -> None:
    """Six holes: a desktop learns that there is nothing to keep, and that it was this service who said so."""
    desktop = world.sign_in()
    for service in {section.source.value for section in LISTS.values()}:
        world.fault(service, "error", status=503)

    answer = desktop.get(PATH)

    assert answer.status_code == 200
    assert answer.headers["X-JWS-Signature"]
    assert all(each["items"] is None for each in answer.json()["lists"].values())


@pytest.mark.parametrize("mode", ["hang", "malformed", "reset"])
def test_an_upstream_that_hangs_or_lies_costs_its_own_list(world: World, mode: str) -> None:
    """A hanging one for its deadline, which the client's budget shortens."""
    desktop = world.sign_in()
    world.fault("billing-service", mode)

    def others_are_there() -> bool:
        body = desktop.get(PATH, X_Client_Budget_Ms="300").json()
        assert outcomes(body)["balances"] in {"timeout", "error", "breaker_open"}
        return {outcome for name, outcome in outcomes(body).items() if name != "balances"} <= ANSWERED

    # Three tenths of a second are little for five lists that nobody has read before, on a machine that is busy.
    until(others_are_there)


def test_old_lists_are_kept_with_the_time_from_when_they_are(world: World) -> None:
    """Stale if an error: better a list of a minute ago that says so than none."""
    desktop = world.sign_in()
    before = kept(world, desktop, PATH).json()["lists"]
    world.age_cache(60)
    for service in {section.source.value for section in LISTS.values()}:
        world.fault(service, "error", status=503)

    answer = desktop.get(PATH)

    body = answer.json()
    assert answer.headers["X-Cache"] == "STALE"
    assert set(outcomes(body).values()) == {"stale"}
    assert body["partial"] is True
    for name, each in body["lists"].items():
        assert each["items"] == before[name]["items"]
        assert each["ageMs"] >= 60_000
        assert each["problem"]


def test_what_has_not_been_read_again_is_304(world: World) -> None:
    """The tag is of the lists and of when each was read: 304 means that there is nothing newer to keep."""
    desktop = world.sign_in()
    first = kept(world, desktop, PATH)
    tag = first.headers["ETag"]

    again = Described.by(world).check(desktop.get(PATH, If_None_Match=tag))
    other = desktop.get(PATH, If_None_Match=tag, Accept_Language="en;q=0.1, fr")
    anew = desktop.get(PATH, If_None_Match=tag, Cache_Control="no-cache")

    assert tag.startswith('W/"')
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert (other.status_code, anew.status_code) == (200, 200)
    assert anew.headers["ETag"] != tag


@pytest.mark.parametrize("role", [role for role in OperatorRole if role is not OperatorRole.OWNER])
def test_only_the_desk_and_the_management_have_it(world: World, role: OperatorRole) -> None:
    """Everybody else gets 403: guests' names, debts and keys are on it."""
    answer = Described.by(world).check(world.sign_in(role.value).get(PATH))

    assert answer.status_code == (200 if role in PACK_ROLES else 403)
    if role not in PACK_ROLES:
        assert answer.json()["code"] == "MELMASTOON.BFF.BACKOFFICE.ROLE_FORBIDDEN"


def test_the_pack_of_another_property_or_tenant_does_not_exist(world: World) -> None:
    """Both are the 404 of what there is not at all."""
    desktop = world.sign_in("front_desk")
    scope = set(desktop.get("/session").json()["propertyScope"])
    foreign = [each["id"] for each in world.people["properties"] if each["id"] not in scope]
    assert any(each["tenantId"] != world.tenants[0] for each in world.people["properties"] if each["id"] in foreign)

    answers = [desktop.get(f"{PATH}?propertyId={wanted}") for wanted in (*foreign, "ppt_00000000000000000000000000")]

    told = {json.dumps({k: v for k, v in a.json().items() if k not in {"requestId", "traceId", "instance"}})
            for a in answers}  # fmt: skip
    assert {answer.status_code for answer in answers} == {404}
    assert len(told) == 1


def test_each_property_of_the_scope_has_a_pack_of_its_own(world: World) -> None:
    """By query or header; nothing of the one is in the other's."""
    desktop = world.sign_in()
    here, there = world.properties()[:2]

    first = pack(world, desktop, f"{PATH}?propertyId={here}").json()
    second = pack(world, desktop, X_Property_Id=there).json()

    assert (first["propertyId"], second["propertyId"]) == (here, there)
    ids = [{line["reservationId"] for line in body["lists"]["inHouse"]["items"]} for body in (first, second)]
    assert ids[0].isdisjoint(ids[1])


LARGEST = 200_000
"""What a pack may have, in bytes on the wire, for a house of 300 rooms."""


@pytest.mark.parametrize("media_type", ["application/json", "text/html"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_house_of_300_rooms_fits_into_200_kb(world: World, language: str, media_type: str) -> None:
    """Compressed as it is on the wire, in every language: letters that cost two bytes each do not break it."""
    rooms = Counter(room["propertyId"] for room in world.people["rooms"])
    (large,) = [each for each in world.people["properties"] if rooms[each["id"]] == 300]
    desktop = world.sign_in(tenant=world.tenants.index(large["tenantId"]))

    path = f"{PATH}?propertyId={large['id']}"
    kept(world, desktop, path, Accept_Language=language)

    answer = desktop.get(path, Accept=media_type, Accept_Language=language, Accept_Encoding="gzip")

    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) < LARGEST
    if media_type == "application/json":
        assert len(answer.json()["lists"]["rooms"]["items"]) == 300


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
def test_the_page_has_every_line_of_the_document(world: World, language: Language) -> None:
    """One table a list with as many rows; in the reader's language and direction, with heads that print repeats."""
    desktop = world.sign_in()
    document = kept(world, desktop, PATH, Accept_Language=language.tag).json()

    answer = Described.by(world).check(desktop.get(PATH, Accept="text/html", Accept_Language=language.tag))

    page = answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Language"] == language.tag
    assert f'<html lang="{language.tag}" dir="{language.dir}">' in page
    for section in LIST_SECTIONS:
        name = "inHouse" if section.value == "in-house" else section.value
        table = page.partition(f'<table class="list-{section.value}">')[2].partition("</table>")[0]
        assert table.count("<thead>") == table.count("<caption") == 1
        assert table.count('<th scope="row">') == len(document["lists"][name]["items"])
        assert escape(message(language, f"pack.list.{section.value}")) in page


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
def test_the_page_counts_days_and_writes_digits_as_its_readers_do(world: World, language: Language) -> None:
    """The Solar Hijri calendar and its digits where they are lived by; room numbers stay Latin digits, isolated."""
    desktop = world.sign_in()
    kept(world, desktop, PATH, Accept_Language=language.tag)

    page = desktop.get(PATH, Accept="text/html", Accept_Language=language.tag).text

    year = re.search(r'<time datetime="\d{4}-\d\d-\d\d">([^<]+)</time></p>', page)
    assert year is not None
    today = datetime.now(ZoneInfo("Asia/Kabul")).date()
    expected = solar_hijri(today).year if language.native_digits else today.year
    assert language.digits(str(expected)) in year[1]
    times = re.findall(r"<time [^>]*>([^<(]+)", page)
    assert times
    if language.native_digits:
        assert not any(digit in text for text in times for digit in "0123456789")
    rooms = re.findall(r'<th scope="row">(<bdi class="code" dir="ltr">[^<]*</bdi>)', page)
    assert len(rooms) > 100
    assert all(re.search(r">[0-9A-Za-z-]+<", room) for room in rooms)


def test_the_page_runs_and_fetches_nothing(world: World) -> None:
    """No script, no address of anything; its policy lets in its own style sheet by its hash and that is all."""
    answer = world.sign_in().get(PATH, Accept="text/html")

    assert "<script" not in answer.text
    assert not re.search(r"(?:src|href)=\"(?!#)", answer.text)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    style = answer.text.partition("<style>")[2].partition("</style>")[0]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert "break-before: page" in style
    assert "table-header-group" in style
    assert "X-JWS-Signature" not in answer.headers


def test_a_hole_is_a_hole_on_paper_too(world: World) -> None:
    """The list says that it could not be read; rooms say "unknown" and not "nobody"."""
    desktop = world.sign_in()
    world.fault("reservation-service", "error", status=503)
    pack(world, desktop, Accept_Language="en")  # the other lists are there

    page = desktop.get(PATH, Accept="text/html", Accept_Language="en").text

    assert page.count("do not take it for empty") == 3
    assert "Some lists are missing or old" in page
    rooms = page.partition('<table class="list-rooms">')[2].partition("</table>")[0]
    assert rooms.count(">Unknown<") >= 2 * rooms.count('<th scope="row">')


def test_a_page_and_a_document_have_tags_of_their_own(world: World) -> None:
    """A desktop that has the one is not told that it has the other."""
    desktop = world.sign_in()
    document = kept(world, desktop, PATH)
    page = desktop.get(PATH, Accept="text/html", If_None_Match=document.headers["ETag"])

    assert page.status_code == 200
    assert desktop.get(PATH, Accept="text/html", If_None_Match=page.headers["ETag"]).status_code == 304


@pytest.mark.parametrize("headers", [{"X_Client_Budget_Ms": "soon"}, {"X_App_Version": "new"}])
def test_malformed_headers_are_named(world: World, headers: dict[str, str]) -> None:
    """400 with the place, before anything is read."""
    answer = Described.by(world).check(world.sign_in().get(PATH, **headers))

    assert answer.status_code == 400
    (name,) = headers
    assert answer.json()["errors"][0]["field"] == f"header.{name.lower().replace('_', '-')}"


def test_what_is_neither_json_nor_a_page_is_not_acceptable(world: World) -> None:
    """406: there is no PDF here."""
    assert world.sign_in().get(PATH, Accept="application/pdf").status_code == 406


def test_a_browser_may_read_the_signature(world: World) -> None:
    """The console is of another origin, so the header is named to it."""
    answer = world.sign_in().get(PATH, Origin=world.sim)

    assert "X-JWS-Signature" in answer.headers["Access-Control-Expose-Headers"]


def test_the_developer_worlds_key_outlives_a_restart(tmp_path: Any) -> None:
    """What was signed before can be verified after; and nobody else on the machine can read the key."""
    folder = tmp_path / "world"
    with start_world(folder) as first:
        before = published(first)
    with start_world(folder) as second:
        after = published(second)

    assert before == after
    assert (folder / "state" / "signing-key").stat().st_mode & 0o777 == 0o600
