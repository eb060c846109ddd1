"""``nagorik applications repair``: rows whose journals are ahead of them."""

import argparse
from functools import partial

from nagorik_host.commands.result import CommandResult
from nagorik_host.commands.running import now, require_signed, unlocked_database
from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.cases import Decision
from nagorik_host.store.repair import NotRepairable, behind, repair
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.logs import get_logger


async def repair_rows(arguments: argparse.Namespace) -> CommandResult:
    """Repair one application or all; exit code 1 where one cannot be repaired."""
    require_signed(arguments)
    repaired, refused = list[str](), dict[str, str]()
    async with unlocked_database() as (database, vault):
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
                get_logger("nagorik.host").warning("application_repaired", application=application)
    shown = [*repaired, f"{len(repaired)} applications were repaired."]
    problems = [f"{application}: {reason}" for application, reason in refused.items()]
    code = ExitCode.FINDINGS if refused else ExitCode.OK
    return CommandResult({"repaired": repaired, "refused": refused}, shown, code, problems)
