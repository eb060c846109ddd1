"""A database for each process of a campaign: the one that was named, and others beside it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import URL, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from nagorik_host.store import DatabaseUnavailable
from nagorik_host.store.database import read_url
from nagorik_testing.campaign.cohort import IN_MEMORY, prepare


@contextmanager
def databases(url: str, number: int) -> Iterator[Sequence[str]]:
    """The URLs of so many empty databases with the newest tables; those that were made on a server are deleted.

    Raises:
        DatabaseInUse: One holds applications.
        DatabaseInvalid, DatabaseUnavailable: They cannot be used or made.
    """
    if url == IN_MEMORY:
        yield [IN_MEMORY] * number
        return
    asyncio.run(prepare(url))
    named = read_url(url)
    if named.get_backend_name() == "sqlite":
        others = [named.set(database=f"{named.database}.{place}") for place in range(2, number + 1)]
        made: list[URL] = []
    else:
        others = made = [named.set(database=f"{named.database}_{uuid4().hex[:12]}") for _ in range(number - 1)]
    try:
        asyncio.run(_on_the_server(named, "CREATE", made))
        further = [other.render_as_string(hide_password=False) for other in others]
        for one in further:
            asyncio.run(prepare(one))
        yield [url, *further]
    finally:
        asyncio.run(_on_the_server(named, "DROP", made))


async def _on_the_server(named: URL, what: str, databases: Sequence[URL]) -> None:
    if not databases:
        return
    engine = create_async_engine(named.set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT")
    quoted = engine.dialect.identifier_preparer.quote
    only_if, forced = ("IF EXISTS ", " WITH (FORCE)") if what == "DROP" else ("", "")
    try:
        async with engine.connect() as connection:
            for one in databases:
                await connection.execute(text(f"{what} DATABASE {only_if}{quoted(one.database or '')}{forced}"))
    except SQLAlchemyError:
        raise DatabaseUnavailable(
            "databases for the processes cannot be made beside the one that was named"
        ) from None
    finally:
        await engine.dispose()
