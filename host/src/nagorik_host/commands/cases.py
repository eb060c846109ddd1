"""``nagorik cases``: what waits for an officer, and what they decide."""

import argparse
from enum import StrEnum
from functools import partial
from typing import Any, Final

from sqlalchemy import select

from nagorik import ApplicationState, PaymentState, Text
from nagorik_host.commands.known_names import require_known, require_one_of
from nagorik_host.commands.payment_cases import (
    close_payment_case,
    find_payment_case,
    payment_case_document,
    payment_case_result,
    payment_case_table,
)
from nagorik_host.commands.render import view_result
from nagorik_host.commands.result import CommandResult, Headings, Part, Table
from nagorik_host.commands.running import CommandRefused, now, opened_host, require_signed, unlocked_database
from nagorik_host.engine.plugins import accept, is_beyond
from nagorik_host.host import Host
from nagorik_host.store.cases import (
    PLUGIN_CHANGED,
    BlockedFilter,
    Decision,
    NotBlocked,
    OfficerCase,
    count_blocked_cases,
    count_cases,
    latest_decisions,
    list_cases,
    record_decision,
    unblock,
    unblock_page,
)
from nagorik_host.store.database import Transaction
from nagorik_host.store.payment_cases import count_payment_cases, list_payment_cases
from nagorik_host.store.schema import CODE as LONGEST_SUBJECT, applications
from nagorik_host.texts import hold_sentence, sentence
from nagorik_host.views import OFFICER
from nagorik_platform.cli.output import Document
from nagorik_platform.lifecycle import Decided, Hold, Party
from nagorik_platform.logs import get_logger

_log = get_logger("nagorik.host")
_CASES: Final[Headings] = {
    "আবেদন / application": "application",
    "সেবা / service": "service",
    "অবস্থা / state": "state",
    "অপেক্ষা / waits for": lambda one: one["blocked"] or one["hold"] or one["state"],
    "কখন থেকে / since": "since",
}
_DECISIONS: Final[Headings] = {
    "সময় / when": "at",
    "কর্মকর্তা / officer": "officer",
    "সিদ্ধান্ত / decision": "kind",
    "বিষয় / on": "subject",
    "কারণ / reason": "reason",
}


async def list_all(arguments: argparse.Namespace) -> CommandResult:
    """List applications, and cases of a reconciliation, that wait for an officer."""
    at, limit = now(), arguments.limit
    async with unlocked_database() as (database, _):
        cases = await database.run(partial(list_cases, limit=limit, now=at))
        number = await database.run(partial(count_cases, now=at))
        payments = [
            payment_case_document(one) for one in await database.run(partial(list_payment_cases, limit=limit))
        ]
        payment_number = await database.run(count_payment_cases)
    codes = {_code(case): _means(_code(case)) for case in cases}
    items = [{**case._asdict(), "means": (text := codes[_code(case)]) and text.model_dump()} for case in cases]
    document = {
        "number": number,
        "items": items,
        "payment_number": payment_number,
        "payments": payments,
    }
    shown: list[Part] = [Table(_CASES, items)] if items else []
    for code, text in codes.items():
        shown += [f"{code}: {text.bn}", f"  {text.en}"] if text is not None else []
    if number > len(items):
        shown.append(f"{number} in all; --limit shows more.")
    if payments:
        shown += ["", *payment_case_table(payments, payment_number)]
    return CommandResult(document, shown or ["Nothing waits for an officer. কর্মকর্তার জন্য কিছু অপেক্ষায় নেই।"])


async def list_decisions(arguments: argparse.Namespace) -> CommandResult:
    """List what officers decided of services, plugins and blocked applications."""
    async with unlocked_database() as (database, _):
        found = await database.run(partial(latest_decisions, limit=arguments.limit))
    rows = [one._asdict() for one in found]
    return CommandResult({"decisions": rows}, [Table(_DECISIONS, rows)])


async def show(arguments: argparse.Namespace) -> CommandResult:
    """Show the officer's view, or a case of a reconciliation."""
    async with opened_host() as host:
        found = await find_payment_case(host, arguments.application)
        if found is not None:
            return payment_case_result(*found)
        return view_result(await host.view(arguments.application, OFFICER))


