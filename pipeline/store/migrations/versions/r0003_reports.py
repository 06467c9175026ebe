"""Which reports of others were read, and how far each place was."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "reports",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "report_places",
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("position", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
