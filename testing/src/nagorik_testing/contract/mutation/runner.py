"""A plugin's score: how many changes of its code are noticed by what proves it.

Each change stands in a copy of the plugin's package, which comes before the installed one on the path of a process of
its own; the simulated agency is the same.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, partial
from itertools import zip_longest
from operator import itemgetter
from pathlib import Path
from random import Random
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


class MutantOutcome(StrEnum):
    """What became of a change."""

    BY_SUITE = "noticed-by-suite"
    BY_TESTS = "noticed-by-own-tests"
    SURVIVED = "survived"
    NOT_RUN = "not-run"
    """It survived, too: nothing runs the lines that it is in."""


@dataclass(frozen=True, slots=True)
class MutantResult:
    """A change and what became of it.

    Attributes:
        mutant: The change.
        diff: The lines that went and came.
        outcome: What became of it.
        noticed_by: The check that failed first; empty if each passed.
    """

    mutant: Mutant
    diff: tuple[str, ...]
    outcome: MutantOutcome
    noticed_by: str = ""

    @property
    def survived(self) -> bool:
        """Whether nothing noticed it."""
        return self.outcome in {MutantOutcome.SURVIVED, MutantOutcome.NOT_RUN}


@dataclass(frozen=True, slots=True)
class MutationReport:
    """What became of the changes of one plugin.

    Attributes:
        results: One for each change that was tried, by file and line.
        possible: How many changes there are in all.
        with_tests: Whether the plugin's own tests were run, too.
        possible_in_data: How many of them are of TOML files.
    """

    results: tuple[MutantResult, ...]
    possible: int
    with_tests: bool
    possible_in_data: int = 0

    @property
    def survivors(self) -> tuple[MutantResult, ...]:
        """Those that nothing noticed."""
        return tuple(result for result in self.results if result.survived)

    @property
    def score(self) -> float:
        """The share that was noticed, from 0 to 1; 1 where there was nothing to change."""
        return 1 - len(self.survivors) / len(self.results) if self.results else 1.0

    def count(self, outcome: MutantOutcome) -> int:
        """Return how many ended so."""
        return sum(result.outcome is outcome for result in self.results)

    def by_operator(self) -> Mapping[MutationOperator, tuple[int, int]]:
        """Return how many of each kind were noticed, and tried."""
        tried = Counter(result.mutant.operator for result in self.results)
        survived = Counter(result.mutant.operator for result in self.survivors)
        return {one: (tried[one] - survived[one], tried[one]) for one in MutationOperator if tried[one]}


def mutate(
    plugin: str,
    number: int | None,
    *,
    tests: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> MutationReport:
    """Change an installed plugin's code in ``number`` ways, each by itself, and see whether anything notices.

    Which ways follows from the code alone: the same code is changed in the same ways, every kind in its turn.

    Args:
        plugin: Its id. Its simulator is installed, too, and is never changed.
        number: How many changes, at least one; all that there are if not given.
        tests: The folder of the plugin's own tests, put to what the suite did not notice, if given.
            ``test_contract.py`` is left out: it is the suite once more.
        progress: Gets how many have been tried, and of how many.

    Raises:
        MutationUnusable: The plugin cannot be looked at, or its own tests fail without any change.
    """
    with TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as threads:
        bench = Workbench(plugin, Path(folder))
        mutants = bench.mutants()
        if tests is not None:
            bench.check_own_tests(tests)
        possible = [mutant for mutant in choose(mutants) if not bench.baseline.is_the_same(mutant)]
        chosen, results = possible[:number], list[MutantResult]()
        progress(0, len(chosen))
        for result in threads.map(partial(bench.try_out, tests=tests), chosen):
            results.append(result)
            progress(len(results), len(chosen))
    ordered = sorted(results, key=lambda result: (result.mutant.path, result.mutant.lines, result.mutant.source))
    in_data = sum(mutant.in_data for mutant in possible)
    return MutationReport(tuple(ordered), len(possible), with_tests=tests is not None, possible_in_data=in_data)


def choose(mutants: Sequence[Mutant]) -> list[Mutant]:
    """Order changes so that any first part has Python and TOML in proportion, and each kind of either alike."""
    placed = []
    for in_data in (False, True):
        group = [mutant for mutant in mutants if mutant.in_data is in_data]
        kinds = [[mutant for mutant in group if mutant.operator is operator] for operator in MutationOperator]
        rng = Random(len(group))  # noqa: S311 - the same code is to be changed in the same ways
        for kind in kinds:
            rng.shuffle(kind)
        turns = (mutant for turn in zip_longest(*kinds) for mutant in turn if mutant is not None)
        placed += [((place + 0.5) / len(group), mutant) for place, mutant in enumerate(turns)]
    return [mutant for _, mutant in sorted(placed, key=itemgetter(0))]


class Workbench:
    """A plugin's code, and the processes that look at it.

    Attributes:
        sources: Every module and data file of the plugin, by its file from the package's folder, without those of
            its simulated agency.
    """

    def __init__(self, plugin: str, folder: Path) -> None:
        """Work in ``folder``, which is empty.

        Raises:
            MutationUnusable: The plugin's code is not on the disk as files.
        """
        self.sources = sources_of(plugin)
        self._plugin, self._package, self._folder = plugin, package_of(plugin), folder

    def mutants(self) -> list[Mutant]:
        """Return every change of the plugin's code, but for the manifest: the claim that the suite proves.

        Raises:
            MutationUnusable: There is none.
        """
        found = list[Mutant]()
        for path, source in self.sources.items():
            if path != MANIFEST_FILE:
                found += (data_mutants_of if path.endswith(".toml") else mutants_of)(path, source)
        if not found:
            raise MutationUnusable(f"plugin {self._plugin} has no code of its own that could be changed")
        return found

    @cached_property
    def baseline(self) -> Baseline:
        """The run of a copy without any change.

        Raises:
            MutationUnusable: The plugin cannot be looked at, or nothing of the copy runs.
        """
        if said := self._look(None, [], seconds=None):
            raise MutationUnusable(f"plugin {self._plugin} cannot be looked at: {said}")
        baseline = BASELINES.validate_json((self._folder / "baseline.json").read_bytes())
        if baseline.reached.keys().isdisjoint(self.sources):
            raise MutationUnusable(f"nothing of the code of plugin {self._plugin} runs in the suite")
        return baseline

    def try_out(self, mutant: Mutant, tests: Path | None = None) -> MutantResult:
        """Have the suite look at a change, and then the plugin's own tests, if given."""
        diff, places = mutant.diff(self.sources[mutant.path]), self.baseline.places_of(mutant)
        usual = sum(self.baseline.parts[place].seconds for place in places)
        if places and (noticed_by := self._look(mutant, places, seconds=_SLOWER * usual + _BEGINNING)):
            return MutantResult(mutant, diff, MutantOutcome.BY_SUITE, noticed_by)
        if tests is not None and self._test(mutant, tests) not in {0, _NO_TESTS}:
            return MutantResult(mutant, diff, MutantOutcome.BY_TESTS)
        return MutantResult(mutant, diff, MutantOutcome.SURVIVED if places else MutantOutcome.NOT_RUN)

    def check_own_tests(self, folder: Path) -> None:
        """See that the plugin's own tests pass without any change.

        Raises:
            MutationUnusable: They do not, or there are no tests.
        """
        if code := self._test(None, folder):
            why = "there are none in that folder" if code == _NO_TESTS else "they fail without any change"
            raise MutationUnusable(f"the own tests of plugin {self._plugin} cannot be used: {why} (see pytest DIR)")

    def _look(self, mutant: Mutant | None, places: Sequence[int], *, seconds: float | None) -> str:
        with self._changed(mutant) as site:
            words = [self._plugin, str(site), str(self._folder / "baseline.json"), *map(str, places)]
            # A folder that is worked in may hold the package without the change, so it is kept off the path.
            _run(site, ["-P", "-m", "nagorik_testing.contract.mutation.look", *words], seconds)
            answer = site / ANSWER
            return answer.read_text("utf-8") if answer.exists() else "the suite comes to no end"

    def _test(self, mutant: Mutant | None, folder: Path) -> int | None:
        words = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--ignore-glob=*test_contract.py", str(folder)]
        with self._changed(mutant) as site:
            return _run(site, words, _LONGEST)

    @contextmanager
    def _changed(self, mutant: Mutant | None) -> Iterator[Path]:
        with TemporaryDirectory(dir=self._folder) as name:
            copy = Path(name).joinpath(*self._package.name.split("."))
            shutil.copytree(self._package.directory, copy, ignore=shutil.ignore_patterns("__pycache__"))
            if mutant is not None:
                (copy / mutant.path).write_text(mutant.source, "utf-8")
            yield Path(name)


