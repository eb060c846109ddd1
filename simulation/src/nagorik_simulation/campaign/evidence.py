"""What led to a finding, written down for whoever has to explain it.

In memory the same seed is the same campaign again. Of processes no two campaigns are the same: what is not kept of
one is lost.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, select

from nagorik_host import Host
from nagorik_host.host import Tracked
from nagorik_host.store import Transaction
from nagorik_host.store.schema import attempts
from nagorik_simulation.campaign.agencies import SimulatedAgencies
from nagorik_simulation.campaign.cases import CampaignCase
from nagorik_simulation.campaign.comparison import Discrepancy
from nagorik_testing.simulator.ledger import SeenRequest

EVERYBODY: Final = "-"
"""In place of an alias: a finding that belongs to no application."""


@dataclass(frozen=True, slots=True)
class MachineEvent:
    """Something that happened, by the clock of the machine that the campaign runs on.

    Attributes:
        at: When, in UTC.
        what: What it was.
        about: The id or reference of the application or payment that it belongs to; ``None`` for what may have
            befallen anybody.
    """

    at: datetime
    what: str
    about: str | None = None


class CampaignEvidence:
    """Takes down what befalls a cohort, and writes down what led to its findings: a file for each application."""

    def __init__(self, folder: Path | None, seed: int) -> None:
        """Write into ``folder``, which is made if it is not there, or nothing; ``seed`` is the campaign's."""
        self._folder = folder
        self._seed = seed
        self._events: list[MachineEvent] = []

    def note(self, what: str, about: str | None = None, *, at: datetime | None = None) -> None:
        """Take down what happens now, or happened ``at`` an instant in UTC."""
        if self._folder is not None:
            self._events.append(MachineEvent(at or datetime.now(UTC), what, about))

    def note_request(self, plugin: str, seen: SeenRequest) -> None:
        """Take down that an agency receives a request."""
        self.note(f"{plugin} receives its request {seen.number}: {seen.operation}", seen.client_reference)

    def read_logs(self, logs: Iterable[Path]) -> None:
        """Take down what workers have said, each in the log of its name; a traceback is as old as what is before."""
        for log in logs if self._folder is not None else ():
            at = datetime.min.replace(tzinfo=UTC)
            for line in log.read_text("utf-8", "replace").splitlines():
                about, what = None, line
                if (said := _said(line)) is not None:
                    at, about = datetime.fromisoformat(said.pop("timestamp")), said.pop("application", None)
                    what = _facts(said.items())
                self.note(f"{log.stem} says {what}", about, at=at)

    async def write(
        self, host: Host, agencies: SimulatedAgencies, cases: Sequence[CampaignCase], found: Collection[Discrepancy]
    ) -> None:
        """Write down all that is known of each application that is ``found``, as things stand now."""
        if self._folder is None:
            return
        findings = defaultdict[str, list[Discrepancy]](list)
        for one in found:
            findings[one.application].append(one)
        for case in cases:
            if case.alias not in findings:
                continue
            tracked = await host.track(str(case.id))
            calls = await host.database.run(partial(_calls, application=str(case.id)))
            events = self._about({str(case.id), None, *_references(tracked)})
            parts = (_drawn(case, findings[case.alias]), _told(tracked, calls, agencies), events)
            _write(self._folder, f"{self._seed}-{case.alias}", chain(*parts))
        if EVERYBODY in findings:
            about = {one.about for one in self._events}
            of_all = chain(map(_finding, findings[EVERYBODY]), self._about(about))
            # Several cohorts may have such a finding, and one to which nothing was handed in has no first.
            first = cases[0].alias if cases else "nobody"
            _write(self._folder, f"{self._seed}-everybody-{first}", of_all)

    def _about(self, whom: Collection[str | None]) -> Iterator[str]:
        events = sorted((one for one in self._events if one.about in whom), key=lambda one: one.at)
        return _part("By the machine's clock, in UTC", (f"{one.at:%H:%M:%S.%f} {one.what}" for one in events))


def _write(folder: Path, name: str, lines: Iterable[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text("\n".join([*lines, ""]), "utf-8")


def _said(line: str) -> dict[str, Any] | None:
    """A line of a log, or ``None`` for anything else that a process writes."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) and "timestamp" in said else None


def _drawn(case: CampaignCase, findings: Iterable[Discrepancy]) -> Iterator[str]:
    yield f"{case.alias}, {case.service}"
    yield from map(_finding, findings)
    yield from _part("Drawn", (f"{name.replace('_', ' ')}: {getattr(case, name)}" for name in _DRAWN))


_FIELDS: Final = list(CampaignCase.__dataclass_fields__)
_DRAWN: Final = _FIELDS[_FIELDS.index("outcome") :]


def _told(tracked: Tracked, calls: Iterable[Row[*tuple[Any, ...]]], agencies: SimulatedAgencies) -> Iterator[str]:
    journal = (
        f"{event.at:%d %H:%M:%S.%f} {type(event).__name__} {_facts(event.model_dump(exclude={'at', 'kind'}).items())}"
        for event in tracked.events
    )
    yield from _part("Journal", journal)
    made = (f"{call.began_at:%d %H:%M:%S.%f} {_facts(call._asdict().items())}" for call in calls)
    yield from _part("Calls", made)
    references = _references(tracked)
    ledgers = {plugin: simulator.ledger for plugin, simulator in agencies.simulators.items()}
    seen = ((plugin, one) for plugin, ledger in ledgers.items() for one in ledger.requests())
    requests = (
        f"{one.at:%d %H:%M:%S.%f} {plugin} {one.number}: {one.operation} -> {one.status}"
        + (f", meets {one.fault}" if one.fault else "")
        for plugin, one in seen
        if one.client_reference in references
    )
    yield from _part("Requests at its agency and its gateway", requests)
    effects = (
        f"{effect.at:%d %H:%M:%S.%f} {plugin}: {effect.kind} {effect.reference} {effect.amount or ''}"
        for plugin, ledger in ledgers.items()
        for effect in ledger.effects()
        if effect.client_reference in references
    )
    yield from _part("What came of them there", effects)


def _part(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", f"{title}:")
    yield from (f"  {line}".rstrip() for line in lines)


def _finding(one: Discrepancy) -> str:
    return f"{one.code}: {one.detail}"


def _facts(items: Iterable[tuple[str, object]]) -> str:
    return " ".join(f"{name}={value}" for name, value in items if value not in _NOTHING)


_NOTHING: Final[tuple[object, ...]] = (None, "", (), [], {}, frozenset())


def _references(tracked: Tracked) -> frozenset[str]:
    """What agencies and gateways know an application and its payments by."""
    return frozenset({tracked.progress.client_reference, *(one.id for one in tracked.progress.payments)})


def _calls(transaction: Transaction, application: str) -> Sequence[Row[*tuple[Any, ...]]]:
    names = ("entry", "operation", "subject", "worker", "began_at", "ended_at", "result")
    query = select(*(attempts.c[name] for name in names)).where(attempts.c.application == application)
    return transaction.connection.execute(query.order_by(attempts.c.entry)).all()
