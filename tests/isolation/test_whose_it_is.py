"""What somebody else answered, kept or proved is looked at once more: it is this hotel's, this person's, this act's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from ulid import ULID

from bff_backoffice.application.alerts_acknowledging import AcknowledgeAlert
from bff_backoffice.application.live_events import StreamFacts
from bff_backoffice.application.live_events_listener import Listener
from bff_backoffice.application.mutations_bodies import RevokeKey
from bff_backoffice.application.mutations_dispatch import Dispatch, MutationRequest, Tools, replayed
from bff_backoffice.application.mutations_ports import (
    Answered,
    AttestationUse,
    Claimed,
    Forwarded,
    ForwardOrder,
    KeptAnswer,
)
from bff_backoffice.application.mutations_table import MUTATIONS
from bff_backoffice.application.ports import CallContext, UpstreamInvalidResponseError
from bff_backoffice.application.records import identifier_of
from bff_backoffice.application.records_bodies import WithNote
from bff_backoffice.application.sessions.lifecycle import RefreshRequest, RefreshSession
from bff_backoffice.application.suggestions_deciding import DecideSuggestion
from bff_backoffice.domain.alerts import AlertAcknowledgement
from bff_backoffice.domain.errors import Refusal
from bff_backoffice.domain.live_events import Viewer
from bff_backoffice.domain.operator import DeviceId, IamSessionId, Operator, OperatorId, OperatorRole, PropertyId
from bff_backoffice.domain.suggestions import Decision, SuggestionDecision
from bff_backoffice.infrastructure.postgres.attestations import PostgresAttestations
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.upstreams.iam import IamGateway
from bff_backoffice.infrastructure.upstreams.lock_integration import LockIntegrationGateway
from bff_backoffice.infrastructure.upstreams.tenant import TenantGateway
from tests.isolation.stores import Stores
from tests.isolation.test_in_process import HERE, OURS, SCOPE, THEIRS, THERE, call
from tests.some_attempt import attempt, operator
from tests.stored import PATIENT


def _part(changed: object) -> str:
    """A name for a case that is the same in every process, unlike the identifiers in it."""
    return next(iter(cast("dict[str, str]", changed)), "nothing")


LOCK, OTHER_LOCK = (f"lck_{ULID()}" for _ in range(2))
CREDENTIAL, OTHER_CREDENTIAL = (f"key_{ULID()}" for _ in range(2))
ALERT, SUGGESTION = f"ntf_{ULID()}", f"sug_{ULID()}"
ME, SOMEBODY = (OperatorId(f"usr_{ULID()}") for _ in range(2))
DEVICE, OTHER_DEVICE = (DeviceId(f"dev_{ULID()}") for _ in range(2))
ANSWER = KeptAnswer(status=201, headers=(), body=b"{}")
BOUNDS: dict[str, Any] = {"request_id": str(ULID()), "traceparent": "", "deadline": 0.0}


class AnswersWith:
    """An upstream that answers everything alike, whoever asks for whatever."""

    def __init__(self, body: object) -> None:
        self.body = json.dumps(body).encode()

    async def read(self, *_asked: object, decode: Callable[[bytes], Any], **_more: object) -> Any:
        """The answer, as the gateway reads it."""
        return decode(self.body)

    async def run(self, asked: Any) -> Any:
        """The same for a call."""
        return asked.decode(self.body)


def order(body: msgspec.Struct, resource_id: str, name: str = "revoke_key") -> ForwardOrder:
    """A dispatch of ours."""
    return ForwardOrder(
        mutation=next(each for each in MUTATIONS if each.name == name), resource_id=resource_id, body=cast("Any", body),
        upstream_key=b"0123456789abcdef", occurred_at=datetime.now(UTC), session_id=cast("Any", f"bos_{ULID()}"),
        app_version=None, app_platform=None, network_profile=None, attestation_id=None, audit_id=f"lap_{ULID()}",
    )  # fmt: skip


# Answers of others ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("property_id", [HERE, THERE], ids=["here", "there"])
def test_a_lock_of_another_hotel_is_not_here(property_id: PropertyId) -> None:
    """The lock service knows of tenants only when it acts, so which hotel the lock is in is looked at before."""
    locks = LockIntegrationGateway(cast("Any", AnswersWith({"id": LOCK, "propertyId": property_id})))

    assert asyncio.run(locks.here(call(), LOCK)) is (property_id == HERE)


@pytest.mark.parametrize(
    "other", [{}, {"propertyId": THERE}, {"lockId": OTHER_LOCK}, {"id": OTHER_CREDENTIAL}], ids=_part
)
def test_an_answer_about_another_door_is_none(other: dict[str, str]) -> None:
    """Neither another hotel's, nor another lock's, nor another key's is shown as the one that was revoked."""
    acted = {
        "id": CREDENTIAL, "propertyId": HERE, "lockId": LOCK, "kind": "pin_code", "state": "revoked",
        "validFrom": "2026-01-01T00:00:00Z", "validUntil": "2026-01-02T00:00:00Z", **other,
    }  # fmt: skip
    locks = LockIntegrationGateway(cast("Any", AnswersWith(acted)))
    forward = locks.forward(call(), order(RevokeKey(key_credential_id=CREDENTIAL, reason="Lost"), LOCK))

    if other:
        with pytest.raises(ValueError, match="another"):
            asyncio.run(forward)
    else:
        assert msgspec.json.decode(asyncio.run(forward).body)["keyCredentialId"] == CREDENTIAL


