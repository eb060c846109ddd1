"""A run as one document: the JSON report, and what the terminal and the page show."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any, Final

from pydantic import JsonValue

from nagorik import Operation
from nagorik.manifest import API_VERSION, Manifest
from nagorik_testing.contract.codes import code_of
from nagorik_testing.contract.levels import Standard, standard_of
from nagorik_testing.contract.live import LIVE
from nagorik_testing.contract.matrix import ROWS
from nagorik_testing.contract.matrix_runner import UNASKED
from nagorik_testing.contract.mutation.runner import MutationReport, render_mutation
from nagorik_testing.contract.mutation.score import NO_SCORE, ScoreStanding, render_standing
from nagorik_testing.contract.preparations import FREE, NO_SLOTS
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.suite import family_order
from nagorik_testing.contract.waivers import CheckOutcome, Judged, Judgement

CELLS: Final = frozenset(f"{operation.value}/{row.id}" for operation in Operation for row in ROWS)
"""The faults of one operation; every other finding is of a check."""
WHOLE_REASONS: Final = (UNASKED, NO_SLOTS, FREE)
"""Why an operation may meet no fault at all, without a failure."""
FORMAT: Final = 4
"""Raised when a key of the JSON report changes its meaning or goes."""


@dataclass(frozen=True, slots=True)
class Report:
    """One plugin's run on one day.

    Attributes:
        subject: The plugin and its agency.
        judgement: What was found.
        on: The day.
        seconds: How long it took.
        mutation: What became of changes of the plugin's own code, where they were asked for.
        score: How many of them are noticed, by this run or as it is kept beside the manifest.
    """

    subject: Subject
    judgement: Judgement
    on: date
    seconds: float
    mutation: MutationReport | None = None
    score: ScoreStanding = NO_SCORE

    @property
    def manifest(self) -> Manifest:
        """The plugin's."""
        return self.subject.manifest

    @property
    def standard(self) -> Standard:
        """The level and tier."""
        return standard_of(self.manifest, self.judgement, grade=self.subject.grade, score=self.score)

    @property
    def families(self) -> tuple[str, ...]:
        """Those that were met, in the order in which they are reported."""
        return tuple(sorted({each.family for each in self.judgement.judged}, key=family_order))

    @property
    def checks(self) -> int:
        """How many checks applied."""
        return len(self.judgement.judged) - self.judgement.count(CheckOutcome.NOT_APPLICABLE)

    @property
    def sound(self) -> bool:
        """Whether nothing fails that is not waived."""
        return not self.judgement.failures

    @property
    def not_run(self) -> Counter[str]:
        """Why checks were not run against a live agency, and how many each."""
        reasons = (each.finding.because for each in self.judgement.judged if not each.finding.failed)
        return Counter(reason.removeprefix(LIVE) for reason in reasons if reason.startswith(LIVE))

    @property
    def unplayed(self) -> Mapping[str, Mapping[str, list[str]]]:
        """Why operations meet no fault at all: by reason, each operation with its services or gateways."""
        found: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for each in self.judgement.judged:
            operation, _, row = each.finding.check.partition("/")
            if row == "F02" and each.finding.because in WHOLE_REASONS:
                found[each.finding.because][operation].append(each.finding.offer or self.manifest.id)
        return found

    @property
    def logins(self) -> Mapping[str, list[int]]:
        """The login requests of each call that met a fault, by operation; empty for a plugin that does not log in."""
        counted: defaultdict[str, list[int]] = defaultdict(list)
        for each in self.judgement.judged:
            if each.finding.logins is not None:
                counted[each.finding.check.partition("/")[0]].append(each.finding.logins)
        return counted

    def notes(self) -> Iterator[str]:
        """Return the lines on the run as a whole: what was not checked, and what the next level and gold take."""
        if counted := [number for logins in self.logins.values() for number in logins]:
            yield f"Logins: {sum(counted)} in {len(counted)} calls with a fault, at most {max(counted)} in one"
        for reason, number in self.not_run.most_common():
            yield f"Not run: {number} check{'' if number == 1 else 's'}: {reason}"
        for reason, operations in self.unplayed.items():
            named = (f"{operation} ({len(offers)})" for operation, offers in operations.items())
            yield f"Nothing to check: {', '.join(named)}: {reason}"
        if self.mutation is not None:
            yield from render_mutation(self.mutation)
        yield from render_standing(self.score)
        standard = self.standard
        yield from (f"Not gold: {why}" for why in standard.short_of_gold)
        if standard.first_missing is not None:
            yield f"Next: {standard.first_missing.label}; missing: {', '.join(standard.missing)}"


