"""One protection between tenants removed at a time; the isolation suite must fail each time."""

from __future__ import annotations

from drills.protections.drill import protections

__all__ = ["protections"]
