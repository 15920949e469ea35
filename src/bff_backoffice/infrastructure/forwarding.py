"""One mutation on the wire: its envelope, its key and its identifiers in the form of the service that carries it out.

The table of differences is in `docs/upstreams.md`; each gateway says its own in a `MutationDialect`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Final, Literal

import msgspec
from ulid import ULID

from bff_backoffice.application.mutations_ports import Forwarded, ForwardOrder
from bff_backoffice.application.ports import CallContext
from bff_backoffice.infrastructure.dialect import operator_headers, property_of, relabelled
from bff_backoffice.infrastructure.http import Call, UpstreamClient

__all__ = ["MutationDialect", "carry_out", "envelope", "in_our_words", "key_header", "mutation_call"]

_BASE: Final = "/api/v1"
_OURS: Final[Mapping[str, str]] = MappingProxyType({
    "rom": "rmu", "stf": "usr", "prp": "ppt", "prop": "ppt", "pty": "ppt", "res": "rsv", "rty": "rmt", "ten": "tnt",
})  # fmt: skip
"""Other services' prefixes, and ours for the same things."""
_PREFIX_AND_ULID: Final = 2
_ULID_LENGTH: Final = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationDialect:
    """How one service wants to hear of a mutation. `prefixes` are ours and its, where they differ."""

    key_form: Literal["ulid", "uuid"]
    key_name: str = "Idempotency-Key"
    property_place: Literal["header", "query", "none"] = "none"
    property_prefix: str = "ppt"
    prefixes: Mapping[str, str] = field(default_factory=dict)
    version_tag: str = '"{}"'
    """What `If-Match` looks like there."""


async def carry_out(
    client: UpstreamClient, dialect: MutationDialect, call: CallContext, order: ForwardOrder
) -> Forwarded:
    """Send the mutation to the service that owns the thing, at the same path as ours behind its own base.

    Raises:
        UpstreamError: the family; only a refusal is an answer.
    """
    mutation = order.mutation
    resource = "" if order.resource_id is None else _translated(order.resource_id, dialect.prefixes)
    body = _in_their_words(msgspec.to_builtins(order.body), dialect.prefixes)
    answer = await client.run(
        mutation_call(
            call, order, dialect, path=_BASE + mutation.path.replace("{id}", resource), body=body,
            query=_query(call, dialect),
        )
    )  # fmt: skip
    return Forwarded(body=answer)


def mutation_call(
    call: CallContext,
    order: ForwardOrder,
    dialect: MutationDialect,
    *,
    path: str,
    body: object,
    query: Mapping[str, str] | None = None,
    decode: Callable[[bytes], bytes] | None = None,
) -> Call[bytes]:
    """Return the call, the same bytes for every dispatch of a key: an upstream compares them."""
    mutation = order.mutation
    return Call(
        operation=mutation.name,
        method=mutation.method,
        path=path,
        bounds=call,
        headers={
            **envelope(call, order),
            **key_header(order, dialect),
            **_place(call, dialect),
            **_demanded(order, dialect),
        },
        query=query or {},
        body=msgspec.json.encode(body),
        decode=decode or partial(_answer, order),
        limit_seconds=mutation.deadline_ms / 1000,
        repeatable=mutation.repeatable,
    )


def envelope(call: CallContext, order: ForwardOrder) -> Mapping[str, str]:
    """Return who acts, where and since when (contract, section 5), under the names that all services share."""
    headers = {
        **operator_headers(call),
        "X-Session-Id": order.session_id,
        "X-Occurred-At": _instant(order.occurred_at),
    }
    if order.app_version is not None:
        headers["X-App-Version"] = order.app_version
    if order.attestation_id is not None:
        headers["X-Mfa-Attestation"] = order.attestation_id
    return headers


def key_header(order: ForwardOrder, dialect: MutationDialect) -> Mapping[str, str]:
    """Return the upstream key under the service's header name and in its form."""
    key = order.upstream_key
    text = str(uuid.UUID(bytes=key, version=4)) if dialect.key_form == "uuid" else str(ULID(key))
    return {dialect.key_name: text}


def in_our_words(value: object) -> object:
    """Return an answer with every identifier under our prefix; texts for people are left alone."""
    return _relabelled_members(value, _OURS)


def _place(call: CallContext, dialect: MutationDialect) -> Mapping[str, str]:
    if dialect.property_place != "header":
        return {}
    return {"X-Property-Id": relabelled(property_of(call), dialect.property_prefix)}


def _demanded(order: ForwardOrder, dialect: MutationDialect) -> Mapping[str, str]:
    return {} if order.version is None else {"If-Match": dialect.version_tag.format(order.version)}


def _query(call: CallContext, dialect: MutationDialect) -> Mapping[str, str]:
    if dialect.property_place != "query":
        return {}
    return {"propertyId": relabelled(property_of(call), dialect.property_prefix)}


def _answer(order: ForwardOrder, body: bytes) -> bytes:
    found = msgspec.json.decode(body)
    if not isinstance(found, dict):
        # The decoder's caller takes it for what it is: an answer that breaks the upstream's contract.
        raise ValueError("not an object")  # noqa: TRY004 - the family of a decoder's failures is ValueError
    answer = in_our_words(found)
    echo = order.mutation.echo
    if echo is not None and isinstance(answer, dict) and answer.get(echo) != order.resource_id:
        raise ValueError("an answer about something else")
    return msgspec.json.encode(answer)


def _in_their_words(value: object, prefixes: Mapping[str, str]) -> object:
    return _relabelled_members(value, prefixes) if prefixes else value


def _relabelled_members(value: object, prefixes: Mapping[str, str]) -> object:
    """Translate what stands in members that are named for identifiers, and nothing else."""
    match value:
        case dict():
            return {
                name: _translated(member, prefixes)
                if isinstance(member, str) and name.endswith(("Id", "id"))
                else _relabelled_members(member, prefixes)
                for name, member in value.items()
            }
        case list():
            return [_relabelled_members(each, prefixes) for each in value]
        case _:
            return value


def _translated(identifier: str, prefixes: Mapping[str, str]) -> str:
    parts = identifier.split("_")
    if len(parts) != _PREFIX_AND_ULID or len(parts[1]) != _ULID_LENGTH or parts[0] not in prefixes:
        return identifier
    return f"{prefixes[parts[0]]}_{parts[1]}"


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
