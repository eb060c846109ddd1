"""The smallest host: rows in memory, driven by the core's step like any other host's.

It holds no rule of its own about what an application does next. What a database host adds is that its rows survive.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from nagorik import ApplicationDraft
from nagorik.journey import (
    CitizenActed,
    Decided,
    Event,
    Next,
    Opened,
    Outcome,
    Plan,
    Progress,
    Step,
    begin,
    open_application,
    step,
)
from nagorik.journey.perform import perform
from nagorik.platform import Platform
from nagorik_testing.clock import SimulatedClock

RUNNING: ContextVar["Row | None"] = ContextVar("RUNNING", default=None)
"""The row whose call is being made, for the policies around it."""


@dataclass(slots=True, eq=False, repr=False)
class Row:
    """One application as this host keeps it."""

    draft: ApplicationDraft
    plan: Plan
    progress: Progress
    next: Next
    journal: list[Event]
    requests: int = 0
    """HTTP requests made for it so far."""
    calls: int = 0
    acts: dict[str, int] = field(default_factory=dict)
    """How often somebody has acted, by the hold's code."""


Watch = Callable[[Row, tuple[Event, ...]], Awaitable[None]]
Wishes = Callable[[Row], CitizenActed | Decided | None]
"""What somebody does about what an application waits for, if anything."""
Errand = Callable[[Row], Awaitable[None]]
"""What a citizen does at the agency meanwhile, such as taking an appointment."""


class MemoryHost:
    """Advances rows until none is due within the horizon, or all are closed or waiting for somebody."""

    def __init__(
        self, platform: Platform, clock: SimulatedClock, *, watch: Watch, wishes: Wishes, errand: Errand
    ) -> None:
        self._platform = platform
        self._clock = clock
        self._watch = watch
        self._wishes = wishes
        self._errand = errand

    async def open(self, draft: ApplicationDraft, opened: Opened) -> Row:
        """Take an application in."""
        service = self._platform.service(draft.service)
        gateway = self._platform.gateway(draft.gateway) if draft.gateway else None
        plan = Plan.of(service, gateway)
        first = open_application(opened, plan)
        row = Row(draft=draft, plan=plan, progress=first.progress, next=first.next, journal=[])
        await self._commit(row, first)
        return row

    async def run(self, rows: Iterable[Row], until: datetime) -> None:
        """Advance ``rows``, moving the clock whenever nothing is due, but not past ``until``."""
        waiting = list(rows)
        while True:
            for row in waiting:
                await self._let_somebody_act(row)
            due = [row.next.due for row in waiting if row.next.due is not None]
            if not due or min(due) > until:
                return
            now = self._clock.now()
            if min(due) > now:
                self._clock.set(min(due))
                now = self._clock.now()
            ready = [row for row in waiting if row.next.due is not None and row.next.due <= now]
            await asyncio.gather(*(self._advance(row) for row in ready))

    async def _advance(self, row: Row) -> None:
        """Intent, call, outcome: what each driver does, with a commit where a database host commits."""
        payment = payment_id(row.progress.idempotency_key, len(row.progress.payments) + 1)
        begun = begin(row.progress, row.plan, self._clock.now(), payment)
        await self._commit(row, begun)
        if begun.next.operation is None:
            return
        row.calls += 1
        token = RUNNING.set(row)
        try:
            outcome: Outcome = await perform(self._platform, row.draft, begun.progress, begun.next)
        finally:
            RUNNING.reset(token)
        await self._commit(row, step(row.progress, outcome, row.plan, self._clock.now()))

    async def _let_somebody_act(self, row: Row) -> None:
        hold = row.progress.hold
        if hold is None or row.progress.attempt is not None:
            return
        await self._errand(row)
        wish = self._wishes(row)
        if wish is not None:
            row.acts[hold.code] = row.acts.get(hold.code, 0) + 1
            await self._commit(row, step(row.progress, wish, row.plan, self._clock.now()))

    async def _commit(self, row: Row, done: Step) -> None:
        row.progress = done.progress
        row.next = done.next
        row.journal.extend(done.events)
        if done.events:
            await self._watch(row, done.events)


def payment_id(idempotency_key: str, number: int) -> str:
    """The id of an application's payment, the first being number 1."""
    return str(uuid5(UUID(idempotency_key), f"payment/{number}"))
