"""What a filter may name: a misspelt name would find nothing, and pass for an answer."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from nagorik_host.commands.running import CommandRefused
from nagorik_platform.cli.output import may_be_somebodys

if TYPE_CHECKING:
    from nagorik_host.store.database import Database, Transaction

_LISTED: Final = 40
"""So many names are told where none is like what was written; more are listed elsewhere."""


class NamedFilter(NamedTuple):
    """What was written for an option.

    Attributes:
        option: The option.
        kind: What it names: a ``service``, ``plugin``, ``gateway``, ``hold`` or ``blocked``.
        names: What was written.
    """

    option: str
    kind: str
    names: Iterable[str]


_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {"service": "service", "plugin": "plugin", "gateway": "gateway", "hold": "hold_code", "blocked": "blocked"}
)


def require_one_of(option: str, names: Iterable[str], known: Collection[str]) -> None:
    """Refuse names that are none of those that there are.

    Raises:
        CommandRefused: Naming the option, the likely one or all there are, and no name that may be somebody's number.
    """
    for name in names:
        if name in known:
            continue
        shown = "" if may_be_somebodys(name) else f" {name}"
        likely = get_close_matches(name, known, n=1)
        there_are = ", ".join(sorted(known)[:_LISTED]) or "none"
        told = f"did you mean {likely[0]}?" if likely else f"there are: {there_are}"
        raise CommandRefused(f"{option} names nothing that there is{f':{shown}' if shown else ''}; {told}")


async def require_known(database: "Database", *filters: NamedFilter) -> None:
    """Refuse what no plugin installed here brings, the host does not know, and no application has had.

    Args:
        database: The host's. Of a plugin that is no longer installed there may be applications still.
        filters: What was written.

    Raises:
        CommandRefused: As ``require_one_of``.
    """
    named = [one for one in filters if list(one.names)]
    if not named:
        return
    known = _known()
    for one in named:
        unknown = [name for name in one.names if name not in known[one.kind]]
        kept = await database.run(partial(_kept, kind=one.kind, names=unknown)) if unknown else set()
        require_one_of(one.option, one.names, known[one.kind] | kept)


def _known() -> dict[str, set[str]]:
    from nagorik_host.texts import codes
    from nagorik_platform.registry import Registry

    # What is kept out is known, too: its applications wait.
    manifests = [record.manifest for record in Registry.discover().records if record.manifest is not None]
    return {
        "service": {service.id for manifest in manifests for service in manifest.services},
        "gateway": {gateway.id for manifest in manifests for gateway in manifest.gateways},
        "plugin": {manifest.id for manifest in manifests},
        "hold": set(codes("hold")),
        "blocked": set(codes("blocked")),
    }


def _kept(transaction: "Transaction", *, kind: str, names: Collection[str]) -> set[str]:
    from sqlalchemy import select

    from nagorik_host.store.schema import applications, payments

    found = set[str]()
    columns = [applications.c[_COLUMNS[kind]], *([payments.c.gateway] if kind == "gateway" else [])]
    for column in columns:
        for name in names:
            if transaction.connection.execute(select(column).where(column == name).limit(1)).one_or_none():
                found.add(name)
    return found
