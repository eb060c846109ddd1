"""``nagorik applications`` and ``nagorik payments``: which there are, page by page, and nothing of any citizen."""

import argparse
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from nagorik_host.commands.known_names import NamedFilter, require_known, require_one_of
from nagorik_host.commands.reconciliation import add_reconcile, run_reconcile
from nagorik_host.commands.repair import add_repair, run_repair
from nagorik_host.commands.running import CommandRefused, now, opened_database, run_command, unlocked_database
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import (
    MOST_ROWS,
    Document,
    add_json_argument,
    add_limit_argument,
    print_json,
    print_lines,
    print_table,
    print_unbroken,
    read_day,
)

if TYPE_CHECKING:
    from sqlalchemy import Row

    from nagorik.values import Money
    from nagorik_host.store.database import Transaction
    from nagorik_host.store.listings import Page, PageCursor

PAGE: Final = 50

_NO_CITIZENS: Final = (
    "No application is found by a citizen's name, phone or NID number: those are sealed, and the host keeps no index"
    " of them."
)


class ApplicationsCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "list applications by state, service, age or what they wait for; find one by a reference; repair a row"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        listed = actions.add_parser(
            "list",
            help="those that are wanted, the latest taken in first",
            description="List applications. Each of several options has to hold; of one that is repeated, any value.",
            epilog=_NO_CITIZENS,
            allow_abbrev=False,
        )
        _add_names(listed, "--state", "STATE", "it is in this state, such as in_review")
        _add_names(listed, "--service", "ID", "it is for this service")
        _add_names(listed, "--plugin", "ID", "it is for a service of this plugin")
        listed.add_argument("--gateway", metavar="ID", help="the citizen pays by this gateway")
        listed.add_argument("--hold", metavar="CODE", help="it waits for this, such as ineligible")
        listed.add_argument("--blocked", metavar="CODE", help="the host leaves it alone because of this: defect, …")
        listed.add_argument("--open", action="store_true", help="it is not closed")
        due = listed.add_mutually_exclusive_group()
        due.add_argument("--due", action="store_true", help="it is due now; the longest due first")
        due.add_argument("--overdue", action="store_true", help="it has been due for more than 15 minutes")
        _add_times(listed, "opened", "taken in")
        _add_times(listed, "updated", "last changed")
        _add_page(listed)
        search = actions.add_parser(
            "search",
            help="those that an id or a reference names",
            description="Find applications by their id, client reference, agency's reference or a payment's id.",
            epilog=_NO_CITIZENS,
            allow_abbrev=False,
        )
        search.add_argument("name", metavar="ID|REFERENCE", help="written exactly as it was given")
        add_json_argument(search)
        add_repair(
            actions.add_parser(
                "repair",
                help="make a row what its journal amounts to, where the journal is ahead of it",
                description="Repair applications of which nagorik audit verify says row-behind. Anything else that is"
                " not as it was written is refused.",
                allow_abbrev=False,
            )
        )

    def run(self, arguments: argparse.Namespace) -> int:
        """List, find or repair; exit code 1 where nothing is found by a reference, or something is not repaired."""
        if arguments.action == "repair":
            return run_repair(arguments)
        if arguments.action == "search":
            return run_command(lambda: _search(arguments.name, as_json=arguments.json))
        return run_command(lambda: _list_applications(arguments))


class PaymentsCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "list payments by gateway, state, date, amount or age; compare a date's with the gateways' own books"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        listed = actions.add_parser(
            "list",
            help="those that are wanted, the latest begun first",
            description="List payments. Each of several options has to hold; of one that is repeated, any value.",
            allow_abbrev=False,
        )
        _add_names(listed, "--gateway", "ID", "it is made through this gateway")
        _add_names(listed, "--state", "STATE", "it is in this state, such as captured or unknown")
        listed.add_argument("--application", metavar="ID", help="it belongs to this application")
        listed.add_argument(
            "--date",
            type=read_day,
            metavar="DATE",
            help="its money was taken on this date in Dhaka, or it was begun on it where none was taken",
        )
        for end, which in (("from", "at least"), ("to", "at most")):
            listed.add_argument(
                f"--amount-{end}",
                type=_amount,
                metavar="AMOUNT",
                help=f"what was taken, or is asked for where nothing was, is {which} this: 345 or 345.50",
            )
        _add_times(listed, "opened", "begun")
        _add_times(listed, "updated", "last changed")
        _add_page(listed)
        add_reconcile(
            actions.add_parser(
                "reconcile",
                help="compare a date's payments with the gateways' own books",
                description="Compare the payments of a date with each gateway's list and with its settlement file."
                " Each difference is asked about or becomes a case; the same one is never two cases.",
                allow_abbrev=False,
            )
        )

    def run(self, arguments: argparse.Namespace) -> int:
        """List them, or reconcile a date."""
        if arguments.action == "reconcile":
            return run_reconcile(arguments)
        return run_command(lambda: _list_payments(arguments))


