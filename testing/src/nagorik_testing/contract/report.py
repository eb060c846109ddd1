"""A run as one document: what the JSON report holds, and what the page is made from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Final, NamedTuple

from pydantic import JsonValue

from nagorik import Operation
from nagorik.manifest import API_VERSION, AnyOffer, Manifest
from nagorik_testing.contract.codes import code_of
from nagorik_testing.contract.levels import Standard, standard_of
from nagorik_testing.contract.live import LIVE
from nagorik_testing.contract.matrix import ROWS
from nagorik_testing.contract.matrix_runner import UNASKED
from nagorik_testing.contract.mutation.runner import MutationReport
from nagorik_testing.contract.mutation.score import NO_SCORE, ScoreStanding
from nagorik_testing.contract.preparations import FREE, NO_SLOTS
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.suite import family_order
from nagorik_testing.contract.verdict import Grade
from nagorik_testing.contract.waivers import CheckOutcome, Judged, Judgement, Waiver

_CELLS: Final = frozenset(f"{operation.value}/{row.id}" for operation in Operation for row in ROWS)
WHOLE_REASONS: Final = (UNASKED, NO_SLOTS, FREE)
"""Why an operation may meet no fault at all, and nothing be wrong with that."""
FORMAT: Final = 3
"""Raised when a key of the JSON report changes its meaning or goes."""


class UnplayedOperation(NamedTuple):
    """An operation that meets no fault.

    Attributes:
        operation: Its name.
        offers: The services or gateways for which that is so.
        reason: Why.
        everywhere: Whether that is so for all that offer it.
    """

    operation: str
    offers: tuple[str, ...]
    reason: str
    everywhere: bool

    def __str__(self) -> str:
        return self.operation if self.everywhere else f"{self.operation} of {' and '.join(self.offers)}"


@dataclass(frozen=True, slots=True)
class Report:
    """One plugin's run on one day.

    Holds no personal data, and no path of the machine that it was made on.
    """

    manifest: Manifest
    distribution: str
    version: str
    modelled: str
    grade: Grade
    judgement: Judgement
    standard: Standard
    on: date
    seconds: float
    people: str | None = None
    """Who provides the test people of a live run."""
    mutation: MutationReport | None = None
    """What became of changes of the plugin's own code, where they were asked for."""
    score: ScoreStanding = NO_SCORE
    """How many of them are noticed, by this run or as it is kept beside the manifest."""

    @property
    def families(self) -> tuple[str, ...]:
        """Those that were met, in the order in which they are told."""
        return tuple(sorted({each.family for each in self.judgement.judged}, key=family_order))

    @property
    def checks(self) -> int:
        """How many checks applied."""
        return sum(each.outcome is not CheckOutcome.NOT_APPLICABLE for each in self.judgement.judged)

    @property
    def sound(self) -> bool:
        """Whether nothing fails that is not waived."""
        return not self.judgement.failures

    @property
    def not_run(self) -> tuple[tuple[str, int], ...]:
        """Why checks were not run against a live agency, and how many each."""
        reasons = Counter(
            each.finding.because.removeprefix(LIVE)
            for each in self.judgement.judged
            if each.outcome is CheckOutcome.NOT_APPLICABLE and each.finding.because.startswith(LIVE)
        )
        return tuple(reasons.most_common())

    @property
    def unplayed(self) -> tuple[UnplayedOperation, ...]:
        """Operations that meet no fault at all, though nothing is wrong with that."""
        reasons: dict[str, dict[str | None, set[str]]] = {}
        for each in self.judgement.judged:
            if in_matrix(each):
                operation = each.finding.check.partition("/")[0]
                idle = each.outcome is CheckOutcome.NOT_APPLICABLE
                of_offer = reasons.setdefault(operation, {}).setdefault(each.finding.offer, set())
                of_offer.add(each.finding.because if idle else "")
        return tuple(
            UnplayedOperation(operation, offers, reason, everywhere=len(offers) == len(by_offer))
            for operation, by_offer in reasons.items()
            for reason in WHOLE_REASONS
            if (offers := tuple(offer for offer, found in by_offer.items() if offer and found == {reason}))
        )

    @property
    def logins(self) -> Mapping[str, tuple[int, ...]]:
        """The login requests of each call that met a fault, by operation; empty for a plugin that does not log in."""
        counted: dict[str, list[int]] = {}
        for each in self.judgement.judged:
            if each.finding.logins is not None:
                counted.setdefault(each.finding.check.partition("/")[0], []).append(each.finding.logins)
        return {operation: tuple(logins) for operation, logins in counted.items()}


def make_report(
    subject: Subject,
    judgement: Judgement,
    *,
    on: date,
    seconds: float,
    mutation: MutationReport | None = None,
    score: ScoreStanding = NO_SCORE,
) -> Report:
    """The report of a run that took ``seconds``."""
    record = subject.registry.record(subject.manifest.id)
    return Report(
        manifest=subject.manifest,
        distribution=record.source.distribution if record is not None else "?",
        version=record.source.version if record is not None else "?",
        modelled=subject.simulator.modelled,
        grade=subject.grade,
        judgement=judgement,
        standard=standard_of(subject.manifest, judgement, grade=subject.grade, score=score),
        on=on,
        seconds=seconds,
        mutation=mutation,
        score=score,
        people=subject.live.people.source if subject.live is not None and subject.live.people is not None else None,
    )


