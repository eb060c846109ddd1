"""The run as a terminal shows it: one screen without a failure, and what to do with one."""

from pathlib import PurePath
from typing import Final

from nagorik.manifest import API_VERSION
from nagorik_testing.contract.codes import code_of, coded
from nagorik_testing.contract.report import Report, suite_version
from nagorik_testing.contract.verdict import Finding, FindingKey, Grade
from nagorik_testing.contract.waivers import WAIVERS, WAIVERS_FILE, CheckOutcome, Judged
from nagorik_testing.validation.findings import Severity

_SHOWN: Final = 6
"""Consequences that are named under their cause."""


def render_failure(finding: Finding, because_of: FindingKey | None = None) -> tuple[str, ...]:
    """Return the lines of a failure, with the one that it follows from, if it does."""
    mild = "" if finding.severity is Severity.ERROR else f"{finding.severity.value}: "
    lines = [
        f"{mild}{code_of(finding.check)} {finding.check}  {finding.title}  {finding.offer or ''}".rstrip(),
        f"  expected  {finding.expected or '-'}",
        f"  got       {finding.got or '-'}",
        f"  because   {finding.because or '-'}",
    ]
    if finding.origin is not None:
        lines.append(f"  {'decided' if finding.origin.decided else 'sent   '}   at {finding.origin.place}")
        raised = finding.origin.raised.replace("\n", "\n            ")
        lines += [f"  raised    {raised}"] if raised else []
    if finding.exchange is not None:
        request, response = finding.exchange
        lines += [f"  request   {request}", f"  response  {response}"]
    if because_of is not None:
        return (*lines, f"  follows   from {' of '.join(filter(None, because_of))}")
    return (*lines, f"  explain   nagorik explain {code_of(finding.check)}", *_render_waiver(finding))


def _render_waiver(finding: Finding) -> list[str]:
    """Return the lines of ``contract-waivers.toml`` that waive a failure."""
    check = coded(finding.check)
    if check is None or finding.check.startswith(f"{WAIVERS}/"):
        return []
    entries = {**check._asdict(), "offer": finding.offer, "reason": "…"}
    written = [f'{name} = "{value}"' for name, value in entries.items() if value is not None]
    return [
        f"  waive     {WAIVERS_FILE}: [[waivers]]",
        *(f"            {line}" for line in (*written, "expires = YYYY-MM-DD")),
    ]


def render_report(report: Report, *, folder: PurePath | None = None, verbose: bool = False) -> tuple[str, ...]:
    """Return the lines of the summary, then those of each cause of a failure, then where the plugin stands.

    Args:
        report: The run.
        folder: Where the other reports are.
        verbose: Whether consequences and notes are shown in full, too.
    """
    judgement, subject = report.judgement, report.subject
    record = subject.registry.record(report.manifest.id)
    against = "live agency" if subject.grade is Grade.LIVE else "simulator"
    proved = f"{report.manifest.id} {record.source.version if record is not None else '?'}"
    against = f"{against} ({report.manifest.evidence.value})"
    lines = [f"{proved} · core {API_VERSION} · suite {suite_version()} · {against}"]
    width = max(len(family) for family in report.families)
    lines += [_render_family(report, family, width) for family in report.families if _applies(report, family)]
    for cause in judgement.causes:
        lines += ["", *render_failure(cause.finding), *_render_following(judgement.consequences(cause))]
        for each in judgement.consequences(cause) if verbose else ():
            lines += ["", *(f"  {line}" for line in render_failure(each.finding, each.because_of))]
    for each in (*judgement.warnings, *(judgement.ended(CheckOutcome.NOTE) if verbose else ())):
        lines += ["", *render_failure(each.finding)]
    if judgement.failures or judgement.warnings:
        lines.append("")
    return (*lines, *report.notes(), _render_level(report, folder))


def _render_following(following: tuple[Judged, ...]) -> list[str]:
    """Return the line that names what follows from a cause; no line without consequences."""
    checks = tuple(dict.fromkeys(each.finding.check for each in following))
    named = ", ".join(checks[:_SHOWN]) + (", …" if len(checks) > _SHOWN else "")
    number = f"{len(following)} dependent failure{'' if len(following) == 1 else 's'} (--verbose)"
    return [f"  hidden    {number}: {named}"] if following else []


def _applies(report: Report, family: str) -> bool:
    judged = report.judgement.judged
    return any(each.family == family and each.outcome is not CheckOutcome.NOT_APPLICABLE for each in judged)


def _render_family(report: Report, family: str, width: int) -> str:
    count, shown = report.judgement.count, [f"  {family:<{width}}  "]
    shown.append(f"{count(CheckOutcome.PASSED, family):>4} ✓")
    for outcome, mark in ((CheckOutcome.FAILED, " ✗"), (CheckOutcome.WARNING, " !"), (CheckOutcome.WAIVED, "")):
        if number := count(outcome, family):
            plural = "s" if outcome is CheckOutcome.WARNING and number > 1 else ""
            shown.append(f"  {number} {outcome.value}{plural}{mark}")
    waived = dict.fromkeys(
        f"until {each.waiver.expires} ({each.finding.check}: {each.waiver.reason})"
        for each in report.judgement.judged
        if each.family == family and each.waiver is not None
    )
    return f"{''.join(shown)} {'; '.join(waived)}".rstrip()


def _render_level(report: Report, folder: PurePath | None) -> str:
    standard, judgement = report.standard, report.judgement
    if judgement.families is not None:
        parts = [f"Level not computed: only {', '.join(sorted(judgement.families))} ran"]
    elif standard.level is None or standard.tier is None:
        parts = ["No level"]
    else:
        parts = [f"Level {standard.level.label}", standard.tier.value]
    parts += [f"evidence: {report.subject.grade.value}", f"{report.checks} checks in {report.seconds:.1f} s"]
    if judgement.failures:
        causes = len(judgement.causes)
        parts.append(f"{len(judgement.failures)} failed, {causes} cause{'' if causes == 1 else 's'}")
    if folder is not None:
        parts.append(f"report: {folder.as_posix()}/{report.manifest.id}.html")
    return " · ".join(parts)
