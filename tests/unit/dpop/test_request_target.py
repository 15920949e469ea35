"""Addresses: equal ones become equal texts, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.domain.device_proof import MalformedTargetError, PublicOrigins, canonical_target

SEGMENT = st.text("abcXYZ019-._~!$&'()*+,;=:@", max_size=6).filter(lambda text: text not in (".", ".."))
PATH = st.lists(SEGMENT, min_size=1, max_size=5).map(lambda segments: "/" + "/".join(segments))


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("https://desk.example", "https://desk.example/"),
        ("HTTPS://Desk.EXAMPLE:443/", "https://desk.example/"),
        ("http://desk.example:80/a", "http://desk.example/a"),
        ("http://desk.example:443/a", "http://desk.example:443/a"),
        ("https://desk.example:8443/A/b", "https://desk.example:8443/A/b"),
        ("https://desk.example:/a", "https://desk.example/a"),
        ("https://[2001:DB8::1]:8443/a", "https://[2001:db8::1]:8443/a"),
        ("https://desk.example/a?b=c#d", "https://desk.example/a"),
        ("https://desk.example?b=c", "https://desk.example/"),
        ("https://desk.example#d?e", "https://desk.example/"),
        ("https://desk.example/%7euser/%41", "https://desk.example/~user/A"),
        ("https://desk.example/%c3%a9%2f", "https://desk.example/%C3%A9%2F"),
        ("https://desk.example/a/./b/../c", "https://desk.example/a/c"),
        ("https://desk.example/a/%2e%2E/c", "https://desk.example/c"),
        ("https://desk.example/../../a", "https://desk.example/a"),
        ("https://desk.example/a/..", "https://desk.example/"),
        ("https://desk.example/a/b/.", "https://desk.example/a/b/"),
        ("https://desk.example//a//", "https://desk.example//a//"),
        ("https://desk.example/.well-known/x", "https://desk.example/.well-known/x"),
        ("https://desk.example/a%252e", "https://desk.example/a%252e"),
    ],
)
def test_an_address_has_one_canonical_form(address: str, canonical: str) -> None:
    """RFC 3986, sections 5.2.4, 6.2.2 and 6.2.3; the canonical form is its own."""
    assert canonical_target(address) == canonical
    assert canonical_target(canonical) == canonical


@pytest.mark.parametrize(
    "address",
    [
        "", "/", "desk.example/a", "https://", "https:///a", "ftp://desk.example/", "https://a@desk.example/",
        "https://desk example/", "https://desk.example/a b", "https://desk.example/é", "https://desk.example:x/",
        "https://desk.example/%4", "https://desk.example/%g1", "https://desk.example/\x00", "https://desk.example\\a",
        "https://[::1/", "https://desk.example:1:2/", "https://desk.example:999999/",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    """Relative ones, other schemes, user information, spaces, half escapes, characters beyond ASCII."""
    with pytest.raises(MalformedTargetError):
        canonical_target(address)


@settings(deadline=None)
@given(PATH, st.text("xyz?#=&", max_size=5))
def test_the_path_is_kept_and_the_rest_is_not(path: str, query: str) -> None:
    """Every path of plain characters is its own canonical form, whatever query follows."""
    assert canonical_target(f"https://desk.example{path}") == f"https://desk.example{path}"
    assert canonical_target(f"https://desk.example{path}?{query}") == f"https://desk.example{path}"


@settings(deadline=None)
@given(PATH, PATH)
def test_different_paths_never_match(one: str, other: str) -> None:
    """A proof for one path is a proof for another only if they are the same."""
    origins = PublicOrigins.parse(["https://desk.example"])
    assert (origins.match(f"https://desk.example{one}", other) is not None) is (one == other)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    """And the canonical form of what is accepted is stable."""
    try:
        canonical = canonical_target(text)
    except MalformedTargetError:
        return
    assert canonical_target(canonical) == canonical


@pytest.mark.parametrize(
    "origins",
    [
        [], [""], ["desk.example"], ["https://desk.example/api"], ["https://desk.example?x"], ["http://desk.example"],
        ["http://10.0.0.1:8083"], ["https://user@desk.example"], ["https://desk.example", "ftp://x"], ["https://*"],
    ],
)  # fmt: skip
def test_origins_that_can_not_be_meant_are_refused(origins: list[str]) -> None:
    """Nothing at all, a path, no TLS beyond the own machine, a wildcard."""
    with pytest.raises(MalformedTargetError):
        PublicOrigins.parse(origins)


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:8083", "http://localhost:8091", "http://[::1]:8083", "http://127.9.9.9"]
)
def test_the_own_machine_needs_no_tls(origin: str) -> None:
    """The developer world is there."""
    assert PublicOrigins.parse([origin]).match(origin + "/a", "/a") == origin + "/a"


def test_origins_are_canonical_themselves() -> None:
    """However a setting spells an origin, proofs match it."""
    origins = PublicOrigins.parse(["HTTPS://Desk.Example:443/"])
    assert origins.match("https://desk.example/a", "/a") == "https://desk.example/a"
