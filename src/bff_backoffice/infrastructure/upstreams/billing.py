"""billing-service: what is owed. It calls a property `prop_` and wraps its errors in `error`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msgspec.json import Decoder

from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.tiles import BalancesTile
from bff_backoffice.infrastructure.dialect import Count, Money, Wire, operator_headers, property_of, relabelled
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient

__all__ = ["SERVICE", "BillingGateway"]

SERVICE: Final = Upstream(name="billing-service", limit_seconds=0.6, retries=1)


class _DayEnd(Wire, frozen=True):
    variance: Money


class _FoliosSummary(Wire, frozen=True):
    open_folios: Count
    overdue_folios: Count
    open_balance: Money
    day_end: _DayEnd


_SUMMARY: Final = Decoder(_FoliosSummary)


@dataclass(frozen=True, slots=True)
class BillingGateway:
    """Folios and the day-end."""

    client: UpstreamClient

    async def balances(self, call: CallContext) -> BalancesTile:
        """Return the open folios, and how far the cash drawers are off (counted minus expected)."""
        return await self.client.read(
            "folios_summary",
            "/api/v1/folios/summary",
            bounds=call,
            headers=operator_headers(call),
            query={"propertyId": relabelled(property_of(call), "prop")},
            decode=_balances,
        )


def _balances(body: bytes) -> BalancesTile:
    summary = _SUMMARY.decode(body)
    return BalancesTile(
        open_folios=summary.open_folios,
        open_balance=summary.open_balance.amount(),
        overdue_folios=summary.overdue_folios,
        day_end_variance=summary.day_end.variance.amount(),
    )
