"""The tables. Plain columns hold states, times and codes; whatever leads to a citizen is sealed or hashed.

``applications`` is the row that is worked with: the fold of its journal, and when it is due. ``journal`` is the truth
and only ever grows, as ``ledger`` does, which says of all that was written that it was. The other tables are for what
a row cannot say: calls as they were made, messages that came in, what people decided, and how each agency fares.
Column types mean the same on SQLite and on PostgreSQL.

Indexes over a part of a table are in ``partial_indexes``: declaring one imports the dialect of each database that it
is for, and only whoever makes or compares tables needs them.
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
    UniqueConstraint,
    and_,
    insert,
    text,
)
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeDecorator, TypeEngine

REVISION: Final = "0001"
"""The newest of the migrations, which makes the tables what they are here."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
UNREADABLE: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for what is no instant, as SQLite lets anybody write it into any column, and is later than all that are."""


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
        """From microseconds, in UTC; ``UNREADABLE`` where it is no number, or none of a time that there is.

        One such value in one row would else end whoever reads it among others. An audit reads what is there.
        """
        if value is None:
            return None
        try:
            return _EPOCH + timedelta(microseconds=value)
        except (TypeError, ValueError, OverflowError):
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
    """Insert whole rows, in the order of the table's columns; how many were, or -1 where the driver counts none."""
    kept = [tuple(microseconds(one) if isinstance(one, datetime) else one for one in row) for row in rows]
    statement = _insert_of(connection.dialect, table)
    return connection.exec_driver_sql(statement, kept if len(kept) > 1 else kept[0]).rowcount


@lru_cache(maxsize=16)
def _insert_of(dialect: Dialect, table: Table) -> str:
    """Written once: to make it anew costs SQLAlchemy more than all else of a row."""
    return str(insert(table).compile(dialect=dialect))


def shown(name: object) -> str:
    """A name as it stands in the database, fit to be shown: whoever changed it may have put anything there."""
    text = name if isinstance(name, str) else f"({type(name).__name__})"
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in text[:_LONGEST])


_LONGEST: Final = 80
"""Letters of a name that are shown."""
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


def _text(name: str, longest: int, *arguments: SchemaItem, **options: Any) -> Column[str]:
    """A column of text, of which both databases refuse what is longer: ``String`` bounds nothing on SQLite."""
    bound = CheckConstraint(f"length({name}) <= {longest}", name=name)
    return Column(name, Text, bound, *arguments, **options)


def _application(*, primary_key: bool = False) -> Column[str]:
    return _text("application", ID, ForeignKey("applications.id"), primary_key=primary_key, nullable=False)


