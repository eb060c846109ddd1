"""Telling what came of a campaign: to a person, and to a machine."""

from collections import Counter
from typing import Final

from rich.console import Console

from nagorik_testing.campaign.cohort import Told
from nagorik_testing.demo.telling import span

SHOWN: Final = 50
"""Most findings that a person is shown."""


def tell(console: Console, told: Told, *, seed: int, seconds: float) -> None:
    """Counts, the rate, and each finding with what replays it."""
    rate = f"{told.applications / seconds:.1f} a second; {span(told.simulated)} of simulated time"
    made = f"calls {told.calls:,} · requests {told.requests:,}, of which {told.faults:,} met a fault"
    what = f"{told.applications:,} applications of {len(told.services)} services, seed {seed}"
    lines = [
        f"{what}, in {seconds:.0f} s ({rate})",
        f"{made} · workers killed {sum(told.killed.values()):,} · second clicks refused {told.refused_doubles:,}",
        f"killed: {_counted(told.killed)}",
        f"killed during: {_counted(told.at_operations)}",
        f"ended as: {_counted(told.ends)}",
    ]
    for line in lines:
        console.print(line, highlight=False, markup=False)
    if not told.findings:
        console.print("[green]Books and ledgers agree: nothing doubled, lost, unaccounted for or readable.[/]")
        return
    console.print(f"[bold red]{len(told.findings)} findings[/]", highlight=False)
    for finding in told.findings[:SHOWN]:
        replay = f"   nagorik campaign --seed {seed} --only {finding.application[1:]}"
        console.print(
            f"{finding.application}  {finding.code}  {finding.detail}{replay if finding.application != '-' else ''}",
            highlight=False,
            markup=False,
        )


def as_document(told: Told, *, seed: int, seconds: float) -> dict[str, object]:
    """The same as data; durations in seconds."""
    return {
        "seed": seed,
        "applications": told.applications,
        "seconds": round(seconds, 3),
        "applications_per_second": round(told.applications / seconds, 3),
        "simulated_seconds": told.simulated.total_seconds(),
        "calls": told.calls,
        "requests": told.requests,
        "requests_with_a_fault": told.faults,
        "second_clicks_refused": told.refused_doubles,
        "workers_killed": dict(told.killed),
        "killed_during": dict(told.at_operations),
        "services": dict(told.services),
        "ends": dict(told.ends),
        "findings": [
            {"application": found.application, "code": found.code, "detail": found.detail} for found in told.findings
        ],
    }


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counter.most_common()) or "–"
