"""Whoever reads a fact in code, a test or a page can follow it to its source."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.checks.check import Check

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    "core",
    "toolkit",
    "platform",
    "host",
    "testing",
    "simulation",
    "extensions",
    "plugins",
    "tests",
    "docs",
    "examples",
    "benchmarks",
)
KINDS = frozenset({".py", ".pyi", ".toml", ".md", ".jinja", ".html"})
CITED = re.compile(r"docs/[\w/-]+\.md(?:#[\w-]+)?")
LINK = re.compile(r"\]\((?!https?:|mailto:)(?P<path>[^)#\s]*)(?P<anchor>#[^)\s]+)?\)")
FENCED = re.compile(r"^(`{3,}).*?^\1", re.MULTILINE | re.DOTALL)
NOT_TO_BE_FOLLOWED = re.compile(
    r"\[(?:C|C2|M|X)\]"  # a grade without a source
    r"|§ ?[0-9]"  # a section of a document that is not named
    r"|\bF[0-9]{2} of\b"
    r"|\b(?:facts|design)/\w"
    r"|(?<![\w/-])(?:architecture|lifecycle|failure-modes|agencies)\.md(?=[ ,.;)]* ?§)"
)


def texts() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if path.suffix in KINDS)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in KINDS and path.is_file() and path != Path(__file__).resolve():
                yield path


def pages() -> list[Path]:
    return [path for path in texts() if path.suffix == ".md" and "templates" not in path.parts]


@cache
def anchors(page: Path) -> frozenset[str]:
    """What a page can be linked at: the ids that it sets, and its headings as GitHub names them."""
    text = FENCED.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = (re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)
    return frozenset((*re.findall(r'<a id="([^"]+)"></a>', text), *slugs))


def test_every_citation_names_a_page_and_an_anchor_that_exist() -> None:
    lost = []
    for path in texts():
        for cited in CITED.findall(path.read_text("utf-8")):
            page, _, anchor = cited.partition("#")
            there = (ROOT / page).is_file() and (not anchor or anchor in anchors(ROOT / page))
            if not there:
                lost.append(f"{path.relative_to(ROOT)}: {cited}")
    assert lost == []


def test_nothing_is_cited_in_a_form_that_nobody_can_follow() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in texts()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if NOT_TO_BE_FOLLOWED.search(line)
    ]
    assert found == []


def test_links_of_every_page_lead_somewhere() -> None:
    lost = []
    for page in pages():
        for link in LINK.finditer(FENCED.sub("", page.read_text("utf-8"))):
            target = (page.parent / link["path"]).resolve() if link["path"] else page
            anchor = (link["anchor"] or "").removeprefix("#")
            if not target.exists() or (anchor and anchor not in anchors(target)):
                lost.append(f"{page.relative_to(ROOT)}: {link[0]}")
    assert lost == []


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = ROOT / "docs" / "README.md"
    listed = {(contents.parent / link["path"]).resolve() for link in LINK.finditer(contents.read_text("utf-8"))}
    written = {page for page in pages() if (ROOT / "docs") in page.parents and page.parent.name != "checks"}
    assert written - listed == {contents}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_names_the_failures_that_it_stands_for(check: Check) -> None:
    known = anchors(ROOT / "docs" / "reference" / "failure-modes.md")
    assert check.modes
    assert {f"mode-{number}" for number in check.modes} <= known
    assert not re.search(r"\([0-9 ,]+\)", check.why)
