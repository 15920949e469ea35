"""${message}."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Run the SQL file of the same name."""
    script = Path(__file__).with_suffix(".sql").read_text()
    op.get_bind().connection.dbapi_connection.run_async(lambda driver: driver.execute(script))
