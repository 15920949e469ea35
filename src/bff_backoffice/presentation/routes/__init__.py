"""One module per feature; routes do not know each other. This is the whole table."""

from __future__ import annotations

from typing import Final

from bff_backoffice.presentation.routes import (
    alerts,
    choices,
    dashboard,
    devices,
    documents,
    downtime_pack,
    health,
    internal_events,
    jobs,
    live_events,
    lookups,
    mutations,
    preferences,
    sessions,
    step_up,
    suggestions,
    sync,
    workbench,
)

__all__ = ["ROUTES"]

ROUTES: Final = (
    *sessions.ROUTES,
    *preferences.ROUTES,
    *choices.ROUTES,
    *step_up.ROUTES,
    *dashboard.ROUTES,
    *workbench.ROUTES,
    *downtime_pack.ROUTES,
    *lookups.ROUTES,
    *suggestions.ROUTES,
    *alerts.ROUTES,
    *mutations.ROUTES,
    *devices.ROUTES,
    *sync.ROUTES,
    *jobs.ROUTES,
    *live_events.ROUTES,
    *internal_events.ROUTES,
    *health.ROUTES,
    *documents.ROUTES,
)

documents.describe(ROUTES)
