"""The portal's tables in a host's database; what leads to a citizen is sealed or hashed.

The audit compares what stands in a row for good. Columns that change with each page or each request are not chained:
the ledger would grow with every save of a form.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text

from nagorik_host.store.schema import (
    CODE,
    HASH,
    ID,
    UNCHAINED,
    Instant,
    bounded_text,
    codes,
    instants,
    metadata as host_metadata,
)

REVISION: Final = "0001"
"""The newest of the migrations, which makes the tables what they are here."""
metadata: Final = MetaData(naming_convention=host_metadata.naming_convention)


def _moving(name: str) -> Column[datetime]:
    return Column(name, Instant, info=UNCHAINED)


operators: Final = Table(
    "portal_operators",
    metadata,
    # As ``Consent.acting``; the centre is its first part.
    bounded_text("id", CODE, primary_key=True),
    *codes("name", "scopes"),
    # Comma-separated ids; null for all services.
    Column("services", Text),
    # Argon2id, with its salt and its costs.
    Column("password", Text, nullable=False),
    *instants("added_at", nullable=False),
    *instants("disabled_at"),
)

sessions: Final = Table(
    "portal_sessions",
    metadata,
    # The keyed hash of the token, which the browser alone has.
    bounded_text("id", HASH, primary_key=True),
    *codes("operator"),
    *instants("began_at", "ends_at", nullable=False),
    Column("seen_at", Instant, nullable=False, info=UNCHAINED),
    Index("ix_portal_sessions_operator", "operator"),
    Index("ix_portal_sessions_ends_at", "ends_at"),
)

# Failed sign-ins of late, by a keyed hash of the name or of where they came from.
attempts: Final = Table(
    "portal_attempts",
    metadata,
    bounded_text("id", HASH, primary_key=True),
    Column("failures", Integer, nullable=False, info=UNCHAINED),
    Column("next_at", Instant, nullable=False, info=UNCHAINED),
    Index("ix_portal_attempts_next_at", "next_at"),
)

keys: Final = Table(
    "portal_keys",
    metadata,
    bounded_text("id", ID, primary_key=True),
    bounded_text("key_hash", HASH, nullable=False, unique=True),
    # As ``Consent.acting``.
    *codes("client", "name", "scopes"),
    Column("services", Text),
    *instants("made_at", "expires_at", nullable=False),
    *instants("revoked_at"),
    _moving("used_at"),
    Index("ix_portal_keys_client", "client"),
)

drafts: Final = Table(
    "portal_drafts",
    metadata,
    bounded_text("id", ID, primary_key=True),
    # The hash of the tracking number, which the application has as its client reference.
    bounded_text("reference", HASH, nullable=False, unique=True),
    *codes("centre"),
    *instants("created_at", nullable=False),
    # Set once it was handed in.
    bounded_text("application", ID),
    # The hash of the applicant's mobile number.
    bounded_text("mobile", HASH, info=UNCHAINED),
    bounded_text("operator", CODE, nullable=False, info=UNCHAINED),
    bounded_text("service", CODE, info=UNCHAINED),
    Column("revision", Integer, nullable=False, info=UNCHAINED),
    Column("updated_at", Instant, nullable=False, info=UNCHAINED),
    Column("data_key", LargeBinary),
    Column("sealed", LargeBinary, nullable=False, info=UNCHAINED),
    Index("ix_portal_drafts_centre", "centre", "updated_at"),
    Index("ix_portal_drafts_mobile", "mobile"),
    Index("ix_portal_drafts_application", "application"),
)

# Who collected what was issued; sealed, and erased with the application.
collections: Final = Table(
    "portal_collections",
    metadata,
    # The application's.
    bounded_text("id", ID, primary_key=True),
    *codes("handed_over_by"),
    *instants("at", nullable=False),
    Column("data_key", LargeBinary),
    Column("sealed", LargeBinary, nullable=False),
)

# Who is called when applications of a centre change.
subscriptions: Final = Table(
    "portal_subscriptions",
    metadata,
    bounded_text("id", ID, primary_key=True),
    *codes("centre"),
    # 1 where addresses of the own network may be called.
    Column("allow_private", Integer, nullable=False),
    *instants("made_at", nullable=False),
    *instants("ended_at"),
    # "unsubscribed", or "gone" where the receiver answered so.
    bounded_text("ended_as", CODE),
    # The cursor of the host's changes up to which deliveries were made.
    bounded_text("cursor", CODE, nullable=False, info=UNCHAINED),
    # The address, which may hold a token, and what is signed with.
    Column("data_key", LargeBinary),
    Column("sealed", LargeBinary, nullable=False),
)

# Each event to each subscription, for as long as the history is kept. The body leads to no citizen.
deliveries: Final = Table(
    "portal_deliveries",
    metadata,
    bounded_text("id", ID, primary_key=True),
    bounded_text("subscription", ID, nullable=False),
    bounded_text("application", ID, nullable=False),
    Column("body", Text, nullable=False),
    *instants("made_at", nullable=False),
    # When it is sent next; null once it was delivered or given up.
    _moving("due_at"),
    Column("attempts", Integer, nullable=False, info=UNCHAINED),
    _moving("ended_at"),
    # "delivered", "given-up", "ended"; or why the last attempt failed, such as "http-500".
    bounded_text("result", CODE, info=UNCHAINED),
    Index("ix_portal_deliveries_due_at", "due_at"),
    Index("ix_portal_deliveries_subscription", "subscription", "made_at"),
)

# Which process does what one process does at a time.
leases: Final = Table(
    "portal_leases",
    metadata,
    bounded_text("id", CODE, primary_key=True),
    bounded_text("holder", ID, nullable=False, info=UNCHAINED),
    Column("lease_until", Instant, nullable=False, info=UNCHAINED),
)
