"""From the command to passing tests, in an environment of its own that sees what this one has installed."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from .conftest import NAMES

pytestmark = pytest.mark.long

COMMAND = """\
import argparse, sys
from nagorik_testing.scaffold.command import command

parser = argparse.ArgumentParser()
command.configure(parser)
sys.exit(command.run(parser.parse_args()))
"""


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The Python of a new environment."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    ours = sysconfig.get_path("purelib")
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    Path(where.stdout.strip(), "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    return python


def _new(python: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-c", COMMAND, *words],
        cwd=python.parents[2],
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_plugin_is_installed_validated_and_tested(python: Path) -> None:
    words = ["wasa", "--kind", "submission", "--idempotency", "client-reference", *NAMES]
    done = _new(python, *words)

    assert done.returncode == 0, done.stdout + done.stderr
    told = [line.split("  ")[1].strip() for line in done.stdout.splitlines() if line.startswith("  ok")]
    assert told == ["ok"] * 4
    assert "  ok      nagorik contract wasa\n" in done.stdout
    assert "  1. read README.md: it lists what is modelled" in done.stdout
    listed = subprocess.run(
        [python, "-c", "from nagorik_platform.cli import main; main(['plugins'])"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "nagorik-wasa" in listed.stdout

    again = _new(python, *words)

    assert again.returncode == 2
    assert "already" in again.stderr
