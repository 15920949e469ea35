"""Refusals on the wire: one catalogue, RFC 9457 problem documents, words in the reader's language.

Contract, section 2.4. `title` and `detail` stay English, for engineers; `userMessage` is for the person at the desk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from bff_backoffice.application.ports import (
    StoreUnavailableError,
    UpstreamError,
    UpstreamInvalidResponseError,
    UpstreamRefusedError,
    UpstreamShedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.domain.device_proof.challenges import challenge
from bff_backoffice.domain.errors import Advice, Code, ForeignCode, Refusal
from bff_backoffice.domain.idempotency import is_final_refusal
from bff_backoffice.presentation.words import Language, message, message_or_none

__all__ = [
    "ERROR_ADDRESS", "MEDIA_TYPE", "problem_document", "problem_headers", "problem_members", "refusal_of",
    "store_refusal", "type_address", "upstream_refusal", "user_message",
]  # fmt: skip

MEDIA_TYPE: Final = "application/problem+json"
ERROR_ADDRESS: Final = "https://errors.melmastoon.ghasi.io"

_FOREIGN_CODE: Final = re.compile(r"MELMASTOON(\.[A-Z][A-Z0-9_]{0,63}){1,4}\Z")
_BY_TEXT: Final[Mapping[str, Code]] = {code.text: code for code in Code}
# The platform says 403 for another tenant's resource; towards the client that must look like "does not exist".
_TENANT_MISMATCH: Final = frozenset({
    "MELMASTOON.TENANT.MISMATCH",
    "MELMASTOON.GENERAL.TENANT_FORBIDDEN",
    "MELMASTOON.GENERAL.CROSS_TENANT_REFERENCE",
})  # fmt: skip
# An upstream's refusal of what the client did not cause; whether to try again is then the only question that is left.
_OUR_CREDENTIALS: Final = frozenset({401, 407})
_RETRIABLE_STATUS: Final = frozenset({408, 423, 425, 429})
_FINAL_ADVICE: Final[Mapping[int, Advice]] = {412: "new_key"}
"""What is kept for a key stays kept: who looked again and means it still needs another one."""
_LONGEST_TITLE: Final = 200
_NOT_FOUND: Final = 404
_CLIENT_ERRORS: Final = range(400, 500)

_FOREIGN_MESSAGE: Final[Mapping[int, str]] = {
    400: "errors.foreign.input",
    401: "errors.foreign.sign_in",
    403: "errors.foreign.not_allowed",
    409: "errors.foreign.conflict",
    412: "errors.foreign.conflict",
    413: "errors.general.payload_too_large",
    415: "errors.general.unsupported_media_type",
    422: "errors.foreign.input",
    423: "errors.foreign.conflict",
    425: "errors.general.rate_limited",
    429: "errors.general.rate_limited",
}

# Retry-After is promised with 429, 503 and an in-flight 409; where nobody knows better, these many seconds.
_RETRY_AFTER_SECONDS: Final[Mapping[int, int]] = {429: 1, 503: 2}
_IN_FLIGHT_RETRY_AFTER_SECONDS: Final = 1


def problem_document(refusal: Refusal, *, language: Language, instance: str, request_id: str, trace_id: str) -> bytes:
    """Return the body of a refusal, as `application/problem+json`.

    `instance` is the path as it was requested. `request_id` is the ULID of `X-Request-Id`, `trace_id` the trace's 32
    hexadecimal digits. Two refusals of the same kind differ in these three members only.
    """
    members = problem_members(refusal, language=language, request_id=request_id, trace_id=trace_id, instance=instance)
    return msgspec.json.encode(members)


def problem_members(
    refusal: Refusal, *, language: Language, request_id: str, trace_id: str, instance: str | None = None
) -> dict[str, object]:
    """Return the members of a problem, in the order of the contract's example.

    Without `instance` for a problem inside something else, such as a widget's frame: it has no address of its own.
    """
    code = refusal.code
    where: dict[str, object] = {} if instance is None else {"instance": instance}
    return {
        "type": type_address(code),
        "title": code.title,
        "status": code.status,
        "detail": refusal.detail,
        **where,
        "code": code.text,
        "requestId": request_id,
        "traceId": trace_id,
        # A key that must never be sent again makes a retry pointless, whatever the code says in general.
        "retriable": code.retriable and refusal.retry != "never",
        "retryAfter": _retry_after(refusal),
        "retry": refusal.retry,
        "userMessageKey": code.message_key,
        "userMessage": {"text": user_message(refusal, language), "lang": language.tag, "dir": language.dir},
        "errors": [{"field": e.field, "code": e.code, "detail": e.detail} for e in refusal.errors],
        **refusal.members,
    }


def problem_headers(refusal: Refusal, *, language: Language) -> list[tuple[str, str]]:
    """Return the headers of a refusal but for its length: media type, language, retry advice and the refusal's own.

    A 401 always challenges (RFC 9110, section 15.5.2), also one that passed through from iam-service.
    """
    headers = [("Content-Type", MEDIA_TYPE), ("Content-Language", language.tag)]
    seconds = _retry_after(refusal)
    if seconds is not None:
        headers.append(("Retry-After", str(seconds)))
    headers.extend(refusal.headers)
    challenged = any(name.lower() == "www-authenticate" for name, _ in refusal.headers)
    if refusal.code.status == 401 and not challenged:  # noqa: PLR2004 - the status that RFC 9110 names
        headers.extend(challenge("invalid_token"))
    return headers


def type_address(code: Code | ForeignCode) -> str:
    """Return the address of the error's page: the problem's `type`."""
    return f"{ERROR_ADDRESS}/{code.domain}/{code.slug}"


def user_message(refusal: Refusal, language: Language) -> str:
    """Return what the person reads. A domain service's own code has a text of its own, or its status's general one."""
    own = message_or_none(language, refusal.code.message_key)
    if own is not None:
        return own
    status = refusal.code.status
    default = "errors.foreign.refused" if status in _CLIENT_ERRORS else "errors.bff.upstream_unavailable"
    return message(language, _FOREIGN_MESSAGE.get(status, default))


def refusal_of(failure: Exception, *, mutation: bool = False) -> Refusal:
    """Return the refusal for anything that can go wrong behind a route; what nobody foresaw is `INTERNAL`.

    The text of an unforeseen exception never reaches the client: it may hold data.
    """
    match failure:
        case Refusal():
            return failure
        case UpstreamError():
            return upstream_refusal(failure, mutation=mutation)
        case StoreUnavailableError():
            return store_refusal(failure, mutation=mutation)
        case _:
            return Refusal(Code.INTERNAL)


def store_refusal(error: StoreUnavailableError, *, mutation: bool = False) -> Refusal:
    """Return the refusal for a store that is away. Which store is no secret: the documentation names them all.

    A `mutation` under a key that can't be looked up may have been carried out: the same key finds out.
    """
    retry: Advice | None = "same_key" if mutation else None
    return Refusal(Code.STORE_UNAVAILABLE, f"The {error.store} store is not available.", retry=retry)


def upstream_refusal(error: UpstreamError, *, mutation: bool = False) -> Refusal:
    """Return the refusal for an upstream's failure.

    On a `mutation` nothing is final but the upstream's own refusal: the same key may be tried again (contract,
    section 5). `detail` names the service and never repeats its answer.
    """
    retry: Advice | None = "same_key" if mutation else None
    match error:
        case UpstreamRefusedError():
            return _passed_through(error, retry)
        case UpstreamTimeoutError():
            code, detail = Code.UPSTREAM_TIMEOUT, f"{error.upstream} did not answer in time."
        case UpstreamShedError():
            code, detail = Code.OVERLOADED, f"{error.upstream} was not called, to keep it and the service alive."
        case UpstreamInvalidResponseError():
            code = Code.UPSTREAM_INVALID_RESPONSE
            detail = f"{error.upstream} answered with something else than its contract says."
        case UpstreamUnavailableError(breaker_open=True):
            code, detail = Code.UPSTREAM_UNAVAILABLE, f"{error.upstream} was not called, because it failed just before."
        case _:
            code, detail = Code.UPSTREAM_UNAVAILABLE, f"{error.upstream} is not available."
    return Refusal(code, detail, retry_after=error.retry_after, retry=retry)


def _passed_through(error: UpstreamRefusedError, retry: Advice | None) -> Refusal:
    if error.status == _NOT_FOUND or error.code in _TENANT_MISMATCH:
        # One answer for "does not exist" and "is not yours", with no word of the upstream in it.
        return Refusal(Code.RESOURCE_NOT_FOUND)
    ours = error.status in _OUR_CREDENTIALS and error.upstream != "iam-service"
    if ours or error.status not in _CLIENT_ERRORS or not _FOREIGN_CODE.match(error.code):
        detail = f"{error.upstream} refused in a way that its contract does not name."
        return Refusal(Code.UPSTREAM_INVALID_RESPONSE, detail, retry=retry)
    advice = _FINAL_ADVICE.get(error.status) if retry and is_final_refusal(error.status, error.code) else retry
    known = _BY_TEXT.get(error.code)
    if known is not None:
        # A code's status never changes, so one that the platform shares keeps the catalogue's.
        return Refusal(known, error.detail, retry_after=error.retry_after, retry=advice)
    code = ForeignCode(
        text=error.code,
        status=error.status,
        title=(error.title or error.code)[:_LONGEST_TITLE],
        retriable=error.status in _RETRIABLE_STATUS,
        retry=advice,
    )
    return Refusal(code, error.detail, retry_after=error.retry_after)


def _retry_after(refusal: Refusal) -> int | None:
    """Whole seconds, in the body and in the header alike."""
    if refusal.retry_after is not None:
        return max(0, refusal.retry_after)
    if refusal.code is Code.IDEMPOTENCY_IN_FLIGHT:
        return _IN_FLIGHT_RETRY_AFTER_SECONDS
    return _RETRY_AFTER_SECONDS.get(refusal.code.status)
