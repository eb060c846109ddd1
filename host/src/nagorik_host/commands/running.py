"""How the host's commands begin and end: settings, an open database, and one line for whatever stops them."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import URL

from nagorik import NagorikError
from nagorik.clock import Clock, SystemClock
from nagorik_host.host import Host, LeaseTooShort, host_on
from nagorik_host.settings import HostSettings, HostSettingsRejected
from nagorik_host.store.application_store import NoSuchApplication
from nagorik_host.store.database import Database, DatabaseInvalid, DatabaseUnavailable, open_database, read_url
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.upgrade import SchemaOutdated, require_newest
from nagorik_host.texts import sentence
from nagorik_host.vault import Erased, SealBroken, Vault
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import print_error
from nagorik_platform.lifecycle import NotPossible
from nagorik_platform.logs import configure_logging

CLOCK: Clock = SystemClock()
"""The commands' time; a test puts another one in its place."""


class CommandRefused(Exception):
    """Ends a command. The text says why, and holds nothing of a citizen or a setting."""

    def __init__(self, text: str, code: ExitCode = ExitCode.USAGE) -> None:
        """End with ``code`` and say why."""
        super().__init__(text)
        self.code = code


_ENDINGS: Final[Mapping[type[Exception], Callable[[Any], tuple[str, ExitCode]]]] = {
    CommandRefused: lambda refused: (str(refused), refused.code),
    HostSettingsRejected: lambda rejected: (str(rejected), ExitCode.USAGE),
    LeaseTooShort: lambda short: (str(short), ExitCode.USAGE),
    DatabaseInvalid: lambda invalid: (str(invalid), ExitCode.USAGE),
    DatabaseUnavailable: lambda gone: (
        f"{gone}; see that it runs and that the setting database is right",
        ExitCode.FAILED,
    ),
    SchemaOutdated: lambda outdated: (_outdated(outdated), ExitCode.FAILED),
    NoSuchApplication: lambda _: ("the database holds no application by this id or reference", ExitCode.USAGE),
    Erased: lambda _: (
        "this citizen's data were erased; nagorik audit verify still proves the journal",
        ExitCode.USAGE,
    ),
    SealBroken: lambda broken: (
        f"{broken}: see that every key that was ever used is among the keys",
        ExitCode.FAILED,
    ),
    NotPossible: lambda refused: (_not_possible(refused), ExitCode.USAGE),
    NagorikError: lambda error: (f"{error.code}: {error.message.en} {error.message.bn}", ExitCode.USAGE),
}


def run_command(do: Callable[[], Coroutine[Any, Any, int]], *, log_level: str = "WARNING") -> int:
    """Run a command to its end, whatever that is; its exit code."""
    configure_logging(level=log_level)
    # It tells at every look that it looks.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        return asyncio.run(do())
    except tuple(_ENDINGS) as error:
        ending = next(describe for kind, describe in _ENDINGS.items() if isinstance(error, kind))
        text, code = ending(error)
        print_error(text)
        return code


@asynccontextmanager
async def opened_database(settings: HostSettings, *, make: bool = False) -> AsyncIterator[Database]:
    """The database; a file that is not there is made only with ``make``.

    Raises:
        CommandRefused: There is no such file.
        DatabaseInvalid: Its URL cannot be used.
        DatabaseUnavailable: It does not answer.
    """
    url = settings.database.get_secret_value()
    if not make and is_absent(read_url(url)):
        raise CommandRefused("there is no database yet: nagorik db upgrade makes it", ExitCode.FAILED)
    database = await open_database(url)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def opened_host(settings: HostSettings) -> AsyncIterator[Host]:
    """The host on its database, which must be at the newest revision.

    Raises:
        CommandRefused: There is no database.
        SchemaOutdated: The database is at another revision.
    """
    keyring = settings.keyring()
    async with opened_database(settings) as database:
        await require_newest(database)
        platform = settings.platform(documents=FolderDocumentStore(settings.documents, Vault(keyring)), clock=CLOCK)
        async with host_on(database, keyring, platform, lease=settings.lease) as host:
            yield host


def is_absent(url: URL) -> bool:
    """Whether the database is a file that is not there."""
    named = url.database
    is_file = url.get_backend_name() == "sqlite" and named not in {None, "", ":memory:"}
    return is_file and not os.path.exists(str(named))  # noqa: PTH110 - which says no of a name that is too long


def now() -> datetime:
    """The time that citizens and agencies live in, in UTC."""
    return CLOCK.now()


def _not_possible(refused: NotPossible) -> str:
    text = sentence("not-possible", refused.code)
    return f"{refused.code}: {text.en} {text.bn}" if text is not None else refused.code


def _outdated(outdated: SchemaOutdated) -> str:
    if outdated.found is None:
        return "the database is empty: nagorik db upgrade makes its tables"
    return f"{outdated}: nagorik db upgrade brings it there; if it was made by a later release, install that release"
