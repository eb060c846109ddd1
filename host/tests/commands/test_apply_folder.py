"""A folder of many files: taken in once, whatever ends it in the middle, and told of meanwhile."""

import asyncio
import json
import os
import signal
import tracemalloc
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from nagorik_host import open_host
from nagorik_host.application_file import read_application
from nagorik_host.commands import apply, intake, running
from nagorik_host.commands.intake import SIDE_BY_SIDE, TOGETHER, apply_files
from nagorik_host.settings import load_host_settings
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.schema import applications, attempts, journal, payloads

EXAMPLES = Path(__file__).parents[3] / "examples" / "host"


@pytest.fixture
def folder(place) -> Path:
    """More files than are taken in at a time, two of them of the same content and one that is refused."""
    given = json.loads((EXAMPLES / "nid-reissue.json").read_text("utf-8"))
    into = place / "in"
    into.mkdir()
    for number in range(TOGETHER * SIDE_BY_SIDE + 30):
        content = {**given, "client_reference": f"UDC-{number:04}"}
        (into / f"{number:04}.json").write_text(json.dumps(content), "utf-8")
    (into / "twice.json").write_bytes((into / "0003.json").read_bytes())
    (into / "wrong.json").write_text("[]", "utf-8")
    return into


@pytest.fixture
def hosts(place, ready_url):
    """Opens a host on a database of either kind."""

    @asynccontextmanager
    async def opened():
        settings = load_host_settings()
        platform = settings.platform(clock=running.CLOCK)
        async with open_host(ready_url, settings.keyring(), platform) as host:
            yield host, FolderDocumentStore(settings.documents, host.vault)

    return opened


async def count(host) -> int:
    return await host.database.run(
        lambda transaction: transaction.connection.scalar(select(func.count()).select_from(applications))
    )


def results(outcome) -> dict[str, str]:
    return {one.file: one.result for one in outcome.files}


async def test_every_file_is_told_in_order_and_taken_in_once(hosts, folder):
    files = sorted(folder.glob("*.json"))
    told: list[str] = []
    async with hosts() as (host, documents):
        outcome = await apply_files(host, documents, files, progress=lambda found: told.extend(o.file for o in found))
        again = await apply_files(host, documents, files)
        number = await count(host)
    assert [one.file for one in outcome.files] == [file.name for file in files]
    assert sorted(told) == [file.name for file in files]
    wanted = dict.fromkeys((file.name for file in files), "taken") | {"wrong.json": "refused"}
    twice = results(outcome)
    assert {twice.pop("0003.json"), twice.pop("twice.json")} == {"taken", "already-open"}
    assert twice == {name: result for name, result in wanted.items() if name not in {"0003.json", "twice.json"}}
    ids = {one.file: one.application for one in outcome.files}
    assert ids["0003.json"] == ids["twice.json"]
    assert set(results(again).values()) == {"already-open", "refused"}
    assert {one.file: one.application for one in again.files} == ids
    assert number == len(files) - 2


async def test_what_is_taken_in_together_is_what_each_is_alone(hosts, folder):
    """Every table holds for the fiftieth of a transaction what it holds for one that came alone."""
    files = sorted(folder.glob("0*.json"))

    def rows(transaction, application):
        execute = transaction.connection.execute
        return [
            execute(select(table.c[column]).where(table.c.application == application)).all()
            for table, column in ((journal, "kind"), (attempts, "operation"))
        ] + [execute(select(func.count()).where(payloads.c.application == application)).all()]

    async with hosts() as (host, documents):
        (alone,) = (await apply_files(host, documents, files[:1])).files
        together = (await apply_files(host, documents, files[1 : TOGETHER + 1])).files
        expected = await host.database.run(partial(rows, application=alone.application))
        for one in together:
            assert await host.database.run(partial(rows, application=one.application)) == expected
            assert (await host.progress(one.application)).client_reference == f"UDC-{one.file[:4]}"


async def test_two_that_take_the_same_folder_in_at_once_take_each_file_in_once(hosts, folder):
    files = sorted(folder.glob("0*.json"))
    async with hosts() as (one, documents), hosts() as (other, _):
        outcomes = await asyncio.gather(
            apply_files(one, documents, files), apply_files(other, documents, list(reversed(files)))
        )
        assert await count(one) == len(files)
    found = [{file.file: file.application for file in outcome.files} for outcome in outcomes]
    assert found[0] == found[1]
    assert None not in found[0].values()
    taken = [sum(result == "taken" for result in results(outcome).values()) for outcome in outcomes]
    assert sum(taken) == len(files)


async def test_what_was_begun_is_finished_and_the_rest_is_told_when_it_is_to_end(hosts, folder):
    files = sorted(folder.glob("0*.json"))
    ending: list[object] = []
    async with hosts() as (host, documents):
        outcome = await apply_files(host, documents, files, progress=ending.append, is_ending=lambda: bool(ending))
        number = await count(host)
        again = await apply_files(host, documents, files)
    told = list(results(outcome).values())
    assert told == ["taken"] * number + ["not-reached"] * (len(files) - number)
    assert 0 < number < len(files)
    assert set(results(again).values()) == {"taken", "already-open"}
    assert sum(result == "already-open" for result in results(again).values()) == number


