"""Two tenants use every route at the same time, each leaving strings of its own wherever it can write."""

from __future__ import annotations

from drills.tenants.fuzz import interleave

__all__ = ["interleave"]
