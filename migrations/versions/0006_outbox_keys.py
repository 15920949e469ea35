"""The outbox by ordering keys: an order that holds, and one list of who has something to tell."""

from __future__ import annotations

from pathlib import Path

from alembic import op
from sqlalchemy import text

revision = "0006"
down_revision = "0011"


def upgrade() -> None:
    """Run the SQL file of the same name."""
    connection = op.get_bind()
    # Opens the driver's transaction, which a call past SQLAlchemy would not do by itself.
    connection.execute(text("select 1"))
    script = Path(__file__).with_suffix(".sql").read_text()
    connection.connection.dbapi_connection.run_async(lambda driver: driver.execute(script))
