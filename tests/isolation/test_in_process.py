"""What keeps tenants, devices and properties apart inside the process, where neither Postgres nor Redis does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest
from ulid import ULID

from bff_backoffice.application.lookups import LookUp, ShowOne
from bff_backoffice.application.mutations_ports import Answered, AuditOutcome, Claimed, KeptAnswer
from bff_backoffice.application.ports import CallContext, StoreUnavailableError
from bff_backoffice.application.rate_limits import LimitRequests
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.errors import Refusal
from bff_backoffice.domain.idempotency import KeyScope
from bff_backoffice.domain.live_events import Audience, Channel, Viewer, may_hear
from bff_backoffice.domain.operator import DeviceId, OperatorId, OperatorRole, PropertyId, TenantId
from bff_backoffice.domain.rate_limits import RateLimit
from bff_backoffice.domain.sessions import choose_property
from bff_backoffice.infrastructure.dialect import about, about_property, operator_headers
from bff_backoffice.infrastructure.postgres.idempotency import PostgresIdempotency
from bff_backoffice.infrastructure.postgres.pool import BypassingRoleError, Database
from bff_backoffice.infrastructure.postgres.sealing import AnswerSeal, BrokenSealError
from bff_backoffice.presentation.exchange import Exchange
from bff_backoffice.presentation.idempotency_keys import key_scope
from tests.isolation.stores import Stores
from tests.some_attempt import HASH, again, attempt, operator
from tests.stored import PATIENT

OURS, THEIRS = (TenantId.parse(f"tnt_{ULID()}") for _ in range(2))
HERE, THERE = (PropertyId.parse(f"ppt_{ULID()}") for _ in range(2))
SCOPE = KeyScope(device_id=DeviceId(f"dev_{ULID()}"), method="POST", path="/folios/fol_1/charges", key=str(ULID()))
ELSEWHERE = {
    "device_id": DeviceId(f"dev_{ULID()}"),
    "method": "PUT",
    "path": "/folios/fol_2/charges",
    "key": str(ULID()),
}
"""Another one of each part of a key's scope."""

EACH_PART = pytest.mark.parametrize("part", ELSEWHERE)
SEAL = AnswerSeal([b"0123456789abcdef0123456789abcdef"])
ANSWER = KeptAnswer(status=201, headers=(), body=b'{"of": "ours"}')


def with_pool(dsn: str, scenario: Callable[[Database], Awaitable[None]], *, size: int = 1) -> None:
    """Run over a pool of so many connections."""

    async def main() -> None:
        async with Database.open(dsn, size=size, **PATIENT) as database, asyncio.timeout(30):
            await scenario(database)

    asyncio.run(main())


@contextmanager
def nobody_elses() -> Iterator[None]:
    """Say so where a row turns out to be another scope's or another tenant's, which ends in an error elsewhere."""
    try:
        yield
    except StoreUnavailableError as error:
        if not isinstance(error.__cause__, BrokenSealError):
            raise
        pytest.fail("the answer of another scope was met")
    except asyncpg.InsufficientPrivilegeError as error:
        pytest.fail(f"a row of another tenant was met: {error}")


# Idempotency keys -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [*ELSEWHERE, "tenant_id"])
def test_a_key_is_one_in_its_tenant_device_method_and_path_only(stores: Stores, part: str) -> None:
    """The same key elsewhere knows nothing of the answer here, and can be claimed; here it stays answered."""

    async def scenario(database: Database) -> None:
        with nobody_elses():
            await plays(database)

    async def plays(database: Database) -> None:
        keys, who = PostgresIdempotency(database, SEAL), operator(OURS)
        here = replace(attempt(who), scope=replace(SCOPE, key=str(ULID())))
        claim = await keys.claim(OURS, here, lease_seconds=30)
        assert isinstance(claim, Claimed)
        assert await keys.settle(
            OURS, here.scope, claim.fence, audit=here.audit, outcome=AuditOutcome.APPLIED, answer=ANSWER
        )

        tenant = THEIRS if part == "tenant_id" else OURS
        scope = here.scope if part == "tenant_id" else replace(here.scope, **{part: ELSEWHERE[part]})
        there = replace(again(here), scope=scope)
        assert await keys.known(tenant, scope, HASH) is None
        assert isinstance(await keys.claim(tenant, there, lease_seconds=30), Claimed)
        assert isinstance(await keys.known(OURS, here.scope, HASH), Answered)

    with_pool(stores.postgres["app"], scenario)


