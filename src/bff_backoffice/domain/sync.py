"""What a desktop may synchronise, and how far it has come: scopes, cursors, the token for sync-service.

Contract, section 7. Which roles have which scopes is decided in `docs/decisions/sync-handshake.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bff_backoffice.domain.errors import Code, FieldError, Refusal
from bff_backoffice.domain.operator import OperatorContext, OperatorRole

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = [
    "AUDIENCE", "COPY_FRESH_FOR", "LONGEST_VALUE", "MOST_SCOPES", "SCOPE", "SCOPES", "TOKEN_LIFETIME", "TOKEN_TYPE",
    "VALUE", "Cursor", "CursorSource", "cursor_regression", "require_scopes", "sync_claims",
]  # fmt: skip

SCOPE: Final = r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$"
"""A scope's name, as a pattern of JSON Schema. sync-service has new ones before this service knows of them."""
MOST_SCOPES: Final = 64
LONGEST_VALUE: Final = 512
VALUE: Final = r"^[^\x00-\x1f\x7f]+$"
"""A cursor's value, as a pattern of JSON Schema: a text that only sync-service orders, without control characters."""

TOKEN_TYPE: Final = "sync-session+jwt"  # noqa: S105 - the kind of a token, and no secret
AUDIENCE: Final = "sync-service"
TOKEN_LIFETIME: Final = timedelta(minutes=15)
"""Contract, section 7: at most. As long as an access token, so a session that was ended is not outlived for long."""

COPY_FRESH_FOR: Final = timedelta(minutes=1)
"""How old a copy may be and still be served without asking: desktops move cursors at sync-service themselves, and its
events keep the copy within seconds of that."""

_ALWAYS: Final = frozenset({OperatorRole.GENERAL_MANAGER, OperatorRole.OWNER})
_EVERYBODY: Final = frozenset(OperatorRole)
_DESK: Final = frozenset({OperatorRole.FRONT_DESK, OperatorRole.NIGHT_AUDITOR})
_FLOORS: Final = frozenset({OperatorRole.HOUSEKEEPING_LEAD, OperatorRole.HOUSEKEEPER})
_REPAIRS: Final = frozenset({OperatorRole.MAINTENANCE})
_TABLES: Final = frozenset({OperatorRole.FNB_MANAGER})
_RATES: Final = frozenset({OperatorRole.REVENUE_MANAGER})

SCOPES: Final[Mapping[str, frozenset[OperatorRole]]] = MappingProxyType({
    "reservation": _EVERYBODY - _REPAIRS,
    "guest": _DESK | _TABLES | {OperatorRole.HOUSEKEEPING_LEAD},
    "inventory": _EVERYBODY - {OperatorRole.HOUSEKEEPER},
    "housekeeping": _DESK | _FLOORS | _REPAIRS,
    "maintenance": _DESK | _FLOORS | _REPAIRS,
    "billing": _DESK,
    "property": _EVERYBODY,
    "pricing": _DESK | _RATES,
    "lock": _DESK,
    "notification": _EVERYBODY,
    "staff": _DESK | _FLOORS | _REPAIRS | _TABLES,
    "preferences": _EVERYBODY,
})  # fmt: skip
"""Who may keep a copy of what on a device: who has the boards that show it. `general_manager` and `owner` always."""


class CursorSource(StrEnum):
    """Who says where a cursor stands."""

    SYNC_SERVICE = "sync-service"
    CACHE = "cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far one operator's device has synchronised one scope.

    `value` is None where it never was. `as_of` is the moment for which that is known, so it says how old a copy is; it
    is None where nobody could be asked and there is no copy.
    """

    scope: str
    value: str | None
    as_of: datetime | None
    source: CursorSource

    def fresh(self, now: datetime) -> bool:
        """Whether nobody has to be asked."""
        return self.as_of is not None and now - self.as_of <= COPY_FRESH_FOR


def require_scopes(roles: Collection[OperatorRole], scopes: Sequence[str], place: str) -> None:
    """Refuse scopes that none of the roles has: a copy on a device is as good as every board that shows it.

    All or nothing: a desktop that got less than it asked for would show old data as if it were new. A scope that this
    service does not know yet is for those who may use everything. `place` is where the request names them, such as
    `body.scopes`; a list's are numbered.

    Raises:
        Refusal: ROLE_FORBIDDEN that names each place.
    """
    if not _ALWAYS.isdisjoint(roles):
        return
    numbered = place.endswith("s")
    wrong = tuple(
        FieldError(f"{place}[{number}]" if numbered else place, "forbidden", "The role does not have this scope.")
        for number, scope in enumerate(scopes)
        if SCOPES.get(scope, frozenset()).isdisjoint(roles)
    )
    if wrong:
        raise Refusal(Code.ROLE_FORBIDDEN, "The role does not have every one of these scopes.", errors=wrong)


def cursor_regression(stands: Cursor | None) -> Refusal:
    """The refusal for a cursor that would go back, with where it stands, if that is known."""
    members: dict[str, object] = {}
    if stands is not None and stands.value is not None and stands.as_of is not None:
        where = {"scope": stands.scope, "value": stands.value, "asOf": stands.as_of.isoformat()}
        members = {"cursor": where}
    return Refusal(Code.CURSOR_REGRESSION, "The value lies before the one that the cursor has.", members=members)


def sync_claims(
    operator: OperatorContext, scopes: Sequence[str], *, issuer: str, token_id: str, now: datetime
) -> tuple[dict[str, object], datetime]:
    """Return the claims of a sync session token (RFC 7519), and when it expires.

    `cnf.jkt` (RFC 7800, RFC 9449 section 6.1) binds it to the device's key: sync-service demands proofs as this service
    does. `sid` is iam's session, so that sync-service can end what iam revokes.
    """
    issued = now.replace(microsecond=0)
    expires = issued + TOKEN_LIFETIME
    claims: dict[str, object] = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": str(operator.operator_id),
        "tid": str(operator.tenant_id),
        "device_id": str(operator.device_id),
        "sid": str(operator.iam_session_id),
        "scopes": list(scopes),
        "cnf": {"jkt": operator.key_thumbprint},
        "iat": int(issued.timestamp()),
        "nbf": int(issued.timestamp()),
        "exp": int(expires.timestamp()),
        "jti": token_id,
    }
    return claims, expires
