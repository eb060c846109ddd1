"""The portal's tables in a host's database; what leads to a citizen is sealed or hashed.

The ledger does not chain what changes with each page or request: it would grow with every save of a form.
"""

from typing import Any, Final

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


def _moving(name: str, kind: Any = Instant, *, nullable: bool = True) -> Column[Any]:
    return Column(name, kind, nullable=nullable, info=UNCHAINED)


def _sealed(**options: Any) -> list[Column[bytes]]:
    return [Column("data_key", LargeBinary), Column("sealed", LargeBinary, nullable=False, **options)]


# What lets an actor in: an operator's password, whose id is the operator's, a machine's key, or a session.
credentials: Final = Table(
    "portal_credentials",
    metadata,
    bounded_text("id", CODE, primary_key=True),
    # "password", "key" or "session"; the actor is as ``Consent.acting``.
    *codes("kind", "actor", "name", "scopes"),
    # Comma-separated ids; null for all services.
    Column("services", Text),
    # Argon2id of a password; the keyed hash of a key, or of a session's token.
    Column("secret", Text, nullable=False, unique=True),
    *instants("made_at", nullable=False),
    *instants("expires_at", "ended_at"),
    _moving("used_at"),
    Index("ix_portal_credentials_actor", "actor"),
)

# Failed sign-ins of late, by a keyed hash of the name.
attempts: Final = Table(
    "portal_attempts",
    metadata,
    bounded_text("id", HASH, primary_key=True),
    _moving("failures", Integer, nullable=False),
    _moving("next_at", nullable=False),
)

drafts: Final = Table(
    "portal_drafts",
    metadata,
    bounded_text("id", ID, primary_key=True),
    # The hash of the tracking number, which the application has as its client reference.
    bounded_text("reference", HASH, nullable=False, unique=True),
    *codes("centre"),
    # Set once it was handed in.
    bounded_text("application", ID, index=True),
    # The hash of the applicant's mobile number.
    bounded_text("mobile", HASH, index=True, info=UNCHAINED),
    _moving("updated_at", nullable=False),
    # Who saved it last.
    bounded_text("operator", CODE, nullable=False, info=UNCHAINED),
    *_sealed(info=UNCHAINED),
    Index("ix_portal_drafts_centre", "centre", "updated_at"),
)

# Who collected what was issued; the id is the application's.
collections: Final = Table(
    "portal_collections",
    metadata,
    bounded_text("id", ID, primary_key=True),
    *codes("handed_over_by"),
    *instants("at", nullable=False),
    *_sealed(),
)

# Who is called when applications of a centre change; sealed are the address and what is signed with.
subscriptions: Final = Table(
    "portal_subscriptions",
    metadata,
    bounded_text("id", ID, primary_key=True),
    *codes("centre"),
    # 1 where addresses of the own network may be called.
    Column("allow_private", Integer, nullable=False),
    # The cursor of the host's changes up to which its events were sent or given up.
    bounded_text("cursor", CODE, nullable=False, info=UNCHAINED),
    # How often the next event was sent, and until when no process sends: a lease, or the pause after a failure.
    _moving("attempts", Integer, nullable=False),
    _moving("idle_until", nullable=False),
    *_sealed(),
)
