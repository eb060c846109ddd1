"""A pytest plugin: notes which lines of a package each test runs, and passes over tests that are named to it.

It is told what to do by variables of its process, since it is loaded by name into a pytest of its own.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from nagorik_testing.contract.mutation.reached_lines import (
    NOTES,
    OUTSIDE,
    PASSED_OVER,
    WATCHED,
    end_watch,
    watch,
    write_notes,
)


def pytest_configure(config: pytest.Config) -> None:
    """Watch from before the first import of the package."""
    package = os.environ.get(WATCHED)
    if package is not None:
        config.pluginmanager.register(_LineWatch(_folder(package)))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is named; a test that nobody has named yet is run."""
    if PASSED_OVER not in os.environ:
        return
    named = frozenset(Path(os.environ[PASSED_OVER]).read_text("utf-8").splitlines())
    left_out = [item for item in items if _name(item) in named]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _name(item) not in named]


class _LineWatch:
    """Notes which lines each test runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._watched = watch(folder, OUTSIDE)
        self._now, self._ran = OUTSIDE, set[str]()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Note what one test runs as its own."""
        self._ran.add(_name(item))
        with self._noting(_name(item)):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        """Note what a fixture of several tests runs as no test's: the first that asks for it is not the only one."""
        with self._noting(self._now if fixturedef.scope == "function" else OUTSIDE):
            return (yield)

    def pytest_sessionfinish(self) -> None:
        """Write down what was noted."""
        write_notes(Path(os.environ[NOTES]), self._ran, end_watch(self._watched, self._folder))

    @contextmanager
    def _noting(self, name: str) -> Iterator[None]:
        before, self._now = self._now, name
        self._watched.switch_context(name)
        try:
            yield
        finally:
            self._now = before
            self._watched.switch_context(before)


def _name(item: pytest.Item) -> str:
    """A test's id, with nothing in it that would break a line."""
    return item.nodeid.replace("\n", " ")


def _folder(package: str) -> Path:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise pytest.UsageError(f"the package {package} is not in files")
    return Path(next(iter(found.submodule_search_locations)))
