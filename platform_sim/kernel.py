"""What a service of the simulator is made of: a record with a name, a dialect and routes; handlers are plain functions.

A handler runs from start to end without waiting, so what it changes in the world is changed at once or not at all: it
checks first (raising `Refused`) and writes after. Whatever is slow, broken or lost happens around it, in `dispatch.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, Literal, Protocol, TypeVar

from multidict import CIMultiDictProxy

from platform_sim.dialect import Dialect, Money, Refused
from platform_sim.world.world import World

__all__ = ["Answer", "Call", "Effect", "Owned", "PublishedEvent", "Route", "Service", "instant", "page"]

Need = Literal["required", "accepted", "none"]
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_VALIDATION_FAILED: Final = "MELMASTOON.GENERAL.VALIDATION_FAILED"
_MAXIMUM_PAGE: Final = 500


class Owned(Protocol):
    """Anything in the world that belongs to a tenant."""

    @property
    def tenant_id(self) -> str:
        """The tenant, `tnt_…`."""
        ...


OwnedT = TypeVar("OwnedT", bound=Owned)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a handler answers. `body` is anything that JSON can hold; `raw` is for pictures and has a media type."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One mutation that really happened, such as `charge.posted` on a folio."""

    kind: str
    tenant_id: str
    resource_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedEvent:
    """An event on its way to the bus. `subject` is whole: `melmastoon.iam.session.revoked.v1`."""

    subject: str
    tenant_id: str
    payload: Mapping[str, object]
    ordering_key: str


