"""What a desktop needs at its start, as it goes on the wire (contract, section 10, `GET /bootstrap`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from bff_backoffice.application.preferences.ports import PropertyBrief
from bff_backoffice.application.preferences.start import PartId, Start, StartPart
from bff_backoffice.application.sessions.authenticate import Authenticated
from bff_backoffice.application.sessions.ports import TenantProfile
from bff_backoffice.domain.composed_reads import Outcome
from bff_backoffice.domain.live_settings import CHANNELS, POLL_SECONDS, STREAM_HEARTBEAT_SECONDS
from bff_backoffice.domain.operator import Operator
from bff_backoffice.presentation.errors import problem_members, refusal_of
from bff_backoffice.presentation.exchange import Exchange
from bff_backoffice.presentation.session_answers import SessionView, session_view
from bff_backoffice.presentation.shortcut_answers import ShortcutsAnswer, shortcuts_answer
from bff_backoffice.presentation.words import Language, message

__all__ = ["PREFERENCES_SCHEMA", "StartAnswer", "start_answer"]

PREFERENCES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "What the operator chose, as tenant-service keeps it; `version` counts the changes.",
    "required": ["version"],
    "properties": {"version": {"type": "integer", "minimum": 0}},
    "additionalProperties": True,
}

_Preferences = Annotated[
    msgspec.Raw | None,
    msgspec.Meta(extra_json_schema={"anyOf": [PREFERENCES_SCHEMA, {"type": "null"}]}),
]
_Problem = Annotated[dict[str, Any], msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/Problem"})]


class OperatorView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who works at the desk."""

    id: str
    display_name: str
    roles: list[str]


class TenantView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The hotel company."""

    id: str
    name: str
    slug: str
    default_locale: str
    locales: list[str]
    currencies: list[str]


class StartPropertyView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A hotel in the operator's scope; what nobody could say of it is null."""

    id: str
    name: str | None
    timezone: str | None
    currency: str | None


class ThemeView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How the tenant's desks look. `bundle_url` is null where the tenant names an address that must not be followed."""

    id: str
    bundle_url: str | None
    version: str


class LiveView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How to hear of what happens: by stream, and by asking where there is none."""

    channels: list[str]
    heartbeat_seconds: int
    poll_seconds: int


class AppVersionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The oldest build that may work, and the newest one that there is."""

    floor: str
    current: str


class StartPartView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How reading a part ended, how old it is, and why where it is old or missing."""

    id: PartId
    outcome: Outcome
    outcome_text: str
    as_of: datetime | None
    age_ms: Annotated[int, msgspec.Meta(ge=0)] | None
    sources: list[str]
    problem: _Problem | None


class StartAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`GET /bootstrap`. `partial` says that a part is missing, or old because it could not be read."""

    session: SessionView
    operator: OperatorView
    tenant: TenantView
    properties: list[StartPropertyView]
    locale: str
    dir: Literal["ltr", "rtl"]
    theme: ThemeView
    preferences: _Preferences
    shortcuts: ShortcutsAnswer
    live: LiveView
    app_version: AppVersionView
    partial: bool
    parts: list[StartPartView]
    server_time: datetime


def start_answer(exchange: Exchange, start: Start, *, now: datetime) -> StartAnswer:
    """Return what goes on the wire, in the language of the answer."""
    who, language = exchange.operator, exchange.language
    tenant = who.tenant
    return StartAnswer(
        session=session_view(who, who.session),
        operator=_operator(who.operator),
        tenant=_tenant(tenant),
        properties=_properties(who, start.properties, language),
        locale=language.tag,
        dir=language.dir,
        theme=ThemeView(id=tenant.theme_id, bundle_url=tenant.theme_bundle_url, version=tenant.theme_version),
        preferences=start.preferences,
        shortcuts=shortcuts_answer(start.shortcuts, language),
        live=LiveView(channels=list(CHANNELS), heartbeat_seconds=STREAM_HEARTBEAT_SECONDS, poll_seconds=POLL_SECONDS),
        app_version=AppVersionView(floor=tenant.app_version_floor, current=tenant.app_version_current),
        partial=any(part.failure is not None for part in start.parts),
        parts=[_part(part, exchange) for part in start.parts],
        server_time=now,
    )


def _operator(operator: Operator) -> OperatorView:
    return OperatorView(id=operator.id, display_name=operator.display_name, roles=sorted(operator.roles))


def _tenant(tenant: TenantProfile) -> TenantView:
    return TenantView(
        id=tenant.id,
        name=tenant.display_name,
        slug=tenant.slug,
        default_locale=tenant.default_locale,
        locales=list(tenant.locales),
        currencies=list(tenant.currencies),
    )


def _properties(
    who: Authenticated, known: Mapping[str, PropertyBrief] | None, language: Language
) -> list[StartPropertyView]:
    """The properties of the scope in its order, whether or not property-service could say anything of them."""
    views = []
    for property_id in who.operator.property_scope:
        brief = None if known is None else known.get(property_id)
        views.append(
            StartPropertyView(
                id=property_id,
                name=None if brief is None else brief.name.in_language(language.tag),
                timezone=None if brief is None else brief.timezone,
                currency=None if brief is None else brief.currency,
            )
        )
    return views


def _part(part: StartPart, exchange: Exchange) -> StartPartView:
    problem = None
    if part.failure is not None:
        problem = problem_members(
            refusal_of(part.failure),
            language=exchange.language,
            request_id=exchange.request_id,
            trace_id=exchange.traceparent.split("-")[1],
        )
    return StartPartView(
        id=part.id,
        outcome=part.outcome,
        outcome_text=message(exchange.language, f"outcome.{part.outcome.value}"),
        as_of=part.as_of,
        age_ms=part.age_ms,
        sources=list(part.sources),
        problem=problem,
    )
