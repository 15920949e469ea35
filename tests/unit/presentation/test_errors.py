"""Refusals on the wire: the problem document byte for byte, its headers, and what an upstream's failure becomes."""

from __future__ import annotations

import json

import pytest

from bff_backoffice.application.ports import (
    StoreUnavailableError,
    UpstreamError,
    UpstreamInvalidResponseError,
    UpstreamRefusedError,
    UpstreamShedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.domain.errors import Code, FieldError, Refusal
from bff_backoffice.presentation.errors import (
    problem_document,
    problem_headers,
    problem_members,
    refusal_of,
    upstream_refusal,
    user_message,
)
from bff_backoffice.presentation.words import LANGUAGES

EN, FA = LANGUAGES["en"], LANGUAGES["fa-AF"]
REQUEST = "01HQ0000000000000000000009"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PATH = "/bff/backoffice/v1/preferences"


def document(refusal: Refusal, **changed: str) -> bytes:
    """The body of a refusal in Dari."""
    told = {"instance": PATH, "request_id": REQUEST, "trace_id": TRACE, **changed}
    return problem_document(refusal, language=FA, **told)


def test_golden_document() -> None:
    """The contract's example, member by member in its order, with the words in Dari."""
    refusal = Refusal(Code.IDEMPOTENCY_KEY_REUSED, errors=(FieldError("body.reason", "required", "Give a reason."),))
    assert document(refusal).decode() == (
        '{"type":"https://errors.melmastoon.ghasi.io/bff/idempotency-key-reused",'
        '"title":"The idempotency key belongs to another request","status":422,'
        '"detail":"The idempotency key belongs to another request","instance":"/bff/backoffice/v1/preferences",'
        '"code":"MELMASTOON.BFF.BACKOFFICE.IDEMPOTENCY_KEY_REUSED",'
        f'"requestId":"{REQUEST}","traceId":"{TRACE}","retriable":false,"retryAfter":null,"retry":"new_key",'
        '"userMessageKey":"errors.bff.idempotency_key_reused",'
        '"userMessage":{"text":"برنامه دو درخواست را با هم اشتباه کرد و این یکی انجام نشد. دوباره کوشش کنید.",'
        '"lang":"fa-AF","dir":"rtl"},'
        '"errors":[{"field":"body.reason","code":"required","detail":"Give a reason."}]}'
    )


def test_members_stand_in_the_contracts_order_and_additions_behind() -> None:
    """Every document has the same members in the same order; what a refusal adds comes last."""
    refusal = Refusal(Code.STEP_UP_REQUIRED, members={"stepUp": {"action": "folio.refund", "resource": "fol_1"}})
    assert list(json.loads(document(refusal))) == [
        "type", "title", "status", "detail", "instance", "code", "requestId", "traceId", "retriable", "retryAfter",
        "retry", "userMessageKey", "userMessage", "errors", "stepUp",
    ]  # fmt: skip


def test_a_problem_inside_a_frame_has_no_instance() -> None:
    """A problem without an address of its own has the same members but `instance`."""
    inside = problem_members(Refusal(Code.UPSTREAM_TIMEOUT), language=EN, request_id=REQUEST, trace_id=TRACE)
    outside = json.loads(document(Refusal(Code.UPSTREAM_TIMEOUT)))
    assert set(outside) - set(inside) == {"instance"}


@pytest.mark.parametrize("detail", ["tenant-service", "reservation-service"])
def test_not_found_is_one_answer(detail: str) -> None:
    """Missing here, missing upstream and another tenant's: the same bytes but for the three members that may differ."""
    here = document(Refusal(Code.RESOURCE_NOT_FOUND))
    missing = UpstreamRefusedError(
        detail, status=404, code="MELMASTOON.RESERVATION.NOT_FOUND", title="No rsv_01HQ", detail="rsv_01HQ"
    )
    foreign = UpstreamRefusedError(detail, status=403, code="MELMASTOON.TENANT.MISMATCH", title="Not yours")
    assert document(upstream_refusal(missing)) == here
    assert document(upstream_refusal(foreign)) == here
    other = json.loads(document(upstream_refusal(missing), instance="/x", request_id="r", trace_id="t"))
    assert {key for key, value in json.loads(here).items() if other[key] != value} == {
        "instance",
        "requestId",
        "traceId",
    }


FAILURES: list[tuple[Exception, Code]] = [
    (UpstreamTimeoutError("billing-service"), Code.UPSTREAM_TIMEOUT),
    (UpstreamUnavailableError("billing-service"), Code.UPSTREAM_UNAVAILABLE),
    (UpstreamUnavailableError("billing-service", breaker_open=True), Code.UPSTREAM_UNAVAILABLE),
    (UpstreamShedError("billing-service"), Code.OVERLOADED),
    (UpstreamInvalidResponseError("billing-service"), Code.UPSTREAM_INVALID_RESPONSE),
    (UpstreamError("billing-service"), Code.UPSTREAM_UNAVAILABLE),
    (StoreUnavailableError("sessions"), Code.STORE_UNAVAILABLE),
    (Refusal(Code.CURSOR_REGRESSION), Code.CURSOR_REGRESSION),
    (ZeroDivisionError("secret of tnt_1"), Code.INTERNAL),
]


@pytest.mark.parametrize(("failure", "code"), FAILURES)
def test_failures_find_their_code(failure: Exception, code: Code) -> None:
    """Every way to fail has its code; the words of an unforeseen exception stay inside."""
    refusal = refusal_of(failure)
    assert refusal.code is code
    assert "secret" not in document(refusal).decode()


def test_a_mutations_weather_is_not_final() -> None:
    """On a mutation every failure that is not the upstream's own refusal advises the same key."""
    for failure, code in FAILURES:
        if isinstance(failure, UpstreamError):
            assert refusal_of(failure, mutation=True).retry == "same_key", code


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (403, "MELMASTOON.BILLING.SOMETHING_ELSE", "same_key"),
        (403, "MELMASTOON.LOCK.OPERATOR_NOT_ALLOWED", None),
        (423, "MELMASTOON.RESERVATION.LOCKED", "same_key"),
        (425, "MELMASTOON.RESERVATION.TOO_EARLY", "same_key"),
        (429, Code.RATE_LIMITED.text, "same_key"),
        (409, "MELMASTOON.RESERVATION.ALREADY_CHECKED_IN", None),
        (412, "MELMASTOON.RESERVATION.VERSION_CONFLICT", "new_key"),
        (422, Code.VALIDATION_FAILED.text, None),
    ],
)
def test_whatever_leaves_a_key_open_says_that_the_key_may_be_sent_again(status: int, code: str, advice: str) -> None:
    """`retry` tells the same of a key as the memory of keys does: what is not final may be tried again under it."""
    error = UpstreamRefusedError("billing-service", status=status, code=code, title="x")
    assert upstream_refusal(error, mutation=True).retry == advice
    assert upstream_refusal(error).retry is None


