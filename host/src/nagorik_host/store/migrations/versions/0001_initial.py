"""The tables as they begin."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_FOR_A_PERSON = "closed_at IS NULL AND (hold_party = 'person' OR blocked IS NOT NULL OR state = 'manual_review')"
_IN_QUEUE = sa.text("due_at IS NOT NULL AND parked_at IS NULL")
_HELD = sa.text("hold_code IS NOT NULL")
_BLOCKED = sa.text("blocked IS NOT NULL")
_PARKED = sa.text("parked_at IS NOT NULL")
_TO_GIVE_BACK = sa.text("state IN ('refund_requested', 'refund_pending', 'refund_manual')")
_CASE_WAITS = sa.text("opened_at IS NOT NULL AND ended_at IS NULL")


def upgrade() -> None:
    """Bring the tables forward."""
    op.create_table(
        "agencies",
        sa.Column("plugin", sa.String(length=120), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("violations", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("down_since", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.String(length=120), nullable=True),
        sa.Column("probe_at", sa.BigInteger(), nullable=True),
        sa.Column("probes", sa.Integer(), nullable=False),
        sa.Column("tried_with", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("plugin", name=op.f("pk_agencies")),
    )
    op.create_table(
        "agency_tokens",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("plugin", sa.String(length=120), nullable=False),
        sa.Column("login", sa.String(length=36), nullable=True),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("renew_at", sa.BigInteger(), nullable=True),
        sa.Column("under_way", sa.String(length=36), nullable=True),
        sa.Column("under_way_until", sa.BigInteger(), nullable=True),
        sa.Column("failed", sa.String(length=36), nullable=True),
        sa.Column("failure", sa.String(length=120), nullable=True),
        sa.Column("held_until", sa.BigInteger(), nullable=True),
        sa.Column("refused", sa.String(length=120), nullable=True),
        sa.Column("refusals", sa.Integer(), nullable=True),
        sa.Column("refused_at", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency_tokens")),
    )
    op.create_table(
        "agency_logins",
        sa.Column("login", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("plugin", sa.String(length=120), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("login", "number", name=op.f("pk_agency_logins")),
    )
    op.create_index("ix_agency_logins_plugin", "agency_logins", ["plugin", "at"], unique=False)
    op.create_table(
        "applications",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("service", sa.String(length=120), nullable=False),
        sa.Column("plugin", sa.String(length=120), nullable=False),
        sa.Column("plugin_version", sa.String(length=120), nullable=False),
        sa.Column("gateway", sa.String(length=120), nullable=True),
        sa.Column("client_reference", sa.String(length=64), nullable=False),
        sa.Column("agency_reference", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=120), nullable=False),
        sa.Column("hold_party", sa.String(length=120), nullable=True),
        sa.Column("hold_code", sa.String(length=120), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("operation", sa.String(length=120), nullable=True),
        sa.Column("target_plugin", sa.String(length=120), nullable=False),
        sa.Column("parked_at", sa.BigInteger(), nullable=True),
        sa.Column("lease", sa.String(length=36), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("progress", sa.LargeBinary(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.Column("blocked", sa.String(length=120), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("client_reference", name=op.f("uq_applications_client_reference")),
    )
    op.create_index("ix_applications_agency_reference", "applications", ["plugin", "agency_reference"], unique=False)
    op.create_index(
        "ix_applications_due",
        "applications",
        ["target_plugin", "due_at"],
        unique=False,
        sqlite_where=_IN_QUEUE,
        postgresql_where=_IN_QUEUE,
    )
    op.create_index(
        "ix_applications_parked",
        "applications",
        ["service"],
        unique=False,
        sqlite_where=_PARKED,
        postgresql_where=_PARKED,
    )
    op.create_index("ix_applications_service", "applications", ["service", "state", "opened_at", "id"], unique=False)
    for name, code, held in (("hold", "hold_code", _HELD), ("blocked", "blocked", _BLOCKED)):
        op.create_index(
            f"ix_applications_{name}",
            "applications",
            [code, "opened_at", "id"],
            unique=False,
            sqlite_where=held,
            postgresql_where=held,
        )
    op.create_index(
        "ix_applications_lease",
        "applications",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("lease IS NOT NULL"),
        postgresql_where=sa.text("lease IS NOT NULL"),
    )
    op.create_index(
        "ix_applications_closed",
        "applications",
        ["closed_at"],
        unique=False,
        sqlite_where=sa.text("erased_at IS NULL AND closed_at IS NOT NULL"),
        postgresql_where=sa.text("erased_at IS NULL AND closed_at IS NOT NULL"),
    )
    op.create_index(
        "ix_applications_person",
        "applications",
        ["updated_at"],
        unique=False,
        sqlite_where=sa.text(_FOR_A_PERSON),
        postgresql_where=sa.text(_FOR_A_PERSON),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("officer", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_at", "decisions", ["at"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("offer", sa.String(length=120), nullable=False),
        sa.Column("message", sa.String(length=64), nullable=False),
        sa.Column("arrival", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("lost_looks", sa.Integer(), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=True),
        sa.Column("application", sa.String(length=36), nullable=True),
        sa.Column("handled_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.String(length=120), nullable=True),
        sa.Column("proved", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("offer", "proved", name=op.f("uq_inbox_offer_proved")),
    )
    op.create_index("ix_inbox_arrival", "inbox", ["offer", "arrival"], unique=False)
    op.create_index(
        "ix_inbox_due",
        "inbox",
        ["offer", "due_at"],
        unique=False,
        sqlite_where=sa.text("handled_at IS NULL"),
        postgresql_where=sa.text("handled_at IS NULL"),
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"], unique=False)
    op.create_index(
        "ix_inbox_reference",
        "inbox",
        ["reference"],
        unique=False,
        sqlite_where=sa.text("reference IS NOT NULL"),
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    op.create_table(
        "ledger",
        sa.Column("writer", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=241), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("writer", "number", name=op.f("pk_ledger")),
    )
    op.create_index("ix_ledger_subject", "ledger", ["subject"], unique=False)
    op.create_table(
        "outages",
        sa.Column("plugin", sa.String(length=120), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.String(length=120), nullable=True),
        sa.PrimaryKeyConstraint("plugin", "began_at", name=op.f("pk_outages")),
    )
    op.create_table(
        "paces",
        sa.Column("plugin", sa.String(length=120), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("plugin", name=op.f("pk_paces")),
    )
    op.create_table(
        "permits",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("plugin", sa.String(length=120), nullable=False),
        sa.Column("worker", sa.String(length=36), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permits")),
    )
    op.create_index("ix_permits_plugin", "permits", ["plugin"], unique=False)
    op.create_table(
        "restorations",
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("officer", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("caught_up_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_restorations")),
    )
    op.create_table(
        "suspensions",
        sa.Column("kind", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("reason_bn", sa.Text(), nullable=False),
        sa.Column("officer", sa.String(length=120), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_suspensions")),
    )
    op.create_table(
        "erased_references",
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_erased_references")),
    )
    op.create_table(
        "host_keys",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("check_value", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_host_keys")),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("key_names", sa.Text(), nullable=False),
        sa.Column("kept_out", sa.Text(), nullable=True),
        sa.Column("settings_reload", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "settings_reloads",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_settings_reloads")),
    )
    op.create_table(
        "attempts",
        sa.Column("application", sa.String(length=36), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("operation", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=True),
        sa.Column("worker", sa.String(length=36), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=True),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(["application"], ["applications.id"], name=op.f("fk_attempts_application")),
        sa.PrimaryKeyConstraint("application", "entry", name=op.f("pk_attempts")),
    )
    op.create_table(
        "consents",
        sa.Column("application", sa.String(length=36), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("service", sa.String(length=120), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("ceiling_poisha", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("acting", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(["application"], ["applications.id"], name=op.f("fk_consents_application")),
        sa.PrimaryKeyConstraint("application", "entry", name=op.f("pk_consents")),
    )
    op.create_table(
        "journal",
        sa.Column("application", sa.String(length=36), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=120), nullable=False),
        sa.Column("outline", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["application"], ["applications.id"], name=op.f("fk_journal_application")),
        sa.PrimaryKeyConstraint("application", "entry", name=op.f("pk_journal")),
    )
    op.create_table(
        "payloads",
        sa.Column("application", sa.String(length=36), nullable=False),
        sa.Column("draft", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["application"], ["applications.id"], name=op.f("fk_payloads_application")),
        sa.PrimaryKeyConstraint("application", name=op.f("pk_payloads")),
    )
    _create_tables_of_money()


def _create_tables_of_money() -> None:
    """Payments and what belongs to them, and prices."""
    op.create_table(
        "payments",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("application", sa.String(length=36), nullable=False),
        sa.Column("gateway", sa.String(length=120), nullable=False),
        sa.Column("stage", sa.String(length=120), nullable=False),
        sa.Column("quote", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=120), nullable=False),
        sa.Column("poisha", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("taken_poisha", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("captured_at", sa.BigInteger(), nullable=True),
        sa.Column("captured_known_at", sa.BigInteger(), nullable=True),
        sa.Column("refund_requested_at", sa.BigInteger(), nullable=True),
        sa.Column("refund_ordered_at", sa.BigInteger(), nullable=True),
        sa.Column("refunded_at", sa.BigInteger(), nullable=True),
        sa.Column("refunded_known_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("acting", sa.String(length=120), nullable=True),
        sa.Column("centre", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(["application"], ["applications.id"], name=op.f("fk_payments_application")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    op.create_index("ix_payments_application", "payments", ["application"], unique=False)
    op.create_index("ix_payments_state", "payments", ["gateway", "state", "opened_at", "id"], unique=False)
    op.create_index("ix_payments_captured", "payments", ["gateway", "captured_at"], unique=False)
    op.create_index(
        "ix_payments_to_give_back",
        "payments",
        ["application"],
        unique=False,
        sqlite_where=_TO_GIVE_BACK,
        postgresql_where=_TO_GIVE_BACK,
    )
    op.create_table(
        "payment_cases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("gateway", sa.String(length=120), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=120), nullable=False),
        sa.Column("payment", sa.String(length=36), nullable=True),
        sa.Column("application", sa.String(length=36), nullable=True),
        sa.Column("poisha", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.String(length=120), nullable=True),
        sa.Column("officer", sa.String(length=120), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_cases")),
    )
    op.create_index("ix_payment_cases_application", "payment_cases", ["application"], unique=False)
    op.create_index("ix_payment_cases_payment", "payment_cases", ["payment"], unique=False)
    op.create_index(
        "ix_payment_cases_waiting",
        "payment_cases",
        ["opened_at"],
        unique=False,
        sqlite_where=_CASE_WAITS,
        postgresql_where=_CASE_WAITS,
    )
    op.create_table(
        "checkouts",
        sa.Column("payment", sa.String(length=36), nullable=False),
        sa.Column("application", sa.String(length=36), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["application"], ["applications.id"], name=op.f("fk_checkouts_application")),
        sa.PrimaryKeyConstraint("payment", name=op.f("pk_checkouts")),
    )
    op.create_index("ix_checkouts_application", "checkouts", ["application"], unique=False)
    op.create_index("ix_payments_acting", "payments", ["gateway", "acting"], unique=False)
    op.create_index("ix_payments_centre", "payments", ["gateway", "centre"], unique=False)
    op.create_table(
        "quotes",
        sa.Column("application", sa.String(length=36), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quote", sa.String(length=120), nullable=False),
        sa.Column("stage", sa.String(length=120), nullable=False),
        sa.Column("poisha", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["application"], ["applications.id"], name=op.f("fk_quotes_application")),
        sa.PrimaryKeyConstraint("application", "entry", name=op.f("pk_quotes")),
    )


def downgrade() -> None:
    """Take the tables back."""
    _drop_tables_of_money()
    op.drop_table("payloads")
    op.drop_table("journal")
    op.drop_table("consents")
    op.drop_table("attempts")
    op.drop_table("settings_reloads")
    op.drop_table("workers")
    op.drop_table("host_keys")
    op.drop_table("erased_references")
    op.drop_table("suspensions")
    op.drop_table("restorations")
    op.drop_index("ix_permits_plugin", table_name="permits")
    op.drop_table("permits")
    op.drop_table("paces")
    op.drop_table("outages")
    op.drop_index("ix_ledger_subject", table_name="ledger")
    op.drop_table("ledger")
    op.drop_index("ix_inbox_reference", table_name="inbox")
    op.drop_index("ix_inbox_received_at", table_name="inbox")
    op.drop_index("ix_inbox_due", table_name="inbox")
    op.drop_index("ix_inbox_arrival", table_name="inbox")
    op.drop_table("inbox")
    op.drop_index("ix_decisions_at", table_name="decisions")
    op.drop_table("decisions")
    op.drop_index("ix_applications_person", table_name="applications")
    op.drop_index("ix_applications_closed", table_name="applications")
    op.drop_index("ix_applications_lease", table_name="applications")
    op.drop_index("ix_applications_hold", table_name="applications")
    op.drop_index("ix_applications_blocked", table_name="applications")
    op.drop_index("ix_applications_service", table_name="applications")
    op.drop_index("ix_applications_parked", table_name="applications")
    op.drop_index("ix_applications_due", table_name="applications")
    op.drop_index("ix_applications_agency_reference", table_name="applications")
    op.drop_table("applications")
    op.drop_index("ix_agency_logins_plugin", table_name="agency_logins")
    op.drop_table("agency_logins")
    op.drop_table("agency_tokens")
    op.drop_table("agencies")


def _drop_tables_of_money() -> None:
    op.drop_table("quotes")
    op.drop_index("ix_payment_cases_waiting", table_name="payment_cases")
    op.drop_index("ix_payment_cases_payment", table_name="payment_cases")
    op.drop_index("ix_payment_cases_application", table_name="payment_cases")
    op.drop_table("payment_cases")
    op.drop_index("ix_payments_to_give_back", table_name="payments")
    op.drop_index("ix_payments_captured", table_name="payments")
    op.drop_index("ix_checkouts_application", table_name="checkouts")
    op.drop_table("checkouts")
    op.drop_index("ix_payments_centre", table_name="payments")
    op.drop_index("ix_payments_acting", table_name="payments")
    op.drop_index("ix_payments_state", table_name="payments")
    op.drop_index("ix_payments_application", table_name="payments")
    op.drop_table("payments")
