"""Bring a database's tables to the revision that this version of the host works with.

An empty database gets the newest tables at once. Alembic is imported only to make tables: every command reads the
revision, and few change it.
"""

from typing import Final

from sqlalchemy import Connection, MetaData, column, inspect, select, table as table_of

from nagorik_host import extensions
from nagorik_host.extensions import VERSIONS
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.schema import REVISION

_SCRIPTS: Final = "nagorik_host.store:migrations"
_LOCK: Final = 0x6E61676F72696B02


class SchemaOutdated(Exception):
    """The tables are of another revision than this version of the host works with."""

    def __init__(self, found: str | None, needed: str, *, extension: str = "") -> None:
        """Name both revisions; ``found`` is ``None`` where there are no tables."""
        whose = f"extension {extension}" if extension else "host"
        super().__init__(f"the database is at revision {found or 'none'} and this {whose} needs {needed}")
        self.found, self.needed, self.extension = found, needed, extension


async def revision_of(database: Database) -> str | None:
    """The revision of the host's tables, or ``None`` if the database is empty."""
    return await database.run(lambda transaction: _revision(transaction.connection, VERSIONS))


async def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring a database and the tables of installed extensions to their newest revision, in one transaction.

    Returns the revision of the host's tables before and after.

    Raises:
        ExtensionInvalid: An installed extension cannot be used.
    """

    def unit(transaction: Transaction) -> tuple[str | None, str]:
        import nagorik_host.store.partial_indexes  # noqa: F401 - completes the tables
        from nagorik_host.store.schema import metadata

        transaction.take_time()
        if transaction.connection.dialect.name == "postgresql":
            # Other processes wait; SQLite has one writer anyway.
            transaction.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        before = _revision(transaction.connection, VERSIONS)
        _bring_up(transaction, _SCRIPTS + "/versions", VERSIONS, metadata)
        for one in extensions.installed():
            _bring_up(transaction, one.migrations, one.version_table, one.metadata)
        return before, REVISION

    return await database.run(unit)


async def require_newest(database: Database) -> None:
    """Check that a database has the newest tables, and those of installed extensions.

    Raises:
        SchemaOutdated: It is of another revision.
        ExtensionInvalid: An installed extension cannot be used.
    """
    needed = {VERSIONS: REVISION} | {one.version_table: one.revision for one in extensions.installed()}

    def unit(transaction: Transaction) -> dict[str, str | None]:
        return {table: _revision(transaction.connection, table) for table in needed}

    for table, found in (await database.run(unit)).items():
        if found != needed[table]:
            raise SchemaOutdated(found, needed[table], extension=table.removeprefix(VERSIONS).lstrip("_"))


def _revision(connection: Connection, table: str) -> str | None:
    if not inspect(connection).has_table(table):
        return None
    found: str | None = connection.scalar(select(column("version_num")).select_from(table_of(table)))
    return found


def _bring_up(transaction: Transaction, versions: str, table: str, metadata: MetaData) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", versions)
    config.attributes |= {"connection": transaction.connection, "metadata": metadata, "version_table": table}
    for one in metadata.tables.values():
        one.dialect_options["sqlite"]["strict"] = True
    if _revision(transaction.connection, table) is None:
        metadata.create_all(transaction.connection)
        command.stamp(config, "head")
    else:
        command.upgrade(config, "head")
