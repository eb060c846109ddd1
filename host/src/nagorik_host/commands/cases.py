"""``nagorik cases``: what waits for an officer, and what they decide."""

import argparse
from functools import partial
from typing import Any, Final

from sqlalchemy import select

from nagorik import ApplicationState, PaymentState
from nagorik_host.commands import payment_cases
from nagorik_host.commands.known_names import require_known, require_one_of
from nagorik_host.commands.render import view_result
from nagorik_host.commands.result import CommandResult, Part, Table, same_names
from nagorik_host.commands.running import CommandRefused, now, opened_host, require_signed, unlocked_database
from nagorik_host.engine.plugins import accept, is_beyond
from nagorik_host.host import Host
from nagorik_host.store import cases
from nagorik_host.store.cases import PLUGIN_CHANGED, BlockedFilter, Decision, NotBlocked, record_decision
from nagorik_host.store.database import Transaction
from nagorik_host.store.payment_cases import count_payment_cases, find_case, list_payment_cases
from nagorik_host.store.schema import CODE as LONGEST_SUBJECT, applications
from nagorik_host.texts import hold_sentence, sentence
from nagorik_host.views import OFFICER
from nagorik_platform.cli.output import Document
from nagorik_platform.lifecycle import Decided, Hold, Party
from nagorik_platform.logs import get_logger

_log = get_logger("nagorik.host")


_CASES: Final = same_names("application", "service", "state", "hold", "blocked", "since")
_DECISIONS: Final = same_names("at", "officer", "kind", "subject", "reason")


async def list_all(arguments: argparse.Namespace) -> CommandResult:
    """List applications, and cases of a reconciliation, that wait for an officer."""
    at, limit = now(), arguments.limit
    async with unlocked_database() as (database, _):
        items = [one._asdict() for one in await database.run(partial(cases.list_cases, limit=limit, now=at))]
        number = await database.run(partial(cases.count_cases, now=at))
        payments = await database.run(partial(list_payment_cases, limit=limit))
        payment_number = await database.run(count_payment_cases)
    shown: list[Part] = [Table(_CASES, items)] if items else []
    for item in items:
        code = item["blocked"] or item["hold"] or item["state"]
        means = hold_sentence(Hold(party=Party.PERSON, code=code)) or sentence("blocked", code)
        item["means"] = means and means.model_dump()
        if means is not None and f"{code}: {means.bn}" not in shown:
            shown += [f"{code}: {means.bn}", f"  {means.en}"]
    if number > len(items):
        shown.append(f"{number} in all; --limit shows more.")
    found = [payment_cases.payment_case_document(one) for one in payments]
    if found:
        shown += ["", *payment_cases.payment_case_table(found, payment_number)]
    document = {"number": number, "items": items, "payment_number": payment_number, "payments": found}
    return CommandResult(document, shown or ["Nothing waits for an officer. কর্মকর্তার জন্য কিছু অপেক্ষায় নেই।"])


async def list_decisions(arguments: argparse.Namespace) -> CommandResult:
    """List what officers decided of services, plugins and blocked applications."""
    async with unlocked_database() as (database, _):
        found = await database.run(partial(cases.latest_decisions, limit=arguments.limit))
    rows = [one._asdict() for one in found]
    return CommandResult({"decisions": rows}, [Table(_DECISIONS, rows)])


async def show(arguments: argparse.Namespace) -> CommandResult:
    """Show the officer's view, or a case of a reconciliation."""
    async with opened_host() as host:
        found = await host.database.run(partial(find_case, vault=host.vault, identity=arguments.application.lower()))
        if found is not None:
            return payment_cases.payment_case_result(*found)
        return view_result(await host.view(arguments.application, OFFICER))


async def decide(arguments: argparse.Namespace) -> CommandResult:
    """Decide on an application, or close a case of a reconciliation."""
    require_signed(arguments)
    require_one_of("--to", filter(None, [arguments.to]), ApplicationState)
    require_one_of("--payment-to", filter(None, [arguments.payment_to]), PaymentState)
    decided = Decided(
        officer=arguments.officer,
        reason=arguments.reason,
        to=arguments.to and ApplicationState(arguments.to),
        agency_reference=arguments.reference,
        payment=arguments.payment,
        payment_to=arguments.payment_to and PaymentState(arguments.payment_to),
    )
    async with opened_host() as host:
        find = partial(find_case, vault=host.vault, identity=arguments.application.lower())
        if await host.database.run(find) is not None:
            return await payment_cases.close_payment_case(host, arguments)
        application = await host.database.run(partial(host.store.resolve, name=arguments.application))
        if arguments.accept_plugin or arguments.look_again:
            unit = _accept if arguments.accept_plugin else _unblock
            result = await host.database.run(partial(unit, host=host, application=application, arguments=arguments))
            _log.warning("officer_let_go_on", **result)
        else:
            progress = await host.decide(application, decided)
            result = {"application": application, "state": progress.state.value}
    return CommandResult(result, [f"{key.replace('_', ' ')}: {value}" for key, value in result.items()])


def _accept(transaction: Transaction, *, host: Host, application: str, arguments: argparse.Namespace) -> Document:
    a = applications.c
    query = select(a.plugin, a.plugin_version, a.blocked).where(a.id == application)
    plugin, before, blocked = transaction.connection.execute(query).one()
    after = {record.id: record.source.label for record in host.platform.plugins if record.usable}.get(plugin)
    if after is None or not (blocked == PLUGIN_CHANGED or is_beyond(before, after)):
        raise CommandRefused("the application does not wait for a decision on another release of its plugin")
    accept(transaction, plugin, before, after, host.clock.now())
    _record(transaction, arguments, "accept-plugin", f"{before} → {after}")
    return {"plugin": plugin, "before": before, "after": after}


def _unblock(transaction: Transaction, *, host: Host, application: str, arguments: argparse.Namespace) -> Document:
    try:
        blocked = cases.unblock(transaction, application, host.clock.now())
    except NotBlocked:
        raise CommandRefused("the application is not blocked, or its citizen's data were erased") from None
    _record(transaction, arguments, "look-again", application)
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
    retried, after = 0, ""
    async with unlocked_database() as (database, _):
        await require_known(database, {"code": [wanted.code], "plugin": [wanted.plugin], "service": [wanted.service]})
        counts = [one._asdict() for one in await database.run(partial(cases.count_blocked_cases, wanted=wanted))]
        number = sum(one["number"] for one in counts)
        if number and not arguments.dry_run:
            subject = ", ".join(filter(None, (f"{number} applications", str(wanted))))[:LONGEST_SUBJECT]
            # First, so that it is kept, however far the pages come.
            await database.run(partial(_record, arguments=arguments, kind="look-again", subject=subject))
            while page := await database.run(partial(cases.unblock_page, wanted=wanted, after=after, now=now())):
                retried, after = retried + len(page), page[-1]
            _log.warning("officer_let_go_on", applications=retried)
    would = f"{number} applications would be looked at again. Nothing was changed."
    said = would if arguments.dry_run else f"{retried} applications are looked at again."
    table = [Table({"code": "code", "service": "service", "applications": "number"}, counts)] if counts else []
    return CommandResult({"applications": number, "retried": retried, "by_code_and_service": counts}, [*table, said])


def _record(transaction: Transaction, arguments: argparse.Namespace, kind: Any, subject: str) -> None:
    record_decision(transaction, Decision(now(), arguments.officer, kind, subject, arguments.reason))
