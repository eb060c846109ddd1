"""Runs what the documentation shows: every code block and every command of README.md, docs/ and the host's README.

In one document, in order and in one empty folder: a block with ``title="path"`` is a file and is written there;
other Python blocks are executed; ``console`` blocks are run, and what they print must match what is shown, where
``…`` alone on a line stands for any lines and ``…`` inside a line for any text. Other languages are only prose.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from preloaded_command import Ended, run_command
from sybil import Document, Example, Region, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.abstract.lexers import LexerCollection
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parent.parent
INFO = re.compile(r'(?P<language>[a-z]+)(?: title="(?P<title>[^"]+)")?(?P<quiet> not-run)?$\n', re.MULTILINE)
PLAIN = re.compile(r"nagorik [^$&|;<>()*`\\]+")
"""A command that needs nothing of a shell but its quotes."""
DIRECTORY = "documentation folder"


def fenced_blocks(document: Document) -> Iterator[Region]:
    """Every fenced block that can be run or written, as Sybil wants it."""
    for region in LexerCollection([RawFencedCodeBlockLexer(INFO)])(document):
        language, title = region.lexemes["language"], region.lexemes["title"]
        if region.lexemes["quiet"]:
            continue
        region.parsed = (title, region.lexemes["source"])
        if title:
            region.evaluator = write_file
        elif language == "python":
            region.parsed = region.lexemes["source"]
            region.evaluator = PythonEvaluator()
        elif language == "console":
            region.evaluator = run_commands
        else:
            continue
        yield region


def write_file(example: Example) -> None:
    """Write a titled block into the document's folder."""
    title, source = example.parsed
    path = Path(example.namespace[DIRECTORY]) / title
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(source), "utf-8")


def run_commands(example: Example) -> str | None:
    """Run each ``$ command`` of a block and compare what it prints with the lines that follow it."""
    shown: list[tuple[str, list[str]]] = []
    for line in str(example.parsed[1]).splitlines():
        if line.startswith("$ "):
            shown.append((line.removeprefix("$ "), []))
        else:
            shown[-1][1].append(line.rstrip())
    for command, expected in shown:
        printed = _printed(command, Path(example.namespace[DIRECTORY]))
        if expected and not _matches(expected, printed):
            return f"$ {command}\nshown:\n{chr(10).join(expected)}\n\nprinted:\n{chr(10).join(printed)}"
    return None


def _printed(command: str, folder: Path) -> list[str]:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder / "installed"),
        "COLUMNS": "120",
        "NO_COLOR": "1",
    }
    done: Ended | subprocess.CompletedProcess[str]
    if PLAIN.fullmatch(command):
        done = run_command(*shlex.split(command)[1:], folder=folder, environment=environment)
    else:
        done = subprocess.run(  # noqa: S602 - the documentation's own commands, as a reader would type them
            command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    return [line.rstrip() for line in (done.stdout + done.stderr).splitlines()]


def _matches(expected: list[str], printed: list[str]) -> bool:
    pattern = "\n".join(
        r"(?:.*\n)*?.*" if line.strip() == "…" else ".*?".join(map(re.escape, line.split("…"))) for line in expected
    )
    return re.fullmatch(pattern, "\n".join(printed)) is not None


PAGES = [
    ROOT / "README.md",
    *(ROOT / "host" / "README.md", ROOT / "simulation" / "README.md", *ROOT.glob("extensions/*/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
RUNNABLE = [page for page in PAGES if any(fenced_blocks(Document(page.read_text("utf-8"), str(page))))]
"""The others are prose."""


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page_does_what_it_shows(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    document = Sybil(parsers=[fenced_blocks], patterns=["*.md"], path=str(ROOT)).parse(page)
    document.namespace[DIRECTORY] = str(tmp_path)
    for example in document.examples():
        example.evaluate()


def test_no_page_makes_keys_that_others_can_read_for_a_moment() -> None:
    pages = {page: page.read_text("utf-8") for page in PAGES}
    assert [page for page, text in pages.items() if re.search(r"nagorik keys (?:new|add)\b[^\n&|]*>", text)] == []


def test_readme_says_how_to_call_nagorik_before_it_does() -> None:
    before, _, _ = (ROOT / "README.md").read_text("utf-8").partition("$ nagorik")
    assert "$ . .venv/bin/activate\n" in before
