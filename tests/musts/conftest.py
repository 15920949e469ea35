"""What the tests of promises share: one desk for each module, and the document that every answer is held to."""

from __future__ import annotations

import pytest

from tests.musts.described import Described
from tests.worlds import World


@pytest.fixture(scope="session")
def described(shared_world: World) -> Described:
    """The API document of the running service."""
    return Described.by(shared_world)
