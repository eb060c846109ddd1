"""``nagorik keys``: the keys that citizens' data are sealed with."""

import argparse
import re
import sys
from typing import Final

from nagorik.cli.command import ExitCode
from nagorik.cli.output import add_json_argument, print_error, print_json, print_lines
from nagorik_host.commands.running import opened_database, run_command
from nagorik_host.documents import FolderDocuments
from nagorik_host.settings import load_host_settings
from nagorik_host.store.retention import rotate
from nagorik_host.store.upgrade import require_newest
from nagorik_host.vault import Vault, make_keys
from nagorik_host.vault.keyring import INDEX, make_key

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
        done = await rotate(database, vault)
    documents = FolderDocuments(settings.documents, vault).rotate()
    if as_json:
        told = {"key": vault.current, "data_keys": done.keys, "wrapped_anew": done.wrapped_anew}
        print_json(told | {"documents_wrapped_anew": documents})
    else:
        print_lines(
            f"All {done.keys} data keys are wrapped by {vault.current}; {done.wrapped_anew} of them and {documents}"
            " documents were not before.",
            "Keep the older keys for as long as a backup is kept that was made before now.",
        )
    return ExitCode.OK


command: Final = KeysCommand()
