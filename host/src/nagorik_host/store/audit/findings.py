"""What an audit finds, and the rows and records that it compares."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
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
        detail: Which entry or column, nothing that leads to a citizen.
    """

    code: str
    subject: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.code} ({self.detail})" if self.detail else self.code


class Verified(NamedTuple):
    """What was found of an application, or of so many records of the ledger."""

    findings: Sequence[AuditFinding]
    application: str | None = None
    records: int = 0


class AuditPage(NamedTuple):
    """Rows of a table by subject, and what records say of them, in the order of revisions, in one snapshot."""

    rows: Mapping[str, RowMapping]
    records: Mapping[str, list[dict[str, Any]]]
    last: str | None
    """The last subject, where another page may follow."""


def read_page(transaction: Transaction, table: Table, after: str | None) -> AuditPage:
    """Read the next rows of a table, with the records of these and of those that are missing.

    A table whose key is no single text is small, and read as a whole.
    """
    connection, (key, *others) = transaction.connection, table.primary_key
    is_recorded, last = ledger.c.kind == table.name, None
    if not others and isinstance(key.type, String):
        first = (
            select(select(subject.label("subject")).where(*where).distinct().order_by(subject).limit(PAGE).subquery())
            for subject, where in (
                (key, within(key, after)),
                (ledger.c.subject, [is_recorded, *within(ledger.c.subject, after)]),
            )
        )
        subjects = connection.scalars(union(*first).order_by("subject").limit(PAGE)).all()
        last = subjects[-1] if len(subjects) == PAGE else None
    rows = connection.execute(select(table).where(*within(key, after, last))).mappings()
    of_records = is_recorded, *within(ledger.c.subject, after, last)
    records = defaultdict(list)
    for subject, content in connection.execute(select(ledger.c.subject, ledger.c.content).where(*of_records)):
        records[subject].append(_content_of(content))
    return AuditPage(
        {subject_of(row[column.name] for column in table.primary_key): row for row in rows},
        {subject: sorted(said, key=itemgetter("revision")) for subject, said in records.items()},
        last,
    )


def within(column: Column[Any], after: str | None, last: str | None = None) -> list[ColumnElement[bool]]:
    """Limit a column to what follows ``after`` and does not follow ``last``, each if it is given."""
    return [*([column > after] if after is not None else []), *([column <= last] if last is not None else [])]


def _content_of(written: str) -> dict[str, Any]:
    """What a record says. One that no host has written says nothing here, and is found by its link."""
    try:
        content = json.loads(written)
        return {**content, "revision": int(content["revision"])}
    except (LookupError, RecursionError, TypeError, ValueError):
        return {"revision": 0}
