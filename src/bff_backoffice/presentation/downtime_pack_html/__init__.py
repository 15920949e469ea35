"""The downtime pack as a page that prints: one document, no script, nothing to fetch."""

from __future__ import annotations

from bff_backoffice.presentation.downtime_pack_html.page import PAGE_POLICY, pack_page

__all__ = ["PAGE_POLICY", "pack_page"]