@pytest.mark.parametrize("other", [{}, {"tenantId": THEIRS}, {"userId": SOMEBODY}], ids=_part)
def test_the_roles_of_another_person_are_not_ours(other: dict[str, str]) -> None:
    """An answer about another tenant's member, or about another member, gives nobody any role."""
    member = {"userId": ME, "tenantId": OURS, "displayName": "A", "state": "active", "roles": ["owner"],
              "propertyScope": [HERE], "locale": "en", **other}  # fmt: skip
    gateway = TenantGateway(cast("Any", AnswersWith({"data": member})))
    asked = gateway.operator(OURS, ME, **BOUNDS)

    if other:
        with pytest.raises(ValueError, match="another operator"):
            asyncio.run(asked)
    else:
        found = asyncio.run(asked)
        assert found is not None
        assert found.roles == {OperatorRole.OWNER}


def test_the_profile_of_another_tenant_is_not_ours() -> None:
    """Its limits and its second factors are its own."""
    config = {"defaultLocale": "en", "locales": ["en"], "currencies": ["USD"], "appVersionFloor": "1.0.0",
              "appVersionCurrent": "1.0.0", "policy": {"issueKeyMfa": False, "chargeLimit": None}}  # fmt: skip
    profile = {"id": THEIRS, "slug": "a", "displayName": "A", "status": "active", "config": config,
               "theme": {"themeId": "a", "version": 1, "bundleUrl": "https://cdn.melmastoon.ghasi.io/a"}}  # fmt: skip
    gateway = TenantGateway(cast("Any", AnswersWith({"data": profile})))

    with pytest.raises(ValueError, match="another tenant"):
        asyncio.run(gateway.tenant(OURS, **BOUNDS))
    assert asyncio.run(gateway.tenant(THEIRS, **BOUNDS)).id == THEIRS


@pytest.mark.parametrize("other", [{}, {"userId": SOMEBODY}, {"deviceId": OTHER_DEVICE}], ids=_part)
def test_the_session_of_another_person_or_device_is_not_ours(other: dict[str, str]) -> None:
    """That somebody else's session is active says nothing of this one."""
    iam = IamGateway(cast("Any", AnswersWith({"active": True, "userId": ME, "deviceId": DEVICE, **other})))
    asked = iam.validate_session(
        IamSessionId(f"ses_{ULID()}"), tenant_id=OURS, operator_id=ME, device_id=DEVICE, key_thumbprint="t", **BOUNDS
    )

    if other:
        with pytest.raises(ValueError, match="another session"):
            asyncio.run(asked)
    else:
        assert asyncio.run(asked).active


def test_an_alert_of_another_hotel_is_acknowledged_by_nobody_here() -> None:
    """Whatever the service answers: no line of our log says that somebody of this hotel saw it."""
    body = json.dumps({"propertyId": THERE, "acknowledgedAt": "2026-01-01T00:00:00Z"}).encode()
    written: list[AlertAcknowledgement] = []

    async def forward(_call: CallContext, _order: ForwardOrder) -> Forwarded:
        return Forwarded(body=body)

    async def record(_tenant_id: str, line: AlertAcknowledgement, _tell: object) -> AlertAcknowledgement:
        written.append(line)
        return line

    acknowledge = AcknowledgeAlert(
        service=cast("Any", SimpleNamespace(forward=forward)), log=cast("Any", SimpleNamespace(record=record)),
        telemetry=cast("Any", SimpleNamespace(message=lambda *_, **__: None)),
    )  # fmt: skip

    with pytest.raises(UpstreamInvalidResponseError, match="another property"):
        asyncio.run(acknowledge.forward(call(), order(WithNote(), ALERT)))
    assert written == []


