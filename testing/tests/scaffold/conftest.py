"""A workspace like this repository's, with every kind of plugin written into it and installed beside it."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from nagorik_testing.scaffold.command import NewCommand

ROOT = Path(__file__).resolve().parents[3]

NAMES = [
    *("--name-en", "Water Authority", "--name-bn", "পানি কর্তৃপক্ষ"),
    *("--service-slug", "new-connection", "--service-en", "New connection", "--service-bn", "নতুন সংযোগ"),
    *("--as-of", "2026-11-24"),
]
CLASSES = ("client-reference", "native", "none")

# At agencies with an interface of their own every kind meets every class of idempotency, JSON and two other formats.
WIRES = {
    ("client-reference", False): ("--wire", "own-json"),
    ("native", False): ("--wire", "xml"),
    ("none", False): ("--wire", "multipart"),
    ("client-reference", True): ("--wire", "own-json"),
    ("native", True): ("--wire", "soap", "--fee-due", "after"),
    ("none", True): ("--wire", "xml"),
}
# An id that sorts before and one that sorts behind the testing kit's own name, and one of the longest that there are.
KINDS = {
    "asked-once": ["--kind", "read-only"],
    "filed": ["--kind", "submission"],
    "xpaid": ["--kind", "submission-and-payment", "--idempotency", "client-reference"],
    "xasked-json": ["--kind", "read-only", "--wire", "own-json"],
    **{f"filed-{each}": ["--kind", "submission", "--idempotency", each, *WIRES[each, False]] for each in CLASSES},
    **{
        f"xpaid-{each}": ["--kind", "submission-and-payment", "--idempotency", each, *WIRES[each, True]]
        for each in CLASSES
    },
    **{
        f"gate-{each}-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"[:40]: [
            *("--kind", "gateway", "--idempotency", each, *WIRES[each, True])
        ]
        for each in CLASSES
    },
    "xearly": ["--kind", "submission-and-payment", "--fee-due", "before"],
    "xsession-soap": [
        *("--kind", "submission", "--idempotency", "client-reference", "--wire", "soap", "--session", "cookie"),
    ],
    "asked-soap": ["--kind", "read-only", "--wire", "soap"],
    "asked-xml": ["--kind", "read-only", "--wire", "xml"],
    "xasked-form": ["--kind", "read-only", "--wire", "form"],
    "xpaid-form": [
        *("--kind", "submission-and-payment", "--idempotency", "client-reference", "--wire", "form"),
        *("--session", "cookie"),
    ],
    "gate-json": ["--kind", "gateway", "--idempotency", "native"],
    "gate-multipart": ["--kind", "gateway", "--idempotency", "native", "--wire", "multipart"],
}
DATA = ("asked-once", "filed", "xpaid", "xearly")
"""What is data and one class, over the reference interface."""

BUILD = """
import os
import sys
from hatchling.build import build_wheel

wheels, *projects = sys.argv[1:]
for project in projects:
    os.chdir(project)
    build_wheel(wheels)
"""
"""What pip does with each project in two processes of its own, in one for all."""

New = Callable[..., int]


@pytest.fixture(scope="session")
def new() -> New:
    """Runs the command with words as they are typed; nothing is installed."""

    def run(*words: str) -> int:
        parser = argparse.ArgumentParser()
        command = NewCommand()
        command.configure(parser)
        return command.run(parser.parse_args([*words, "--no-install"]))

    return run


@dataclass(frozen=True)
class Workspace:
    """What all kinds were written into, and what of them was installed from their wheels."""

    root: Path
    installed: Path
    wheels: Path

    def plugin(self, plugin_id: str) -> Path:
        return self.root / "plugins" / plugin_id

    def install(self, projects: Iterable[Path]) -> None:
        """Install projects from their wheels."""
        subprocess.run([sys.executable, "-c", BUILD, str(self.wheels), *map(str, projects)], check=True)
        wheels = map(str, self.wheels.iterdir())
        self.run("pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(self.installed), *wheels)

    def run_tests(self, projects: Iterable[Path], alone: Path) -> int:
        """Run the tests of installed projects with no source tree near; the number that pass, where none fails."""
        for project in projects:
            shutil.copytree(project / "tests", alone / project.name / "tests")
        options = ("--import-mode=importlib", "--rootdir", str(alone), "--override-ini", "addopts=")
        quiet = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "asyncio_mode=auto")
        passed = re.search(r"(\d+) passed", self.run("pytest", *quiet, *options, str(alone), cwd=alone))
        assert passed is not None
        return int(passed[1])

    def run(self, *command: str, cwd: Path | None = None, expected: int = 0, **environment: str) -> str:
        """Run a tool of this environment in the workspace; its output, once it ended with the code ``expected``."""
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=cwd or self.root,
            env={**os.environ, "PYTHONPATH": str(self.installed), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory, new: New) -> Workspace:
    root = tmp_path_factory.mktemp("workspace")
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, root)
    for name in ("core", "toolkit", "platform", "testing"):
        (root / name).symlink_to(ROOT / name)
    (root / "plugins").mkdir()
    made = Workspace(root, root / "installed", root / "wheels")
    for plugin_id, words in KINDS.items():
        assert new(plugin_id, *words, *NAMES, "--directory", str(made.plugin(plugin_id))) == 0
    made.install([made.plugin(plugin_id) for plugin_id in KINDS])
    return made
