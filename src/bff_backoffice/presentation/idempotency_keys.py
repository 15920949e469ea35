"""The key under which a client changes something, and what makes two requests the same.

Contract, sections 2.2 and 5.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.idempotency import KeyScope, MalformedKeyError, parse_key
from bff_backoffice.presentation.exchange import Exchange, malformed
from bff_backoffice.presentation.request_parts import json_value
from bff_backoffice.presentation.route_table import PREFIXES, Parameter

__all__ = ["KEY_PARAMETERS", "key_scope", "request_hash"]

_OURS: Final = "x-idempotency-key"
_COMMON: Final = "idempotency-key"

KEY_PARAMETERS: Final = (
    Parameter("X-Idempotency-Key", "header", "A ULID or UUID that the client drew for this act, and sends again with "
              "every try of it. `Idempotency-Key` is the same thing; one of them is required."),
    Parameter("Idempotency-Key", "header", "The same thing under its common name."),
)  # fmt: skip


def key_scope(exchange: Exchange) -> KeyScope:
    """Return the request's key with what it is unique in.

    Raises:
        Refusal: IDEMPOTENCY_KEY_MISSING; VALIDATION_FAILED for one that is malformed, and for two that differ.
    """
    path = exchange.path
    for prefix in PREFIXES:
        # The alias is another address of the same thing, and a retry may take the other way.
        path = path.removeprefix(prefix)
    return KeyScope(
        device_id=exchange.operator.session.device_id, method=exchange.method, path=path, key=_key(exchange)
    )


def request_hash(exchange: Exchange) -> bytes:
    """Return 32 bytes that are the same for the same request: its path is in the scope, here are query and body.

    The body counts by its content: neither spaces nor the order of members make another request of it.

    Raises:
        Refusal: VALIDATION_FAILED for a body that can't be read as a whole.
    """
    query = sorted((name, values) for name, values in exchange.query.items())
    body = json_value(exchange.raw_body) if exchange.raw_body else {}
    return hashlib.sha256(msgspec.json.encode([query, body], order="deterministic")).digest()


def _key(exchange: Exchange) -> str:
    given = [
        (name, _parsed(name, text.strip()))
        for name in (_OURS, _COMMON)
        for text in exchange.headers.get(name, ())
        if text.strip()
    ]
    if not given:
        raise Refusal(
            Code.IDEMPOTENCY_KEY_MISSING, "Send X-Idempotency-Key with a ULID or UUID of your own.",
        )  # fmt: skip
    if len({key for _, key in given}) > 1:
        raise malformed(f"header.{given[1][0]}", "conflict", "Two different idempotency keys.")
    return given[0][1]


def _parsed(name: str, text: str) -> str:
    # The common header is a string of RFC 9651, with quotes; ours is the bare key. Both are taken under both names.
    bare = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    try:
        return parse_key(bare)
    except MalformedKeyError:
        raise malformed(f"header.{name}", "malformed", "A ULID or a UUID.") from None
