"""Whether a schema still promises what it promised: to a client that sends by it, or to one that reads by it.

JSON Schema 2020-12, as far as the API document uses it. What a client sends by the old schema must be taken by the new
one; what the new one sends must be what a reader of the old one knows. Two things may be new on that way back: members,
and values of an enumeration, since a desktop has to bear both (docs/decisions/api-compatibility.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

__all__ = ["Comparison", "Direction", "Schema"]

Schema = Mapping[str, Any]

_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_SAME: Final = ("pattern", "format", "multipleOf", "uniqueItems", "contentEncoding", "contentMediaType")
_UNIONS: Final = ("anyOf", "oneOf")
_TYPES: Final = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


class Direction(Enum):
    """Who writes by the schema."""

    SENT = "sent"
    """The client: requests."""
    READ = "read"
    """The service: responses."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares schemas of two documents, whose components `$ref` names."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]
    _open: set[tuple[str, str, Direction]] = field(default_factory=set)
    """The pairs of references that are being compared: a schema that contains itself is compared once."""

    def breaks(self, old: Schema, new: Schema, direction: Direction, place: str = "") -> Iterator[str]:
        """Tell what no longer holds, each as a place and a sentence; nothing where all of it does."""
        pair = (str(old.get("$ref", "")), str(new.get("$ref", "")), direction)
        if all(pair[:2]):
            if pair in self._open:
                return
            self._open.add(pair)
        try:
            yield from self._alternatives_break(old, new, direction, place)
        finally:
            self._open.discard(pair)

    def _alternatives_break(self, old: Schema, new: Schema, direction: Direction, place: str) -> Iterator[str]:
        olds, news = alternatives(old, self.old), alternatives(new, self.new)
        writers, readers = (olds, news) if direction is Direction.SENT else (news, olds)
        for written in writers:
            complaints: list[list[str]] = []
            for known in readers:
                before, now = (written, known) if direction is Direction.SENT else (known, written)
                complaints.append(list(self._one_breaks(before, now, direction, place)))
            # Of several ways to read it, the one that comes closest says best what is wrong.
            yield from min(complaints, key=_distance, default=[f"{place or 'it'}: nothing is taken any more"])

    def _one_breaks(self, old: Schema, new: Schema, direction: Direction, place: str) -> Iterator[str]:
        here = place or "it"
        writer, reader = (old, new) if direction is Direction.SENT else (new, old)
        if not _type_known(writer.get("type"), reader.get("type")):
            yield f"{here}: was {_kind(old)}, {'takes' if direction is Direction.SENT else 'may be'} {_kind(new)} now"
            return
        yield from _values_break(writer, reader, direction, here)
        yield from _bounds_break(old, new, direction, here)
        if direction is Direction.SENT and "default" in old and old["default"] != new.get("default"):
            yield f"{here}: means {new.get('default')!r} and not {old['default']!r} where it is left out"
        yield from self._members_break(old, new, direction, place)
        if "items" in reader:
            yield from self.breaks(old.get("items", {}), new.get("items", {}), direction, f"{place}[]")
        if "contentSchema" in reader:
            # Of an event's data, which is JSON in a text.
            decoded = old.get("contentSchema", {}), new.get("contentSchema", {})
            yield from self.breaks(*decoded, direction, f"{place}()")

    def _members_break(self, old: Schema, new: Schema, direction: Direction, place: str) -> Iterator[str]:
        writer, reader = (old, new) if direction is Direction.SENT else (new, old)
        known, now = old.get("properties", {}), new.get("properties", {})
        dot = f"{place}." if place else ""
        for name in known:
            if name not in now:
                yield f"{dot}{name}: is gone"
        for name in reader.get("required", ()):
            if name not in writer.get("required", ()) and (direction is Direction.SENT or name in now):
                yield f"{dot}{name}: {'is demanded' if direction is Direction.SENT else 'may be missing'} now"
        for name in known:
            if name in now:
                yield from self.breaks(known[name], now[name], direction, f"{dot}{name}")
        yield from self._others_break(old, new, direction, place)

    def _others_break(self, old: Schema, new: Schema, direction: Direction, place: str) -> Iterator[str]:
        """`additionalProperties`: of maps, and of bodies that take no member that they don't know."""
        before, now = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if direction is Direction.SENT and now is False and before is not False:
            yield f"{place or 'it'}: takes no other members any more"
        elif isinstance(before, Mapping) and isinstance(now, Mapping):
            yield from self.breaks(before, now, direction, f"{place}{{}}")
        elif isinstance(now if direction is Direction.SENT else before, Mapping):
            other = before if direction is Direction.SENT else now
            if other is True:
                yield f"{place or 'it'}: its members were of one kind, and are not any more"


