"""Compressed answers, for the few routes whose answers are large: gzip, where the client takes it (RFC 9110, 8.4).

Not for answers that repeat what a stranger sent beside a secret, since their length would tell of it (BREACH).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final

from bff_backoffice.presentation.exchange import Whole
from bff_backoffice.presentation.qualities import quality

__all__ = ["VARY", "coded"]

VARY: Final = "Accept, Accept-Encoding, Accept-Language, Authorization, DPoP, Origin"
"""What an answer that may be compressed depends on."""
_LEVEL: Final = 6
_SMALLEST: Final = 1_000
"""Below this many bytes an answer fits into one packet either way."""
_REMEMBERED: Final = 64


def coded(answer: Whole, accept_encoding: Iterable[str]) -> Whole:
    """Return the answer in the best coding that the client takes. The same bytes always give the same bytes.

    A client that refuses every coding, `identity` too, still gets the answer as it is: RFC 9110, section 12.5.3, allows
    that, and a pack that nobody asked to be compressed is better than none.
    """
    headers = (*answer.headers, ("Vary", VARY))
    if len(answer.body) < _SMALLEST or not _takes_gzip(tuple(accept_encoding)):
        return replace(answer, headers=headers)
    return replace(
        answer,
        body=gzip.compress(answer.body, _LEVEL, mtime=0),
        headers=(*headers, ("Content-Encoding", "gzip")),
    )


@lru_cache(_REMEMBERED)
def _takes_gzip(accept_encoding: tuple[str, ...]) -> bool:
    """Whether the header's best match for gzip is wanted at all and no less than the answer as it is."""
    qualities: dict[str, float] = {}
    for part in ",".join(accept_encoding).split(","):
        name, _, parameter = part.partition(";")
        qualities.setdefault(name.strip().lower().removeprefix("x-"), quality(parameter))
    wanted = qualities.get("gzip", qualities.get("*", 0.0))
    return wanted > 0 and wanted >= qualities.get("identity", 0.0)
