"""The suite itself: every check of one plugin, in one order, with nothing left out in silence.

It runs in one process, or on all cores: then the matrix of each operation and the other checks of each family are
parts that the cores take one after another.
"""

import asyncio
import gc
import os
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from types import MappingProxyType
from typing import Final, Protocol

from nagorik import Operation
from nagorik.manifest import AnyOffer, Manifest
from nagorik_platform.logs import configure_logging
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.matrix_cells import OperationKind
from nagorik_testing.contract.matrix_live import play_live
from nagorik_testing.contract.matrix_runner import play_matrix, rows_of
from nagorik_testing.contract.rig import operations_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import CheckStatus, Finding
from nagorik_testing.simulator.base import installed_simulators, load_simulator

FAMILY_OF: Final[Mapping[Operation, str]] = MappingProxyType(
    {
        Operation.ELIGIBILITY: "eligibility",
        Operation.QUOTE: "fees",
        Operation.SUBMIT: "submission",
        Operation.FIND: "submission",
        Operation.ANSWER_CORRECTION: "submission",
        Operation.WITHDRAW: "submission",
        Operation.ADVISE_PAYMENT: "payment",
        Operation.START_PAYMENT: "payment",
        Operation.QUERY_PAYMENT: "payment",
        Operation.COMPLETE_PAYMENT: "payment",
        Operation.LIST_PAYMENTS: "payment",
        Operation.REFUND_PAYMENT: "payment",
        Operation.STATUS: "status",
        Operation.CALLBACK: "status",
        Operation.SLOTS: "status",
        Operation.BOOK_SLOT: "status",
        Operation.PAYMENT_NOTICE: "payment",
        Operation.DELIVERABLE: "delivery",
        Operation.HEALTH: "robustness",
    }
)
"""The family in which an operation's faults are counted."""

FAMILIES: Final = (
    "catalogue",
    "eligibility",
    "fees",
    "submission",
    "payment",
    "status",
    "delivery",
    "privacy",
    "robustness",
    "process",
)
"""The order in which families are told; others follow by name."""

EMPTY: Final = "suite/nothing-checked"
RARELY: Final = (50_000, 20, 50)
"""How many new objects, and how many of the smaller collections, make a collection of each size due in a worker."""


class SuiteCheck(Protocol):
    """A check that is more than one fault of one operation."""

    @property
    def family(self) -> str:
        """The family that it is counted in."""
        ...

    @property
    def id(self) -> str:
        """Stable, and no other check's."""
        ...

    def run(self, subject: Subject) -> AsyncIterator[Finding]:
        """Its findings for this plugin: one for each offer that it is put to, or one for the plugin; never none."""
        ...


