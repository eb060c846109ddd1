"""One unit for several applications: their attempts and journals are written with one statement of each kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nagorik_host.store.database import BEGIN_ATTEMPT, END_ATTEMPT, Transaction


@dataclass(slots=True, repr=False)
class GatheredTransaction(Transaction):
    """The transaction of a unit that works on several applications; ``write`` is its last act.

    Until then what it writes of attempts and journals is not in the database. Rows of applications are.
    """

    entries: list[Sequence[Any]] = field(default_factory=list)
    begun: list[Mapping[str, Any]] = field(default_factory=list)
    ended: list[Mapping[str, Any]] = field(default_factory=list)

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
        for statement, rows in ((BEGIN_ATTEMPT, self.begun), (END_ATTEMPT, self.ended)):
            if rows:
                self.connection.execute(statement, rows)
        self.forget()

    def forget(self) -> None:
        """Write nothing of what was gathered."""
        self.entries, self.begun, self.ended = [], [], []
