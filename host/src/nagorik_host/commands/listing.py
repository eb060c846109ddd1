"""``nagorik applications`` and ``nagorik payments``: which there are, page by page, and nothing of any citizen."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeAlias

from sqlalchemy import Row

from nagorik import ApplicationState, PaymentState
from nagorik.values import Money
from nagorik_host.commands.columns import when
from nagorik_host.commands.for_lists import NO_CITIZENS
from nagorik_host.commands.known_names import KnownNames, require_known, require_one_of
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
from nagorik_host.settings import load_host_settings
from nagorik_host.store.database import Transaction
from nagorik_host.store.listings import (
    ApplicationFilter,
    Page,
    PageCursor,
    PaymentFilter,
    PlaceInvalid,
    applications_by_id,
    list_applications,
    list_payments,
)
from nagorik_host.store.overview import OVERDUE
from nagorik_host.store.schema import shown
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import MOST_ROWS, Document, print_json, print_lines, print_table, print_unbroken

_Columns: TypeAlias = Mapping[str, Callable[[Document], str | None]]
"""A table's headings, each with what stands under it of a row's document; ``None`` leaves it empty."""


async def applications(arguments: argparse.Namespace) -> int:
    """List applications."""
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
        due_until=at if arguments.due else at - OVERDUE if arguments.overdue else None,
        **_times(arguments),
    )
    kinds = ("service", "plugin", "gateway", "hold", "blocked")
    named = {f"--{kind}": (kind, getattr(arguments, kind)) for kind in kinds}
    page = await _read(arguments, partial(list_applications, wanted=wanted), named)
    return _print_page(
        "applications", _APPLICATION_COLUMNS, [_application(row) for row in page.rows], page, arguments
    )


async def search(arguments: argparse.Namespace) -> int:
    """Find applications by an id or a reference; exit code 1 where nothing is found."""
    from nagorik_host.store.application_store import ApplicationStore

    async with unlocked_database(load_host_settings()) as (database, vault):
        store = ApplicationStore(vault)

        def find(transaction: Transaction) -> Sequence[Row[Any]]:
            return applications_by_id(transaction, store.search(transaction, arguments.name, limit=MOST_ROWS))

        rows = [_application(row) for row in await database.run(find)]
    if arguments.json:
        print_json({"applications": rows, "next": None})
    elif rows:
        _print_rows(_APPLICATION_COLUMNS, rows)
    else:
        print_lines("Nothing is found by this id or reference. এই নম্বরে কিছু পাওয়া যায়নি।", NO_CITIZENS)
    return ExitCode.OK if rows else ExitCode.FINDINGS


async def payments(arguments: argparse.Namespace) -> int:
    """List payments."""
    require_one_of("--state", arguments.state, [state.value for state in PaymentState])
    wanted = PaymentFilter(
        gateways=arguments.gateway,
        states=arguments.state,
        application=arguments.application,
        day=arguments.date,
        amount_from=arguments.amount_from,
        amount_to=arguments.amount_to,
        **_times(arguments),
    )
    named = {"--gateway": ("gateway", arguments.gateway)}
    page = await _read(arguments, partial(list_payments, wanted=wanted), named)
    return _print_page("payments", _PAYMENT_COLUMNS, [_payment(row) for row in page.rows], page, arguments)


def _times(arguments: argparse.Namespace) -> dict[str, datetime | None]:
    return {
        "opened_from": arguments.opened_after,
        "opened_before": arguments.opened_before,
        "updated_from": arguments.updated_after,
        "updated_before": arguments.updated_before,
    }


async def _read(
    arguments: argparse.Namespace, unit: Callable[..., Page], named: Mapping[str, tuple[str, KnownNames]]
) -> Page:
    """A page from where ``--after`` says.

    Raises:
        CommandRefused: It is no place that a page ended with, or one of ``named`` names nothing that there is.
    """
    try:
        after = PageCursor.read(arguments.after) if arguments.after is not None else None
    except PlaceInvalid:
        raise CommandRefused("--after takes the place that a page of this list ended with") from None
    async with unlocked_database(load_host_settings()) as (database, _):
        await require_known(database, named)
        return await database.run(partial(unit, after=after, limit=arguments.limit))


def _print_page(
    name: str, columns: _Columns, rows: Sequence[Document], page: Page, arguments: argparse.Namespace
) -> int:
    if arguments.json:
        print_json({name: rows, "next": str(page.next) if page.next is not None else None})
        return ExitCode.OK
    if rows:
        _print_rows(columns, rows)
    if page.next is not None:
        print_lines("There may be more. Go on with:")
        print_unbroken(f"--after {page.next}")
    elif not rows:
        print_lines(_NOTHING[name])
    return ExitCode.OK


def _print_rows(columns: _Columns, rows: Sequence[Document]) -> None:
    print_table(tuple(columns), ([cell(row) or "" for cell in columns.values()] for row in rows))


_NOTHING: Final = {
    "applications": "No application is like that. এমন কোনো আবেদন নেই।",
    "payments": "No payment is like that. এমন কোনো পেমেন্ট নেই।",
}
_APPLICATION_COLUMNS: Final[_Columns] = {
    "application": lambda one: one["application"],
    "service": lambda one: one["service"],
    "state": lambda one: one["state"],
    "waits for": lambda one: one["blocked"] or one["hold"] or ("a worker has it" if one["in_hand"] else None),
    "taken in": lambda one: when(one["opened_at"]),
    "changed": lambda one: when(one["updated_at"]),
    "due": lambda one: one["due_at"] and when(one["due_at"]),
}
_PAYMENT_COLUMNS: Final[_Columns] = {
    "payment": lambda one: one["payment"],
    "application": lambda one: one["application"],
    "gateway": lambda one: one["gateway"],
    "stage": lambda one: one["stage"],
    "state": lambda one: one["state"],
    "amount": lambda one: one["taken"] or one["amount"],
    "begun": lambda one: when(one["opened_at"]),
}


def _application(row: Row[Any]) -> Document:
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


def _payment(row: Row[Any]) -> Document:
    taken = Money(poisha=row.taken_poisha, currency=row.currency) if row.taken_poisha is not None else None
    return {
        "payment": row.id,
        "application": row.application,
        "gateway": row.gateway,
        "stage": row.stage,
        "state": row.state,
        "amount": str(Money(poisha=row.poisha, currency=row.currency)),
        "taken": str(taken) if taken is not None else None,
        "opened_at": row.opened_at.isoformat(),
        "captured_at": _iso(row.captured_at),
        "updated_at": row.updated_at.isoformat(),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