class SuiteBroken(Exception):
    """The suite contradicts itself, whatever the plugin does; the text says where."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A finding and the family that it counts in."""

    family: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class SuiteResults:
    """What a run found.

    Attributes:
        results: In the suite's order, the same in every run.
        known: Every check id that a whole run of this plugin can collect, whatever families were chosen.
        families: The families that were chosen; ``None`` for all.
    """

    results: tuple[CheckResult, ...]
    known: frozenset[str]
    families: frozenset[str] | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Without their families."""
        return tuple(result.finding for result in self.results)


def known_checks(manifest: Manifest, checks: Sequence[SuiteCheck]) -> tuple[tuple[str, str], ...]:
    """Family and id of every check that a plugin with this manifest meets, in order. Runs nothing."""
    kinds: defaultdict[Operation, set[OperationKind]] = defaultdict(set)
    for offer in manifest.offers:
        for operation in operations_of(manifest, offer):
            kinds[operation].add(OperationKind.of(offer.writes.get(operation)))
    faults = [
        (FAMILY_OF[operation], f"{operation.value}/{row}")
        for operation, of_kinds in sorted(kinds.items())
        for row in rows_of(of_kinds)
    ]
    return tuple(sorted([*faults, *((str(check.family), check.id) for check in checks)], key=_place))


async def run_suite(
    subject: Subject, *, families: Collection[str] | None = None, checks: Sequence[SuiteCheck]
) -> SuiteResults:
    """Run every check of the chosen families, one after another.

    A run that collects nothing, and a check that says nothing, are failures of the run.

    Args:
        subject: The plugin and its simulated agency.
        families: Those to run; all if not given.
        checks: Besides the fault matrix.

    Raises:
        SuiteBroken: Two findings, or two checks, claim the same id for the same offer.
    """
    found: list[CheckResult] = []
    for offer in subject.manifest.offers:
        found += await play_offer(subject, offer, families)
    found += await play_checks(subject, families, checks)
    return collect(subject.manifest, found, families, checks)


async def play_offer(subject: Subject, offer: AnyOffer, families: Collection[str] | None) -> list[CheckResult]:
    """The fault matrix of one service or gateway, as far as it counts in ``families``."""
    operations = operations_of(subject.manifest, offer)
    return await play_operations(
        subject,
        offer,
        {operation for operation in operations if _wanted(FAMILY_OF[operation], families)},
        traced=True,
    )


async def play_operations(
    subject: Subject, offer: AnyOffer, operations: Collection[Operation], *, traced: bool = False
) -> list[CheckResult]:
    """The fault matrix of these operations of one service or gateway.

    Args:
        subject: The plugin and its simulated agency.
        offer: The service or gateway.
        operations: Those to play.
        traced: Whether what fails is played once more, to tell where in the plugin's code that was decided.
    """
    playing = (
        play_matrix(subject, offer, operations, traced=traced)
        if subject.live is None
        else play_live(subject, subject.live, offer, operations)
    )
    return [CheckResult(FAMILY_OF[Operation(finding.check.partition("/")[0])], finding) async for finding in playing]


async def play_checks(
    subject: Subject, families: Collection[str] | None, checks: Sequence[SuiteCheck]
) -> list[CheckResult]:
    """The checks beside the fault matrix, of the chosen families."""
    found: list[CheckResult] = []
    for check in checks:
        if _wanted(check.family, families):
            own = [finding async for finding in check.run(subject)] or [_unsaid(check)]
            found += [CheckResult(str(check.family), finding) for finding in own]
    return found


def collect(
    manifest: Manifest, found: Sequence[CheckResult], families: Collection[str] | None, checks: Sequence[SuiteCheck]
) -> SuiteResults:
    """What a run found, in the suite's order, whatever order it was found in.

    Raises:
        SuiteBroken: Two findings, or two checks, claim the same id for the same offer.
    """
    known = known_checks(manifest, checks)
    if twice := sorted({name for _, name in known if [other for _, other in known].count(name) > 1}):
        raise SuiteBroken(f"two checks claim {', '.join(twice)}")
    whole = list(found)
    if not any(result.finding.status is not CheckStatus.NOT_APPLICABLE for result in whole):
        whole.append(CheckResult("suite", _nothing()))
    _refuse_doubles(whole)
    ordered = sorted(whole, key=lambda result: _place((result.family, result.finding.check)))
    chosen = None if families is None else frozenset(families)
    return SuiteResults(tuple(ordered), frozenset(name for _, name in known), chosen)


def family_order(family: str) -> tuple[int, str]:
    """Where a family stands in a report."""
    return (FAMILIES.index(family) if family in FAMILIES else len(FAMILIES), family)


def _place(named: tuple[str, str]) -> tuple[tuple[int, str], str]:
    return family_order(named[0]), named[1]


def _wanted(family: str, chosen: Collection[str] | None) -> bool:
    return chosen is None or family in chosen


def _unsaid(check: SuiteCheck) -> Finding:
    return Finding(
        check=check.id,
        offer=None,
        title="the check says what it found",
        status=CheckStatus.FAILED,
        expected="a finding, or why the check does not apply",
        got="nothing",
        because="a check that says nothing proves nothing",
    )


def _nothing() -> Finding:
    return Finding(
        check=EMPTY,
        offer=None,
        title="something is checked",
        status=CheckStatus.FAILED,
        expected="at least one check",
        got="none",
        because="a run that checks nothing would pass for a good one",
    )


def _refuse_doubles(found: Sequence[CheckResult]) -> None:
    seen: set[tuple[str, str | None]] = set()
    for result in found:
        named = (result.finding.check, result.finding.offer)
        if named in seen:
            raise SuiteBroken(f"{named[0]} is found twice for {named[1] or 'the plugin'}")
        seen.add(named)


def run_on_all_cores(subject: Subject, *, families: Collection[str] | None = None) -> SuiteResults:
    """As ``run_suite`` with all checks, in less time where there is more than one core.

    A live agency is asked from one process only: it must not be pressed harder for our convenience.

    Raises:
        SuiteBroken: Two findings, or two checks, claim the same id for the same offer.
    """
    cores = os.cpu_count() or 1
    # A child that is forked inherits what is imported and read, and any lock that another thread holds, for ever.
    forked = sys.platform == "linux" and threading.active_count() == 1
    costly = not forked and len(subject.manifest.offers) == 1  # to import everything anew takes as long as one offer
    if subject.live is not None or cores == 1 or costly:
        return asyncio.run(run_suite(subject, families=families, checks=CHECKS))
    counted = Counter(str(check.family) for check in CHECKS)
    # The parts of most work first, so that no core is left alone with one at the end.
    chosen = [family for family, _ in counted.most_common() if _wanted(family, families)]
    operations = [
        (offer.id, operation)
        for offer in subject.manifest.offers
        for operation in operations_of(subject.manifest, offer)
        if _wanted(FAMILY_OF[operation], families)
    ]
    writes = {(offer.id, operation) for offer in subject.manifest.offers for operation in offer.writes}
    heaviest_first = sorted(operations, key=lambda played: played not in writes)
    known = subject.manifest.id, subject.loopback
    with (
        _inherited(subject) if forked else nullcontext(),
        ProcessPoolExecutor(
            cores, mp_context=get_context("fork" if forked else "spawn"), initializer=_begin_worker
        ) as pool,
    ):
        parts = [pool.submit(_play_family, *known, family) for family in chosen]
        matrix = {played: pool.submit(_play_operation, *known, *played) for played in heaviest_first}
        parts += [matrix[played] for played in operations]
        found = [result for part in parts for result in part.result()]
    return collect(subject.manifest, found, families, CHECKS)


def keep_quiet() -> None:
    """Let nothing be heard of a process of the suite's but its findings."""
    # An outage that the suite plays is news to nobody, and what a plugin prints is none of the result.
    configure_logging(level="CRITICAL")
    sys.stdout = sys.stderr


