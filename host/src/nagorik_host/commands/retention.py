"""``nagorik erase`` and ``nagorik keys``: the end of a citizen's data, and the keys that they are sealed with."""

import argparse
import re
import sys
from datetime import timedelta
from functools import partial
from typing import Final

from nagorik_host.commands.running import CommandRefused, now, opened_database, run_command
from nagorik_host.settings import LONGEST_RETENTION, load_host_settings
from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.database import Transaction
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.retention import StillOpen, erase_application, erase_closed, rotate
from nagorik_host.store.upgrade import require_newest
from nagorik_host.vault import Vault, make_keys
from nagorik_host.vault.keyring import INDEX, make_key
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import add_json_argument, print_error, print_json, print_lines


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
    settings = load_host_settings()
    vault = Vault(settings.keyring())
    store, documents = ApplicationStore(vault), FolderDocumentStore(settings.documents, vault)
    days = settings.retention_days if arguments.closed_for is None else arguments.closed_for
    async with opened_database(settings) as database:
        await require_newest(database)
        database.use_ledger(vault)
        if arguments.application is not None:
            application = await database.run(partial(_named, store=store, name=arguments.application))
            try:
                await erase_application(database, store, documents, application, now())
            except StillOpen:
                raise CommandRefused(
                    "the application is not closed: what is open would lose its owner. Close it first:"
                    " nagorik act ID withdraw, or an officer's nagorik cases decide"
                ) from None
            number = 1
        elif days is None or not 1 <= days <= LONGEST_RETENTION:
            raise CommandRefused(
                f"say what: ID, or --closed-for DAYS from 1 to {LONGEST_RETENTION}, or the setting retention_days"
            )
        else:
            closed_for = timedelta(days=days)
            number = await erase_closed(database, store, documents, closed_for=closed_for, now=now())
    if arguments.json:
        print_json({"erased": number})
    else:
        print_lines(f"{number} applications are erased.")
    return ExitCode.OK


def _named(transaction: Transaction, *, store: ApplicationStore, name: str) -> str:
    return store.resolve(transaction, name)


erase_command: Final = EraseCommand()


_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


class KeysCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "make keys, or wrap everything by the newest one"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        new = actions.add_parser("new", help="print a keyring for a new host", allow_abbrev=False)
        new.add_argument("name", metavar="NAME", help="what the key is called, such as the month: 2026-11")
        add = actions.add_parser("add", help="print one more key, to be put above the others", allow_abbrev=False)
        add.add_argument("name", metavar="NAME", help="what the key is called")
        turn = actions.add_parser(
            "rotate", help="wrap all data keys by the key in use, which is the first", allow_abbrev=False
        )
        add_json_argument(turn)

    def run(self, arguments: argparse.Namespace) -> int:
        """Print keys to standard output, or rotate."""
        if arguments.action == "rotate":
            return run_command(lambda: _rotate(as_json=arguments.json))
        if not _NAME.fullmatch(arguments.name) or arguments.name == INDEX:
            print_error(f"a key's name is letters, digits, dots and hyphens, and not {INDEX}")
            return ExitCode.USAGE
        sys.stdout.write(make_keys(arguments.name) if arguments.action == "new" else make_key(arguments.name))
        return ExitCode.OK


async def _rotate(*, as_json: bool) -> int:
    settings = load_host_settings()
    vault = Vault(settings.keyring())
    async with opened_database(settings) as database:
        await require_newest(database)
        database.use_ledger(vault)
        done = await rotate(database, vault)
    documents = FolderDocumentStore(settings.documents, vault).rotate()
    if as_json:
        document = {"key": vault.current, "data_keys": done.keys, "wrapped_anew": done.wrapped_anew}
        print_json(document | {"documents_wrapped_anew": documents})
    else:
        print_lines(
            f"All {done.keys} data keys are wrapped by {vault.current}; {done.wrapped_anew} of them and {documents}"
            " documents were not before.",
            "Keep the older keys for as long as a backup is kept that was made before now.",
        )
    return ExitCode.OK


keys_command: Final = KeysCommand()
