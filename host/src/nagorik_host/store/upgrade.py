"""Bringing a database's tables to the revision that this version of the host works with.

Alembic is imported where tables are made: every command looks at the revision, and few bring it to another.
"""

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, inspect, text

from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.schema import REVISION

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS: Final = "nagorik_host.store:migrations"
_ALEMBIC: Final = "alembic_version"
"""Where Alembic writes down which revision the tables are of."""


class SchemaOutdated(Exception):
    """The tables are of another revision than this version of the host works with."""

    def __init__(self, found: str | None, needed: str) -> None:
        """Tell which revision was found, ``None`` for an empty database, and which is needed."""
        super().__init__(f"the database is at revision {found or 'none'} and this host needs {needed}")
        self.found = found
        self.needed = needed


async def revision_of(database: Database) -> str | None:
    """The revision of a database, or ``None`` if it is empty."""
    return await database.run(lambda transaction: _revision(transaction.connection))


async def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring a database to the newest revision; returns the revision before and after.

    The revision changes in one transaction, the last: a database of the newest revision has all that it needs, and
    an upgrade that broke off is finished by the next.
    """

    def unit(transaction: Transaction) -> tuple[str | None, str]:
        from alembic import command

        transaction.take_time()
        before = _revision(transaction.connection)
        config = _config()
        config.attributes["connection"] = transaction.connection
        command.upgrade(config, "head")
        return before, REVISION

    async with database.alone():
        await database.prepare()
        return await database.run(unit)


async def require_newest(database: Database) -> None:
    """See that a database can be worked with.

    Raises:
        SchemaOutdated: It is of another revision.
    """
    found = await revision_of(database)
    if found != REVISION:
        raise SchemaOutdated(found, REVISION)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_ALEMBIC):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {_ALEMBIC}"))  # noqa: S608 - a constant
    return found


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    return config
