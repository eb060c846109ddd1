"""The tables. Plain columns hold states, times and codes; all that leads to a citizen is sealed or hashed.

``applications`` is the fold of ``journal``, and when each is due. ``journal`` and ``ledger``, which records what was
written, only grow. Column types mean the same on SQLite and on PostgreSQL.

Indexes over a part of a table are in ``partial_indexes``: declaring one imports the dialect of each database, and
only those who make or compare tables need them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    insert,
    text,
)
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeDecorator, TypeEngine

REVISION: Final = "0002"
"""The newest of the migrations, which makes the tables what they are here."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
UNREADABLE: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for a number that is no instant; later than all that are."""


class Instant(TypeDecorator[datetime]):
    """An aware time, kept as microseconds since 1970 in UTC: exact, ordered, and the same in every database."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[int]:
        """SQLite's strict tables know one kind of whole number."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To microseconds.

        Raises:
            ValueError: The time has no zone.
        """
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From microseconds, in UTC; ``UNREADABLE`` where it is too large: one changed row must not hide others."""
        if value is None:
            return None
        try:
            return _EPOCH + timedelta(microseconds=value)
        except OverflowError:
            return UNREADABLE


def microseconds(at: datetime) -> int:
    """Whole microseconds from 1970 to ``at``.

    Raises:
        ValueError: The time has no zone.
    """
    if at.tzinfo is None:
        raise ValueError("a time without a zone is no instant")
    return (at - _EPOCH) // MICROSECOND


def insert_rows(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> int:
    """Insert whole rows, in the order of the columns; returns how many, or -1 where the driver does not count."""
    kept = [tuple(microseconds(one) if isinstance(one, datetime) else one for one in row) for row in rows]
    statement = _insert_of(connection.dialect, table)
    return connection.exec_driver_sql(statement, kept if len(kept) > 1 else kept[0]).rowcount


@lru_cache(maxsize=16)
def _insert_of(dialect: Dialect, table: Table) -> str:
    """Compile once: that costs SQLAlchemy more than all else of a row."""
    return str(insert(table).compile(dialect=dialect))


def shown(name: object) -> str:
    """A name as it stands in the database, in printable ASCII and bounded: a changed row may hold anything."""
    text = name if isinstance(name, str) else f"({type(name).__name__})"
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in text[:80])


ID: Final = 36
CODE: Final = 120
HASH: Final = 64
UNCHAINED: Final = {"chained": False}
"""Marks a column that only says when its row is looked at next, which the ledger does not record."""

WHOLE: Final = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number of 64 bits."""

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _table(name: str, *items: SchemaItem) -> Table:
    return Table(name, metadata, *items)


def bounded_text(name: str, longest: int, *arguments: SchemaItem, **options: Any) -> Column[str]:
    """A column of text with its bound: ``String`` bounds nothing on SQLite."""
    return Column(name, Text, CheckConstraint(f"length({name}) <= {longest}", name=name), *arguments, **options)


def codes(*names: str) -> list[Column[str]]:
    """Columns of text of at most ``CODE`` letters that are never null."""
    return [bounded_text(name, CODE, nullable=False) for name in names]


def instants(*names: str, nullable: bool = True) -> list[Column[datetime]]:
    """Columns of instants."""
    return [Column(name, Instant, nullable=nullable) for name in names]


def _application(*, primary_key: bool = False) -> Column[str]:
    return bounded_text("application", ID, ForeignKey("applications.id"), primary_key=primary_key, nullable=False)


