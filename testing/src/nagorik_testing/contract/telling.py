"""The run as a terminal shows it: one screen when all is well, and what to do when it is not."""

from pathlib import PurePath

from nagorik.manifest import API_VERSION
from nagorik_testing.contract.grade import Grade
from nagorik_testing.contract.report import Canary, Report, explained_at, suite_version
from nagorik_testing.contract.verdict import Finding
from nagorik_testing.contract.waivers import Outcome


def failure_lines(finding: Finding) -> tuple[str, ...]:
    """A failure in full."""
    return (
        f"{finding.check}  {finding.title}  {finding.offer or ''}".rstrip(),
        f"  expected  {finding.expected or '-'}",
        f"  got       {finding.got or '-'}",
        f"  because   {finding.because or '-'}",
        f"  see       {explained_at(finding.check)}",
    )


def tell(report: Report, *, folder: PurePath | None = None) -> tuple[str, ...]:
    """The lines of the summary, then those of each failure, then where the plugin stands."""
    against = "live agency" if report.grade is Grade.LIVE else "simulator"
    against = f"{against} ({report.manifest.evidence.value})"
    lines = [f"{report.manifest.id} {report.version} · core {API_VERSION} · suite {suite_version()} · {against}"]
    width = max(len(family) for family in report.families)
    told = [family for family in report.families if _applies(report, family)]
    lines += [_family(report, family, width) for family in told]
    for each in report.judgement.failures:
        lines += ["", *failure_lines(each.finding)]
    if report.judgement.failures:
        lines.append("")
    lines += [f"Not run: {_checks(count)}: {reason}" for reason, count in report.not_run]
    if report.canary is not None:
        lines += drift_lines(report.canary)
    standard = report.standard
    if standard.first_missing is not None:
        lines.append(f"Next: {standard.first_missing.label}; missing: {', '.join(standard.missing)}")
    return (*lines, _standing(report, folder))


def drift_lines(canary: Canary) -> tuple[str, ...]:
    """What has changed since the recording, one change a line."""
    lines = [
        f"{'breaking' if change.breaking else 'benign  '}  {change.operation}  {change.request}  {change.place}"
        f"  {change.drift.value}: {change.was} → {change.now}"
        for change in canary.changes
    ]
    told = (
        f"{len(canary.breaking)} breaking of {len(canary.changes)} changes" if canary.changes else "nothing changed"
    )
    return (*lines, f"Drift: {told}; {canary.compared} operations compared, {len(canary.skipped)} not called")


def _checks(count: int) -> str:
    return f"{count} check{'' if count == 1 else 's'}"


def _applies(report: Report, family: str) -> bool:
    judged = report.judgement.judged
    return any(each.family == family and each.outcome is not Outcome.NOT_APPLICABLE for each in judged)


def _family(report: Report, family: str, width: int) -> str:
    judgement = report.judgement
    failed, waived = judgement.count(Outcome.FAILED, family), judgement.count(Outcome.WAIVED, family)
    passed = judgement.count(Outcome.PASSED, family)
    told = f"  {family:<{width}}  {passed:>4} ✓"
    if failed:
        told += f"  {failed} failed ✗"
    if waived:
        names = {
            f"{each.finding.check}: {each.waiver.reason}": each.waiver.expires
            for each in judgement.judged
            if each.family == family and each.waiver is not None
        }
        reasons = "; ".join(f"until {expires} ({reason})" for reason, expires in names.items())
        told += f"  {waived} waived {reasons}"
    return told


def _standing(report: Report, folder: PurePath | None) -> str:
    standard = report.standard
    if report.judgement.families is not None:
        parts = [f"Level not computed: only {', '.join(sorted(report.judgement.families))} ran"]
    elif standard.level is None or standard.tier is None:
        parts = ["No level"]
    else:
        parts = [f"Level {standard.level.label}", standard.tier.value]
    checks = f"{_checks(report.checks)} in {report.seconds:.1f} s"
    parts += [f"evidence: {report.grade.value}", checks]
    if report.judgement.failures:
        parts.append(f"{len(report.judgement.failures)} failed")
    if folder is not None:
        parts.append(f"report: {folder.as_posix()}/{report.manifest.id}.html")
    return " · ".join(parts)
