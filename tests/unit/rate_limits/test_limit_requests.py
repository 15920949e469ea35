"""Limits of requests: exact, forgiving, fair between devices and tenants."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.application.rate_limits import LimitRequests
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import DeviceId, TenantId
from bff_backoffice.domain.rate_limits import RateLimit, judge

TENANT, OTHER_TENANT = TenantId("tnt_A"), TenantId("tnt_B")
DEVICE, OTHER_DEVICE = DeviceId("dev_A"), DeviceId("dev_B")


class Clock:
    """Seconds that only the test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def limits(clock: Clock, *, device_burst: int = 5, tenant_burst: int = 100) -> LimitRequests:
    """Five at once and one a second for a device; a hundred and twenty for a tenant."""
    return LimitRequests(
        device=RateLimit(name="device", per_second=1.0, burst=device_burst),
        tenant=RateLimit(name="tenant", per_second=20.0, burst=tenant_burst),
        now=clock,
    )


def refusals(limit: LimitRequests, count: int, tenant: TenantId = TENANT, device: DeviceId = DEVICE) -> int:
    """How many of so many requests at once are refused."""
    refused = 0
    for _ in range(count):
        try:
            limit(tenant, device)
        except Refusal as refusal:
            refused += refusal.code is Code.RATE_LIMITED
    return refused


def test_a_burst_is_let_through_and_the_next_one_is_told_when_to_come() -> None:
    """Exactly the burst; then 429 with `Retry-After`, and one more after that time."""
    clock = Clock()
    limit = limits(clock)

    assert refusals(limit, 5) == 0
    with pytest.raises(Refusal) as refused:
        limit(TENANT, DEVICE)
    assert refused.value.retry_after == 1
    clock.seconds += refused.value.retry_after or 0
    assert refusals(limit, 2) == 1


def test_a_refused_request_uses_nothing_up() -> None:
    """However often a device is refused, its next one comes at the same time."""
    clock = Clock()
    limit = limits(clock)
    refusals(limit, 1000)
    clock.seconds += 1.0

    assert refusals(limit, 1) == 0


def test_devices_and_tenants_do_not_share_what_is_theirs() -> None:
    """A device's burst is nobody else's; the tenant's is shared by its devices and by no other tenant."""
    clock = Clock()
    limit = limits(clock, device_burst=50, tenant_burst=60)

    assert refusals(limit, 50, TENANT, DEVICE) == 0
    assert refusals(limit, 50, TENANT, OTHER_DEVICE) == 40
    assert refusals(limit, 50, OTHER_TENANT, DEVICE) == 0


def test_headers_say_what_is_left() -> None:
    """`RateLimit-Policy` and `RateLimit`, one item for each limit."""
    headers = dict(limits(Clock())(TENANT, DEVICE))

    assert headers["RateLimit-Policy"] == '"device";q=5;w=5, "tenant";q=100;w=5'
    assert re.fullmatch(r'"device";r=4;t=\d+, "tenant";r=99;t=\d+', headers["RateLimit"])


@given(
    rate=st.floats(min_value=0.5, max_value=500),
    burst=st.integers(min_value=1, max_value=200),
    gaps=st.lists(st.floats(min_value=0, max_value=2), min_size=1, max_size=120),
)
def test_no_window_lets_through_more_than_burst_and_rate(rate: float, burst: int, gaps: list[float]) -> None:
    """For any arrivals: in any stretch of time at most the burst and the rate times its length."""
    limit = RateLimit(name="x", per_second=rate, burst=burst)
    now, empty_at, let_through = 1000.0, 0.0, []
    for gap in gaps:
        now += gap
        allowance = judge(limit, empty_at=empty_at, now=now)
        empty_at = allowance.empty_at
        if allowance.allowed:
            let_through.append(now)
    for first, start in enumerate(let_through):
        for count, end in enumerate(let_through[first:], start=1):
            assert count <= burst + rate * (end - start) + 1e-6