def alternatives(schema: Schema, document: Mapping[str, Any]) -> list[Schema]:
    """Return the schema as plain ones of which a value meets one: no reference, no union, at most one type each."""
    if "$ref" in schema:
        rest = {name: value for name, value in schema.items() if name != "$ref"}
        return [{**found, **rest} for found in alternatives(_resolved(schema["$ref"], document), document)]
    if "allOf" in schema:
        merged: Schema = {name: value for name, value in schema.items() if name != "allOf"}
        for each in schema["allOf"]:
            merged = _both(merged, alternatives(each, document)[0])
        return alternatives(merged, document)
    for union in _UNIONS:
        if union in schema:
            rest = {name: value for name, value in schema.items() if name not in {union, "discriminator"}}
            return [_both(rest, one) for each in schema[union] for one in alternatives(each, document)]
    kinds = schema.get("type")
    if isinstance(kinds, Sequence) and not isinstance(kinds, str):
        return [_of_type(schema, kind) for kind in kinds]
    return [schema]


def _resolved(reference: str, document: Mapping[str, Any]) -> Schema:
    found: Any = document
    for name in reference.removeprefix("#/").split("/"):
        found = found[name.replace("~1", "/").replace("~0", "~")]
    schema: Schema = found
    return schema


def _both(one: Schema, other: Schema) -> Schema:
    merged = {**one, **other}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        merged["required"] = [*one["required"], *other["required"]]
    return merged


def _of_type(schema: Schema, kind: str) -> Schema:
    """The schema for values of one of its types: of its values, only those."""
    narrowed = {**schema, "type": kind}
    if "enum" in schema:
        narrowed["enum"] = [value for value in schema["enum"] if _type_known(_type_of(value), kind)]
    return narrowed


def _type_of(value: object) -> str:
    return "null" if value is None else _TYPES[type(value)]


def _type_known(written: object, known: object) -> bool:
    return known is None or written == known or (written, known) == ("integer", "number")


def _kind(schema: Schema) -> str:
    kind = schema.get("type")
    return "anything" if kind is None else "null" if kind == "null" else f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"


def _values_break(writer: Schema, reader: Schema, direction: Direction, here: str) -> Iterator[str]:
    written, known = _values(writer), _values(reader)
    if known is None:
        return
    if written is None:
        if direction is Direction.SENT:
            yield f"{here}: took any value, takes {', '.join(map(repr, known))} now"
        elif len(known) == 1:
            yield f"{here}: was always {known[0]!r}, may be anything now"
        return
    others = [value for value in written if value not in known]
    if others and direction is Direction.SENT:
        yield f"{here}: takes no {', '.join(map(repr, others))} any more"
    elif others and len(known) == 1:
        # One value alone is a mark by which a reader tells shapes apart, and no list that grows.
        yield f"{here}: was always {known[0]!r}, may be {', '.join(map(repr, others))} now"


def _values(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return list(schema["enum"]) if "enum" in schema else None


def _bounds_break(old: Schema, new: Schema, direction: Direction, here: str) -> Iterator[str]:
    writer, reader = (old, new) if direction is Direction.SENT else (new, old)
    for name, bound in reader.items():
        own = writer.get(name)
        fits = own == bound
        if name in _LOWER:
            fits = own is not None and own >= bound
        elif name in _UPPER:
            fits = own is not None and own <= bound
        elif name not in _SAME:
            continue
        if not fits:
            yield f"{here}: {name} was {old.get(name, 'open')}, is {new.get(name, 'open')}"


def _distance(complaints: list[str]) -> tuple[int, int]:
    # Another type is further away than any number of members.
    return (sum(": was " in each for each in complaints), len(complaints))
