"""Writes `docs/errors.md` from the catalogue: `python -m bff_backoffice.presentation.errors_page > docs/errors.md`."""

from __future__ import annotations

import sys

from bff_backoffice.domain.errors import Code
from bff_backoffice.presentation.errors import type_address
from bff_backoffice.presentation.words import DEFAULT_LANGUAGE, message

__all__ = ["render"]

_ADVICE = {None: "", "same_key": "same key", "new_key": "new key", "never": "never"}


def render() -> str:
    """Return the whole page."""
    lines = [
        "# Every refusal",
        "",
        "Generated from `src/bff_backoffice/domain/errors.py` and `locales/`; a test holds it current. Every refusal",
        "is an RFC 9457 problem document. A domain service's own code passes through unchanged and is not listed here.",
        "*Again* says whether the same request can succeed later; *Key* what to do with its idempotency key.",
        "",
        "| Status | Code | Title | What the person reads (English) | Again | Key |",
        "|---|---|---|---|---|---|",
    ]
    for code in sorted(Code, key=lambda code: (code.status, code.text)):
        again = "yes" if code.retriable else "no"
        address = type_address(code)
        text = message(DEFAULT_LANGUAGE, code.message_key)
        cells = (str(code.status), f"[`{code.text}`]({address})", code.title, text, again, _ADVICE[code.retry])
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
