"""What a filter may name: a misspelt name would find nothing, and pass for an answer."""

from collections.abc import Collection, Iterable
from functools import partial
from typing import Final

from sqlalchemy import select

from nagorik_host.commands.running import CommandRefused
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.schema import applications, payments
from nagorik_platform.cli.output import unknown

_LISTED: Final = 40
"""Names that are listed where no name is like what was written."""
_COLUMNS: Final = {
    "service": (applications.c.service,),
    "plugin": (applications.c.plugin,),
    "gateway": (applications.c.gateway, payments.c.gateway),
    "hold": (applications.c.hold_code,),
    "blocked": (applications.c.blocked,),
}


def require_one_of(option: str, names: Iterable[str], known: Collection[str]) -> None:
    """Refuse names that are not known; the error names the likely one, or all that there are."""
    for name in set(names).difference(known):
        listed = f"there are: {', '.join(sorted(known)[:_LISTED]) or 'none'}"
        raise CommandRefused(unknown(option, name, known, listed))


async def require_known(database: Database, option: str, kind: str, written: Iterable[str] | str | None) -> None:
    """Refuse what no installed plugin brings, the host does not know, and no application in ``database`` has had."""
    names = {written} if isinstance(written, str) else set(written or ())
    known = _known(kind) if names else set()
    if not names <= known:
        require_one_of(option, names, known | await database.run(partial(_kept, kind=kind)))


def _kept(transaction: Transaction, *, kind: str) -> set[str]:
    queries = (select(column).distinct() for column in _COLUMNS[kind])
    return {name for query in queries for name in transaction.connection.scalars(query) if name}


def _known(kind: str) -> set[str]:
    from nagorik_host.texts import codes
    from nagorik_platform.registry import Registry

    if kind in {"hold", "blocked"}:
        return set(codes("hold" if kind == "hold" else "blocked"))
    # What is kept out is known, too: its applications wait.
    manifests = [record.manifest for record in Registry.discover().records if record.manifest is not None]
    if kind == "plugin":
        return {manifest.id for manifest in manifests}
    return {one.id for found in manifests for one in (found.services if kind == "service" else found.gateways)}
