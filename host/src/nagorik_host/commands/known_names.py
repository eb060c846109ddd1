"""What a filter may name: a misspelt name would find nothing, and pass for an answer."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import partial
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
KnownNames = Iterable[str] | str | None


def require_one_of(option: str, names: Iterable[str], known: Collection[str]) -> None:
    """Refuse names that are not known.

    Raises:
        CommandRefused: Naming the option, the likely name or all that there are, and no name that may be a person's
            number.
    """
    for name in names:
        if name in known:
            continue
        shown = "" if may_be_somebodys(name) else f": {name}"
        likely = get_close_matches(name, known, n=1)
        meant = (
            f"did you mean {likely[0]}?" if likely else f"there are: {', '.join(sorted(known)[:_LISTED]) or 'none'}"
        )
        raise CommandRefused(f"{option} names nothing that there is{shown}; {meant}")


async def require_known(database: Database, filters: Mapping[str, tuple[str, KnownNames]]) -> None:
    """Refuse what no installed plugin brings, the host does not know, and no application has had.

    Args:
        database: The host's. There may be applications of a plugin that is no longer installed.
        filters: By option, what it names (a key of ``_COLUMNS``) and what was written.

    Raises:
        CommandRefused: As ``require_one_of``.
    """
    for option, (kind, written) in filters.items():
        names = [written] if isinstance(written, str) else list(written or ())
        if names:
            known = _known(kind)
            unknown = [name for name in names if name not in known]
            kept = await database.run(partial(_kept, kind=kind, names=unknown)) if unknown else set()
            require_one_of(option, names, known | kept)


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


def _kept(transaction: Transaction, *, kind: str, names: Collection[str]) -> set[str]:
    def is_kept(name: str) -> bool:
        queries = (select(column).where(column == name).limit(1) for column in _COLUMNS[kind])
        return any(transaction.connection.execute(query).first() for query in queries)

    return set(filter(is_kept, names))
