"""Tenants, properties, rooms, and the locks and keys of their doors."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from platform_sim.dialect import Money

__all__ = ["Address", "KeyCredential", "Lock", "Photo", "Policy", "Property", "Room", "RoomType", "Tenant", "Text"]


@dataclass(frozen=True, slots=True)
class Text:
    """A text in several languages: `{default, values{}}` on the wire."""

    default: str
    values: dict[str, str] = field(default_factory=dict)

    def wire(self) -> dict[str, object]:
        """The shape in which property-service and others send it."""
        return {"default": self.default, "values": self.values}


@dataclass(slots=True, kw_only=True)
class Policy:
    """What a tenant decided: whether issuing a key asks for a second factor, and from which charge on one is asked."""

    issue_key_mfa: bool = False
    charge_limit: Money | None = None


@dataclass(slots=True, kw_only=True)
class Tenant:
    """A hotel company."""

    id: str
    slug: str
    legal_name: str
    name: str
    country: str
    default_locale: str
    locales: tuple[str, ...]
    currencies: tuple[str, ...]
    theme_id: str
    theme_version: str = "1"
    status: str = "active"
    app_version_floor: str = "1.0.0"
    app_version_current: str = "1.4.2"
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a property stands, in Latin letters and, where people write it so, in its own script."""

    line1: str
    city: str
    country_iso2: str
    native_script_line1: str | None = None
    latitude: float = 0.0
    longitude: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A picture of a property; `position` 0 is the cover. The picture itself is drawn by `pictures.py`."""

    id: str
    position: int
    scene: str
    alt: Text


@dataclass(slots=True, kw_only=True)
class Property:
    """A hotel."""

    id: str
    tenant_id: str
    slug: str
    name: Text
    description: Text
    address: Address
    timezone: str
    currency: str
    check_in_time: str
    check_out_time: str
    photos: tuple[Photo, ...]
    status: str = "published"
    version: int = 1


@dataclass(slots=True, kw_only=True)
class RoomType:
    """A kind of room; `base_rate` is what a night costs before the day of the week and demand move it."""

    id: str
    tenant_id: str
    property_id: str
    code: str
    name: Text
    max_guests: int
    beds: str
    base_rate: Money


@dataclass(slots=True, kw_only=True)
class Room:
    """A room. `status` is housekeeping's; out_of_order and out_of_service rooms can't be sold."""

    id: str
    tenant_id: str
    property_id: str
    room_type_id: str
    number: str
    floor: int
    status: str
    """`dirty cleaning clean inspected ready out_of_order out_of_service`."""
    updated_at: datetime
    version: int = 1
    notes: str | None = None

    @property
    def sellable(self) -> bool:
        """Whether the room counts as capacity."""
        return self.status not in {"out_of_order", "out_of_service"}


@dataclass(slots=True, kw_only=True)
class Lock:
    """A lock on a room's door."""

    id: str
    tenant_id: str
    property_id: str
    room_id: str
    vendor: str
    battery_percent: int
    online: bool = True


@dataclass(slots=True, kw_only=True)
class KeyCredential:
    """A key for a guest. States: `requested pending active suspended revoked`."""

    id: str
    tenant_id: str
    property_id: str
    lock_id: str
    room_id: str
    reservation_id: str
    kind: str
    state: str
    valid_from: datetime
    valid_until: datetime
    vendor: str
    issued_by: str | None
    issued_at: datetime
    revoked_at: datetime | None = None
    revoked_reason: str | None = None
    version: int = 1
