"""How the host's commands begin and end: settings, an open database, and one line for what stops them.

What a command needs is imported when it needs it: its help and its lists must come at once.
"""

import argparse
import asyncio
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from nagorik.clock import Clock
from nagorik_platform.cli.commands import CommandFailed, ExitCode
from nagorik_platform.system_clock import SystemClock

if TYPE_CHECKING:
    from nagorik_host.host import Host
    from nagorik_host.settings import HostSettings
    from nagorik_host.store.database import Database
    from nagorik_host.vault import Vault

CLOCK: Clock = SystemClock()
"""The commands' time; a test puts another one in its place."""
CLOSING: Final = 10.0
"""Seconds in which threads that a plugin left behind have to end once all is done."""


class CommandRefused(CommandFailed):
    """Ends a command. The text says why, and holds nothing of a citizen or a setting."""

    def __init__(self, text: str, code: ExitCode = ExitCode.USAGE) -> None:
        """End with ``code`` and say why."""
        super().__init__(text, code)


_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def run_command(do: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a command to its end on an event loop of its own; its exit code."""
    from nagorik_platform.cli.output import print_error
    from nagorik_platform.logs import configure_logging

    configure_logging(level="WARNING")
    # It logs each look at the revision.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        with asyncio.Runner() as runner:
            code = runner.run(do())
            sys.stdout.flush()
            closing = threading.Timer(CLOSING, os._exit, (code,))
            closing.daemon = True
            closing.start()
    except (SystemExit, asyncio.CancelledError):
        # No command ends so by itself. The exit code is never a stranger's: 0 would say that all is well.
        ending = "something in this process ended it, most likely a plugin: start it again", ExitCode.FAILED
    except Exception as error:
        known = ending_of(error)
        if known is None:
            raise
        ending = known
    else:
        closing.cancel()
        return code
    print_error(ending[0])
    return ending[1]


def ending_of(error: Exception) -> tuple[str, ExitCode] | None:
    """The text and the exit code of an error that a command may end with; ``None`` for a defect."""
    from nagorik import NagorikError
    from nagorik.data_files import DataFileInvalid
    from nagorik_host import extensions, settings, vault
    from nagorik_host.engine.leases import ClockWrong
    from nagorik_host.store import application_store as rows, database as db, host_keys, ledger, listings, retention
    from nagorik_host.store.upgrade import SchemaOutdated
    from nagorik_host.texts import text_of
    from nagorik_platform.lifecycle import NotPossible

    if isinstance(error, CommandRefused):
        return str(error), error.code
    for kinds, code, text in (
        (
            (settings.HostSettingsRejected, db.DatabaseInvalid, DataFileInvalid, rows.LeaseTooShort),
            ExitCode.USAGE,
            "{}",
        ),
        ((host_keys.KeysRefused, ledger.LedgerWentBack, listings.PlaceInvalid), ExitCode.USAGE, "{}"),
        ((ClockWrong, extensions.ExtensionInvalid), ExitCode.FAILED, "{}"),
        (rows.NoSuchApplication, ExitCode.USAGE, "the database holds no application by this id or reference"),
        (vault.Erased, ExitCode.USAGE, "this citizen's data were erased; the journal can still be verified"),
        (retention.DocumentsMissing, ExitCode.USAGE, "the documents' folder is not there: see the setting documents"),
        (vault.KeyMissing, ExitCode.USAGE, "{}: put its line back into the file of the keys"),
        (vault.SealBroken, ExitCode.FAILED, "{}: see that every key that was ever used is among the keys"),
        (db.DatabaseUnavailable, ExitCode.FAILED, "{}; see that it runs and that the setting database is right"),
        (SchemaOutdated, ExitCode.FAILED, "{}: nagorik db upgrade brings it there, or install the later release"),
    ):
        if isinstance(error, kinds):
            return text.format(error), code
    if isinstance(error, NagorikError | NotPossible):
        means = error.message if isinstance(error, NagorikError) else text_of("not-possible", error.code)
        return f"{error.code}: {means.en} {means.bn}", ExitCode.USAGE
    return None


@asynccontextmanager
async def opened_database(settings: "HostSettings", *, make: bool = False) -> AsyncIterator["Database"]:
    """The database; a file that is not there is made with ``make``, else ``CommandRefused``."""
    from nagorik_host.store.database import open_database

    if not make and is_absent(settings):
        raise CommandRefused("there is no database yet: nagorik db upgrade makes it", ExitCode.FAILED)
    database = await open_database(settings.database.get_secret_value())
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def unlocked_database(settings: "HostSettings | None" = None) -> AsyncIterator[tuple["Database", "Vault"]]:
    """The database at the newest revision, and the keys that it belongs to; other keys raise ``KeysRefused``."""
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.host_keys import admit_keys
    from nagorik_host.store.upgrade import require_newest
    from nagorik_host.vault import Vault

    settings = settings or load_host_settings()
    keyring = settings.keyring()
    async with opened_database(settings) as database:
        await require_newest(database)
        vault = Vault(await admit_keys(database, keyring, now()))
        database.use_ledger(vault)
        yield database, vault


@asynccontextmanager
async def opened_host(settings: "HostSettings | None" = None) -> AsyncIterator["Host"]:
    """The host on its database; errors as ``unlocked_database``, or the file of charges cannot be used."""
    from nagorik_host.host import open_host
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.documents import FolderDocumentStore

    settings = settings or load_host_settings()
    charges, lease = settings.host_charges(), settings.lease
    async with unlocked_database(settings) as (database, vault):
        platform = settings.platform(documents=FolderDocumentStore(settings.documents, vault), clock=CLOCK)
        ring = settings.keyring()
        async with open_host(database, ring, platform, lease=lease, charges=charges) as host:
            yield host


@contextmanager
def new_file(target: Path) -> Iterator[IO[bytes]]:
    """Make a file that only its owner can read; it is removed if it is not written to its end."""
    try:
        descriptor = os.open(target, _NEW, 0o600)
    except FileExistsError:
        raise CommandRefused("a file of this name is there; it is left as it is") from None
    except (OSError, ValueError):
        raise CommandRefused("no file can be written there; nothing was written") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def require_signed(arguments: argparse.Namespace) -> None:
    """Refuse a decision without an officer's name and a reason."""
    if not (arguments.officer or "").strip() or not (arguments.reason or "").strip():
        raise CommandRefused("a decision needs an officer's name and a reason")


def is_absent(settings: "HostSettings") -> bool:
    """Whether the database is a file that is not there; raises ``DatabaseInvalid``."""
    from nagorik_host.store.database import read_url

    url = read_url(settings.database.get_secret_value())
    is_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    return is_file and not os.path.exists(str(url.database))  # noqa: PTH110 - which says no of a name that is too long


def now() -> datetime:
    """The time that citizens and agencies live in, in UTC."""
    return CLOCK.now()
