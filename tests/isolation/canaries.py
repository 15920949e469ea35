"""Strings that belong to one tenant alone: where one shows up in another's bytes, something leaked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tests.worlds import World

__all__ = ["canaries", "found_in"]

_TELLING = ("name", "slug", "username", "code", "id", "folioId", "roomId")
"""Not people's names: two hotels have guests of one name, and boards show more guests than the world publishes. Who
leaks a guest leaks the reservation's code and identifiers with the name."""
_SHORTEST = 6
"""A shorter text may be part of any sentence."""
_IDENTIFIER = re.compile(r"[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}")


def canaries(world: World, tenant: int) -> frozenset[str]:
    """Names, codes and identifiers of this tenant that no other tenant has, nor has as a part of something longer."""
    own, wanted = set[str](), world.tenants[tenant]
    others = set[str]()
    for collection, entry in _entries(world.people):
        owner = entry["id"] if collection == "tenants" else entry["tenantId"]
        texts = {str(entry[name]) for name in _TELLING if entry.get(name)}
        (own if owner == wanted else others).update(texts)
    return frozenset(each for each in own if len(each) >= _SHORTEST and not any(each in other for other in others))


def _entries(people: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for collection, entries in people.items():
        if isinstance(entries, list):
            for entry in entries:
                if isinstance(entry, dict) and (collection == "tenants" or "tenantId" in entry):
                    yield collection, entry


def found_in(content: bytes | str, strings: Iterable[str]) -> set[str]:
    """Those of the strings that the content holds, as they are or with JSON's escapes."""
    text = content if isinstance(content, str) else content.decode("utf-8", errors="replace")
    wanted = set(strings)
    # Identifiers are most of what is looked for; gathering those of the content is much faster than seeking each.
    identifiers = {each for each in wanted if _IDENTIFIER.fullmatch(each)}
    found = identifiers & set(_IDENTIFIER.findall(text))
    escaped = "\\u" in text
    for each in wanted - identifiers:
        if each in text or (escaped and each.encode("unicode_escape").decode() in text):
            found.add(each)
    return found
