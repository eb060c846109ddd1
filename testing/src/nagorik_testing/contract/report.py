"""A run as one document: what the JSON report holds, and what page and JUnit file are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Final

from pydantic import JsonValue

from nagorik.manifest import API_VERSION, Manifest, PaymentGateway, PublicService
from nagorik_testing.contract.bench import Subject
from nagorik_testing.contract.explained import FAULTS
from nagorik_testing.contract.levels import Grade, Standard, standard_of
from nagorik_testing.contract.suite import family_order
from nagorik_testing.contract.waivers import Judged, Judgement, Outcome, Waiver

FORMAT: Final = 1
"""Raised when a key of the JSON report changes its meaning or goes."""


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

    @property
    def families(self) -> tuple[str, ...]:
        """Those that were met, in the order in which they are told."""
        return tuple(sorted({each.family for each in self.judgement.judged}, key=family_order))

    @property
    def checks(self) -> int:
        """How many checks applied."""
        return sum(each.outcome is not Outcome.NOT_APPLICABLE for each in self.judgement.judged)

    @property
    def sound(self) -> bool:
        """Whether nothing fails that is not waived."""
        return not self.judgement.failures


def make_report(subject: Subject, judgement: Judgement, *, on: date, seconds: float) -> Report:
    """The report of a run that took ``seconds``."""
    record = subject.registry.record(subject.manifest.id)
    return Report(
        manifest=subject.manifest,
        distribution=record.source.distribution if record is not None else "?",
        version=record.source.version if record is not None else "?",
        modelled=subject.simulator.modelled,
        grade=Grade.LOOPBACK if subject.loopback else Grade.MOCK,
        judgement=judgement,
        standard=standard_of(subject.manifest, judgement),
        on=on,
        seconds=seconds,
    )


def suite_version() -> str:
    """The version of the suite and of its simulator kit, which are released together."""
    return version("nagorik-testing")


def explained_at(check: str) -> str:
    """The page that explains a check, in this project's documentation.

    A fault has one page for all operations that can meet it, ``docs/checks/F02``; every other check has its own.
    """
    _, _, row = check.partition("/")
    fault = row.partition("-")[0]
    return f"docs/checks/{fault if fault in FAULTS else check.replace('/', '-')}"


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
        "sound": report.sound,
        "chosen_families": None if judgement.families is None else list[JsonValue](sorted(judgement.families)),
        "counts": {outcome.value: judgement.count(outcome) for outcome in Outcome},
        "offers": [_offer(offer, manifest) for offer in manifest.offers],
        "checks": [_check(each) for each in judgement.judged],
        "waivers": _waivers(judgement.waivers),
    }


def _offer(offer: PublicService | PaymentGateway, manifest: Manifest) -> JsonValue:
    return {
        "id": offer.id,
        "name": {"bn": offer.name.bn, "en": offer.name.en},
        "wire_format": (offer.evidence or manifest.evidence).value,
    }


def _check(judged: Judged) -> JsonValue:
    finding = judged.finding
    return {
        "id": finding.check,
        "family": judged.family,
        "offer": finding.offer,
        "title": finding.title,
        "outcome": judged.outcome.value,
        "standing": finding.standing.value,
        "expected": finding.expected,
        "got": finding.got,
        "because": finding.because,
        "see": explained_at(finding.check),
        "waived_until": None if judged.waiver is None else judged.waiver.expires.isoformat(),
    }


def _waivers(waivers: Sequence[Waiver]) -> list[JsonValue]:
    return [
        {
            "check": waiver.check,
            "offer": waiver.offer,
            "reason": waiver.reason,
            "expires": waiver.expires.isoformat(),
        }
        for waiver in waivers
    ]
