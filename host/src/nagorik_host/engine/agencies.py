"""How all processes together treat an agency: never faster than it can bear, and gently while it is down.

Whoever claims applications has places and instants of the agency's time for them first, in a transaction that does
nothing else, so that no number of processes is faster than one and none waits for another's work. While an agency is
down its queue is left alone but for a probe now and then; when it answers again, the queue drains at the agency's
rate, however long it has grown.
"""

import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, Select, bindparam, case, func, insert, select, update

from nagorik import (
    AgencyRejected,
    AgencyUnavailable,
    ContractViolation,
    CredentialsRejected,
    DuplicateApplication,
    InputRejected,
    NagorikError,
    OutcomeUnknown,
    RateLimited,
)
from nagorik.errors import CredentialProblem, Layer
from nagorik.manifest import Manifest
from nagorik_host.engine.instants import HORIZON, ensure_row, farthest, interval_of, row_of
from nagorik_host.engine.leases import APART
from nagorik_host.engine.pace import UNKNOWN
from nagorik_host.engine.tokens import UNKNOWN as TOKEN_UNKNOWN
from nagorik_host.store.clock import HELD_AT_MOST, LEASE_NOW, LONGEST_LEASE, is_held
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import (
    IN_QUEUE,
    MICROSECOND,
    agencies,
    agency_tokens,
    applications,
    outages,
    places,
)
from nagorik_platform.agency_client.limits import LEASE_LOST
from nagorik_platform.agency_client.retry_table import OF_THE_HOST
from nagorik_platform.agency_client.tokens import LETS_NOBODY_IN, REFUSED_PAUSES, refused_pause
from nagorik_platform.lifecycle import CallAnswered, CallFailed

FAILURES_OF_AN_OUTAGE: Final = 5
"""Calls in a row, over all processes, that did not reach an agency before it is taken to be down."""
FIRST_PROBE: Final = timedelta(seconds=30)
LAST_PROBE: Final = timedelta(minutes=15)
"""Time between two probes of an agency that stays down; it doubles from the first to the last. One that refuses the
platform's credentials is probed as seldom as refused credentials are tried (``REFUSED_PAUSES``), and a little later,
so that no probe comes too early for a login. That counts from when a probe was refused: one of which nothing is
heard, such as that of a worker that was killed, is made again after the last of these pauses. One that fails before
it is known whether the platform was let in is made again after a quarter of an hour, and then ever more seldom, down
to ``SELDOMEST_IN_VAIN``; it is none of those that were refused."""
SELDOMEST_IN_VAIN: Final = REFUSED_PAUSES[-2]
"""Longest time until an agency is probed again that once refused the credentials, and has not refused them since.
When it is back, nobody waits longer; and if what cannot be read is a refusal after all, it is a few a day."""
_LATER: Final = (1.1, 1.25)

_DIFFERS: Final = timedelta(seconds=2 * APART)
"""By how much a clock may differ from that of whoever tried an agency last."""
_NOT_REACHED: Final = (AgencyUnavailable, OutcomeUnknown, ContractViolation)
_OUR_OWN: Final = frozenset({UNKNOWN, LEASE_LOST, TOKEN_UNKNOWN, *OF_THE_HOST})
"""Why the platform held a request back or broke it off, for reasons that are not the agency's."""
OF_CREDENTIALS: Final = "credentials-"
"""How the causes of outages begin that end with other credentials."""
_ANSWERS: Final = (AgencyRejected, CredentialsRejected, DuplicateApplication, InputRejected, RateLimited)

