"""How each service speaks: headers, identifier prefixes, error bodies, money and event envelopes.

The public documentation of the platform lets its services differ in all of these, and a client has to translate. The
simulator keeps the differences, so that a translation that is wrong is seen. `docs/upstreams.md` has the table.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from platform_sim.ids import fresh_id, fresh_ulid, has_shape, is_ulid, with_prefix

__all__ = ["Dialect", "Money", "Refused"]

ErrorShape = Literal["flat", "wrapped", "billing"]
MoneyShape = Literal["object", "text"]
KeyFormat = Literal["any", "uuid", "ulid"]
PropertyPlace = Literal["none", "header", "query"]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in micro-units (1 USD = 1,000,000) of an ISO 4217 currency."""

    amount_micro: int
    currency: str

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError("money of two currencies is never added")
        return Money(self.amount_micro + other.amount_micro, self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + Money(-other.amount_micro, other.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.amount_micro * times, self.currency)


class Refused(Exception):  # noqa: N818 - a refusal is an expected answer, not a failure of the simulator
    """A service says no. `code` is the whole code, such as `MELMASTOON.RESERVATION.NOT_FOUND`."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        violations: tuple[tuple[str, str], ...] = (),
        context: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, code, detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.violations = violations
        """Pairs of a field and the rule that it breaks."""
        self.context: Mapping[str, object] = context or {}
        self.headers: Mapping[str, str] = headers or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One service's ways. Inside the simulator every identifier has its canonical prefix (`rmu_`, `ppt_`, `tnt_`)."""

    domain: str
    """The middle of the service's error codes: `RESERVATION` in `MELMASTOON.RESERVATION.…`."""
    tenant_prefix: str = "tnt"
    property_place: PropertyPlace = "none"
    property_prefix: str = "ppt"
    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Canonical prefix to the service's own, where they differ: `{"rmu": "rom"}`."""
    idempotency_header: str = "Idempotency-Key"
    key_format: KeyFormat = "any"
    errors: ErrorShape = "flat"
    error_type_root: str = "https://errors.melmastoon.ghasi.io"
    error_extras: tuple[str, ...] = ()
    """Further members of the error body: of `violations`, `i18nKey`, `context`, `correlationId`, `tenantId`."""
    mismatch_code: str = "MELMASTOON.TENANT.MISMATCH"
    money_shape: MoneyShape = "object"

    def out(self, identifier: str) -> str:
        """The identifier with the prefix that this service uses for such a thing."""
        return self._translate(identifier, self._outward())

    def into(self, identifier: str) -> str:
        """The canonical identifier for one that this service was given."""
        return self._translate(identifier, {theirs: ours for ours, theirs in self._outward().items()})

    def _outward(self) -> dict[str, str]:
        return {"tnt": self.tenant_prefix, "ppt": self.property_prefix, **self.prefixes}

    @staticmethod
    def _translate(identifier: str, prefixes: Mapping[str, str]) -> str:
        head = identifier.partition("_")[0]
        return with_prefix(identifier, prefixes[head]) if head in prefixes else identifier

    def money(self, money: Money) -> object:
        """The amount as this service writes it: an object, or pricing's `"125000000:USD"`."""
        if self.money_shape == "text":
            return f"{money.amount_micro}:{money.currency}"
        return {"amountMicro": str(money.amount_micro), "currency": money.currency}

    def tenant(self, header: str | None) -> str:
        """The canonical tenant of a tenant header's value, or a refusal."""
        if header is None:
            raise Refused(400, "MELMASTOON.GENERAL.VALIDATION_FAILED", "the header X-Tenant-Id is missing")
        if not has_shape(header, self.tenant_prefix):
            raise Refused(
                400, "MELMASTOON.GENERAL.VALIDATION_FAILED", f"X-Tenant-Id is not a {self.tenant_prefix}_ identifier"
            )
        return with_prefix(header, "tnt")

    def check_key(self, key: str) -> None:
        """Refuse an idempotency key that is not in the format that this service asks for."""
        if self.key_format == "ulid" and not is_ulid(key):
            raise self.key_refused("is not a ULID")
        if self.key_format == "uuid":
            try:
                uuid.UUID(key)
            except ValueError:
                raise self.key_refused("is not a UUID") from None
        if not 1 <= len(key) <= 255:  # noqa: PLR2004 - the length that every service's documentation allows
            raise self.key_refused("is empty or longer than 255 characters")

    def key_refused(self, why: str) -> Refused:
        """The refusal of a request whose idempotency key is missing or malformed."""
        return Refused(400, "MELMASTOON.GENERAL.VALIDATION_FAILED", f"{self.idempotency_header} {why}")

    def error_body(
        self, refused: Refused, *, path: str, tenant_id: str | None, request_id: str, trace_id: str
    ) -> dict[str, object]:
        """The error as this service writes it."""
        domain, _, name = refused.code.removeprefix("MELMASTOON.").partition(".")
        slug = name.lower().replace("_", "-").replace(".", "-")
        title = name.replace("_", " ").replace(".", " ").capitalize()
        if self.errors == "billing":
            details = [{"field": where, "rule": rule} for where, rule in refused.violations]
            return {"error": {"code": refused.code, "message": refused.detail, "details": details, "traceId": trace_id}}
        body: dict[str, object] = {
            "type": f"{self.error_type_root}/{domain.lower()}/{slug}",
            "code": refused.code,
            "title": title,
            "status": refused.status,
            "detail": refused.detail,
            "instance": path,
            "traceId": trace_id,
            "requestId": request_id,
            "retriable": refused.status in {408, 409, 423, 425, 429, 500, 502, 503, 504},
            "userMessageKey": f"errors.{domain.lower()}.{slug.replace('-', '_')}",
        }
        extras: dict[str, object] = {
            "violations": [{"field": where, "rule": rule} for where, rule in refused.violations],
            "i18nKey": f"errors.{domain.lower()}.{slug.replace('-', '_')}",
            "context": dict(refused.context),
            "correlationId": f"cor_{fresh_ulid()}",
            "tenantId": self.out(tenant_id) if tenant_id else None,
        }
        body |= {name: extras[name] for name in self.error_extras}
        return {"error": body} if self.errors == "wrapped" else body

    def request_id(self, header: str | None) -> str:
        """The caller's request id, or a new one where it sent none."""
        return header or fresh_id("req")
