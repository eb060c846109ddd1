"""What a filter may name: a misspelt name would find nothing, and pass for an answer."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

from sqlalchemy import select

from nagorik_host.commands.running import CommandRefused
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.schema import applications, payments
from nagorik_platform.cli.output import may_be_somebodys

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
    """Refuse names that are not known.

    Raises:
        CommandRefused: Naming the option, the likely name or all that there are, and no name that may be a person's
            number.
    """
    for name in set(names).difference(known):
        shown = "" if may_be_somebodys(name) else f": {name}"
        likely = get_close_matches(name, known, n=1)
        listed = f"there are: {', '.join(sorted(known)[:_LISTED]) or 'none'}"
        meant = f"did you mean {likely[0]}?" if likely else listed
        raise CommandRefused(f"{option} names nothing that there is{shown}; {meant}")


async def require_known(database: Database, option: str, kind: str, written: Iterable[str] | str | None) -> None:
    """Refuse what no installed plugin brings, the host does not know, and no application has had.

    Args:
        database: The host's. There may be applications of a plugin that is no longer installed.
        option: The option that names it.
        kind: What it names: a service, plugin, gateway, hold, or why the host leaves an application alone (blocked).
        written: What was written.

    Raises:
        CommandRefused: As ``require_one_of``.
    """
    names = {written} if isinstance(written, str) else set(written or ())
    known = _known(kind) if names else set()

    def kept(transaction: Transaction) -> set[str]:
        queries = (select(column).distinct().where(column.in_(names)) for column in _COLUMNS[kind])
        return {found for query in queries for found in transaction.connection.scalars(query)}

    if not names <= known:
        require_one_of(option, names, known | await database.run(kept))


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