def in_matrix(judged: Judged) -> bool:
    """Whether it is one fault of one operation, and no other check."""
    return judged.finding.check in _CELLS


def suite_version() -> str:
    """The version of the suite and of its simulator kit, which are released together."""
    return version("nagorik-testing")


def document_of(report: Report) -> dict[str, JsonValue]:
    """The JSON report, with stable keys."""
    manifest, standard, judgement = report.manifest, report.standard, report.judgement
    return {
        "format": FORMAT,
        "plugin": {
            "id": manifest.id,
            "name": {"bn": manifest.name.bn, "en": manifest.name.en},
            "distribution": report.distribution,
            "version": report.version,
            "as_of": manifest.as_of.isoformat(),
        },
        "core": {"version": version("nagorik"), "api": API_VERSION},
        "suite": {"version": suite_version()},
        "simulator": {"modelled": report.modelled, "kit": suite_version()},
        "on": report.on.isoformat(),
        "seconds": round(report.seconds, 1),
        "level": None if standard.level is None else standard.level.label,
        "tier": None if standard.tier is None else standard.tier.value,
        "evidence": {"grade": report.grade.value, "wire_format": manifest.evidence.value},
        "next": None
        if standard.first_missing is None
        else {"level": standard.first_missing.label, "missing": list[JsonValue](standard.missing)},
        "short_of_gold": list[JsonValue](standard.short_of_gold),
        "sound": report.sound,
        "logins": [
            {"operation": operation, "calls": len(logins), "requests": sum(logins), "most": max(logins)}
            for operation, logins in report.logins.items()
        ],
        "unplayed": [
            {"operation": each.operation, "offers": list[JsonValue](each.offers), "reason": each.reason}
            for each in report.unplayed
        ],
        "not_run": [{"reason": reason, "checks": count} for reason, count in report.not_run],
        "test_people": report.people,
        "mutation": None if report.mutation is None else _mutation(report.mutation),
        "mutation_score": _score(report.score),
        "chosen_families": None if judgement.families is None else list[JsonValue](sorted(judgement.families)),
        "causes": len(judgement.causes),
        "counts": {outcome.value: judgement.count(outcome) for outcome in CheckOutcome},
        "offers": [_offer(offer, manifest) for offer in manifest.offers],
        "checks": [_check(each) for each in judgement.judged],
        "waivers": _waivers(judgement.waivers),
    }


def _offer(offer: AnyOffer, manifest: Manifest) -> JsonValue:
    return {
        "id": offer.id,
        "name": {"bn": offer.name.bn, "en": offer.name.en},
        "wire_format": (offer.evidence or manifest.evidence).value,
    }


def _mutation(mutation: MutationReport) -> JsonValue:
    return {
        "possible": mutation.possible,
        "possible_in_data": mutation.possible_in_data,
        "tried": len(mutation.results),
        "score": round(mutation.score, 3),
        "own_tests": mutation.with_tests,
        "operators": [
            {"operator": operator.value, "noticed": noticed, "tried": tried}
            for operator, (noticed, tried) in mutation.by_operator().items()
        ],
        "changes": [
            {
                "operator": result.mutant.operator.value,
                "file": result.mutant.path,
                "line": result.mutant.lines[0],
                "diff": list[JsonValue](result.diff),
                "outcome": result.outcome.value,
                "noticed_by": result.noticed_by or None,
                "harm": result.mutant.operator.harm,
            }
            for result in mutation.results
        ],
    }


def _score(standing: ScoreStanding) -> JsonValue:
    score = standing.score
    if score is None:
        return None
    return {
        "score": round(score.score, 3),
        "possible": score.possible,
        "possible_in_data": score.possible_in_data,
        "tried": score.tried,
        "by_suite": score.by_suite,
        "by_own_tests": score.by_own_tests,
        "measured_on": score.measured_on.isoformat(),
        "measured_now": standing.measured_now,
        "suite": score.suite,
        "enough_for_gold": not standing.short_of_gold,
    }


def _check(judged: Judged) -> JsonValue:
    finding = judged.finding
    return {
        "code": code_of(finding.check),
        "id": finding.check,
        "family": judged.family,
        "offer": finding.offer,
        "title": finding.title,
        "outcome": judged.outcome.value,
        "severity": finding.severity.value,
        "standing": finding.status.value,
        "expected": finding.expected,
        "got": finding.got,
        "because": finding.because,
        "origin": None if finding.origin is None else finding.origin.place,
        "because_of": None
        if judged.because_of is None
        else {"check": judged.because_of[0], "offer": judged.because_of[1]},
        "logins": finding.logins,
        "waived_until": None if judged.waiver is None else judged.waiver.expires.isoformat(),
    }


def _waivers(waivers: Sequence[Waiver]) -> list[JsonValue]:
    return [
        {
            "code": waiver.code,
            "operation": waiver.operation,
            "row": waiver.row,
            "offer": waiver.offer,
            "reason": waiver.reason,
            "expires": waiver.expires.isoformat(),
        }
        for waiver in waivers
    ]