def suite_version() -> str:
    """The version of the suite and of its simulator kit, which are released together."""
    return version("nagorik-testing")


def document_of(report: Report) -> dict[str, Any]:
    """The JSON report, with stable keys. Holds no personal data, and no path of the machine that it was made on."""
    subject, manifest, standard, judgement = report.subject, report.manifest, report.standard, report.judgement
    record, people = subject.registry.record(manifest.id), subject.live and subject.live.people
    missing = standard.first_missing
    return {
        "format": FORMAT,
        "plugin": {
            "id": manifest.id,
            "name": manifest.name.model_dump(),
            "distribution": record.source.distribution if record is not None else "?",
            "version": record.source.version if record is not None else "?",
            "as_of": manifest.as_of.isoformat(),
        },
        "core": {"version": version("nagorik"), "api": API_VERSION},
        "suite": {"version": suite_version()},
        "simulator": {"modelled": subject.simulator.modelled, "kit": suite_version()},
        "on": report.on.isoformat(),
        "seconds": round(report.seconds, 1),
        "level": standard.level and standard.level.label,
        "tier": standard.tier and standard.tier.value,
        "evidence": {"grade": subject.grade.value, "wire_format": manifest.evidence.value},
        "next": missing and {"level": missing.label, "missing": list(standard.missing)},
        "short_of_gold": list(standard.short_of_gold),
        "sound": report.sound,
        "logins": {
            operation: {"calls": len(logins), "requests": sum(logins), "most": max(logins)}
            for operation, logins in report.logins.items()
        },
        "unplayed": report.unplayed,
        "not_run": report.not_run,
        "test_people": people and people.source,
        "mutation": report.mutation and _mutation(report.mutation),
        "mutation_score": _score(report.score),
        "chosen_families": judgement.families and sorted(judgement.families),
        "causes": len(judgement.causes),
        "counts": {outcome.value: judgement.count(outcome) for outcome in CheckOutcome},
        "offers": [
            {
                "id": offer.id,
                "name": offer.name.model_dump(),
                "wire_format": (offer.evidence or manifest.evidence).value,
            }
            for offer in manifest.offers
        ],
        "checks": [_check(each) for each in judgement.judged],
        "waivers": [waiver.model_dump(mode="json") for waiver in judgement.waivers],
    }


def _mutation(mutation: MutationReport) -> JsonValue:
    return {
        "possible": mutation.possible,
        "tried": len(mutation.results),
        "own_tests": mutation.with_tests,
        "changes": [
            {
                "operator": result.mutant.operator.value,
                "file": result.mutant.path,
                "line": result.mutant.lines[0],
                "diff": list[JsonValue](result.diff),
                "outcome": result.outcome.value,
                "noticed_by": result.noticed_by or None,
            }
            for result in mutation.results
        ],
    }


def _score(standing: ScoreStanding) -> JsonValue:
    score = standing.score
    if score is None:
        return None
    counted = score.model_dump(mode="json", exclude={"plugin", "code", "survivors"})
    return counted | {
        "score": round(score.score, 3),
        "measured_now": standing.measured_now,
        "enough_for_gold": not standing.short_of_gold,
    }


def _check(judged: Judged) -> dict[str, Any]:
    finding, cause = judged.finding, judged.because_of
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
        "origin": finding.origin and finding.origin.place,
        "because_of": cause and {"check": cause[0], "offer": cause[1]},
        "logins": finding.logins,
        "waived_until": judged.waiver and judged.waiver.expires.isoformat(),
    }
