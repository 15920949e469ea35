"""The headers that travel to upstreams."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bff_backoffice.infrastructure.http.headers import (
    ALLOWED,
    allowed,
    child_of,
    request_id_header,
    retry_after_seconds,
    time_left,
)

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
LISTED = {
    "Authorization", "Accept", "Content-Type", "traceparent", "X-Request-Id", "X-Tenant-Id", "X-Property-Id",
    "X-Operator-Id", "X-Operator-Roles", "X-Device-Id", "X-Session-Id", "Accept-Language", "X-Request-Timeout-Ms",
    "X-Request-Deadline", "Idempotency-Key", "X-Idempotency-Key", "If-Match", "DPoP", "X-App-Version", "X-Occurred-At",
    "X-Mfa-Attestation",
}  # fmt: skip


def test_the_list_is_the_one_of_the_upstream_agreement():
    """Nothing more and nothing less than `docs/upstreams.md` names may travel."""
    assert {name.lower() for name in LISTED} == ALLOWED
    assert allowed(dict.fromkeys(LISTED, "value"))


@pytest.mark.parametrize(
    "name", ["Cookie", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Host", "Proxy-Authorization", "tracestate"]
)
def test_what_is_not_on_the_list_may_not_travel(name: str):
    """A name outside the list is a ValueError that names it."""
    with pytest.raises(ValueError, match=name):
        allowed({name: "value"})


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00b", "naïve", "tab\there", "trailing\n"])
def test_a_value_that_could_smuggle_something_may_not_travel(value: str):
    """Only printable ASCII leaves, and the refusal does not repeat the value, which may be a token."""
    with pytest.raises(ValueError, match="X-Tenant-Id") as caught:
        allowed({"X-Tenant-Id": value})
    assert value not in str(caught.value)


def test_a_child_span_stays_in_its_trace():
    """The trace id and the flags go on, the span id is new each time."""
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    one, other = child_of(parent).split("-"), child_of(parent).split("-")
    assert one[:2] == other[:2] == parent.split("-")[:2]
    assert one[3] == "01"
    assert len({one[2], other[2], "b7ad6b7169203331"}) == 3


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "nonsense",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
    ],
)
def test_a_broken_parent_starts_a_trace_of_its_own(broken: str):
    """What is not a traceparent is replaced by a valid one, unsampled."""
    version, trace_id, span_id, flags = child_of(broken).split("-")
    assert (version, flags) == ("00", "00")
    assert len(trace_id) == 32
    assert len(span_id) == 16
    assert int(trace_id, 16) > 0


def test_the_time_left_is_told_relatively_and_absolutely():
    """Both forms name the same moment, in whole milliseconds and in UTC."""
    assert time_left(0.5876, NOW) == {
        "X-Request-Timeout-Ms": "587",
        "X-Request-Deadline": "2026-11-22T10:00:00.587Z",
    }


def test_a_request_id_gets_its_prefix_once():
    """The platform's `req_` is added where it is missing."""
    assert request_id_header("01K9ZV6Y7R8S9T0V1W2X3Y4Z5A") == "req_01K9ZV6Y7R8S9T0V1W2X3Y4Z5A"
    assert request_id_header("req_01K9ZV6Y7R8S9T0V1W2X3Y4Z5A") == "req_01K9ZV6Y7R8S9T0V1W2X3Y4Z5A"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("17", 17),
        ("999999999999999999999", 3600),
        ("-3", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("Sun, 22 Nov 2026 10:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 09:59:30 GMT", 0),
        ("Sun, 22 Nov 2026 10:00:30 -0000", 30),
        ("Sun, 99 Nov 2026 10:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(value: str | None, seconds: int | None):
    """Seconds and dates are understood and bounded; anything else is as if it were not there."""
    assert retry_after_seconds(value, NOW) == seconds
