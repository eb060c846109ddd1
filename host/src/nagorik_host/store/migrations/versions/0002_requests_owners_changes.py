"""Requests' keys, who took an application in, its changes for those who follow it, and the applicant's mobile."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Applications of before have no owner, and are not found by a mobile number."""
    # Both databases add it in place. Alembic would copy the table on SQLite, and lose that it is strict.
    op.execute(
        "ALTER TABLE applications ADD COLUMN owner TEXT CONSTRAINT ck_applications_owner CHECK (length(owner) <= 120)"
    )
    op.create_index("ix_applications_owner", "applications", ["owner", "opened_at", "id"])
    op.create_table(
        "applicant_mobiles",
        sa.Column("application", sa.Text, primary_key=True),
        sa.Column("mobile", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["application"], ["applications.id"], name=op.f("fk_applicant_mobiles_application")),
        *_bounds("applicant_mobiles", application=36, mobile=64),
        sqlite_strict=True,
    )
    op.create_index("ix_applicant_mobiles_mobile", "applicant_mobiles", ["mobile"])
    op.create_table(
        "request_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("at", _whole(), nullable=False),
        *_bounds("request_keys", id=64, digest=64, subject=120),
        sqlite_strict=True,
    )
    op.create_index("ix_request_keys_at", "request_keys", ["at"])
    op.create_index("ix_request_keys_subject", "request_keys", ["subject"])
    op.create_table(
        "changes",
        sa.Column("id", _whole(), primary_key=True),
        sa.Column("application", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", _whole(), nullable=False),
        sa.Column("place", _whole()),
        sa.ForeignKeyConstraint(["application"], ["applications.id"], name=op.f("fk_changes_application")),
        *_bounds("changes", application=36, owner=120, state=120),
        sqlite_strict=True,
    )
    op.create_index("ix_changes_place", "changes", ["place"])
    op.create_index("ix_changes_owner", "changes", ["owner", "place"])


def _whole() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _bounds(table: str, **longest: int) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(f"length({name}) <= {length}", name=op.f(f"ck_{table}_{name}"))
        for name, length in longest.items()
    ]
