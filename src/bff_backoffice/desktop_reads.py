"""What a desktop reads at its start, put together: preferences, keyboard map, properties.

A part of the composition root, which is the only one that imports it.
"""

from __future__ import annotations

from collections.abc import Callable

from bff_backoffice.application.ports import Clock
from bff_backoffice.application.preferences import forget, read, shortcuts, start
from bff_backoffice.application.projections import ProjectionCache
from bff_backoffice.application.read_through import ReadThrough
from bff_backoffice.gateways import Gateways
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.preferences import PostgresPreferences
from bff_backoffice.infrastructure.postgres.shortcuts import PostgresShortcuts

__all__ = ["forgetting_of", "start_of"]


def start_of(
    gateways: Gateways, database: Database, *, read_through: Callable[..., ReadThrough], clock: Clock
) -> start.PrepareStart:
    """Put the start together, which holds its parts. `read_through` makes a `ReadThrough` for a `freshness`."""
    return start.PrepareStart(
        read_properties=start.ReadProperties(
            reads=read_through(freshness=start.PROPERTIES_FRESHNESS), tenants=gateways.property
        ),
        read_preferences=read.ReadPreferences(
            reads=read_through(freshness=read.FRESHNESS),
            mirror=PostgresPreferences(database),
            authority=gateways.tenant,
            clock=clock,
        ),
        read_shortcuts=shortcuts.ReadShortcuts(
            reads=read_through(freshness=shortcuts.FRESHNESS), overrides=PostgresShortcuts(database)
        ),
        clock=clock,
    )


def forgetting_of(database: Database, cache: ProjectionCache, *, clock: Clock) -> forget.ForgetStart:
    """Put together what events of the platform end."""
    mirror = PostgresPreferences(database)
    return forget.ForgetStart(cache=cache, preferences=read.ForgetPreferences(cache=cache, mirror=mirror, clock=clock))