def test_a_decision_of_another_hotel_is_not_told_here() -> None:
    """A suggestion that somebody decided elsewhere in the tenant is one that this hotel does not have."""
    asked = order(WithNote(), SUGGESTION)
    line = SuggestionDecision(
        id=identifier_of(asked, "sdl"), suggestion_id=SUGGESTION, property_id=THERE, decision=next(iter(Decision)),
        reason=None, delta=None, operator_id=ME, device_id=DEVICE, decided_at=asked.occurred_at,
    )  # fmt: skip

    async def decision(*_asked: object) -> SuggestionDecision:
        return line

    decide = DecideSuggestion(
        suggestions=cast("Any", None), last_shown=cast("Any", None),
        log=cast("Any", SimpleNamespace(decision=decision)), telemetry=cast("Any", None),
        clock=lambda: datetime.now(UTC),
    )  # fmt: skip

    with pytest.raises(Refusal) as refused:
        asyncio.run(decide.forward(call(), asked))
    assert refused.value.code.status == 404
    assert asyncio.run(decide.forward(call(THERE), asked)).body


# What was kept --------------------------------------------------------------------------------------------------------


def test_a_kept_answer_is_for_who_works_in_its_hotel() -> None:
    """The next operator at the device may have other hotels than the one who sent the request first."""
    request = cast("MutationRequest", SimpleNamespace(operator=SimpleNamespace(property_scope=(HERE,))))

    assert replayed(Answered(answer=ANSWER, property_id=HERE), request).answer is ANSWER
    with pytest.raises(Refusal) as refused:
        replayed(Answered(answer=ANSWER, property_id=THERE), request)
    assert refused.value.code.status == 404


@pytest.mark.parametrize("claimed", [HERE, THERE], ids=["here", "there"])
def test_a_claimed_key_is_dispatched_by_who_works_in_its_hotel(claimed: PropertyId) -> None:
    """A key that was first claimed elsewhere goes nowhere under somebody who may not work there."""
    sent: list[PropertyId | None] = []

    async def forward(context: CallContext, _order: ForwardOrder) -> SimpleNamespace:
        sent.append(context.property_id)
        return SimpleNamespace(body=b"{}")

    async def yes(*_asked: object, **_more: object) -> bool:
        return True

    who = replace(operator(OURS), property_scope=(HERE,), property_id=HERE)
    mutation = next(each for each in MUTATIONS if each.name == "post_charge")
    tools = Tools(
        keys=cast("Any", SimpleNamespace(settle=yes, release=yes, renew=yes)),
        upstreams={mutation.upstream: cast("Any", SimpleNamespace(forward=forward))},
        views=cast("Any", SimpleNamespace(forget_named=yes)), lease_seconds=60,
    )  # fmt: skip
    request = MutationRequest(
        mutation=mutation, operator=who, scope=SCOPE, request_hash=b"h", resource_id="fol_1", body=WithNote(),
        attestation_id=None, locale="en", request_id="r", traceparent="", refused=lambda _: ANSWER,
    )  # fmt: skip

    async def dispatched() -> int:
        claim = Claimed(fence=1, property_id=claimed, claimed_at=datetime.now(UTC))
        until = asyncio.get_running_loop().time() + 60
        try:
            return (await Dispatch(tools, request, attempt(who), claim, until)()).answer.status
        except Refusal as refusal:
            return refusal.code.status

    assert (asyncio.run(dispatched()), sent) == ((201, [HERE]) if claimed == HERE else (404, []))


# What was proved ------------------------------------------------------------------------------------------------------


def with_attestations(stores: Stores, ask: Callable[[PostgresAttestations], Awaitable[None]]) -> None:
    """Ask Postgres as the service does."""

    async def main() -> None:
        async with Database.open(stores.postgres["app"], size=1, **PATIENT) as database, asyncio.timeout(30):
            await ask(PostgresAttestations(database))

    asyncio.run(main())


