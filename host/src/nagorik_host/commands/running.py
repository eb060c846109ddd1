"""How the host's commands begin and end: settings, an open database, and one line for what stops them.

What a command needs is imported when it needs it: its help and its lists must come at once.
"""

import argparse
import asyncio
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from nagorik.clock import Clock
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.system_clock import SystemClock

if TYPE_CHECKING:
    from sqlalchemy import URL

    from nagorik_host.host import Host
    from nagorik_host.settings import HostSettings
    from nagorik_host.store.database import Database
    from nagorik_host.vault import Vault

CLOCK: Clock = SystemClock()
"""The commands' time; a test puts another one in its place."""
CLOSING: Final = 10.0
"""Seconds in which threads that a plugin left behind have to end once all is done."""


class CommandRefused(Exception):
    """Ends a command. The text says why, and holds nothing of a citizen or a setting."""

    def __init__(self, text: str, code: ExitCode = ExitCode.USAGE) -> None:
        """End with ``code`` and say why."""
        super().__init__(text)
        self.code = code


_ENDED: Final = (
    "something in this process ended it, most likely a plugin: start it again. What was in hand is looked up by"
    " the worker that takes it over, and nothing is sent twice"
)
_KEY_MISSING: Final = (
    ", and something that this host keeps is wrapped by it. Put its line back into the file of the keys, and start"
    " again. A key that was to be dropped needs one more nagorik keys rotate first"
)
_NO_FOLDER: Final = (
    "the documents' folder is not there, and there are documents that are to be in it, so nothing more was done. See"
    " that the setting documents names it, from the folder in which you are, then run this again"
)
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_OUTDATED: Final = ": nagorik db upgrade brings it there; if it was made by a later release, install that release"


def run_command(do: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a command to its end on an event loop of its own; its exit code."""
    from nagorik_platform.logs import configure_logging

    configure_logging(level="WARNING")
    # It logs each look at the revision.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        return _run(do)
    except (SystemExit, asyncio.CancelledError):
        # No command ends so by itself. The exit code is never a stranger's: 0 would say that all is well.
        ending = _ENDED, ExitCode.FAILED
    except Exception as error:
        known = ending_of(error)
        if known is None:
            raise
        ending = known
    from nagorik_platform.cli.output import print_error

    text, code = ending
    print_error(text)
    return code


def _run(do: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """The event loop's end waits ``CLOSING`` seconds for a plugin's threads."""
    runner, ended = asyncio.Runner(), list[int]()

    def give_up() -> None:
        sys.stdout.flush()
        os._exit(ended[0] if ended else ExitCode.FAILED)

    closing = threading.Timer(CLOSING, give_up)
    closing.daemon = True
    try:
        ended.append(runner.run(do()))
    finally:
        closing.start()
        runner.close()
        closing.cancel()
    return ended[0]


def ending_of(error: Exception) -> tuple[str, ExitCode] | None:
    """The text and the exit code of an error that a command may end with; ``None`` for a defect."""
    from nagorik import NagorikError
    from nagorik_host.engine.leases import ClockWrong
    from nagorik_host.extensions import ExtensionInvalid
    from nagorik_host.settings import HostSettingsRejected
    from nagorik_host.store.application_store import LeaseTooShort, NoSuchApplication
    from nagorik_host.store.database import DatabaseInvalid, DatabaseUnavailable
    from nagorik_host.store.host_keys import KeysRefused
    from nagorik_host.store.ledger import LedgerWentBack
    from nagorik_host.store.retention import DocumentsMissing
    from nagorik_host.store.upgrade import SchemaOutdated
    from nagorik_host.texts import sentence
    from nagorik_host.vault import Erased, KeyMissing, SealBroken
    from nagorik_platform.lifecycle import NotPossible

    match error:
        case CommandRefused():
            return str(error), error.code
        case SchemaOutdated(found=None, extension=""):
            return "the database is empty: nagorik db upgrade makes its tables", ExitCode.FAILED
        case NoSuchApplication():
            return "the database holds no application by this id or reference", ExitCode.USAGE
        case Erased():
            return "this citizen's data were erased; nagorik audit verify still proves the journal", ExitCode.USAGE
        case DocumentsMissing():
            return _NO_FOLDER, ExitCode.USAGE
        case NotPossible():
            text = sentence("not-possible", error.code)
            return f"{error.code}: {text.en} {text.bn}" if text is not None else error.code, ExitCode.USAGE
        case NagorikError():
            return f"{error.code}: {error.message.en} {error.message.bn}", ExitCode.USAGE
    for kinds, code, hint in (
        ((HostSettingsRejected, DatabaseInvalid, KeysRefused, LeaseTooShort, LedgerWentBack), ExitCode.USAGE, ""),
        ((ClockWrong, ExtensionInvalid), ExitCode.FAILED, ""),
        ((KeyMissing,), ExitCode.USAGE, _KEY_MISSING),
        ((DatabaseUnavailable,), ExitCode.FAILED, "; see that it runs and that the setting database is right"),
        ((SealBroken,), ExitCode.FAILED, ": see that every key that was ever used is among the keys"),
        ((SchemaOutdated,), ExitCode.FAILED, _OUTDATED),
    ):
        if isinstance(error, kinds):
            return f"{error}{hint}", code
    return None


@asynccontextmanager
async def opened_database(settings: "HostSettings", *, make: bool = False) -> AsyncIterator["Database"]:
    """The database; a file that is not there is made with ``make``, else ``CommandRefused``."""
    from nagorik_host.store.database import open_database, read_url

    url = settings.database.get_secret_value()
    if not make and is_absent(read_url(url)):
        raise CommandRefused("there is no database yet: nagorik db upgrade makes it", ExitCode.FAILED)
    database = await open_database(url)
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
    charges, lease, age = settings.host_charges(), settings.lease, settings.message_age
    async with unlocked_database(settings) as (database, vault):
        platform = settings.platform(documents=FolderDocumentStore(settings.documents, vault), clock=CLOCK)
        ring = settings.keyring()
        async with open_host(database, ring, platform, lease=lease, message_age=age, charges=charges) as host:
            yield host


@contextmanager
def new_files(targets: Sequence[Path]) -> Iterator[list[IO[bytes]]]:
    """Make files that only their owner can read; all are removed if any of them is not written to its end."""
    with ExitStack() as opened, ExitStack() as made:
        files: list[IO[bytes]] = []
        for target in targets:
            try:
                descriptor = os.open(target, _NEW, 0o600)
            except FileExistsError:
                raise CommandRefused("a file of this name is there; it is left as it is") from None
            except (OSError, ValueError):
                raise CommandRefused("no file can be written there; nothing was written") from None
            made.callback(target.unlink, missing_ok=True)
            files.append(opened.enter_context(os.fdopen(descriptor, "wb")))
        yield files
        for file in files:
            file.flush()
            os.fsync(file.fileno())
        made.pop_all()


def require_signed(arguments: argparse.Namespace) -> None:
    """Refuse a decision without an officer's name and a reason."""
    if not (arguments.officer or "").strip() or not (arguments.reason or "").strip():
        raise CommandRefused("a decision needs an officer's name and a reason")


def is_absent(url: "URL") -> bool:
    """Whether the database is a file that is not there."""
    named = url.database
    is_file = url.get_backend_name() == "sqlite" and named not in {None, "", ":memory:"}
    return is_file and not os.path.exists(str(named))  # noqa: PTH110 - which says no of a name that is too long


def now() -> datetime:
    """The time that citizens and agencies live in, in UTC."""
    return CLOCK.now()
