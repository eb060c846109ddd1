"""What is stopped is kept out of its agency's queue."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_IN_QUEUE = sa.text("due_at IS NOT NULL AND aside_at IS NULL")
_ASIDE = sa.text("aside_at IS NOT NULL")


def upgrade() -> None:
    """Bring the tables forward."""
    op.add_column("applications", sa.Column("aside_at", sa.BigInteger(), nullable=True))
    op.drop_index("ix_applications_due", "applications")
    op.create_index(
        "ix_applications_due",
        "applications",
        ["callee", "due_at"],
        unique=False,
        sqlite_where=_IN_QUEUE,
        postgresql_where=_IN_QUEUE,
    )
    op.create_index(
        "ix_applications_aside",
        "applications",
        ["service"],
        unique=False,
        sqlite_where=_ASIDE,
        postgresql_where=_ASIDE,
    )
