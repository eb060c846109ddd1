"""What the host that is set up here keeps out of work now, for the platform's own commands.

An officer has stopped it, for ``nagorik services``, or a worker keeps it out for its faults, for ``nagorik plugins``.
"""

import asyncio
from typing import TYPE_CHECKING, TypeVar

from nagorik_host.configured import is_configured
from nagorik_platform.cli.host_reports import Suspension, WorkerQuarantine

if TYPE_CHECKING:
    from nagorik_host.store.database import Transaction, Unit

T = TypeVar("T")


def suspended() -> list[Suspension]:
    """All that is stopped; nothing, at once, where no host is set up.

    Raises:
        HostSettingsRejected: The settings are wrong.
        DatabaseInvalid: The database's URL cannot be used.
        DatabaseUnavailable: It does not answer.
        SchemaOutdated: It is of another revision.
    """
    return _read_here(_suspensions)


def quarantined() -> list[WorkerQuarantine]:
    """What each worker that is at work keeps out; nothing, at once, where no host is set up.

    Raises:
        As ``suspended``.
    """
    return _read_here(_quarantines)


def _read_here(read: "Unit[list[T]]") -> list[T]:
    """What is read in the database of the host here; nothing where there is neither."""
    if not is_configured():
        return []
    from nagorik_host.commands.running import is_absent
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.database import read_url

    url = load_host_settings().database.get_secret_value()
    return [] if is_absent(read_url(url)) else asyncio.run(_read_in(url, read))


async def _read_in(url: str, read: "Unit[list[T]]") -> list[T]:
    from nagorik_host.store.database import open_database
    from nagorik_host.store.upgrade import require_newest

    database = await open_database(url)
    try:
        await require_newest(database)
        return await database.run(read)
    finally:
        await database.close()


def _suspensions(transaction: "Transaction") -> list[Suspension]:
    from nagorik_host.engine.suspensions import list_suspensions

    return [
        Suspension(kind=record.kind, name=record.name, reason=record.reason, since=record.at)
        for record in list_suspensions(transaction)
    ]


def _quarantines(transaction: "Transaction") -> list[WorkerQuarantine]:
    from nagorik_host.store.overview import read_workers
    from nagorik_platform.system_clock import SystemClock

    return [
        WorkerQuarantine(worker.name, *kept_out)
        for worker in read_workers(transaction, SystemClock().now())
        if worker.is_alive
        for kept_out in worker.kept_out
    ]
