"""Guests, operators, and the desktops that operators work at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["Device", "Guest", "Operator", "SyncCursor"]


@dataclass(slots=True, kw_only=True)
class Operator:
    """A member of staff, with an account at iam and a membership. `state` is `active suspended removed`."""

    id: str
    tenant_id: str
    username: str
    password: str
    totp_secret: str
    recovery_codes: tuple[str, ...]
    display_name: str
    roles: tuple[str, ...]
    property_ids: tuple[str, ...]
    locale: str
    membership_id: str
    state: str = "active"
    locked: bool = False
    preferences: dict[str, object] = field(default_factory=dict)
    preferences_version: int = 1


@dataclass(slots=True, kw_only=True)
class Device:
    """A registered desktop installation. The key's RFC 7638 thumbprint is bound at the first sign-in."""

    id: str
    tenant_id: str
    property_id: str
    name: str
    platform: str
    locked: bool = False
    bound_thumbprint: str | None = None


@dataclass(slots=True, kw_only=True)
class Guest:
    """A guest; the name is in the script in which the guest writes it."""

    id: str
    tenant_id: str
    name: str
    language: str
    phone: str
    email: str
    country: str
    vip: bool = False


@dataclass(slots=True, kw_only=True)
class SyncCursor:
    """How far a device has synchronised a scope."""

    value: str
    as_of: datetime
