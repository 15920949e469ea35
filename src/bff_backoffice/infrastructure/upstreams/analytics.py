"""analytics-service: the key figures of the property's day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeVar

from msgspec import Meta
from msgspec.json import Decoder

from bff_backoffice.application.dashboard_loaders import OccupancyPercent
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.tiles import KpiTile
from bff_backoffice.infrastructure.dialect import Money, Wire, operator_headers, property_of
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient

__all__ = ["SERVICE", "AnalyticsGateway"]

T = TypeVar("T")

SERVICE: Final = Upstream(name="analytics-service", limit_seconds=0.6, retries=1)

_Percent = Annotated[float, Meta(ge=0)]


class _PercentMetric(Wire, frozen=True):
    unit: Literal["percent"]
    value: _Percent
    previous: _Percent | None


class _MoneyMetric(Wire, frozen=True):
    unit: Literal["currency"]
    value: Money
    previous: Money | None
    series: list[Money]


_PERCENT: Final = Decoder(_PercentMetric)
_MONEY: Final = Decoder(_MoneyMetric)


@dataclass(frozen=True, slots=True)
class AnalyticsGateway:
    """The figures that analytics has computed; they may be minutes old."""

    client: UpstreamClient

    async def occupancy(self, call: CallContext) -> OccupancyPercent:
        """Return today's occupancy, 0 to 100 with one decimal, and that of the same weekday a week ago."""
        return await self._metric("occupancy", call, _occupancy)

    async def adr(self, call: CallContext) -> KpiTile:
        """Return room revenue by rooms sold."""
        return await self._metric("adr", call, _figure)

    async def revpar(self, call: CallContext) -> KpiTile:
        """Return room revenue by rooms that could be sold."""
        return await self._metric("revpar", call, _figure)

    async def _metric(self, name: str, call: CallContext, decode: Callable[[bytes], T]) -> T:
        return await self.client.read(
            f"metric_{name}",
            f"/api/v1/analytics/metrics/{name}/value",
            bounds=call,
            headers=operator_headers(call),
            query={"propertyId": property_of(call)},
            decode=decode,
        )


def _occupancy(body: bytes) -> OccupancyPercent:
    metric = _PERCENT.decode(body)
    previous = None if metric.previous is None else round(metric.previous, 1)
    return OccupancyPercent(percent=round(metric.value, 1), previous_percent=previous)


def _figure(body: bytes) -> KpiTile:
    metric = _MONEY.decode(body)
    return KpiTile(
        value=metric.value.amount(),
        previous=None if metric.previous is None else metric.previous.amount(),
        series=[day.amount() for day in metric.series],
    )
