"""When an answer is compressed, and that it is the same answer."""

from __future__ import annotations

import gzip

import pytest

from bff_backoffice.presentation.content_coding import coded
from bff_backoffice.presentation.exchange import Whole

LARGE = Whole(status=200, body=b"room 101, " * 1_000, media_type="application/json", headers=(("ETag", 'W/"1"'),))


@pytest.mark.parametrize(
    "header",
    [("gzip",), ("GZIP",), ("x-gzip",), ("br, gzip",), ("br", "gzip;q=0.1"), ("*",), ("gzip;q=1.0, identity; q=0.5",)],
)
def test_who_takes_gzip_gets_it(header: tuple[str, ...]) -> None:
    """The same bytes after decoding, much fewer on the way, and every time the same."""
    answer = coded(LARGE, header)

    assert ("Content-Encoding", "gzip") in answer.headers
    assert gzip.decompress(answer.body) == LARGE.body
    assert len(answer.body) < len(LARGE.body) / 10
    assert answer == coded(LARGE, header)


@pytest.mark.parametrize(
    "header", [(), ("",), ("identity",), ("br",), ("gzip;q=0",), ("gzip;q=nan",), ("gzip;v=1",), ("*;q=0",),
               ("gzip;q=0.2, identity",)],
)  # fmt: skip
def test_who_does_not_gets_it_as_it_is(header: tuple[str, ...]) -> None:
    """Also where the header makes no sense: a bad preference never refuses a pack."""
    answer = coded(LARGE, header)

    assert answer.body == LARGE.body
    assert "Content-Encoding" not in dict(answer.headers)
    assert "Accept-Encoding" in dict(answer.headers)["Vary"]


def test_a_small_answer_is_not_worth_it() -> None:
    """It fits into one packet either way."""
    small = Whole(status=200, body=b"{}")

    assert coded(small, ("gzip",)).body == b"{}"
