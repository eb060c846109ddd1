"""The first tables of the counter."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "counter_openings",
        _id("id"),
        _code("till"),
        _code("centre"),
        _whole("number"),
        _code("gateway"),
        _big("float_poisha"),
        _big("opened_at"),
        _code("opened_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_openings")),
        sa.UniqueConstraint("till", "number", name=op.f("uq_counter_openings_till_number")),
    )
    op.create_index("ix_counter_openings_centre", "counter_openings", ["centre", "till", "number"])
    op.create_table(
        "counter_closes",
        _id("session"),
        _big("closed_at"),
        _code("closed_by"),
        sa.Column("second", sa.String(length=120)),
        sa.Column("reason", sa.Text()),
        *(_big(name) for name in ("taken_poisha", "given_back_poisha", "counted_poisha")),
        sa.Column("pieces", sa.Text()),
        *(_whole(name) for name in ("unknown", "unpaid", "by_hand")),
        _big("by_hand_poisha"),
        sa.ForeignKeyConstraint(["session"], ["counter_openings.id"], name=op.f("fk_counter_closes_session")),
        sa.PrimaryKeyConstraint("session", name=op.f("pk_counter_closes")),
    )
    op.create_table(
        "counter_entries",
        sa.Column("id", sa.String(length=64), nullable=False),
        _id("session"),
        _id("payment"),
        _code("kind"),
        _big("at"),
        _big("poisha"),
        _whole("late"),
        _whole("ahead"),
        sa.ForeignKeyConstraint(["session"], ["counter_closes.session"], name=op.f("fk_counter_entries_session")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_entries")),
    )
    op.create_index("ix_counter_entries_session", "counter_entries", ["session"])
    op.create_index("ix_counter_entries_payment", "counter_entries", ["payment"])
    op.create_table(
        "counter_prints",
        _id("id"),
        _id("application"),
        _id("payment"),
        _whole("copy"),
        _big("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_prints")),
        sa.UniqueConstraint("payment", "copy", name=op.f("uq_counter_prints_payment_copy")),
    )


def _id(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=36), nullable=False)


def _code(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=120), nullable=False)


def _whole(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _big(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def downgrade() -> None:
    """Take the tables back, with their indexes."""
    for table in ("counter_prints", "counter_entries", "counter_closes", "counter_openings"):
        op.drop_table(table)
