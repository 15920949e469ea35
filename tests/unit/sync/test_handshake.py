"""The handshake without a network: what its token says, and that the exchange of a key breaks no token."""

# ruff: noqa: ARG002 - a fake takes what its port takes

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk as jose_jwk
from joserfc import jwt as jose_jwt

from bff_backoffice.application.ports import CallContext, StoreUnavailableError, UpstreamUnavailableError
from bff_backoffice.application.sync import NegotiateSync
from bff_backoffice.application.sync_ports import (
    Advance,
    AuditedAdvance,
    Handshake,
    HandshakeRequest,
    SyncAgreement,
)
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import (
    BackofficeSessionId,
    DeviceId,
    IamSessionId,
    OperatorContext,
    OperatorId,
    OperatorRole,
    PropertyId,
    TenantId,
)
from bff_backoffice.domain.sync import SCOPES, Cursor, CursorSource, require_scopes
from bff_backoffice.infrastructure.dpop import SigningKey, published_key

NOW = datetime(2026, 11, 22, 10, 0, 0, 987_654, tzinfo=UTC)
ULID = "01JGFJJZ03J02SKYND46F9ZBK0"
OLD, NEW = SigningKey(bytes(range(32))), SigningKey(bytes(range(1, 33)))
OLDER_NAME = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
"""joserfc would rather hear RFC 9864's name for the algorithm."""

WHO = OperatorContext(
    tenant_id=TenantId(f"tnt_{ULID}"), operator_id=OperatorId(f"usr_{ULID}"), device_id=DeviceId(f"dev_{ULID}"),
    iam_session_id=IamSessionId(f"ses_{ULID}"), session_id=BackofficeSessionId(f"bos_{ULID}"),
    roles=frozenset({OperatorRole.FRONT_DESK}), property_scope=(), property_id=PropertyId(f"ppt_{ULID}"),
    key_thumbprint="thumb", locale="en",
)  # fmt: skip


@dataclass
class Engine:
    """sync-service, which may be away."""

    stands: Mapping[str, str | None] = field(default_factory=dict)
    away: bool = False

    async def handshake(
        self, call: CallContext, scopes: Sequence[str], *, protocol_version: int, client_cursors: Mapping[str, str]
    ) -> SyncAgreement:
        """Agree."""
        if self.away:
            raise UpstreamUnavailableError("sync-service")
        cursors = {scope: self.stands.get(scope) for scope in scopes}
        return SyncAgreement(protocol_version=protocol_version, base_url=None, cursors=cursors)

    async def cursor(self, call: CallContext, scope: str) -> str | None:
        """Where it stands."""
        return self.stands.get(scope)

    async def advance(self, call: CallContext, advance: Advance) -> str:
        """It is moved."""
        return advance.value


@dataclass
class Copies:
    """The copies, which may be away."""

    kept: dict[str, Cursor] = field(default_factory=dict)
    away: bool = False

    async def of(
        self, tenant_id: TenantId, operator_id: OperatorId, device_id: DeviceId, scopes: Sequence[str]
    ) -> Mapping[str, Cursor]:
        """What there is."""
        if self.away:
            raise StoreUnavailableError("postgres")
        return {scope: self.kept[scope] for scope in scopes if scope in self.kept}

    async def keep(
        self, tenant_id: TenantId, operator_id: OperatorId, device_id: DeviceId, cursors: Sequence[Cursor]
    ) -> None:
        """Keep them."""
        if self.away:
            raise StoreUnavailableError("postgres")
        self.kept |= {cursor.scope: cursor for cursor in cursors}

    async def begin(self, tenant_id: TenantId, wish: AuditedAdvance) -> None:
        """Nothing is audited here."""

    async def end(
        self, tenant_id: TenantId, wish: AuditedAdvance, *, outcome: str, status: int | None, cursor: Cursor | None
    ) -> None:
        """Nothing is audited here."""


def shake(*scopes: str, engine: Engine | None = None, copies: Copies | None = None, key: SigningKey = OLD) -> Handshake:
    """One handshake of a front desk."""
    negotiate = NegotiateSync(
        service=engine or Engine(), copies=copies or Copies(), signer=key, clock=lambda: NOW,
        otherwise_at="https://sync.example/sync/v1",
    )  # fmt: skip
    request = HandshakeRequest(
        operator=WHO, scopes=scopes, protocol_version=2, client_cursors={}, locale="en", request_id=ULID,
        traceparent="00-0-0-01",
    )  # fmt: skip
    return asyncio.run(negotiate(request))


@OLDER_NAME
def test_a_token_is_verified_through_the_whole_exchange_of_a_key() -> None:
    """Published beside the next one before and after it signs: no moment at which a token meets an unknown key."""
    before, after = shake("reservation", key=OLD).token, shake("reservation", key=NEW).token
    old, new = published_key(OLD.public_jwk["x"]), published_key(NEW.public_jwk["x"])
    for token, published in ((before, [old, new]), (before, [new, old]), (after, [new, old]), (after, [new])):
        keys = jose_jwk.KeySet.import_key_set({"keys": published})  # type: ignore[arg-type] # plain dictionaries
        assert jose_jwt.decode(token, keys, algorithms=["EdDSA"]).claims["aud"] == "sync-service"


def test_a_token_lives_fifteen_minutes_from_the_whole_second() -> None:
    """What the answer says of it is what it says of itself, to the second."""
    assert shake("reservation").expires_at == NOW.replace(microsecond=0) + timedelta(minutes=15)


def test_with_everything_away_there_is_a_token_and_nobody_knows_the_cursors() -> None:
    """Minting asks nobody."""
    agreed = shake("reservation", engine=Engine(away=True), copies=Copies(away=True))

    assert agreed.token.count(".") == 2
    assert (agreed.base_url, agreed.protocol_version) == ("https://sync.example/sync/v1", None)
    cursor = agreed.cursors["reservation"]
    assert (cursor.value, cursor.as_of, cursor.source) == (None, None, CursorSource.CACHE)


def test_what_sync_service_says_is_the_next_copy() -> None:
    """Also that a scope was never synchronised; known for the moment at which it was asked."""
    copies = Copies()

    told = shake("reservation", "guest", engine=Engine({"guest": "lsn-1"}), copies=copies)
    again = shake("reservation", "guest", engine=Engine(away=True), copies=copies)

    assert {scope: each.value for scope, each in told.cursors.items()} == {"reservation": None, "guest": "lsn-1"}
    assert {each.as_of for each in again.cursors.values()} == {NOW}
    assert {scope: each.value for scope, each in again.cursors.items()} == {"reservation": None, "guest": "lsn-1"}


@given(
    roles=st.frozensets(st.sampled_from(list(OperatorRole)), min_size=1),
    scopes=st.lists(st.sampled_from([*SCOPES, "spa"]), min_size=1, unique=True),
)
def test_scopes_are_all_or_nothing(roles: frozenset[OperatorRole], scopes: list[str]) -> None:
    """A role that has every one of them is refused nothing; otherwise each that is too many is named."""
    everything = bool(roles & {OperatorRole.GENERAL_MANAGER, OperatorRole.OWNER})
    wrong = [
        f"body.scopes[{number}]"
        for number, scope in enumerate(scopes)
        if not everything and not roles & SCOPES.get(scope, frozenset())
    ]
    if not wrong:
        require_scopes(roles, scopes, "body.scopes")
        return
    with pytest.raises(Refusal) as refused:
        require_scopes(roles, scopes, "body.scopes")
    assert refused.value.code is Code.ROLE_FORBIDDEN
    assert [error.field for error in refused.value.errors] == wrong
