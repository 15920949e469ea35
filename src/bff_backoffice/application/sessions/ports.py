"""What iam-service and tenant-service tell a session: the results of the ports that the session use cases declare."""

from __future__ import annotations

from dataclasses import dataclass, field

from bff_backoffice.application.tiles import MoneyAmount
from bff_backoffice.domain.operator import TenantId

__all__ = ["RefreshedTokens", "SessionValidation", "TenantProfile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionValidation:
    """Whether iam-service still knows a session as this operator's, on this device, with this key.

    `reason` is iam's word for a session that is not active, and None for one that is.
    """

    active: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshedTokens:
    """A new pair of tokens. `expires_in` counts whole seconds of the access token's life from its issue.

    The tokens never show in a representation, so that no log line can hold one.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantProfile:
    """A hotel company as tenant-service describes it: its name, its look, its languages and its rules.

    `charge_limit` is the amount above which a charge needs a second factor; None where the tenant sets no limit.
    `theme_bundle_url` is None where tenant-service names an address that no page must follow.
    """

    id: TenantId
    slug: str
    display_name: str
    status: str
    theme_id: str
    theme_version: str
    theme_bundle_url: str | None
    default_locale: str
    locales: tuple[str, ...]
    currencies: tuple[str, ...]
    app_version_floor: str
    app_version_current: str
    issue_key_needs_mfa: bool
    charge_limit: MoneyAmount | None
