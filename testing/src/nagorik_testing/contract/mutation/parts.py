"""A run of the contract suite in parts, each small enough to be run again for one change of a plugin's code."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

from nagorik import Operation
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.form_variations import forget_variations
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.suite import CheckResult, play_checks, play_operations


@dataclass(frozen=True, slots=True, order=True)
class SuitePart:
    """The fault matrix of one operation of one offer, or one check of all of them.

    Attributes:
        check: The check's id; the operation's name for its matrix.
        offer: The service or gateway whose matrix it is; empty for a check.
    """

    check: str
    offer: str = ""

    def run(self, subject: Subject) -> list[CheckResult]:
        """What is found.

        Nothing that another part has read or sought is used, so that all of the plugin's code that a part depends on
        runs in it. Two plays are too long for that, the replayed answers of ``told`` and the watched process: the
        first of their checks in a process plays them for all. A change that only a later one of them would notice
        counts as noticed by nobody, never the other way round.
        """
        forget_variations()
        subject = replace(subject, waits={}, seen={})
        if not self.offer:
            return asyncio.run(play_checks(subject, None, [check for check in CHECKS if check.id == self.check]))
        offer = next(offer for offer in subject.manifest.offers if offer.id == self.offer)
        return asyncio.run(play_operations(subject, offer, {Operation(self.check)}))


def parts_of(subject: Subject) -> Iterator[SuitePart]:
    """All parts of a plugin's run; together they are the whole suite."""
    for offer in subject.manifest.offers:
        for operation in sorted(subject.callable_operations(offer)):
            yield SuitePart(operation.value, offer.id)
    for check in CHECKS:
        yield SuitePart(check.id)
