"""A pytest plugin: notes which lines of a package each test runs, and passes over tests that are named to it.

It is told what to do by variables of its process, since it is loaded by name into a pytest of its own.
"""

import os
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nagorik_testing.contract.mutation.reached_lines import NOTES, OUTSIDE, PASSED_OVER, WATCHED, write_notes

if TYPE_CHECKING:
    from coverage import Coverage

_watching: pytest.StashKey["Coverage"] = pytest.StashKey()
_ran: pytest.StashKey[set[str]] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Watch from before the first import of the package."""
    package = os.environ.get(WATCHED)
    if package is None:
        return
    from coverage import Coverage

    watched = Coverage(data_file=None, include=[f"{_folder(package)}/*"], config_file=False, messages=False)
    # Contexts change while it runs, which not every way of tracing can follow.
    watched.set_option("run:core", "ctrace")
    watched.start()
    watched.switch_context(OUTSIDE)
    config.stash[_watching] = watched
    config.stash[_ran] = set()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is named; a test that nobody has named yet is run."""
    if PASSED_OVER not in os.environ:
        return
    named = frozenset(Path(os.environ[PASSED_OVER]).read_text("utf-8").splitlines())
    left_out = [item for item in items if _name(item) in named]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _name(item) not in named]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note what one test runs as its own."""
    if (ran := item.config.stash.get(_ran, None)) is not None:
        ran.add(_name(item))
    with _Context(item.config, _name(item)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Note what a fixture of several tests runs as nobody's: the first that asks for it is not the only one."""
    if fixturedef.scope == "function":
        return (yield)
    with _Context(request.config, OUTSIDE):
        return (yield)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write down what was noted."""
    watched = session.config.stash.get(_watching, None)
    if watched is None:
        return
    watched.stop()
    data, folder = watched.get_data(), _folder(os.environ[WATCHED])
    reached = {
        Path(path).relative_to(folder).as_posix(): data.contexts_by_lineno(path) for path in data.measured_files()
    }
    ran = session.config.stash[_ran]
    write_notes(Path(os.environ[NOTES]), ran, reached)


class _Context:
    """The name under which lines are noted, for as long as it is entered."""

    _now = OUTSIDE

    def __init__(self, config: pytest.Config, name: str) -> None:
        self._watched = config.stash.get(_watching, None)
        self._name = name

    def __enter__(self) -> None:
        self._before = _Context._now
        self._switch(self._name)

    def __exit__(self, *_: object) -> None:
        self._switch(self._before)

    def _switch(self, name: str) -> None:
        if self._watched is not None:
            self._watched.switch_context(name)
            _Context._now = name


def _name(item: pytest.Item) -> str:
    """A test's id, with nothing in it that would break a line."""
    return item.nodeid.replace("\n", " ")


def _folder(package: str) -> Path:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise pytest.UsageError(f"the package {package} is not in files")
    return Path(next(iter(found.submodule_search_locations)))
