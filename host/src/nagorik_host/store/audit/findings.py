"""What an audit finds, and the rows and records that it compares."""

import json
from collections import defaultdict
from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, RowMapping, String, Table, select, union

from nagorik_host.store.database import Transaction
from nagorik_host.store.ledger import subject_of
from nagorik_host.store.schema import ledger

PAGE: Final = 100
"""Subjects that are compared in one snapshot."""


class AuditFinding(NamedTuple):
    """Something that is not as it was written.

    Attributes:
        code: What it is; ``texts.toml`` has a sentence for each under ``audit``.
        subject: An application's id, or a row of another table as ``table/key``, or a chain of the ledger.
        detail: Which entry, column or table, nothing that leads to a citizen.
    """

    code: str
    subject: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.code} ({self.detail})" if self.detail else self.code


CODES: Final = frozenset(
    {
        "anchor-missed",
        "application-missing",
        "application-rolled-back",
        "application-unknown",
        "attempts-differ",
        "checkouts-differ",
        "decisions-differ",
        "draft-differs",
        "erased-references-differ",
        "erasure-undone",
        "file-damaged",
        "foreign-program",
        "held-by-nobody",
        "inbox-differ",
        "journal-broken",
        "key-broken",
        "ledger-broken",
        "payment-cases-differ",
        "payments-differ",
        "restorations-differ",
        "row-behind",
        "row-differs",
        "schema-differs",
        "suspensions-differ",
    }
)


class Page(NamedTuple):
    """Rows of a table and what the ledger says of them, read in one snapshot.

    Attributes:
        rows: Rows, by subject.
        records: What records say, by subject and in the order of revisions.
        after: The subject that this page follows.
        last: Its last subject, where another page may follow.
    """

    rows: Mapping[str, RowMapping]
    records: Mapping[str, list[dict[str, Any]]]
    after: str | None
    last: str | None

    @property
    def subjects(self) -> list[str]:
        """The subjects of rows and of records, in order."""
        return sorted(self.rows.keys() | self.records.keys())


def read_page(transaction: Transaction, table: Table, after: str | None) -> Page:
    """Read the next rows of a table with the records of these and of those that are missing.

    A table whose key is no single text is small, and read as a whole.
    """
    key, *others = table.primary_key
    is_recorded = ledger.c.kind == table.name
    if others or not isinstance(key.type, String):
        last, of_rows, of_records = None, [], [is_recorded]
    else:
        first = (
            select(select(subject.label("subject")).where(*where).distinct().order_by(subject).limit(PAGE).subquery())
            for subject, where in (
                (key, within(key, after)),
                (ledger.c.subject, [is_recorded, *within(ledger.c.subject, after)]),
            )
        )
        subjects = union(*first).order_by("subject").limit(PAGE)
        names = transaction.connection.scalars(subjects).all()
        last = names[-1] if len(names) == PAGE else None
        of_rows, of_records = within(key, after, last), [is_recorded, *within(ledger.c.subject, after, last)]
    found = transaction.connection.execute(select(table).where(*of_rows)).mappings()
    rows = {subject_of(row[column.name] for column in table.primary_key): row for row in found}
    records = defaultdict(list)
    for subject, content in transaction.connection.execute(
        select(ledger.c.subject, ledger.c.content).where(*of_records)
    ):
        records[subject].append(_content_of(content))
    for said in records.values():
        said.sort(key=itemgetter("revision"))
    return Page(rows, records, after, last)


def within(column: Column[Any], after: str | None, last: str | None = None) -> list[ColumnElement[bool]]:
    """Limit a column to what follows ``after`` and does not follow ``last``, each if it is given."""
    bounds = [(column.__gt__, after), (column.__le__, last)]
    return [compare(bound) for compare, bound in bounds if bound is not None]


def _content_of(written: str) -> dict[str, Any]:
    """What a record says. One that no host has written says nothing here, and is found by its link."""
    try:
        content = json.loads(written)
    except (ValueError, RecursionError):
        content = None
    is_sound = isinstance(content, dict) and isinstance(content.get("revision"), int)
    return content if is_sound else {"revision": 0}
