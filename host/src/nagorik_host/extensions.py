"""Optional distributions that keep tables of their own in a host's database, and what the host does for them.

A distribution names an ``Extension`` by an entry point of the group ``nagorik.extensions``; its commands come by
``nagorik.commands``. ``nagorik db upgrade`` makes its tables, the audit verifies them, an erasure and a rotation of
keys reach them. Where the distribution is not installed, its tables are left alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, MetaData, Table, inspect

from nagorik import Text
from nagorik_platform.cli.commands import EXTENSIONS, CommandUnusable, find

if TYPE_CHECKING:
    from nagorik_host.store.database import Transaction
    from nagorik_platform.cli.checks import DoctorCheck

VERSIONS: Final = "alembic_version"
"""Where Alembic records the revision of the host's tables; an extension's own table has its name behind it."""
ExtensionInvalid = CommandUnusable
"""An extension cannot be used; the text names its distribution and says why."""


@dataclass(frozen=True, slots=True)
class Extension:
    """What an optional distribution keeps in a host's database.

    Attributes:
        name: A short name; each of its tables is called ``NAME_…``.
        metadata: Its tables, of types for SQLite's strict tables, without foreign keys to the host's. Units of the
            host's database write its rows, and each change is recorded by ``Transaction.record_row``.
        migrations: The folder of its Alembic revisions, as ``package:folder``.
        revision: The newest of them.
        findings: Gives texts by a table's name: what it means that its rows are not what was written.
        erase: Called with the transaction that erases an application, its id and the time.
        wrapped: Tables whose rows have an ``id`` and a ``data_key``, by what a row is called; a rotation of keys
            wraps them anew.
        checks: What ``nagorik doctor`` asks of its rows, as of an aware instant.
    """

    name: str
    metadata: MetaData
    migrations: str
    revision: str
    findings: Callable[[], Mapping[str, Text]]
    erase: "Callable[[Transaction, str, datetime], None]" = lambda *_: None
    wrapped: Mapping[str, Table] = field(default_factory=dict)
    checks: "Callable[[Transaction, datetime], Iterator[DoctorCheck]]" = lambda *_: iter(())

    @property
    def version_table(self) -> str:
        """Where Alembic records the revision of its tables."""
        return f"{VERSIONS}_{self.name}"


@cache
def installed() -> tuple[Extension, ...]:
    """The installed extensions, by name.

    Raises:
        ExtensionInvalid: One cannot be imported, or is no ``Extension``.
    """
    found = [(item, item.imported()) for item in find(EXTENSIONS)]
    for item, one in found:
        if not isinstance(one, Extension):
            raise item.unusable(f"{item.value} is no nagorik_host Extension")
    return tuple(one for _, one in found)


def finding_text(code: str) -> Text | None:
    """What a code of the audit means that speaks of an extension's table; ``None`` for any other."""
    of = {differ_code(table): (one, table.name) for one in installed() for table in one.metadata.sorted_tables}
    return of[code][0].findings().get(of[code][1]) if code in of else None


def differ_code(table: Table) -> str:
    """The audit's code for rows of a table that are not what was written."""
    return f"{table.name.replace('_', '-')}-differ"


def left_alone(connection: Connection) -> Callable[[str], bool]:
    """Whether a table belongs to an extension that is not installed here, by the table's name."""
    own = {VERSIONS, *(one.version_table for one in installed())}
    versions = {name for name in inspect(connection).get_table_names() if name.startswith(VERSIONS)}
    prefixes = tuple(f"{name.removeprefix(f'{VERSIONS}_')}_" for name in versions - own)
    return lambda name: name in versions or name.startswith(prefixes)
