"""``nagorik db``: the database's tables, and what follows when it was restored from a copy."""

import argparse
from functools import partial
from typing import TYPE_CHECKING, Final

from nagorik_host.commands.running import CommandRefused, now, opened_database, run_command, unlocked_database
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import add_json_argument, print_facts, print_json, print_lines

if TYPE_CHECKING:
    from nagorik_host.settings import HostSettings


class DatabaseCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "make the host's tables or bring them up to date; say that they were restored from a copy"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        add_json_argument(
            actions.add_parser("upgrade", help="make the tables or bring them up to date", allow_abbrev=False)
        )
        add_json_argument(
            actions.add_parser("status", help="tell whether the tables are up to date", allow_abbrev=False)
        )
        restored = actions.add_parser(
            "restored",
            help="say that the database was restored from a copy, so that what was sent since is not sent again",
            epilog=(
                "With all workers stopped. Every write of every open application is then looked up before it is first"
                " made, repeated with its key where the agency does it once, or left to an officer. What is taken in"
                " from now on is treated alike, until nagorik db caught-up."
            ),
            allow_abbrev=False,
        )
        caught_up = actions.add_parser(
            "caught-up",
            help="say that all that was taken in since the copy was taken in again",
            allow_abbrev=False,
        )
        for action, what in ((restored, "who restored them"), (caught_up, "who says so")):
            action.add_argument("--officer", required=True, help=f"{what}; it is kept")
            action.add_argument("--reason", required=True, help="why; it is kept, so write no citizen's name")
            add_json_argument(action)

    def run(self, arguments: argparse.Namespace) -> int:
        """Exit code 1 where ``status`` finds that an upgrade is due."""
        actions = {"upgrade": _upgrade, "status": _status, "restored": _restored, "caught-up": _caught_up}
        return run_command(lambda: actions[arguments.action](arguments))


async def _upgrade(arguments: argparse.Namespace) -> int:
    from alembic.util.exc import CommandError

    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.upgrade import upgrade

    settings = load_host_settings()
    async with opened_database(settings, make=True) as database:
        try:
            before, after = await upgrade(database)
        except CommandError:
            text = "the database was made by a later release of the host; install that release"
            raise CommandRefused(text, ExitCode.FAILED) from None
    if arguments.json:
        print_json({"before": before, "after": after})
    elif before == after:
        print_lines(f"The {_kind(settings)} database is at revision {after} already.")
    else:
        print_lines(f"The {_kind(settings)} database went from {before or 'empty'} to revision {after}.")
    return ExitCode.OK


async def _status(arguments: argparse.Namespace) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.schema import REVISION
    from nagorik_host.store.upgrade import revision_of

    settings = load_host_settings()
    async with opened_database(settings) as database:
        found, needed = await revision_of(database), REVISION
    if arguments.json:
        print_json({"kind": _kind(settings), "revision": found, "needed": needed, "current": found == needed})
    else:
        print_facts((("kind", _kind(settings)), ("revision", found or "none"), ("needed", needed)))
        print_lines("Up to date." if found == needed else "Not up to date: nagorik db upgrade.")
    return ExitCode.OK if found == needed else ExitCode.FINDINGS


async def _restored(arguments: argparse.Namespace) -> int:
    from nagorik_host.engine.restoration import Restoration, WorkersActive, mark_restored
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.application_store import ApplicationStore

    settings = load_host_settings()
    restoration = Restoration(now(), *_signed(arguments))
    async with unlocked_database(settings) as (database, vault):
        store = ApplicationStore(vault)
        try:
            number = await database.run(partial(mark_restored, store=store, restoration=restoration))
        except WorkersActive:
            text = "a worker is at work, or was a minute ago: stop all workers, and whatever takes applications in"
            raise CommandRefused(text, ExitCode.FAILED) from None
    if arguments.json:
        print_json({"applications": number})
    else:
        print_lines(
            f"{number} open applications: whatever they send next is looked up first.",
            "Apply again what was taken in since the copy was made, then: nagorik db caught-up.",
        )
    return ExitCode.OK


async def _caught_up(arguments: argparse.Namespace) -> int:
    from nagorik_host.engine.restoration import mark_caught_up
    from nagorik_host.settings import load_host_settings

    officer, reason = _signed(arguments)
    async with unlocked_database(load_host_settings()) as (database, _):
        if not await database.run(partial(mark_caught_up, officer=officer, reason=reason, now=now())):
            raise CommandRefused("the database has nothing to catch up with: nagorik db restored was not said")
    if arguments.json:
        print_json({"caught_up": True})
    else:
        print_lines("What is taken in from now on is sent without being looked up first.")
    return ExitCode.OK


def _signed(arguments: argparse.Namespace) -> tuple[str, str]:
    if not arguments.officer.strip() or not arguments.reason.strip():
        raise CommandRefused("this needs an officer's name and a reason")
    return arguments.officer, arguments.reason


def _kind(settings: "HostSettings") -> str:
    from nagorik_host.store.database import read_url

    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    return names[read_url(settings.database.get_secret_value()).get_backend_name()]


command: Final = DatabaseCommand()