def _add_names(parser: argparse.ArgumentParser, option: str, metavar: str, described: str) -> None:
    parser.add_argument(
        option, action="append", default=[], metavar=metavar, help=f"{described}; may be given several times"
    )


def _add_times(parser: argparse.ArgumentParser, which: str, described: str) -> None:
    for end, when_ in (("after", "at this time or later"), ("before", "before it")):
        parser.add_argument(
            f"--{which}-{end}",
            type=_instant,
            metavar="TIME",
            help=f"{described} {when_}: YYYY-MM-DD, or with THH:MM; on the clocks in Dhaka unless an offset is given",
        )


def _add_page(parser: argparse.ArgumentParser) -> None:
    add_limit_argument(parser, default=PAGE)
    parser.add_argument("--after", metavar="PLACE", help="go on where a page ended, which names the place")
    add_json_argument(parser)


def _amount(text: str) -> "Money":
    from nagorik.values import Money, NationalDataError

    try:
        return Money.parse(text)
    except NationalDataError:
        raise argparse.ArgumentTypeError("not an amount such as 345 or 345.50") from None


def _instant(text: str) -> datetime:
    from nagorik.values.time import dhaka_zone

    try:
        given = datetime.fromisoformat(text)
        return given if given.tzinfo is not None else given.replace(tzinfo=dhaka_zone())
    except ValueError:
        raise argparse.ArgumentTypeError("not a time such as 2026-11-24 or 2026-11-24T09:30") from None


async def _list_applications(arguments: argparse.Namespace) -> int:
    from nagorik import ApplicationState
    from nagorik_host.store.listings import ApplicationFilter, list_applications
    from nagorik_host.store.overview import OVERDUE

    require_one_of("--state", arguments.state, [state.value for state in ApplicationState])
    at = now()
    wanted = ApplicationFilter(
        states=arguments.state,
        services=arguments.service,
        plugins=arguments.plugin,
        gateway=arguments.gateway,
        hold=arguments.hold,
        blocked=arguments.blocked,
        open_only=arguments.open,
        opened_from=arguments.opened_after,
        opened_before=arguments.opened_before,
        updated_from=arguments.updated_after,
        updated_before=arguments.updated_before,
        due_until=at if arguments.due else at - OVERDUE if arguments.overdue else None,
    )
    page = await _read(
        arguments,
        lambda transaction, after: list_applications(transaction, wanted, after=after, limit=arguments.limit),
        NamedFilter("--service", "service", arguments.service),
        NamedFilter("--plugin", "plugin", arguments.plugin),
        NamedFilter("--gateway", "gateway", _one(arguments.gateway)),
        NamedFilter("--hold", "hold", _one(arguments.hold)),
        NamedFilter("--blocked", "blocked", _one(arguments.blocked)),
    )
    if arguments.json:
        print_json({"applications": [_application(row) for row in page.rows], "next": _next(page)})
        return ExitCode.OK
    _print_rows(_APPLICATION_COLUMNS, map(_application, page.rows))
    _print_end(page, "No application is like that. এমন কোনো আবেদন নেই।")
    return ExitCode.OK


async def _search(name: str, *, as_json: bool) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.application_store import ApplicationStore
    from nagorik_host.store.listings import applications_by_id

    async with unlocked_database(load_host_settings()) as (database, vault):
        store = ApplicationStore(vault)
        rows = await database.run(
            lambda transaction: applications_by_id(transaction, store.search(transaction, name, limit=MOST_ROWS))
        )
    if as_json:
        print_json({"applications": [_application(row) for row in rows], "next": None})
    elif rows:
        _print_rows(_APPLICATION_COLUMNS, map(_application, rows))
    else:
        print_lines("Nothing is found by this id or reference. এই নম্বরে কিছু পাওয়া যায়নি।", _NO_CITIZENS)
    return ExitCode.OK if rows else ExitCode.FINDINGS


