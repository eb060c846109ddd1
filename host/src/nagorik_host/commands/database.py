"""``nagorik db``: the database's tables."""

import argparse
from typing import Final

from alembic.util.exc import CommandError

from nagorik.cli.command import ExitCode
from nagorik.cli.output import add_json_argument, print_facts, print_json, print_lines
from nagorik_host.commands.running import Refused, opened_database, run_command
from nagorik_host.settings import HostSettings, load_host_settings
from nagorik_host.store.database import read_url
from nagorik_host.store.upgrade import newest, revision_of, upgrade


class DatabaseCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "make the host's tables or bring them up to date, or tell their revision"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument(
            "action",
            choices=("upgrade", "status"),
            help="upgrade: make the tables or bring them up to date; status: tell whether they are",
        )
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Exit code 1 where ``status`` finds that an upgrade is due."""
        return run_command(lambda: _upgrade(arguments) if arguments.action == "upgrade" else _status(arguments))


async def _upgrade(arguments: argparse.Namespace) -> int:
    settings = load_host_settings()
    async with opened_database(settings, make=True) as database:
        try:
            before, after = await upgrade(database)
        except CommandError:
            text = "the database was made by a later release of the host; install that release"
            raise Refused(text, ExitCode.FAILED) from None
    if arguments.json:
        print_json({"before": before, "after": after})
    elif before == after:
        print_lines(f"The {_kind(settings)} database is at revision {after} already.")
    else:
        print_lines(f"The {_kind(settings)} database went from {before or 'empty'} to revision {after}.")
    return ExitCode.OK


async def _status(arguments: argparse.Namespace) -> int:
    settings = load_host_settings()
    async with opened_database(settings) as database:
        found, needed = await revision_of(database), newest()
    if arguments.json:
        print_json({"kind": _kind(settings), "revision": found, "needed": needed, "current": found == needed})
    else:
        print_facts((("kind", _kind(settings)), ("revision", found or "none"), ("needed", needed)))
        print_lines("Up to date." if found == needed else "Not up to date: nagorik db upgrade.")
    return ExitCode.OK if found == needed else ExitCode.FINDINGS


def _kind(settings: HostSettings) -> str:
    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    return names[read_url(settings.database.get_secret_value()).get_backend_name()]


command: Final = DatabaseCommand()
