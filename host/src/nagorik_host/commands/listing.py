"""``nagorik applications`` and ``nagorik payments``: which there are, page by page, and nothing of any citizen."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from typing import Any, Final

from sqlalchemy import Row

from nagorik import ApplicationState, PaymentState
from nagorik.values import Money
from nagorik_host.commands.known_names import require_known, require_one_of
from nagorik_host.commands.result import CommandResult, Part, Table, same_names
from nagorik_host.commands.running import now, unlocked_database
from nagorik_host.store.database import Transaction
from nagorik_host.store.listings import (
    ApplicationFilter,
    Page,
    PageCursor,
    PaymentFilter,
    applications_by_id,
    list_applications,
    list_payments,
)
from nagorik_host.store.overview import OVERDUE
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import MOST_ROWS, Document

_APPLICATIONS: Final = same_names(
    *("application", "service", "state", "hold", "blocked", "in_hand", "opened_at", "updated_at", "due_at")
)
_PAYMENTS: Final = same_names("payment", "application", "gateway", "stage", "state", "amount", "taken", "opened_at")
_NO_CITIZENS: Final = "No application is found by a citizen's name, phone or NID number: those are sealed."


async def applications(arguments: argparse.Namespace) -> CommandResult:
    """List applications."""
    require_one_of("--state", arguments.states, ApplicationState)
    due = now() - OVERDUE if arguments.overdue else None
    wanted = ApplicationFilter(**_given(ApplicationFilter, arguments), due_until=due)
    named = {"service": wanted.services, "plugin": wanted.plugins, "hold": [wanted.hold], "blocked": [wanted.blocked]}
    page = await _page(arguments, partial(list_applications, wanted=wanted), named)
    rows = [_application(row) for row in page.rows]
    nothing = "No application is like that. এমন কোনো আবেদন নেই।"
    return _result({"applications": rows}, Table(_APPLICATIONS, rows) if rows else nothing, page)


async def search(arguments: argparse.Namespace) -> CommandResult:
    """Find applications by an id or a reference; exit code 1 where nothing is found."""
    from nagorik_host.store.application_store import ApplicationStore

    async with unlocked_database() as (database, vault):
        store = ApplicationStore(vault)

        def find(transaction: Transaction) -> Sequence[Row[Any]]:
            return applications_by_id(transaction, store.search(transaction, arguments.name, limit=MOST_ROWS))

        rows = [_application(row) for row in await database.run(find)]
    nothing = ["Nothing is found by this id or reference. এই নম্বরে কিছু পাওয়া যায়নি।", _NO_CITIZENS]
    shown = [Table(_APPLICATIONS, rows)] if rows else nothing
    return CommandResult({"applications": rows, "next": None}, shown, ExitCode.OK if rows else ExitCode.FINDINGS)


async def payments(arguments: argparse.Namespace) -> CommandResult:
    """List payments."""
    require_one_of("--state", arguments.states, PaymentState)
    wanted = PaymentFilter(**_given(PaymentFilter, arguments))
    page = await _page(arguments, partial(list_payments, wanted=wanted), {"gateway": wanted.gateways})
    rows = [_payment(row) for row in page.rows]
    nothing = "No payment is like that. এমন কোনো পেমেন্ট নেই।"
    return _result({"payments": rows}, Table(_PAYMENTS, rows) if rows else nothing, page)


def _given(kind: type[ApplicationFilter | PaymentFilter], arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments that are named as a filter's fields."""
    return {field.name: getattr(arguments, field.name) for field in fields(kind) if field.name in arguments}


async def _page(arguments: argparse.Namespace, unit: Callable[..., Page], named: Mapping[str, Any]) -> Page:
    """A page from where ``--after`` says, once all that is ``named`` is known."""
    after = PageCursor.read(arguments.after) if arguments.after is not None else None
    async with unlocked_database() as (database, _):
        await require_known(database, named)
        return await database.run(partial(unit, after=after, limit=arguments.limit))


def _result(document: Document, shown: Part, page: Page) -> CommandResult:
    place = str(page.next) if page.next is not None else None
    more = ["There may be more. Go on with:", f"--after {place}"] if place is not None else []
    return CommandResult({**document, "next": place}, [shown, *more])


def _application(row: Row[Any]) -> Document:
    found = row._asdict()
    return {"application": found.pop("id"), **found}


def _payment(row: Row[Any]) -> Document:
    found = row._asdict()
    currency, taken = found.pop("currency"), found.pop("taken_poisha")
    found["amount"] = str(Money(poisha=found.pop("poisha"), currency=currency))
    found["taken"] = str(Money(poisha=taken, currency=currency)) if taken is not None else None
    return {"payment": found.pop("id"), **found}
