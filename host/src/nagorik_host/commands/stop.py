"""``nagorik stop`` and ``nagorik resume``: an officer's kill switch for a service or a whole plugin."""

import argparse
from typing import Final

from nagorik import Text
from nagorik_host.commands.known_names import require_one_of
from nagorik_host.commands.result import CommandResult, Headings, Table
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
from nagorik_host.store import suspensions
from nagorik_host.store.cases import Decision, record_decision
from nagorik_host.store.database import Database, Transaction
from nagorik_platform.logs import get_logger
from nagorik_platform.registry import Registry

_COLUMNS: Final[Headings] = {
    "বন্ধ / stopped": "name",
    "ধরন / kind": "kind",
    "কারণ": lambda one: one["reason"]["bn"],
    "reason": lambda one: one["reason"]["en"],
    "কর্মকর্তা / officer": "officer",
    "কখন থেকে / since": "at",
}


async def stop(arguments: argparse.Namespace) -> CommandResult:
    """Stop a service or a plugin, and list what is stopped."""
    kind, name, officer, at = arguments.kind, arguments.name, arguments.officer, now()
    async with unlocked_database() as (database, _):
        if kind is None:
            return await _stopped(database)
        given = (name, arguments.reason_en, arguments.reason_bn, officer)
        if not all(part is not None and part.strip() for part in given):
            raise CommandRefused("to stop it, give NAME, --reason-en, --reason-bn and --officer")
        registry = Registry.discover()
        # A misspelt name would stop nothing without notice.
        require_one_of(
            kind, [name], [one.id for one in (registry.records if kind == "plugin" else registry.services())]
        )
        reason = Text(en=arguments.reason_en, bn=arguments.reason_bn)

        def write(transaction: Transaction) -> None:
            suspensions.suspend(transaction, suspensions.SuspensionRecord(kind, name, reason, officer, at))
            record_decision(transaction, Decision(at, officer, "stop", f"{kind} {name}", reason.en))

        await database.run(write)
        get_logger("nagorik.host").warning("stopped", kind=kind, subject=name)
        return await _stopped(database)


async def resume(arguments: argparse.Namespace) -> CommandResult:
    """Let a service or a plugin go on; exit code 2 where it was not stopped."""
    kind, name, at = arguments.kind, arguments.name, now()

    def write(transaction: Transaction) -> None:
        if not suspensions.resume(transaction, kind, name, at):
            raise CommandRefused(f"the {kind} {name} is not stopped; nagorik stop lists what is")
        decision = Decision(at, arguments.officer, "resume", f"{kind} {name}", arguments.reason or "")
        record_decision(transaction, decision)

    async with unlocked_database() as (database, _):
        await database.run(write)
        get_logger("nagorik.host").warning("resumed", kind=kind, subject=name)
        return await _stopped(database)


async def _stopped(database: Database) -> CommandResult:
    found = await database.run(suspensions.list_suspensions)
    rows = [{**one._asdict(), "reason": one.reason.model_dump()} for one in found]
    shown = Table(_COLUMNS, rows) if rows else "Nothing is stopped. কিছুই বন্ধ নেই।"
    return CommandResult({"stopped": rows}, [shown])
