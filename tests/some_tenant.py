"""A tenant for tests: what tenant-service might say of a hotel company."""

from __future__ import annotations

from typing import Any

from bff_backoffice.application.sessions.ports import TenantProfile
from bff_backoffice.domain.operator import TenantId

__all__ = ["some_profile"]


def some_profile(tenant_id: TenantId, **more: Any) -> TenantProfile:
    """A profile; `more` replaces members."""
    members: dict[str, Any] = {
        "id": tenant_id,
        "slug": "kabul-star",
        "display_name": "Kabul Star",
        "status": "active",
        "theme_id": "thm_kabul",
        "theme_version": "7",
        "theme_bundle_url": "https://cdn.melmastoon.app/themes/thm_kabul/published.json",
        "default_locale": "fa-AF",
        "locales": ("fa-AF", "en"),
        "currencies": ("AFN",),
        "app_version_floor": "1.0.0",
        "app_version_current": "1.4.2",
        "issue_key_needs_mfa": False,
        "charge_limit": None,
    }
    return TenantProfile(**{**members, **more})
