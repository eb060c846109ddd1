"""How agencies fare, as all processes of a host learn it together: the circuit breaker, stored in the agencies' rows.

An agency that is down is left alone but for a probe now and then. The first call that reaches it ends the outage for
all. One row is read by the transaction that claims, and changed by one of its own after a call.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, Update, bindparam, func, insert, or_, select, update

from nagorik.errors import Layer
from nagorik.manifest import Manifest
from nagorik_host.engine.instants import row_of
from nagorik_host.engine.reach import (
    FAILURES_OF_AN_OUTAGE,
    OF_CREDENTIALS,
    cause_of,
    has_reached,
    is_held_back,
    is_of_credentials,
    is_out_of_reach,
    is_paced,
    is_sure,
    is_violation,
)
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import Instant, agencies, outages
from nagorik_platform import Platform
from nagorik_platform.agency_client.circuit import CircuitRules, CircuitState
from nagorik_platform.agency_client.tokens import REFUSED_PAUSES, refused_pause
from nagorik_platform.lifecycle import CallAnswered, CallFailed

LAST_PROBE: Final = timedelta(minutes=15)
"""Time between two probes of an agency that stays down; it doubles from the manifest's ``probe_after`` to this. One
that refuses a key for which there is no login is probed as seldom as refused credentials are tried
(``REFUSED_PAUSES``); where there is a login, the tokens' store tries them as seldom, whoever asks."""
SOON: Final = 1.0
"""Seconds after which an agency that is down is tried again, at least, where there was no time for it."""
LEFT_TO_OTHERS: Final = timedelta(minutes=5)
"""For how long a worker leaves an agency to others, once its own credentials are held back."""
_LATER: Final = (1.1, 1.25)
_APART: Final = timedelta(minutes=2)
"""By how much the clocks of two machines may differ."""

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
_NAMED: Final = agencies.c.plugin == bindparam("name")
_IS_REFUSING: Final = agencies.c.down_since.is_not(None) & agencies.c.cause.startswith(OF_CREDENTIALS)
_STATE: Final = tuple(one.name for one in fields(CircuitState))
_CHANGE: Final = (
    update(agencies)
    .where(_NAMED)
    .values(
        {name: bindparam(f"new_{name}") for name in _STATE}
        | {"sent_at": func.coalesce(bindparam("sent", type_=Instant), agencies.c.sent_at)}
    )
)
_UP: Final = _CHANGE.values(tried_with=None)
_TRY_AT: Final = update(agencies).where(_NAMED, agencies.c.down_since.is_not(None)).values(probe_at=bindparam("at"))
_TRY_REFUSED: Final = (
    update(agencies)
    .where(agencies.c.plugin.in_(bindparam("names", expanding=True)), _IS_REFUSING)
    .values(probe_at=bindparam("at"))
)
_TRY_OTHERS: Final = (
    update(agencies)
    .where(
        _NAMED,
        _IS_REFUSING,
        or_(agencies.c.tried_with.is_(None), agencies.c.tried_with != bindparam("identity")),
    )
    .values(tried_with=bindparam("identity"), probe_at=bindparam("at"), probes=0)
)
_REFUSING: Final = select(agencies.c.plugin).where(_IS_REFUSING).order_by(agencies.c.plugin)
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


class HealthChange(NamedTuple):
    """An agency went down, or is back."""

    is_down: bool
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class AgencyRules:
    """When calls to one agency stop.

    Attributes:
        circuit: When the circuit opens.
        has_login: Whether tokens are obtained by a login, whose store paces refused credentials by itself.
    """

    circuit: CircuitRules
    has_login: bool

    @classmethod
    def of(cls, manifest: Manifest) -> "AgencyRules":
        """The rules of a plugin's agency."""
        return cls(CircuitRules.of(manifest.circuit, FAILURES_OF_AN_OUTAGE), manifest.login is not None)


