"""The dashboard as a page: chunked server-side rendering that paints without script (contract, section 4).

Pure functions that return bytes: `page_start`, then `widget` for each frame in any order, then `page_end`. `PageWriter`
is the three of them behind one call a frame.
"""

from __future__ import annotations

from bff_backoffice.presentation.dashboard_html.page import Page, page_of
from bff_backoffice.presentation.dashboard_html.shell import PageWriter, page_end, page_start, widget
from bff_backoffice.presentation.dashboard_html.style import content_security_policy

__all__ = ["Page", "PageWriter", "content_security_policy", "page_end", "page_of", "page_start", "widget"]
