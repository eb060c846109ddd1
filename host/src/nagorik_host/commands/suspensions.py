"""What an officer has stopped at the host that is set up here, for ``nagorik services``."""

import asyncio
from typing import TYPE_CHECKING

from nagorik_host.configured import is_configured
from nagorik_platform.cli.suspensions import Suspension

if TYPE_CHECKING:
    from nagorik_host.store.database import Database


def suspended() -> list[Suspension]:
    """All that is stopped; nothing, at once, where no host is set up.

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
    return [] if is_absent(read_url(url)) else asyncio.run(_suspensions_in(url))


async def _suspensions_in(url: str) -> list[Suspension]:
    from nagorik_host.store.database import open_database

    database = await open_database(url)
    try:
        return await _read(database)
    finally:
        await database.close()


async def _read(database: "Database") -> list[Suspension]:
    from nagorik_host.engine.suspensions import list_suspensions
    from nagorik_host.store.upgrade import require_newest

    await require_newest(database)
    return [
        Suspension(kind=record.kind, name=record.name, reason=record.reason, since=record.at)
        for record in await database.run(list_suspensions)
    ]
