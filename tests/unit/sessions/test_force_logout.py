"""Locks, unlocks and new sign-ins in any order: what ends the sessions of then must not end those of now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.application.outbox import Message
from bff_backoffice.application.sessions.force_logout import ForceLogout
from bff_backoffice.application.telemetry import Telemetry
from bff_backoffice.domain.operator import BackofficeSessionId, DeviceId, IamSessionId, OperatorId, TenantId
from bff_backoffice.domain.sessions import BackofficeSession, SessionState
from tests.fakes.virtual_time import BEGINNING

TENANT = TenantId("tnt_01JD0000000000000000000001")
OPERATOR = OperatorId("usr_01JD0000000000000000000001")
COLLEAGUE = OperatorId("usr_01JD0000000000000000000002")
REASON = "user_locked"


def moment(seconds: float) -> datetime:
    """So long after the beginning."""
    return BEGINNING + timedelta(seconds=seconds)


def a_session(number: int, *, began: float = 0, operator_id: OperatorId = OPERATOR) -> BackofficeSession:
    """A session on a device of its own, signed in to at that second; opened here a while later."""
    ulid = f"01JD00000000000000000000{number:02d}"
    return BackofficeSession(
        id=BackofficeSessionId(f"bos_{ulid}"),
        tenant_id=TENANT,
        operator_id=operator_id,
        device_id=DeviceId(f"dev_{ulid}"),
        iam_session_id=IamSessionId(f"ses_{ulid}"),
        key_thumbprint="t" * 43,
        primary_property_id=None,
        state=SessionState.OPEN,
        opened_at=moment(began + 30),
        last_seen_at=moment(began + 30),
        tokens_expire_at=moment(began + 900),
        authenticated_at=moment(began),
    )


@dataclass
class Stores:
    """Both stores of sessions, in memory."""

    open: dict[DeviceId, BackofficeSession] = field(default_factory=dict)
    refused: set[IamSessionId] = field(default_factory=set)
    revoked: set[IamSessionId] = field(default_factory=set)
    forgotten: list[OperatorId] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    async def current(self, tenant_id: TenantId, device_id: DeviceId) -> BackofficeSession | None:
        """The device's session."""
        assert tenant_id == TENANT
        return self.open.get(device_id)

    async def of_operator(self, tenant_id: TenantId, operator_id: OperatorId) -> tuple[BackofficeSession, ...]:
        """The operator's sessions."""
        assert tenant_id == TENANT
        return tuple(each for each in self.open.values() if each.operator_id == operator_id)

    async def close(self, tenant_id: TenantId, device_id: DeviceId, session_id: BackofficeSessionId) -> None:
        """Forget it."""
        assert tenant_id == TENANT
        if device_id in self.open and self.open[device_id].id == session_id:
            del self.open[device_id]

    async def refuse(self, tenant_id: TenantId, iam_session_id: IamSessionId, *, until: datetime, reason: str) -> None:
        """Refuse its tokens."""
        assert (tenant_id, reason, until > BEGINNING) == (TENANT, REASON, True)
        self.refused.add(iam_session_id)

    async def forget_operator(self, tenant_id: TenantId, operator_id: OperatorId) -> None:
        """Ask anew."""
        assert tenant_id == TENANT
        self.forgotten.append(operator_id)

    async def revoke(
        self, tenant_id: TenantId, session_id: IamSessionId, *, device_id: DeviceId | None,
        operator_id: OperatorId | None, reason: str, expires_at: datetime, tell: Message | None = None,
    ) -> None:  # fmt: skip
        """Remember it."""
        assert (tenant_id, reason, expires_at > BEGINNING) == (TENANT, REASON, True)
        found = self.open.get(device_id) if device_id is not None else None
        assert found is None or found.operator_id == operator_id
        self.revoked.add(session_id)
        if tell is not None:
            self.told.add(tell.id)

    async def is_revoked(self, tenant_id: TenantId, session_id: IamSessionId) -> bool:
        """Whether it is remembered."""
        assert tenant_id == TENANT
        return session_id in self.revoked

    def opened(self, *sessions: BackofficeSession) -> None:
        """These were opened."""
        self.open |= {each.device_id: each for each in sessions}


def force_logout_over(stores: Stores) -> ForceLogout:
    """The use case over these stores."""
    return ForceLogout(
        sessions=stores,
        revoked=stores,
        telemetry=Telemetry(clock=lambda: moment(3600), instance="test"),
        clock=lambda: moment(3600),
        token_lifetime=timedelta(minutes=15),
    )