applications: Final = _table(
    "applications",
    bounded_text("id", ID, primary_key=True),
    *codes("service", "plugin", "plugin_version", "state"),
    # The gateway that the citizen chose; with the service, it decides what can come next.
    bounded_text("gateway", CODE),
    # Who took it in, such as a service centre; not who acted for the citizen.
    bounded_text("owner", CODE),
    bounded_text("client_reference", HASH, nullable=False, unique=True),
    bounded_text("agency_reference", HASH),
    *(bounded_text(name, CODE) for name in ("hold_party", "hold_code", "operation")),
    *instants("opened_at", "updated_at", nullable=False),
    # due_at: null while it waits for a person, and once it is closed.
    *instants("closed_at", "due_at", "lease_until", "erased_at"),
    # The plugin that the operation is made through: the service's own, or the gateway's.
    *codes("target_plugin"),
    bounded_text("lease", ID),
    # Raised by every change; a change that was worked out on another revision is dropped.
    Column("revision", Integer, CheckConstraint("revision < 2000000000", name="revision"), nullable=False),
    Column("entries", Integer, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    # Null once the citizen's data have been erased.
    Column("data_key", LargeBinary),
    Column("progress", LargeBinary, nullable=False),
    # Why the host itself leaves it alone, such as "service-not-offered"; an officer's work, as a hold is.
    bounded_text("blocked", CODE),
    Index("ix_applications_agency_reference", "plugin", "agency_reference"),
    # An operator's lists, in the order in which applications were taken in.
    Index("ix_applications_opened", "opened_at", "id"),
    Index("ix_applications_service", "service", "state", "opened_at", "id"),
    Index("ix_applications_owner", "owner", "opened_at", "id"),
)
FOR_A_PERSON: Final = text(
    "closed_at IS NULL AND (hold_party = 'person' OR blocked IS NOT NULL OR state = 'manual_review')"
)
"""Rows that only an officer can move. Written out, so that a database sees that the index is for this question."""
IN_QUEUE: Final = applications.c.due_at.is_not(None)
"""Rows whose time comes or has come, read off the index."""

payloads: Final = _table(
    "payloads",
    _application(primary_key=True),
    Column("draft", LargeBinary, nullable=False),
    *instants("updated_at", nullable=False),
)

# The keyed hash of the applicant's mobile number, by which a citizen without a reference is found; gone with the
# citizen's data. A row that is changed or gone makes a search find less, so that the ledger has no record of it.
applicant_mobiles: Final = _table(
    "applicant_mobiles",
    _application(primary_key=True),
    bounded_text("mobile", HASH, nullable=False),
    Index("ix_applicant_mobiles_mobile", "mobile"),
)

journal: Final = _table(
    "journal",
    _application(primary_key=True),
    Column("entry", Integer, primary_key=True, autoincrement=False),
    *instants("at", nullable=False),
    *codes("kind"),
    # The event without anything that leads to a citizen, as JSON; still there after erasure.
    Column("outline", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("link", LargeBinary, nullable=False),
)

attempts: Final = _table(
    "attempts",
    _application(primary_key=True),
    # The journal's last entry when the intent was committed, which was before the call.
    Column("entry", Integer, primary_key=True, autoincrement=False),
    *codes("operation"),
    bounded_text("subject", CODE),
    bounded_text("worker", ID, nullable=False),
    # Gone with the citizen's data: with the keys at hand, it would distinguish a guessed form from another.
    bounded_text("request_digest", HASH),
    *instants("began_at", nullable=False),
    *instants("ended_at"),
    # "answered", an error's code or "interrupted".
    bounded_text("result", CODE),
)

payments: Final = _table(
    "payments",
    bounded_text("id", ID, primary_key=True),
    _application(),
    *codes("gateway", "stage", "quote", "state"),
    Column("poisha", WHOLE, nullable=False),
    bounded_text("currency", 3, nullable=False),
    Column("taken_poisha", WHOLE),
    *instants("opened_at", "updated_at", nullable=False),
    # The instants "known" are the host's, which learned of it then; the others are the gateway's, whose clock may be
    # ahead. A refund is ordered when the gateway was last found to have the order, or perhaps to.
    *instants("captured_at", "captured_known_at"),
    *instants("refund_requested_at", "refund_ordered_at", "refunded_at", "refunded_known_at"),
    # Who acted for the citizen when it was opened, null where the citizen did; and the first part of that id, which
    # all at one service centre have in common.
    *(bounded_text(name, CODE) for name in ("acting", "centre")),
    Index("ix_payments_application", "application"),
    Index("ix_payments_opened", "opened_at", "id"),
    Index("ix_payments_state", "gateway", "state", "opened_at", "id"),
    Index("ix_payments_captured", "gateway", "captured_at"),
    Index("ix_payments_acting", "gateway", "acting"),
    Index("ix_payments_centre", "gateway", "centre"),
)
TO_GIVE_BACK: Final = text("state IN ('refund_requested', 'refund_pending', 'refund_manual')")
"""Payments to be given back. Written out, so that a database sees that the index is for this."""

# Where a gateway's books and ours differ, as a reconciliation found it.
payment_cases: Final = _table(
    "payment_cases",
    # Follows from what was found, keyed: the same difference has the same id. Its kind is such as "missing-here".
    bounded_text("id", ID, primary_key=True),
    *codes("gateway", "kind"),
    # The date in Dhaka that was reconciled when it was found first, as YYYY-MM-DD.
    bounded_text("day", 10, nullable=False),
    # Ours, where there is one.
    *(bounded_text(name, ID) for name in ("payment", "application")),
    # What the gateway's books say was taken; null where they have nothing.
    Column("poisha", WHOLE),
    bounded_text("currency", 3),
    *instants("found_at", nullable=False),
    # asked_at: when the gateway was asked about the payment; null where asking settles nothing.
    # opened_at: since when it waits for an officer; null while the gateway's response is waited for.
    *instants("asked_at", "opened_at", "ended_at"),
    # The result is "agreed" where the books agree by now, "decided" where an officer closed it.
    *(bounded_text(name, CODE) for name in ("result", "officer")),
    Column("reason", Text),
    # Its number at the gateway, by which an officer finds it there. Without a key once it was erased.
    Column("data_key", LargeBinary),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_payment_cases_application", "application"),
    Index("ix_payment_cases_payment", "payment"),
)
CASE_WAITS: Final = and_(payment_cases.c.opened_at.is_not(None), payment_cases.c.ended_at.is_(None))
"""Cases that an officer is to close, read off the index."""

# What a gateway answered to a payment that was begun, sealed, until it has said how the payment ended. An audit finds
# a changed one unreadable; a deleted one makes the payer ask where to pay: the ledger has no record.
checkouts: Final = _table(
    "checkouts",
    bounded_text("payment", ID, primary_key=True),
    _application(),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_checkouts_application", "application"),
)

inbox: Final = _table(
    "inbox",
    bounded_text("id", ID, primary_key=True),
    # The service or gateway whose plugin is to read it.
    *codes("offer"),
    # The hash of its content and of the sender's own id of it, which makes two messages one once they are proved.
    bounded_text("message", HASH, nullable=False),
    *instants("received_at", nullable=False),
    # When it is read next; later while a worker reads it, null once it is done with.
    Column("due_at", Instant, info=UNCHAINED),
    # How often in a row its reader was lost.
    Column("lost_looks", Integer, nullable=False, default=0, info=UNCHAINED),
    Column("data_key", LargeBinary),
    Column("sealed", LargeBinary, nullable=False),
    bounded_text("application", ID),
    *instants("handled_at"),
    # "taken", "repeated", "unknown-reference", "defect" or an error's code.
    bounded_text("result", CODE),
    Index("ix_inbox_message", "offer", "message"),
    Index("ix_inbox_received_at", "received_at"),
)
UNREAD: Final = inbox.c.handled_at.is_(None)
"""Messages that are not done with, read off the index."""

agencies: Final = _table(
    "agencies",
    bounded_text("plugin", CODE, primary_key=True),
    # Calls in a row that did not reach it, and how many of those broke its contract.
    Column("failures", Integer, nullable=False),
    Column("violations", Integer, nullable=False, default=0),
    # Since when no call was answered; when one of those last ended that had sent it something, or that the platform
    # kept from it; since when it is taken to be down, why at first, and when it is tried again.
    *instants("failing_since", "sent_at", "down_since", "probe_at"),
    bounded_text("cause", CODE),
    # Tries since then; and the hash of the settings that were tried at once, because it had refused others.
    Column("probes", Integer, nullable=False),
)

# The pace of an agency over all processes: the next instant that no request has. Its claims lock ``agencies``.
paces: Final = _table("paces", bounded_text("plugin", CODE, primary_key=True), *instants("next_at", nullable=False))

# Calls under way that belong to no application, which has a lease; and places that a worker asks others to leave it.
permits: Final = _table(
    "permits",
    bounded_text("id", ID, primary_key=True),
    *codes("plugin"),
    # lease_until: when it counts no more, if its process ended before giving it back.
    *instants("taken_at", "lease_until", nullable=False),
    Index("ix_permits_plugin", "plugin"),
)

outages: Final = _table(
    "outages",
    bounded_text("plugin", CODE, primary_key=True),
    Column("began_at", Instant, primary_key=True),
    *instants("ended_at"),
    # Why it could not be reached at first, as a code.
    bounded_text("cause", CODE),
)

# What a login at an agency brought, for all processes with the same settings of its plugin. Where it is gone or
# changed, the host logs in once more, so that the ledger has no record of it. A restoration drops the tokens.
agency_tokens: Final = _table(
    "agency_tokens",
    # The hash of the plugin's id and of its settings, keyed: other credentials have another.
    bounded_text("id", HASH, primary_key=True),
    *codes("plugin"),
    # The login that brought the token; the one that is under way.
    *(bounded_text(name, ID) for name in ("login", "under_way")),
    # Why the agency refused these credentials, as a code, null once it has let them in; how often.
    bounded_text("refused", CODE),
    Column("refusals", Integer),
    Column("data_key", LargeBinary),
    Column("sealed", LargeBinary),
    # renew_at: when another is wanted.
    # under_way_until: when another process may log in, if nothing more is heard of the login under way.
    # held_until: when another may be begun, where the agency has refused the credentials or asked for fewer logins.
    # refused_at: when it was refused last, or when an operator said since that the credentials are good.
    *instants("renew_at", "under_way_until", "held_until", "refused_at"),
)

# Logins of late, where an agency allows so many in so long; each is kept for as long as it counts.
agency_logins: Final = _table(
    "agency_logins",
    Column("id", Integer, primary_key=True),
    # One that is sent again may be several to the agency.
    bounded_text("login", ID, nullable=False),
    *codes("plugin"),
    # The last moment at which it may reach the agency.
    *instants("at", nullable=False),
    Index("ix_agency_logins_plugin", "plugin", "at"),
)

suspensions: Final = _table(
    "suspensions",
    # "service" or "plugin", and its id.
    *(bounded_text(name, CODE, primary_key=True) for name in ("kind", "name")),
    *(Column(name, Text, nullable=False) for name in ("reason_en", "reason_bn")),
    *codes("officer"),
    *instants("at", nullable=False),
)

workers: Final = _table(
    "workers",
    bounded_text("id", ID, primary_key=True),
    *codes("name"),
    # lease_until: when it is taken for lost if nothing more is heard of it; leases of workers may differ.
    *instants("started_at", "beat_at", "lease_until", nullable=False),
    # The names of the keys that it holds, comma-separated, the one that it wraps by first.
    Column("key_names", Text, nullable=False),
    # The plugins that it keeps out for faults, as JSON or null; the last reload whose settings it has.
    Column("kept_out", Text),
    Column("settings_reload", Integer),
)

# How often plugins' settings were to be read anew, counted from 1; nothing of them stands here.
settings_reloads: Final = _table(
    "settings_reloads",
    Column("number", Integer, primary_key=True, autoincrement=False),
    *instants("at", nullable=False),
)

# The hash of an erased application's client reference, hashed once more: it leads to no citizen.
erased_references: Final = _table("erased_references", bounded_text("reference", HASH, primary_key=True))

host_keys: Final = _table(
    "host_keys",
    # "index", or the name of a wrapping key.
    bounded_text("name", CODE, primary_key=True),
    Column("check_value", LargeBinary, nullable=False),
    *instants("added_at", nullable=False),
    # Since when nothing is wrapped by it; a ring may lack it from then on.
    *instants("retired_at"),
)

# Requests that came with a key. Without its row a request may be made again, as after the time for which one is kept:
# the ledger has no record of it.
request_keys: Final = _table(
    "request_keys",
    # The hash of the client, of what is asked for and of the key, keyed.
    bounded_text("id", HASH, primary_key=True),
    # Of the request, keyed; gone with the citizen's data.
    bounded_text("digest", HASH),
    # The application's id, or of what else it was that the request made or changed.
    *codes("subject"),
    *instants("at", nullable=False),
    Index("ix_request_keys_at", "at"),
    Index("ix_request_keys_subject", "subject"),
)

# For those who follow applications: one is changed or gone only to them, and the ledger has no record of it.
changes: Final = _table(
    "changes",
    Column("id", WHOLE, primary_key=True),
    _application(),
    bounded_text("owner", CODE),
    Column("revision", Integer, nullable=False),
    *codes("state"),
    *instants("at", nullable=False),
    # Given when it is first read; null before.
    Column("place", WHOLE),
    Index("ix_changes_place", "place"),
    Index("ix_changes_owner", "owner", "place"),
)

decisions: Final = _table(
    "decisions",
    bounded_text("id", ID, primary_key=True),
    *instants("at", nullable=False),
    # The kinds are those of ``cases.Decision``; what else is decided on one application is in its journal.
    *codes("officer", "kind", "subject"),
    Column("reason", Text, nullable=False),
    Index("ix_decisions_at", "at"),
)

restorations: Final = _table(
    "restorations",
    Column("at", Instant, primary_key=True),
    *codes("officer"),
    Column("reason", Text, nullable=False),
    # Null while what is taken in may be what the lost database had taken in before.
    *instants("caught_up_at"),
)

ledger: Final = _table(
    "ledger",
    # The chain: one connection at a time appends to it.
    Column("writer", WHOLE, primary_key=True, autoincrement=False),
    # Counted from 1 within the chain.
    Column("number", WHOLE, primary_key=True, autoincrement=False),
    *instants("at", nullable=False),
    # The name of the table whose row changed.
    *codes("kind"),
    # The key of the row.
    bounded_text("subject", 2 * CODE + 1, nullable=False),
    # What was set, as JSON; nothing in it leads to a citizen.
    Column("content", Text, nullable=False),
    Column("link", LargeBinary, nullable=False),
    Index("ix_ledger_subject", "subject"),
)
