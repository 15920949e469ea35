"""Writes the golden readings anew, to be looked at before they are committed.

Run it with `.venv/bin/python -m tests.unit.presentation.write_golden`.
"""

from __future__ import annotations

from bff_backoffice.presentation.words import LANGUAGES
from tests.unit.presentation.html_reader import StrictPage
from tests.unit.presentation.test_dashboard_html import GOLDEN, page

if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for tag, language in LANGUAGES.items():
        texts = StrictPage(page(language)).texts
        (GOLDEN / f"{tag}.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
