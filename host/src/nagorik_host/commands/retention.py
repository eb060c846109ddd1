"""``nagorik erase`` and ``nagorik keys``: the end of a citizen's data, and the keys that they are sealed with."""

import argparse
import os
import stat
import sys
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nagorik_host.commands.running import CommandRefused, now, run_command, unlocked_database
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import add_json_argument, print_error, print_json, print_lines
from nagorik_platform.tracebacks import type_name

if TYPE_CHECKING:
    from nagorik_host.store.application_store import ApplicationStore
    from nagorik_host.store.database import Transaction
    from nagorik_host.store.retention import KeyRotation


class EraseCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "erase a citizen's data once the application is closed, one or all that are old enough"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.epilog = (
            "Forms and documents are deleted and the key of everything else is destroyed: nobody can read it again,"
            " and backups die with their keys only. States, times and codes stay, and the journal still verifies."
            " Without arguments, the setting retention_days says how long is long enough."
        )
        which = parser.add_mutually_exclusive_group()
        which.add_argument("application", nargs="?", metavar="ID", help="one application: id or client reference")
        which.add_argument("--closed-for", type=int, metavar="DAYS", help="all that have been closed for so long")
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Erase, and tell how many."""
        return run_command(lambda: _erase(arguments))


async def _erase(arguments: argparse.Namespace) -> int:
    from nagorik_host.settings import LONGEST_RETENTION, load_host_settings
    from nagorik_host.store.application_store import ApplicationStore
    from nagorik_host.store.documents import FolderDocumentStore
    from nagorik_host.store.retention import (
        DocumentsMissing,
        StillOpen,
        erase_application,
        erase_closed,
        erase_messages,
    )

    settings = load_host_settings()
    days = settings.retention_days if arguments.closed_for is None else arguments.closed_for
    async with unlocked_database(settings) as (database, vault):
        store, documents = ApplicationStore(vault), FolderDocumentStore(settings.documents, vault)
        untold: list[str] = []
        if arguments.application is not None:
            application = await database.run(partial(_named, store=store, name=arguments.application))
            try:
                if not await erase_application(database, store, documents, application, now()):
                    untold.append(application)
            except DocumentsMissing:
                raise _no_folder("nothing of the application was erased") from None
            except StillOpen:
                raise CommandRefused(
                    "the application is not closed: what is open would lose its owner. Close it first:"
                    " nagorik act ID withdraw, or an officer's nagorik cases decide."
                    " If it has ended, a gateway is asked once more about its money: erase it after a day or two"
                ) from None
            number = 1
        elif days is None or not 1 <= days <= LONGEST_RETENTION:
            raise CommandRefused(
                f"say what: ID, or --closed-for DAYS from 1 to {LONGEST_RETENTION}, or the setting retention_days"
            )
        else:
            closed_for = timedelta(days=days)
            try:
                number, untold = await erase_closed(database, store, documents, closed_for=closed_for, now=now())
            except DocumentsMissing:
                raise _no_folder("nothing more was erased") from None
        await erase_messages(database, received_before=now() - settings.message_age, now=now())
        is_gone = await database.scrub()
    if arguments.json:
        print_json({"erased": number, "documents_untold": untold})
    else:
        for application in untold:
            print_error(
                f"{application}: what it says of its documents is damaged, so that none was removed with it; in a day"
                " nagorik audit documents --remove finds those that nobody refers to"
            )
        print_lines(f"{number} applications are erased.")
        if number and not is_gone:
            print_lines("Remains stand in the database's files for a while: docs/how-to/run-for-years.md, Retention.")
    return ExitCode.FINDINGS if untold else ExitCode.OK


def _no_folder(done: str) -> CommandRefused:
    return CommandRefused(
        f"the documents' folder is not there, and there are documents that are to be in it: {done}. See that the"
        " setting documents names it, from the folder in which you are, then run this again"
    )


def _named(transaction: "Transaction", *, store: "ApplicationStore", name: str) -> str:
    return store.resolve(transaction, name)


erase_command: Final = EraseCommand()


class KeysCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "make keys, or wrap everything by the newest one"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        new = actions.add_parser("new", help="make a keyring for a new host", allow_abbrev=False)
        new.add_argument("name", metavar="NAME", help="what the key is called, such as the month: 2026-11")
        new.add_argument("--out", type=Path, metavar="FILE", help="write it into a new file that only you can read")
        add = actions.add_parser("add", help="make one more key, to be put above the others", allow_abbrev=False)
        add.add_argument("name", metavar="NAME", help="what the key is called")
        add.add_argument("--into", type=Path, metavar="FILE", help="put it into a keyring's file, above the others")
        turn = actions.add_parser(
            "rotate", help="wrap all data keys by the key in use, which is the first", allow_abbrev=False
        )
        add_json_argument(turn)

    def run(self, arguments: argparse.Namespace) -> int:
        """Print keys to standard output, write them into a file, or rotate."""
        from nagorik.data_files import DataFileInvalid
        from nagorik_host.vault import KeyringInvalid, make_keys
        from nagorik_host.vault.keyring import INDEX, is_key_name, make_key

        if arguments.action == "rotate":
            return run_command(lambda: _rotate(as_json=arguments.json))
        if not is_key_name(arguments.name.encode()) or arguments.name == INDEX:
            print_error(f"a key's name is letters, digits, dots and hyphens, and not {INDEX}")
            return ExitCode.USAGE
        file = arguments.out if arguments.action == "new" else arguments.into
        try:
            if file is None:
                text = make_keys(arguments.name) if arguments.action == "new" else make_key(arguments.name)
                sys.stdout.write(text)
            elif arguments.action == "new":
                _write_new(file, make_keys(arguments.name))
            else:
                _put_first(file, arguments.name)
        except _LeftOver as left:
            print_error(
                f"{left.file} is there already: another nagorik keys add is at it, or one was ended in the middle and"
                f" left it. {left.keys} holds the keys as they were. If none is at it, delete {left.file}, with which"
                " nothing was ever sealed, and add the key again"
            )
            return ExitCode.USAGE
        except FileExistsError as there:
            name = Path(str(there.filename)).name
            print_error(f"{name} is there already; what stands in it may be the only copy of a host's keys")
            return ExitCode.USAGE
        except (OSError, UnicodeDecodeError) as error:
            print_error(f"the file of the keys cannot be used: {type_name(error)}")
            return ExitCode.FAILED
        except (DataFileInvalid, KeyringInvalid) as invalid:
            print_error(f"the file of the keys cannot be used: {invalid}")
            return ExitCode.USAGE
        return ExitCode.OK


def _write_new(file: Path, text: str) -> None:
    """Write a file that was not there, for good, and for nobody else's eyes from its first byte on."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
        written.write(text)
        written.flush()
        os.fsync(written.fileno())


