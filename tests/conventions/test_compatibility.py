"""The API document keeps what /v1 promised when it landed last, and the command that holds it to that does so."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from compatibility.__main__ import main
from compatibility.documents import breaking_changes

ROOT = Path(__file__).parents[2]
METHODS = ("get", "put", "post", "patch", "delete")
TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """The document as it is kept."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "openapi/openapi.yaml").read_bytes())
    return document


def test_nothing_that_landed_is_broken() -> None:
    """`openapi/openapi.yaml` against `openapi/v1.landed.yaml`: what the first issue of /v1 said still holds."""
    assert main([]) == 0


def test_no_operation_of_ours_could_go_unnoticed(kept: dict[str, Any]) -> None:
    """Each one taken out of the real document is found, and nothing else is."""
    # Beside a neighbour, which stays as it was: the whole document each time is a hundred times the work.
    names = list(kept["paths"])
    for path, neighbour in zip(names, [*names[1:], names[0]], strict=True):
        before = {**kept, "paths": {each: kept["paths"][each] for each in (path, neighbour)}}
        for method in METHODS:
            if method in kept["paths"][path]:
                left = {each: operation for each, operation in kept["paths"][path].items() if each != method}
                less = {**before, "paths": {**before["paths"], path: left}}

                assert [each.where for each in breaking_changes(before, less, today=TODAY)] == [
                    f"{method.upper()} {path}"
                ]


def test_no_member_of_ours_could_go_unnoticed(kept: dict[str, Any]) -> None:
    """Each member of each component taken out breaks an operation that speaks of it."""
    assert breaking_changes(kept, kept, today=TODAY) == []
    schemas = kept["components"]["schemas"]
    for name, schema in schemas.items():
        # One operation that reaches the component is enough to compare, and a hundredth of the whole document's work.
        before = {**kept, "paths": one_operation_with(name, kept)}
        for member in schema.get("properties", {}):
            less = {
                **schema,
                "properties": {key: each for key, each in schema["properties"].items() if key != member},
                "required": [each for each in schema.get("required", []) if each != member],
            }
            after = {**before, "components": {**kept["components"], "schemas": {**schemas, name: less}}}

            found = breaking_changes(before, after, today=TODAY)
            assert any(each.what.endswith(f"{member}: is gone") for each in found)


def one_operation_with(component: str, document: dict[str, Any]) -> dict[str, Any]:
    """The paths of a document with nothing but the first operation from which the component is reached."""
    for path, operations in document["paths"].items():
        for method in METHODS:
            if component in components_of(operations.get(method), document["components"]["schemas"]):
                return {path: {method: operations[method]}}
    raise AssertionError(f"no operation speaks of {component}")


def components_of(node: object, schemas: dict[str, Any]) -> set[str]:
    """The names of all components that a part of the document refers to, however indirectly."""
    found: set[str] = set()
    parts = [node]
    while parts:
        part = parts.pop()
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            parts += part.values()
            name = str(part.get("$ref", "")).removeprefix("#/components/schemas/")
            if name in schemas and name not in found:
                found.add(name)
                parts.append(schemas[name])
    return found


def written(folder: Path, name: str, document: object) -> str:
    """A document in a file."""
    path = folder / name
    path.write_text(yaml.safe_dump(document))
    return str(path)


def small(*paths: str, summary: str = "") -> dict[str, Any]:
    """A document of a few addresses."""
    return {"paths": {path: {"get": {"summary": summary, "responses": {"200": {}}}} for path in paths}}


def test_a_broken_document_is_refused_with_every_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1 and a line for each promise that is not kept, whatever else the command was asked to do."""
    document, landed = written(tmp_path, "new.yaml", small("/a")), written(tmp_path, "old.yaml", small("/a", "/b"))
    before = Path(landed).read_bytes()

    for more in ([], ["--landing"], ["--land"]):
        assert main(["--document", document, "--landed", landed, *more]) == 1
        assert "✗ GET /b: is gone" in capsys.readouterr().err
    assert Path(landed).read_bytes() == before


def test_what_lands_is_promised_from_then_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An addition passes; it can't land before it is kept as landed; from then on it can't be taken back."""
    landed = written(tmp_path, "old.yaml", small("/a"))
    more = ["--document", written(tmp_path, "new.yaml", small("/a", "/b")), "--landed", landed]

    assert main(more) == 0
    assert main([*more, "--landing"]) == 1
    assert "is behind" in capsys.readouterr().err
    assert main([*more, "--land"]) == 0
    assert main([*more, "--landing"]) == 0
    assert main(["--document", written(tmp_path, "less.yaml", small("/a")), "--landed", landed]) == 1


def test_a_missing_promise_is_no_promise_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the landed document nothing can be compared, so nothing passes."""
    document = written(tmp_path, "new.yaml", small("/a"))

    assert main(["--document", document, "--landed", str(tmp_path / "none.yaml")]) == 1
    assert "is not there" in capsys.readouterr().err


def test_every_change_lands_through_the_gate() -> None:
    """`make lint` compares, and what has to be true before a change lands demands that what landed is current."""
    linters, landing = (ROOT / "scripts/lint.sh").read_text(), (ROOT / ".ci/run").read_text()

    assert 'python" -m compatibility' in linters
    assert "bash scripts/lint.sh" in landing
    assert "python -m compatibility --landing" in landing