async def _list_payments(arguments: argparse.Namespace) -> int:
    from nagorik import PaymentState
    from nagorik_host.store.listings import PaymentFilter, list_payments

    require_one_of("--state", arguments.state, [state.value for state in PaymentState])
    wanted = PaymentFilter(
        gateways=arguments.gateway,
        states=arguments.state,
        application=arguments.application,
        day=arguments.date,
        amount_from=arguments.amount_from,
        amount_to=arguments.amount_to,
        opened_from=arguments.opened_after,
        opened_before=arguments.opened_before,
        updated_from=arguments.updated_after,
        updated_before=arguments.updated_before,
    )
    page = await _read(
        arguments,
        lambda transaction, after: list_payments(transaction, wanted, after=after, limit=arguments.limit),
        NamedFilter("--gateway", "gateway", arguments.gateway),
    )
    if arguments.json:
        print_json({"payments": [_payment(row) for row in page.rows], "next": _next(page)})
        return ExitCode.OK
    _print_rows(_PAYMENT_COLUMNS, map(_payment, page.rows))
    _print_end(page, "No payment is like that. এমন কোনো পেমেন্ট নেই।")
    return ExitCode.OK


def _one(given: str | None) -> tuple[str, ...]:
    return (given,) if given is not None else ()


async def _read(
    arguments: argparse.Namespace,
    read: "Callable[[Transaction, PageCursor | None], Page]",
    *filters: NamedFilter,
) -> "Page":
    """A page from where ``--after`` says.

    Raises:
        CommandRefused: It says nothing that a page ended with, or one of ``filters`` names nothing that there is.
    """
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.listings import PageCursor, PlaceInvalid
    from nagorik_host.store.upgrade import require_newest

    try:
        after = PageCursor.read(arguments.after) if arguments.after is not None else None
    except PlaceInvalid:
        raise CommandRefused("--after takes the place that a page of this list ended with") from None
    async with opened_database(load_host_settings()) as database:
        await require_newest(database)
        await require_known(database, *filters)
        return await database.run(lambda transaction: read(transaction, after))


_Columns: TypeAlias = Mapping[str, Callable[[Document], str | None]]
"""A table's headings, each with what stands under it of a row's document; ``None`` leaves it empty."""

_APPLICATION_COLUMNS: Final[_Columns] = {
    "application": lambda one: one["application"],
    "service": lambda one: one["service"],
    "state": lambda one: one["state"],
    "waits for": lambda one: one["blocked"] or one["hold"] or ("a worker has it" if one["in_hand"] else None),
    "taken in": lambda one: _when(one["opened_at"]),
    "changed": lambda one: _when(one["updated_at"]),
    "due": lambda one: _when(one["due_at"]),
}
_PAYMENT_COLUMNS: Final[_Columns] = {
    "payment": lambda one: one["payment"],
    "application": lambda one: one["application"],
    "gateway": lambda one: one["gateway"],
    "stage": lambda one: one["stage"],
    "state": lambda one: one["state"],
    "amount": lambda one: one["taken"] or one["amount"],
    "begun": lambda one: _when(one["opened_at"]),
}


def _print_rows(columns: _Columns, rows: Iterable[Document]) -> None:
    """A table of rows as ``--json`` has them; nothing where there is none."""
    cells = [[cell(row) or "" for cell in columns.values()] for row in rows]
    if cells:
        print_table(tuple(columns), cells)


def _print_end(page: "Page", nothing: str) -> None:
    if page.next is not None:
        print_lines("There may be more. Go on with:")
        print_unbroken(f"--after {page.next}")
    elif not page.rows:
        print_lines(nothing)


def _next(page: "Page") -> str | None:
    return str(page.next) if page.next is not None else None


def _application(row: "Row[Any]") -> Document:
    from nagorik_host.store.schema import shown

    return {
        "application": shown(row.id),
        "service": shown(row.service),
        "state": shown(row.state),
        "gateway": row.gateway,
        "waits_for": row.hold_party,
        "hold": row.hold_code,
        "blocked": row.blocked,
        "opened_at": row.opened_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
        "closed_at": _iso(row.closed_at),
        "due_at": _iso(row.due_at),
        "operation": row.operation,
        "calls": row.target_plugin,
        "parked_at": _iso(row.parked_at),
        "in_hand": row.lease is not None,
    }


def _payment(row: "Row[Any]") -> Document:
    from nagorik.values import Money

    amount = Money(poisha=row.poisha, currency=row.currency)
    taken = Money(poisha=row.taken_poisha, currency=row.currency) if row.taken_poisha is not None else None
    return {
        "payment": row.id,
        "application": row.application,
        "gateway": row.gateway,
        "stage": row.stage,
        "state": row.state,
        "amount": str(amount),
        "taken": str(taken) if taken is not None else None,
        "opened_at": row.opened_at.isoformat(),
        "captured_at": _iso(row.captured_at),
        "updated_at": row.updated_at.isoformat(),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _when(at: str | None) -> str | None:
    from nagorik.values import dhaka_time

    return at and f"{dhaka_time(datetime.fromisoformat(at)):%d %b %Y %H:%M}"


applications_command: Final = ApplicationsCommand()
payments_command: Final = PaymentsCommand()
