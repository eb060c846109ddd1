"""How agencies fare, as all processes learn it together: when one is down, and when it is tried again.

An agency that is down is left alone but for a probe now and then. Whoever's call reaches it again ends the outage
for all.
"""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, bindparam, case, func, insert, select, update

from nagorik import CredentialsRejected, NagorikError
from nagorik.errors import Layer
from nagorik_host.engine.instants import row_of
from nagorik_host.engine.leases import APART
from nagorik_host.engine.reach import (
    OF_CREDENTIALS,
    asked_for,
    cause_of,
    failures_of_an_outage,
    has_reached,
    is_held_back,
    is_of_credentials,
    is_out_of_reach,
    is_paced,
    leaves_open,
)
from nagorik_host.engine.standings import are_refused, has_logins, is_let_in, others_stand, refused_login
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import Instant, agencies, outages
from nagorik_platform.agency_client.tokens import REFUSED_PAUSES, refused_pause
from nagorik_platform.lifecycle import CallAnswered, CallFailed

FIRST_PROBE: Final = timedelta(seconds=30)
LAST_PROBE: Final = timedelta(minutes=15)
"""Time between two probes of an agency that stays down; it doubles from the first to the last. One that refuses the
platform's credentials is probed as seldom as refused credentials are tried (``REFUSED_PAUSES``), and a little later,
so that no probe comes too early for a login. That counts from when a probe was refused: one of which nothing is
heard, such as that of a worker that was killed, is made again after the last of these pauses. One that fails before
it is known whether the platform was let in is made again after a quarter of an hour, and then ever more seldom, down
to ``SELDOMEST_IN_VAIN``. Neither is one of those that were refused."""
SELDOMEST_IN_VAIN: Final = REFUSED_PAUSES[-2]
"""Longest time until an agency is probed again that once refused the credentials, and has not refused them since.
When it is back, nobody waits longer; and if what cannot be read is a refusal after all, it is a few a day."""
_LATER: Final = (1.1, 1.25)
SOON: Final = 1.0
"""Seconds after which an agency that is down is tried again, at least, where there was no time for it."""
MOST_COUNTED: Final = 1_000_000
"""More tries than anybody makes; a count beyond is damage."""
LEFT_TO_OTHERS: Final = timedelta(minutes=5)
"""For how long a worker leaves an agency to workers with other credentials, once its own are held back."""

_DIFFERS: Final = timedelta(seconds=2 * APART)
"""By how much a clock may differ from that of whoever tried an agency last."""

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
_NAMED: Final = agencies.c.plugin == bindparam("name")
_IS_REFUSING: Final = agencies.c.cause.startswith(OF_CREDENTIALS)
_PROBE: Final = (
    update(agencies)
    .where(_NAMED)
    .values(probe_at=bindparam("again"), probed_at=bindparam("now"), probes=bindparam("number"))
)
_NO_PROBE: Final = (
    update(agencies)
    .where(_NAMED, agencies.c.down_since.is_not(None), agencies.c.probed_at.is_not(None))
    .values(
        probe_at=bindparam("again"),
        probed_at=None,
        probes=agencies.c.probes - case((_IS_REFUSING, 0), (agencies.c.probes > 0, 1), else_=0),
    )
)
_SENT_AT: Final = func.coalesce(bindparam("sent_at", type_=Instant), agencies.c.sent_at)
_FAILED: Final = update(agencies).where(_NAMED).values(failures=bindparam("count"), sent_at=_SENT_AT)
_STAYS_DOWN: Final = (
    update(agencies)
    .where(_NAMED)
    .values(
        failures=bindparam("count"),
        sent_at=_SENT_AT,
        cause=bindparam("because"),
        probe_at=bindparam("again"),
        probed_at=None,
        probes=bindparam("number"),
        probes_in_vain=bindparam("in_vain"),
    )
)
_DOWN: Final = (
    update(agencies)
    .where(_NAMED)
    .values(
        failures=bindparam("count"),
        sent_at=_SENT_AT,
        down_since=bindparam("since"),
        cause=bindparam("because"),
        probe_at=bindparam("again"),
        probed_at=None,
        probes=0,
        probes_in_vain=0,
    )
)
_UP: Final = (
    update(agencies)
    .where(_NAMED)
    .values(failures=0, down_since=None, cause=None, probe_at=None, probed_at=None, probes=0, probes_in_vain=0)
)
_TRY_REFUSED: Final = (
    update(agencies)
    .where(
        agencies.c.plugin.in_(bindparam("names", expanding=True)),
        agencies.c.down_since.is_not(None),
        _IS_REFUSING,
    )
    .values(probe_at=bindparam("again"), probes_in_vain=0)
)
# What is under way was sent with the credentials of before: it says nothing of these.
_TRY_OTHERS: Final = _TRY_REFUSED.values(probed_at=None, probes=0)
_REFUSING: Final = select(agencies.c.plugin, agencies.c.down_since).where(
    agencies.c.down_since.is_not(None), _IS_REFUSING
)
_OUTAGE_BEGAN: Final = insert(outages)
_OUTAGE_GOES_ON: Final = (
    update(outages)
    .where(outages.c.plugin == bindparam("name"), outages.c.began_at == bindparam("since"))
    .values(ended_at=None, cause=bindparam("because"))
)
_OUTAGE_ENDED: Final = (
    update(outages)
    .where(outages.c.plugin == bindparam("name"), outages.c.ended_at.is_(None))
    .values(ended_at=bindparam("end"))
)


