"""Stores without a service around them, for the tests that only ask those."""

from __future__ import annotations

import pytest

from tests.isolation.stores import Stores
from tests.worlds import World


@pytest.fixture(scope="session")
def stores(request: pytest.FixtureRequest) -> Stores:
    """Those that were brought, which a missing protection may be found on; else the shared world's."""
    brought = Stores.brought()
    if brought is not None:
        return brought
    world: World = request.getfixturevalue("shared_world")
    return Stores(postgres=world.postgres, redis=world.redis)