@pytest.mark.parametrize(
    "other",
    [{}, {"id": f"mfa_{ULID()}"}, {"operator_id": SOMEBODY}, {"key_thumbprint": "another"},
     {"action": "lock.issue_key"}, {"resource_id": OTHER_LOCK}, {"amount": "1:USD"}],
    ids=_part,
)  # fmt: skip
def test_a_second_factor_is_for_one_act_of_one_person_at_one_key(stores: Stores, other: dict[str, str]) -> None:
    """Each part alone makes it another act, for which nothing was proved."""
    use = AttestationUse(
        id=f"mfa_{ULID()}", operator_id=ME, key_thumbprint="mine", action="lock.revoke_key", resource_id=LOCK
    )

    async def ask(attestations: PostgresAttestations) -> None:
        await attestations.keep(OURS, use, device_id=DEVICE, factor="totp", seconds=300)
        asked = replace(use, **cast("Any", other))
        assert await attestations.usable(OURS, asked, SCOPE.digest()) is (not other)

    with_attestations(stores, ask)


@pytest.mark.parametrize(
    ("roles", "scope", "same"),
    [
        ({OperatorRole.FRONT_DESK}, (HERE,), True),
        ({OperatorRole.HOUSEKEEPER}, (HERE,), False),
        ({OperatorRole.FRONT_DESK}, (HERE, THERE), False),
    ],
    ids=["the-same", "other-roles", "more-hotels"],
)
def test_a_stream_speaks_of_nobody_whose_rights_have_changed(
    roles: set[OperatorRole], scope: tuple[PropertyId, ...], *, same: bool
) -> None:
    """Other roles or other hotels than those it was opened with end it."""

    class Silent(Listener):
        def hear(self, *_told: object) -> None:
            """Nothing."""

        def beat(self, *_now: object) -> None:
            """Nothing."""

    async def asked() -> bool:
        viewer = Viewer(
            operator_id=ME, device_id=DEVICE, roles=frozenset({OperatorRole.FRONT_DESK}),
            property_scope=frozenset({HERE}), channels=frozenset(),
        )  # fmt: skip
        facts = StreamFacts(device_id=DEVICE, iam_session_id=IamSessionId("ses_1"), operator_id=ME)
        now = cast("Operator", SimpleNamespace(roles=frozenset(roles), property_scope=scope))
        return Silent(tenant_id=OURS, facts=facts, viewer=viewer).speaks_of(now)

    assert asyncio.run(asked()) is same


@pytest.mark.parametrize(
    ("key", "device_id"),
    [("mine", DEVICE), ("another", DEVICE), ("mine", OTHER_DEVICE)],
    ids=["ours", "another-key", "another-device"],
)
def test_new_tokens_are_for_the_key_and_the_device_that_asked(key: str, device_id: DeviceId) -> None:
    """Whatever iam gave out: tokens of another key or another device do not leave through here."""
    given = SimpleNamespace(access_token="new")
    claims = SimpleNamespace(
        key_thumbprint="mine", device_id=DEVICE, tenant_id=OURS, iam_session_id=IamSessionId("ses_1")
    )

    async def refresh(*_asked: object, **_more: object) -> SimpleNamespace:
        return given

    async def verify(*_asked: object, **_more: object) -> SimpleNamespace:
        return claims

    async def no(*_asked: object) -> bool:
        return False

    async def nothing(*_asked: object) -> None:
        return None

    use = RefreshSession(
        tokens=cast("Any", SimpleNamespace(verify=verify)), sessions=cast("Any", SimpleNamespace(current=nothing)),
        revoked=cast("Any", SimpleNamespace(is_revoked=no)), iam=cast("Any", SimpleNamespace(refresh=refresh)),
        emit=cast("Any", None), clock=lambda: datetime.now(UTC),
    )  # fmt: skip
    proven = cast("Any", SimpleNamespace(text="proof", proof=SimpleNamespace(thumbprint=key)))
    request = RefreshRequest(refresh_token="old", key=proven, device_id=device_id, request_id="r", traceparent="")

    if (key, device_id) == ("mine", DEVICE):
        assert asyncio.run(use(request)).access_token == "new"
    else:
        with pytest.raises(Refusal) as refused:
            asyncio.run(use(request))
        assert refused.value.code.status in {401, 403}
