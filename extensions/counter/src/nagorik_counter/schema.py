"""The counter's tables in a host's database; none of them leads to a citizen, and no row is ever changed."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from nagorik_host.store.schema import CODE, HASH, ID, Instant, metadata as host_metadata

REVISION: Final = "0001"
"""The newest of the migrations, which makes the tables what they are here."""
metadata: Final = MetaData(naming_convention=host_metadata.naming_convention)


def _number(name: str, kind: type[Any] = Integer) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _code(name: str) -> Column[Any]:
    return Column(name, String(CODE), nullable=False)


# A till's sessions. A session whose close is not there is open.
till_openings: Final = Table(
    "counter_openings",
    metadata,
    Column("id", String(ID), primary_key=True),
    # Whose payments it takes in: an id that acts for citizens, or the first parts of several such ids.
    _code("till"),
    _code("centre"),
    # Counted from 1 for each till.
    _number("number"),
    _code("gateway"),
    _number("float_poisha", BigInteger),
    _number("opened_at", Instant),
    _code("opened_by"),
    UniqueConstraint("till", "number"),
    Index("ix_counter_openings_centre", "centre", "till", "number"),
)

till_closes: Final = Table(
    "counter_closes",
    metadata,
    Column("session", String(ID), ForeignKey("counter_openings.id"), primary_key=True),
    _number("closed_at", Instant),
    _code("closed_by"),
    # Who looked, too, and why the count is another than was expected; null where it is not.
    Column("second", String(CODE)),
    Column("reason", Text),
    _number("taken_poisha", BigInteger),
    _number("given_back_poisha", BigInteger),
    _number("counted_poisha", BigInteger),
    # How many pieces there were of each note and coin, by its worth in poisha, as JSON; null where only the sum was
    # counted.
    Column("pieces", Text),
    # Payments of which the gateway could not say at the close whether they were paid, and those not paid yet.
    _number("unknown"),
    _number("unpaid"),
    # What was to be given back by hand, which the gateway does not report.
    _number("by_hand"),
    _number("by_hand_poisha", BigInteger),
)

# Each sum that moved, in the one session that counts it.
till_entries: Final = Table(
    "counter_entries",
    metadata,
    # The payment's id, the kind, and which of its entries of that kind it is, counted from 1.
    Column("id", String(HASH), primary_key=True),
    Column("session", String(ID), ForeignKey("counter_closes.session"), nullable=False),
    Column("payment", String(ID), nullable=False),
    # "taken" or "given-back".
    _code("kind"),
    _number("at", Instant),
    # Below zero where an entry before it said more than is so.
    _number("poisha", BigInteger),
    # Whether it became known too late for the session in whose time it moved, if there was one.
    _number("late"),
    # Whether the gateway dates it later than the host learned of it, which is its instant here.
    _number("ahead"),
    Index("ix_counter_entries_session", "session"),
    Index("ix_counter_entries_payment", "payment"),
)

# Each receipt that was printed; of one payment only the first is not called a copy.
receipt_prints: Final = Table(
    "counter_prints",
    metadata,
    Column("id", String(ID), primary_key=True),
    Column("application", String(ID), nullable=False),
    Column("payment", String(ID), nullable=False),
    # Counted from 1 for each payment.
    _number("copy"),
    _number("at", Instant),
    UniqueConstraint("payment", "copy"),
)