@given(
    signed_in=st.lists(st.integers(0, 60), min_size=1, max_size=6),
    locks=st.lists(st.tuples(st.integers(0, 60), st.lists(st.integers(0, 90), min_size=1, max_size=3)), max_size=4),
)
def test_in_any_order_a_lock_ends_exactly_what_had_begun_by_then(
    signed_in: list[int], locks: list[tuple[int, list[int]]]
) -> None:
    """Each lock comes late, twice, after later unlocks and sign-ins: what began later stays, all else is refused."""
    stores = Stores()
    force_logout = force_logout_over(stores)
    # A lock is known here after it happened, however long; at one moment the sign-in is before the lock.
    timeline: list[tuple[int, int, int]] = [(began, 0, number) for number, began in enumerate(signed_in)]
    timeline += [(locked + late, 1, locked) for locked, deliveries in locks for late in deliveries]
    colleague = a_session(99, operator_id=COLLEAGUE)
    stores.opened(colleague)

    async def scenario() -> None:
        for _, is_lock, what in sorted(timeline):
            if is_lock:
                await force_logout.operator(TENANT, OPERATOR, reason=REASON, happened_at=moment(what))
            else:
                stores.opened(a_session(what, began=signed_in[what]))

    asyncio.run(scenario())

    last_lock = max((locked for locked, _ in locks), default=-1)
    stays = {a_session(number).id for number, began in enumerate(signed_in) if began > last_lock}
    ended = {a_session(number).iam_session_id for number, began in enumerate(signed_in) if began <= last_lock}
    assert {each.id for each in stores.open.values()} == stays | {colleague.id}
    assert stores.refused == stores.revoked == ended
    assert len(stores.told) == len(ended)


def test_the_lock_of_a_device_ends_the_session_of_then_and_not_the_next_one() -> None:
    """A device that was locked, unlocked and signed in to again keeps its new operator."""
    stores = Stores()
    stores.opened(session := a_session(1, began=10))

    force_logout = force_logout_over(stores)
    asyncio.run(force_logout.device(TENANT, session.device_id, reason=REASON, happened_at=moment(9.5)))
    assert list(stores.open.values()) == [session]

    asyncio.run(force_logout.device(TENANT, session.device_id, reason=REASON, happened_at=moment(10)))
    assert not stores.open
    assert stores.refused == {session.iam_session_id}


def test_our_own_session_is_ended_by_its_own_name() -> None:
    """An event that means our session and not iam's: found by its device or its operator, and nobody else's ends."""
    stores = Stores()
    stores.opened(meant := a_session(1), other := a_session(2))
    force_logout = force_logout_over(stores)

    for device_id, operator_id in ((meant.device_id, None), (None, OPERATOR), (other.device_id, OPERATOR)):
        stores.opened(meant)
        asyncio.run(
            force_logout.own_session(TENANT, meant.id, device_id=device_id, operator_id=operator_id, reason=REASON)
        )
        assert (meant.device_id in stores.open) is (device_id == other.device_id)
    assert stores.refused == {meant.iam_session_id}


def test_a_sign_in_of_the_locks_own_second_is_ended() -> None:
    """Sign-ins count whole seconds: which of the two came first can't be known, so the lock is believed."""
    stores = Stores()
    stores.opened(a_session(1, began=10))

    asyncio.run(force_logout_over(stores).operator(TENANT, OPERATOR, reason=REASON, happened_at=moment(10.9)))

    assert not stores.open


def test_an_event_that_does_not_say_when_ends_whatever_is_there() -> None:
    """A lock without a time is believed: a session too few is a new sign-in, one too many is a locked user inside."""
    stores = Stores()
    stores.opened(a_session(1), a_session(2, began=4000))

    asyncio.run(force_logout_over(stores).operator(TENANT, OPERATOR, reason=REASON, happened_at=None))

    assert not stores.open
    assert stores.forgotten == [OPERATOR]


@pytest.mark.parametrize("began", [0, 4000])
def test_a_session_that_is_revoked_by_its_name_ends_whenever_it_began(began: float) -> None:
    """It is this one that iam means: no clock is asked. Its device and operator are only where to look."""
    stores = Stores()
    stores.opened(session := a_session(1, began=began))
    stores.opened(other := replace(a_session(2, began=began), operator_id=OPERATOR))

    asyncio.run(
        force_logout_over(stores).session(
            TENANT, session.iam_session_id, device_id=None, operator_id=OPERATOR, reason=REASON
        )
    )

    assert list(stores.open.values()) == [other]
    assert stores.refused == {session.iam_session_id}


def test_a_late_lock_that_ends_nothing_still_asks_anew_for_the_roles() -> None:
    """What tenant-service says of the operator counts at the next request, for the session that stays too."""
    stores = Stores()
    stores.opened(a_session(1, began=100))

    asyncio.run(force_logout_over(stores).operator(TENANT, OPERATOR, reason=REASON, happened_at=moment(50)))

    assert stores.forgotten == [OPERATOR]
    assert len(stores.open) == 1