async def test_database_that_goes_away_in_the_middle_leaves_no_file_untold(hosts, folder, monkeypatch):
    monkeypatch.setattr(intake, "SIDE_BY_SIDE", 1)
    files = sorted(folder.glob("0*.json"))
    closing = []
    async with hosts() as (host, documents):
        outcome = await apply_files(
            host,
            documents,
            files,
            progress=lambda _: closing or closing.append(asyncio.ensure_future(host.database.close())),
        )
        await closing[0]
    async with hosts() as (host, documents):
        number = await count(host)
        again = await apply_files(host, documents, files)
    assert isinstance(outcome.ended_by, DatabaseUnavailable)
    assert 0 < number < len(files)
    told = ["taken"] * number + ["failed"] * TOGETHER + ["not-reached"] * len(files)
    assert list(results(outcome).values()) == told[: len(files)]
    assert None not in {one.application for one in again.files}


def test_lines_tell_how_far_it_is_and_signals_are_heeded(ready, folder, monkeypatch):
    monkeypatch.setattr(apply, "TOLD", 100)
    result = ready("apply", folder, "--json")
    assert result.code == 1
    number = len(list(folder.glob("*.json")))
    lines = [line for line in result.err.splitlines() if " files: " in line]
    assert len(lines) == number // 100
    assert lines[0].startswith("nagorik: ")
    assert f" of {number} files: " in lines[0]

    monkeypatch.setattr(intake, "SIDE_BY_SIDE", 1)
    asked = []

    def interrupted(path):
        if not asked:
            asked.append(path)
            os.kill(os.getpid(), signal.SIGTERM)
        return read_application(path)

    monkeypatch.setattr(intake, "read_application", interrupted)
    ended = ready("apply", folder, "--json")
    assert ended.code == 3
    told = [one["result"] for one in ended.document["applications"]]
    assert told == ["already-open"] * TOGETHER + ["not-reached"] * (number - TOGETHER)
    assert f"{TOGETHER} of {number} files are in; apply again: what is in is not taken in twice" in ended.err
    monkeypatch.setattr(apply, "LISTED", 3)
    asked.clear()
    shown = ready("apply", folder)
    assert "not reached: apply it again" in shown.err
    assert f"{number - TOGETHER - 3} more are not in, the last of them wrong.json; --json tells each" in shown.err
    assert shown.out.splitlines()[0].startswith("0000.json  ")


async def test_many_large_documents_are_in_memory_one_after_the_other(hosts, place):
    size, number = 4_000_000, 20
    paper = place / "paper.pdf"
    paper.write_bytes(b"%PDF-")
    os.truncate(paper, size)
    given = json.loads((EXAMPLES / "nid-migration.json").read_text("utf-8"))
    given["documents"] = [{"kind": "utility-bill", "file": "paper.pdf"}] * number
    (place / "large.json").write_text(json.dumps(given), "utf-8")
    async with hosts() as (host, documents):
        tracemalloc.start()
        try:
            outcome = await apply_files(host, documents, [place / "large.json"])
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        kept = list(documents.kept())
    assert set(results(outcome).values()) == {"taken"}
    assert len(kept) == number
    # Pieces of one of them, and what is imported meanwhile.
    assert peak < 4 * size


async def test_document_that_is_none_lets_none_be_kept(hosts, place):
    given = json.loads((EXAMPLES / "nid-migration.json").read_text("utf-8"))
    (place / "paper.pdf").write_bytes(b"%PDF-")
    for name, wrong in (("large", b"%PDF-"), ("other", b"GIF89a")):
        (place / f"{name}.pdf").write_bytes(wrong)
        given["documents"] = [{"kind": "utility-bill", "file": file} for file in ("paper.pdf", f"{name}.pdf")]
        (place / f"{name}.json").write_text(json.dumps(given), "utf-8")
    os.truncate(place / "large.pdf", 20_000_001)
    async with hosts() as (host, documents):
        outcome = await apply_files(host, documents, [place / "large.json", place / "other.json"])
        assert list(documents.kept()) == []
    assert [one.problem.partition(". ")[0] for one in outcome.files] == [
        "documents.1.file: Utility bill: larger than 20 MB",
        "documents.1.file: Utility bill: the file is no PDF, JPEG or PNG, whatever it is called",
    ]


async def test_files_that_are_large_are_taken_in_fewer_at_a_time(hosts, folder):
    files = sorted(folder.glob("0*.json"))[:6]
    given = json.loads(files[0].read_text("utf-8"))
    for number, path in enumerate(files):
        path.write_text(json.dumps(given | {"client_reference": f"BIG-{number:04}"}) + " " * 900_000, "utf-8")
    told: list[int] = []
    async with hosts() as (host, documents):
        outcome = await apply_files(host, documents, files, progress=lambda found: told.append(len(found)))
    assert told == [2, 2, 2]
    assert set(results(outcome).values()) == {"taken"}
