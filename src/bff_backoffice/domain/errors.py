"""The MELMASTOON catalogue: every refusal that a client can see, its status and its advice.

A code's status never changes (contract, section 2.4). The words that people read are in `locales/`; the file that
turns a refusal into a response is `presentation/errors.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

__all__ = ["Advice", "Code", "FieldError", "ForeignCode", "Refusal"]

Advice = Literal["same_key", "new_key", "never"]
"""What a client does with its idempotency key after a refusal."""

_ROOT: Final = "MELMASTOON."


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    status: int
    title: str
    retriable: bool = False
    retry: Advice | None = None


class Code(Enum):
    """Every code that this service itself gives. A domain service's own code passes through and is not listed."""

    VALIDATION_FAILED = _Entry("GENERAL.VALIDATION_FAILED", 400, "The request is malformed")
    IDEMPOTENCY_KEY_MISSING = _Entry("BFF.BACKOFFICE.IDEMPOTENCY_KEY_MISSING", 400, "An idempotency key is required")
    TOKEN_INVALID = _Entry("BFF.BACKOFFICE.TOKEN_INVALID", 401, "The access token is not valid")
    TOKEN_EXPIRED = _Entry("BFF.BACKOFFICE.TOKEN_EXPIRED", 401, "The access token has expired")
    PROOF_INVALID = _Entry("BFF.BACKOFFICE.PROOF_INVALID", 401, "The proof of possession is not valid")
    PROOF_REPLAYED = _Entry("BFF.BACKOFFICE.PROOF_REPLAYED", 401, "The proof of possession was used before")
    NONCE_REQUIRED = _Entry(
        "BFF.BACKOFFICE.NONCE_REQUIRED", 401, "The proof must carry the server's nonce", retriable=True
    )
    SESSION_REVOKED = _Entry("BFF.BACKOFFICE.SESSION_REVOKED", 401, "The session was ended")
    STEP_UP_REQUIRED = _Entry("BFF.BACKOFFICE.STEP_UP_REQUIRED", 401, "A second factor is required")
    ROLE_FORBIDDEN = _Entry("BFF.BACKOFFICE.ROLE_FORBIDDEN", 403, "The operator's role does not allow this")
    DEVICE_MISMATCH = _Entry("BFF.BACKOFFICE.DEVICE_MISMATCH", 403, "The token belongs to another device")
    OPERATOR_SUSPENDED = _Entry("BFF.BACKOFFICE.OPERATOR_SUSPENDED", 403, "The operator is suspended")
    RESOURCE_NOT_FOUND = _Entry("GENERAL.RESOURCE_NOT_FOUND", 404, "There is no such resource")
    METHOD_NOT_ALLOWED = _Entry("GENERAL.METHOD_NOT_ALLOWED", 405, "The path does not take this method")
    NOT_ACCEPTABLE = _Entry("GENERAL.NOT_ACCEPTABLE", 406, "No acceptable representation")
    IDEMPOTENCY_IN_FLIGHT = _Entry(
        "BFF.BACKOFFICE.IDEMPOTENCY_IN_FLIGHT",
        409,
        "The same request is still running",
        retriable=True,
        retry="same_key",
    )
    OUTCOME_UNKNOWN = _Entry(
        "BFF.BACKOFFICE.OUTCOME_UNKNOWN", 409, "The upstream may have acted", retriable=True, retry="same_key"
    )
    SUGGESTION_ALREADY_DECIDED = _Entry(
        "BFF.BACKOFFICE.SUGGESTION_ALREADY_DECIDED", 409, "The suggestion was decided before"
    )
    ALERT_ALREADY_ACKNOWLEDGED = _Entry(
        "BFF.BACKOFFICE.ALERT_ALREADY_ACKNOWLEDGED", 409, "The alert was acknowledged before"
    )
    CURSOR_REGRESSION = _Entry("BFF.BACKOFFICE.CURSOR_REGRESSION", 409, "A cursor never moves backwards")
    APP_VERSION_UNSUPPORTED = _Entry(
        "BFF.BACKOFFICE.APP_VERSION_UNSUPPORTED", 410, "The application build is no longer supported"
    )
    PRECONDITION_FAILED = _Entry(
        "BFF.BACKOFFICE.PRECONDITION_FAILED", 412, "The resource was changed meanwhile", retry="new_key"
    )
    PAYLOAD_TOO_LARGE = _Entry("GENERAL.PAYLOAD_TOO_LARGE", 413, "The request body is too large")
    UNSUPPORTED_MEDIA_TYPE = _Entry("GENERAL.UNSUPPORTED_MEDIA_TYPE", 415, "The request body's media type is not taken")
    IDEMPOTENCY_KEY_REUSED = _Entry(
        "BFF.BACKOFFICE.IDEMPOTENCY_KEY_REUSED", 422, "The idempotency key belongs to another request", retry="new_key"
    )
    RATE_LIMITED = _Entry("GENERAL.RATE_LIMITED", 429, "Too many requests", retriable=True)
    INTERNAL = _Entry("GENERAL.INTERNAL", 500, "The service failed", retriable=True)
    UPSTREAM_INVALID_RESPONSE = _Entry(
        "BFF.UPSTREAM_INVALID_RESPONSE", 502, "An upstream answered with something else than promised", retriable=True
    )
    UPSTREAM_UNAVAILABLE = _Entry("BFF.UPSTREAM_UNAVAILABLE", 503, "An upstream is not available", retriable=True)
    OVERLOADED = _Entry("BFF.BACKOFFICE.OVERLOADED", 503, "The service is overloaded", retriable=True)
    STORE_UNAVAILABLE = _Entry("BFF.BACKOFFICE.STORE_UNAVAILABLE", 503, "A store is not available", retriable=True)
    UPSTREAM_TIMEOUT = _Entry("BFF.UPSTREAM_TIMEOUT", 504, "An upstream did not answer in time", retriable=True)

    @property
    def text(self) -> str:
        """The code on the wire, such as `MELMASTOON.GENERAL.RATE_LIMITED`."""
        return _ROOT + self.value.name

    @property
    def status(self) -> int:
        """The HTTP status, which never changes for a code."""
        return self.value.status

    @property
    def title(self) -> str:
        """The English summary for engineers."""
        return self.value.title

    @property
    def retriable(self) -> bool:
        """Whether the same request can succeed later without being changed."""
        return self.value.retriable

    @property
    def retry(self) -> Advice | None:
        """What to do with the idempotency key, where one is involved."""
        return self.value.retry

    @property
    def domain(self) -> str:
        """`bff` or `general`: the part of the error's address and message key."""
        return self.value.name.partition(".")[0].lower()

    @property
    def slug(self) -> str:
        """The last part of the error's address, such as `idempotency-key-reused`."""
        return self.value.name.rpartition(".")[2].lower().replace("_", "-")

    @property
    def message_key(self) -> str:
        """The key of the localized message, such as `errors.bff.idempotency_key_reused`."""
        return f"errors.{self.domain}.{self.slug.replace('-', '_')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignCode:
    """A domain service's own code, which passes through unchanged (contract, section 2.4). Reads like a `Code`."""

    text: str
    """Such as `MELMASTOON.RESERVATION.ALREADY_CHECKED_IN`."""
    status: int
    title: str
    retriable: bool = False
    retry: Advice | None = None

    @property
    def domain(self) -> str:
        """The part of the code behind the platform's name, such as `reservation`."""
        return self.text.removeprefix(_ROOT).partition(".")[0].lower().replace("_", "-")

    @property
    def slug(self) -> str:
        """The last part of the error's address, such as `already-checked-in`."""
        return self.text.rpartition(".")[2].lower().replace("_", "-")

    @property
    def message_key(self) -> str:
        """The key under which a localized message may exist; there is a generic one for every status."""
        return f"errors.{self.domain}.{self.slug}".replace("-", "_")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One place of a request that is wrong: `field` like `body.reason` or `header.x-request-id`."""

    field: str
    code: str
    detail: str


class Refusal(Exception):  # noqa: N818 - a refusal is an expected answer, not an error of ours
    """An answer of the catalogue, raised wherever the decision falls and rendered in one place.

    `detail` is English, for engineers, and never names an identifier that the caller did not send in the path.
    `retry_after` is in whole seconds. `headers` are added to the response (a challenge, a nonce, `Allow`).
    `members` are added to the problem document (`stepUp`, for example). `retry` overrides the code's own advice.
    """

    def __init__(
        self,
        code: Code | ForeignCode,
        detail: str = "",
        *,
        retry_after: int | None = None,
        errors: tuple[FieldError, ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
        members: Mapping[str, object] | None = None,
        retry: Advice | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail or code.title
        self.retry_after = retry_after
        self.errors = errors
        self.headers = headers
        self.members: Mapping[str, object] = members or {}
        self.retry = retry or code.retry

    def __str__(self) -> str:
        return f"{self.code.text}: {self.detail}"
