"""The OpenAPI 3.1 document, made from the route table: what is served is what is described."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any, Final

import msgspec

from bff_backoffice.domain.dashboard import LAYOUT
from bff_backoffice.domain.errors import Code
from bff_backoffice.domain.operator import OperatorRole
from bff_backoffice.presentation.route_table import EVERY_ROLE, PREFIXES, Access, Answer, Parameter, Route

__all__ = ["openapi_document"]

_ALWAYS: Final = (
    Code.NOT_ACCEPTABLE, Code.METHOD_NOT_ALLOWED, Code.VALIDATION_FAILED, Code.PAYLOAD_TOO_LARGE, Code.INTERNAL,
)  # fmt: skip
_WITH_PROOF: Final = (
    Code.PROOF_INVALID, Code.PROOF_REPLAYED, Code.NONCE_REQUIRED, Code.TOKEN_INVALID, Code.SESSION_REVOKED,
    Code.DEVICE_MISMATCH, Code.STORE_UNAVAILABLE, Code.UPSTREAM_UNAVAILABLE, Code.UPSTREAM_TIMEOUT,
    Code.UPSTREAM_INVALID_RESPONSE,
)  # fmt: skip
_WITH_MACHINE: Final = (
    Code.TOKEN_INVALID, Code.TOKEN_EXPIRED, Code.STORE_UNAVAILABLE, Code.UPSTREAM_UNAVAILABLE,
)  # fmt: skip
_WITH_OPERATOR: Final = (
    *_WITH_PROOF, Code.TOKEN_EXPIRED, Code.OPERATOR_SUSPENDED, Code.APP_VERSION_UNSUPPORTED, Code.RESOURCE_NOT_FOUND,
    Code.RATE_LIMITED,
)  # fmt: skip
_WITH_ACCESS: Final = {
    Access.OPEN: (), Access.PROOF: _WITH_PROOF, Access.OPERATOR: _WITH_OPERATOR, Access.MACHINE: _WITH_MACHINE,
}  # fmt: skip
_BEHIND_UPSTREAMS: Final = frozenset({Access.PROOF, Access.OPERATOR})

_OPERATOR_HEADERS: Final = (
    Parameter("X-Device-Id", "header", "Must equal the token's device.", {"type": "string", "pattern": "^dev_"}, True),
    Parameter("X-Property-Id", "header", "Which property; else the session's primary one."),
    Parameter("X-App-Version", "header", "The desktop's build, such as 1.4.2."),
    Parameter("X-App-Platform", "header", "Where it runs.", {"type": "string", "enum": ["win32", "darwin", "linux"]}),
    Parameter("X-Network-Profile", "header", "How it sees its network.",
              {"type": "string", "enum": ["good", "flaky", "offline-recently"]}),
)  # fmt: skip
_EVERY_HEADER: Final = (
    Parameter("X-Request-Id", "header", "A ULID, echoed; minted if absent, replaced if malformed."),
    Parameter("Accept-Language", "header", "The language of user messages; default: the session's locale."),
    Parameter("traceparent", "header", "W3C trace context; continued."),
)


def openapi_document(routes: Iterable[Route]) -> dict[str, Any]:
    """The document as plain data, in the order of the table."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "bff-backoffice-service",
            "version": version("bff-backoffice-service"),
            "description": "The backend-for-frontend of the hotel back office. Breaking changes ship at /v2.",
            "license": {"name": "Proprietary", "identifier": "LicenseRef-Proprietary"},
        },
        "servers": [{"url": prefix} for prefix in PREFIXES],
        "security": [{"deviceBound": [], "proof": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "deviceBound": {
                    "type": "http", "scheme": "DPoP",
                    "description": "RFC 9449: `Authorization: DPoP <access token>`, bound to the device's key.",
                },
                "machine": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "An OpenID Connect identity token of the one machine that calls the route.",
                },
                "proof": {"type": "apiKey", "in": "header", "name": "DPoP", "description": "One proof a request."},
            },
        },
    }  # fmt: skip


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _camel(route.operation_id),
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [_parameter(each) for each in _parameters(route)],
        "responses": _responses(route, schemas),
    }
    if route.access is Access.OPEN:
        operation["security"] = []
    elif route.access is Access.PROOF:
        operation["security"] = [{"proof": []}]
    elif route.machine is not None:
        operation["security"] = [{"machine": []}]
        operation["x-machine"] = route.machine.value
    else:
        operation["x-roles"] = _roles(route.roles)
    if route.body is not None:
        content = {"application/json": {"schema": _schema(route.body, schemas)}}
        operation["requestBody"] = {"required": not route.body_optional, "content": content}
    if route.tag == "dashboard":
        everyone = {name: _roles(widget.roles) for name, widget in _widgets()}
        operation["x-widget-roles"] = everyone
    if route.deprecation is not None:
        operation |= route.deprecation.members
        for response in operation["responses"].values():
            response["headers"] = route.deprecation.described_headers
    return operation


