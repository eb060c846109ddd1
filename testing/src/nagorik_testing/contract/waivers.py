"""Waivers: failures that somebody knows of, with a reason and a last day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nagorik import Operation
from nagorik.data_files import parse_model, read_file
from nagorik_testing.contract.causes import causes_of
from nagorik_testing.contract.codes import CodedCheck, coded, is_of_matrix
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.suite import CheckResult, SuiteResults
from nagorik_testing.contract.verdict import CheckStatus, Finding, FindingKey
from nagorik_testing.validation.findings import Severity

WAIVERS: Final = "waivers"
"""The family of what is wrong with the waivers themselves."""


WAIVERS_FILE: Final = "contract-waivers.toml"
"""The file's name in a plugin's package, beside ``plugin.toml``."""


class Waiver(BaseModel):
    """One known failure."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    code: str = Field(min_length=1)
    """The check's, such as ``NGK404``."""
    operation: Operation | None = None
    """Whose row of the matrix it is; only codes of faults, such as ``NGK002``, have one, and each wants one."""
    row: str | None = None
    """Which row of that fault, such as ``404``; the one that is called like the fault if not given."""
    offer: str | None = None
    """The service or gateway; all of the plugin's if not given."""
    reason: str = Field(min_length=1)
    """Why the plugin may go on failing, for the reader of the report."""
    expires: date
    """The last day on which it holds."""

    @model_validator(mode="before")
    @classmethod
    def _by_code(cls, written: object) -> object:
        """Refuse an id, today's or a former one, and name its code."""
        named = [written.get(key) for key in ("check", "code")] if isinstance(written, dict) else []
        for name in named:
            if isinstance(name, str) and "/" in name and (code := coded(name)) is not None:
                raise ValueError(f"a waiver names a code: {name} is {code}")
        return written

    @model_validator(mode="after")
    def _with_operation(self) -> Self:
        if is_of_matrix(self.code) and self.operation is None:
            raise ValueError(f"{self.code} is a fault of the matrix: name the operation")
        if self.operation is not None and not is_of_matrix(self.code):
            raise ValueError(f"{self.code} is no fault of the matrix: name no operation")
        return self

    @property
    def named(self) -> CodedCheck:
        """The code, with the operation of a row of the matrix."""
        return CodedCheck(self.code, self.operation, self.row)

    def covers(self, finding: Finding) -> bool:
        """Whether it speaks of this finding."""
        return self.named == coded(finding.check) and self.offer in {None, finding.offer}


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    waivers: tuple[Waiver, ...] = ()


class CheckOutcome(StrEnum):
    """How a check counts once the waivers are read."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    NOTE = "note"
    WAIVED = "waived"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding as it counts."""

    family: str
    finding: Finding
    outcome: CheckOutcome
    waiver: Waiver | None = None
    because_of: FindingKey | None = None
    """Check and offer of the failure that this one follows from; ``None`` for one that is a cause itself."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings as they count, those of the waivers themselves included.

    Attributes:
        judged: In the suite's order, then the waivers' own.
        waivers: All that were given.
        families: The families that were chosen; ``None`` for all.
    """

    judged: tuple[Judged, ...]
    waivers: tuple[Waiver, ...]
    families: frozenset[str] | None

    def ended(self, outcome: CheckOutcome) -> tuple[Judged, ...]:
        """Return what counts so."""
        return tuple(each for each in self.judged if each.outcome is outcome)

    @property
    def failures(self) -> tuple[Judged, ...]:
        """What is not proved, and not waived."""
        return self.ended(CheckOutcome.FAILED)

    @property
    def causes(self) -> tuple[Judged, ...]:
        """The failures that follow from no other."""
        return tuple(each for each in self.failures if each.because_of is None)

    @property
    def warnings(self) -> tuple[Judged, ...]:
        """What fails with the severity of a warning, and follows from no failure."""
        return tuple(each for each in self.ended(CheckOutcome.WARNING) if each.because_of is None)

    def consequences(self, cause: Judged) -> tuple[Judged, ...]:
        """Return the failures that follow from one."""
        return tuple(each for each in self.failures if each.because_of == cause.finding.key)

    def count(self, outcome: CheckOutcome, family: str | None = None) -> int:
        """How many checks of a family, or of all, ended so."""
        return sum(each.outcome is outcome and family in {None, each.family} for each in self.judged)


def parse_waivers(content: bytes, file: str = WAIVERS_FILE) -> tuple[Waiver, ...]:
    """The waivers of a file's content: TOML, one ``[[waivers]]`` each.

    Raises:
        DataFileInvalid: It breaks the format.
    """
    return parse_model(content, file, _File).waivers


def judge(results: SuiteResults, waivers: Sequence[Waiver], *, on: date) -> Judgement:
    """What the findings come to with these waivers on this day.

    A waiver that has expired, that names no check of the plugin, or whose check passes, is a failure of its own.
    """
    valid = [waiver for waiver in waivers if on <= waiver.expires]
    judged = [_judged(result, valid) for result in results.results]
    causes = causes_of([each.finding for each in judged if each.finding.failed and each.waiver is None])
    judged = [replace(each, because_of=causes.get(each.finding.key)) for each in judged]
    judged += [Judged(WAIVERS, problem, CheckOutcome.FAILED) for problem in _problems(results, waivers, on)]
    return Judgement(tuple(judged), tuple(waivers), results.families)


def _judged(result: CheckResult, waivers: Sequence[Waiver]) -> Judged:
    finding = result.finding
    if not finding.failed:
        return Judged(result.family, finding, CheckOutcome(finding.status.value))
    waiver = next((waiver for waiver in waivers if waiver.covers(finding)), None)
    mild = finding.severity is not Severity.ERROR
    outcome = CheckOutcome(finding.severity.value) if mild else CheckOutcome.FAILED
    return Judged(result.family, finding, outcome if waiver is None else CheckOutcome.WAIVED, waiver)


def _problems(results: SuiteResults, waivers: Sequence[Waiver], on: date) -> Iterator[Finding]:
    known = {coded(check) for check in results.known}
    for number, waiver in enumerate(waivers, 1):
        covered = [finding for finding in results.findings if waiver.covers(finding)]
        ran = covered or results.families is None
        if waiver.named not in known:
            kind, expected, got = "unknown-check", "the code of a check of this plugin", str(waiver.named)
        elif on > waiver.expires:
            kind, expected, got = "expired", f"a day not before {on}", f"expired on {waiver.expires}"
        elif ran and not any(finding.failed for finding in covered):
            kind, expected, got = "unexpected-pass", f"{waiver.named} to fail", "it does not: remove the waiver"
        else:
            continue
        yield Finding(
            check=f"{WAIVERS}/{kind}",
            offer=waiver.offer,
            title=f"waiver {number}, {waiver.named}",
            status=CheckStatus.FAILED,
            expected=expected,
            got=got,
            because="a waiver that is not kept up hides the next fault",
        )


def waivers_of(subject: Subject, given: Path | None = None) -> tuple[Waiver, ...]:
    """The waivers of the file given, or else of the plugin's package; none where it has no such file.

    Raises:
        DataFileInvalid: The file cannot be read, or breaks the format.
    """
    record = subject.registry.record(subject.manifest.id)
    path = given
    if path is None and record is not None and record.directory is not None:
        path = record.directory / WAIVERS_FILE
        path = path if path.is_file() else None
    if path is None:
        return ()
    return parse_waivers(read_file(path), path.name)
