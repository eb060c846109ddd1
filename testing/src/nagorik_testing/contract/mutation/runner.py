"""A plugin's score: how many changes of its code are noticed by what proves it."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from operator import itemgetter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from nagorik_testing.contract.mutation.operators import Mutant, MutationOperator
from nagorik_testing.contract.mutation.workbench import Workbench


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
        noticed_by: The check that failed first; empty if none did.
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
        """How many ended so."""
        return sum(result.outcome is outcome for result in self.results)

    def by_operator(self) -> Mapping[MutationOperator, tuple[int, int]]:
        """How many of each kind were noticed, and tried."""
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
        progress: Hears how many have been tried, and of how many.

    Raises:
        MutationUnusable: The plugin cannot be looked at, or its own tests fail without any change.
    """
    with TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as threads:
        bench = Workbench(plugin, Path(folder))
        mutants = bench.mutants()
        if tests is not None:
            bench.check_own_tests(tests)
        possible = [mutant for mutant in choose(mutants, len(mutants)) if not bench.baseline.is_the_same(mutant)]
        trials = [threads.submit(_try, bench, tests, mutant) for mutant in possible[:number]]
        progress(0, len(trials))
        try:
            for done, trial in enumerate(as_completed(trials), start=1):
                trial.result()
                progress(done, len(trials))
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    results = [trial.result() for trial in trials]
    ordered = sorted(results, key=lambda result: (result.mutant.path, result.mutant.lines, result.mutant.source))
    in_data = sum(mutant.in_data for mutant in possible)
    return MutationReport(tuple(ordered), len(possible), with_tests=tests is not None, possible_in_data=in_data)


def choose(mutants: Sequence[Mutant], number: int) -> list[Mutant]:
    """So many of the changes: of Python and of TOML in proportion, and of each kind of either alike."""
    groups = [_in_turns([mutant for mutant in mutants if mutant.in_data is in_data]) for in_data in (False, True)]
    placed = [((place + 0.5) / len(group), mutant) for group in groups for place, mutant in enumerate(group)]
    return [mutant for _, mutant in sorted(placed, key=itemgetter(0))][:number]


def _in_turns(mutants: Sequence[Mutant]) -> list[Mutant]:
    kinds = [[mutant for mutant in mutants if mutant.operator is operator] for operator in MutationOperator]
    rng = Random(len(mutants))  # noqa: S311 - the same code is to be changed in the same ways
    for kind in kinds:
        rng.shuffle(kind)
    return [mutant for turn in zip_longest(*kinds) for mutant in turn if mutant is not None]


def _try(bench: Workbench, tests: Path | None, mutant: Mutant) -> MutantResult:
    diff = mutant.diff(bench.sources[mutant.path])
    if noticed_by := bench.noticed(mutant):
        return MutantResult(mutant, diff, MutantOutcome.BY_SUITE, noticed_by)
    if tests is not None and bench.fails_own_tests(mutant, tests):
        return MutantResult(mutant, diff, MutantOutcome.BY_TESTS)
    run = bench.baseline.parts_at(mutant)
    return MutantResult(mutant, diff, MutantOutcome.SURVIVED if run else MutantOutcome.NOT_RUN)


def of_possible(possible: int, in_data: int) -> str:
    """How many changes there are, in words."""
    return f"of {possible} possible ({possible - in_data} in Python, {in_data} in TOML)"


def render_mutation(report: MutationReport) -> Iterator[str]:
    """The lines of the summary, then each change that nothing noticed, with what it may do to a citizen."""
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
        place = f"{mutant.path}:{mutant.lines[0]}" + (f"  in {mutant.within}" if mutant.within else "")
        yield ""
        yield f"survived  {mutant.operator}  {place}"
        yield from (f"  {line}" for line in result.diff)
        if result.outcome is MutantOutcome.NOT_RUN:
            yield "  nothing runs this line"
        yield f"  {mutant.operator.harm}"
