"""When the books were restored from a copy, and when they had caught up."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the tables forward."""
    op.create_table(
        "restorations",
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("officer", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("caught_up_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_restorations")),
    )