@dataclass(slots=True, kw_only=True)
class Call:
    """One call, as its handler sees it: checked headers, canonical identifiers, and where to write what happens."""

    service: Service
    world: World
    now: datetime
    """UTC, one reading of the clock for the whole call."""
    method: str
    path: str
    """The path behind the service's name."""
    origin: str
    """`http://127.0.0.1:8090`, as the caller addressed the simulator."""
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: CIMultiDictProxy[str]
    body: Mapping[str, object]
    tenant_id: str = ""
    """Canonical `tnt_…`; empty on the few routes that need none."""
    property_id: str = ""
    """Canonical `ppt_…`, already known to belong to the tenant; empty where the route asks for none."""
    idempotency_key: str | None = None
    effects: list[Effect] = field(default_factory=list)
    events: list[PublishedEvent] = field(default_factory=list)

    # What the caller sent

    def id(self, name: str) -> str:
        """The path parameter as a canonical identifier: `rom_X` becomes `rmu_X` where the service says `rom_`."""
        return self.service.dialect.into(self.params[name])

    def text(self, name: str, *, maximum: int = 4096) -> str:
        """A required, non-empty text of the body."""
        value = self.body.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= maximum:
            raise self.invalid(name, "required" if value is None else "text")
        return value

    def optional_text(self, name: str, *, maximum: int = 4096) -> str | None:
        """A text of the body that may be missing or null."""
        return None if self.body.get(name) is None else self.text(name, maximum=maximum)

    def reference(self, name: str) -> str:
        """A required identifier of the body, made canonical."""
        return self.service.dialect.into(self.text(name, maximum=64))

    def optional_reference(self, name: str) -> str | None:
        """An identifier of the body that may be missing, made canonical."""
        return None if self.body.get(name) is None else self.reference(name)

    def integer(self, name: str, *, default: int | None = None, minimum: int = 0, maximum: int = 1_000_000) -> int:
        """A whole number of the body within bounds."""
        value = self.body.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise self.invalid(name, f"integer {minimum}..{maximum}")
        return value

    def money(self, name: str) -> Money:
        """An amount of the body, `{"amountMicro": "…", "currency": "…"}`; a numeric amount is refused."""
        value = self.body.get(name)
        if isinstance(value, Mapping):
            amount, currency = value.get("amountMicro"), value.get("currency")
            if (
                isinstance(amount, str)
                and re.fullmatch(r"-?\d{1,18}", amount)
                and isinstance(currency, str)
                and re.fullmatch(r"[A-Z]{3}", currency)
            ):
                return Money(int(amount), currency)
        raise self.invalid(f"{name}.amountMicro" if isinstance(value, Mapping) else name, "money")

    def query_integer(self, name: str, default: int, *, minimum: int = 1, maximum: int = _MAXIMUM_PAGE) -> int:
        """A whole number of the query within bounds."""
        text = self.query.get(name, str(default))
        if not re.fullmatch(r"\d{1,6}", text) or not minimum <= int(text) <= maximum:
            raise self.invalid(name, f"integer {minimum}..{maximum}")
        return int(text)

    def day(self, name: str = "date") -> date:
        """A date of the query; the property's local today where it is left out."""
        text = self.query.get(name)
        if text is None:
            return self.world.today(self.property_id, self.now)
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise self.invalid(name, "date") from None

    # What the service answers

    def out(self, identifier: str | None) -> str | None:
        """An identifier as this service writes it; None stays None."""
        return None if identifier is None else self.service.dialect.out(identifier)

    def amount(self, money: Money) -> object:
        """An amount as this service writes it."""
        return self.service.dialect.money(money)

    def invalid(self, where: str, rule: str) -> Refused:
        """The refusal of a malformed request that names the place."""
        return Refused(400, _VALIDATION_FAILED, f"{where}: {rule}", violations=((where, rule),))

    def not_found(self, what: str) -> Refused:
        """The refusal for a thing that this tenant and property do not have."""
        return Refused(404, f"MELMASTOON.{self.service.dialect.domain}.{what.upper()}_NOT_FOUND", f"no such {what}")

    def conflict(self, name: str, detail: str, *, status: int = 409) -> Refused:
        """A refusal of the service's own domain, such as `conflict("WORK_ORDER_TERMINAL", …)`."""
        return Refused(status, f"MELMASTOON.{self.service.dialect.domain}.{name}", detail)

    def own(self, thing: OwnedT | None, what: str) -> OwnedT:
        """The thing, if this tenant (and the property, where the call has one) has it: 404 unknown, 403 another's."""
        if thing is None:
            raise self.not_found(what)
        if thing.tenant_id != self.tenant_id:
            raise Refused(403, self.service.dialect.mismatch_code, "the resource belongs to another tenant")
        where = getattr(thing, "property_id", None)
        if self.property_id and where is not None and where != self.property_id:
            raise self.not_found(what)
        return thing

    # What happens

    def effect(self, kind: str, resource_id: str, *, tenant_id: str | None = None) -> None:
        """Write down that a mutation was applied; `/_control/effects` shows it."""
        self.effects.append(Effect(kind=kind, tenant_id=tenant_id or self.tenant_id, resource_id=resource_id))

    def publish(self, name: str, payload: Mapping[str, object], *, key: str, tenant_id: str | None = None) -> None:
        """Publish an event once the call is done. `name` is what follows `melmastoon.`: `reservation.checked_in.v1`."""
        self.events.append(
            PublishedEvent(
                subject=f"melmastoon.{name}",
                tenant_id=tenant_id or self.tenant_id,
                payload=payload,
                ordering_key=key,
            )
        )


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address of a service. `path` begins behind the service's name and may hold `{placeholders}`.

    `tenant`: whether the tenant header is demanded. `property`: whether the dialect's property header or query is.
    `idempotency`: `required` on what must not happen twice, `accepted` where a key is honoured, `none` on reads.
    """

    method: str
    path: str
    handler: Handler
    tenant: Need = "required"
    property: Need = "none"
    idempotency: Need = "none"

    def pattern(self) -> re.Pattern[str]:
        """The path as a regular expression with named groups."""
        return re.compile(_PLACEHOLDER.sub(r"(?P<\1>[^/]+)", self.path) + r"\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service of the platform: its full name, such as `inventory-service`, how it speaks, and what it answers."""

    name: str
    dialect: Dialect
    routes: tuple[Route, ...]


def instant(moment: datetime) -> str:
    """A moment on the wire: RFC 3339 in UTC with milliseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def page(call: Call, rows: list[T], *, default: int = 50) -> tuple[list[T], str | None]:
    """The rows of `?cursor=&limit=`, and the cursor of what follows or None. Rows must be in a fixed order."""
    limit = call.query_integer("limit", default)
    start = call.query_integer("cursor", 0, minimum=0, maximum=999_999) if "cursor" in call.query else 0
    following = start + limit
    return rows[start:following], str(following) if following < len(rows) else None
