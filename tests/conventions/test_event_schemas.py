"""`schemas/` and the AsyncAPI document are what the source makes now, and whole."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bff_backoffice.application.telemetry_payloads import PAYLOADS
from bff_backoffice.domain.telemetry import SUBJECTS, Subject
from bff_backoffice.event_schemas import written

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "asyncapi/asyncapi.yaml").read_text(encoding="utf-8"))


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


def test_the_document_is_asyncapi_3_and_whole() -> None:
    """Its members are those of AsyncAPI 3, every pointer leads somewhere, every subject is a channel with a sender."""
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])
    assert set(DOCUMENT) <= {"asyncapi", "info", "defaultContentType", "channels", "operations", "components"}
    for pointer in pointers(DOCUMENT):
        if pointer.startswith("#/"):
            assert at(pointer), pointer
        else:
            assert (ROOT / "asyncapi" / pointer).resolve().is_file(), pointer
    assert {channel["address"] for channel in DOCUMENT["channels"].values()} == {each.name for each in SUBJECTS}
    sent = [operation["channel"]["$ref"] for operation in DOCUMENT["operations"].values()]
    assert all(operation["action"] == "send" for operation in DOCUMENT["operations"].values())
    assert sorted(sent) == sorted(f"#/channels/{name}" for name in DOCUMENT["channels"])
