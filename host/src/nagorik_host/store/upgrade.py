"""Bringing a database's tables to the revision that this version of the host works with."""

from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from nagorik_host.store.database import Database, Transaction

_SCRIPTS: Final = "nagorik_host.store:migrations"


class SchemaOutdated(Exception):
    """The tables are of another revision than this version of the host works with."""

    def __init__(self, found: str | None, needed: str) -> None:
        """Tell which revision was found, ``None`` for an empty database, and which is needed."""
        super().__init__(f"the database is at revision {found or 'none'} and this host needs {needed}")
        self.found = found
        self.needed = needed


def newest() -> str:
    """The revision that this version of the host works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # noqa: S101 - the distribution brings at least one revision
    return head


async def revision_of(database: Database) -> str | None:
    """The revision of a database, or ``None`` if it is empty."""
    return await database.run(lambda transaction: _revision(transaction.connection))


async def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring a database to the newest revision; returns the revision before and after.

    The revision changes in one transaction, the last: a database of the newest revision has all that it needs, and
    an upgrade that broke off is finished by the next.
    """

    def unit(transaction: Transaction) -> tuple[str | None, str]:
        before = _revision(transaction.connection)
        config = _config()
        config.attributes["connection"] = transaction.connection
        command.upgrade(config, "head")
        return before, newest()

    await database.prepare()
    return await database.run(unit)


async def require_newest(database: Database) -> None:
    """See that a database can be worked with.

    Raises:
        SchemaOutdated: It is of another revision.
    """
    found, needed = await revision_of(database), newest()
    if found != needed:
        raise SchemaOutdated(found, needed)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    return config
