"""The suite itself: every check of one plugin, in one order; a check that does not apply has a finding that says why.

It runs in one process, or in a forked one for each core: then the matrix of each operation and the checks of each
family are the parts that they take one after another.
"""

import asyncio
import gc
import os
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from types import MappingProxyType
from typing import Final

from nagorik import Operation
from nagorik.manifest import Manifest
from nagorik_platform.logs import configure_logging
from nagorik_testing.contract.checks import CHECKS, Check
from nagorik_testing.contract.matrix import ROWS, SIX, OperationKind
from nagorik_testing.contract.matrix_live import play_live
from nagorik_testing.contract.matrix_runner import play_matrix, rows_of
from nagorik_testing.contract.rig import operations_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import CheckStatus, Finding

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
"""The order of families in a report; others follow by name."""

EMPTY: Final = "suite/nothing-checked"
RARELY: Final = (50_000, 20, 50)
"""How many new objects, and how many of the smaller collections, make a collection of each size due in a worker."""


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


def known_checks(manifest: Manifest, checks: Iterable[Check]) -> tuple[tuple[str, str], ...]:
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
    subject: Subject, *, families: Collection[str] | None = None, checks: Sequence[Check]
) -> SuiteResults:
    """Run every check of the chosen families, one after another.

    Args:
        subject: The plugin and its simulated agency.
        families: Those to run; all if not given.
        checks: Besides the fault matrix.

    Raises:
        SuiteBroken: Two findings, or two checks, claim the same id for the same offer.
    """
    found = await play_checks(subject, [check for check in checks if _wanted(check.family, families)])
    for operation in _operations(subject, families):
        found += await play_operation(subject, operation)
    return collect(subject.manifest, found, families, checks)


async def play_operation(subject: Subject, operation: Operation, *, traced: bool = True) -> list[CheckResult]:
    """The fault matrix of one operation.

    Of each idempotency class, a row is played for the services and gateways in their order until it applies to one.
    Six rows are played for each, and all if the subject wants every row: one hook serves all.

    Args:
        subject: The plugin and its simulated agency.
        operation: What is called.
        traced: Whether what fails is played once more, to find where in the plugin's code that was decided.
    """
    found, met = list[CheckResult](), defaultdict[OperationKind, set[str]](set)
    for offer in subject.manifest.offers:
        if operation not in operations_of(subject.manifest, offer):
            continue
        kind = OperationKind.of(offer.writes.get(operation))
        rows = [row for row in ROWS if subject.every_row or row in SIX or row.id not in met[kind]]
        playing = (
            play_matrix(subject, offer, {operation}, rows, traced=traced)
            if subject.live is None
            else play_live(subject, subject.live, offer, {operation})
        )
        own = [finding async for finding in playing]
        met[kind] |= {one.check.rpartition("/")[2] for one in own if one.status is not CheckStatus.NOT_APPLICABLE}
        found += [CheckResult(FAMILY_OF[operation], finding) for finding in own]
    return found


async def play_checks(subject: Subject, checks: Iterable[Check]) -> list[CheckResult]:
    """These checks beside the fault matrix; one that has no finding has failed."""
    found: list[CheckResult] = []
    for check in checks:
        own = [finding async for finding in check.run(subject)] or [
            _failed(check.id, "a finding, or why the check does not apply", "nothing")
        ]
        found += [CheckResult(str(check.family), finding) for finding in own]
    return found


def collect(
    manifest: Manifest, found: Iterable[CheckResult], families: Collection[str] | None, checks: Sequence[Check]
) -> SuiteResults:
    """What a run found, in the suite's order, whatever order it was found in; that nothing applied is a failure.

    Raises:
        SuiteBroken: Two findings, or two checks, claim the same id for the same offer.
    """
    known = Counter(name for _, name in known_checks(manifest, checks))
    if twice := sorted(name for name, count in known.items() if count > 1):
        raise SuiteBroken(f"two checks claim {', '.join(twice)}")
    whole = list(found)
    if not any(result.finding.status is not CheckStatus.NOT_APPLICABLE for result in whole):
        whole.append(CheckResult("suite", _failed(EMPTY, "at least one check", "nothing")))
    for (check, offer), count in Counter((one.finding.check, one.finding.offer) for one in whole).items():
        if count > 1:
            raise SuiteBroken(f"{check} is found twice for {offer or 'the plugin'}")
    ordered = sorted(whole, key=lambda result: _place((result.family, result.finding.check)))
    return SuiteResults(tuple(ordered), frozenset(known), None if families is None else frozenset(families))