def _begin_worker() -> None:
    keep_quiet()
    # Each rig makes thousands of objects and drops them all together; the usual pace of looking for cycles among
    # them takes a twentieth of the run.
    gc.set_threshold(*RARELY)


_SUBJECTS: Final[dict[tuple[str, bool], Subject]] = {}
"""Those that parts are played with in this process, by the plugin's id and whether over a socket."""


@contextmanager
def _inherited(subject: Subject) -> Iterator[None]:
    """Let processes that are forked meanwhile play with ``subject``."""
    known = subject.manifest.id, subject.loopback
    _SUBJECTS[known] = subject
    gc.freeze()  # a collection in a child would copy every page of what it inherits
    try:
        yield
    finally:
        gc.unfreeze()
        del _SUBJECTS[known]


def _play_family(plugin: str, loopback: bool, family: str) -> list[CheckResult]:  # noqa: FBT001 - as it is sent
    return asyncio.run(play_checks(_subject(plugin, loopback=loopback), (family,), CHECKS))


def _play_operation(
    plugin: str,
    loopback: bool,  # noqa: FBT001 - as it is sent
    offer: str,
    operation: Operation,
) -> list[CheckResult]:
    subject = _subject(plugin, loopback=loopback)
    [played] = [each for each in subject.manifest.offers if each.id == offer]
    return asyncio.run(play_operations(subject, played, {operation}, traced=True))


def _subject(plugin: str, *, loopback: bool) -> Subject:
    known = plugin, loopback
    if known not in _SUBJECTS:
        _SUBJECTS[known] = Subject.installed(load_simulator(installed_simulators()[plugin]), loopback=loopback)
    return _SUBJECTS[known]
