"""`docs/map.md` is true: every file of the service is on it once, and its features are those of the import rules."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src/bff_backoffice"
MAP = (ROOT / "docs/map.md").read_text(encoding="utf-8")

FLOOR = {
    "composition", "flights", "forgetting", "local_dates", "inboxes", "pages", "projections", "read_through", "ports",
    "texts", "tiles", "upstream_pages", "use_cases", "records", "records_bodies", "outbox", "event_bus",
    "views", "event_inbox", "event_pushes", "event_envelopes", "platform_events",
}  # fmt: skip
"""Modules of the application that are no features: what features stand on, and what they show."""


def on_the_map() -> Counter[str]:
    """The files of the package that the tables name, each with how often it is named."""
    cells = [line for line in MAP.splitlines() if line.startswith("|")]
    return Counter(
        name for cell in cells for name in re.findall(r"`([\w/]+\.(?:py|css))`", cell) if "tests/" not in name
    )


def files() -> set[str]:
    """Every file of the package that holds something of its own; a package's entry only lists what is in it."""
    return {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*")
        if path.suffix in {".py", ".css"} and path.name != "__init__.py" and "__pycache__" not in path.parts
    }


def section(heading: str) -> str:
    """The text under a heading of the second level."""
    return MAP.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_every_file_is_on_the_map() -> None:
    """Nothing exists that the map does not say where it belongs."""
    assert files() - set(on_the_map()) == set()


def test_the_map_names_no_file_that_does_not_exist() -> None:
    """What moved or went is moved or gone on the map too."""
    assert set(on_the_map()) - files() == set()


def test_no_file_is_in_two_places() -> None:
    """A file belongs to one feature, or to the floor."""
    assert [name for name, times in on_the_map().items() if times > 1] == []


def test_the_features_are_those_of_the_import_rules() -> None:
    """The sections are the application's features, as the exhaustive contract lists them."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [each for each in configuration["tool"]["importlinter"]["contracts"] if each["id"] == "features"]
    listed = {name.strip() for layer in contract["layers"] for name in layer.split("|")}

    features = re.findall(r"^### (\w+)$", section("Features"), re.MULTILINE)

    assert sorted(features) == sorted(
        name for name in listed - FLOOR if not any(name.startswith(f"{other}_") for other in listed)
    )


def test_the_maps_other_paths_exist() -> None:
    """Folders, tests and pages that it points at are there."""
    paths = re.findall(r"`((?:tests|platform_sim|migrations|openapi|bench|drills)/[\w/.]*)`", MAP)
    pages = re.findall(r"\]\(([\w/.-]+\.md)\)", MAP)

    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [page for page in pages if not (ROOT / "docs" / page).exists()] == []
