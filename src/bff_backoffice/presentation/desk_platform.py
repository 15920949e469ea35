"""Which platform's keys a request is about."""

from __future__ import annotations

from typing import Final

from bff_backoffice.domain.operator import AppPlatform
from bff_backoffice.presentation.exchange import Exchange, malformed
from bff_backoffice.presentation.route_table import Parameter

__all__ = ["PLATFORM_PARAMETER", "asked_platform"]

_PLATFORMS: Final = tuple(platform.value for platform in AppPlatform)

PLATFORM_PARAMETER: Final = Parameter(
    "platform", "query", "Which platform's keys; else that of the session's device, else `win32`.",
    {"type": "string", "enum": list(_PLATFORMS)},
)  # fmt: skip


def asked_platform(exchange: Exchange) -> AppPlatform:
    """Return the platform that the request names, else the one that the session's device said last, else Windows.

    Raises:
        Refusal: VALIDATION_FAILED for one that there is not.
    """
    given = exchange.one("platform")
    if given is None:
        return exchange.operator.session.app_platform or AppPlatform.WINDOWS
    if given not in _PLATFORMS:
        raise malformed("query.platform", "unknown", f"One of {', '.join(_PLATFORMS)}.")
    return AppPlatform(given)
