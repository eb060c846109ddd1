"""``nagorik db``: the database's tables, and its rows after it was restored from a copy or damaged."""

import argparse
from functools import partial

from nagorik_host.commands.result import CommandResult
from nagorik_host.commands.running import CommandRefused, now, opened_database, require_signed, unlocked_database
from nagorik_host.settings import load_host_settings
from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.cases import Decision
from nagorik_host.store.upgrade import upgrade
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.logs import get_logger


async def upgrade_tables(_: argparse.Namespace) -> CommandResult:
    """Make the tables or bring them to the newest revision."""
    from alembic.util.exc import CommandError

    async with opened_database(load_host_settings(), make=True) as database:
        try:
            before, after = await upgrade(database)
        except CommandError:
            text = "the database was made by a later release of the host; install that release"
            raise CommandRefused(text, ExitCode.FAILED) from None
    done = f"went from {before or 'empty'} to" if before != after else "is already at"
    return CommandResult({"before": before, "after": after}, [f"The database {done} revision {after}."])


async def restored(arguments: argparse.Namespace) -> CommandResult:
    """Record that the database was restored from a copy."""
    from nagorik_host.store.restoration import WorkersActive, mark_restored

    require_signed(arguments)
    restoration = Decision(now(), arguments.officer, "restored", "database", arguments.reason)
    async with unlocked_database() as (database, vault):
        try:
            unit = partial(mark_restored, store=ApplicationStore(vault), restoration=restoration)
            number = await database.run(unit)
        except WorkersActive:
            text = "a worker is at work, or was a minute ago: stop all workers, and all that takes applications in"
            raise CommandRefused(text, ExitCode.FAILED) from None
    shown = [
        f"{number} open applications: whatever they send next is looked up first.",
        "Apply again what was taken in since the copy was made, then: nagorik db caught-up.",
    ]
    return CommandResult({"applications": number}, shown)


async def caught_up(arguments: argparse.Namespace) -> CommandResult:
    """Record that what was taken in since the copy was taken in again."""
    from nagorik_host.store.restoration import mark_caught_up

    require_signed(arguments)
    async with unlocked_database() as (database, _):
        unit = partial(mark_caught_up, officer=arguments.officer, reason=arguments.reason, now=now())
        if not await database.run(unit):
            raise CommandRefused("the database has nothing to catch up with: nagorik db restored was not said")
    return CommandResult({"caught_up": True}, ["What is taken in from now on is sent without being looked up first."])


async def repair_rows(arguments: argparse.Namespace) -> CommandResult:
    """Repair one application or all; exit code 1 where one cannot be repaired."""
    from nagorik_host.store.repair import NotRepairable, behind, repair

    require_signed(arguments)
    if arguments.application is None and not arguments.all:
        raise CommandRefused("name an application, or give --all")
    refused = dict[str, str]()
    async with unlocked_database() as (database, vault):
        store = ApplicationStore(vault)
        one = None if arguments.all else await database.run(partial(store.resolve, name=arguments.application))
        wanted = await database.snapshot(behind) if one is None else [one]
        for application in wanted:
            decision = Decision(now(), arguments.officer, "repair", application, arguments.reason)
            try:
                await database.run(partial(repair, store=store, vault=vault, decision=decision))
            except NotRepairable as why:
                refused[application] = str(why)
            else:
                get_logger("nagorik.host").warning("application_repaired", application=application)
    repaired = [application for application in wanted if application not in refused]
    shown = [*repaired, f"{len(repaired)} applications were repaired."]
    problems = [f"{application}: {reason}" for application, reason in refused.items()]
    code = ExitCode.FINDINGS if refused else ExitCode.OK
    return CommandResult({"repaired": repaired, "refused": refused}, shown, code, problems)
