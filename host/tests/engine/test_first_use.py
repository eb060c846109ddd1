"""A database's first use by several at once: whoever comes second finds the first one's keys and records."""

import asyncio
from threading import Thread

import pytest
from sqlalchemy import event

from nagorik_host.store import open_database
from nagorik_host.store.host_keys import admit_keys, key_in_use
from nagorik_host.vault import Vault


@pytest.mark.parametrize("table", ["host_keys", "ledger"])
async def test_application_that_is_taken_in_while_the_keys_are_compared_refuses_nobody(
    world, ready_postgresql, table
):
    vault, database, begun = Vault(world.keyring), await open_database(ready_postgresql), []

    async def take_in():
        async with world.host(ready_postgresql) as host:
            begun.append(await world.apply(host))

    def after(connection, cursor, statement, *_):
        if not begun and f"FROM {table}" in statement:
            other = Thread(target=lambda: asyncio.run(take_in()))
            other.start()
            other.join()

    try:
        if table == "ledger":
            await admit_keys(database, world.keyring, world.clock.now())
        event.listen(database._engine.sync_engine, "after_cursor_execute", after)
        assert await database.run(lambda transaction: key_in_use(transaction, vault)) == vault.current
    finally:
        await database.close()
    assert len(begun) == 1
