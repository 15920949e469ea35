"""property-service: the property's record, its rooms and its pictures."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from tests.simulator.services.hotels import Hotel, Platform

ROOT = "/property-service/api/v1/properties"


def test_every_property_has_a_card(platform: Platform) -> None:
    """The card has the members that the dashboard needs, and its rooms are those of the world."""
    world = platform.world()
    for prop in world["properties"]:
        card = platform.hotel(prop["slug"]).get(f"{ROOT}/{prop['id']}")
        assert (card["id"], card["timezone"], card["currency"]) == (prop["id"], prop["timezone"], prop["currency"])
        assert card["rooms"] == sum(room["propertyId"] == prop["id"] for room in world["rooms"])
        assert card["rooms"] == sum(kind["rooms"] for kind in card["roomTypes"])
        assert card["coverPhoto"] == card["photos"][0]
        assert set(card["name"]) == {"default", "values"}


def test_photos_are_drawings_that_anyone_may_see(kabul: Hotel) -> None:
    """Each photo's address answers a well-formed SVG without script, to a caller without headers."""
    for photo in kabul.get(f"{ROOT}/{kabul.property_id}/photos")["items"]:
        address = urlsplit(photo["url"])
        connection = http.client.HTTPConnection(address.netloc, timeout=5)
        connection.request("GET", address.path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/svg+xml")
        tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(body).iter()}  # noqa: S314 - our own drawing
        assert "script" not in tags
        assert tags >= {"svg", "rect"}


def test_rooms_are_listed_by_type(creek: Hotel) -> None:
    """The filter keeps one room type, and the types' rooms add up to the property's."""
    kinds = creek.get(f"{ROOT}/{creek.property_id}/room-types")["items"]
    for kind in kinds:
        found = creek.get(f"{ROOT}/{creek.property_id}/rooms?roomTypeId={kind['id']}&limit=500")["items"]
        assert len(found) == kind["rooms"]
    assert sum(kind["rooms"] for kind in kinds) == 300


def test_the_list_holds_the_tenants_own_properties(kabul: Hotel, creek: Hotel) -> None:
    """A tenant sees its own properties, and is refused another's."""
    listed = {prop["id"] for prop in kabul.get(ROOT)["items"]}
    own = {prop["id"] for prop in kabul.platform.world()["properties"] if prop["tenantId"] == kabul.tenant_id}
    assert listed == own
    foreign = kabul.call("GET", f"{ROOT}/{creek.property_id}")
    assert (foreign.status, foreign.code) == (403, "MELMASTOON.TENANT.MISMATCH")
    assert kabul.call("GET", f"{ROOT}/ppt_01JGFJJZ00000000000000000X").code == "MELMASTOON.PROPERTY.PROPERTY_NOT_FOUND"
