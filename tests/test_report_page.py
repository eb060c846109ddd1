"""The report of a real run in a real browser: Chromium, headless, without a network.

Where no Chromium is installed the tests are skipped, unless ``NAGORIK_BROWSER=required`` says that one must be there.
"""

import asyncio
import json
import os
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from nagorik.operations import Idempotency, Operation
from nagorik_cashdesk.simulator import CashDeskSimulator
from nagorik_nid.simulator import NidSimulator
from nagorik_platform.registry import Registry
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.render_page import render_page
from nagorik_testing.contract.report import Report
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.suite import run_suite
from nagorik_testing.contract.waivers import judge

DAY = date(2026, 11, 24)
LINES = 300
BROWSERS_OWN = "not an origin"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
REQUIRED = os.environ.get("NAGORIK_BROWSER") == "required"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(BROWSER is None and not REQUIRED, reason="no Chromium is installed"),
]


@dataclass(frozen=True)
class Visit:
    """What a browser made of a page."""

    printed: str
    said: str
    requested: tuple[str, ...]


Open = Callable[..., Visit]


@pytest.fixture
def visit(tmp_path: Path) -> Open:
    def open_page(page: Path, *flags: str) -> Visit:
        assert BROWSER is not None, "NAGORIK_BROWSER=required, and no Chromium is installed"
        traffic = tmp_path / "traffic.json"
        done = subprocess.run(
            [
                BROWSER,
                *FLAGS,
                f"--user-data-dir={tmp_path / 'profile'}",
                f"--log-net-log={traffic}",
                *flags,
                page.as_uri(),
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return Visit(done.stdout, done.stderr, requested_in(json.loads(traffic.read_text("utf-8"))))

    return open_page


def requested_in(log: dict[str, Any]) -> tuple[str, ...]:
    """The addresses elsewhere that the page asked for. What a browser asks for itself has no origin."""
    found = [event.get("params", {}) for event in log["events"]]
    asked = {each["url"] for each in found if each.get("initiator", BROWSERS_OWN) != BROWSERS_OWN and "url" in each}
    return tuple(sorted(url for url in asked if not url.startswith(("file:", "data:"))))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cash desk's report."""
    subject = Subject.installed(CashDeskSimulator)
    judgement = judge(asyncio.run(run_suite(subject, checks=CHECKS)), (), on=DAY)
    return written(Report(subject, judgement, on=DAY, seconds=1.0), tmp_path_factory)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the NID plugin, if it said that the EC honours a key on an application."""
    honest = Subject.installed(NidSimulator)
    service = next(service for service in honest.manifest.services if service.id == "nid.migration")
    claimed = service.model_copy(update={"writes": {**service.writes, Operation.SUBMIT: Idempotency.NATIVE}})
    manifest = honest.manifest.model_copy(update={"services": (claimed,)})
    record = honest.registry.record("nid")
    assert record is not None
    subject = replace(honest, registry=Registry([replace(record, manifest=manifest)]), manifest=manifest)
    results = asyncio.run(run_suite(subject, families={"submission"}, checks=()))
    judgement = judge(replace(results, families=None), (), on=DAY)
    return written(Report(subject, judgement, on=DAY, seconds=1.0), tmp_path_factory)


def written(report: Report, folder: pytest.TempPathFactory) -> Path:
    path = folder.mktemp("report") / "report.html"
    path.write_text(render_page(report), "utf-8")
    return path


class Text(HTMLParser):
    """The text of a document by the element that it stands in, and its elements' classes."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.classes: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.classes += (dict(attrs).get("class") or "").split()

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


def test_a_page_that_asks_for_something_elsewhere_is_noticed(visit: Open, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<script>console.error("noticed")</script><img src="http://fonts.example/x.png">', "utf-8")
    seen = visit(page, "--dump-dom")
    assert seen.requested == ("http://fonts.example/x.png",)
    assert "CONSOLE" in seen.said


def test_report_of_a_good_plugin_is_read_in_a_browser(visit: Open, good: Path) -> None:
    seen = visit(good, "--dump-dom")
    page = Text(seen.printed)
    assert "L3 payment" in page.text
    assert "Proved: nothing fails" in page.text
    passed = re.search(r"✓ (\d+) of (\d+) checks passed", page.text)
    assert passed is not None
    assert passed[1] == passed[2] != "0"
    assert "সেবা কেন্দ্রের ক্যাশ কাউন্টার" in page.text
    assert "modelled , not known: this is no proof against the agency itself" in page.text
    assert "failure" not in page.classes
    assert seen.requested == ()
    assert "CONSOLE" not in seen.said


def test_failures_are_read_first_with_what_to_do(visit: Open, bad: Path) -> None:
    seen = visit(bad, "--dump-dom")
    page = Text(seen.printed)
    assert "Not proved:" in page.text
    assert page.classes.count("failure") == 1
    assert page.classes.count("consequence") > 3
    assert re.search(r"\d+ dependent failures", page.text)
    assert "submit/F02" in page.text
    assert "the citizen is registered twice" in page.text
    assert "have registered people twice by sending again" in page.text  # the explanation is on the page itself
    assert seen.requested == ()
    assert "CONSOLE" not in seen.said


@pytest.mark.parametrize(
    ("which", "width", "colours"),
    [("good", 1280, "light"), ("good", 500, "dark"), ("bad", 1280, "dark"), ("bad", 500, "light")],
)
def test_page_is_drawn_in_either_light_at_any_width(
    visit: Open, request: pytest.FixtureRequest, tmp_path: Path, which: str, width: int, colours: str
) -> None:
    picture = tmp_path / f"{which}-{width}-{colours}.png"
    scheme = f"--blink-settings=preferredColorScheme={int(colours == 'light')}"
    seen = visit(request.getfixturevalue(which), f"--screenshot={picture}", f"--window-size={width},2000", scheme)
    wide, high, pixels = read_png(picture)
    assert (wide, high) == (width, 2000)
    assert len(set(pixels)) > 20
    corner = pixels[0]
    assert (sum(corner[:3]) > 600) == (colours == "light")
    assert seen.requested == ()


def read_png(path: Path) -> tuple[int, int, list[bytes]]:
    """Width, height and first pixels of a picture as Chromium writes it: 8 bits, RGB or RGBA, not interlaced."""
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, packed, width, height, depth = 8, b"", 0, 0, 0
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, bits, colour = struct.unpack(">IIBB", body[:10])
            assert bits == 8
            depth = {2: 3, 6: 4}[colour]
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    return width, height, unfiltered(zlib.decompress(packed), width, depth)


def unfiltered(raw: bytes, width: int, depth: int) -> list[bytes]:
    """The pixels of the first lines: the headline and what is beside it."""
    stride, pixels = width * depth, []
    above = bytes(stride)
    for line in range(LINES):
        start = line * (stride + 1)
        above = unfilter(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), above, depth)
        pixels += [above[at : at + depth] for at in range(0, stride, depth)]
    return pixels


def unfilter(kind: int, line: bytearray, above: bytes, depth: int) -> bytes:
    for at in range(len(line)):
        left = line[at - depth] if at >= depth else 0
        up = above[at]
        corner = above[at - depth] if at >= depth else 0
        line[at] = (line[at] + predicted(kind, left, up, corner)) & 255
    return bytes(line)


def predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 3:
        return (left + up) // 2
    if kind == 4:
        guess = left + up - corner
        distances = ((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))
        return min(distances)[2]
    return (0, left, up)[kind]