class MadeCall(NamedTuple):
    """What a worker knows of a call beside its outcome.

    Attributes:
        began_at: When it began; ``None`` where that is not known.
        is_sent: Whether it has sent a request, a login apart.
        identity: The settings that it was made with, as ``settings_identity``; ``None`` where they are not known.
        has_others: Whether the worker has others by now.
        lease_now: The time by which workers live, where that is not the database's to say.
    """

    began_at: datetime | None = None
    is_sent: bool = True
    identity: str | None = None
    has_others: bool = False
    lease_now: datetime | None = None


_UNKNOWN_CALL: Final = MadeCall()


class HealthChange(NamedTuple):
    """An agency went down, or is back."""

    is_down: bool
    cause: str | None = None


class HealthTracker:
    """Learns from calls how agencies fare, and says when one that is down is tried again."""

    def __init__(self, *, rng: random.Random | None = None) -> None:
        """Begin without knowing of any.

        Args:
            rng: Spreads the probes of several processes; seed it for a test.
        """
        self._rng = rng or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._failing: set[str] = set()
        """Agencies that calls have not reached, as far as is known here."""
        self._left_to_others: dict[str, datetime] = {}
        """Agencies that others have good credentials for, and until when they are left to those."""

    def note_failures(self, plugin: str, failures: int) -> None:
        """As many calls in a row have not reached an agency, as somebody has read."""
        (self._failing.add if failures else self._failing.discard)(plugin)

    def left_until(self, plugin: str, now: datetime) -> datetime | None:
        """Until when an agency is left to workers with other credentials; ``None``, where it is not."""
        until = self._left_to_others.get(plugin, now)
        # Of a clock that was set back since, it says nothing.
        return until if now < until <= now + LEFT_TO_OTHERS else None

    def may_be_probed(self, row: Row[Any], now: datetime) -> bool:
        """Whether an agency that is down may be tried now; ``row`` is its own."""
        return now >= probe_at(row, now)

    def take_probe(self, transaction: Transaction, row: Row[Any], now: datetime) -> bool:
        """Whether an agency that is down may be tried now; if so, it is left alone for a while after that.

        ``row`` is the agency's, locked.
        """
        if not self.may_be_probed(row, now):
            return False
        # If the credentials are refused again, that says for how long it is left alone; nothing else says it of them.
        is_refusing = is_of_credentials(row.cause)
        number = _counted(row.probes) + (not is_refusing)
        pause = self._longest_pause() if is_refusing else self._pause(number, row.cause)
        probed = {"name": row.plugin, "again": now + pause, "now": now, "number": number}
        transaction.connection.execute(_PROBE, probed)
        return True

    def give_back_probe(self, transaction: Transaction, plugin: str, now: datetime) -> None:
        """A probe was not made after all: the agency may be tried at once."""
        transaction.connection.execute(_NO_PROBE, {"name": plugin, "again": now})

    def try_refused(
        self, transaction: Transaction, plugins: Iterable[str], now: datetime, *, are_others: bool
    ) -> bool:
        """Let agencies be tried at once that refused the platform's credentials.

        Whether there are any.

        Args:
            transaction: Of the host's database.
            plugins: The agencies' plugins.
            now: The time.
            are_others: Whether the platform has others now. Where the same are said to be good, another refusal is
                one more of them, and followed by a pause as long as before.
        """
        released = _TRY_OTHERS if are_others else _TRY_REFUSED
        for plugin in plugins:
            self._left_to_others.pop(plugin, None)
        return transaction.connection.execute(released, {"names": sorted(plugins), "again": now}).rowcount > 0

    def refusing(self, transaction: Transaction) -> dict[str, datetime]:
        """The agencies that refuse the platform's credentials, and since when they are down."""
        return {row.plugin: row.down_since for row in transaction.connection.execute(_REFUSING)}

    def is_news(self, plugin: str, outcome: CallAnswered | CallFailed) -> bool:
        """Whether an outcome may say anything new of an agency; of one that is well there is nothing to say."""
        error = outcome.error if isinstance(outcome, CallFailed) else None
        if is_out_of_reach(error):
            return True
        return plugin in self._failing and (has_reached(outcome) or leaves_open(error) or is_paced(error))

    def learn_of_plugin(
        self,
        transaction: Transaction,
        plugin: str,
        outcome: CallAnswered | CallFailed,
        now: datetime,
        *,
        made: MadeCall,
    ) -> HealthChange | None:
        """Take in what a plugin knew by itself, of which its agency heard nothing; as ``learn``.

        It says nothing of an agency that anything was ever sent to: one that is down is asked next. A plugin that has
        sent nothing speaks for itself.
        """
        row = row_of(transaction, plugin, now)
        if row.sent_at is not None or has_logins(transaction, plugin):
            if row.down_since is not None:
                self.give_back_probe(transaction, plugin, now)
            return None
        return self.learn(transaction, plugin, outcome, now, made=made)

    def learn(
        self,
        transaction: Transaction,
        plugin: str,
        outcome: CallAnswered | CallFailed,
        now: datetime,
        *,
        made: MadeCall = _UNKNOWN_CALL,
    ) -> HealthChange | None:
        """Take in whether a call reached the agency; what changed by that.

        The transaction does nothing else: the agency's row is locked in it.
        """
        error = outcome.error if isinstance(outcome, CallFailed) else None
        if not is_out_of_reach(error):
            return self._learn_in_reach(transaction, plugin, outcome, now, made)
        is_refused = isinstance(error, CredentialsRejected)
        if is_refused and made.has_others:
            return None  # those of before, which nobody uses any more
        row = row_of(transaction, plugin, now)
        is_left = is_refused and self._leaves_to_others(transaction, row, now, made)
        if is_left and row.down_since is None and is_held_back(error):
            # Who has refused credentials is behind, and whether the agency is there is for others to tell.
            return None
        self._failing.add(plugin)
        failures, cause = _counted(row.failures) + 1, cause_of(error)
        values: dict[str, Any] = {
            "name": plugin,
            "count": failures,
            "sent_at": now if made.is_sent or error is None or error.layer is Layer.CORE else None,
        }
        if row.down_since is not None:
            put_off = self._put_off(transaction, row, error, now, made, is_left=is_left)
            if put_off is not None:
                transaction.connection.execute(_STAYS_DOWN, values | put_off)
                return None
        if row.down_since is not None or failures < failures_of_an_outage(error):
            transaction.connection.execute(_FAILED, values)
            return None
        # One that ended at the very instant at which it began, or before a clock was set back, is that one again.
        goes_on = {"name": plugin, "since": now, "because": cause}
        if transaction.connection.execute(_OUTAGE_GOES_ON, goes_on).rowcount == 0:
            transaction.connection.execute(_OUTAGE_BEGAN, {"plugin": plugin, "began_at": now, "cause": cause})
        again = now if is_left else now + self._pause(0, cause)
        transaction.connection.execute(_DOWN, values | {"since": now, "because": cause, "again": again})
        return HealthChange(is_down=True, cause=cause)

    def _learn_in_reach(
        self,
        transaction: Transaction,
        plugin: str,
        outcome: CallAnswered | CallFailed,
        now: datetime,
        made: MadeCall,
    ) -> HealthChange | None:
        """Take in an outcome that does not say that an agency is out of reach."""
        error = outcome.error if isinstance(outcome, CallFailed) else None
        is_reached = has_reached(outcome)
        if not (is_reached or leaves_open(error) or is_paced(error)):
            return None
        row = row_of(transaction, plugin, now)
        if not row.failures:
            return None
        if row.down_since is not None and is_paced(error):
            # Nobody was asked, for want of the agency's time or of a login: it is tried when there is some.
            seconds = min(max(error.retry_after or 0.0, SOON), LAST_PROBE.total_seconds())
            self.give_back_probe(transaction, plugin, now + timedelta(seconds=seconds))
            return None
        if row.down_since is not None and leaves_open(error) and not _is_let_in(transaction, row, now, made):
            put_off = self._put_off(transaction, row, error, now, made)
            if put_off is not None:
                transaction.connection.execute(
                    _STAYS_DOWN, {"name": plugin, "count": row.failures, "sent_at": None} | put_off
                )
                return None
        if not is_reached:
            return None
        self._failing.discard(plugin)
        transaction.connection.execute(_UP, {"name": plugin})
        if row.down_since is None:
            return None
        transaction.connection.execute(_OUTAGE_ENDED, {"name": plugin, "end": now})
        return HealthChange(is_down=False)

    def _put_off(
        self,
        transaction: Transaction,
        row: Row[Any],
        error: NagorikError | None,
        now: datetime,
        made: MadeCall,
        *,
        is_left: bool = False,
    ) -> dict[str, Any] | None:
        """What keeps an agency from being called that is down, and when it is tried next; ``None``: all as it was."""
        cause, is_refused = cause_of(error), isinstance(error, CredentialsRejected)
        was_refused, was_held_back = is_of_credentials(row.cause), is_held_back(error)
        number, in_vain = _counted(row.probes), _counted(row.probes_in_vain)
        if is_left and was_held_back:
            # Nobody was asked: whatever keeps the agency from being called, others find that out.
            return {"because": row.cause, "again": now, "number": number, "in_vain": in_vain}
        if not is_refused and not was_refused:
            return None
        if not was_refused or (not is_refused and _is_let_in(transaction, row, now, made)):
            # It answers again, or its login has let the platform in: this is what keeps it from being called now.
            again = now if is_left else now + self._pause(0, cause)
            return {"because": cause, "again": again, "number": 0, "in_vain": 0}
        # Calls that were under way when it was refused, or before it was tried, are no more refusals.
        is_probe = row.probed_at is not None and (made.began_at is None or made.began_at >= row.probed_at)
        if was_held_back:
            refusal = refused_login(transaction, row.plugin, made.identity)
            pause = self._pause(number, cause)
            earliest = now + pause if refusal is None else refusal.at + refusal.pause * self._rng.uniform(*_LATER)
        elif is_refused:
            # One of several that workers have is no try of the others.
            number, in_vain = (number, in_vain) if is_left else (min(number + is_probe, MOST_COUNTED), 0)
            earliest = now + self._pause(number, cause)
        else:
            # As far as is known, nobody was refused; what is tried in vain is tried ever more seldom.
            in_vain = min(in_vain + is_probe, MOST_COUNTED)
            earliest = now + max(pause_in_vain(in_vain), asked_for(error, now))
        # Where it may be tried already, somebody has said so since this was sent.
        again = row.probe_at if row.probe_at is None or row.probe_at <= now else max(row.probe_at, earliest)
        if is_left:
            again = now
        return {"because": cause if is_refused else row.cause, "again": again, "number": number, "in_vain": in_vain}

    def _leaves_to_others(self, transaction: Transaction, row: Row[Any], now: datetime, made: MadeCall) -> bool:
        """Whether a living worker has other credentials for an agency that has refused this worker's, and not those.

        Without a login nobody writes down whose were refused, and each is tried as seldom as all.
        """
        # The platform holds calls back by itself, too, as once its own certificate has ended.
        if not are_refused(transaction, made.identity):
            return False
        if not others_stand(transaction, row.plugin, made.identity, made.lease_now):
            return False
        self._left_to_others[row.plugin] = now + LEFT_TO_OTHERS
        return True

    def _longest_pause(self) -> timedelta:
        return LAST_PROBE * self._rng.uniform(0.5, 1.0)

    def _pause(self, probes: int, cause: str | None) -> timedelta:
        # Credentials become good by somebody's work, who then says so; each try with the old ones is another refusal.
        if is_of_credentials(cause):
            return refused_pause(probes + 1) * self._rng.uniform(*_LATER)
        longest = min(FIRST_PROBE * 2 ** min(probes, 16), LAST_PROBE)
        return timedelta(seconds=longest.total_seconds() * self._rng.uniform(0.5, 1.0))


