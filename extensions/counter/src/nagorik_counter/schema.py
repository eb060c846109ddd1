"""The counter's tables in a host's database; none of them leads to a citizen, and no row is ever changed."""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, MetaData, Table, Text, UniqueConstraint

from nagorik_host.store.schema import CODE, ID, WHOLE, bounded_text, codes, instants, metadata as host_metadata

REVISION: Final = "0001"
"""The newest of the migrations, which makes the tables what they are here."""
metadata: Final = MetaData(naming_convention=host_metadata.naming_convention)


def _wholes(*names: str) -> list[Column[int]]:
    return [Column(name, WHOLE, nullable=False) for name in names]


# A till's sessions. A session without a close is open.
till_openings: Final = Table(
    "counter_openings",
    metadata,
    bounded_text("id", ID, primary_key=True),
    # The till is an id that acts for citizens, or the first parts of several such ids; its centre is the first part.
    *codes("till", "centre", "gateway", "opened_by"),
    # The number is counted from 1 for each till.
    *_wholes("number", "float_poisha"),
    *instants("opened_at", nullable=False),
    UniqueConstraint("till", "number"),
    Index("ix_counter_openings_centre", "centre", "till", "number"),
)

till_closes: Final = Table(
    "counter_closes",
    metadata,
    bounded_text("session", ID, ForeignKey("counter_openings.id"), primary_key=True),
    *instants("closed_at", nullable=False),
    *codes("closed_by"),
    # The second person, and why the count is another sum than was expected; null where it is not.
    bounded_text("second", CODE),
    Column("reason", Text),
    # How many pieces there were of each note and coin, by its worth in poisha, as JSON; null where only the sum was
    # counted.
    Column("pieces", Text),
    # Payments of which the gateway could not say at the close whether they were paid, and what was to be given back
    # by hand, which it does not report.
    *_wholes("counted_poisha", "unknown", "by_hand", "by_hand_poisha"),
)

# Each sum that moved, in the one session that counts it.
till_entries: Final = Table(
    "counter_entries",
    metadata,
    bounded_text("payment", ID, primary_key=True),
    # "taken" or "given-back".
    bounded_text("kind", CODE, primary_key=True),
    bounded_text("session", ID, ForeignKey("counter_closes.session"), nullable=False),
    *instants("at", nullable=False),
    # "late" is 1 where the sum moved before the session was opened.
    *_wholes("poisha", "late"),
    Index("ix_counter_entries_session", "session"),
)

# Each receipt that was printed; the prints of a payment are counted from 1, and the first is no copy.
receipt_prints: Final = Table(
    "counter_prints",
    metadata,
    bounded_text("payment", ID, primary_key=True),
    Column("copy", WHOLE, primary_key=True, autoincrement=False),
    bounded_text("application", ID, nullable=False),
    *instants("at", nullable=False),
)
