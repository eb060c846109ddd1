"""Telling what came of a campaign: to a person, and to a machine."""

from collections import Counter
from datetime import timedelta
from time import monotonic
from types import TracebackType
from typing import Final, Self

from rich.console import Console

from nagorik_testing.campaign.plan import Plan
from nagorik_testing.campaign.told import Told
from nagorik_testing.demo.telling import span

SHOWN: Final = 50
"""Most findings that a person is shown."""


class Progress:
    """One line on standard error that is renewed while a campaign runs; nothing where that is no terminal.

    Attributes:
        told: What there was to tell last.
    """

    def __init__(self, plan: Plan) -> None:
        """Begin to count the time."""
        self.told = Told()
        self._of = sum(len(cohort) for cohort in plan.cohorts)
        self._began = monotonic()
        self._status = Console(stderr=True).status(self._line())

    def __enter__(self) -> Self:
        """Show it."""
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wipe it away."""
        self._status.stop()

    def __call__(self, told: Told) -> None:
        """Hear what there is to tell now."""
        self.told = told
        self._status.update(self._line())

    def _line(self) -> str:
        done, seconds = self.told.applications, monotonic() - self._began
        if not done:
            return f"{self._of:,} applications"
        left = timedelta(seconds=round(seconds / done * (self._of - done)))
        rate = f"{done / seconds:.1f} a second"
        return f"{done:,} of {self._of:,} applications · {rate} · {len(self.told.findings)} findings · {left} to go"


def tell(console: Console, told: Told, plan: Plan, *, seconds: float, cut_off: bool) -> None:
    """Counts, the rate, and each finding with what replays it."""
    rate = f"{told.applications / seconds:.1f} a second; {span(told.simulated)} of simulated time"
    made = f"calls {told.calls:,} · requests {told.requests:,}, of which {told.faults:,} met a fault"
    what = f"{told.applications:,} applications of {len(told.services)} services, seed {plan.seed}"
    lines = [
        f"{what}, in {seconds:.0f} s ({rate})",
        f"{made} · workers killed {sum(told.killed.values()):,} · second clicks refused {told.refused_doubles:,}",
        f"killed: {_counted(told.killed)}",
        f"killed during: {_counted(told.at_operations)}",
        f"ended as: {_counted(told.ends)}",
    ]
    for line in lines:
        console.print(line)
    if cut_off:
        left = sum(len(cohort) for cohort in plan.cohorts) - told.applications
        console.print(f"The campaign was cut off: nothing is known of {left:,} applications.", style="bold red")
    if not told.findings:
        if told.applications:
            agree = "Books and ledgers agree: nothing doubled, lost, unaccounted for or readable."
            console.print(f"As far as it came: {agree}" if cut_off else agree, style="" if cut_off else "green")
        return
    console.print(f"{len(told.findings)} findings", style="bold red")
    how = " --kill-processes" if plan.kill_processes else ""
    drawn = f"--applications {plan.applications} --seed {plan.seed} --workers {plan.workers}"
    again = f"nagorik campaign{how} {drawn} --only"
    for finding in told.findings[:SHOWN]:
        replay = f"   {again} {finding.application[1:]}"
        told_how = replay if finding.application != "-" else ""
        console.print(f"{finding.application}  {finding.code}  {finding.detail}{told_how}")


def as_document(told: Told, plan: Plan, *, seconds: float, cut_off: bool) -> dict[str, object]:
    """The same as data; durations in seconds."""
    return {
        "seed": plan.seed,
        "cut_off": cut_off,
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
