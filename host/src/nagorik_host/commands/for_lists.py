"""The arguments of ``nagorik applications``, ``payments``, ``agencies`` and ``workers``."""

import argparse
from datetime import datetime
from typing import TYPE_CHECKING, Final

from nagorik_host.commands import HELP
from nagorik_host.commands.command import HostCommand, actions_of, add_action, add_signature, works
from nagorik_host.commands.reconciliation import add_reconcile
from nagorik_platform.cli.output import add_limit_argument, read_day

if TYPE_CHECKING:
    from nagorik.values import Money

PAGE: Final = 50
NO_CITIZENS: Final = (
    "No application is found by a citizen's name, phone or NID number: those are sealed, and the host keeps no index"
    " of them."
)
_EACH: Final = "Each of several options has to hold; of one that is repeated, any value."


def _applications(parser: argparse.ArgumentParser) -> None:
    actions = actions_of(parser)
    what = "those that are wanted, the latest taken in first"
    listed = add_action(
        actions, "list", "listing:applications", what, description=f"List applications. {_EACH}", epilog=NO_CITIZENS
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
    _add_times(listed, "taken in")
    _add_page(listed)
    found = "Find applications by their id, client reference, agency's reference or a payment's id."
    what = "those that an id or a reference names"
    search = add_action(actions, "search", "listing:search", what, description=found, epilog=NO_CITIZENS)
    search.add_argument("name", metavar="ID|REFERENCE", help="written exactly as it was given")
    repair = add_action(
        actions,
        "repair",
        "repair:repair_rows",
        "make a row what its journal amounts to, where the journal is ahead of it",
        description="Repair applications of which nagorik audit verify says row-behind. Anything else that is not as"
        " it was written is refused. Exit code 1 where one cannot be repaired.",
    )
    which = repair.add_mutually_exclusive_group(required=True)
    which.add_argument("application", metavar="ID", nargs="?", help="the application's id, or its client reference")
    which.add_argument("--all", action="store_true", help="every application whose journal is ahead of its row")
    add_signature(repair, "who decides")


def _payments(parser: argparse.ArgumentParser) -> None:
    actions = actions_of(parser)
    what = "those that are wanted, the latest begun first"
    listed = add_action(actions, "list", "listing:payments", what, description=f"List payments. {_EACH}")
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
    _add_times(listed, "begun")
    _add_page(listed)
    reconcile = actions.add_parser(
        "reconcile",
        help="compare a date's payments with the gateways' own books",
        description="Compare the payments of a date with each gateway's list and with its settlement file. Each"
        " difference is asked about or becomes a case; the same one is never two cases.",
        allow_abbrev=False,
    )
    reconcile.set_defaults(work="nagorik_host.commands.reconciliation:reconcile_payments")
    add_reconcile(reconcile)


def _agencies(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "An agency that refuses the platform's credentials is tried four times on the first day and once on each"
        " other, since some lock an account. With other credentials: nagorik settings reload."
    )
    parser.add_argument(
        "--try-again",
        metavar="ID",
        help="have an agency tried once, at once, with the credentials that it has refused: it takes them again",
    )
    works(parser, "watching:agencies")


def _workers(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "A worker that was not heard of for a minute is lost: others take over what it had in hand. It is listed for"
        " a day."
    )
    works(parser, "watching:workers")


def _add_names(parser: argparse.ArgumentParser, option: str, metavar: str, described: str) -> None:
    described = f"{described}; may be given several times"
    parser.add_argument(option, action="append", default=[], metavar=metavar, help=described)


def _add_times(parser: argparse.ArgumentParser, opened: str) -> None:
    for which, described in (("opened", opened), ("updated", "last changed")):
        for end, when in (("after", "at this time or later"), ("before", "before it")):
            written = "YYYY-MM-DD, or with THH:MM; on the clocks in Dhaka unless an offset is given"
            help_ = f"{described} {when}: {written}"
            parser.add_argument(f"--{which}-{end}", type=_instant, metavar="TIME", help=help_)


def _add_page(parser: argparse.ArgumentParser) -> None:
    add_limit_argument(parser, default=PAGE)
    parser.add_argument("--after", metavar="PLACE", help="go on where a page ended, which names the place")


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


applications: Final = HostCommand(HELP["applications"], _applications)
payments: Final = HostCommand(HELP["payments"], _payments)
agencies: Final = HostCommand(HELP["agencies"], _agencies)
workers: Final = HostCommand(HELP["workers"], _workers)
