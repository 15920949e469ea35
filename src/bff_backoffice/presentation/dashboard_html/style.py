"""The page's one style sheet, and the policy that lets it in by its hash and nothing else.

It is used twice, in the document and in the shadow tree, since styles do not cross that border. The text is fixed, so
one hash admits both and there is no nonce to mint, keep and leak.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from importlib.resources import files
from typing import Final

__all__ = ["STYLE", "content_security_policy"]

STYLE: Final = (files("bff_backoffice.presentation.dashboard_html") / "page.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = b64encode(sha256(STYLE.encode()).digest()).decode()


def content_security_policy(image_origins: Iterable[str] = ("https:",)) -> str:
    """Return the `Content-Security-Policy` of the page: no script, no frame, this style, photos from these origins."""
    images = " ".join(image_origins) or "'none'"
    return (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src {images}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
