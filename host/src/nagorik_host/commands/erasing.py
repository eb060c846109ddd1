"""``nagorik erase``: the end of a citizen's data."""

import argparse
from datetime import timedelta

from nagorik_host.commands.result import CommandResult
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
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
from nagorik_platform.cli.commands import ExitCode

_STILL_OPEN = (
    "the application is not closed: what is open would lose its owner. Close it first: nagorik act ID withdraw, or an"
    " officer's nagorik cases decide. If it has ended, a gateway is asked once more about its money: erase it after a"
    " day or two"
)
_DAMAGED = (
    "its list of documents is damaged, so that none was removed with it; in a day nagorik audit documents --remove"
    " finds those that nothing refers to"
)


async def erase(arguments: argparse.Namespace) -> CommandResult:
    """Erase one application, or all that were closed long enough ago, and messages that are old enough."""
    settings, name = load_host_settings(), arguments.application
    days = settings.retention_days if arguments.closed_for is None else arguments.closed_for
    if name is None and (days is None or not 1 <= days <= LONGEST_RETENTION):
        raise CommandRefused(
            f"say what: ID, or --closed-for DAYS from 1 to {LONGEST_RETENTION}, or the setting retention_days"
        )
    async with unlocked_database(settings) as (database, vault):
        store, documents = ApplicationStore(vault), FolderDocumentStore(settings.documents, vault)
        number, damaged = 1, list[str]()
        try:
            if name is not None:
                application = await database.run(lambda transaction: store.resolve(transaction, name))
                if not await erase_application(database, store, documents, application, now()):
                    damaged = [application]
            else:
                closed_for = timedelta(days=days or 0)
                number, damaged = await erase_closed(database, store, documents, closed_for=closed_for, now=now())
        except DocumentsMissing:
            what = "nothing of the application" if name is not None else "nothing more"
            raise no_folder(f"{what} was erased") from None
        except StillOpen:
            raise CommandRefused(_STILL_OPEN) from None
        await erase_messages(database, received_before=now() - settings.message_age, now=now())
        is_gone = await database.scrub()
    shown = [f"{number} applications are erased."]
    if number and not is_gone:
        shown.append("Remains stand in the database's files for a while: docs/how-to/run-for-years.md, Retention.")
    code = ExitCode.FINDINGS if damaged else ExitCode.OK
    problems = [f"{application}: {_DAMAGED}" for application in damaged]
    return CommandResult({"erased": number, "documents_untold": damaged}, shown, code, problems)


def no_folder(done: str) -> CommandRefused:
    """The documents' folder is not there, though there are documents."""
    return CommandRefused(
        f"the documents' folder is not there, and there are documents that are to be in it: {done}. See that the"
        " setting documents names it, from the folder in which you are, then run this again"
    )
