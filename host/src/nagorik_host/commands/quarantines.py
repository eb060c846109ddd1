"""Which plugins the workers of the host that is set up here keep out for their faults, for ``nagorik plugins``."""

import asyncio
from typing import TYPE_CHECKING

from nagorik_host.configured import is_configured
from nagorik_platform.cli.quarantines import WorkerQuarantine

if TYPE_CHECKING:
    from nagorik_host.store.database import Transaction


def quarantined() -> list[WorkerQuarantine]:
    """What each worker that is at work keeps out; nothing, at once, where no host is set up.

    Raises:
        HostSettingsRejected: The settings are wrong.
        DatabaseInvalid: The database's URL cannot be used.
        DatabaseUnavailable: It does not answer.
        SchemaOutdated: It is of another revision.
    """
    if not is_configured():
        return []
    from nagorik_host.commands.running import is_absent
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.database import read_url

    url = load_host_settings().database.get_secret_value()
    return [] if is_absent(read_url(url)) else asyncio.run(_quarantines_in(url))


async def _quarantines_in(url: str) -> list[WorkerQuarantine]:
    from nagorik_host.store.database import open_database
    from nagorik_host.store.upgrade import require_newest

    database = await open_database(url)
    try:
        await require_newest(database)
        return await database.run(_read)
    finally:
        await database.close()


def _read(transaction: "Transaction") -> list[WorkerQuarantine]:
    from nagorik.clock import SystemClock
    from nagorik_host.store.overview import read_workers

    return [
        WorkerQuarantine(worker.name, *kept_out)
        for worker in read_workers(transaction, SystemClock().now())
        if worker.is_alive
        for kept_out in worker.kept_out
    ]
