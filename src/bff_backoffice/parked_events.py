"""What was set aside because nobody could deal with it, for a person to look at: behind `bff-backoffice events`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from bff_backoffice.application.event_inbox import Parked, ParkedEvents
from bff_backoffice.application.platform_events import UnusableEventError
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.bootstrap import open_worker
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.observability import Metrics
from bff_backoffice.infrastructure.postgres.event_inbox import PostgresParkedEvents
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.settings import Settings, SettingsError, load_settings

__all__ = ["drop", "fail", "list_parked", "replay", "show"]

_MOST: Final = 10_000

_console = Console(highlight=False, soft_wrap=True)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)


def list_parked(tenant: str | None, most: int) -> None:
    """List what is parked, the oldest first."""
    found = _run(_all(tenant, most))
    if not found:
        _console.print("Nothing is parked.")
        return
    table = Table("id", "parked at", "tenant", "subject", "deliveries", "why")
    for each in found:
        table.add_row(
            each.id,
            f"{each.parked_at:%Y-%m-%d %H:%M:%S}",
            each.tenant_id,
            _plain(each.message.subject),
            str(each.message.attempt),
            _plain(each.why),
        )
    Console(highlight=False, width=220).print(table)


def show(name: str) -> None:
    """Print one parked message as JSON, with its envelope as it came."""
    (found,) = _run(_named([name], None))
    message = found.message
    described: dict[str, Any] = {
        "id": found.id, "tenantId": found.tenant_id, "why": found.why, "parkedAt": found.parked_at.isoformat(),
        "deliveries": message.attempt, "subject": message.subject, "orderingKey": message.ordering_key,
        "eventId": message.event_id, "envelope": _readable(message.envelope),
    }  # fmt: skip
    typer.echo(json.dumps(described, ensure_ascii=False, indent=2))


def replay(names: list[str], tenant: str | None) -> None:
    """Give these, or everything, to the consumers again. Exit status 1 if one of them still fails; it stays parked."""
    failed = _run(_replay(names, tenant))
    raise typer.Exit(1 if failed else 0)


def drop(names: list[str]) -> None:
    """Remove parked messages for good, because nobody ever has to deal with them."""
    _run(_drop(names))


async def _all(tenant: str | None, most: int) -> list[Parked]:
    async with _open() as parked:
        return [each for owner in await _tenants(parked, tenant) for each in await parked.parked(owner, most=most)]


async def _named(names: list[str], tenant: str | None) -> list[Parked]:
    async with _open() as parked:
        return await _find(parked, names, tenant)


async def _drop(names: list[str]) -> None:
    async with _open() as parked:
        for each in await _find(parked, names, None):
            await parked.forget(each.tenant_id, each.id)
            _console.print(f"{each.id} is gone.")


async def _replay(names: list[str], tenant: str | None) -> int:
    failed = 0
    async with open_worker(_settings(), Metrics(), name="replay") as worker, asyncio.TaskGroup() as group:
        parked = worker.replay.parked
        hinting = group.create_task(worker.hints.run())
        try:
            for each in await _find(parked, names, tenant):
                try:
                    interesting = await worker.replay(each)
                except UnusableEventError as error:
                    failed += 1
                    _console.print(f"[red]✗[/red] {each.id} stays parked: {_plain(str(error))}")
                except StoreUnavailableError:
                    raise
                except Exception as error:  # noqa: BLE001 - whatever is wrong with this one, the others are tried too
                    failed += 1
                    _console.print(f"[red]✗[/red] {each.id} stays parked: {type(error).__name__}")
                else:
                    what = "dealt with" if interesting else "of no interest to this service"
                    _console.print(f"[green]✓[/green] {each.id} is {what}, and parked no more.")
        finally:
            # Desktops are told what became stale on the way out.
            hinting.cancel()
    return failed


async def _find(parked: ParkedEvents, names: list[str], tenant: str | None) -> list[Parked]:
    """Those of these names, in their order, or all of them where none is named."""
    owners = await _tenants(parked, tenant)
    if not names:
        return [each for owner in owners for each in await parked.parked(owner, most=_MOST)]
    found = []
    for name in names:
        rows = [row for owner in owners if (row := await parked.one(owner, name)) is not None]
        if not rows:
            fail(f"Nothing of the name {name} is parked.")
        found += rows
    return found


async def _tenants(parked: ParkedEvents, tenant: str | None) -> list[TenantId]:
    return list(await parked.tenants()) if tenant is None else [TenantId(tenant)]


@asynccontextmanager
async def _open() -> AsyncIterator[PostgresParkedEvents]:
    dsn = _settings().postgres_worker_dsn
    if dsn is None:
        fail("BFF_POSTGRES_WORKER_DSN: is not set. Parked events are read with the worker's role.")
    async with Database.open(dsn.get_secret_value(), size=1) as database:
        yield PostgresParkedEvents(database)


def _run(work: Any) -> Any:  # noqa: ANN401 - whatever the command is about
    try:
        return asyncio.run(work)
    except StoreUnavailableError as error:
        fail(f"The {error.store} store can't be asked; `bff-backoffice check` says why. Nothing was changed there.")
    except ValueError as error:
        fail(str(error))


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        fail("\n".join(("The settings can't work:", *(f"  {problem}" for problem in error.problems))))


def _readable(envelope: bytes) -> object:
    """The envelope as JSON where it is some, else as text, with what is no text escaped."""
    try:
        return json.loads(envelope)
    except (ValueError, RecursionError):
        return envelope.decode(errors="backslashreplace")


def _plain(text: str) -> str:
    """Text of a stranger for a terminal: no markup, no control characters."""
    return "".join(each if each.isprintable() else "�" for each in text).replace("[", r"\[")


def fail(message: str) -> NoReturn:
    """Say what is wrong and how to mend it, and end with status 1."""
    _errors.print(message, style="red", markup=False)
    raise typer.Exit(1)
