"""``nagorik applications repair``: rows whose journals are ahead of them."""

import argparse
from functools import partial

from nagorik_host.commands.running import CommandRefused, now, run_command, unlocked_database
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import add_json_argument, print_error, print_json, print_lines
from nagorik_platform.logs import get_logger

_log = get_logger("nagorik.host")


def add_repair(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("application", metavar="ID", nargs="?", help="the application's id, or its client reference")
    which.add_argument("--all", action="store_true", help="every application whose journal is ahead of its row")
    parser.add_argument("--officer", required=True, help="who decides; it is kept")
    parser.add_argument("--reason", required=True, help="why; it is kept, so write no citizen's name")
    add_json_argument(parser)


def run_repair(arguments: argparse.Namespace) -> int:
    """Repair one application or all; exit code 1 where one cannot be repaired."""
    return run_command(lambda: _repair(arguments))


async def _repair(arguments: argparse.Namespace) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.application_store import ApplicationStore
    from nagorik_host.store.cases import Decision
    from nagorik_host.store.repair import NotRepairable, behind, repair

    if not arguments.officer.strip() or not arguments.reason.strip():
        raise CommandRefused("a decision needs an officer's name and a reason")
    repaired: list[str] = []
    refused: dict[str, str] = {}
    async with unlocked_database(load_host_settings()) as (database, vault):
        store = ApplicationStore(vault)
        if arguments.all:
            wanted = await database.snapshot(behind)
        else:
            wanted = [await database.run(partial(store.resolve, name=arguments.application))]
        for application in wanted:
            decision = Decision(now(), arguments.officer, "repair", application, arguments.reason)
            try:
                await database.run(partial(repair, store=store, vault=vault, decision=decision))
            except NotRepairable as why:
                refused[application] = str(why)
            else:
                repaired.append(application)
                _log.warning("application_repaired", application=application)
    if arguments.json:
        print_json({"repaired": repaired, "refused": refused})
    else:
        for application, reason in refused.items():
            print_error(f"{application}: {reason}")
        print_lines(*repaired, f"{len(repaired)} applications were repaired.")
    return ExitCode.FINDINGS if refused else ExitCode.OK
