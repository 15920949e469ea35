"""From a matched route to its answer: policy first, in the order of contract section 2.1, then the handler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bff_backoffice.application.sessions.authenticate import Authenticated, ProvenKey, RequestFacts
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.app_versions import is_below
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import OperatorRole, PropertyId
from bff_backoffice.domain.sessions import choose_property
from bff_backoffice.presentation import request_parts
from bff_backoffice.presentation.exchange import Exchange, Response
from bff_backoffice.presentation.route_table import Access, Route
from bff_backoffice.presentation.words import choose_language

__all__ = ["Arrival", "Dispatch", "Learned", "require_media_type"]

_ALL_ROUTES: Final = frozenset({OperatorRole.GENERAL_MANAGER, OperatorRole.OWNER})
_JSON: Final = "application/json"


@dataclass(slots=True)
class Learned:
    """What becomes known on the way and counts for whatever answer is given, a refusal too."""

    locale: str | None = None
    """The operator's, the default of every answer."""
    language: str | None = None
    """The tag of the language that was agreed on for the answer."""
    headers: tuple[tuple[str, str], ...] = ()
    """What is left of the limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A request that has reached a route and was read, before any policy."""

    route: Route
    path: str
    parameters: dict[str, str]
    headers: dict[str, tuple[str, ...]]
    query: bytes
    body: bytes
    request_id: str
    traceparent: str
    learned: Learned


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Runs a route's policy and then its handler.

    Raises:
        Refusal: the policy's, or the handler's.
        UpstreamError: what the handler did not turn into an answer.
        StoreUnavailableError: the same.
    """

    use: UseCases

    async def __call__(self, arrival: Arrival) -> Response:
        route, headers = arrival.route, arrival.headers
        media_type = request_parts.chosen_media_type(headers.get("accept", ()), route.produces)
        who = await self._authenticated(arrival) if route.access is Access.OPERATOR else None
        key = await self._proven(arrival) if route.access is Access.PROOF else None
        if route.machine is not None:
            await self.use.identify_machine(route.machine, headers.get("authorization", ()))
        if who is not None:
            arrival.learned.locale = who.operator.locale
            arrival.learned.headers = self.use.limit_requests(who.operator.tenant_id, who.session.device_id)
            if is_below(request_parts.app_facts(headers).version, who.tenant.app_version_floor):
                oldest = who.tenant.app_version_floor
                raise Refusal(Code.APP_VERSION_UNSUPPORTED, f"The oldest build that may work here is {oldest}.")
        query = request_parts.query_map(arrival.query)
        property_id = self._property(arrival, query, who)
        if who is not None and route.resource is not None:
            route.resource(who, arrival.parameters)
        if who is not None and not who.operator.roles & (route.roles | _ALL_ROUTES):
            raise Refusal(Code.ROLE_FORBIDDEN)
        request_parts.require_well_formed_app(headers)
        language = choose_language(", ".join(headers.get("accept-language", ())) or None, arrival.learned.locale)
        arrival.learned.language = language.tag
        exchange = Exchange(
            method=route.method,
            path=arrival.path,
            parameters=arrival.parameters,
            query=query,
            headers=headers,
            raw_body=arrival.body,
            body=None if route.body is None else request_parts.decoded_body(_brought(arrival), route.body),
            media_type=media_type,
            request_id=arrival.request_id,
            traceparent=arrival.traceparent,
            language=language,
            who=who,
            key=key,
            property_id=property_id,
        )
        return await route.handler(exchange, self.use)

    async def _authenticated(self, arrival: Arrival) -> Authenticated:
        headers = arrival.headers
        # Two different ones can't both be the token's, so they are no device at all.
        device_id = " ".join(dict.fromkeys(headers.get("x-device-id", ()))) or None
        return await self.use.authenticate(
            RequestFacts(
                authorization=headers.get("authorization", ()),
                proofs=headers.get("dpop", ()),
                device_id=device_id,
                method=arrival.route.method,
                path=arrival.path,
                body=arrival.body,
                request_id=arrival.request_id,
                traceparent=arrival.traceparent,
                app=request_parts.app_facts(headers),
            )
        )

    async def _proven(self, arrival: Arrival) -> ProvenKey:
        return await self.use.prove_key(
            arrival.headers.get("dpop", ()), method=arrival.route.method, path=arrival.path, body=arrival.body
        )

    @staticmethod
    def _property(arrival: Arrival, query: dict[str, list[str]], who: Authenticated | None) -> PropertyId | None:
        """The property that the request names, else the session's primary one; outside the scope it does not exist."""
        if who is None:
            return None
        scope = who.operator.property_scope
        wanted = request_parts.wanted_property(arrival.headers, query)
        if wanted is not None and wanted not in scope:
            raise Refusal(Code.RESOURCE_NOT_FOUND)
        chosen = wanted or choose_property(who.session.primary_property_id, scope)
        if chosen is None and arrival.route.needs_property:
            raise Refusal(Code.RESOURCE_NOT_FOUND)
        return chosen


def _brought(arrival: Arrival) -> bytes:
    """The body, or an empty object for one that may be left out and was."""
    return b"{}" if arrival.route.body_optional and not arrival.body else arrival.body


def require_media_type(route: Route, headers: dict[str, tuple[str, ...]], body: bytes) -> None:
    """A route with a body takes JSON in UTF-8 and nothing else.

    Raises:
        Refusal: UNSUPPORTED_MEDIA_TYPE.
    """
    if route.body is None or (route.body_optional and not body):
        return
    (given, *_) = headers.get("content-type", ("",))
    kind, _, rest = given.partition(";")
    if kind.strip().lower() != _JSON or ("charset" in rest.lower() and "utf-8" not in rest.lower()):
        raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE, "Send application/json.")
    if headers.get("content-encoding", ("identity",))[0].lower() != "identity":
        raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE, "Send the body without a content coding.")
