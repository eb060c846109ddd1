"""What a filter may name: a misspelt name would find nothing, and pass for an answer."""

from collections.abc import Iterable, Mapping
from functools import partial

from sqlalchemy import select

from nagorik_host.commands.running import CommandRefused
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.schema import applications, payments
from nagorik_platform.cli.output import unknown


def require_one_of(option: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse names that are not known; the error names the likely one, or all that there are."""
    for name in set(names).difference(known):
        listed = f"there are: {', '.join(sorted(known)[:40]) or '–'}"
        raise CommandRefused(unknown(option, name, known, listed))


async def require_known(database: Database, named: Mapping[str, Iterable[str | None]]) -> None:
    """Refuse names, by their option, that no installed plugin brings and nothing in ``database`` has had."""
    for option, written in named.items():
        names = {name for name in written if name is not None}
        if names and not names <= (known := _known(option)):
            require_one_of(f"--{option}", names, known | await database.run(partial(_kept, option=option)))


def _kept(transaction: Transaction, *, option: str) -> set[str]:
    kept = {"gateway": payments.c.gateway, "hold": applications.c.hold_code, "code": applications.c.blocked}
    column = kept[option] if option in kept else applications.c[option]
    return set(filter(None, transaction.connection.scalars(select(column).distinct())))


def _known(option: str) -> set[str]:
    from nagorik_host.texts import codes
    from nagorik_platform.registry import Registry

    if option in {"hold", "blocked", "code"}:
        return set(codes("hold" if option == "hold" else "blocked"))
    # What is kept out is known, too: its applications wait.
    manifests = [record.manifest for record in Registry.discover().records if record.manifest is not None]
    if option == "plugin":
        return {manifest.id for manifest in manifests}
    return {one.id for found in manifests for one in (found.services if option == "service" else found.gateways)}
