"""What became of a campaign so far, and its report for a person and for a machine."""

from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from datetime import timedelta
from typing import Final

from rich.console import Console

from nagorik_simulation.campaign.cases import CampaignPlan
from nagorik_simulation.campaign.comparison import Discrepancy
from nagorik_simulation.demo.closing import span

SHOWN: Final = 50
"""Most findings that a person is shown."""


@dataclass(slots=True)
class CampaignReport:
    """Counts and findings, added up cohort by cohort."""

    applications: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    services: Counter[str] = field(default_factory=Counter)
    workers_killed: Counter[str] = field(default_factory=Counter)
    disruptions: Counter[str] = field(default_factory=Counter)
    disrupted_during: Counter[str] = field(default_factory=Counter)
    workers_without_a_database: int = 0
    calls: int = 0
    requests: int = 0
    requests_with_a_fault: int = 0
    second_clicks_refused: int = 0
    simulated_seconds: float = 0.0
    findings: list[Discrepancy] = field(default_factory=list)

    def add(self, other: "CampaignReport") -> None:
        """Add what became of further applications."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


def render_report(
    console: Console, report: CampaignReport, plan: CampaignPlan, *, seconds: float, cut_off: bool
) -> None:
    """Print counts, the rate, and each finding with what replays it."""
    simulated = span(timedelta(seconds=report.simulated_seconds))
    carried = f"{report.applications:,} applications of {len(report.services)} services, seed {plan.seed}"
    rate = f"{report.applications / seconds:.1f} a second; {simulated} of simulated time"
    made, met = (
        f"calls {report.calls:,} · requests {report.requests:,}",
        f"{report.requests_with_a_fault:,} met a fault",
    )
    clicks = f"second clicks refused {report.second_clicks_refused:,}"
    gave_up = f"workers that gave up without a database {report.workers_without_a_database:,}"
    for line in (
        f"{carried}, in {seconds:.0f} s ({rate})",
        f"{made}, of which {met} · workers killed {report.workers_killed.total():,} · {clicks}",
        f"killed: {_counted(report.workers_killed)}",
        f"disruptions: {_counted(report.disruptions)} · {gave_up}",
        f"disrupted during: {_counted(report.disrupted_during)}",
        f"ended as: {_counted(report.ends)}",
    ):
        console.print(line)
    if cut_off:
        left = plan.number - report.applications
        console.print(f"The campaign was cut off: nothing is known of {left:,} applications.", style="bold red")
    if not report.findings:
        if report.applications:
            agree = "Database and ledgers agree: nothing doubled, lost, unaccounted for or readable."
            console.print(f"As far as it came: {agree}" if cut_off else agree, style="" if cut_off else "green")
        return
    console.print(f"{len(report.findings)} findings", style="bold red")
    how = (" --kill-processes" if plan.kill_processes else "") + (" --own-server" if plan.own_server else "")
    how += "".join(f" --disruption {kind}" for kind in sorted(plan.disruptions or ()))
    drawn = f"--applications {plan.applications} --seed {plan.seed} --workers {plan.workers}"
    for finding in report.findings[:SHOWN]:
        replay = f"   nagorik campaign{how} {drawn} --only {finding.application[1:]}"
        replayed_by = replay if finding.application != "-" else ""
        console.print(f"{finding.application}  {finding.code}  {finding.detail}{replayed_by}")


def as_document(report: CampaignReport, plan: CampaignPlan, *, seconds: float, cut_off: bool) -> dict[str, object]:
    """The same as data; durations in seconds."""
    return {
        "seed": plan.seed,
        "cut_off": cut_off,
        "seconds": round(seconds, 3),
        "applications_per_second": round(report.applications / seconds, 3),
        **{one.name: getattr(report, one.name) for one in fields(report)},
        "findings": [asdict(found) for found in report.findings],
    }


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counter.most_common()) or "–"