def test_an_upstreams_own_code_passes_through() -> None:
    """A domain service's code, status and title reach the client unchanged, with words for the person."""
    error = UpstreamRefusedError(
        "reservation-service",
        status=409,
        code="MELMASTOON.RESERVATION.ALREADY_CHECKED_IN",
        title="The reservation is already checked in",
    )
    refusal = upstream_refusal(error, mutation=True)
    members = json.loads(document(refusal))
    assert members["type"] == "https://errors.melmastoon.ghasi.io/reservation/already-checked-in"
    assert (members["code"], members["status"]) == (error.code, 409)
    assert members["title"] == error.title
    assert members["userMessageKey"] == "errors.reservation.already_checked_in"
    assert members["retriable"] is False
    assert members["retry"] is None
    assert user_message(refusal, EN).startswith("This no longer fits")


@pytest.mark.parametrize("status", [400, 401, 402, 403, 405, 409, 410, 412, 413, 415, 418, 422, 423, 425, 429])
def test_every_foreign_status_has_words(status: int) -> None:
    """Whatever status an upstream refuses with, the person reads a sentence in every language."""
    error = UpstreamRefusedError("iam-service", status=status, code="MELMASTOON.NEW.THING", title="New")
    for language in LANGUAGES.values():
        assert user_message(upstream_refusal(error), language)


@pytest.mark.parametrize(
    ("upstream", "status", "code"),
    [
        ("billing-service", 401, "MELMASTOON.BILLING.UNAUTHENTICATED"),
        ("billing-service", 409, "<script>alert(1)</script>"),
        ("billing-service", 409, ""),
        ("billing-service", 302, "MELMASTOON.BILLING.MOVED"),
    ],
)
def test_what_is_no_refusal_of_the_client_is_an_invalid_response(upstream: str, status: int, code: str) -> None:
    """Our own credentials refused, a code that is none, a status that refuses nothing: 502, and the code stays here."""
    refusal = upstream_refusal(UpstreamRefusedError(upstream, status=status, code=code, title="x"))
    assert refusal.code is Code.UPSTREAM_INVALID_RESPONSE
    assert not code or code not in document(refusal).decode()


def test_a_shared_codes_status_never_changes() -> None:
    """An upstream that sends a code of the catalogue with another status gets the catalogue's."""
    error = UpstreamRefusedError("billing-service", status=422, code=Code.VALIDATION_FAILED.text, title="x")
    assert upstream_refusal(error).code is Code.VALIDATION_FAILED


def test_a_key_that_is_never_to_be_sent_again_is_not_retriable() -> None:
    """Advice `never` makes `retriable` false, whatever the code says in general."""
    members = json.loads(document(Refusal(Code.OUTCOME_UNKNOWN, retry="never")))
    assert (members["retriable"], members["retry"]) == (False, "never")


@pytest.mark.parametrize("code", list(Code))
def test_headers(code: Code) -> None:
    """Every refusal names its language; 429, 503 and an in-flight 409 say when to return; a 401 challenges."""
    headers = dict(problem_headers(Refusal(code), language=FA))
    members = json.loads(document(Refusal(code)))
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Content-Language"] == "fa-AF"
    waits = code.status in {429, 503} or code is Code.IDEMPOTENCY_IN_FLIGHT
    assert ("Retry-After" in headers) is waits
    assert members["retryAfter"] == (int(headers["Retry-After"]) if waits else None)
    assert ("WWW-Authenticate" in headers) is (code.status == 401)


def test_a_refusals_own_challenge_and_delay_win() -> None:
    """What the place of the refusal knows better is not overwritten and not doubled."""
    refusal = Refusal(Code.TOKEN_INVALID, headers=(("WWW-Authenticate", 'DPoP algs="ES256"'),))  # fmt: skip
    names = [name for name, _ in problem_headers(refusal, language=EN)]
    assert names.count("WWW-Authenticate") == 1
    limited = Refusal(Code.RATE_LIMITED, retry_after=17)
    assert dict(problem_headers(limited, language=EN))["Retry-After"] == "17"
