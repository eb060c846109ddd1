"""Copies of a plugin's package with one change each, and the processes that import them.

A copy comes before the installed package on the path of its process alone; the simulated agency is the same.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from nagorik.manifest import MANIFEST_FILE
from nagorik_testing.contract.mutation.data_operators import data_mutants_of
from nagorik_testing.contract.mutation.look import ANSWER, BASELINES, Baseline
from nagorik_testing.contract.mutation.operators import Mutant, MutationOperator, mutants_of
from nagorik_testing.contract.mutation.plugin_code import MutationUnusable, package_of, sources_of

_SLOWER: Final = 10.0
"""How many times as long as without a change a part may take: the machine may have become busy meanwhile."""
_BEGINNING: Final = 60.0
"""Seconds that a process may take until it has imported everything."""
_LONGEST: Final = 600.0
"""Seconds that a plugin's own tests may take."""
_NO_TESTS: Final = 5
"""The exit code of pytest where it ran no test."""


class Workbench:
    """A plugin's code, and the processes that look at it.

    Attributes:
        plugin: The plugin's id.
        sources: Every module and data file of the plugin, by its file from the package's folder, without those of
            its simulated agency.
    """

    def __init__(self, plugin: str, folder: Path) -> None:
        """Work in ``folder``, which is empty.

        Raises:
            MutationUnusable: The plugin's code is not on the disk as files.
        """
        self.plugin = plugin
        self.sources = sources_of(plugin)
        self._package = package_of(plugin)
        self._folder = folder
        self._file = folder / "baseline.json"

    def mutants(self) -> list[Mutant]:
        """Every change of the plugin's code, but for the manifest: the claim that the suite holds the plugin against.

        Raises:
            MutationUnusable: There is none.
        """
        found = list[Mutant]()
        for path, source in self.sources.items():
            if path != MANIFEST_FILE:
                found += (data_mutants_of if path.endswith(".toml") else mutants_of)(path, source)
        if not found:
            raise MutationUnusable(f"plugin {self.plugin} has no code of its own that could be changed")
        return found

    @cached_property
    def baseline(self) -> Baseline:
        """The run of a copy without any change.

        Raises:
            MutationUnusable: The plugin cannot be looked at, or nothing of the copy runs.
        """
        with self._changed(None) as site:
            said = self._look(site, (), seconds=None)
        if said:
            raise MutationUnusable(f"plugin {self.plugin} cannot be looked at: {said}")
        baseline = BASELINES.validate_json(self._file.read_bytes())
        if baseline.reached.keys().isdisjoint(self.sources):
            raise MutationUnusable(f"nothing of the code of plugin {self.plugin} runs in the suite")
        return baseline

    def noticed(self, mutant: Mutant) -> str:
        """The id of the check that fails with the change; empty where every check passes."""
        places = self.baseline.parts_at(mutant)
        if not places:
            return ""
        usual = sum(self.baseline.seconds[place] for place in places)
        with self._changed(mutant) as site:
            return self._look(site, places, seconds=_SLOWER * usual + _BEGINNING)

    def _look(self, site: Path, places: tuple[int, ...], *, seconds: float | None) -> str:
        words = [self.plugin, str(site), str(self._file), *map(str, places)]
        # A folder that is worked in may hold the package without the change, so it is kept off the path.
        self._run(site, ["-P", "-m", "nagorik_testing.contract.mutation.look", *words], seconds)
        answer = site / ANSWER
        return answer.read_text("utf-8") if answer.exists() else "the suite comes to no end"

    def check_own_tests(self, folder: Path) -> None:
        """See that the plugin's own tests pass without any change, and import the copy that changes stand in.

        Raises:
            MutationUnusable: They do not, or there are no tests.
        """
        broken = (Mutant(path, MutationOperator.WORD, (1, 1), "", "raise ImportError\n") for path in self.sources)
        code = self._test(None, folder)
        if code == _NO_TESTS:
            why = "there are none in that folder"
        elif code:
            why = "they fail without any change (see pytest DIR)"
        elif not any(self.fails_own_tests(mutant, folder) for mutant in broken):
            why = (
                "they do not notice when its modules cannot be imported, so they test another copy of them"
                " (see pythonpath, conftest.py and PYTHONPATH)"
            )
        else:
            return
        raise MutationUnusable(f"the own tests of plugin {self.plugin} cannot be used: {why}")

    def fails_own_tests(self, mutant: Mutant, folder: Path) -> bool:
        """Whether the plugin's own tests notice a change; tests that come to no end do."""
        return self._test(mutant, folder) not in {0, _NO_TESTS}

    def _test(self, mutant: Mutant | None, folder: Path) -> int | None:
        words = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--ignore-glob=*test_contract.py", str(folder)]
        with self._changed(mutant) as site:
            return self._run(site, words, _LONGEST)

    @contextmanager
    def _changed(self, mutant: Mutant | None) -> Iterator[Path]:
        with TemporaryDirectory(dir=self._folder) as name:
            copy = Path(name).joinpath(*self._package.name.split("."))
            shutil.copytree(self._package.directory, copy, ignore=shutil.ignore_patterns("__pycache__"))
            if mutant is not None:
                (copy / mutant.path).write_text(mutant.source, "utf-8")
            yield Path(name)

    @staticmethod
    def _run(site: Path, words: list[str], seconds: float | None) -> int | None:
        """The exit code of a Python that imports the copy in ``site``; ``None`` where it takes too long."""
        path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
        try:
            return subprocess.run(  # noqa: S603 - Python itself, on a folder that its owner named
                [sys.executable, *words],
                env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return None
