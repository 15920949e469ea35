"""Hotels of the running simulator; each test begins with the world as it began."""

from __future__ import annotations

import pytest

from tests.simulator.services.hotels import Hotel, Platform


@pytest.fixture
def platform(sim) -> Platform:
    """The simulator's services."""
    return Platform(sim.url)


@pytest.fixture
def kabul(platform: Platform) -> Hotel:
    """Kabul Grand Hotel: the first property of its tenant."""
    return platform.hotel("kabul-grand-hotel")


@pytest.fixture
def creek(platform: Platform) -> Hotel:
    """Marjan Creek Hotel: 300 rooms."""
    return platform.hotel("marjan-creek")
