"""``nagorik keys`` and ``nagorik erase``: the keys that citizens' data are sealed with, and the data's end."""

import argparse
import sys
from datetime import timedelta
from functools import partial

from nagorik_host.commands.result import CommandResult
from nagorik_host.commands.running import CommandRefused, new_file, now, unlocked_database
from nagorik_host.settings import LONGEST_RETENTION, load_host_settings
from nagorik_host.store import retention
from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.host_keys import WorkersLackKey, make_known, retire_others
from nagorik_host.vault import INDEX, Vault, is_key_name, make_key, make_keys
from nagorik_platform.cli.commands import ExitCode

_STILL_OPEN = (
    "the application is not closed. Close it first: nagorik act ID withdraw, or an officer's nagorik cases decide. If"
    " it has ended, a gateway is asked once more about its money: erase it after a day or two"
)
_DAMAGED = (
    "its list of documents is damaged, so that none was removed with it; in a day nagorik audit documents --remove"
    " finds those that nothing refers to"
)


async def make(arguments: argparse.Namespace) -> int:
    """Make a keyring, or add a key above those in use, on standard output or as a new file."""
    name, text = str(arguments.name), make_keys(arguments.name)
    if not is_key_name(name.encode()) or name == INDEX:
        raise CommandRefused(f"a key's name is letters, digits, dots and hyphens, and not {INDEX}")
    if arguments.action == "add":
        settings = load_host_settings()
        if name in settings.keyring().wrapping:
            raise CommandRefused("there is a key of this name")
        text = make_key(name) + settings.keys_text()
    if arguments.out is None:
        sys.stdout.write(text)
    else:
        with new_file(arguments.out) as opened:
            opened.write(text.encode())
    return ExitCode.OK


async def rotate_keys(_: argparse.Namespace) -> CommandResult:
    """Wrap every data key by the first key of the file; exit code 1 where one is damaged."""
    settings = load_host_settings()
    # As it stands in the file: its first key is to be in use from now on.
    vault = Vault(settings.keyring())
    documents = FolderDocumentStore(settings.documents, vault)
    async with unlocked_database(settings) as (database, _vault):
        try:
            await retention.require_documents(database, documents)
            await database.run(partial(make_known, vault=vault, now=now()))
        except WorkersLackKey as lacking:
            raise CommandRefused(
                f"{', '.join(lacking.workers)}: at work without the key {lacking.key}, so nothing was changed. Give"
                " every machine the same file of the keys, restart its workers, and rotate again",
                ExitCode.FAILED,
            ) from None
        done = await retention.rotate(database, vault)
        anew, broken = documents.rotate()
        damaged = [*done.damaged, *(f"document {one}" for one in broken)]
        behind = [] if damaged else await database.run(partial(retire_others, vault=vault, now=now()))
    left = "Keep the older keys for as long as a backup is kept that was made before now."
    if damaged:
        left = f"{len(damaged)} are damaged, so no key is retired. Keep them all."
    elif behind:
        left = f"{', '.join(behind)}: still wrap by an older key. Restart them, and rotate again before you drop it."
    whole = f"{done.keys - len(done.damaged)} of {done.keys} data keys are wrapped by {vault.current}"
    found = {"key": vault.current, "data_keys": done.keys, "wrapped_anew": done.wrapped_anew}
    return CommandResult(
        {**found, "documents_wrapped_anew": anew, "damaged": damaged, "workers_behind": behind},
        [f"{whole}; {done.wrapped_anew} of them and {anew} documents were not before.", left],
        ExitCode.FINDINGS if damaged else ExitCode.OK,
        [f"{one}: its key cannot be unwrapped; restore it from a backup, or leave it as it is" for one in damaged],
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
        number, damaged, at = 1, list[str](), now()
        try:
            if name is not None:
                application = await database.run(partial(store.resolve, name=name))
                if not await retention.erase_application(database, store, documents, application, at):
                    damaged = [application]
            else:
                closed_for = timedelta(days=days or 0)
                number, damaged = await retention.erase_closed(
                    database, store, documents, closed_for=closed_for, now=at
                )
        except retention.StillOpen:
            raise CommandRefused(_STILL_OPEN) from None
        documents.sweep()
        await retention.erase_messages(database, received_before=at - settings.message_age, now=at)
        is_gone = await database.scrub()
    shown = [f"{number} applications are erased."]
    if number and not is_gone:
        shown.append("Remains stand in the database's files for a while: docs/how-to/run-for-years.md, Retention.")
    code, problems = ExitCode.FINDINGS if damaged else ExitCode.OK, [f"{one}: {_DAMAGED}" for one in damaged]
    return CommandResult({"erased": number, "documents_untold": damaged}, shown, code, problems)
