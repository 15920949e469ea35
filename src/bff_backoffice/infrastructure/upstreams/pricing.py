"""pricing-service: today's rates. It calls a property `pty_` and writes money as `"<micro>:<CUR>"`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from msgspec.json import Decoder

from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.tiles import RateLine, RatesTile
from bff_backoffice.infrastructure.dialect import (
    LocalizedText,
    Wire,
    money_of_text,
    operator_headers,
    property_of,
    relabelled,
)
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient

__all__ = ["SERVICE", "PricingGateway"]

SERVICE: Final = Upstream(name="pricing-service", limit_seconds=0.6, retries=1)


class _Rate(Wire, frozen=True):
    room_type_id: str
    name: LocalizedText
    price: str | None
    available: int | None = None


class _Snapshot(Wire, frozen=True):
    items: list[_Rate]


_SNAPSHOT: Final = Decoder(_Snapshot)


@dataclass(frozen=True, slots=True)
class PricingGateway:
    """The best available public rate of each room type."""

    client: UpstreamClient

    async def rates(self, call: CallContext) -> RatesTile:
        """Return today's rate per room type, named in the caller's language; a rate that is not known is null."""
        return await self.client.read(
            "rates_snapshot",
            "/v1/pricing/rates/snapshot",
            bounds=call,
            headers=operator_headers(call),
            query={"propertyId": relabelled(property_of(call), "pty")},
            decode=partial(_rates, call.locale),
        )


def _rates(locale: str, body: bytes) -> RatesTile:
    return RatesTile(
        items=[
            RateLine(
                room_type_id=rate.room_type_id,
                name=rate.name.in_language(locale),
                price=None if rate.price is None else money_of_text(rate.price),
                available_rooms=rate.available,
            )
            for rate in _SNAPSHOT.decode(body).items
        ]
    )
