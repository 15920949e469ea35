"""The automated accessibility check: axe-core in the page as it stands (WCAG 2.2 A and AA, and axe's good practice)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

__all__ = ["WITH_COLOURS", "complaints"]

WITH_COLOURS: Final = ("en", "ar")
"""One language of each direction: the others have the same colours in the same places."""

_FILE: Final = Path(__file__).parent / "axe" / "axe.min.js"
_DIGEST: Final = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
_OPTIONS: Final = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
_RUN: Final = """async (options) => {
  const { violations } = await axe.run(document, options);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, any, all, none }) => {
      const why = [...any, ...all, ...none].map((each) => each.message).join("; ");
      return `${id}: ${target.join(" ")}: ${why}`;
    }),
  );
}"""


def _axe() -> str:
    text = _FILE.read_bytes()
    assert hashlib.sha256(text).hexdigest() == _DIGEST, "axe.min.js is not the file that axe/README.md tells of"
    return text.decode()


def complaints(page: Page, *, colours: bool = True) -> list[str]:
    """What axe finds on the page: rule, element and reason of each place. An empty list is what is wanted.

    Without `colours` it does not look at the contrasts, which takes longer than all else and is the same in every
    language of one direction.
    """
    if not page.evaluate("typeof window.axe === 'object'"):
        # Evaluated by the browser's own debugger: the page's policy against foreign scripts stays as it is.
        page.evaluate(_axe())
    return list(page.evaluate(_RUN, {**_OPTIONS, "rules": {"color-contrast": {"enabled": colours}}}))
