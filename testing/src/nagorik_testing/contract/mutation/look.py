"""One look at a plugin, in a process of its own: what each part of the suite runs, or which check notices a change.

Run as ``python -m nagorik_testing.contract.mutation.look ID SITE BASELINE [PLACE …]``. ``SITE`` holds a copy of the
plugin's package and gets the file ``answer``. Without places of parts, the baseline is written.
"""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from nagorik import Operation
from nagorik.operations import Idempotency
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.form_variations import forget_variations
from nagorik_testing.contract.mutation.operators import Mutant, MutationOperator
from nagorik_testing.contract.mutation.plugin_code import package_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.suite import CheckResult, keep_quiet, play_checks, play_operation
from nagorik_testing.simulator.base import installed_simulators, load_simulator

ANSWER: Final = "answer"
"""The file beside the copied package; empty where nothing failed."""
IMPORT: Final = -1
"""Stands among the parts for what runs when the plugin is imported, and so before each of them."""


@dataclass(frozen=True, slots=True)
class SuitePart:
    """The fault matrix of one operation, or one check, of all services and gateways.

    Attributes:
        check: The check's id; the operation's name for its matrix.
        operation: Whose matrix it is; ``None`` for a check.
        is_safe: Whether all that it writes is declared ``safe``.
        seconds: How long it took without a change.
    """

    check: str
    operation: Operation | None = None
    is_safe: bool = False
    seconds: float = 0.0

    def run(self, subject: Subject) -> list[CheckResult]:
        """Return what is found; nothing that another part has read or sought is used."""
        forget_variations()
        subject = replace(subject, waits={}, seen={})
        if self.operation is None:
            return asyncio.run(play_checks(subject, [check for check in CHECKS if check.id == self.check]))
        return asyncio.run(play_operation(subject, self.operation, traced=False))


@dataclass(frozen=True, slots=True)
class Baseline:
    """The run without any change.

    Attributes:
        parts: All parts of the suite.
        failing: Checks and offers that fail without any change.
        reached: By file, from the package's folder, and line: which parts run it, by their places.
    """

    parts: tuple[SuitePart, ...]
    failing: frozenset[tuple[str, str | None]]
    reached: Mapping[str, Mapping[int, frozenset[int]]]

    def is_the_same(self, mutant: Mutant) -> bool:
        """Return whether a change is none: to the core a write of an operation that is ``safe`` is a read."""
        played = [part for part in map(self.parts.__getitem__, self.places_of(mutant)) if part.operation]
        is_read = mutant.operator is MutationOperator.WRITE_AS_READ
        return is_read and bool(played) and all(part.is_safe for part in played)

    def places_of(self, mutant: Mutant) -> list[int]:
        """Places of the parts that run any of the changed lines, the quickest first; all of them read a data file."""
        lines, (first, last) = self.reached.get(mutant.path, {}), mutant.lines
        hit = {place for line, places in lines.items() if first <= line <= last for place in places}
        wanted = range(len(self.parts)) if mutant.in_data or IMPORT in hit else hit
        return sorted(wanted, key=lambda place: self.parts[place].seconds)


BASELINES: Final = TypeAdapter(Baseline)
"""Reads and writes a baseline as JSON."""


def parts_of(subject: Subject) -> Iterator[SuitePart]:
    """Return all parts of a plugin's run; together they are the whole suite.

    A part whose operation is no write is safe where all writes are: it may begin with one of them.
    """
    kinds: defaultdict[Operation, set[Idempotency]] = defaultdict(set)
    for offer in subject.manifest.offers:
        for operation in subject.callable_operations(offer):
            kinds[operation].update([offer.writes[operation]] if operation in offer.writes else offer.writes.values())
    for operation, of_writes in sorted(kinds.items()):
        yield SuitePart(operation.value, operation, of_writes <= {Idempotency.SAFE})
    for check in CHECKS:
        yield SuitePart(check.id)


def measure(plugin: str, folder: Path) -> Baseline:
    """Run every part without any change, and note which lines of the modules in ``folder`` it runs.

    Raises:
        LookupError: The plugin is quarantined; the text says why.
    """
    from coverage import Coverage

    watched = Coverage(data_file=None, include=[f"{folder}/*"], config_file=False, messages=False)
    # Contexts change while it runs, which not every way of tracing can follow.
    watched.set_option("run:core", "ctrace")
    # Before the simulator is imported, which may import modules of the plugin.
    watched.start()
    watched.switch_context(str(IMPORT))
    subject = _subject(plugin)
    parts = list(parts_of(subject))
    subject.registry.activate(plugin)
    failing = set[tuple[str, str | None]]()
    for place, part in enumerate(parts):
        watched.switch_context(str(place))
        began = time.perf_counter()
        failing |= {(one.finding.check, one.finding.offer) for one in part.run(subject) if one.finding.failed}
        parts[place] = replace(part, seconds=time.perf_counter() - began)
    watched.stop()
    data = watched.get_data()
    reached = {
        Path(file).relative_to(folder).as_posix(): {
            line: frozenset(map(int, filter(None, contexts)))
            for line, contexts in data.contexts_by_lineno(file).items()
        }
        for file in data.measured_files()
    }
    return Baseline(tuple(parts), frozenset(failing), reached)


def prove(plugin: str, baseline: Baseline, places: Iterable[int]) -> str:
    """Return the check that fails first, and did not without the change; an empty text if every check passes."""
    try:
        subject = _subject(plugin)
    except LookupError:
        return "the plugin cannot be loaded"
    results = (result.finding for place in places for result in baseline.parts[place].run(subject))
    failed = (one.check for one in results if one.failed and (one.check, one.offer) not in baseline.failing)
    return next(failed, "")


def _subject(plugin: str) -> Subject:
    return Subject.installed(load_simulator(installed_simulators()[plugin]))


def _main(plugin: str, site: Path, file: Path, places: list[str]) -> str:
    if places:
        return prove(plugin, BASELINES.validate_json(file.read_bytes()), map(int, places))
    try:
        file.write_bytes(BASELINES.dump_json(measure(plugin, site.joinpath(*package_of(plugin).name.split(".")))))
    except LookupError as problem:
        return str(problem.args[0])
    return ""


if __name__ == "__main__":
    keep_quiet()
    said = _main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
    Path(sys.argv[2], ANSWER).write_text(said, "utf-8")