def family_order(family: str) -> tuple[int, str]:
    """Where a family stands in a report."""
    return (FAMILIES.index(family) if family in FAMILIES else len(FAMILIES), family)


def _place(named: tuple[str, str]) -> tuple[tuple[int, str], str]:
    return family_order(named[0]), named[1]


def _wanted(family: str, chosen: Collection[str] | None) -> bool:
    return chosen is None or family in chosen


def _operations(subject: Subject, families: Collection[str] | None) -> list[Operation]:
    """Every operation of the chosen families, writes first: they take longest."""
    offers = subject.manifest.offers
    offered = {operation for offer in offers for operation in operations_of(subject.manifest, offer)}
    writes = {operation for offer in offers for operation in offer.writes}
    wanted = (operation for operation in offered if _wanted(FAMILY_OF[operation], families))
    return sorted(wanted, key=lambda operation: (operation not in writes, operation))


def _failed(check: str, expected: str, got: str) -> Finding:
    return Finding(
        check=check,
        offer=None,
        title="something is checked",
        status=CheckStatus.FAILED,
        expected=expected,
        got=got,
        because="a check that finds nothing proves nothing",
    )


def run_on_all_cores(subject: Subject, *, families: Collection[str] | None = None) -> SuiteResults:
    """As ``run_suite`` with all checks, in less time where processes can be forked on more than one core.

    A live agency is asked from one process only: it must not be pressed harder for our convenience.

    Raises:
        SuiteBroken: Two findings, or two checks, claim the same id for the same offer.
    """
    cores = os.cpu_count() or 1
    # A child that is forked inherits what is imported and read, and any lock that another thread holds, for ever.
    if subject.live is not None or cores == 1 or sys.platform != "linux" or threading.active_count() > 1:
        return asyncio.run(run_suite(subject, families=families, checks=CHECKS))
    by_family = Counter(str(check.family) for check in CHECKS if _wanted(check.family, families))
    # The parts of most work first, so that no core is left alone with one at the end.
    parts = [*(family for family, _ in by_family.most_common()), *_operations(subject, families)]
    gc.freeze()  # a collection in a child would copy every page of what it inherits
    try:
        with ProcessPoolExecutor(
            cores, mp_context=get_context("fork"), initializer=_begin_worker, initargs=(subject,)
        ) as pool:
            found = [result for part in pool.map(_play, parts) for result in part]
    finally:
        gc.unfreeze()
    return collect(subject.manifest, found, families, CHECKS)


def keep_quiet() -> None:
    """Let a process of the suite print nothing but its findings."""
    # An outage that the suite plays is no news, and what a plugin prints is none of the result.
    configure_logging(level="CRITICAL")
    sys.stdout = sys.stderr


_FORKED: Final[list[Subject]] = []
"""In a worker, the one subject that it plays with, inherited."""


def _begin_worker(subject: Subject) -> None:
    keep_quiet()
    # Each rig makes thousands of objects and drops them all together; the usual pace of looking for cycles among
    # them takes a twentieth of the run.
    gc.set_threshold(*RARELY)
    _FORKED.append(subject)


def _play(part: str | Operation) -> list[CheckResult]:
    """The matrix of an operation, or the checks of a family."""
    (subject,) = _FORKED
    if isinstance(part, Operation):
        return asyncio.run(play_operation(subject, part))
    return asyncio.run(play_checks(subject, [check for check in CHECKS if check.family == part]))
