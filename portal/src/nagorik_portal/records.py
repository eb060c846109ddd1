"""Rows of the portal's tables: written with their records for the audit, sealed where they lead to a citizen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, Table, delete, insert, update

from nagorik import Model
from nagorik.clock import Clock
from nagorik_host.store.database import Database, Transaction
from nagorik_host.vault import Vault

ModelT = TypeVar("ModelT", bound=Model)


def add_row(unit: Transaction, table: Table, now: datetime, /, **values: Any) -> None:
    """Insert a row with an ``id``."""
    unit.connection.execute(insert(table).values(**values))
    unit.record_row(table, values["id"], at=now)


def change_rows(
    unit: Transaction, table: Table, where: ColumnElement[bool], now: datetime, /, **values: Any
) -> list[str]:
    """Change rows; returns their ids. What the ledger does not chain leaves no record."""
    ids = list(unit.connection.scalars(update(table).where(where).values(**values).returning(table.c.id)))
    for identity in ids if any(table.c[name].info.get("chained", True) for name in values) else ():
        unit.record_row(table, identity, at=now)
    return ids


def put_row(unit: Transaction, table: Table, identity: str, now: datetime, /, **values: Any) -> None:
    """Change the row of this ``id``, or insert it."""
    if not change_rows(unit, table, table.c.id == identity, now, **values):
        add_row(unit, table, now, id=identity, **values)


def delete_rows(unit: Transaction, table: Table, where: ColumnElement[bool], now: datetime) -> list[Row[Any]]:
    """Delete rows; returns what stood in them."""
    rows = list(unit.connection.execute(delete(table).where(where).returning(*table.c)))
    for row in rows:
        unit.record_row(table, row.id, at=now)
    return rows


class Rows:
    """A host's database, keys and a clock, and each of the above as a unit of its own."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        """Use them."""
        self._database, self._vault, self._clock = database, vault, clock

    async def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        return await self._database.snapshot(lambda unit: list(unit.connection.execute(query)))

    async def _change(self, table: Table, where: ColumnElement[bool], **values: Any) -> list[str]:
        return await self._database.run(lambda unit: change_rows(unit, table, where, self._clock.now(), **values))

    async def _delete(self, table: Table, where: ColumnElement[bool]) -> list[Row[Any]]:
        return await self._database.run(lambda unit: delete_rows(unit, table, where, self._clock.now()))


def seal(vault: Vault, table: Table, identity: str, content: Model) -> dict[str, bytes]:
    """The columns that hold ``content`` sealed for a row."""
    key, wrapped = vault.make_data_key(identity)
    return {"data_key": wrapped, "sealed": key.seal(content.model_dump_json().encode(), table.name)}


def unseal(vault: Vault, table: Table, row: Row[Any], kind: type[ModelT]) -> ModelT:
    """What is sealed in a row."""
    return kind.model_validate_json(vault.data_key(row.data_key, row.id).open(row.sealed, table.name))
