"""What an answer means: a value, a refusal in the service's own words, or a failure of the upstream."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from bff_backoffice.application.ports import (
    UpstreamInvalidResponseError,
    UpstreamRefusedError,
    UpstreamUnavailableError,
)
from bff_backoffice.infrastructure.http.connections import Answer
from bff_backoffice.infrastructure.http.headers import retry_after_seconds

__all__ = ["PassingFailureError", "value_of"]

T = TypeVar("T")

_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]*(\.[A-Z0-9_]+){1,4}\Z")
_LONGEST_CODE: Final = 120
_LONGEST_TITLE: Final = 200
_UNAUTHORIZED: Final = 401
_TRANSIENT: Final = frozenset({408, 425})
_PASSING: Final = frozenset({502, 503, 504})


class PassingFailureError(UpstreamUnavailableError):
    """A failure that another try may well not meet: a lost connection, or an intermediary's word of a busy upstream."""


class _Problem(msgspec.Struct):
    """The members that both error dialects share. Everything but the code may be missing or of another type."""

    code: str
    title: object = None
    message: object = None


class _Wrapped(msgspec.Struct):
    error: _Problem


_FLAT_DIALECT: Final = msgspec.json.Decoder(_Problem)
_WRAPPED_DIALECT: Final = msgspec.json.Decoder(_Wrapped)
_UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError, ArithmeticError)


def value_of(
    answer: Answer, decode: Callable[[bytes], T], *, upstream: str, now: datetime, refuses_with_401: bool
) -> T:
    """Return the decoded value of a 2xx answer, or raise the member of the family that says what happened instead.

    A 4xx is a refusal only where it carries a platform error code: a bare one comes from something in between and says
    nothing about the resource. A 401 is about this service's own credentials, unless the upstream is known to use it
    for what the operator sent (`refuses_with_401`), and must never reach the desktop as if its token were bad.

    Raises:
        UpstreamInvalidResponseError: another status, media type or shape than the upstream's contract says.
        UpstreamRefusedError: a 4xx with a code, from either error dialect.
        UpstreamUnavailableError: a 5xx, a transient 4xx, or a refusal of this service's credentials.
    """
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004 - the bounds of the class of success are nobody's secret
        return _decoded(answer, decode, upstream)
    detail = f"answered {status}"
    retry_after = retry_after_seconds(answer.headers.get("Retry-After"), now)
    if status in _PASSING and not retry_after:
        raise PassingFailureError(upstream, detail)
    if status >= 500 or status in _TRANSIENT:  # noqa: PLR2004 - the class of server errors
        raise UpstreamUnavailableError(upstream, detail, retry_after=retry_after)
    if status == _UNAUTHORIZED and not refuses_with_401:
        raise UpstreamUnavailableError(upstream, "refused this service's credentials")
    if 400 <= status < 500:  # noqa: PLR2004 - the class of client errors
        raise _refusal(answer, upstream, retry_after)
    raise UpstreamInvalidResponseError(upstream, detail)


def _decoded(answer: Answer, decode: Callable[[bytes], T], upstream: str) -> T:
    if answer.body and not _is_json(answer.content_type):
        raise UpstreamInvalidResponseError(upstream, "a media type that is not JSON")
    try:
        return decode(answer.body)
    except _UNREADABLE as error:
        # The decoder's message names the place and the expected type, never the value that was found.
        place = str(error) if isinstance(error, msgspec.MsgspecError) else type(error).__name__
        raise UpstreamInvalidResponseError(upstream, place) from error


def _is_json(content_type: str) -> bool:
    return content_type == "application/json" or (
        content_type.startswith("application/") and content_type.endswith("+json")
    )


def _refusal(
    answer: Answer, upstream: str, retry_after: int | None
) -> UpstreamRefusedError | UpstreamInvalidResponseError:
    detail = f"answered {answer.status}"
    problem = _problem(answer.body) if _is_json(answer.content_type) else None
    if problem is None:
        return UpstreamInvalidResponseError(upstream, f"{detail} without an error code")
    words = problem.title if isinstance(problem.title, str) else problem.message
    title = "".join(filter(str.isprintable, words))[:_LONGEST_TITLE] if isinstance(words, str) else ""
    refusal = UpstreamRefusedError(upstream, status=answer.status, code=problem.code, title=title, detail=detail)
    refusal.retry_after = retry_after
    return refusal


def _problem(body: bytes) -> _Problem | None:
    for dialect in (_FLAT_DIALECT, _WRAPPED_DIALECT):
        try:
            found = dialect.decode(body)
        except _UNREADABLE:
            continue
        problem = found.error if isinstance(found, _Wrapped) else found
        if len(problem.code) <= _LONGEST_CODE and _CODE.match(problem.code):
            return problem
    return None
