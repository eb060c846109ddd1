"""``nagorik applications`` and ``nagorik payments``: which there are, page by page, and nothing of any citizen."""

import argparse
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any, Final

from sqlalchemy import Row

from nagorik import ApplicationState, PaymentState
from nagorik.values import Money
from nagorik_host.commands.known_names import require_known, require_one_of
from nagorik_host.commands.result import CommandResult, Part, Table, same_names
from nagorik_host.commands.running import now, unlocked_database
from nagorik_host.store import listings
from nagorik_host.store.listings import ApplicationFilter, Page, PageCursor, PaymentFilter
from nagorik_host.store.overview import OVERDUE
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import MOST_ROWS, Document

_COLUMNS: Final = {
    "applications": same_names("application", "service", "state", "hold", "blocked", "opened_at", "due_at"),
    "payments": same_names(*("payment", "application", "gateway", "stage", "state", "amount", "taken", "opened_at")),
}
_NO_CITIZENS: Final = "No application is found by a citizen's name, mobile or NID number with this command."


async def applications(arguments: argparse.Namespace) -> CommandResult:
    """List applications."""
    require_one_of("--state", arguments.states, ApplicationState)
    due = now() - OVERDUE if arguments.overdue else None
    wanted = ApplicationFilter(**_given(ApplicationFilter, arguments), due_until=due)
    named = {"service": wanted.services, "plugin": wanted.plugins, "hold": [wanted.hold], "blocked": [wanted.blocked]}
    return await _listed(arguments, "applications", partial(listings.list_applications, wanted=wanted), named)


async def search(arguments: argparse.Namespace) -> CommandResult:
    """Find applications by an id or a reference; exit code 1 where nothing is found."""
    from nagorik_host.store.application_store import ApplicationStore

    async with unlocked_database() as (database, vault):
        wanted = partial(ApplicationStore(vault).search, name=arguments.name, limit=MOST_ROWS)
        found = await database.run(partial(listings.applications_by_id, ids=await database.run(wanted)))
    rows = [_document(row) for row in found]
    nothing = ["Nothing is found by this id or reference. এই নম্বরে কিছু পাওয়া যায়নি।", _NO_CITIZENS]
    shown = [Table(_COLUMNS["applications"], rows)] if rows else nothing
    return CommandResult({"applications": rows, "next": None}, shown, ExitCode.OK if rows else ExitCode.FINDINGS)


async def payments(arguments: argparse.Namespace) -> CommandResult:
    """List payments."""
    require_one_of("--state", arguments.states, PaymentState)
    wanted = PaymentFilter(**_given(PaymentFilter, arguments))
    named = {"gateway": wanted.gateways}
    return await _listed(arguments, "payments", partial(listings.list_payments, wanted=wanted), named)


def _given(kind: type[ApplicationFilter | PaymentFilter], arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments that are named as a filter's fields."""
    return {field.name: getattr(arguments, field.name) for field in fields(kind) if field.name in arguments}


async def _listed(
    arguments: argparse.Namespace, of: str, unit: Callable[..., Page], named: Document
) -> CommandResult:
    """A page from where ``--after`` says, once all that is ``named`` is known."""
    after = PageCursor.read(arguments.after) if arguments.after is not None else None
    async with unlocked_database() as (database, _):
        await require_known(database, named)
        page = await database.run(partial(unit, after=after, limit=arguments.limit))
    rows, place = [_document(row) for row in page.rows], str(page.next) if page.next is not None else None
    shown: list[Part] = [Table(_COLUMNS[of], rows) if rows else f"There are no such {of}. এমন কিছু নেই।"]
    if place is not None:
        shown += ["There may be more. Go on with:", f"--after {place}"]
    return CommandResult({of: rows, "next": place}, shown)


def _document(row: Row[Any]) -> Document:
    found = row._asdict()
    if "poisha" not in found:
        return {"application": found.pop("id"), **found}
    currency, taken = found.pop("currency"), found.pop("taken_poisha")
    found["amount"] = str(Money(poisha=found.pop("poisha"), currency=currency))
    found["taken"] = str(Money(poisha=taken, currency=currency)) if taken is not None else None
    return {"payment": found.pop("id"), **found}