_AFTER: Final = MICROSECOND
"""A horizon is reached by whoever looks after it, not at it."""

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
_NAMED: Final = agencies.c.plugin == bindparam("name")
_PROBE: Final = update(agencies).where(_NAMED).values(probe_at=bindparam("again"), probes=agencies.c.probes + 1)
_NO_PROBE: Final = (
    update(agencies)
    .where(_NAMED, agencies.c.down_since.is_not(None), agencies.c.probes > 0)
    .values(probe_at=bindparam("again"), probes=agencies.c.probes - 1)
)
_FAILED: Final = update(agencies).where(_NAMED).values(failures=bindparam("count"))
_STAYS_DOWN: Final = (
    update(agencies)
    .where(_NAMED)
    .values(
        failures=bindparam("count"),
        cause=bindparam("because"),
        probe_at=bindparam("again"),
        probes=bindparam("number"),
        probes_in_vain=bindparam("in_vain"),
    )
)
_DOWN: Final = (
    update(agencies)
    .where(_NAMED)
    .values(
        failures=bindparam("count"),
        down_since=bindparam("since"),
        cause=bindparam("because"),
        probe_at=bindparam("again"),
        probes=0,
        probes_in_vain=0,
    )
)
_UP: Final = (
    update(agencies)
    .where(_NAMED)
    .values(failures=0, down_since=None, cause=None, probe_at=None, probes=0, probes_in_vain=0)
)
_TRY_REFUSED: Final = (
    update(agencies)
    .where(
        agencies.c.plugin.in_(bindparam("names", expanding=True)),
        agencies.c.down_since.is_not(None),
        agencies.c.cause.startswith(OF_CREDENTIALS),
    )
    .values(probe_at=bindparam("again"), probes=agencies.c.probes * bindparam("kept"), probes_in_vain=0)
)
_REFUSING: Final = select(agencies.c.plugin, agencies.c.down_since).where(
    agencies.c.down_since.is_not(None), agencies.c.cause.startswith(OF_CREDENTIALS)
)
_LET_IN: Final = (
    select(agency_tokens.c.id)
    .where(
        agency_tokens.c.plugin == bindparam("name"),
        agency_tokens.c.login.is_not(None),
        agency_tokens.c.refused.is_(None),
        agency_tokens.c.failed.is_(None),
        agency_tokens.c.changed_at >= bindparam("since"),
    )
    .limit(1)
)
_REFUSED: Final = select(agency_tokens.c.refused_at, agency_tokens.c.refusals).where(
    agency_tokens.c.plugin == bindparam("name"), agency_tokens.c.refused.is_not(None)
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
_FIRST_DUE: Final = select(func.min(applications.c.due_at)).where(
    applications.c.target_plugin == agencies.c.plugin, IN_QUEUE
)
_IS_OWN: Final = places.c.worker == bindparam("worker")
_PLACES: Final = (
    select(
        places.c.plugin,
        func.sum(case((_IS_OWN, places.c.held), else_=0)).label("held"),
        func.sum(case((_IS_OWN, places.c.wanted), else_=0)).label("wanted"),
        func.sum(places.c.held).label("held_by_all"),
        func.sum(case((_IS_OWN, 0), (places.c.wanted > 0, 1), else_=0)).label("others_wanting"),
    )
    .where(is_held(places.c.held_until))
    .group_by(places.c.plugin)
    .subquery()
)


def _queue_states(first_due: Select[Any]) -> Select[Any]:
    return (
        select(
            agencies,
            first_due.scalar_subquery().label("due_at"),
            _PLACES.c.held,
            _PLACES.c.wanted,
            _PLACES.c.held_by_all,
            _PLACES.c.others_wanting,
        )
        .join(_PLACES, _PLACES.c.plugin == agencies.c.plugin, isouter=True)
        .where(agencies.c.plugin.in_(bindparam("names", expanding=True)))
    )


# Each agency's first row is read off the index, however many wait behind it.
_QUEUE_STATES: Final = _queue_states(_FIRST_DUE)
_QUEUE_STATES_WITHIN: Final = _queue_states(
    _FIRST_DUE.where(applications.c.plugin_version.not_in(bindparam("beyond", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class AgencyLimits:
    """What one agency can bear, as its plugin's manifest says."""

    per_second: float
    concurrency: int

    @classmethod
    def of(cls, manifest: Manifest) -> "AgencyLimits":
        """The limits of a plugin's agency."""
        return cls(per_second=manifest.limits.per_second, concurrency=manifest.limits.concurrency)

    @property
    def interval(self) -> timedelta:
        """Time of the agency that one request takes up."""
        return interval_of(self.per_second)


class QueueState(NamedTuple):
    """What an agency's queue looks like.

    Attributes:
        plugin: The agency's plugin.
        due_at: When its first application falls due, if any does.
        free_at: From when on a call is granted.
        is_down: Whether it is taken to be down, and no more than a probe is granted.
        held: How many places the worker that looks holds there.
        wanted: How many more it has said that it has use for.
        held_by_all: How many all workers hold together.
        others_wanting: How many other workers have said that they have use for more.
    """

    plugin: str
    due_at: datetime | None
    free_at: datetime
    is_down: bool
    held: int
    wanted: int
    held_by_all: int
    others_wanting: int = 0


class HealthChange(NamedTuple):
    """An agency went down, or is back."""

    is_down: bool
    cause: str | None = None


class AgencyScheduler:
    """Knows when agencies may be called and learns how they fare."""

    def __init__(self, limits: Mapping[str, AgencyLimits], *, rng: random.Random | None = None) -> None:
        """Treat the agencies of these plugins.

        Args:
            limits: By plugin id.
            rng: Spreads the probes of several processes; seed it for a test.
        """
        self._limits = limits
        self._rng = rng or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._failing: set[str] = set()
        """Agencies that calls have not reached, as far as is known here."""

    def limits(self, plugin: str) -> AgencyLimits:
        """What an agency can bear."""
        return self._limits[plugin]

    def queue_states(
        self,
        transaction: Transaction,
        plugins: Iterable[str],
        now: datetime,
        *,
        worker: str = "",
        lease_now: datetime | None = None,
        held_at_most: timedelta = LONGEST_LEASE,
        beyond: Collection[str] = (),
    ) -> list[QueueState]:
        """When each agency's first application falls due, and from when on a call to it is granted.

        As far as can be told now, without waiting for anybody who is changing it.

        Args:
            transaction: Of the host's database.
            plugins: The agencies' plugins.
            now: The time.
            worker: Who looks.
            lease_now: The time by which places are held, where that is not the database's to say.
            held_at_most: For how long from now on places can be held; what is held for longer is not.
            beyond: Releases beyond what is installed here; what is pinned to them does not count.
        """
        wanted: dict[str, Any] = {"names": list(plugins), "worker": worker, LEASE_NOW: lease_now}
        wanted[HELD_AT_MOST] = held_at_most // MICROSECOND
        if beyond:
            within = wanted | {"beyond": list(beyond)}
            found = transaction.connection.execute(_QUEUE_STATES_WITHIN, within).all()
        else:
            found = transaction.connection.execute(_QUEUE_STATES, wanted).all()
        for row in found:
            (self._failing.add if row.failures else self._failing.discard)(row.plugin)
        return [
            QueueState(
                row.plugin,
                row.due_at,
                self._free_at(row, now, is_simulated=lease_now is not None),
                row.down_since is not None,
                int(row.held or 0),
                int(row.wanted or 0),
                int(row.held_by_all or 0),
                int(row.others_wanting or 0),
            )
            for row in found
        ]

    def ensure_rows(self, transaction: Transaction, plugins: Iterable[str], now: datetime | None) -> None:
        """Have a row for each of these agencies."""
        for plugin in sorted(plugins):
            ensure_row(transaction, plugin, now)

    def _free_at(self, row: Row[Any], now: datetime, *, is_simulated: bool) -> datetime:
        if row.down_since is not None:
            return _probe_at(row, now)
        paced_to: datetime = row.paced_to
        opens = max(now, paced_to - HORIZON + _AFTER)
        # Farther than anybody takes an agency's time: whoever asks for some mends it, but for a simulated clock.
        is_wrong = opens - now > farthest(self._limits[row.plugin].interval) and not is_simulated
        return now if is_wrong else opens

    def take_probe(self, transaction: Transaction, row: Row[Any], now: datetime) -> bool:
        """Whether an agency that is down may be tried now; if so, it is left alone for a while after that.

        ``row`` is the agency's, locked.
        """
        if now < _probe_at(row, now):
            return False
        # If the credentials are refused again, that says for how long it is left alone; nothing else says it of them.
        pause = self._longest_pause() if _is_of_credentials(row.cause) else self._pause(row.probes + 1, row.cause)
        transaction.connection.execute(_PROBE, {"name": row.plugin, "again": now + pause})
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
        wanted = {"names": sorted(plugins), "again": now, "kept": int(not are_others)}
        return transaction.connection.execute(_TRY_REFUSED, wanted).rowcount > 0

    def refusing(self, transaction: Transaction) -> dict[str, datetime]:
        """The agencies that refuse the platform's credentials, and since when they are down."""
        return {row.plugin: row.down_since for row in transaction.connection.execute(_REFUSING)}

    def has_reached(self, outcome: CallAnswered | CallFailed) -> bool:
        """Whether an outcome is one by which an agency has answered, provided that it was asked."""
        error = outcome.error if isinstance(outcome, CallFailed) else None
        return error is None or (_has_answered(error) and not _is_out_of_reach(error))

    def is_news(self, plugin: str, outcome: CallAnswered | CallFailed) -> bool:
        """Whether an outcome may say anything new of an agency; of one that is well there is nothing to say."""
        error = outcome.error if isinstance(outcome, CallFailed) else None
        if _is_out_of_reach(error):
            return True
        return plugin in self._failing and self.has_reached(outcome)

    def learn(
        self, transaction: Transaction, plugin: str, outcome: CallAnswered | CallFailed, now: datetime
    ) -> HealthChange | None:
        """Take in whether a call reached the agency; what changed by that.

        The transaction does nothing else: the agency's row is locked in it.
        """
        error = outcome.error if isinstance(outcome, CallFailed) else None
        if not _is_out_of_reach(error):
            row = row_of(transaction, plugin, now) if self.has_reached(outcome) else None
            if row is None or not row.failures:
                return None
            self._failing.discard(plugin)
            transaction.connection.execute(_UP, {"name": plugin})
            if row.down_since is None:
                return None
            transaction.connection.execute(_OUTAGE_ENDED, {"name": plugin, "end": now})
            return HealthChange(is_down=False)
        self._failing.add(plugin)
        row = row_of(transaction, plugin, now)
        failures, cause = row.failures + 1, _cause_of(error)
        values: dict[str, Any] = {"name": plugin, "count": failures}
        put_off = self._put_off(transaction, row, error, now) if row.down_since is not None else None
        if put_off is not None:
            transaction.connection.execute(_STAYS_DOWN, values | put_off)
            return None
        if row.down_since is not None or failures < _failures_of_an_outage(error):
            transaction.connection.execute(_FAILED, values)
            return None
        # One that ended at the very instant at which it began, or before a clock was set back, is that one again.
        goes_on = {"name": plugin, "since": now, "because": cause}
        if transaction.connection.execute(_OUTAGE_GOES_ON, goes_on).rowcount == 0:
            transaction.connection.execute(_OUTAGE_BEGAN, {"plugin": plugin, "began_at": now, "cause": cause})
        transaction.connection.execute(
            _DOWN, values | {"since": now, "because": cause, "again": now + self._pause(0, cause)}
        )
        return HealthChange(is_down=True, cause=cause)

    def _put_off(
        self, transaction: Transaction, row: Row[Any], error: NagorikError | None, now: datetime
    ) -> dict[str, Any] | None:
        """What keeps an agency from being called that is down, and when it is tried next; ``None``: all as it was."""
        cause, is_refused = _cause_of(error), isinstance(error, CredentialsRejected)
        was_refused = _is_of_credentials(row.cause)
        if not is_refused and not was_refused:
            return None
        if not was_refused or (not is_refused and _is_let_in(transaction, row)):
            # It answers again, or its login has let the platform in: this is what keeps it from being called now.
            return {"because": cause, "again": now + self._pause(0, cause), "number": 0, "in_vain": 0}
        kept = cause if is_refused else row.cause
        # Where it may be tried already, somebody has said so since this was sent: the credentials are others now.
        again, number, in_vain = row.probe_at, row.probes, row.probes_in_vain
        if again is not None and again > now:
            is_held_back = isinstance(error, CredentialsRejected) and error.layer is Layer.CORE
            refusal = self._last_refusal(transaction, row.plugin) if is_held_back else None
            if refusal is not None:
                number = max(number - 1, 0)
                again = max(again, refusal.at + refusal.pause * self._rng.uniform(*_LATER))
            elif is_refused:
                again, in_vain = max(again, now + self._pause(number, kept)), 0
            else:
                # As far as is known, nobody was refused; what is tried in vain is tried ever more seldom.
                if number > 0:
                    number, in_vain = number - 1, in_vain + 1
                again = max(again, now + _pause_in_vain(in_vain))
        return {"because": kept, "again": again, "number": number, "in_vain": in_vain}

    def _last_refusal(self, transaction: Transaction, plugin: str) -> "_Refusal | None":
        """The refused login of an agency that is tried again first, where one is known."""
        found = transaction.connection.execute(_REFUSED, {"name": plugin}).all()
        refusals = [
            _Refusal(row.refused_at, refused_pause(row.refusals))
            for row in found
            if row.refused_at is not None and isinstance(row.refusals, int)
        ]
        return min(refusals, key=lambda refusal: refusal.at + refusal.pause, default=None)

    def _longest_pause(self) -> timedelta:
        return LAST_PROBE * self._rng.uniform(0.5, 1.0)

    def _pause(self, probes: int, cause: str | None) -> timedelta:
        # Credentials become good by somebody's work, who then says so; each try with the old ones is another refusal.
        if _is_of_credentials(cause):
            return refused_pause(probes + 1) * self._rng.uniform(*_LATER)
        longest = min(FIRST_PROBE * 2 ** min(probes, 16), LAST_PROBE)
        return timedelta(seconds=longest.total_seconds() * self._rng.uniform(0.5, 1.0))


def _pause_in_vain(number: int) -> timedelta:
    """For how long an agency is left alone of which so many probes in a row told nothing, or a call before any."""
    doubled = min(max(number - 1, 0), 16)
    return min(REFUSED_PAUSES[0] * (1 << doubled), SELDOMEST_IN_VAIN)


class _Refusal(NamedTuple):
    """When a login was refused, and for how long nobody logs in after it."""

    at: datetime
    pause: timedelta


def _is_let_in(transaction: Transaction, row: Row[Any]) -> bool:
    """Whether the last login at an agency that is down has succeeded, and since it is."""
    since = {"name": row.plugin, "since": row.down_since}
    return transaction.connection.scalar(_LET_IN, since) is not None


def _is_of_credentials(cause: str | None) -> bool:
    return cause is not None and cause.startswith(OF_CREDENTIALS)


def _probe_at(row: Row[Any], now: datetime) -> datetime:
    """When an agency that is down may be tried, not before now.

    At once, where the row says so late that nobody can have put it off until then: it would never be tried again.
    """
    at: datetime | None = row.probe_at
    longest = REFUSED_PAUSES[-1] * _LATER[1] if _is_of_credentials(row.cause) else LAST_PROBE
    return now if at is None or at - now > longest + _DIFFERS else max(at, now)


def _is_out_of_reach(error: NagorikError | None) -> bool:
    if isinstance(error, OutcomeUnknown) and error.layer is Layer.CORE:
        return False  # the platform itself broke off
    if _is_the_plugins_word(error):
        return False
    if isinstance(error, CredentialsRejected):
        # It is there, and lets the platform in for nobody. What one operation is not permitted is that one's matter.
        return error.kind is not CredentialProblem.NOT_PERMITTED
    return isinstance(error, _NOT_REACHED) and getattr(error, "because", None) not in _OUR_OWN


def _failures_of_an_outage(error: NagorikError | None) -> int:
    """How many calls in a row end like this before the agency is taken to be down."""
    is_sure = isinstance(error, CredentialsRejected) and error.kind in LETS_NOBODY_IN
    return 1 if is_sure else FAILURES_OF_AN_OUTAGE


def _has_answered(error: NagorikError) -> bool:
    """Whether an error is the agency's own word, and not the platform's before anything was sent."""
    held_back = isinstance(error, RateLimited) and error.layer is Layer.CORE
    return _is_the_plugins_word(error) or (isinstance(error, _ANSWERS) and not held_back)


def _is_the_plugins_word(error: NagorikError | None) -> bool:
    """Whether a plugin could read the answer, and does not agree with what it says of one application."""
    return isinstance(error, ContractViolation) and error.layer is Layer.PLUGIN


def _cause_of(error: NagorikError | None) -> str:
    """Why an agency was not reached, as a code."""
    if isinstance(error, AgencyUnavailable | OutcomeUnknown):
        return error.because
    if isinstance(error, CredentialsRejected) and error.kind is not CredentialProblem.UNSPECIFIED:
        return f"{OF_CREDENTIALS}{error.kind.value}"
    return error.code if error is not None else ""
