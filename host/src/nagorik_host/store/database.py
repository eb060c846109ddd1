"""One way to change what the host knows, whatever database holds it.

A unit is a plain function of a transaction. It either happens as a whole or not at all, and may be run more than once
before it happens, so it does nothing but read and write through the transaction.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError

T = TypeVar("T")


class DatabaseInvalid(ValueError):
    """The database's URL cannot be used; the text says why and holds nothing of the URL."""


class DatabaseUnavailable(Exception):
    """The database cannot be reached, or the connection broke; whether the unit happened has to be looked up."""


@dataclass(slots=True, repr=False)
class Transaction:
    """What a unit works with.

    Attributes:
        connection: Runs statements within the transaction.
        due: Applications that are due at once when the transaction is committed, by plugin: hints for whoever works.
    """

    connection: Connection
    due: dict[str, str] = field(default_factory=dict)

    def add_hint(self, application: str, plugin: str) -> None:
        """Let somebody look at an application as soon as this is committed."""
        self.due[application] = plugin

    def take_time(self) -> None:
        """Let this unit take as long as it needs: it is for all applications, and nobody works meanwhile.

        A database that several machines share bounds how long a unit may wait and a statement may take.
        """
        if self.connection.dialect.name == "postgresql":
            for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                self.connection.exec_driver_sql(f"SET LOCAL {limit} = 0")

    def drop_hint(self, application: str) -> None:
        """Nobody need look at it after all: it was taken in hand in this transaction."""
        self.due.pop(application, None)


Unit = Callable[[Transaction], T]


class Hints:
    """What other processes say may be due. Nothing relies on it: a hint may be lost, or come twice."""

    async def take(self) -> list[str]:
        """Applications that somebody should look at; none where processes say nothing to each other.

        Raises:
            DatabaseUnavailable: The database is gone.
        """
        return []

    async def tidy(self) -> None:
        """Clear away what is left of hints; done now and then.

        Raises:
            DatabaseUnavailable: The database is gone.
        """


class Database(ABC):
    """An open database."""

    @asynccontextmanager
    async def hints(self, agencies: Sequence[str], heard: Callable[[], None]) -> AsyncIterator[Hints]:  # noqa: ARG002
        """Hear what other processes make due at ``agencies``; ``heard`` is called when there is a hint to take."""
        yield Hints()

    async def prepare(self) -> None:  # noqa: B027 - a database may need nothing else
        """Bring what the database needs besides the host's tables to the newest version; may be done again.

        Raises:
            DatabaseUnavailable: The database is gone.
        """

    @abstractmethod
    async def run(self, unit: Unit[T]) -> T:
        """Run a unit in a transaction and return what it returns, once that is committed for good.

        Raises:
            DatabaseUnavailable: The database is gone; the unit may or may not have happened.
        """

    async def run_together(self, unit: Unit[T]) -> T:
        """As ``run``, for a unit of one application that is in this process's hands: it may be committed with others.

        Raises:
            DatabaseUnavailable: As ``run``.
        """
        return await self.run(unit)

    @abstractmethod
    async def close(self) -> None:
        """Finish what was begun and close all connections."""


def read_url(text: str) -> URL:
    """The URL of a database.

    Raises:
        DatabaseInvalid: It is no URL, or names a database that is not supported.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise DatabaseInvalid("the database's URL cannot be read; write sqlite:///FILE or postgresql://…") from None
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise DatabaseInvalid(f"{url.get_backend_name()} is not supported; use sqlite or postgresql")
    return url


async def open_database(text: str) -> Database:
    """Open the database that a URL names: ``sqlite:///FILE`` or ``postgresql://…``.

    Raises:
        DatabaseInvalid: The URL cannot be used, or what it needs is not installed.
        DatabaseUnavailable: There is no such database, or it does not answer.
    """
    url = read_url(text)
    if url.get_backend_name() == "sqlite":
        from nagorik_host.store.sqlite import SqliteDatabase

        return SqliteDatabase(url)
    try:
        from nagorik_host.store.postgresql import PostgresqlDatabase
    except ImportError:
        raise DatabaseInvalid("PostgreSQL needs: pip install 'nagorik-host[postgresql]'") from None
    return PostgresqlDatabase(url)
