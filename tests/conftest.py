"""What every test may use: the one world of its test process, healed after each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.worlds import World, start_world

pytest_plugins = ["tests.documented_answers"]

# Properties are about what is true, not about how soon: the library's 200 ms for an example, and its second for making
# ten of them, are what a busy machine passes when it stands still for a moment.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The developer world, started once by the real command."""
    with start_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of the module's own without circuit breakers, so that the faults of one test do not outlast it.

    A module whose every test wants it says so by calling it its `shared_world`.
    """
    settings = {"BFF_UPSTREAM_BREAKERS": "false"}
    with start_world(tmp_path_factory.mktemp("unguarded"), environment=settings) as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """The world in good health, with nothing in the dashboards' cache; healed again afterwards."""
    shared_world.forget_cache()
    shared_world.leave_devices()
    yield shared_world
    shared_world.heal()


@pytest.fixture
def own_world(tmp_path: Path) -> Iterator[World]:
    """A world of the test's own, for tests that kill parts of it."""
    with start_world(tmp_path / "a world of its own") as world:
        yield world


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio."""
    return "asyncio"
