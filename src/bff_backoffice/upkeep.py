"""The scheduled jobs, put together: a part of the composition root, which is the only one that imports it."""

from __future__ import annotations

from bff_backoffice.application.jobs import Chore, Platform, RequestJob, RunJob, RunJobs, Tenants
from bff_backoffice.application.sessions.lapse import CloseIdleSessions, LapsedSessions
from bff_backoffice.application.sessions.telling import closing
from bff_backoffice.application.telemetry import Telemetry
from bff_backoffice.domain.sessions import BackofficeSession
from bff_backoffice.infrastructure.job_metrics import JobMetrics
from bff_backoffice.infrastructure.postgres.job_runs import PostgresJobRuns
from bff_backoffice.infrastructure.postgres.outbox import PostgresOutbox
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.upkeep import PostgresUpkeep

__all__ = ["requests_of", "upkeep_of"]


def requests_of(database: Database) -> RequestJob:
    """Let runs be asked for, with the right of whoever serves people."""
    return RequestJob(runs=PostgresJobRuns(database))


def upkeep_of(database: Database, sessions: LapsedSessions, observer: JobMetrics, telemetry: Telemetry) -> RunJobs:
    """Give each job what it does, for the worker, whose role alone may remove things."""
    postgres, outbox = PostgresUpkeep(database), PostgresOutbox(database)

    async def tell(session: BackofficeSession) -> None:
        await observer.session_lapsed(session)
        ended = closing(telemetry, session, "idle")
        await outbox.write(session.tenant_id, () if ended is None else (ended,))

    chores: dict[str, Chore] = {
        "activity-ledger": Platform(postgres.keep_ledger),
        "idle-sessions": Tenants(CloseIdleSessions(sessions=sessions, tell=tell)),
        "regulated-logs": Platform(postgres.keep_logs),
        **{name: Tenants(step) for name, step in postgres.removals().items()},
    }
    run_job = RunJob(chores=chores, tenants=postgres.tenants)
    return RunJobs(runs=PostgresJobRuns(database), run_job=run_job, observer=observer)
