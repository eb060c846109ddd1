"""``nagorik applications`` and ``nagorik payments``: which there are, page by page, and nothing of any citizen."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from typing import Any, Final

from sqlalchemy import Row

from nagorik import ApplicationState, PaymentState
from nagorik.values import Money
from nagorik_host.commands.arguments import NO_CITIZENS
from nagorik_host.commands.known_names import require_known, require_one_of
from nagorik_host.commands.result import CommandResult, Headings, Part, Table, Unbroken
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
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
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import MOST_ROWS, Document

_APPLICATIONS: Final[Headings] = {
    "application": "application",
    "service": "service",
    "state": "state",
    "waits for": lambda one: one["blocked"] or one["hold"] or ("a worker has it" if one["in_hand"] else None),
    "taken in": "opened_at",
    "changed": "updated_at",
    "due": "due_at",
}
_PAYMENTS: Final[Headings] = {
    "payment": "payment",
    "application": "application",
    "gateway": "gateway",
    "stage": "stage",
    "state": "state",
    "amount": lambda one: one["taken"] or one["amount"],
    "begun": "opened_at",
}


async def applications(arguments: argparse.Namespace) -> CommandResult:
    """List applications."""
    require_one_of("--state", arguments.states, [state.value for state in ApplicationState])
    due = now() - OVERDUE * arguments.overdue if arguments.due or arguments.overdue else None
    wanted = ApplicationFilter(**_given(ApplicationFilter, arguments), due_until=due)
    page = await _read(arguments, partial(list_applications, wanted=wanted), *_NAMED)
    rows = [_application(row) for row in page.rows]
    return _result({"applications": rows}, _APPLICATIONS, page, "No application is like that. এমন কোনো আবেদন নেই।")


async def search(arguments: argparse.Namespace) -> CommandResult:
    """Find applications by an id or a reference; exit code 1 where nothing is found."""
    from nagorik_host.store.application_store import ApplicationStore

    async with unlocked_database() as (database, vault):
        store = ApplicationStore(vault)

        def find(transaction: Transaction) -> Sequence[Row[Any]]:
            return applications_by_id(transaction, store.search(transaction, arguments.name, limit=MOST_ROWS))

        rows = [_application(row) for row in await database.run(find)]
    nothing = ["Nothing is found by this id or reference. এই নম্বরে কিছু পাওয়া যায়নি।", NO_CITIZENS]
    found = [Table(_APPLICATIONS, rows)] if rows else nothing
    return CommandResult({"applications": rows, "next": None}, found, ExitCode.OK if rows else ExitCode.FINDINGS)


async def payments(arguments: argparse.Namespace) -> CommandResult:
    """List payments."""
    require_one_of("--state", arguments.states, [state.value for state in PaymentState])
    wanted = PaymentFilter(**_given(PaymentFilter, arguments))
    page = await _read(arguments, partial(list_payments, wanted=wanted), "gateway")
    rows = [_payment(row) for row in page.rows]
    return _result({"payments": rows}, _PAYMENTS, page, "No payment is like that. এমন কোনো পেমেন্ট নেই।")


_RENAMED: Final = {"id": "application", "hold_party": "waits_for", "hold_code": "hold", "target_plugin": "calls"}
_NAMED: Final = ("service", "plugin", "gateway", "hold", "blocked")


def _given(kind: type[ApplicationFilter | PaymentFilter], arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments that are named as a filter's fields."""
    return {field.name: getattr(arguments, field.name) for field in fields(kind) if field.name in arguments}


async def _read(arguments: argparse.Namespace, unit: Callable[..., Page], *kinds: str) -> Page:
    """A page from where ``--after`` says, once the options of ``kinds`` name what there is."""
    try:
        after = PageCursor.read(arguments.after) if arguments.after is not None else None
    except PlaceInvalid:
        raise CommandRefused("--after takes the place that a page of this list ended with") from None
    async with unlocked_database() as (database, _):
        for kind in kinds:
            await require_known(
                database, f"--{kind}", kind, vars(arguments).get(kind) or vars(arguments).get(f"{kind}s")
            )
        return await database.run(partial(unit, after=after, limit=arguments.limit))


def _result(document: Document, columns: Headings, page: Page, nothing: str) -> CommandResult:
    (rows,) = document.values()
    found: list[Part] = [Table(columns, rows)] if rows else []
    if page.next is not None:
        found += ["There may be more. Go on with:", Unbroken(f"--after {page.next}")]
    place = str(page.next) if page.next is not None else None
    return CommandResult({**document, "next": place}, found or [nothing])


def _application(row: Row[Any]) -> Document:
    found = {_RENAMED.get(name, name): value for name, value in row._asdict().items()}
    found["in_hand"] = found.pop("lease") is not None
    return found


def _payment(row: Row[Any]) -> Document:
    found = row._asdict()
    currency, taken = found.pop("currency"), found.pop("taken_poisha")
    found["amount"] = str(Money(poisha=found.pop("poisha"), currency=currency))
    found["taken"] = str(Money(poisha=taken, currency=currency)) if taken is not None else None
    return {"payment": found.pop("id"), **found}
