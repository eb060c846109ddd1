"""A paper of twenty megabytes goes from the counter to the agency, and is never in memory."""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import AsyncExitStack
from typing import ClassVar

import pytest
from command_site import Site

from nagorik_host.vault import make_keys
from nagorik_testing import (
    Codec,
    DocumentResponse,
    JsonFormat,
    MultipartFormat,
    Simulator,
    content_of,
    routes_of,
    serve,
    text_in,
)

pytestmark = pytest.mark.long

LARGE = 20_000_000
SMALL = 1_000
ROOM = 8_000_000
"""Bytes more than the small one took, at most."""
MANIFEST = """\
manifest_version = 1
id = "archive"
requires_api = "1.0"
name = { en = "An archive", bn = "একটি মহাফেজখানা" }
owners = [{ name = "Nagorik, host's tests", contact = "host@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24

[[services]]
id = "archive.copy"
name = { en = "A copy", bn = "একটি অনুলিপি" }
form = "forms:CopyForm"
reads = ["status"]
writes = { submit = "native" }

[[services.documents]]
kind = "drawing"
name = { en = "Drawing", bn = "নকশা" }
required = true
media_types = ["application/pdf"]
largest_bytes = 50_000_000
"""
FORMS = """\
from typing import Annotated

from nagorik import Form, Label


class CopyForm(Form):
    number: Annotated[str, Label(en="Number", bn="নম্বর")]
"""
PLUGIN = """\
from nagorik import Accepted, AgencyStatus, FormPart, WireModel, hookimpl


class Filed(WireModel):
    number: str


STATUS = AgencyStatus(state="in_review", raw="NEW")


@hookimpl
async def nagorik_submit(request, context):
    parts = [FormPart("clientReference", request.client_reference)]
    parts += [FormPart(paper.kind, paper, filename=paper.kind) for paper in request.documents]
    filed = await context.http.write("file", "POST", "/copies", parts=parts, expect=Filed)
    return Accepted(reference=filed.number, status=STATUS)


@hookimpl
async def nagorik_get_status(request, context):
    return STATUS

"""
CHILD = """\
import re
import sys

sys.path.insert(0, sys.argv[1])
from nagorik_platform.cli import main

for folder in sys.argv[2:]:
    for words in (["apply", folder], ["worker", "--once"]):
        code = main(words)
        if code:
            raise SystemExit(code)
    # The most that this process ever held; unlike getrusage, it is nothing of the process that began it.
    print("VmHWM", int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024)
"""


class Archive(Simulator):
    """Takes in what comes in parts."""

    plugin_id: ClassVar[str] = "archive"
    modelled: ClassVar[str] = "কল্পিত। / Invented."
    outcomes: ClassVar[tuple[str, ...]] = ("approve",)
    codec: ClassVar[Codec] = Codec(JsonFormat(), requests=[MultipartFormat()])

    def open_office(self) -> None:
        self.filed = 0

    def routes(self):
        return routes_of({"POST /copies": self._file})

    def settings(self, base_url):
        return {"base_url": base_url}

    async def _file(self, request):
        content = await content_of(request)
        self.filed += 1
        self.ledger.record("copy", f"C-{self.filed}", client_reference=text_in(content, "clientReference"))
        return DocumentResponse({"number": f"C-{self.filed}"})


@pytest.fixture
def archive():
    """The agency on a socket of this machine, in a thread, and its address."""
    simulator, loop, stack = Archive(), asyncio.new_event_loop(), AsyncExitStack()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    address = asyncio.run_coroutine_threadsafe(stack.enter_async_context(serve(simulator)), loop).result()
    yield simulator, address
    asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def hand_in(folder, content: bytes) -> None:
    """An application with this paper."""
    folder.mkdir()
    (folder / "drawing.pdf").write_bytes(content)
    given = {
        "service": "archive.copy",
        "applicant": {"name": {"en": "PORIKKHA NAGORIK"}, "birth_date": "1979-03-09"},
        "form": {"number": folder.name},
        "documents": [{"kind": "drawing", "file": "drawing.pdf"}],
        "consent": {"fee_ceiling": {"poisha": 0, "currency": "BDT"}, "days": 365},
    }
    (folder / "application.json").write_text(json.dumps(given), "utf-8")


def carry(tmp_path, sqlite_template, address, papers: dict[str, bytes]) -> int:
    """Hand in each of two papers by itself, and work; the memory in bytes that the second took more."""
    site, place = tmp_path / "site", tmp_path / "place"
    files = {"plugin.toml": MANIFEST, "forms.py": FORMS, "plugin.py": PLUGIN}
    Site(site).install("nagorik-archive", "[nagorik.plugins]\narchive = nagorik_archive.plugin\n", files)
    place.mkdir()
    shutil.copy(sqlite_template, place / "nagorik.db")
    (place / "keys.txt").write_text(make_keys("first"))
    (place / "keys.txt").chmod(0o600)
    (place / "nagorik.toml").write_text(
        'keys_file = "keys.txt"\nallow = ["archive"]\n[plugins.archive]\negress = ["127.0.0.1"]\n'
        f'[plugins.archive.settings]\nbase_url = "{address}"\n'
    )
    for name, content in papers.items():
        hand_in(place / name, content)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(site), *papers],
        cwd=place,
        env={name: value for name, value in os.environ.items() if not name.startswith("NAGORIK_")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = (int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("VmHWM"))
    return second - first


def pdf_of(size: int) -> bytes:
    return b"%PDF-1.7\n" + os.urandom(size - 9)


def test_paper_of_twenty_megabytes_arrives_as_it_was_and_was_never_in_memory(tmp_path, sqlite_template, archive):
    agency, address = archive
    papers = [pdf_of(SMALL), pdf_of(LARGE)]
    more = carry(tmp_path, sqlite_template, address, dict(zip(("small", "large"), papers, strict=True)))
    arrived = [(paper.name, paper.size, paper.sha256) for paper in agency.ledger.papers()]
    assert arrived == [("drawing", len(content), hashlib.sha256(content).hexdigest()) for content in papers]
    assert len(agency.ledger.effects("copy")) == len(papers)
    assert more < ROOM
