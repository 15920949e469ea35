"""The command line: dev, serve, worker, events, migrate, check, openapi."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console

from bff_backoffice.event_commands import commands as event_commands
from bff_backoffice.settings import Settings, SettingsError, load_settings

__all__ = ["main"]

_HELP: Final = """The backend-for-frontend of the hotel back office.

[bold]bff-backoffice dev[/bold] starts everything on this machine: servers, simulator, console, service and worker.
The other commands read BFF_* environment variables; docs/settings.md lists them."""

_LAST_BASE_PORT: Final = 64_520
"""Below the last port by the thousand to the admin listeners, of which there are sixteen at most."""

app = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    # Local variables in a traceback would put addresses with passwords into a log.
    pretty_exceptions_enable=False,
)
_errors = Console(stderr=True)

app.add_typer(event_commands, name="events")


@app.command()
def dev(
    base_port: Annotated[
        int,
        typer.Option(min=1, max=_LAST_BASE_PORT, help="The service's port; the others follow it (+7, +8, +1000)."),
    ] = 8083,
    workers: Annotated[int, typer.Option(min=1, max=16, help="How many service processes.")] = 1,
    state: Annotated[
        Path, typer.Option(help="Where data and logs are kept.", show_default="a folder of the project")
    ] = Path(".dev"),
    ready_file: Annotated[
        Path | None, typer.Option(help="Write a JSON object with every address here once everything answers.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Which world the simulator makes.")] = 1,
) -> None:
    """Start the whole developer world; Ctrl-C ends it and leaves nothing behind.

    Embedded PostgreSQL and Valkey (or those that BFF_POSTGRES_* and BFF_REDIS_* name), migrations, the platform
    simulator with its console, the service and its worker. A second start finds its data again.
    """
    # Before the imports, which take a moment on a machine that sees them for the first time.
    Console().print("[bold]Starting the developer world[/bold]")
    from bff_backoffice.dev.world import World, WorldError  # noqa: PLC0415 - only `dev` needs the developer world

    world = World(base_port=base_port, workers=workers, state=state.absolute(), ready_file=ready_file, seed=seed)
    try:
        sys.exit(asyncio.run(world.run()))
    except WorldError as error:
        _fail(str(error))


@app.command()
def serve() -> None:
    """Run the service alone, from settings."""
    from bff_backoffice.server import serve as run  # noqa: PLC0415 - keeps `--help` quick

    _run(run, loop="uvloop")


@app.command()
def worker() -> None:
    """Run the background work alone: platform events and, with time, the outbox and the jobs."""
    from bff_backoffice.server import work  # noqa: PLC0415 - keeps `--help` quick

    _run(work, loop="uvloop")


@app.command()
def migrate() -> None:
    """Bring the schema to the newest revision, as the owner role (BFF_POSTGRES_OWNER_DSN)."""
    from bff_backoffice.infrastructure.postgres.migrate import MigrationError  # noqa: PLC0415 - keeps `--help` quick
    from bff_backoffice.infrastructure.postgres.migrate import migrate as run  # noqa: PLC0415 - the same

    settings = _settings()
    if settings.postgres_owner_dsn is None:
        _fail(
            "BFF_POSTGRES_OWNER_DSN: is not set. Migrations run as the owner of the schema, which the service is not."
        )
    try:
        run(settings.postgres_owner_dsn.get_secret_value())
    except MigrationError as error:
        _fail(
            f"The schema is as it was: {error}. BFF_POSTGRES_OWNER_DSN must name a server that runs, and the role that "
            "owns the database."
        )
    typer.echo("The schema is current.")


@app.command()
def check() -> None:
    """Say what is wrong with settings, stores and upstreams, and how to mend it. Exit status 1 if anything is."""
    from bff_backoffice.checks import run_checks  # noqa: PLC0415 - keeps `--help` quick

    settings = _settings()
    console = Console()
    healthy = True
    for finding in asyncio.run(run_checks(settings)):
        healthy = healthy and finding.ok
        mark = "[green]✓[/green]" if finding.ok else "[red]✗[/red]"
        console.print(f"{mark} [bold]{finding.what}[/bold]: {finding.found}", highlight=False, soft_wrap=True)
        if finding.mend:
            console.print(f"  {finding.mend}", highlight=False, soft_wrap=True)
    sys.exit(0 if healthy else 1)


@app.command()
def openapi(
    output: Annotated[Path | None, typer.Option(help="Write here instead of to standard output.")] = None,
) -> None:
    """Print the API document that the running service serves."""
    import bff_backoffice.presentation.routes  # noqa: F401, PLC0415 - puts the table together
    from bff_backoffice.presentation.routes.documents import api_as_yaml  # noqa: PLC0415 - keeps `--help` quick

    text = api_as_yaml()
    if output is None:
        sys.stdout.buffer.write(text)
    else:
        output.write_bytes(text)


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        _fail("\n".join(("The settings can't work:", *(f"  {problem}" for problem in error.problems))))


def _run(command: Callable[[Settings], Coroutine[Any, Any, None]], *, loop: str) -> None:
    from bff_backoffice.infrastructure.observability import configure_logs  # noqa: PLC0415 - keeps `--help` quick

    settings = _settings()
    configure_logs(level=settings.log_level, text=settings.log_format == "text")
    factory = __import__(loop).new_event_loop if loop == "uvloop" and sys.platform != "win32" else None
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(command(settings))
    except (OSError, ValueError) as error:
        _fail(f"Can't start: {error}")


def _fail(message: str) -> NoReturn:
    _errors.print(message, style="red", highlight=False, soft_wrap=True, markup=False)
    sys.exit(1)


def main() -> None:
    """The entry of the `bff-backoffice` command."""
    app()


if __name__ == "__main__":
    main()
