"""Failed sign-ins make the next one wait: longer with each, by name and by where it comes from.

An attempt counts as failed before its password is looked at, so that attempts side by side gain nothing.
"""

from datetime import datetime, timedelta
from math import ceil
from typing import Final

from sqlalchemy import select

from nagorik_host.store.database import Transaction
from nagorik_host.vault import Vault
from nagorik_portal.records import add_row, change_rows, delete_rows
from nagorik_portal.schema import attempts

FREE: Final = (4, 19)
"""Failures without a wait, of a name and of a source: a whole centre may come from one address."""
LONGEST_WAIT: Final = timedelta(minutes=15)
_FORGOTTEN_AFTER: Final = timedelta(days=1)
_A: Final = attempts.c


def throttle_ids(vault: Vault, name: str, source: str) -> tuple[str, str]:
    """The keyed hashes by which a name and a source are counted."""
    return vault.lookup("portal-sign-in", f"name/{name}"), vault.lookup("portal-sign-in", f"source/{source}")


def begin_sign_in(unit: Transaction, ids: tuple[str, str], now: datetime) -> int | None:
    """Count an attempt; returns the whole seconds that it has to wait, in which case it is not counted."""
    # Guessed names do not fill the table.
    delete_rows(unit, attempts, _A.next_at < now - _FORGOTTEN_AFTER, now)
    query = select(attempts).where(_A.id.in_(ids)).order_by(_A.id).with_for_update()
    found = {row.id: row for row in unit.connection.execute(query)}
    wait = max((row.next_at - now for row in found.values()), default=timedelta())
    if wait > timedelta():
        return ceil(wait.total_seconds())
    for identity, free in zip(ids, FREE, strict=True):
        failures = found[identity].failures + 1 if identity in found else 1
        over = min(failures - free, 20)
        until = now + (min(timedelta(seconds=2**over), LONGEST_WAIT) if over > 0 else timedelta())
        if identity in found:
            change_rows(unit, attempts, _A.id == identity, now, failures=failures, next_at=until)
        else:
            add_row(unit, attempts, now, id=identity, failures=failures, next_at=until)
    return None


def sign_in_succeeded(unit: Transaction, ids: tuple[str, str], now: datetime) -> None:
    """Forget the failures of a name, and count one failure less of where it came from."""
    change_rows(unit, attempts, _A.id == ids[0], now, failures=0, next_at=now)
    change_rows(unit, attempts, _A.id == ids[1], now, failures=_A.failures - 1, next_at=now)