class HealthTracker:
    """Learns from calls how agencies fare, and says when one that is down is tried again."""

    def __init__(self, rules: Mapping[str, AgencyRules], *, rng: random.Random | None = None) -> None:
        """Begin without knowing of any.

        Args:
            rules: By plugin id.
            rng: Spreads the probes of several processes; seed it for a test.
        """
        self._rules = rules
        self._rng = rng or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._failing: set[str] = set()
        """Agencies that calls have not reached, as far as is known here."""
        self._left: dict[str, tuple[datetime, datetime | None]] = {}
        """Agencies where this worker's credentials are held back: until when they are left to others, and when they
        were to be tried then."""

    @classmethod
    def of(cls, platform: Platform, *, rng: random.Random | None = None) -> "HealthTracker":
        """Of all agencies of a platform."""
        manifests = {one.id: one.manifest for one in platform.plugins if one.manifest is not None}
        return cls({name: AgencyRules.of(manifest) for name, manifest in manifests.items()}, rng=rng)

    def note_failures(self, plugin: str, failures: int) -> None:
        """Remember how many calls in a row have not reached an agency, by its row."""
        (self._failing.add if failures else self._failing.discard)(plugin)

    def left_until(self, row: Row[Any], now: datetime) -> datetime | None:
        """Until when this worker leaves an agency to others; ``None`` where it does not.

        Not where the agency is to be tried sooner by now, since there are other credentials or they are good.
        """
        until, probe_at = self._left.get(row.plugin, (now, None))
        is_sooner = is_of_credentials(row.cause) and None not in (row.probe_at, probe_at) and row.probe_at < probe_at
        # Of a clock that was set back since, it says nothing.
        return until if now < until <= now + LEFT_TO_OTHERS and not is_sooner else None

    def probe_at(self, row: Row[Any], now: datetime) -> datetime:
        """When an agency that is down may be tried, not before now.

        At once, where the row says so late that no probe can have been put off until then.
        """
        at: datetime | None = row.probe_at
        longest = max(REFUSED_PAUSES[-1] * _LATER[1], self._rules[row.plugin].circuit.probe_after) + _APART
        return now if at is None or at - now > longest else max(at, now)

    def take_probe(self, transaction: Transaction, row: Row[Any], now: datetime) -> bool:
        """Take the one probe of an agency that is down, if it is due; ``row`` is the agency's, locked."""
        if self.probe_at(row, now) > now:
            return False
        state = _state_of(row)
        self._write(transaction, row.plugin, state.probing(now, self._pause(row.plugin, row.cause, state.probes + 1)))
        return True

    def give_back_probe(self, transaction: Transaction, plugin: str, at: datetime) -> None:
        """A probe was not made: the agency may be tried at ``at``."""
        transaction.connection.execute(_TRY_AT, {"name": plugin, "at": at})

    def is_news(self, plugin: str, outcome: CallAnswered | CallFailed) -> bool:
        """Whether an outcome may say anything new of an agency; of one that is well there is nothing to say."""
        error = outcome.error if isinstance(outcome, CallFailed) else None
        return is_out_of_reach(error) or (plugin in self._failing and (has_reached(outcome) or is_paced(error)))

    def learn(
        self,
        transaction: Transaction,
        plugin: str,
        outcome: CallAnswered | CallFailed,
        now: datetime,
        *,
        is_sent: bool = True,
    ) -> HealthChange | None:
        """Take in whether a call reached its agency; what changed by that.

        Args:
            transaction: One that does nothing else: the agency's row is locked in it.
            plugin: The agency's plugin.
            outcome: What the call ended in.
            now: The time.
            is_sent: Whether it has sent a request, a login apart.
        """
        error = outcome.error if isinstance(outcome, CallFailed) else None
        row = row_of(transaction, plugin, now)
        state = _state_of(row)
        if is_out_of_reach(error):
            self._failing.add(plugin)
            after = self._failed(plugin, state, outcome, now)
            if is_held_back(error):
                self._left[plugin] = now + LEFT_TO_OTHERS, after.probe_at
            is_of_agency = is_sent or error is None or error.layer is Layer.CORE
            self._write(transaction, plugin, after, sent_at=now if is_of_agency else None)
            if state.down_since is not None or after.down_since is None:
                return None
            # One that began at the very instant at which another did, or before a clock was set back, is that again.
            goes_on = {"name": plugin, "since": now, "because": after.cause}
            if transaction.connection.execute(_OUTAGE_GOES_ON, goes_on).rowcount == 0:
                began = {"plugin": plugin, "began_at": now, "cause": after.cause}
                transaction.connection.execute(_OUTAGE_BEGAN, began)
            return HealthChange(is_down=True, cause=after.cause)
        if is_paced(error):
            # No agency was asked, for want of its time or of a login: it is tried when there is some.
            seconds = min(max(error.retry_after or 0.0, SOON), LAST_PROBE.total_seconds())
            self.give_back_probe(transaction, plugin, now + timedelta(seconds=seconds))
        elif has_reached(outcome) and not is_sent and (row.sent_at is not None or self._rules[plugin].has_login):
            # The plugin knew by itself, which says nothing of an agency that others were sent to.
            self.give_back_probe(transaction, plugin, now)
        elif has_reached(outcome):
            self._failing.discard(plugin)
            self._write(transaction, plugin, CircuitState(), _UP)
            if state.down_since is not None:
                transaction.connection.execute(_OUTAGE_ENDED, {"name": plugin, "end": now})
                return HealthChange(is_down=False)
        return None

    def _failed(
        self, plugin: str, state: CircuitState, outcome: CallAnswered | CallFailed, now: datetime
    ) -> CircuitState:
        error = outcome.error if isinstance(outcome, CallFailed) else None
        cause = cause_of(error)
        pause = self._pause(plugin, cause, 0)
        after = state.failed(
            now,
            self._rules[plugin].circuit,
            cause,
            pause,
            is_violation=is_violation(error),
            is_sure=is_sure(error),
        )
        if state.down_since is not None and is_of_credentials(cause) != is_of_credentials(state.cause):
            # It lets the platform in again, and something else is wrong; or the other way round.
            return replace(after, cause=cause, probes=0, probe_at=now + pause)
        return after

    def _write(
        self,
        transaction: Transaction,
        plugin: str,
        state: CircuitState,
        change: Update = _CHANGE,
        sent_at: datetime | None = None,
    ) -> None:
        values = {f"new_{name}": value for name, value in asdict(state).items()}
        transaction.connection.execute(change, values | {"name": plugin, "sent": sent_at})

    def _pause(self, plugin: str, cause: str | None, probes: int) -> timedelta:
        rules = self._rules[plugin]
        # Credentials become good by somebody's work, who then says so; each try with the old ones is another refusal.
        if is_of_credentials(cause) and not rules.has_login:
            return refused_pause(probes + 1) * self._rng.uniform(*_LATER)
        first = rules.circuit.probe_after
        return min(first * (1 << min(probes, 16)), max(first, LAST_PROBE)) * self._rng.uniform(0.5, 1.0)


def refusing(transaction: Transaction) -> list[str]:
    """The plugins whose agencies are down because they refuse the platform's credentials."""
    return list(transaction.connection.scalars(_REFUSING))


def try_refused(transaction: Transaction, plugins: Iterable[str], now: datetime) -> bool:
    """Let agencies be tried at once that refused the platform's credentials. Whether there are any.

    Where they are refused again, the next pause is as long as it would have been.
    """
    return transaction.connection.execute(_TRY_REFUSED, {"names": sorted(plugins), "at": now}).rowcount > 0


def try_other_credentials(transaction: Transaction, plugin: str, identity: str, now: datetime) -> bool:
    """Let an agency be tried at once with other settings than were tried last in this outage. Whether it is.

    Args:
        transaction: Of the host's database.
        plugin: The agency's plugin.
        identity: The settings, as ``settings_identity``.
        now: The time.
    """
    named = {"name": plugin, "identity": identity, "at": now}
    return transaction.connection.execute(_TRY_OTHERS, named).rowcount > 0


def _state_of(row: Row[Any]) -> CircuitState:
    return CircuitState(*(getattr(row, name) for name in _STATE))
