"""Writes `docs/settings.md` from the settings object, so that the page can't be wrong: `make settings`."""

from __future__ import annotations

import sys
from typing import Any

from pydantic_core import PydanticUndefined

from bff_backoffice.settings import PREFIX, Settings

__all__ = ["page"]

_HEAD = """# Settings

Every knob of the service, read once from environment variables. This page is generated (`make settings`); a test holds
it to the source. `bff-backoffice check` says whether the values work. `bff-backoffice dev` sets all of them by itself.

| Variable | Default | What it is |
|---|---|---|
"""

_TAIL = """
## Roles of Postgres

Three roles, made with the server and not by migrations: the owner of the schema (`BFF_POSTGRES_OWNER_DSN`, used by
`bff-backoffice migrate` only), `bff_app` and `bff_worker`. The last two own nothing and are `nosuperuser nobypassrls`:

```sql
create role bff_owner login password '…';
create role bff_app login nosuperuser nobypassrls password '…';
create role bff_worker login nosuperuser nobypassrls password '…';
create database bff_backoffice owner bff_owner;
```

## Tiers of Redis

Sessions and proofs must never be evicted (`maxmemory-policy noeviction`) and should survive a restart
(`appendonly yes`); composed views may be (`allkeys-lru`). In the developer world one server is both.
"""


def page() -> str:
    """The whole page."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field)} | {_cell(field.description or '')}{_example(field)} |"
        for name, field in Settings.model_fields.items()
    ]
    return _HEAD + "\n".join(rows) + "\n" + _TAIL


def _default(field: Any) -> str:  # noqa: ANN401 - pydantic's field
    if field.default_factory is not None:
        return "none"
    if field.default is PydanticUndefined:
        return "**required**"
    value = ",".join(field.default) if isinstance(field.default, tuple) else field.default
    if value is None or value == "":
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _example(field: Any) -> str:  # noqa: ANN401 - pydantic's field
    return f" Example: `{_cell(str(field.examples[0]))}`." if field.examples else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
