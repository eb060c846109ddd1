"""The course of time for workers in other processes: it stands still while anything is due or in anybody's hands."""

import asyncio
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import exists, select

from nagorik_host import Host
from nagorik_host.store import Transaction
from nagorik_host.store.schema import applications
from nagorik_testing.campaign.processes.crew import Crew
from nagorik_testing.clock import SimulatedClock

_GLANCE: Final = 0.1
"""Seconds between two looks at the books; each look keeps others from writing for a moment."""
_IN_HAND: Final = select(exists().where(applications.c.lease.is_not(None)))


class NotAtRest(Exception):
    """The workers did not finish what was due for longer than anything may take them."""


class _Standing(NamedTuple):
    at_rest: bool
    due: datetime | None


class Course:
    """Lets time pass for a crew, whose dead are replaced."""

    def __init__(self, host: Host, clock: SimulatedClock, crew: Crew, *, patience: timedelta) -> None:
        """Move ``clock``, which is that of all.

        Args:
            host: Reads the books, and does no work.
            clock: The time of agencies and citizens.
            crew: Who works.
            patience: The machine's own time after which the workers are taken to be stuck.
        """
        self._host = host
        self._clock = clock
        self._crew = crew
        self._patience = patience.total_seconds()
        self._desk = host.worker().desk
        self._met = False

    async def rest(self, *, replacing: bool = True) -> datetime | None:
        """Wait until nothing is due and nothing is in hand; when something falls due next, if it ever does.

        Raises:
            NotAtRest: There is no end to it.
        """
        if not self._met:
            # Before the first worker has looked, the books know no agency, and nothing would seem due.
            await self._host.database.run(self._meet)
            self._met = True
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience
        while True:
            if replacing:
                await self._crew.replace()
            standing = await self._host.database.run(self._standing)
            if standing.at_rest:
                return standing.due
            if loop.time() > end:
                raise NotAtRest
            await asyncio.sleep(_GLANCE)

    def _meet(self, transaction: Transaction) -> None:
        names = [record.id for record in self._host.platform.plugins if record.manifest is not None]
        self._host.agencies.meet(transaction, names, self._clock.now())

    def _standing(self, transaction: Transaction) -> _Standing:
        due = self._desk.next_due(transaction)
        in_hand = transaction.connection.scalar(_IN_HAND)
        return _Standing(not in_hand and (due is None or due > self._clock.now()), due)
