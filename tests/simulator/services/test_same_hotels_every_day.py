"""The hotels of a seed stay the same hotels: what a developer's database remembers of them is still true tomorrow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from platform_sim.world.generate import generate

MORNING = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize("later", [timedelta(hours=13), timedelta(days=1), timedelta(days=200)])
@pytest.mark.parametrize("table", ["tenants", "properties", "room_types", "rooms", "locks", "operators", "devices"])
def test_what_stands_has_the_same_identifiers_every_day(table: str, later: timedelta) -> None:
    """Tenants, properties, rooms, locks, people and desktops do not depend on the day on which the world is made."""
    assert list(getattr(generate(5, MORNING), table)) == list(getattr(generate(5, MORNING + later), table))


def test_operators_keep_their_passwords() -> None:
    """Whoever wrote a password down can sign in next week."""
    today, next_week = generate(5, MORNING), generate(5, MORNING + timedelta(days=7))
    assert [(person.username, person.password, person.totp_secret) for person in today.operators.values()] == [
        (person.username, person.password, person.totp_secret) for person in next_week.operators.values()
    ]


def test_another_seed_is_another_world() -> None:
    """Two seeds share no identifier."""
    assert not generate(5, MORNING).rooms.keys() & generate(6, MORNING).rooms.keys()
