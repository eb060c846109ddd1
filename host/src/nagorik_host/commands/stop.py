"""``nagorik stop`` and ``nagorik resume``: an officer's kill switch for a service or a whole plugin."""

import argparse
from functools import partial

from nagorik import Text
from nagorik_host.commands.result import CommandResult, Headings, Table
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
from nagorik_host.engine import suspensions
from nagorik_host.engine.suspensions import SuspensionRecord, list_suspensions
from nagorik_host.store.cases import Decision, record_decision
from nagorik_host.store.database import Database, Transaction
from nagorik_platform.cli.output import unknown
from nagorik_platform.logs import get_logger
from nagorik_platform.registry import Registry


async def stop(arguments: argparse.Namespace) -> CommandResult:
    """Stop a service or a plugin, and list what is stopped."""
    wanted = None
    if arguments.kind is not None:
        given = (arguments.name, arguments.reason_en, arguments.reason_bn, arguments.officer)
        if not all(part is not None and part.strip() for part in given):
            raise CommandRefused("to stop it, give NAME, --reason-en, --reason-bn and --officer")
        _require_known(arguments.kind, arguments.name)
        reason = Text(en=arguments.reason_en, bn=arguments.reason_bn)
        wanted = SuspensionRecord(arguments.kind, arguments.name, reason, arguments.officer, now())
    async with unlocked_database() as (database, _):
        if wanted is not None:
            await database.run(partial(_write_stop, record=wanted))
            get_logger("nagorik.host").warning("stopped", kind=wanted.kind, subject=wanted.name)
        return await _stopped(database)


async def resume(arguments: argparse.Namespace) -> CommandResult:
    """Let a service or a plugin go on; exit code 2 where it was not stopped."""
    async with unlocked_database() as (database, _):
        if not await database.run(partial(_write_resume, arguments=arguments)):
            raise CommandRefused(f"the {arguments.kind} {arguments.name} is not stopped; nagorik stop lists what is")
        get_logger("nagorik.host").warning("resumed", kind=arguments.kind, subject=arguments.name)
        return await _stopped(database)


def _write_stop(transaction: Transaction, *, record: SuspensionRecord) -> None:
    suspensions.suspend(transaction, record)
    subject = f"{record.kind} {record.name}"
    record_decision(transaction, Decision(record.at, record.officer, "stop", subject, record.reason.en))


def _write_resume(transaction: Transaction, *, arguments: argparse.Namespace) -> bool:
    at = now()
    done = suspensions.resume(transaction, arguments.kind, arguments.name, at)
    if done:
        subject = f"{arguments.kind} {arguments.name}"
        record_decision(transaction, Decision(at, arguments.officer, "resume", subject, arguments.reason or ""))
    return done


async def _stopped(database: Database) -> CommandResult:
    found = await database.run(list_suspensions)
    document = {"stopped": [{**one._asdict(), "reason": one.reason.model_dump()} for one in found]}
    columns: Headings = {
        "বন্ধ / stopped": "name",
        "ধরন / kind": "kind",
        "কারণ": lambda one: one["reason"]["bn"],
        "reason": lambda one: one["reason"]["en"],
        "কর্মকর্তা / officer": "officer",
        "কখন থেকে / since": "at",
    }
    shown = Table(columns, document["stopped"]) if found else "Nothing is stopped. কিছুই বন্ধ নেই।"
    return CommandResult(document, [shown])


def _require_known(kind: str, name: str) -> None:
    """Refuse a misspelt name, which would stop nothing without notice."""
    records = Registry.discover().records
    services = [s.id for record in records if record.manifest is not None for s in record.manifest.services]
    known = [record.id for record in records] if kind == "plugin" else services
    if name not in known:
        raise CommandRefused(unknown(kind, name, known, f"nagorik {kind}s lists what there is"))
