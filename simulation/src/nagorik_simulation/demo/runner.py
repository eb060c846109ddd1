"""Carrying the examples through the durable host: time passes, and people do what is theirs to do."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Final, NamedTuple

from pydantic import JsonValue
from sqlalchemy import select

from nagorik.operations import Operation
from nagorik_host.host import Action, Host, Tracked
from nagorik_host.store import Transaction
from nagorik_host.store.schema import applications, attempts
from nagorik_platform.lifecycle import Decided, Event
from nagorik_simulation.demo.results import DemoApplication
from nagorik_simulation.demo.worker import DemoWorker, WorkerKilled
from nagorik_testing.simulator.clock import SimulatedClock

_ENTRIES: Final = select(applications.c.id, applications.c.entries)


class CitizenAct(NamedTuple):
    """What the citizen does, and the fields of the form that they change with it."""

    action: Action
    form: Mapping[str, JsonValue]


Watch = Callable[[DemoApplication, Event], None]
"""Hears of each event, in the order in which they happened."""
NextAct = Callable[[DemoApplication], CitizenAct | Decided | None]
"""What somebody does about what an application waits for, if anything."""
DemoChoice = Callable[[DemoApplication], Awaitable[bool]]
"""Chooses an appointment, where it is time for one; whether that was done."""
Opening = Callable[[], Awaitable[DemoApplication]]
Restart = Callable[[], Awaitable[DemoWorker]]


@dataclass(slots=True, kw_only=True)
class ExampleRunner:
    """Advances applications until none is due within the horizon, or all are closed or waiting for a person.

    Attributes:
        restart: Gives another worker after one was killed.
    """

    host: Host
    clock: SimulatedClock
    worker: DemoWorker
    restart: Restart
    watch: Watch
    next_act: NextAct
    choose: DemoChoice
    _rows: dict[str, DemoApplication] = field(default_factory=dict)

    async def run(self, openings: list[tuple[datetime, Opening]], until: datetime) -> None:
        """Open what is to be opened at its time, and move the clock when nothing is due, but not past ``until``."""
        while True:
            while openings and openings[0][0] <= self.clock.now():
                row = await openings.pop(0)[1]()
                self._rows[row.progress.id] = row
            try:
                due = await self.worker.until_idle()
            except WorkerKilled:
                for identity in await self.host.database.run(_being_filed):
                    self._rows[identity].filing_cut_off = True
                self.worker = await self.restart()
                continue
            await self._refresh()
            if await self._let_people_act():
                continue
            dues = [at for at in (due, openings[0][0] if openings else None) if at is not None]
            if not dues or min(dues) > until:
                return
            if min(dues) > self.clock.now():
                self.clock.set(min(dues))

    async def _refresh(self) -> None:
        """Take in what has changed in the database, and tell of it in the order in which it happened."""
        happened: list[tuple[DemoApplication, Event]] = []
        for identity, tracked in (await self.host.database.run(self._changed)).items():
            row = self._rows[identity]
            happened += [(row, event) for event in tracked.events]
            row.progress = tracked.progress
            row.journal += tracked.events
        at = attrgetter("at")
        for row, event in sorted(happened, key=lambda one: at(one[1])):
            self.watch(row, event)

    def _changed(self, transaction: Transaction) -> dict[str, Tracked]:
        """Every application whose journal has grown, with what was added to it."""
        store, found = self.host.store, {}
        for identity, entries in transaction.connection.execute(_ENTRIES):
            known = len(self._rows[identity].journal)
            if entries != known:
                stored = store.read(transaction, identity)
                found[identity] = Tracked(stored.progress, store.events(transaction, stored, after=known))
        return found

    async def _let_people_act(self) -> bool:
        """Let everybody do once what they can do now; whether anybody did."""
        acted = False
        for row in self._rows.values():
            hold = row.progress.hold
            if hold is None or row.progress.attempt is not None:
                continue
            acted |= await self.choose(row)
            chosen = self.next_act(row)
            if chosen is None:
                continue
            row.acts[hold.code] = row.acts.get(hold.code, 0) + 1
            if isinstance(chosen, Decided):
                await self.host.decide(row.progress.id, chosen)
            else:
                await self.host.act(row.progress.id, chosen.action, form=chosen.form)
            acted = True
        if acted:
            await self._refresh()
        return acted


def _being_filed(transaction: Transaction) -> list[str]:
    """Applications whose filing was begun, and of which nothing has been heard since."""
    query = select(attempts.c.application).where(
        attempts.c.operation == Operation.SUBMIT.value, attempts.c.ended_at.is_(None)
    )
    return list(transaction.connection.scalars(query))
