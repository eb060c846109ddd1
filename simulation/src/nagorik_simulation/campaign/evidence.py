"""What led to a finding, written down for those who have to explain it.

In memory the same seed is the same campaign again. Of processes no two campaigns are the same: what is not kept of
one is lost.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import select

from nagorik_host import Host
from nagorik_host.store import Transaction
from nagorik_host.store.schema import attempts
from nagorik_simulation.campaign.agencies import SimulatedAgencies
from nagorik_simulation.campaign.cases import CampaignCase
from nagorik_simulation.campaign.comparison import Discrepancy
from nagorik_simulation.worker_pool import log_lines


class CampaignEvidence:
    """Keeps what happens to a cohort, and writes down what led to its findings: a file for each application."""

    def __init__(self, folder: Path | None, seed: int) -> None:
        """Write into ``folder``, which is made if it is not there, or nothing; ``seed`` is the campaign's."""
        self._folder, self._seed = folder, seed
        self._events: list[tuple[datetime, str | None, str]] = []

    def note(self, what: str, about: str | None = None, *, at: datetime | None = None) -> None:
        """Note what happens now, or at an instant in UTC.

        ``about`` is the id or reference of its application or payment, if it has one.
        """
        if self._folder is not None:
            self._events.append((at or datetime.now(UTC), about, what))

    def read_logs(self, logs: Mapping[str, Path]) -> None:
        """Note what workers wrote, by their names; a traceback has the time of what is before it."""
        for name, log in logs.items() if self._folder is not None else ():
            at = datetime.min.replace(tzinfo=UTC)
            for line in log_lines(log):
                about, what = None, line
                if isinstance(line, dict):
                    at, about = datetime.fromisoformat(line.pop("timestamp")), line.pop("application", None)
                    what = " ".join(f"{key}={value}" for key, value in line.items())
                self.note(f"{name} says {what}", about, at=at)

    async def write(
        self, host: Host, agencies: SimulatedAgencies, cases: Sequence[CampaignCase], found: Collection[Discrepancy]
    ) -> None:
        """Write down all that is known of each application that is ``found``, as things stand now."""
        findings = defaultdict[str, list[str]](list)
        for one in found if self._folder is not None else ():
            findings[one.application].append(f"{one.code}: {one.detail}")
        for case in cases:
            if case.alias in findings:
                identity = str(case.id)
                tracked = await host.track(identity)
                about = {tracked.progress.client_reference, *(one.id for one in tracked.progress.payments)}
                self._write(
                    case.alias,
                    findings.pop(case.alias),
                    {None, identity, *about},
                    drawn=asdict(case),
                    journal=[event.model_dump(mode="json", exclude_defaults=True) for event in tracked.events],
                    calls=await host.database.run(partial(_calls, application=identity)),
                    requests=_of(about, agencies.requests()),
                    effects=_of(about, agencies.effects()),
                )
        for of_all in findings.values():
            # Several cohorts may have such a finding, and one to which nothing was handed in has no first.
            first = cases[0].alias if cases else "nothing"
            self._write(f"everybody-{first}", of_all, {about for _, about, _ in self._events})

    def _write(self, name: str, findings: list[str], about: Collection[str | None], **known: Any) -> None:
        assert self._folder is not None  # noqa: S101 - nothing is found without
        self._folder.mkdir(parents=True, exist_ok=True)
        machine = [
            f"{at:%H:%M:%S.%f} {what}"
            for at, whose, what in sorted(self._events, key=itemgetter(0))
            if whose in about
        ]
        document = {"findings": findings, **known, "by_the_machines_clock": machine}
        text = json.dumps(document, default=str, ensure_ascii=False, indent=2)
        (self._folder / f"{self._seed}-{name}.json").write_text(text, "utf-8")


def _of(about: Collection[str], seen: Sequence[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [{"plugin": plugin, **asdict(one)} for plugin, one in seen if one.client_reference in about]


def _calls(transaction: Transaction, application: str) -> list[dict[str, Any]]:
    names = ("entry", "operation", "subject", "worker", "began_at", "ended_at", "result")
    query = select(*(attempts.c[name] for name in names)).where(attempts.c.application == application)
    return [row._asdict() for row in transaction.connection.execute(query.order_by(attempts.c.entry))]
