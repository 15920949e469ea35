"""Limits of requests for each device and each tenant, kept in the process.

In the process and not in Redis: the limits protect this process, a device has one stream and few connections, and a
shared counter would cost every request a script. Several processes let through as many times more, which is why the
numbers are lower bounds (contract, section 2.4: "at least"); the platform's edge has per-device rules of its own.

Only authenticated requests count. A refused proof costs its device nothing, so nobody can lock a device out by sending
rubbish in its name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import DeviceId, TenantId
from bff_backoffice.domain.rate_limits import Allowance, RateLimit, judge

__all__ = ["LimitRequests"]

_KEYS_AT_MOST: Final = 50_000
"""Ten times the devices of the largest deployment; beyond it, keys whose time has passed are forgotten."""

Header = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class LimitRequests:
    """Count a request of a device and its tenant; returns the headers that tell what is left. `now` counts seconds.

    Raises:
        Refusal: RATE_LIMITED, with `Retry-After`.
    """

    device: RateLimit
    tenant: RateLimit
    now: Callable[[], float]
    _empty_at: dict[tuple[str, str], float] = field(default_factory=dict)
    _policy: Header = field(init=False)

    def __post_init__(self) -> None:
        """Write once the header that never changes."""
        self._policy = ("RateLimit-Policy", f"{self.device.policy}, {self.tenant.policy}")

    def __call__(self, tenant_id: TenantId, device_id: DeviceId) -> tuple[Header, ...]:
        now = self.now()
        if len(self._empty_at) > _KEYS_AT_MOST:
            self._empty_at = {key: at for key, at in self._empty_at.items() if at > now}
        own, shared = (tenant_id, device_id), (tenant_id, "")
        by_device = judge(self.device, empty_at=self._empty_at.get(own, 0.0), now=now)
        by_tenant = judge(self.tenant, empty_at=self._empty_at.get(shared, 0.0), now=now)
        headers = self._headers(by_device, by_tenant)
        if not (by_device.allowed and by_tenant.allowed):
            wait = max(each.wait_seconds for each in (by_device, by_tenant) if not each.allowed)
            raise Refusal(Code.RATE_LIMITED, retry_after=max(1, math.ceil(wait)), headers=headers)
        # Both or neither: a request that one limit refuses must not use up the other.
        self._empty_at[own], self._empty_at[shared] = by_device.empty_at, by_tenant.empty_at
        return headers

    def _headers(self, by_device: Allowance, by_tenant: Allowance) -> tuple[Header, ...]:
        return (
            self._policy,
            ("RateLimit", f"{by_device.item(self.device)}, {by_tenant.item(self.tenant)}"),
        )
