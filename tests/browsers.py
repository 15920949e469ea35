"""The browser that tests drive: Debian's Chromium, its headless shell first, which draws no frame of a window."""

from __future__ import annotations

import shutil
from typing import Final

__all__ = ["CHROMIUM", "HOW_TO_INSTALL"]

CHROMIUM: Final = next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"))), None
)
"""The path of the command; None where there is no browser."""

HOW_TO_INSTALL: Final = "apt-get install chromium-headless-shell fonts-noto-core"