applications: Final = Table(
    "applications",
    metadata,
    _text("id", ID, primary_key=True),
    _text("service", CODE, nullable=False),
    _text("plugin", CODE, nullable=False),
    _text("plugin_version", CODE, nullable=False),
    # The gateway that the citizen chose; with the service, it decides what can come next.
    _text("gateway", CODE),
    _text("client_reference", HASH, nullable=False, unique=True),
    _text("agency_reference", HASH),
    _text("state", CODE, nullable=False),
    _text("hold_party", CODE),
    _text("hold_code", CODE),
    Column("opened_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("closed_at", Instant),
    # When it is to be looked at again; null while only somebody can move it, and once it is closed.
    Column("due_at", Instant),
    _text("operation", CODE),
    # The plugin that the operation is made through: the service's own, or the gateway's.
    _text("target_plugin", CODE, nullable=False),
    # Since when it is kept out of its agency's queue, because what it belongs to is suspended.
    Column("parked_at", Instant),
    _text("lease", ID),
    Column("lease_until", Instant),
    # Raised by every change; a change that was worked out on another revision is dropped.
    Column("revision", Integer, CheckConstraint("revision < 2000000000", name="revision"), nullable=False),
    Column("entries", Integer, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    # Null once the citizen's data have been erased.
    Column("data_key", LargeBinary),
    Column("progress", LargeBinary, nullable=False),
    Column("erased_at", Instant),
    # Why the host itself leaves it alone, such as "service-not-offered"; an officer's work, as a hold is.
    _text("blocked", CODE),
    Index("ix_applications_agency_reference", "plugin", "agency_reference"),
    # An operator's lists, in the order in which applications were taken in.
    Index("ix_applications_opened", "opened_at", "id"),
    Index("ix_applications_service", "service", "state", "opened_at", "id"),
)
FOR_A_PERSON: Final = text(
    "closed_at IS NULL AND (hold_party = 'person' OR blocked IS NOT NULL OR state = 'manual_review')"
)
"""Rows that only an officer can move. Written out, so that a database sees that the index is for this question."""
IN_QUEUE: Final = and_(applications.c.due_at.is_not(None), applications.c.parked_at.is_(None))
"""Rows whose time comes or has come; asked for with this, they are read off the index."""

payloads: Final = Table(
    "payloads",
    metadata,
    _application(primary_key=True),
    Column("draft", LargeBinary, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

journal: Final = Table(
    "journal",
    metadata,
    _application(primary_key=True),
    Column("entry", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    _text("kind", CODE, nullable=False),
    # The event without anything that leads to a citizen, as JSON; still there after erasure.
    Column("outline", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("link", LargeBinary, nullable=False),
)

attempts: Final = Table(
    "attempts",
    metadata,
    _application(primary_key=True),
    # The journal's last entry when the intent was committed, which was before the call.
    Column("entry", Integer, primary_key=True, autoincrement=False),
    _text("operation", CODE, nullable=False),
    _text("subject", CODE),
    _text("worker", ID, nullable=False),
    # Gone with the citizen's data: with the keys at hand, it would tell a guessed form from another.
    _text("request_digest", HASH),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant),
    # "answered", an error's code or "interrupted".
    _text("result", CODE),
)

payments: Final = Table(
    "payments",
    metadata,
    _text("id", ID, primary_key=True),
    _application(),
    _text("gateway", CODE, nullable=False),
    _text("stage", CODE, nullable=False),
    _text("quote", CODE, nullable=False),
    _text("state", CODE, nullable=False),
    Column("poisha", WHOLE, nullable=False),
    _text("currency", 3, nullable=False),
    Column("taken_poisha", WHOLE),
    Column("opened_at", Instant, nullable=False),
    Column("captured_at", Instant),
    # When the host learned first that money was taken, by its own clock: a gateway's may be ahead.
    Column("captured_known_at", Instant),
    # When it was first to be given back, and when the gateway was last found to have the order, or perhaps to.
    Column("refund_requested_at", Instant),
    Column("refund_ordered_at", Instant),
    Column("refunded_at", Instant),
    Column("refunded_known_at", Instant),
    Column("updated_at", Instant, nullable=False),
    # Who acted for the citizen when it was opened, by the consent in force then; null where the citizen acted.
    _text("acting", CODE),
    # The first part of that id, before its first stroke: what all who act at one service centre have in common.
    _text("centre", CODE),
    Index("ix_payments_application", "application"),
    Index("ix_payments_opened", "opened_at", "id"),
    Index("ix_payments_state", "gateway", "state", "opened_at", "id"),
    Index("ix_payments_captured", "gateway", "captured_at"),
    Index("ix_payments_acting", "gateway", "acting"),
    Index("ix_payments_centre", "gateway", "centre"),
)

TO_GIVE_BACK: Final = text("state IN ('refund_requested', 'refund_pending', 'refund_manual')")
"""Payments that somebody is to give back. Written out, so that a database sees that the index is for this."""

# Where a gateway's books and ours differ, as a reconciliation found it. It is not deleted: found again, it is known.
payment_cases: Final = Table(
    "payment_cases",
    metadata,
    # Follows from what was found, keyed: the same difference has the same id, whoever finds it and however often.
    _text("id", ID, primary_key=True),
    _text("gateway", CODE, nullable=False),
    # The date in Dhaka that was reconciled when it was found first, as YYYY-MM-DD.
    _text("day", 10, nullable=False),
    # How they differ, such as "missing-here".
    _text("kind", CODE, nullable=False),
    # Ours, where there is one.
    _text("payment", ID),
    _text("application", ID),
    # What the gateway's books say was taken; null where they have nothing.
    Column("poisha", WHOLE),
    _text("currency", 3),
    Column("found_at", Instant, nullable=False),
    # When the gateway was asked about the payment; null where asking settles nothing.
    Column("asked_at", Instant),
    # Since when it waits for an officer; null while the gateway's answer is waited for.
    Column("opened_at", Instant),
    Column("ended_at", Instant),
    # "agreed" where the books agree by now, "decided" where an officer closed it.
    _text("result", CODE),
    _text("officer", CODE),
    Column("reason", Text),
    # What an officer finds it by at the gateway: its number there. Without a key once it was erased.
    Column("data_key", LargeBinary),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_payment_cases_application", "application"),
    Index("ix_payment_cases_payment", "payment"),
)
CASE_WAITS: Final = and_(payment_cases.c.opened_at.is_not(None), payment_cases.c.ended_at.is_(None))
"""Cases that an officer is to close; asked for with this, they are read off the index."""

# What a gateway answered to a payment that was begun, sealed, until it has said how the payment ended. Whoever
# changes it makes it unreadable, which an audit finds; whoever deletes it makes the payer ask where to pay: the
# ledger has no record.
checkouts: Final = Table(
    "checkouts",
    metadata,
    _text("payment", ID, primary_key=True),
    _application(),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_checkouts_application", "application"),
)

quotes: Final = Table(
    "quotes",
    metadata,
    _application(primary_key=True),
    Column("entry", Integer, primary_key=True, autoincrement=False),
    _text("quote", CODE, nullable=False),
    _text("stage", CODE, nullable=False),
    Column("poisha", WHOLE, nullable=False),
    _text("currency", 3, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("expires_at", Instant),
)

consents: Final = Table(
    "consents",
    metadata,
    _application(primary_key=True),
    Column("entry", Integer, primary_key=True, autoincrement=False),
    _text("service", CODE, nullable=False),
    # Operations, comma-separated in the order of their names.
    Column("scope", Text, nullable=False),
    Column("ceiling_poisha", WHOLE, nullable=False),
    _text("currency", 3, nullable=False),
    Column("given_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    # Who acts for the citizen, such as an operator of a service centre; null where the citizen acts.
    _text("acting", CODE),
)

inbox: Final = Table(
    "inbox",
    metadata,
    _text("id", ID, primary_key=True),
    # The service or gateway whose plugin is to read it.
    _text("offer", CODE, nullable=False),
    # The hash of its content and of the sender's own id of it: what makes two messages one, once they are proved.
    _text("message", HASH, nullable=False),
    # The hash of all that came, headers included: a message that nobody has proved is the same as this alone.
    _text("arrival", HASH, nullable=False),
    Column("received_at", Instant, nullable=False),
    # When it is to be read, or read again; later while a worker is at it, null once it is done with.
    Column("due_at", Instant, info=UNCHAINED),
    # How often it was read, or tried to be.
    Column("looks", Integer, nullable=False, info=UNCHAINED),
    # How often in a row it was taken to be read and nothing more was heard of that.
    Column("lost_looks", Integer, nullable=False, default=0, info=UNCHAINED),
    Column("data_key", LargeBinary),
    Column("sealed", LargeBinary, nullable=False),
    # The hash of the agency's reference that it names, while no application is known by it.
    _text("reference", HASH, info=UNCHAINED),
    _text("application", ID),
    Column("handled_at", Instant),
    # "taken", "repeated", "unknown-reference", "defect" or an error's code.
    _text("result", CODE),
    # As "message", once it counts: where it is from was proved, and its application took it in.
    _text("proved", HASH),
    UniqueConstraint("offer", "proved"),
    Index("ix_inbox_arrival", "offer", "arrival"),
    Index("ix_inbox_received_at", "received_at"),
)
UNREAD: Final = inbox.c.handled_at.is_(None)
"""Messages that are not done with; asked for with this, they are read off the index."""

agencies: Final = Table(
    "agencies",
    metadata,
    _text("plugin", CODE, primary_key=True),
    # Calls in a row that did not reach it, how many of those broke its contract, since when none was answered, and
    # when one of those last ended that had sent it something, or that the platform itself kept from it; null for a
    # plugin that answers everything by itself.
    Column("failures", Integer, nullable=False),
    Column("violations", Integer, nullable=False, default=0),
    Column("failing_since", Instant),
    Column("sent_at", Instant),
    # Since when it is taken to be down, why at first, and when it is worth another try.
    Column("down_since", Instant),
    _text("cause", CODE),
    Column("probe_at", Instant),
    # Tries since then; and the hash of the settings that were tried at once, because it had refused others.
    Column("probes", Integer, nullable=False),
    _text("tried_with", HASH),
)

# The pace of an agency over all processes: the next instant that no request has. Its claims lock ``agencies``.
paces: Final = Table(
    "paces",
    metadata,
    _text("plugin", CODE, primary_key=True),
    Column("next_at", Instant, nullable=False),
)

# Calls under way that belong to no application, which has a lease; and places that a worker asks others to leave it.
permits: Final = Table(
    "permits",
    metadata,
    _text("id", ID, primary_key=True),
    _text("plugin", CODE, nullable=False),
    # The worker that asks; null for a call.
    _text("worker", ID),
    Column("taken_at", Instant, nullable=False),
    # When it counts no more, if its process ended before giving it back.
    Column("lease_until", Instant, nullable=False),
    Index("ix_permits_plugin", "plugin"),
)

outages: Final = Table(
    "outages",
    metadata,
    _text("plugin", CODE, primary_key=True),
    Column("began_at", Instant, primary_key=True),
    Column("ended_at", Instant),
    # Why it could not be reached at first, as a code.
    _text("cause", CODE),
)

# What a login at an agency brought, for all processes with the same settings of its plugin. It leads to no citizen,
# so that erasing them leaves it; and whoever finds it gone or changed logs in once more, so that the ledger has no
# record of it. Of a restored copy, the tokens are forgotten with the restoration, and what was refused is not.
agency_tokens: Final = Table(
    "agency_tokens",
    metadata,
    # The hash of the plugin's id and of its settings, keyed: other credentials have another.
    _text("id", HASH, primary_key=True),
    _text("plugin", CODE, nullable=False),
    # The login that brought the token.
    _text("login", ID),
    Column("data_key", LargeBinary),
    Column("sealed", LargeBinary),
    # When another is wanted; null while it is good until the agency refuses it.
    Column("renew_at", Instant),
    # The login that is under way, and when anybody may log in if nothing more is heard of it.
    _text("under_way", ID),
    Column("under_way_until", Instant),
    # The last login that failed, and why, as a code, for those who waited for it.
    _text("failed", ID),
    _text("failure", CODE),
    # When another may be begun, where the agency has asked for fewer.
    Column("held_until", Instant),
    # Why the agency refused these credentials, null once it has let them in; how often, and when at last, or when
    # somebody said since that they are good.
    _text("refused", CODE),
    Column("refusals", Integer),
    Column("refused_at", Instant),
    Column("changed_at", Instant, nullable=False),
)

# Logins of late, where an agency allows so many in so long; each is kept for as long as it counts.
agency_logins: Final = Table(
    "agency_logins",
    metadata,
    _text("login", ID, primary_key=True),
    # Counted from 1: one that is sent again may be several to the agency.
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("plugin", CODE, nullable=False),
    # The last moment at which it may reach the agency, and from its end on when that was.
    Column("at", Instant, nullable=False),
    Index("ix_agency_logins_plugin", "plugin", "at"),
)

suspensions: Final = Table(
    "suspensions",
    metadata,
    # "service" or "plugin", and its id.
    _text("kind", CODE, primary_key=True),
    _text("name", CODE, primary_key=True),
    Column("reason_en", Text, nullable=False),
    Column("reason_bn", Text, nullable=False),
    _text("officer", CODE, nullable=False),
    Column("at", Instant, nullable=False),
)

workers: Final = Table(
    "workers",
    metadata,
    _text("id", ID, primary_key=True),
    _text("name", CODE, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("beat_at", Instant, nullable=False),
    # When it is taken for lost if nothing more is heard of it; its lease may be another than its neighbour's.
    Column("lease_until", Instant, nullable=False),
    # The names of the keys that it holds, comma-separated, the one that it wraps by first.
    Column("key_names", Text, nullable=False),
    # The plugins that it keeps out for faults, as JSON; null while there is none.
    Column("kept_out", Text),
    # The last reload whose settings it has; null where it takes none up.
    Column("settings_reload", Integer),
)

# How often plugins' settings were to be read anew; nothing of them stands here.
settings_reloads: Final = Table(
    "settings_reloads",
    metadata,
    # Counted from 1.
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
)

erased_references: Final = Table(
    "erased_references",
    metadata,
    # The hash of an erased application's client reference, hashed once more: it leads to no citizen.
    _text("reference", HASH, primary_key=True),
)

host_keys: Final = Table(
    "host_keys",
    metadata,
    # "index", or the name of a wrapping key.
    _text("name", CODE, primary_key=True),
    # Tells whether a key is the same, and helps nobody to guess it.
    Column("check_value", LargeBinary, nullable=False),
    Column("added_at", Instant, nullable=False),
    # Since when nothing is wrapped by it; a ring may lack it from then on.
    Column("retired_at", Instant),
)

decisions: Final = Table(
    "decisions",
    metadata,
    _text("id", ID, primary_key=True),
    Column("at", Instant, nullable=False),
    _text("officer", CODE, nullable=False),
    # "stop", "resume", "accept-plugin", "look-again", "repair", "restored" or "caught-up"; what else is decided on
    # one application is in its journal.
    _text("kind", CODE, nullable=False),
    _text("subject", CODE, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_decisions_at", "at"),
)

restorations: Final = Table(
    "restorations",
    metadata,
    Column("at", Instant, primary_key=True),
    _text("officer", CODE, nullable=False),
    Column("reason", Text, nullable=False),
    # Null while what is taken in may be what the lost database had taken in before.
    Column("caught_up_at", Instant),
)

ledger: Final = Table(
    "ledger",
    metadata,
    # The chain: one connection at a time appends to it.
    Column("writer", WHOLE, primary_key=True, autoincrement=False),
    # Counted from 1 within the chain.
    Column("number", WHOLE, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    # The name of the table whose row changed.
    _text("kind", CODE, nullable=False),
    # The key of the row.
    _text("subject", 2 * CODE + 1, nullable=False),
    # What was set, as JSON; nothing in it leads to a citizen.
    Column("content", Text, nullable=False),
    Column("link", LargeBinary, nullable=False),
    Index("ix_ledger_subject", "subject"),
)