@EACH_PART
def test_what_stands_for_a_scope_is_another_for_another_scope(part: str) -> None:
    """An attestation is used up by one act, and a kept answer opens in one place."""
    assert replace(SCOPE, **{part: ELSEWHERE[part]}).digest() != SCOPE.digest()


@pytest.mark.parametrize("part", ["tenant_id", "device_id", "path", "key"])
def test_an_upstream_hears_of_two_tenants_acts_under_two_keys(part: str) -> None:
    """Whatever else is equal: an upstream that knows keys and no tenants must not take them for one."""
    if part == "tenant_id":
        assert SCOPE.upstream_key(THEIRS) != SCOPE.upstream_key(OURS)
    else:
        assert replace(SCOPE, **{part: ELSEWHERE[part]}).upstream_key(OURS) != SCOPE.upstream_key(OURS)


def test_a_requests_key_is_of_its_session_method_and_path() -> None:
    """The device is the session's, which the token proved, and not what a header says."""
    session = SimpleNamespace(device_id=SCOPE.device_id)
    exchange = cast(
        "Exchange",
        SimpleNamespace(
            operator=SimpleNamespace(session=session), method=SCOPE.method, path=f"/bff/backoffice/v1{SCOPE.path}",
            headers={"x-idempotency-key": (SCOPE.key,), "x-device-id": (str(ELSEWHERE["device_id"]),)},
        ),
    )  # fmt: skip

    assert asdict(key_scope(exchange)) == asdict(SCOPE)


def test_a_kept_answer_opens_for_its_tenant_and_in_its_place_only() -> None:
    """A row that was moved to another tenant, device or key is nothing but bytes there."""
    place = SCOPE.digest()
    sealed = SEAL.seal(OURS, b"ours", place=place)

    assert SEAL.open(OURS, sealed, place=place) == b"ours"
    with pytest.raises(BrokenSealError):
        SEAL.open(THEIRS, sealed, place=place)
    with pytest.raises(BrokenSealError):
        SEAL.open(OURS, sealed, place=replace(SCOPE, key=str(ULID())).digest())


# Postgres -------------------------------------------------------------------------------------------------------------


def test_a_role_that_can_go_around_the_policies_is_not_worked_with(stores: Stores) -> None:
    """With the superuser's address, which a mistake in a setting is enough for, nothing is answered."""
    superuser = re.sub(r"//\w+:", "//postgres:", stores.postgres["app"])

    async def scenario(database: Database) -> None:
        with pytest.raises(StoreUnavailableError) as refused:
            await database.ping()
        assert isinstance(refused.value.__cause__, BypassingRoleError), "and not because the server is slow"

    with_pool(superuser, scenario)


# Limits, live events, answers of others -------------------------------------------------------------------------------


def test_who_asks_too_much_is_limited_alone() -> None:
    """One device's flood costs its tenant, and neither another tenant nor, below the tenant's limit, another device."""
    limit = LimitRequests(
        device=RateLimit(name="device", per_second=1, burst=2), tenant=RateLimit(name="tenant", per_second=1, burst=3),
        now=lambda: 1000.0,
    )  # fmt: skip
    one, other = (DeviceId(f"dev_{ULID()}") for _ in range(2))

    def refused(tenant: TenantId, device: DeviceId) -> bool:
        try:
            limit(tenant, device)
        except Refusal:
            return True
        return False

    assert [refused(OURS, one) for _ in range(3)] == [False, False, True]
    assert [refused(OURS, other) for _ in range(2)] == [False, True]
    # Identifiers of devices are unique; the limits do not rely on it.
    assert [refused(THEIRS, each) for each in (one, one, other)] == [False, False, False]


