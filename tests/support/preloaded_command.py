"""The command in a process of its own that has imported the libraries already.

Most of what a short command costs is importing them. A process that does nothing else imports them once, and every
command is a fork of it: with its own working directory, environment and output, as it would be typed.
"""

import os
import sys
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryDirectory
from typing import NamedTuple

import nagorik_host.commands
import nagorik_platform.cli
from nagorik_platform.cli import main

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        *(
            f"{package.__name__}.{module.name}"
            for package in (nagorik_platform.cli, nagorik_host.commands)
            for module in iter_modules(package.__path__)
        ),
        # What they import when they first need it.
        "alembic.command",
        "nagorik_host.host",
        "nagorik_host.store.sqlite",
        "nagorik_host.store.upgrade",
        "nagorik_platform.agency_client.client",
        "nagorik_platform.dispatch.dispatcher",
        "nagorik_testing.contract.command",
        "nagorik_simulation.demo.command",
        "nagorik_testing.scaffold.command",
        "nagorik_testing.validation.command",
        "sqlalchemy.dialects.sqlite.pysqlite",
    ]
)
"""No plugin is among them: that a command imports none before it must is what some tests look at."""


class Ended(NamedTuple):
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


def run_command(*words: str, folder: Path, environment: Mapping[str, str] | None = None) -> Ended:
    """Run ``nagorik`` with these words in a folder, and wait for its end."""
    with TemporaryDirectory() as outputs:
        out, err = Path(outputs, "out"), Path(outputs, "err")
        process = FORKS.Process(target=_run, args=(words, folder, dict(environment or os.environ), out, err))
        process.start()
        process.join()
        assert process.exitcode is not None
        return Ended(process.exitcode, out.read_text("utf-8"), err.read_text("utf-8"))


def _run(words: tuple[str, ...], folder: Path, environment: dict[str, str], out: Path, err: Path) -> None:
    for number, path in ((1, out), (2, err)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(descriptor, number)
        os.close(descriptor)
    # Importing the core has said this to pydantic, once for the process.
    said = {name: os.environ[name] for name in ("PYDANTIC_DISABLE_PLUGINS",) if name in os.environ}
    os.environ.clear()
    os.environ.update(said | environment)
    os.chdir(folder)
    sys.path[:0] = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.argv = ["nagorik", *words]
    raise SystemExit(main(list(words)))
