"""``nagorik cases``: what waits for an officer, and what they decide."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from nagorik_host.commands.known_names import NamedFilter, require_known
from nagorik_host.commands.payment_cases import (
    close_payment_case,
    find_payment_case,
    payment_case_document,
    render_payment_case,
    render_payment_cases,
)
from nagorik_host.commands.running import CommandRefused, now, opened_host, run_command, unlocked_database
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import (
    Document,
    add_json_argument,
    add_limit_argument,
    print_facts,
    print_json,
    print_lines,
    print_table,
)
from nagorik_platform.logs import get_logger

if TYPE_CHECKING:
    from nagorik import ApplicationDraft, Text
    from nagorik_host.commands.render import ApplicationView
    from nagorik_host.host import Host
    from nagorik_host.store.cases import OfficerCase
    from nagorik_host.store.database import Transaction

_log = get_logger("nagorik.host")


class CasesCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "list what waits for an officer, look at one, and decide"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        from nagorik import ApplicationState, PaymentState

        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        past = actions.add_parser("decisions", help="what was stopped, resumed and let go on", allow_abbrev=False)
        add_limit_argument(past, default=100)
        add_json_argument(past)
        listed = actions.add_parser("list", help="what waits, the longest first", allow_abbrev=False)
        add_limit_argument(listed, default=100)
        add_json_argument(listed)
        show = actions.add_parser("show", help="everything that an officer decides by", allow_abbrev=False)
        show.add_argument(
            "application",
            metavar="ID",
            help="the application's id, its client reference, or the id of a payment's case",
        )
        add_json_argument(show)
        decide = actions.add_parser("decide", help="decide, by name and with a reason", allow_abbrev=False)
        decide.add_argument(
            "application",
            metavar="ID",
            help="the application's id, its client reference, or the id of a payment's case, which is closed",
        )
        decide.add_argument("--officer", required=True, help="who decides; it is kept")
        decide.add_argument("--reason", required=True, help="why; it is kept, so write no citizen's name")
        states = [state.value for state in ApplicationState]
        decide.add_argument("--to", choices=states, metavar="STATE", help="what the application becomes")
        decide.add_argument("--reference", help="the agency's reference, where only the officer has it")
        decide.add_argument("--payment", metavar="ID", help="the payment that is decided on")
        moneys = [state.value for state in PaymentState]
        decide.add_argument("--payment-to", choices=moneys, metavar="STATE", help="what the payment becomes")
        which = decide.add_mutually_exclusive_group()
        which.add_argument(
            "--accept-plugin",
            action="store_true",
            help="let it, and all others begun with the same release, go on with the plugin that is installed, be it"
            " of another line or older",
        )
        which.add_argument(
            "--look-again", action="store_true", help="let the host try again, after a defect has been removed"
        )
        add_json_argument(decide)
        retry = actions.add_parser(
            "retry",
            help="let the host try many again, after a defect has been removed",
            epilog=(
                "What the host left alone is looked at again at once, as by decide ID --look-again: what was sent"
                " before is looked up, and sent again only where it is not there. What waits for a decision on"
                " another release of a plugin is left as it is."
            ),
            allow_abbrev=False,
        )
        retry.add_argument("--code", help="why the host left them alone, such as defect")
        retry.add_argument(
            "--plugin", "--agency", dest="plugin", metavar="ID", help="whose they are, or whom they call"
        )
        retry.add_argument("--service", metavar="ID", help="what they are for")
        retry.add_argument(
            "--since", type=_instant, metavar="WHEN", help="last changed then or later: 2026-11-24T09:00+06:00"
        )
        retry.add_argument("--all", action="store_true", help="all that the host left alone")
        retry.add_argument("--dry-run", action="store_true", help="tell how many there are, and change nothing")
        retry.add_argument("--officer", help="who decides; it is kept")
        retry.add_argument("--reason", help="why; it is kept, so write no citizen's name")
        add_json_argument(retry)

    def run(self, arguments: argparse.Namespace) -> int:
        """List, show or decide."""
        match arguments.action:
            case "list":
                return run_command(lambda: _list(arguments))
            case "decisions":
                return run_command(lambda: _decisions(arguments))
            case "show":
                return run_command(lambda: _show(arguments))
            case "retry":
                return run_command(lambda: _retry(arguments))
        return run_command(lambda: _decide(arguments))


async def _list(arguments: argparse.Namespace) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.cases import count_cases, list_cases
    from nagorik_host.store.payment_cases import count_payment_cases, list_payment_cases

    at = now()
    async with unlocked_database(load_host_settings()) as (database, _):
        items = await database.run(partial(list_cases, limit=arguments.limit, now=at))
        number = await database.run(partial(count_cases, now=at))
        payments = await database.run(partial(list_payment_cases, limit=arguments.limit))
        payment_number = await database.run(count_payment_cases)
    if arguments.json:
        print_json(
            {
                "number": number,
                "items": [_item(item) for item in items],
                "payment_number": payment_number,
                "payments": [payment_case_document(case) for case in payments],
            }
        )
        return ExitCode.OK
    if items or not payments:
        _render_cases(items, number)
    if payments:
        if items:
            print_lines("")
        render_payment_cases(payments, payment_number)
    return ExitCode.OK


def _render_cases(items: "Sequence[OfficerCase]", number: int) -> None:
    from nagorik_host.commands.render import when

    if not items:
        print_lines("Nothing waits for an officer. কর্মকর্তার জন্য কিছু অপেক্ষায় নেই।")
        return
    rows = ((item.application, item.service, item.state, _code(item), when(item.since)) for item in items)
    print_table(
        ("আবেদন / application", "সেবা / service", "অবস্থা / state", "অপেক্ষা / waits for", "কখন থেকে / since"), rows
    )
    for code in dict.fromkeys(_code(item) for item in items):
        text = _means(code)
        if text is not None:
            print_lines(f"{code}: {text.bn}", f"  {text.en}")
    if number > len(items):
        print_lines(f"{number} in all; --limit shows more.")


async def _decisions(arguments: argparse.Namespace) -> int:
    from nagorik_host.commands.render import when
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.cases import latest_decisions

    async with unlocked_database(load_host_settings()) as (database, _):
        found = await database.run(partial(latest_decisions, limit=arguments.limit))
    if arguments.json:
        print_json({"decisions": [{**one._asdict(), "at": one.at.isoformat()} for one in found]})
    else:
        rows = ((when(one.at), one.officer, one.kind, one.subject, one.reason) for one in found)
        print_table(("সময় / when", "কর্মকর্তা / officer", "সিদ্ধান্ত / decision", "বিষয় / on", "কারণ / reason"), rows)
    return ExitCode.OK


async def _show(arguments: argparse.Namespace) -> int:
    from nagorik_host.commands.render import as_document, find_application, render_application, when
    from nagorik_host.settings import load_host_settings
    from nagorik_platform.cli.explanation_page import with_numbers_masked

    async with opened_host(load_host_settings()) as host:
        found = await find_payment_case(host, arguments.application)
        if found is not None:
            render_payment_case(found, as_json=arguments.json)
            return ExitCode.OK
        # Where to pay holds a token of the payer's own: nagorik track tells it, to whoever pays.
        view = replace(await find_application(host, arguments.application), checkouts={})
        document = as_document(view, host, words=with_numbers_masked) | await _for_officer(host, view)
    if arguments.json:
        print_json(document)
        return ExitCode.OK
    render_application(document, everything=True)
    print_facts(
        (
            ("citizen", document["applicant"]),
            ("identifiers", ", ".join(document["identifiers"]) or "–"),
            ("form holds", ", ".join(document["form_fields"]) or "–"),
            ("--to may be", ", ".join(document["may_become"]) or "–"),
            *((f"--payment {p} may be", ", ".join(to) or "–") for p, to in document["payments_may_become"].items()),
            *((f"the gateway says of {p}", said) for p, said in document["gateways_say"].items()),
        )
    )
    print_table(
        ("শুরু / began", "কাজ / operation", "ফল / result", "শেষ / ended"),
        ((when(a["began"]), a["operation"], a["result"] or "–", _ended(a)) for a in document["attempts"]),
    )
    return ExitCode.OK


def _ended(attempt: Document) -> str:
    from nagorik_host.commands.render import when

    return when(attempt["ended"]) if attempt["ended"] else "–"


async def _for_officer(host: "Host", view: "ApplicationView") -> Document:
    """What an officer sees beyond what the citizen is told; whom it is about only masked."""
    from sqlalchemy import select

    from nagorik_host.store.schema import attempts
    from nagorik_platform.lifecycle import application_targets, payment_decisions

    progress = view.progress

    def read(transaction: "Transaction") -> "tuple[ApplicationDraft, list[Document]]":
        query = select(attempts).where(attempts.c.application == progress.id).order_by(attempts.c.entry)
        calls = [
            {
                "operation": row.operation,
                "began": row.began_at.isoformat(),
                "ended": row.ended_at.isoformat() if row.ended_at else None,
                "result": row.result,
            }
            for row in transaction.connection.execute(query)
        ]
        return host.store.draft(transaction, host.store.read(transaction, progress.id)), calls

    draft, calls = await host.database.run(read)
    applicant = draft.applicant
    return {
        "applicant": applicant.name.masked(),
        "identifiers": [f"{identifier.type} {identifier.masked()}" for identifier in applicant.identifiers],
        "form_fields": sorted(draft.form),
        "may_become": [state.value for state in application_targets(progress.state)],
        "payments_may_become": {
            payment.id: [state.value for state in payment_decisions(payment)] for payment in progress.payments
        },
        "gateways_say": {
            payment.id: f"{word.state.value}, {word.amount}" if word.amount is not None else word.state.value
            for payment in progress.payments
            if (word := payment.contested) is not None
        },
        "attempts": calls,
    }


async def _decide(arguments: argparse.Namespace) -> int:
    from nagorik import ApplicationState, PaymentState
    from nagorik_host.settings import load_host_settings
    from nagorik_platform.lifecycle import Decided

    if not arguments.officer.strip() or not arguments.reason.strip():
        raise CommandRefused("a decision needs an officer's name and a reason")
    async with opened_host(load_host_settings()) as host:
        if await find_payment_case(host, arguments.application) is not None:
            return await close_payment_case(host, arguments)
        application = await host.database.run(partial(_named, host=host, name=arguments.application))
        if arguments.accept_plugin:
            result = await host.database.run(
                partial(_accept, host=host, application=application, arguments=arguments)
            )
        elif arguments.look_again:
            result = await host.database.run(
                partial(_unblock, host=host, application=application, arguments=arguments)
            )
        else:
            decision = Decided(
                officer=arguments.officer,
                reason=arguments.reason,
                to=ApplicationState(arguments.to) if arguments.to else None,
                agency_reference=arguments.reference,
                payment=arguments.payment,
                payment_to=PaymentState(arguments.payment_to) if arguments.payment_to else None,
            )
            progress = await host.decide(application, decision)
            result = {"application": application, "state": progress.state.value}
    if arguments.accept_plugin or arguments.look_again:
        _log.warning("officer_let_go_on", **result)
    if arguments.json:
        print_json(result)
    else:
        print_lines(*(f"{name.replace('_', ' ')}: {value}" for name, value in result.items()))
    return ExitCode.OK


def _named(transaction: "Transaction", *, host: "Host", name: str) -> str:
    return host.store.resolve(transaction, name)


def _accept(transaction: "Transaction", *, host: "Host", application: str, arguments: argparse.Namespace) -> Document:
    from sqlalchemy import select

    from nagorik_host.engine.plugins import accept, is_beyond
    from nagorik_host.store.cases import PLUGIN_CHANGED, Decision, record_decision
    from nagorik_host.store.schema import applications

    row = transaction.connection.execute(
        select(applications.c.plugin, applications.c.plugin_version, applications.c.blocked).where(
            applications.c.id == application
        )
    ).one()
    installed = {record.id: record.source.label for record in host.platform.plugins if record.usable}
    waits = row.blocked == PLUGIN_CHANGED or is_beyond(row.plugin_version, installed.get(row.plugin, ""))
    if not waits or row.plugin not in installed:
        raise CommandRefused("the application does not wait for a decision on another release of its plugin")
    at = host.clock.now()
    accept(transaction, row.plugin, row.plugin_version, installed[row.plugin], at)
    subject = f"{row.plugin_version} → {installed[row.plugin]}"
    record_decision(transaction, Decision(at, arguments.officer, "accept-plugin", subject, arguments.reason))
    return {"plugin": row.plugin, "before": row.plugin_version, "after": installed[row.plugin]}


def _unblock(
    transaction: "Transaction", *, host: "Host", application: str, arguments: argparse.Namespace
) -> Document:
    from nagorik_host.store.cases import Decision, NotBlocked, record_decision, unblock

    try:
        at = host.clock.now()
        blocked = unblock(transaction, application, at)
    except NotBlocked:
        raise CommandRefused("the application is not blocked, or its citizen's data were erased") from None
    record_decision(transaction, Decision(at, arguments.officer, "look-again", application, arguments.reason))
    return {"application": application, "was_blocked": blocked}


async def _retry(arguments: argparse.Namespace) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.cases import (
        PLUGIN_CHANGED,
        BlockedFilter,
        Decision,
        count_blocked_cases,
        record_decision,
        unblock_page,
    )
    from nagorik_host.store.schema import CODE as LONGEST_SUBJECT

    wanted = BlockedFilter(arguments.code, arguments.plugin, arguments.service, arguments.since)
    if (wanted == BlockedFilter()) is not arguments.all:
        raise CommandRefused("say which: --code, --plugin, --service or --since; or --all, and none of these")
    if wanted.code == PLUGIN_CHANGED:
        raise CommandRefused(f"{PLUGIN_CHANGED} waits for nagorik cases decide ID --accept-plugin")
    signed = all(text is not None and text.strip() for text in (arguments.officer, arguments.reason))
    if not signed and not arguments.dry_run:
        raise CommandRefused("a decision needs an officer's name and a reason")
    retried = 0
    async with unlocked_database(load_host_settings()) as (database, _):
        await require_known(
            database,
            NamedFilter("--code", "blocked", [wanted.code] if wanted.code is not None else []),
            NamedFilter("--plugin", "plugin", [wanted.plugin] if wanted.plugin is not None else []),
            NamedFilter("--service", "service", [wanted.service] if wanted.service is not None else []),
        )
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
    if arguments.json:
        counts = [one._asdict() for one in found]
        print_json({"applications": number, "retried": retried, "by_code_and_service": counts})
        return ExitCode.OK
    if found:
        print_table(("code", "service", "applications"), ((one.code, one.service, str(one.number)) for one in found))
    if arguments.dry_run:
        print_lines(f"{number} applications would be looked at again. Nothing was changed.")
    else:
        print_lines(f"{retried} applications are looked at again.")
    return ExitCode.OK


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.utcoffset() is None:
        raise argparse.ArgumentTypeError("write a time with its zone, such as 2026-11-24T09:00+06:00")
    return found


def _item(item: "OfficerCase") -> Document:
    code = _code(item)
    text = _means(code)
    means = {"en": text.en, "bn": text.bn} if text is not None else None
    return {**item._asdict(), "since": item.since.isoformat(), "means": means}


def _means(code: str) -> "Text | None":
    """What an officer reads of a case; all that is listed waits for one."""
    from nagorik_host.texts import hold_sentence, sentence
    from nagorik_platform.lifecycle import Hold, Party

    return hold_sentence(Hold(party=Party.PERSON, code=code)) or sentence("blocked", code)


def _code(item: "OfficerCase") -> str:
    return item.blocked or item.hold or item.state


command: Final = CasesCommand()