async def decide(arguments: argparse.Namespace) -> CommandResult:
    """Decide on an application, or close a case of a reconciliation."""
    require_signed(arguments)
    to = _state("--to", arguments.to, ApplicationState)
    payment_to = _state("--payment-to", arguments.payment_to, PaymentState)
    async with opened_host() as host:
        name = arguments.application
        if await find_payment_case(host, name) is not None:
            return await close_payment_case(host, arguments)
        application = await host.database.run(lambda transaction: host.store.resolve(transaction, name))
        if arguments.accept_plugin or arguments.look_again:
            unit = _accept if arguments.accept_plugin else _unblock
            result = await host.database.run(partial(unit, host=host, application=application, arguments=arguments))
            _log.warning("officer_let_go_on", **result)
        else:
            decision = Decided(
                officer=arguments.officer,
                reason=arguments.reason,
                to=to,
                agency_reference=arguments.reference,
                payment=arguments.payment,
                payment_to=payment_to,
            )
            progress = await host.decide(application, decision)
            result = {"application": application, "state": progress.state.value}
    return CommandResult(result, [f"{key.replace('_', ' ')}: {value}" for key, value in result.items()])


def _state(option: str, written: str | None, kind: type[StrEnum]) -> Any:
    if written is None:
        return None
    require_one_of(option, [written], [one.value for one in kind])
    return kind(written)


def _accept(transaction: Transaction, *, host: Host, application: str, arguments: argparse.Namespace) -> Document:
    a = applications.c
    row = transaction.connection.execute(
        select(a.plugin, a.plugin_version, a.blocked).where(a.id == application)
    ).one()
    installed = {record.id: record.source.label for record in host.platform.plugins if record.usable}
    waits = row.blocked == PLUGIN_CHANGED or is_beyond(row.plugin_version, installed.get(row.plugin, ""))
    if not waits or row.plugin not in installed:
        raise CommandRefused("the application does not wait for a decision on another release of its plugin")
    at, after = host.clock.now(), installed[row.plugin]
    accept(transaction, row.plugin, row.plugin_version, after, at)
    subject = f"{row.plugin_version} → {after}"
    record_decision(transaction, Decision(at, arguments.officer, "accept-plugin", subject, arguments.reason))
    return {"plugin": row.plugin, "before": row.plugin_version, "after": after}


def _unblock(transaction: Transaction, *, host: Host, application: str, arguments: argparse.Namespace) -> Document:
    at = host.clock.now()
    try:
        blocked = unblock(transaction, application, at)
    except NotBlocked:
        raise CommandRefused("the application is not blocked, or its citizen's data were erased") from None
    record_decision(transaction, Decision(at, arguments.officer, "look-again", application, arguments.reason))
    return {"application": application, "was_blocked": blocked}


async def retry(arguments: argparse.Namespace) -> CommandResult:
    """Let the host try many applications again that it left alone."""
    wanted = BlockedFilter(arguments.code, arguments.plugin, arguments.service, arguments.since)
    if (wanted == BlockedFilter()) is not arguments.all:
        raise CommandRefused("say which: --code, --plugin, --service or --since; or --all, and none of these")
    if wanted.code == PLUGIN_CHANGED:
        raise CommandRefused(f"{PLUGIN_CHANGED} waits for nagorik cases decide ID --accept-plugin")
    if not arguments.dry_run:
        require_signed(arguments)
    retried = 0
    async with unlocked_database() as (database, _):
        await require_known(database, "--code", "blocked", wanted.code)
        await require_known(database, "--plugin", "plugin", wanted.plugin)
        await require_known(database, "--service", "service", wanted.service)
        found = await database.run(partial(count_blocked_cases, wanted=wanted))
        number = sum(one.number for one in found)
        if number and not arguments.dry_run:
            subject = ", ".join(filter(None, (f"{number} applications", str(wanted))))[:LONGEST_SUBJECT]
            decision = Decision(now(), arguments.officer, "look-again", subject, arguments.reason)
            # First, so that it is kept, however far the pages come.
            await database.run(partial(record_decision, decision=decision))
            after = ""
            while page := await database.run(partial(unblock_page, wanted=wanted, after=after, now=now())):
                retried, after = retried + len(page), page[-1]
            _log.warning("officer_let_go_on", applications=retried)
    counts = [one._asdict() for one in found]
    would = f"{number} applications would be looked at again. Nothing was changed."
    said = would if arguments.dry_run else f"{retried} applications are looked at again."
    table = [Table({"code": "code", "service": "service", "applications": "number"}, counts)] if counts else []
    return CommandResult({"applications": number, "retried": retried, "by_code_and_service": counts}, [*table, said])


def _means(code: str) -> Text | None:
    """What an officer reads of a case; all that is listed waits for one."""
    return hold_sentence(Hold(party=Party.PERSON, code=code)) or sentence("blocked", code)


def _code(item: OfficerCase) -> str:
    return item.blocked or item.hold or item.state
