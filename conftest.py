"""What every test of the workspace needs."""

import asyncio
import gc
import logging
import os
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog

# pytest-asyncio asks for the present event loop before it makes its own. Unless one was ever set, Python makes one
# for the asking, which nobody closes, and which fails whatever test runs when it is collected.
asyncio.set_event_loop(None)

# Hardly anything of what collecting twenty thousand tests makes is ever garbage: until they are collected, the
# garbage collector would walk through it all again and again and find nothing.
gc.disable()
RARELY = (20_000, 20, 50)
"""How many new objects, and how many of the smaller collections, make a collection of each size due."""

# The folder platform/ has the name of a module of the standard library. pytest would put a package of that name in
# its place when it imports the tests in the folder; what looks like a package already is left alone.
platform.__path__ = [str(Path(__file__).parent / "platform")]  # type: ignore[attr-defined]

# The tests' databases write to what is memory, where the machine has a place for files in it and room there: what
# they wait for is a disk otherwise. A noexec one is of no use, since environments are made there, too.
MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux mounts it
ROOM = 4 << 30
"""Bytes that must be free."""
if "TMPDIR" not in os.environ and MEMORY.is_dir():
    found = os.statvfs(MEMORY)
    if found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

# How long an example takes says more about the machine's other work than about the code. Each run draws others, so
# that few of them in each run are many in a week.
hypothesis.settings.register_profile("workspace", deadline=None, max_examples=40)
hypothesis.settings.load_profile("workspace")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare for simulated time the loops of those tests alone that are marked with ``looptime``.

    A loop that is prepared asks twice for what is ready, and more often what time it is, whether or not its time is
    simulated; and each fixture of each test is looked at to find out whether it makes a loop.
    """
    plugin: Any = config.pluginmanager.getplugin("looptime_plugin")
    makes_loop = plugin._should_patch

    def is_marked(fixturedef: object, request: pytest.FixtureRequest) -> bool:
        return request.node.get_closest_marker("looptime") is not None and makes_loop(fixturedef, request)

    plugin._should_patch = is_marked


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as there are cores: a good part of the tests waits for processes, sockets and instants."""
    return (os.cpu_count() or 1) * 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that take long, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: (item.path.name not in LONGEST, not takes_long(item)))


LONGEST = {"test_documentation.py", "test_campaign.py", "test_every_kind.py"}
"""Modules that take one process minutes."""


def takes_long(item: pytest.Item) -> bool:
    """Whether its module is marked so, or runs the contract suite of a plugin: whose first test carries it all."""
    return item.get_closest_marker("long") is not None or item.path.match("plugins/*/tests/test_contract.py")


def pytest_collection_finish() -> None:
    """Look for garbage once, and from then on only among what the tests themselves make.

    What a test leaves open is found as before, at the latest when the session ends.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*RARELY)
    gc.enable()


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what a test sets up of logging: a command run in this process sets it up for all that follow."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configured, configuration = structlog.is_configured(), structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    if configured:
        structlog.configure(**configuration)
    else:
        structlog.reset_defaults()
