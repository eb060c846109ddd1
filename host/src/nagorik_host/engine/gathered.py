"""One unit for several applications: their attempts and journals are written with one statement of each kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from sqlalchemy import bindparam, insert, update

from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import attempts

_BEGIN: Final = insert(attempts)
_END: Final = (
    update(attempts)
    .where(attempts.c.application == bindparam("application_"), attempts.c.entry == bindparam("entry_"))
    .values(ended_at=bindparam("ended_at"), result=bindparam("result"))
)


@dataclass(slots=True, repr=False)
class GatheredTransaction(Transaction):
    """The transaction of a unit that works on several applications; ``write`` is its last act.

    Until then what it writes of attempts and journals is not in the database. Rows of applications are.
    """

    entries: list[Sequence[Any]] = field(default_factory=list)
    begun: list[Mapping[str, Any]] = field(default_factory=list)
    ended: list[Mapping[str, Any]] = field(default_factory=list)

    @classmethod
    def within(cls, transaction: Transaction) -> Self:
        """A part of ``transaction``, which makes due and records what this does."""
        return cls(transaction.connection, due=transaction.due, records=transaction.records)

    def append_entries(self, entries: Sequence[Sequence[Any]]) -> None:
        """As ``Transaction.append_entries``, at the end."""
        self.entries += entries

    def begin_attempt(self, row: Mapping[str, Any]) -> None:
        """As ``Transaction.begin_attempt``, at the end."""
        self.begun.append(row)

    def end_attempt(self, values: Mapping[str, Any]) -> None:
        """As ``Transaction.end_attempt``, at the end."""
        self.ended.append(values)

    def write(self) -> None:
        """Write what was gathered."""
        if self.entries:
            Transaction.append_entries(self, self.entries)
        for statement, rows in ((_BEGIN, self.begun), (_END, self.ended)):
            if rows:
                self.connection.execute(statement, rows)
        self.entries, self.begun, self.ended = [], [], []
