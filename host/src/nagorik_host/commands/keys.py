"""``nagorik keys``: the keys that citizens' data are sealed with."""

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from nagorik.data_files import DataFileInvalid, read_file
from nagorik_host.commands.erasing import no_folder
from nagorik_host.commands.result import CommandResult
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
from nagorik_host.settings import load_host_settings
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.host_keys import WorkersLackKey, make_known, retire_others
from nagorik_host.store.retention import DocumentsMissing, require_documents, rotate
from nagorik_host.vault import KeyringInvalid, Vault, make_keys, read_keyring
from nagorik_host.vault.keyring import INDEX, is_key_name, make_key
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.tracebacks import type_name


async def new(arguments: argparse.Namespace) -> int:
    """Make a keyring, on standard output or as a new file."""
    return _made(arguments, make_keys, arguments.out, _write_new)


async def add(arguments: argparse.Namespace) -> int:
    """Make one more key, on standard output or above the others in a file."""
    return _made(arguments, make_key, arguments.into, _put_first)


def _made(
    arguments: argparse.Namespace,
    make: Callable[[str], str],
    file: Path | None,
    write: Callable[[Path, Callable[[], str]], None],
) -> int:
    if not is_key_name(arguments.name.encode()) or arguments.name == INDEX:
        raise CommandRefused(f"a key's name is letters, digits, dots and hyphens, and not {INDEX}")
    try:
        if file is None:
            sys.stdout.write(make(arguments.name))
        else:
            write(file, partial(make, arguments.name))
    except FileExistsError as there:
        raise CommandRefused(
            f"{Path(str(there.filename)).name} is there already; it may be the only copy of a host's keys"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandRefused(f"the file of the keys cannot be used: {type_name(error)}", ExitCode.FAILED) from None
    except (DataFileInvalid, KeyringInvalid) as invalid:
        raise CommandRefused(f"the file of the keys cannot be used: {invalid}") from None
    return ExitCode.OK


def _write_new(file: Path, make: Callable[[], str]) -> None:
    """Write a file that was not there, for good, which only its owner can read; if that fails, it is gone again."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
        try:
            written.write(make())
            written.flush()
            os.fsync(written.fileno())
        except BaseException:
            file.unlink(missing_ok=True)
            raise


def _put_first(file: Path, make: Callable[[], str]) -> None:
    """Put a new key above the others; interrupted anywhere, the file holds the old keys or the new ones.

    Where ``file`` is a link, that is what it leads to: every link to the keys then finds the new one.

    Raises:
        CommandRefused: Another run is at it, or was ended in the middle.
        DataFileInvalid: What is there is no file, or cannot be read.
    """
    keys = file.resolve(strict=True)
    read_file(keys)  # nothing is put beside what is no file

    def content() -> str:
        # Read once no other run is at it: what another run has added is among the others.
        text = make() + read_file(keys).decode()
        read_keyring(text)
        return text

    beside = keys.with_name(f"{keys.name}.new")
    try:
        _write_new(beside, content)
    except FileExistsError:
        raise CommandRefused(
            f"{beside.name} is there already: another nagorik keys add is at it, or one was ended in the middle and"
            f" left it. {keys.name} holds the keys as they were. If none is at it, delete {beside.name}, with which"
            " nothing was ever sealed, and add the key again"
        ) from None
    kept = keys.stat()
    with suppress(PermissionError):
        os.chown(beside, kept.st_uid, kept.st_gid)
    beside.replace(keys)


async def rotate_keys(_: argparse.Namespace) -> CommandResult:
    """Wrap every data key by the first key of the file; exit code 1 where one is damaged."""
    settings = load_host_settings()
    # As it stands in the file: its first key is to be in use from now on.
    vault = Vault(settings.keyring())
    documents = FolderDocumentStore(settings.documents, vault)
    async with unlocked_database(settings) as (database, _vault):
        try:
            await require_documents(database, documents)
            await database.run(partial(make_known, vault=vault, now=now()))
        except DocumentsMissing:
            raise no_folder("no key was changed") from None
        except WorkersLackKey as lacking:
            raise CommandRefused(
                f"{', '.join(lacking.workers)}: at work without the key {lacking.key}, so nothing was changed. Give"
                " every machine the same file of the keys, restart its workers, and rotate again",
                ExitCode.FAILED,
            ) from None
        done = await rotate(database, vault)
        anew, broken = documents.rotate()
        damaged = [*done.damaged, *(f"document {one}" for one in broken)]
        behind = [] if damaged else await database.run(partial(retire_others, vault=vault, now=now()))
    if damaged:
        left = f"{len(damaged)} are damaged, so no key is retired. Keep them all."
    elif behind:
        left = f"{', '.join(behind)}: still wrap by an older key. Restart them, and rotate again before you drop it."
    else:
        left = "Keep the older keys for as long as a backup is kept that was made before now."
    whole = f"{done.keys - len(done.damaged)} of {done.keys} data keys are wrapped by {vault.current}"
    found = {"key": vault.current, "data_keys": done.keys, "wrapped_anew": done.wrapped_anew}
    return CommandResult(
        {**found, "documents_wrapped_anew": anew, "damaged": damaged, "workers_behind": behind},
        [f"{whole}; {done.wrapped_anew} of them and {anew} documents were not before.", left],
        ExitCode.FINDINGS if damaged else ExitCode.OK,
        [f"{one}: its key cannot be unwrapped; restore it from a backup, or leave it as it is" for one in damaged],
    )
