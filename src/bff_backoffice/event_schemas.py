"""`make schemas`: writes `schemas/` and `asyncapi/asyncapi.yaml` from the shapes of telemetry and what is consumed.

One JSON Schema (draft 2020-12) a subject, at the path that its `schemaUri` names, and an AsyncAPI 3 document that
points at them and lists what is received. Both are committed; a test holds them to the source, and every event that the
suite sees to them.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from bff_backoffice.application.inboxes_news import news_of
from bff_backoffice.application.refresh_hints import STALE
from bff_backoffice.application.telemetry import Envelope
from bff_backoffice.application.telemetry_payloads import PAYLOADS
from bff_backoffice.application.views import Views
from bff_backoffice.domain.telemetry import SUBJECTS, Subject
from bff_backoffice.presentation.consumers import FAMILIES, HANDLERS

__all__ = ["asyncapi_document", "heard_addresses", "main", "schema_of", "written"]

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_PUBLISHED: Final = ("publishedAt",)
_SCHEMAS: Final = "schemas"
_ASYNCAPI: Final = "asyncapi/asyncapi.yaml"
_HAPPENING: Final = "{happening}"
_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
_RECEIVED: Final = {
    "name": "received",
    "title": "An event of another service",
    "summary": "In its publisher's own envelope. Each fact is looked for wherever some service writes it, in the "
    "message's attributes first, and members that are missing are tolerated.",
    "contentType": "application/json",
    "headers": {
        "type": "object",
        "properties": {
            name: {"type": "string"} for name in ("subject", "tenantId", "orderingKey", "eventId")
        },
    },
    "payload": {
        "schemaFormat": "application/schema+json;version=2020-12",
        "schema": {
            "type": "object",
            "properties": {"payload": {"type": "object"}, "data": {"type": "object"}},
            "anyOf": [{"required": ["payload"]}, {"required": ["data"]}],
        },
    },
}  # fmt: skip


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
    """Return the AsyncAPI 3 document of everything that this service publishes and receives."""
    heard = heard_addresses()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "bff-backoffice-service: events",
            "version": "1.1.0",
            "description": "What the back office's backend-for-frontend tells the platform of its own doing: "
            "telemetry, and no domain event. At least once, ordered by device; receivers tell duplicates by `eventId`. "
            "And what it hears of the other services: late, twice and in any order.",
        },
        "defaultContentType": "application/json",
        "channels": {
            **{_name(subject): _channel(subject) for subject in SUBJECTS},
            **{_name_of_heard(address): _heard_channel(address) for address in heard},
        },
        "operations": {
            **{_camel(f"tell_{subject.aggregate}_{subject.verb}"): _telling(subject) for subject in SUBJECTS},
            **{
                _name_of_heard(address).replace("heard", "hear", 1): _hearing(address, summary)
                for address, summary in heard.items()
            },
        },
        "components": {
            "messages": {**{_name(subject): _message(subject) for subject in SUBJECTS}, "received": _RECEIVED}
        },
    }


def heard_addresses() -> dict[str, str]:
    """Return what is received, by its subject, and what it leads to. `{happening}` is any ending, in any version."""
    families: dict[str, list[str]] = {family: [_sentence(handler)] for family, handler in FAMILIES.items()}
    for family, views in STALE.items():
        if views is not None:
            families.setdefault(family, []).append(_staleness(family, views))
    return {
        **{subject: _sentence(handler) for subject, handler in HANDLERS.items()},
        **{f"melmastoon.{family}.{_HAPPENING}": " ".join(does) for family, does in families.items()},
    }


def _sentence(documented: object) -> str:
    return (documented.__doc__ or "").partition("\n")[0]


def _staleness(family: str, views: Views) -> str:
    shown = [*sorted(widget.value for widget in views.widgets), *(f"board {board}" for board in views.boards)]
    card = ["property card"] if views.property_card else []
    news = news_of(f"melmastoon.{family}.raised.v1", {}, None, _ANY_TIME)
    told = "" if news is None else f" Told on the channel `{news.channel}`."
    return f"Makes stale: {', '.join([*shown, *card])}.{told}"


def _name_of_heard(address: str) -> str:
    words = address.removeprefix("melmastoon.").split(".")[:-1]
    # Others advance cursors too: what is heard has names apart from what is told.
    return _camel("_".join(["heard", *([] if _HAPPENING not in address else ["any"]), *words]))


def _heard_channel(address: str) -> dict[str, Any]:
    happening = {"happening": {"description": "What happened, and the version."}}
    return {
        "address": address,
        **({"parameters": happening} if _HAPPENING in address else {}),
        "messages": {"event": {"$ref": "#/components/messages/received"}},
    }


def _hearing(address: str, summary: str) -> dict[str, Any]:
    channel = f"#/channels/{_name_of_heard(address)}"
    return {
        "action": "receive",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/event"}],
        "summary": summary,
    }


def _telling(subject: Subject) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{_name(subject)}"},
        "messages": [{"$ref": f"#/channels/{_name(subject)}/messages/event"}],
        "summary": _summary(subject),
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
    return _sentence(PAYLOADS[subject])


def _name(subject: Subject) -> str:
    return _camel(f"{subject.aggregate}_{subject.verb}")


def _camel(words: str) -> str:
    first, *others = words.split("_")
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
