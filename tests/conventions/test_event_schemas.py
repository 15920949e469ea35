"""`schemas/` and the AsyncAPI document are what the source makes now, and whole."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
import yaml

from bff_backoffice.application.refresh_hints import STALE, stale_views
from bff_backoffice.application.telemetry_payloads import PAYLOADS
from bff_backoffice.domain.telemetry import SUBJECTS, Subject
from bff_backoffice.event_schemas import heard_addresses, written
from bff_backoffice.presentation.consumers import FAMILIES, HANDLERS, handler_of

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "asyncapi/asyncapi.yaml").read_text(encoding="utf-8"))

OFFICIAL = "abe96881dbfaad495ccbb6bd8d3fb43ca18a13b9d7564849ccb66f39d5e5b20f"
"""The digest of the schema beside this test (`asyncapi/README.md`)."""


def pointers(part: Any) -> list[str]:
    """Every `$ref` in a part of the document."""
    if isinstance(part, dict):
        return [each for name, each in part.items() if name == "$ref"] + [
            each for value in part.values() for each in pointers(value)
        ]
    return [each for value in part for each in pointers(value)] if isinstance(part, list) else []


def at(pointer: str) -> Any:
    """What a pointer of the document points at."""
    found: Any = DOCUMENT
    for name in pointer.removeprefix("#/").split("/"):
        found = found[name]
    return found


def test_the_files_are_current() -> None:
    """Every file is what the shapes generate now, and there is no other."""
    files = written()
    there = {str(path.relative_to(ROOT)) for folder in ("schemas", "asyncapi") for path in (ROOT / folder).rglob("*.*")}

    assert there == set(files), "run: make schemas"
    for name, text in files.items():
        assert (ROOT / name).read_text(encoding="utf-8") == text, "run: make schemas"


def test_every_subject_has_a_shape_and_every_shape_a_subject() -> None:
    """Thirteen of each, which belong together."""
    assert set(PAYLOADS) == set(SUBJECTS)
    assert len({subject.schema_path for subject in SUBJECTS}) == len(SUBJECTS) == len(set(PAYLOADS.values()))


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.short)
def test_a_schema_is_a_schema_of_its_subject(subject: Subject) -> None:
    """Valid by its own draft, at the address that envelopes name, and of no other subject (platform-facts A7)."""
    schema = json.loads((ROOT / "schemas" / subject.schema_path).read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator.check_schema(schema)
    assert re.fullmatch(r"melmastoon\.bff\.backoffice\.[a-z_]+\.[a-z_]+\.v\d+", subject.name)
    assert schema["$id"] == subject.schema_uri
    assert schema["$id"].startswith("https://schemas.melmastoon.ghasi.io/bff-backoffice/")
    assert schema["$defs"]["Envelope"]["properties"]["subject"] == {"const": subject.name}
    assert "publishedAt" in schema["$defs"]["Envelope"]["required"]


def by_the_initiatives_own_schema(document: Any) -> list[str]:
    """What the official JSON Schema of AsyncAPI 3.0.0 finds."""
    kept = (Path(__file__).parent / "asyncapi/3.0.0.json").read_bytes()
    assert hashlib.sha256(kept).hexdigest() == OFFICIAL, "another file than the README names"
    validator = jsonschema_rs.validator_for(json.loads(kept))
    return [f"{list(each.instance_path)}: {each.message[:300]}" for each in validator.iter_errors(document)]


def test_the_document_keeps_to_the_schema_of_asyncapi() -> None:
    """The AsyncAPI Initiative's own schema is content, and is one that finds something."""
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert by_the_initiatives_own_schema(DOCUMENT) == []
    for place, wrong in (
        ("channels", {"x": {"addres": "y"}}),
        ("operations", {"x": {"action": "shout"}}),
        ("info", {}),
    ):
        assert by_the_initiatives_own_schema({**DOCUMENT, place: wrong})


def test_every_pointer_of_the_document_leads_somewhere() -> None:
    """Inside it, or to a schema beside it."""
    for pointer in pointers(DOCUMENT):
        if pointer.startswith("#/"):
            assert at(pointer), pointer
        else:
            assert (ROOT / "asyncapi" / pointer).resolve().is_file(), pointer


@pytest.mark.parametrize(
    ("action", "addresses"),
    [("send", [subject.name for subject in SUBJECTS]), ("receive", list(heard_addresses()))],
    ids=["send", "receive"],
)
def test_each_subject_has_one_channel_and_one_operation(action: str, addresses: list[str]) -> None:
    """What is told is sent, what is heard is received, and nothing else stands there."""
    operations = [each for each in DOCUMENT["operations"].values() if each["action"] == action]

    assert sorted(at(each["channel"]["$ref"])["address"] for each in operations) == sorted(addresses)
    assert all(each["summary"].endswith(".") for each in operations)
    assert len(DOCUMENT["channels"]) == len(DOCUMENT["operations"]) == len(SUBJECTS) + len(heard_addresses())


@pytest.mark.parametrize("address", heard_addresses())
def test_what_the_document_says_is_heard_leads_to_something(address: str) -> None:
    """A subject as it is written, a family in whatever version; the handlers and the stale views are the truth."""
    for happening in ("changed.v1", "changed.v7"):
        subject = address.replace("{happening}", happening)
        assert handler_of(subject) is not None or stale_views(subject) is not None


def test_everything_that_leads_to_something_is_in_the_document() -> None:
    """Every line of the tables that consumers go by."""
    families = {family for family, views in STALE.items() if views is not None} | set(FAMILIES)
    assert set(heard_addresses()) == set(HANDLERS) | {f"melmastoon.{family}.{{happening}}" for family in families}