def viewer(**more: Any) -> Viewer:
    """Somebody at a front desk, at one hotel, who hears everything that he may."""
    members: dict[str, Any] = {
        "operator_id": OperatorId(f"usr_{ULID()}"),
        "device_id": SCOPE.device_id,
        "roles": frozenset({OperatorRole.FRONT_DESK}),
        "property_scope": frozenset({HERE}),
        "channels": frozenset(Channel),
    }
    return Viewer(**{**members, **more})


def test_who_listens_hears_of_his_hotels_his_roles_and_himself() -> None:
    """Each part of an event's audience alone keeps it from who is not meant; general managers hear every role's."""
    who = viewer()
    channel = next(each for each in Channel if each in who.heard_channels)
    cleaner = viewer(roles=frozenset({OperatorRole.HOUSEKEEPER}))
    closed = [each for each in Channel if each not in cleaner.heard_channels]

    assert may_hear(who, channel, Audience(property_id=HERE, operator_id=who.operator_id, device_id=who.device_id))
    for audience in (
        Audience(property_id=THERE),
        Audience(roles=frozenset({OperatorRole.REVENUE_MANAGER})),
        Audience(operator_id=OperatorId(f"usr_{ULID()}")),
        Audience(device_id=cast("DeviceId", ELSEWHERE["device_id"])),
    ):
        assert not may_hear(who, channel, audience), audience
    here_only = viewer(property_scope=frozenset({HERE, THERE}), at=HERE)
    assert may_hear(here_only, channel, Audience(property_id=HERE))
    assert not may_hear(here_only, channel, Audience(property_id=THERE)), "a stream of one hotel"
    assert not may_hear(viewer(channels=frozenset()), channel, Audience())
    assert closed, "some channel is not for a housekeeper"
    assert not any(may_hear(cleaner, each, Audience()) for each in closed)


def call(property_id: PropertyId | None = HERE) -> CallContext:
    """A call on behalf of our tenant."""
    return CallContext(
        tenant_id=OURS, property_id=property_id, operator_id=OperatorId(f"usr_{ULID()}"), device_id=SCOPE.device_id,
        roles=frozenset(), locale="en", request_id=str(ULID()), traceparent="", deadline=0.0,
    )  # fmt: skip


def test_an_answer_about_something_else_is_none() -> None:
    """What was mixed up on the way, in a cache or a pool that is not ours, is never shown as this hotel's."""
    about_property(call(), f"prop_{HERE.ulid}")
    about(HERE, f"prop_{HERE.ulid}")
    for check in (lambda: about_property(call(), str(THERE)), lambda: about(HERE, str(THERE))):
        with pytest.raises(ValueError, match="another"):
            check()


def test_a_thing_of_another_hotel_is_not_shown_whoever_found_it() -> None:
    """Its owner knows tenants; which hotel the operator works in is looked at here, whatever the owner answers."""

    async def read(_call: CallContext, property_id: PropertyId) -> SimpleNamespace:
        return SimpleNamespace(property_id=property_id)

    show = ShowOne(source=next(iter(Source)), read=read)
    asked = cast("LookUp", SimpleNamespace(operator=SimpleNamespace(property_id=HERE), call_of=lambda _: call()))

    assert asyncio.run(show(asked, HERE)).property_id == HERE
    with pytest.raises(Refusal):
        asyncio.run(show(asked, THERE))


def test_an_upstream_is_asked_for_the_operators_tenant() -> None:
    """The tenant that the token proved goes with every call."""
    assert operator_headers(call())["X-Tenant-Id"] == OURS


def test_a_hotel_that_left_the_scope_is_no_longer_worked_in() -> None:
    """What a session chose counts while the operator may work there, and not a request longer."""
    assert choose_property(HERE, (THERE, HERE)) == HERE
    assert choose_property(HERE, (THERE,)) == THERE
    assert choose_property(HERE, ()) is None
