"""The downtime pack: a document that a desktop can verify by itself, or a page to print (contract, section 2.1)."""

from __future__ import annotations

import asyncio
from typing import Final

from bff_backoffice.application.downtime_pack import DowntimePack
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.application.workbench_sections import SectionRequest
from bff_backoffice.domain.downtime_pack import PACK_ROLES, SIGNATURE_TYPE
from bff_backoffice.domain.errors import Code
from bff_backoffice.presentation.content_coding import VARY, coded
from bff_backoffice.presentation.dashboard_frames import Reader
from bff_backoffice.presentation.downtime_pack_answers import PackAnswer, pack_document, pack_tag
from bff_backoffice.presentation.downtime_pack_html import PAGE_POLICY, pack_page
from bff_backoffice.presentation.entity_tags import has_already
from bff_backoffice.presentation.exchange import Exchange, Response, Whole
from bff_backoffice.presentation.request_parts import asks_anew, client_budget_ms
from bff_backoffice.presentation.route_table import Access, Answer, Parameter, Route

__all__ = ["ROUTES", "SIGNATURE_HEADER"]

_JSON: Final = "application/json"
_HTML: Final = "text/html"
SIGNATURE_HEADER: Final = "X-JWS-Signature"
"""The name that open banking gave to a detached JWS beside the body that it signs; HTTP has no registered one."""

Headers = tuple[tuple[str, str], ...]


async def get_downtime_pack(exchange: Exchange, use: UseCases) -> Response:
    """Compose the lists, and give them as the document that is signed or as the page that is printed."""
    pack = await use.compose_downtime_pack(
        SectionRequest(
            operator=exchange.context,
            locale=exchange.language.tag,
            request_id=exchange.request_id,
            traceparent=exchange.traceparent,
            budget_ms=client_budget_ms(exchange),
            anew=asks_anew(exchange),
        )
    )
    language = exchange.language.tag
    tag = pack_tag(pack, language=language, media_type=exchange.media_type, key_id=use.own_keys.signer.key_id)
    headers = (("ETag", tag), ("X-Cache", pack.cache_status.value), ("Content-Language", language))
    if has_already(tag, exchange.headers.get("if-none-match", ())):
        return Whole(status=304, headers=(*headers, ("Vary", VARY)))
    # In a thread, because a large house costs tens of milliseconds: everybody else's requests go on meanwhile.
    render = _page if exchange.media_type == _HTML else _document
    answer = await asyncio.to_thread(render, pack, exchange, use, headers)
    return await asyncio.to_thread(coded, answer, exchange.headers.get("accept-encoding", ()))


def _document(pack: DowntimePack, exchange: Exchange, use: UseCases, headers: Headers) -> Whole:
    reader = Reader(
        language=exchange.language, request_id=exchange.request_id, trace_id=exchange.traceparent.split("-")[1]
    )
    body = pack_document(pack, reader)
    signature = use.own_keys.signer.detached(body, typ=SIGNATURE_TYPE)
    return Whole(status=200, body=body, media_type=_JSON, headers=(*headers, (SIGNATURE_HEADER, signature)))


def _page(pack: DowntimePack, exchange: Exchange, _use: UseCases, headers: Headers) -> Whole:
    policy = (("Content-Security-Policy", PAGE_POLICY), ("Referrer-Policy", "no-referrer"))
    return Whole(
        status=200,
        body=pack_page(pack, exchange.language),
        media_type=f"{_HTML}; charset=utf-8",
        headers=(*headers, *policy),
    )


ROUTES: Final = (
    Route(
        method="GET", path="/downtime-pack", access=Access.OPERATOR, handler=get_downtime_pack, tag="downtime",
        summary="The signed lists to work from when everything is down",
        needs_property=True, roles=PACK_ROLES, produces=(_JSON, _HTML),
        answers={
            200: Answer(
                "The pack. The JSON document comes with its detached JWS (RFC 7515, appendix F) in "
                f"`{SIGNATURE_HEADER}`: put the unpadded base64url of the body's bytes, without their content coding, "
                "between the two dots and verify the result with the key of `/.well-known/jwks.json` that its `kid` "
                f"names. `alg` is `EdDSA`, `typ` is `{SIGNATURE_TYPE}`.",
                {_JSON: PackAnswer, _HTML: {"type": "string", "description": "The same lists as a page that prints."}},
            ),
            304: Answer("The lists are still those of the `ETag`, and there are no newer ones."),
        },
        parameters=(
            Parameter("propertyId", "query", "Which property; else `X-Property-Id`, else the session's primary one."),
            Parameter("If-None-Match", "header", "The `ETag` of the pack that the client has."),
            Parameter("Accept-Encoding", "header", "`gzip` makes it a fifth as large."),
            Parameter("X-Client-Budget-Ms", "header", "The client's own time budget; shortens deadlines.",
                      {"type": "integer"}),
            Parameter("Cache-Control", "header", "`no-cache` loads every list anew, whatever the cache has."),
        ),
        refusals=(Code.RESOURCE_NOT_FOUND, Code.VALIDATION_FAILED, Code.ROLE_FORBIDDEN),
    ),
)  # fmt: skip