class _LeftOver(Exception):
    """What a key is added by is there already, and holds keys that nobody has used."""

    def __init__(self, file: str, keys: str) -> None:
        super().__init__(file)
        self.file = file
        self.keys = keys


def _put_first(file: Path, name: str) -> None:
    """Put a new key above the others; whatever breaks off, the file holds the old keys or the new ones.

    Where ``file`` is a link, that is what it leads to: every link to the keys then finds the new one.

    Raises:
        _LeftOver: Another run is at it, or was ended in the middle.
        DataFileInvalid: What is there is no file, or cannot be read.
    """
    from nagorik.data_files import read_file
    from nagorik_host.vault import read_keyring
    from nagorik_host.vault.keyring import make_key

    keys = file.resolve(strict=True)
    read_file(keys)  # nothing is put beside what is no file
    beside = keys.with_name(f"{keys.name}.new")
    try:
        _write_new(beside, "")
    except FileExistsError:
        raise _LeftOver(beside.name, keys.name) from None
    try:
        # Read once nobody else is at it: what another run has added is among the others.
        text = make_key(name) + read_file(keys).decode()
        read_keyring(text)
        with beside.open("w", encoding="utf-8", newline="") as written:
            _give_alike(written.fileno(), keys.stat())
            written.write(text)
            written.flush()
            os.fsync(written.fileno())
        beside.replace(keys)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _give_alike(descriptor: int, like: os.stat_result) -> None:
    """Let whoever could read the old file read the new one, and nobody else."""
    mode = stat.S_IMODE(like.st_mode)
    try:
        os.fchown(descriptor, -1, like.st_gid)
    except PermissionError:
        mode &= ~stat.S_IRWXG  # it is of another group
    with suppress(PermissionError):
        os.fchown(descriptor, like.st_uid, -1)
    os.fchmod(descriptor, mode)


async def _rotate(*, as_json: bool) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.documents import FolderDocumentStore
    from nagorik_host.store.host_keys import WorkersLackKey, make_known, retire_others
    from nagorik_host.store.retention import DocumentsMissing, require_documents, rotate
    from nagorik_host.vault import Vault

    settings = load_host_settings()
    # As it stands in the file: its first key is to be in use from now on.
    vault = Vault(settings.keyring())
    documents = FolderDocumentStore(settings.documents, vault)
    async with unlocked_database(settings) as (database, _):
        try:
            await require_documents(database, documents)
        except DocumentsMissing:
            raise _no_folder("no key was changed") from None
        try:
            await database.run(partial(make_known, vault=vault, now=now()))
        except WorkersLackKey as lacking:
            raise CommandRefused(
                f"{', '.join(lacking.workers)}: at work without the key {lacking.key}, so nothing was changed. Give"
                " every machine the same file of the keys, restart its workers, and rotate again",
                ExitCode.FAILED,
            ) from None
        done = await rotate(database, vault)
        anew, damaged = documents.rotate()
        damaged = [*done.damaged, *(f"document {one}" for one in damaged)]
        behind: list[str] = []
        if not damaged:
            behind = await database.run(partial(retire_others, vault=vault, now=now()))
    if as_json:
        document = {"key": vault.current, "data_keys": done.keys, "wrapped_anew": done.wrapped_anew}
        print_json(document | {"documents_wrapped_anew": anew, "damaged": damaged, "workers_behind": behind})
    else:
        _print_rotation(vault.current, done, anew, damaged, behind)
    return ExitCode.FINDINGS if damaged else ExitCode.OK


def _print_rotation(key: str, done: "KeyRotation", anew: int, damaged: list[str], behind: list[str]) -> None:
    for one in damaged:
        print_error(f"{one}: its key cannot be unwrapped; restore it from a backup, or leave it as it is")
    whole = f"All {done.keys} data keys are" if not damaged else f"{done.keys - len(done.damaged)} data keys are"
    print_lines(f"{whole} wrapped by {key}; {done.wrapped_anew} of them and {anew} documents were not before.")
    if damaged:
        print_lines(f"{len(damaged)} are damaged, so no key is retired. Keep them all.")
    elif behind:
        names = ", ".join(behind)
        print_lines(f"{names}: still wrapping by an older key. Restart them, and rotate again before you drop one.")
    else:
        print_lines("Keep the older keys for as long as a backup is kept that was made before now.")


keys_command: Final = KeysCommand()
