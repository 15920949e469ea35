"""`bff-backoffice events …` on the command line; the work is in `parked_events.py`, which is slow to load."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["commands"]

commands = typer.Typer(
    help="""Events that nobody could deal with: look at them, and try them again.

A message that can't be understood, or that failed too often, is parked so that it stops no other. Once its publisher or
this service has been mended, `replay` gives it to the same consumers again; what succeeds is parked no more. Reads
`BFF_POSTGRES_WORKER_DSN`, and for `replay` what `bff-backoffice worker` reads.""",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Tenant = Annotated[
    str | None, typer.Option(help="Only this tenant's (`tnt_…`, or `*` for those that name none). Default: all.")
]
Names = Annotated[list[str] | None, typer.Argument(help="Identifiers as `events parked` lists them (`pkd_…`).")]


@commands.command()
def parked(
    tenant: Tenant = None,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many of each tenant.")] = 100,
) -> None:
    """List what is parked, the oldest first."""
    from bff_backoffice import parked_events  # noqa: PLC0415 - keeps `--help` quick

    parked_events.list_parked(tenant, most)


@commands.command()
def show(name: Annotated[str, typer.Argument(help="The identifier, as `events parked` lists it (`pkd_…`).")]) -> None:
    """Print one parked message as JSON, with its envelope as it came."""
    from bff_backoffice import parked_events  # noqa: PLC0415 - keeps `--help` quick

    parked_events.show(name)


@commands.command()
def replay(
    names: Names = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is parked, the oldest first.")] = False,
    tenant: Tenant = None,
) -> None:
    """Give parked messages to the consumers again. Exit status 1 if one of them still fails; it stays parked."""
    from bff_backoffice import parked_events  # noqa: PLC0415 - keeps `--help` quick

    if bool(names) == everything:
        parked_events.fail("Name what to replay, or say --all.")
    parked_events.replay(names or [], tenant)


@commands.command()
def drop(names: Annotated[list[str], typer.Argument(help="Identifiers as `events parked` lists them.")]) -> None:
    """Remove parked messages for good, because nobody ever has to deal with them."""
    from bff_backoffice import parked_events  # noqa: PLC0415 - keeps `--help` quick

    parked_events.drop(names)
