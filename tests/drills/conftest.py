"""One world for the samples that need one, with two service processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worlds import World, start_world


@pytest.fixture(scope="package")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Path]]:
    """The world and where its data is."""
    folder = tmp_path_factory.mktemp("drilled")
    with start_world(folder, "--workers", "2") as world:
        yield world, folder / "state"