def pause_in_vain(number: int) -> timedelta:
    """For how long an agency that refused the credentials is left alone after so many probes that told nothing since.

    A quarter of an hour, then twice as long each time, and ``SELDOMEST_IN_VAIN`` at most.
    """
    doubled = min(max(number - 1, 0), 16)
    return min(REFUSED_PAUSES[0] * (1 << doubled), SELDOMEST_IN_VAIN)


def _is_let_in(transaction: Transaction, row: Row[Any], now: datetime, made: MadeCall) -> bool:
    """Whether the last login with a call's settings at an agency that is down has succeeded, and since it is; or now.

    Where the clock was set back since, nobody knows which came first but of those that are as old as a probe.
    """
    since = row.down_since if row.down_since <= now else now - LAST_PROBE
    return is_let_in(transaction, made.identity, since)


def _counted(number: object) -> int:
    """A count as it may be; what nobody can have written counts nothing."""
    return number if isinstance(number, int) and 0 <= number <= MOST_COUNTED else 0


def probe_at(row: Row[Any], now: datetime) -> datetime:
    """When an agency that is down may be tried, not before now.

    At once, where the row says so late that nobody can have put it off until then: it would never be tried again.
    """
    at: datetime | None = row.probe_at
    longest = REFUSED_PAUSES[-1] * _LATER[1] if is_of_credentials(row.cause) else LAST_PROBE
    return now if at is None or at - now > longest + _DIFFERS else max(at, now)
