"""``nagorik erase``: ends the life of a citizen's data."""

import argparse
from datetime import timedelta
from functools import partial
from typing import Final

from nagorik.cli.command import ExitCode
from nagorik.cli.output import add_json_argument, print_json, print_lines
from nagorik_host.commands.running import Refused, now, opened_database, run_command
from nagorik_host.documents import FolderDocuments
from nagorik_host.settings import load_host_settings
from nagorik_host.store.books import Books
from nagorik_host.store.database import Transaction
from nagorik_host.store.retention import StillOpen, erase_application, erase_closed
from nagorik_host.store.upgrade import require_newest
from nagorik_host.vault import Vault


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
    books, documents = Books(vault), FolderDocuments(settings.documents, vault)
    days = settings.retention_days if arguments.closed_for is None else arguments.closed_for
    async with opened_database(settings) as database:
        await require_newest(database)
        if arguments.application is not None:
            application = await database.run(partial(_named, books=books, name=arguments.application))
            try:
                await erase_application(database, books, documents, application, now())
            except StillOpen:
                raise Refused(
                    "the application is not closed: what is open would lose its owner. Close it first:"
                    " nagorik act ID withdraw, or an officer's nagorik work decide"
                ) from None
            number = 1
        elif days is None or days < 1:
            raise Refused("say what: ID, or --closed-for DAYS of at least 1, or the setting retention_days")
        else:
            closed_for = timedelta(days=days)
            number = await erase_closed(database, books, documents, closed_for=closed_for, now=now())
    if arguments.json:
        print_json({"erased": number})
    else:
        print_lines(f"{number} applications are erased.")
    return ExitCode.OK


def _named(transaction: Transaction, *, books: Books, name: str) -> str:
    return books.named(transaction, name)


command: Final = EraseCommand()
