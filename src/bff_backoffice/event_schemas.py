"""`make schemas`: writes `schemas/` and `asyncapi/asyncapi.yaml` from the shapes of telemetry.

One JSON Schema (draft 2020-12) a subject, at the path that its `schemaUri` names, and an AsyncAPI 3 document that
points at them. Both are committed; a test holds them to the source, and every event that the suite sees to them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from bff_backoffice.application.telemetry import Envelope
from bff_backoffice.application.telemetry_payloads import PAYLOADS
from bff_backoffice.domain.telemetry import SUBJECTS, Subject

__all__ = ["asyncapi_document", "main", "schema_of", "written"]

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_PUBLISHED: Final = ("publishedAt",)
_SCHEMAS: Final = "schemas"
_ASYNCAPI: Final = "asyncapi/asyncapi.yaml"


def schema_of(subject: Subject) -> dict[str, Any]:
    """Return the JSON Schema of a subject's events as they are published."""
    (_, shapes) = msgspec.json.schema_components([Envelope, PAYLOADS[subject]], ref_template="#/$defs/{name}")
    payload = PAYLOADS[subject]
    envelope = shapes["Envelope"]
    envelope["required"] = [*envelope["required"], *_PUBLISHED]
    envelope["properties"] |= {
        "publishedAt": envelope["properties"]["publishedAt"]["anyOf"][0],
        "subject": {"const": subject.name},
        "version": {"const": subject.version},
        "schemaUri": {"const": subject.schema_uri},
        "retentionClass": {"const": subject.retention.value},
    }
    shapes.pop("RetentionClass", None)
    return {
        "$schema": _DRAFT,
        "$id": subject.schema_uri,
        "title": subject.name,
        "description": payload.__doc__,
        "type": "object",
        "required": ["envelope", "payload"],
        "properties": {
            "envelope": {"$ref": "#/$defs/Envelope"},
            "payload": {"$ref": f"#/$defs/{payload.__name__}"},
        },
        "$defs": shapes,
    }


def asyncapi_document() -> dict[str, Any]:
    """Return the AsyncAPI 3 document of everything that this service publishes."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "bff-backoffice-service: telemetry",
            "version": "1.0.0",
            "description": "What the back office's backend-for-frontend tells the platform of its own doing: "
            "telemetry, and no domain event. At least once, ordered by device; receivers tell duplicates by `eventId`.",
        },
        "defaultContentType": "application/json",
        "channels": {_name(subject): _channel(subject) for subject in SUBJECTS},
        "operations": {
            f"tell{_name(subject)[0].upper()}{_name(subject)[1:]}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{_name(subject)}"},
                "messages": [{"$ref": f"#/channels/{_name(subject)}/messages/event"}],
                "summary": _summary(subject),
            }
            for subject in SUBJECTS
        },
        "components": {"messages": {_name(subject): _message(subject) for subject in SUBJECTS}},
    }


def _channel(subject: Subject) -> dict[str, Any]:
    return {
        "address": subject.name,
        "messages": {"event": {"$ref": f"#/components/messages/{_name(subject)}"}},
    }


def _message(subject: Subject) -> dict[str, Any]:
    return {
        "name": subject.name,
        "title": subject.short,
        "summary": _summary(subject),
        "contentType": "application/json",
        "correlationId": {"location": "$message.payload#/envelope/correlationId"},
        "headers": {
            "type": "object",
            "required": ["subject", "tenantId", "orderingKey", "eventId"],
            "properties": {
                "subject": {"const": subject.name},
                "tenantId": {"type": "string"},
                "orderingKey": {"type": "string", "description": "The device: its events come in their order."},
                "eventId": {"type": "string", "description": "What duplicates are told by."},
            },
        },
        "payload": {
            "schemaFormat": "application/schema+json;version=2020-12",
            "schema": {"$ref": f"../{_SCHEMAS}/{subject.schema_path}"},
        },
        "x-retention-class": subject.retention.value,
        "x-sampling-rate": subject.sampling,
    }


def _summary(subject: Subject) -> str:
    return (PAYLOADS[subject].__doc__ or "").partition("\n")[0]


def _name(subject: Subject) -> str:
    first, *others = f"{subject.aggregate}_{subject.verb}".split("_")
    return first + "".join(word.capitalize() for word in others)


def written() -> dict[str, str]:
    """Return what the files hold, by their paths from the project's root."""
    files = {
        f"{_SCHEMAS}/{subject.schema_path}": json.dumps(schema_of(subject), indent=2, sort_keys=False) + "\n"
        for subject in SUBJECTS
    }
    return {**files, _ASYNCAPI: yaml.safe_dump(asyncapi_document(), sort_keys=False, allow_unicode=True, width=120)}


def main() -> None:
    """Write them, and remove schemas of subjects that are gone."""
    root, files = Path.cwd(), written()
    for path in (root / _SCHEMAS).rglob("*.json"):
        if str(path.relative_to(root)) not in files:
            path.unlink()
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(files)} files\n")


if __name__ == "__main__":
    main()
