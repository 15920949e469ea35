"""What follows from what devices say: pure rules, and the gathering of heartbeats on their way to Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.application.devices_writing import WriteBehind
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.devices import (
    DeviceStatus,
    Directive,
    Heartbeat,
    Liveness,
    directives,
    liveness,
    newest,
    overtaken,
    queued,
)
from bff_backoffice.domain.operator import DeviceId, NetworkProfile, OperatorId, PropertyId, TenantId

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
TENANT, OTHER = TenantId("tnt_01JGFJJZ03J02SKYND46F9ZBK0"), TenantId("tnt_01JGFJJZ03J02SKYND46F9ZBK1")
ME, SOMEBODY = OperatorId("usr_01JGFJJZ03J02SKYND46F9ZBK0"), OperatorId("usr_01JGFJJZ03J02SKYND46F9ZBK1")
HERE = PropertyId("ppt_01JGFJJZ03J02SKYND46F9ZBK0")


def device(number: int) -> DeviceId:
    """A device."""
    return DeviceId(f"dev_01JGFJJZ03J02SKYND46F9ZB{number:02d}")


def heartbeat(number: int = 0, **more: object) -> Heartbeat:
    """A heartbeat of a desktop that is well."""
    well = Heartbeat(
        device_id=device(number), operator_id=ME, property_id=HERE, sent_at=NOW, received_at=NOW, queue_depth=0,
        last_sync_at=NOW, network_profile=NetworkProfile.GOOD, app_version="1.4.2", battery_percent=None,
    )  # fmt: skip
    return replace(well, **more)  # type: ignore[arg-type] # members by name


def status(number: int = 0, **more: object) -> DeviceStatus:
    """What is known of a device."""
    known = DeviceStatus(
        device_id=device(number), operator_id=ME, property_id=HERE, last_heartbeat_at=NOW, queue_depth=1,
        network_profile=NetworkProfile.GOOD, app_version="1.4.2",
    )  # fmt: skip
    return replace(known, **more)  # type: ignore[arg-type] # members by name


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, Liveness.ONLINE), (0, Liveness.ONLINE), (90, Liveness.ONLINE), (91, Liveness.LATE), (300, Liveness.LATE),
        (301, Liveness.OFFLINE),
    ],
)  # fmt: skip
def test_liveness_follows_the_age_of_the_last_heartbeat(seconds: int, expected: Liveness) -> None:
    """Online for one missed heartbeat and a half, late for five."""
    assert liveness(NOW - timedelta(seconds=seconds), now=NOW) is expected


def test_directives_come_in_the_order_of_their_urgency() -> None:
    """All of them at once for a desktop with which nothing is well; none for one with which all is."""
    ill = heartbeat(sent_at=NOW - timedelta(hours=1), queue_depth=2, last_sync_at=None)

    assert directives(heartbeat(), outdated=False, token_expires_at=NOW + timedelta(minutes=10), now=NOW) == ()
    assert directives(ill, outdated=True, token_expires_at=NOW + timedelta(seconds=80), now=NOW) == tuple(Directive)


def test_a_clock_that_was_set_back_does_not_silence_a_device() -> None:
    """A heartbeat that was sent earlier counts if it comes half a minute later; sooner it was overtaken."""
    kept, before = heartbeat(), NOW - timedelta(days=400)

    assert overtaken(kept, heartbeat(sent_at=before, received_at=NOW + timedelta(seconds=29)))
    assert not overtaken(kept, heartbeat(sent_at=before, received_at=NOW + timedelta(seconds=30)))
    assert not overtaken(kept, heartbeat(sent_at=before, operator_id=SOMEBODY))
    assert not overtaken(kept, heartbeat(sent_at=NOW + timedelta(seconds=1)))


def test_whichever_of_heartbeat_and_hint_came_last_counts() -> None:
    """A hint that is older than the heartbeat is not looked at."""
    assert queued(status()) == 1
    assert queued(status(hinted=7, hinted_at=NOW + timedelta(seconds=1))) == 7
    assert queued(status(hinted=7, hinted_at=NOW - timedelta(seconds=1))) == 1


STATUSES = st.lists(
    st.builds(
        lambda number, mine, at, hinted: status(
            number,
            operator_id=ME if mine else SOMEBODY,
            last_heartbeat_at=NOW + timedelta(seconds=at),
            hinted=hinted,
            hinted_at=None if hinted is None else NOW + timedelta(seconds=hinted),
        ),
        st.integers(0, 3), st.booleans(), st.integers(0, 5), st.none() | st.integers(0, 5),
    ),
    max_size=8,
)  # fmt: skip


@given(statuses=STATUSES)
def test_two_stores_are_joined_into_one_line_a_device(statuses: list[DeviceStatus]) -> None:
    """The newest heartbeat of each device, only where it is the operator's, newest first; no store's order matters."""
    joined = newest(statuses, ME)

    moments = [each.last_heartbeat_at for each in joined]
    assert moments == sorted(moments, reverse=True)
    assert len({each.device_id for each in joined}) == len(joined)
    for one in joined:
        same = [each for each in statuses if each.device_id == one.device_id]
        assert one.operator_id == ME
        assert one.last_heartbeat_at == max(each.last_heartbeat_at for each in same)


@dataclass
class Rows:
    """Postgres, which may be away, and may be held up."""

    writes: list[tuple[TenantId, tuple[Heartbeat, ...]]] = field(default_factory=list)
    away: set[TenantId] = field(default_factory=set)
    refuses: set[TenantId] = field(default_factory=set)
    written: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def record(self, tenant_id: TenantId, heartbeats: Sequence[Heartbeat]) -> None:
        """Keep them."""
        self.asked += 1
        if tenant_id in self.refuses:
            self.written.set()
            raise ValueError("no such column")
        if tenant_id in self.away:
            self.written.set()
            raise StoreUnavailableError("postgres")
        self.writes.append((tenant_id, tuple(heartbeats)))
        self.written.set()

    async def of_operator(
        self, tenant_id: TenantId, operator_id: OperatorId, *, and_of: Sequence[DeviceId] = ()
    ) -> Sequence[DeviceStatus]:
        """Nothing is asked of it here."""
        raise AssertionError(tenant_id, operator_id, and_of)


@dataclass
class Counted:
    """What was counted."""

    outcomes: list[tuple[str, int]] = field(default_factory=list)

    def heartbeats(self, outcome: str, count: int) -> None:
        """Count."""
        self.outcomes.append((outcome, count))


def test_heartbeats_are_written_together_and_each_device_once() -> None:
    """A tenant is one statement, with the newest of each device."""

    async def main() -> None:
        rows, counted = Rows(), Counted()
        async with WriteBehind(rows, counted, gather_s=0.001) as written:
            for number in (0, 1, 0):
                written.add(TENANT, heartbeat(number, queue_depth=number + len(rows.writes)))
            written.add(OTHER, heartbeat(0))
            later = heartbeat(1, queue_depth=9, sent_at=NOW + timedelta(seconds=1))
            written.add(TENANT, later)
            written.add(TENANT, heartbeat(1, queue_depth=3))
            await rows.written.wait()
        assert {(tenant, len(several)) for tenant, several in rows.writes} == {(TENANT, 2), (OTHER, 1)}
        assert later in dict(rows.writes)[TENANT]
        assert counted.outcomes == [("written", 2), ("written", 1)]

    asyncio.run(main())


def test_what_postgres_did_not_take_is_written_when_it_is_back() -> None:
    """One tenant's failure holds up no other, and nothing is lost meanwhile."""

    async def main() -> None:
        rows, counted = Rows(away={TENANT}), Counted()
        async with WriteBehind(rows, counted, gather_s=0.001) as written:
            written.add(TENANT, heartbeat(0))
            written.add(OTHER, heartbeat(0))
            await rows.written.wait()
            assert [tenant for tenant, _ in rows.writes] in ([], [OTHER])
            rows.away.clear()
            while len(rows.writes) < 2:
                rows.written.clear()
                await rows.written.wait()
        assert {tenant for tenant, _ in rows.writes} == {TENANT, OTHER}
        assert ("put_off", 1) in counted.outcomes

    asyncio.run(main())


def test_what_postgres_refuses_is_counted_and_ends_nothing() -> None:
    """A defect costs these heartbeats, not the process and not another tenant's."""

    async def main() -> None:
        rows, counted = Rows(refuses={TENANT}), Counted()
        async with WriteBehind(rows, counted, gather_s=0.001) as written:
            written.add(TENANT, heartbeat(0))
            written.add(OTHER, heartbeat(0))
            await rows.written.wait()
        assert [tenant for tenant, _ in rows.writes] == [OTHER]
        assert sorted(counted.outcomes) == [("lost", 1), ("written", 1)]

    asyncio.run(main())


def test_what_waits_is_written_at_the_end() -> None:
    """Also what came a moment before."""

    async def main() -> None:
        rows, counted = Rows(), Counted()
        async with WriteBehind(rows, counted, gather_s=3600) as written:
            written.add(TENANT, heartbeat(0))
            await asyncio.sleep(0)
        assert rows.writes == [(TENANT, (heartbeat(0),))]

    asyncio.run(main())