def _run(site: Path, words: list[str], seconds: float | None) -> int | None:
    """The exit code of a Python that imports the copy in ``site``; ``None`` where it takes too long."""
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    null = subprocess.DEVNULL
    try:
        return subprocess.run(  # noqa: S603 - Python itself, on a folder that its owner named
            [sys.executable, *words],
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=null,
            stdout=null,
            stderr=null,
            timeout=seconds,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return None


def of_possible(possible: int, in_data: int) -> str:
    """Return how many changes there are, in words."""
    return f"of {possible} possible ({possible - in_data} in Python, {in_data} in TOML)"


def render_mutation(report: MutationReport) -> Iterator[str]:
    """Return the lines of the summary, then each change that nothing noticed, with what it may do to a citizen."""
    tried, noticed = len(report.results), len(report.results) - len(report.survivors)
    own = f", {report.count(MutantOutcome.BY_TESTS)} by its own tests" if report.with_tests else ""
    yield (
        f"Mutation: {noticed} of {tried} changes were noticed ({report.score:.0%}),"
        f" {of_possible(report.possible, report.possible_in_data)}:"
        f" {report.count(MutantOutcome.BY_SUITE)} by the suite{own}"
    )
    width = max((len(operator) for operator in report.by_operator()), default=0)
    for operator, (found, of) in report.by_operator().items():
        yield f"  {operator:<{width}}  {found:>4} of {of}"
    for result in report.survivors:
        mutant = result.mutant
        not_run = ["nothing runs this line"] if result.outcome is MutantOutcome.NOT_RUN else []
        yield from ("", f"survived  {mutant.operator}  {mutant.path}:{mutant.lines[0]}")
        yield from (f"  {line}" for line in (*result.diff, *not_run, mutant.operator.harm))
