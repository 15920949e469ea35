"""sync-service: the authority on cursors. Its addresses begin with `/sync/v1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import Final
from urllib.parse import quote

import msgspec
from msgspec.json import Decoder

from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.sync_ports import Advance, SyncAgreement
from bff_backoffice.infrastructure.dialect import Wire, operator_headers, safe_address
from bff_backoffice.infrastructure.http import Call, CallBounds, Upstream, UpstreamClient

__all__ = ["SERVICE", "SyncGateway"]

SERVICE: Final = Upstream(name="sync-service", limit_seconds=0.25, retries=1)
"""The handshake has to be answered within 300 ms (specification, section 10)."""

_ROOT: Final = "/sync/v1"


class _Stand(Wire, frozen=True):
    value: str | None


class _Cursor(_Stand, frozen=True):
    scope: str


class _Agreement(Wire, frozen=True):
    protocol_version: int
    sync_base_url: str
    cursors: dict[str, _Stand]


_AGREEMENT: Final = Decoder(_Agreement)
_CURSOR: Final = Decoder(_Cursor)


@dataclass(frozen=True, slots=True)
class SyncGateway:
    """The sync engine, as far as a desktop's cursors go; the desktop itself pulls and pushes there."""

    client: UpstreamClient

    async def ping(self, bounds: CallBounds) -> None:
        """Return once the service has answered in its own words; raise the `UpstreamError` family otherwise."""
        await self.client.ping(bounds)

    async def handshake(
        self, call: CallContext, scopes: Sequence[str], *, protocol_version: int, client_cursors: Mapping[str, str]
    ) -> SyncAgreement:
        """Agree on a protocol, and learn where the scopes stand. It may be asked twice: nothing changes by it."""
        body = {"protocolVersion": protocol_version, "scopes": list(scopes), "clientCursors": dict(client_cursors)}
        return await self.client.run(
            Call(
                operation="handshake",
                method="POST",
                path=f"{_ROOT}/handshake",
                bounds=call,
                headers=operator_headers(call),
                body=msgspec.json.encode(body),
                decode=partial(_agreement, scopes),
                repeatable=True,
            )
        )

    async def cursor(self, call: CallContext, scope: str) -> str | None:
        """Return where a scope stands; None where it was never synchronised."""
        return await self.client.read(
            "cursor",
            f"{_ROOT}/cursors/{quote(scope, safe='')}",
            bounds=call,
            headers=operator_headers(call),
            decode=partial(_stand, scope),
        )

    async def advance(self, call: CallContext, advance: Advance) -> str:
        """Move a cursor forward; return where it stands now. The value that it has already changes nothing."""
        occurred_at = advance.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return await self.client.run(
            Call(
                operation="advance_cursor",
                method="PUT",
                path=f"{_ROOT}/cursors/{quote(advance.scope, safe='')}",
                bounds=call,
                headers={
                    **operator_headers(call),
                    "Idempotency-Key": advance.id.rpartition("_")[2],
                    "X-Occurred-At": occurred_at,
                },
                body=msgspec.json.encode({"value": advance.value}),
                decode=partial(_moved, advance),
                repeatable=True,
            )
        )


def _agreement(scopes: Sequence[str], body: bytes) -> SyncAgreement:
    found = _AGREEMENT.decode(body)
    missing = [scope for scope in scopes if scope not in found.cursors]
    if missing:
        raise ValueError("a scope without its cursor")
    return SyncAgreement(
        protocol_version=found.protocol_version,
        base_url=safe_address(found.sync_base_url),
        cursors={scope: found.cursors[scope].value for scope in scopes},
    )


def _stand(scope: str, body: bytes) -> str | None:
    found = _CURSOR.decode(body)
    if found.scope != scope:
        raise ValueError("an answer about another scope")
    return found.value


def _moved(advance: Advance, body: bytes) -> str:
    value = _stand(advance.scope, body)
    if value is None:
        raise ValueError("a cursor that was moved and stands nowhere")
    return value
