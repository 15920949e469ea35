"""What this service publishes about itself: its API document, and the keys that verify what it signs."""

from __future__ import annotations

from functools import cache
from typing import Final

import msgspec
import yaml

from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.presentation.exchange import Exchange, Response, Whole, json_answer
from bff_backoffice.presentation.openapi import openapi_document
from bff_backoffice.presentation.route_table import Access, Answer, Route

__all__ = ["ROUTES", "api_as_yaml", "describe"]

_described: list[Route] = []


def describe(routes: tuple[Route, ...]) -> None:
    """Tell this module which routes the document is about; called once, where the table is put together."""
    _described[:] = routes


@cache
def _api_as_json() -> bytes:
    return msgspec.json.encode(openapi_document(_described))


@cache
def api_as_yaml() -> bytes:
    """The document as it is kept in `openapi/openapi.yaml`."""
    return yaml.safe_dump(msgspec.json.decode(_api_as_json()), sort_keys=False, allow_unicode=True, width=110).encode()


class KeySet(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 7517, section 5."""

    keys: list[dict[str, str]]


async def get_openapi_json(_exchange: Exchange, _use: UseCases) -> Response:
    """The API document as JSON."""
    return Whole(status=200, body=_api_as_json(), media_type="application/json", headers=_SHORT)


async def get_openapi_yaml(_exchange: Exchange, _use: UseCases) -> Response:
    """The API document as YAML."""
    return Whole(status=200, body=api_as_yaml(), media_type="application/yaml", headers=_SHORT)


async def get_key_set(_exchange: Exchange, use: UseCases) -> Response:
    """The keys that verify what this service signs."""
    return json_answer(KeySet(keys=[dict(key) for key in use.own_keys.published]), headers=_SHORT)


_SHORT: Final = (("Cache-Control", "public, max-age=300"),)

ROUTES: Final = (
    Route(
        method="GET", path="/openapi.json", access=Access.OPEN, handler=get_openapi_json, tag="documents",
        summary="This document as JSON", everywhere=True,
        answers={200: Answer("The document.", {"application/json": {"type": "object"}})},
    ),
    Route(
        method="GET", path="/openapi.yaml", access=Access.OPEN, handler=get_openapi_yaml, tag="documents",
        summary="This document as YAML", everywhere=True, produces=("application/yaml",),
        answers={200: Answer("The document.", {"application/yaml": {"type": "object"}})},
    ),
    Route(
        method="GET", path="/.well-known/jwks.json", access=Access.OPEN, handler=get_key_set, tag="documents",
        summary="Keys that verify sync session tokens and downtime packs", everywhere=True,
        answers={200: Answer("A key set.", {"application/json": KeySet})},
    ),
)  # fmt: skip
