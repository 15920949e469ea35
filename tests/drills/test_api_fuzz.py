"""A sample of the generated requests at every route: no 500, nothing that the API document does not describe.

The whole of them is `make fuzz-api`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from drills.api_fuzz import SETTINGS, fuzz
from tests.worlds import World, start_world

SAMPLE = 200


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world in which one desk may ask as often as it likes."""
    with start_world(tmp_path_factory.mktemp("patient"), environment=SETTINGS) as world:
        yield world


@pytest.fixture(scope="module")
def document(patient: World) -> dict[str, Any]:
    """The document that the service serves."""
    served: dict[str, Any] = patient.http.get(f"{patient.bff}/openapi.json").json()
    return served


def test_no_generated_request_is_answered_by_what_is_not_described(patient: World, document: dict[str, Any]) -> None:
    """A few hundred requests over all operations, good ones and bad ones; many of them succeed."""
    fuzzed = fuzz(patient, document, at_least=SAMPLE, seed=1, edges=False)

    assert fuzzed.requests >= SAMPLE
    assert fuzzed.defects == {}, fuzzed.examples
    assert sum(count for (_, status), count in fuzzed.answers.items() if status < 300) >= SAMPLE // 10


def test_what_a_document_does_not_describe_is_found(patient: World, document: dict[str, Any]) -> None:
    """With a status and the codes left out of the document, the same requests are defects."""
    path = {"/session": copy.deepcopy(document["paths"]["/session"])}
    del path["/session"]["get"]["responses"]["200"]
    for response in path["/session"]["get"]["responses"].values():
        response["x-codes"] = []

    fuzzed = fuzz(patient, {**document, "paths": path}, at_least=40, seed=1, edges=False)

    assert {"status_code_conformance", "not described"} <= set(fuzzed.defects)
    assert any("is not among" in each for each in fuzzed.examples)
    assert any("not one of []" in each for each in fuzzed.examples)
