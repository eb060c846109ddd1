"""Write down a database of the newest revision, to be upgraded in the tests for ever: run this with a new migration.

.venv/bin/python host/tests/store/keep_revision.py
"""

import asyncio
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from nagorik import ApplicationDraft
from nagorik_host.store import open_database
from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.host_keys import admit_keys
from nagorik_host.store.schema import REVISION
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import Vault, make_keys, read_keyring
from nagorik_platform.lifecycle import CitizenActed, Opened, ServiceCapabilities, open_application, step
from nagorik_testing import SyntheticCitizens

FOLDER = Path(__file__).parent / "revisions"
KEYS = FOLDER / "keys.txt"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
CAPABILITIES = ServiceCapabilities(operations={}, gateway=None, lookup_grace=60.0)


async def fill(url: str) -> None:
    """Two applications, of which the citizen has withdrawn one."""
    database, keyring = await open_database(url), read_keyring(KEYS.read_text())
    await upgrade(database)
    store = ApplicationStore(Vault(await admit_keys(database, keyring, NOW)))
    database.use_ledger(Vault(keyring))

    def take(transaction) -> None:
        for number in (1, 2):
            opened = Opened(
                at=NOW,
                id=str(UUID(int=number, version=4)),
                service="office.permit",
                plugin_version="office 1.0",
                client_reference=f"NGK-{number}",
                idempotency_key=str(UUID(int=10 + number, version=4)),
            )
            applicant = SyntheticCitizens(7).citizen(number).applicant()
            draft = ApplicationDraft(service="office.permit", applicant=applicant, form={"word": "permit"})
            (stored,) = store.open_all(transaction, [(draft, open_application(opened, CAPABILITIES))])
        withdrawn = step(stored.progress, CitizenActed("withdraw"), CAPABILITIES, NOW)
        store.change(transaction, stored, withdrawn, NOW)

    await database.run(take)
    await database.close()


def main() -> None:
    """Write the newest revision's file."""
    if not KEYS.exists():
        KEYS.write_text(make_keys("kept"))
    with TemporaryDirectory() as folder:
        asyncio.run(fill(f"sqlite:///{folder}/kept.db"))
        connection = sqlite3.connect(f"{folder}/kept.db")
        (FOLDER / f"{REVISION}.sql").write_text("\n".join(connection.iterdump()) + "\n")
        connection.close()
    sys.stdout.write(f"{FOLDER / REVISION}.sql\n")


if __name__ == "__main__":
    main()