def _widgets() -> list[tuple[str, Any]]:
    return [(identifier.value, widget) for identifier, widget in LAYOUT.items()]


def _roles(roles: frozenset[OperatorRole]) -> list[str]:
    always = {OperatorRole.GENERAL_MANAGER, OperatorRole.OWNER}
    return [role.value for role in OperatorRole if role in roles | always]


def _parameters(route: Route) -> list[Parameter]:
    in_path = [Parameter(name, "path", "", required=True) for name in re.findall(r"\{(\w+)\}", route.path)]
    own = _OPERATOR_HEADERS if route.access is Access.OPERATOR else ()
    return [*in_path, *route.parameters, *own, *_EVERY_HEADER]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    described = {"description": parameter.description} if parameter.description else {}
    return {
        "name": parameter.name, "in": parameter.where, "required": parameter.required,
        "schema": dict(parameter.schema), **described,
    }  # fmt: skip


def _responses(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    responses = {str(status): _answer(answer, schemas) for status, answer in route.answers.items()}
    by_status: dict[int, list[Code]] = {}
    for code in _refusals(route):
        by_status.setdefault(code.status, []).append(code)
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = _problem(" · ".join(code.title for code in codes), codes)
    if route.access in _BEHIND_UPSTREAMS:
        # A domain service's code and its status pass through unchanged, and nobody here can list them all.
        responses["4XX"] = _problem("Any other refusal of a domain service, with its own code", ())
    return responses


def _problem(description: str, codes: Iterable[Code]) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content, "x-codes": [code.text for code in codes]}


def _refusals(route: Route) -> list[Code]:
    codes: list[Code] = [*_ALWAYS, *route.refusals]
    codes += _WITH_ACCESS[route.access]
    if route.access is Access.OPERATOR and route.roles != EVERY_ROLE:
        codes.append(Code.ROLE_FORBIDDEN)
    if route.body is not None:
        codes.append(Code.UNSUPPORTED_MEDIA_TYPE)
    return [code for code in Code if code in codes]


def _answer(answer: Answer, schemas: dict[str, Any]) -> dict[str, Any]:
    content = {
        media: {"schema": dict(kind) if isinstance(kind, Mapping) else _schema(kind, schemas)}
        for media, kind in answer.content.items()
    }
    return {"description": answer.description, **({"content": content} if content else {})}


def _schema(kind: type, schemas: dict[str, Any]) -> dict[str, Any]:
    (reference,), components = msgspec.json.schema_components((kind,), ref_template="#/components/schemas/{name}")
    for name, schema in components.items():
        # Two structures of one name would be one in the document, and clients would be told the wrong one of them.
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"two structures are called {name}")
    return dict(reference)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


_PROBLEM: Final = {
    "type": "object",
    "description": "RFC 9457. `title` and `detail` are English; `userMessage` is for the person at the desk.",
    "required": [
        "type", "title", "status", "detail", "code", "requestId", "traceId", "retriable", "retryAfter", "retry",
        "userMessageKey", "userMessage", "errors",
    ],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {
            "type": "string", "pattern": "^MELMASTOON\\.",
            "description": "Ours, or a domain service's own, which passes through unchanged.",
        },
        "requestId": {"type": "string"},
        "traceId": {"type": "string"},
        "retriable": {"type": "boolean"},
        "retryAfter": {"type": ["integer", "null"], "description": "Seconds."},
        "retry": {"type": ["string", "null"], "enum": ["same_key", "new_key", "never", None]},
        "userMessageKey": {"type": "string"},
        "userMessage": {
            "type": "object",
            "required": ["text", "lang", "dir"],
            "properties": {
                "text": {"type": "string"}, "lang": {"type": "string"},
                "dir": {"type": "string", "enum": ["ltr", "rtl"]},
            },
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string"}, "code": {"type": "string"}, "detail": {"type": "string"},
                },
            },
        },
    },
}  # fmt: skip
