"""What is done with a plugin that was just written, each thing in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_NAGORIK: Final = (sys.executable, "-c", "import sys; from nagorik_platform.cli import main; sys.exit(main())")
_BACKEND: Final = ("hatchling", "editables")
_SHOWN: Final = 4000
"""Characters of a failed command's output that are shown, from its end."""


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that was done."""

    what: str
    """As its author would type it."""
    well: bool
    output: str = ""
    """What it printed, where it failed."""


def first_run(plugin: str, target: Path) -> Iterator[Done]:
    """Install the plugin into the running environment, validate it, prove it and run its tests; ends at what fails.

    Without network where the build backend is installed already.
    """
    offline = ["--no-build-isolation"] if all(find_spec(name) for name in _BACKEND) else []
    pip = ["pip", "install", "--quiet", "--disable-pip-version-check", *offline, "--editable", f"{target}[tests]"]
    for words, command in (
        (f"pip install --editable '{target}[tests]'", [sys.executable, "-m", *pip]),
        (f"nagorik validate {target} --run", [*_NAGORIK, "validate", str(target), "--run"]),
        (f"nagorik contract {plugin}", [*_NAGORIK, "contract", plugin]),
        (f"pytest {target}", [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]),
    ):
        done = _do(words, command, target)
        yield done
        if not done.well:
            return


def _do(words: str, command: list[str], folder: Path) -> Done:
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(  # noqa: S603 - this Python with words of our own, and no shell
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return Done(words, ended.returncode == 0, "" if ended.returncode == 0 else ended.stdout[-_SHOWN:])
