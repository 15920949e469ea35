"""Hotels of the running simulator; each test begins with the world as it began."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.simulator.services.hotels import Hotel, Platform


@pytest.fixture
def platform(sim) -> Platform:
    """The simulator's services."""
    now = datetime.now(UTC)
    # Published times have milliseconds: what is published in this one must not seem to be older than it.
    return Platform(sim.url, now.replace(microsecond=now.microsecond // 1000 * 1000))


@pytest.fixture
def kabul(platform: Platform) -> Hotel:
    """Kabul Grand Hotel: the first property of its tenant."""
    return platform.hotel("kabul-grand-hotel")


@pytest.fixture
def creek(platform: Platform) -> Hotel:
    """Marjan Creek Hotel: 300 rooms."""
    return platform.hotel("marjan-creek")
