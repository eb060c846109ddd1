"""The run as a terminal shows it: one screen when all is well, and what to do when it is not."""

from pathlib import PurePath
from typing import Final

from nagorik.manifest import API_VERSION
from nagorik_testing.contract.codes import code_of, coded
from nagorik_testing.contract.mutation.runner import render_mutation
from nagorik_testing.contract.mutation.score import render_standing
from nagorik_testing.contract.report import Report, UnplayedOperation, suite_version
from nagorik_testing.contract.verdict import Finding, FindingKey, Grade
from nagorik_testing.contract.waivers import WAIVERS, WAIVERS_FILE, CheckOutcome, Judged
from nagorik_testing.validation.findings import Severity


def render_failure(finding: Finding, because_of: FindingKey | None = None) -> tuple[str, ...]:
    """A failure in full, with the one that it follows from, if it does."""
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
        lines += [
            f"  {part:<8}  {text}" for part, text in zip(("request", "response"), finding.exchange, strict=True)
        ]
    if because_of is not None:
        lines.append(f"  follows   from {named(because_of)}")
    else:
        lines += [f"  explain   nagorik explain {code_of(finding.check)}", *_render_waiver(finding)]
    return tuple(lines)


def _render_waiver(finding: Finding) -> list[str]:
    """What waives a failure: the lines of ``contract-waivers.toml``."""
    check = coded(finding.check)
    if check is None or finding.check.startswith(f"{WAIVERS}/"):
        return []
    entries = {**check._asdict(), "offer": finding.offer, "reason": "…"}
    written = [f'{name} = "{value}"' for name, value in entries.items() if value is not None]
    return [
        f"  waive     {WAIVERS_FILE}: [[waivers]]",
        *(f"            {line}" for line in (*written, "expires = YYYY-MM-DD")),
    ]


def named(key: FindingKey) -> str:
    """A finding by its check and offer."""
    check, offer = key
    return check if offer is None else f"{check} of {offer}"


_SHOWN: Final = 6
"""Consequences that are named under their cause."""


def _render_cause(report: Report, cause: Judged, *, verbose: bool) -> tuple[str, ...]:
    """A cause in full, and what follows from it: by number and name, or all of it in full."""
    following = report.judgement.consequences(cause)
    lines = ["", *render_failure(cause.finding)]
    if following:
        checks = tuple(dict.fromkeys(each.finding.check for each in following))
        more = ", …" if len(checks) > _SHOWN else ""
        number = f"{len(following)} dependent failure{'' if len(following) == 1 else 's'} (--verbose)"
        lines.append(f"  hidden    {number}: {', '.join(checks[:_SHOWN])}{more}")
    if verbose:
        for each in following:
            lines += ["", *(f"  {line}" for line in render_failure(each.finding, each.because_of))]
    return tuple(lines)


def render_report(report: Report, *, folder: PurePath | None = None, verbose: bool = False) -> tuple[str, ...]:
    """The lines of the summary, then those of each cause of a failure, then where the plugin stands.

    Args:
        report: The run.
        folder: Where the other reports are.
        verbose: Whether what follows from a cause is told in full, too, and not by name alone.
    """
    against = "live agency" if report.grade is Grade.LIVE else "simulator"
    against = f"{against} ({report.manifest.evidence.value})"
    lines = [f"{report.manifest.id} {report.version} · core {API_VERSION} · suite {suite_version()} · {against}"]
    width = max(len(family) for family in report.families)
    shown = [family for family in report.families if _applies(report, family)]
    lines += [_render_family(report, family, width) for family in shown]
    for cause in report.judgement.causes:
        lines += _render_cause(report, cause, verbose=verbose)
    for warning in report.judgement.warnings:
        lines += ["", *render_failure(warning.finding)]
    if verbose:
        notes = [each.finding for each in report.judgement.judged if each.outcome is CheckOutcome.NOTE]
        lines += [line for note in notes for line in ("", *render_failure(note))]
    if report.judgement.failures or report.judgement.warnings:
        lines.append("")
    lines += _render_logins(report)
    lines += [f"Not run: {_count_checks(count)}: {reason}" for reason, count in report.not_run]
    lines += [
        f"Nothing to check: {', '.join(map(str, group))}: {reason}" for reason, group in unplayed_by_reason(report)
    ]
    if report.mutation is not None:
        lines += render_mutation(report.mutation)
    lines += render_standing(report.score)
    standard = report.standard
    lines += [f"Not gold: {why}" for why in standard.short_of_gold]
    if standard.first_missing is not None:
        lines.append(f"Next: {standard.first_missing.label}; missing: {', '.join(standard.missing)}")
    return (*lines, _render_level(report, folder))


def unplayed_by_reason(report: Report) -> tuple[tuple[str, tuple[UnplayedOperation, ...]], ...]:
    """The operations that meet no fault, by why they do not."""
    reasons = dict.fromkeys(each.reason for each in report.unplayed)
    return tuple((reason, tuple(one for one in report.unplayed if one.reason == reason)) for reason in reasons)


def _render_logins(report: Report) -> tuple[str, ...]:
    counted = [logins for of_operation in report.logins.values() for logins in of_operation]
    if not counted:
        return ()
    return (f"Logins: {sum(counted)} in {len(counted)} calls with a fault, at most {max(counted)} in one",)


def _count_checks(count: int) -> str:
    return f"{count} check{'' if count == 1 else 's'}"


def _applies(report: Report, family: str) -> bool:
    judged = report.judgement.judged
    return any(each.family == family and each.outcome is not CheckOutcome.NOT_APPLICABLE for each in judged)


def _render_family(report: Report, family: str, width: int) -> str:
    judgement = report.judgement
    failed, waived = judgement.count(CheckOutcome.FAILED, family), judgement.count(CheckOutcome.WAIVED, family)
    passed = judgement.count(CheckOutcome.PASSED, family)
    line = f"  {family:<{width}}  {passed:>4} ✓"
    if failed:
        line += f"  {failed} failed ✗"
    warnings = judgement.count(CheckOutcome.WARNING, family)
    if warnings:
        line += f"  {warnings} warning{'' if warnings == 1 else 's'} !"
    if waived:
        names = {
            f"{each.finding.check}: {each.waiver.reason}": each.waiver.expires
            for each in judgement.judged
            if each.family == family and each.waiver is not None
        }
        reasons = "; ".join(f"until {expires} ({reason})" for reason, expires in names.items())
        line += f"  {waived} waived {reasons}"
    return line


def _render_level(report: Report, folder: PurePath | None) -> str:
    standard = report.standard
    if report.judgement.families is not None:
        parts = [f"Level not computed: only {', '.join(sorted(report.judgement.families))} ran"]
    elif standard.level is None or standard.tier is None:
        parts = ["No level"]
    else:
        parts = [f"Level {standard.level.label}", standard.tier.value]
    checks = f"{_count_checks(report.checks)} in {report.seconds:.1f} s"
    parts += [f"evidence: {report.grade.value}", checks]
    if report.judgement.failures:
        causes = len(report.judgement.causes)
        parts.append(f"{len(report.judgement.failures)} failed, {causes} cause{'' if causes == 1 else 's'}")
    if folder is not None:
        parts.append(f"report: {folder.as_posix()}/{report.manifest.id}.html")
    return " · ".join(parts)
