"""What a worker does in transactions: it takes what is due in hand, and lays down what came of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import Row, update

from nagorik import ServiceNotOffered
from nagorik.clock import Clock
from nagorik.journey import Answered, Failed, JournalBroken, Next, UnexpectedAnswer
from nagorik.lifecycle import IllegalTransition
from nagorik_host.engine import claims
from nagorik_host.engine.agencies import HORIZON, Agencies
from nagorik_host.engine.claims import Stopped
from nagorik_host.engine.hand import Hand, Taken
from nagorik_host.store.books import Kept, NoSuchApplication, callee
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import applications
from nagorik_host.vault import Erased, SealBroken

_log = structlog.stdlib.get_logger("nagorik.host")

BLOCKED: Final = timedelta(minutes=5)
"""How long an application whose plugin is not installed is left alone before it is looked at again."""
DEFECT: Final = "defect"
SOON: Final = timedelta(milliseconds=50)
"""When to look again after another worker was quicker."""

_DEFECTS: Final = (IllegalTransition, JournalBroken, SealBroken, UnexpectedAnswer, ValueError)
"""What is wrong with one application is an officer's case; it holds up nobody else's."""


class Round(list[Taken]):
    """What a worker took in hand when it looked.

    Attributes:
        crowded: Whether there was more than there were places for.
        next_look: When something else can be taken in hand, as far as can be told now.
        stops: What was stopped at that time.
    """

    def __init__(self, stops: Stopped) -> None:
        """Begin with nothing in hand."""
        super().__init__()
        self.crowded = False
        self.next_look: datetime | None = None
        self.stops = stops

    def look_at(self, instant: datetime) -> None:
        """Something can be taken in hand then."""
        self.next_look = instant if self.next_look is None else min(self.next_look, instant)


class Desk:
    """One worker's transactions."""

    def __init__(
        self, hand: Hand, agencies: Agencies, *, places: Mapping[str, int], clock: Clock, lease_clock: Clock
    ) -> None:
        """Take with ``hand``; ``places`` are the most calls in flight at each agency, over all workers."""
        self._hand = hand
        self._agencies = agencies
        self._places = places
        self._clock = clock
        self._lease_clock = lease_clock

    def take(self, transaction: Transaction, *, sweep: bool = True, among: Collection[str] | None = None) -> Round:
        """Take in hand what is due and can be called.

        Args:
            transaction: Where the books are.
            sweep: Whether to look for what lost workers had in hand, too.
            among: The applications to look at; all, where nothing is given.
        """
        now = self._clock.now()
        done = Round(claims.stopped(transaction))
        if sweep:
            claims.put_back(transaction, done.stops)
            self._take_abandoned(transaction, done, now)
        for look in self._agencies.look(transaction, self._places, now):
            if look.due_at is None or look.plugin in done.stops.plugins:
                continue
            possible = max(look.due_at, look.free_at)
            if possible > now:
                done.look_at(possible)
            else:
                self._take_from(transaction, look.plugin, done, now, among)
        return done

    def lay_down(
        self, transaction: Transaction, taken: Taken, outcome: Answered | Failed, stops: Stopped | None
    ) -> Taken | None:
        """Commit what came of a call, and with it the next intent of the same application if that is due at once.

        Without ``stops`` nothing follows: the worker is about to end.
        """
        now = self._clock.now()
        self._agencies.learn(transaction, taken.callee, outcome, now)
        go_on = partial(self._go_on, transaction, taken.callee, stops) if stops is not None else None
        try:
            return self._hand.lay_down(transaction, taken, outcome, go_on).following
        except _DEFECTS as error:
            self._told(error, taken.kept.progress.service)
            self._hand.give_up(transaction, taken, DEFECT)
            return None

    def give_up(self, transaction: Transaction, taken: Taken) -> None:
        """Leave an application whose call broke in a way that no plugin may to an officer."""
        self._hand.give_up(transaction, taken, DEFECT)

    def next_due(self, transaction: Transaction) -> datetime | None:
        """When the first application falls due that is not set aside, to an agency that can bear the call then."""
        now = self._clock.now()
        stops = claims.stopped(transaction)
        firsts = [
            max(look.due_at, look.free_at)
            for look in self._agencies.look(transaction, self._places, now)
            if look.due_at is not None and look.plugin not in stops.plugins
        ]
        return min(firsts, default=None)

    def _take_from(
        self, transaction: Transaction, name: str, done: Round, now: datetime, among: Collection[str] | None
    ) -> None:
        granted = self._agencies.grant(transaction, name, self._places[name], now)
        if granted == 0:
            done.look_at(now + SOON)
            return
        # Counted after the agency's row is locked: whoever had it before has counted, too.
        free = min(granted, self._places[name] - claims.in_hand(transaction, name))
        if free <= 0:
            done.crowded = True
            return
        if claims.set_aside(transaction, name, now=now, stops=done.stops):
            done.crowded = True
            return
        rows = claims.due(transaction, name, most=free, now=now, stops=done.stops, among=among)
        slots = self._take_rows(transaction, rows, done, now)
        if len(rows) == free:
            done.crowded = True
            done.look_at(max([*slots, now]) - HORIZON + SOON if free == granted else now + HORIZON)

    def _take_abandoned(self, transaction: Transaction, done: Round, now: datetime) -> None:
        lost = claims.abandoned(
            transaction, self._places, places=sum(self._places.values()), lease_now=self._lease_clock.now()
        )
        held = [row for row in lost if done.stops.holds(plugin=row.plugin, service=row.service, callee=row.callee)]
        for row in held:
            self._guarded(transaction, row, now, self._hand.recover)
        self._take_rows(transaction, [row for row in lost if row not in held], done, now)

    def _take_rows(
        self, transaction: Transaction, rows: Sequence[Row[Any]], done: Round, now: datetime
    ) -> list[datetime]:
        """Take these in hand, each with an instant of its agency's time, which are returned."""
        taken = [one for row in rows if (one := self._guarded(transaction, row, now, self._hand.take)) is not None]
        slots = []
        for name in sorted({one.callee for one in taken}):
            calls = [one for one in taken if one.callee == name]
            instants = self._agencies.use(transaction, name, len(calls), now)
            done += [replace(one, not_before=at) for one, at in zip(calls, instants, strict=True)]
            slots += instants
        return slots

    def _guarded(self, transaction: Transaction, row: Row[Any], now: datetime, act: Any) -> Taken | None:
        """Act on one row; whatever is wrong with it is its own affair."""
        try:
            taken: Taken | None = act(transaction, row)
        except ServiceNotOffered:
            _block(transaction, row.id, "service-not-offered", now + BLOCKED)
        except (Erased, NoSuchApplication):
            _block(transaction, row.id, "erased", None)
        except _DEFECTS as error:
            self._told(error, row.service)
            _block(transaction, row.id, DEFECT, None)
        else:
            return taken
        return None

    def _go_on(
        self, transaction: Transaction, before: str, stops: Stopped, kept: Kept, coming: Next
    ) -> datetime | None:
        """An instant of the agency's time for a call that follows another at once, if it may."""
        name = callee(coming, kept.plugin, kept.gateway)
        if stops.holds(plugin=kept.plugin, service=kept.progress.service, callee=name):
            return None
        # It keeps its place at the same agency; at another it needs one.
        if name != before and claims.in_hand(transaction, name) >= self._places.get(name, 0):
            return None
        return self._agencies.use_one(transaction, name, self._clock.now())

    @staticmethod
    def _told(error: Exception, service: str) -> None:
        _log.error("application_blocked", defect=type(error).__name__, service=service)


def _block(transaction: Transaction, application: str, code: str, again: datetime | None) -> None:
    transaction.connection.execute(
        update(applications)
        .where(applications.c.id == application)
        .values(blocked=code, due_at=again, lease=None, lease_until=None)
    )
