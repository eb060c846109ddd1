"""How agencies fare, as all processes of a host learn it together: the circuit breaker, stored in the agencies' rows.

An agency that is down is left alone but for a probe now and then. The first call that reaches it ends the outage for
all. One row is read by the transaction that claims, and changed by one of its own after a call.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Row, insert, or_, select, update

from nagorik import ContractViolation, CredentialsRejected, NagorikError, RateLimited
from nagorik.errors import Layer
from nagorik_host.engine.instants import row_of
from nagorik_host.engine.reach import (
    FAILURES_OF_AN_OUTAGE,
    OF_CREDENTIALS,
    Reach,
    cause_of,
    is_of_credentials,
    reach_of,
)
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import agencies, outages
from nagorik_platform import Platform
from nagorik_platform.agency_client.circuit import CircuitRules, CircuitState
from nagorik_platform.agency_client.tokens import LETS_NOBODY_IN, refused_pause
from nagorik_platform.lifecycle import CallAnswered, CallFailed

LAST_PROBE: Final = timedelta(minutes=15)
"""Time between two probes of an agency that stays down; it doubles from the manifest's ``probe_after`` to this. One
that refuses a key for which there is no login is probed as seldom as refused credentials are tried
(``REFUSED_PAUSES``); where there is a login, the tokens' store tries them as seldom."""
SOON: Final = 1.0
"""Seconds after which an agency that is down is tried again, at least, where there was no time for it."""
_LATER: Final = (1.1, 1.25)
_IS_REFUSING: Final = agencies.c.down_since.is_not(None) & agencies.c.cause.startswith(OF_CREDENTIALS)


class HealthChange(NamedTuple):
    """An agency went down, or is back."""

    is_down: bool
    cause: str | None = None


class AgencyRules(NamedTuple):
    """When calls to one agency stop; with ``has_login``, its logins are paced by themselves."""

    circuit: CircuitRules
    has_login: bool


class HealthTracker:
    """Learns from calls how agencies fare, and says when one that is down is tried again."""

    def __init__(self, rules: Mapping[str, AgencyRules], *, rng: random.Random | None = None) -> None:
        """Begin with ``rules`` by plugin; ``rng`` spreads the probes of several processes, seed it for a test."""
        self._rules = rules
        self._rng = rng or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._failing: set[str] = set()
        """Agencies that calls have not reached, as far as is known here."""

    @classmethod
    def of(cls, platform: Platform, *, rng: random.Random | None = None) -> "HealthTracker":
        """Of all agencies of a platform."""
        manifests = [one.manifest for one in platform.plugins if one.manifest is not None]
        rules = {
            one.id: AgencyRules(CircuitRules.of(one.circuit, FAILURES_OF_AN_OUTAGE), one.login is not None)
            for one in manifests
        }
        return cls(rules, rng=rng)

    def note_failures(self, plugin: str, failures: int) -> None:
        """Remember how many calls in a row have not reached an agency, by its row."""
        (self._failing.add if failures else self._failing.discard)(plugin)

    def probe_at(self, row: Row[Any], now: datetime) -> datetime:
        """When an agency that is down may be tried, not before now."""
        at: datetime | None = row.probe_at
        return now if at is None else max(at, now)

    def take_probe(self, transaction: Transaction, row: Row[Any], now: datetime) -> bool:
        """Take the one probe of an agency that is down, if it is due; ``row`` is the agency's, locked."""
        if self.probe_at(row, now) > now:
            return False
        state = _state_of(row)
        probing = state.probing(now, self._pause(row.plugin, row.cause, state.probes + 1))
        _change(transaction, row.plugin, **asdict(probing))
        return True

    def give_back_probe(self, transaction: Transaction, plugin: str, at: datetime) -> None:
        """A probe was not made: the agency, if it is down, may be tried at ``at``."""
        _change(transaction, plugin, agencies.c.down_since.is_not(None), probe_at=at)

    def is_news(self, plugin: str, outcome: CallAnswered | CallFailed) -> bool:
        """Whether an outcome may say anything new of an agency; of one that is well there is nothing to say."""
        reach = reach_of(outcome.error if isinstance(outcome, CallFailed) else None)
        return reach is Reach.LOST or (plugin in self._failing and reach is not Reach.UNKNOWN)

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
        state, reach = _state_of(row), reach_of(error)
        if reach is Reach.LOST:
            self._failing.add(plugin)
            after = self._failed(plugin, state, error, now)
            is_of_agency = is_sent or error is None or error.layer is Layer.CORE
            _change(transaction, plugin, **asdict(after), **({"sent_at": now} if is_of_agency else {}))
            if state.down_since is not None or after.down_since is None:
                return None
            _begin_outage(transaction, plugin, now, after.cause)
            return HealthChange(is_down=True, cause=after.cause)
        if isinstance(error, RateLimited) and reach is Reach.PACED:
            # No agency was asked, for want of its time or of a login: it is tried when there is some.
            seconds = min(max(error.retry_after or 0.0, SOON), LAST_PROBE.total_seconds())
            self.give_back_probe(transaction, plugin, now + timedelta(seconds=seconds))
        elif reach is Reach.REACHED and not is_sent and (row.sent_at is not None or self._rules[plugin].has_login):
            # The plugin knew by itself, which says nothing of an agency that others were sent to.
            self.give_back_probe(transaction, plugin, now)
        elif reach is Reach.REACHED:
            self._failing.discard(plugin)
            _change(transaction, plugin, **asdict(CircuitState()), tried_with=None)
            if state.down_since is not None:
                ongoing = outages.c.plugin == plugin, outages.c.ended_at.is_(None)
                transaction.connection.execute(update(outages).where(*ongoing).values(ended_at=now))
                return HealthChange(is_down=False)
        return None

    def _failed(self, plugin: str, state: CircuitState, error: NagorikError | None, now: datetime) -> CircuitState:
        rules, cause = self._rules[plugin].circuit, cause_of(error)
        pause = self._pause(plugin, cause, 0)
        # Every other call would end like this, so that the agency is taken to be down at once.
        is_sure = isinstance(error, CredentialsRejected) and error.kind in LETS_NOBODY_IN
        after = state.failed(
            now, rules, cause, pause, is_violation=isinstance(error, ContractViolation), is_sure=is_sure
        )
        if state.down_since is not None and is_of_credentials(cause) != is_of_credentials(state.cause):
            # It lets the platform in again, and something else is wrong; or the other way round.
            return replace(after, cause=cause, probes=0, probe_at=now + pause)
        return after

    def _pause(self, plugin: str, cause: str | None, probes: int) -> timedelta:
        rules = self._rules[plugin]
        # Credentials become good by someone's work, who then says so; each try with the old ones is another refusal.
        if is_of_credentials(cause) and not rules.has_login:
            return refused_pause(probes + 1) * self._rng.uniform(*_LATER)
        first = rules.circuit.probe_after
        return min(first * (1 << min(probes, 16)), max(first, LAST_PROBE)) * self._rng.uniform(0.5, 1.0)


def refusing(transaction: Transaction) -> list[str]:
    """The plugins whose agencies are down because they refuse the platform's credentials."""
    found = select(agencies.c.plugin).where(_IS_REFUSING).order_by(agencies.c.plugin)
    return list(transaction.connection.scalars(found))


def try_refused(transaction: Transaction, plugins: Iterable[str], now: datetime) -> bool:
    """Let agencies be tried at once that refused the platform's credentials. Whether there are any.

    Where they are refused again, the next pause is as long as it would have been.
    """
    tried = update(agencies).where(agencies.c.plugin.in_(sorted(plugins)), _IS_REFUSING).values(probe_at=now)
    return transaction.connection.execute(tried).rowcount > 0


def try_other_credentials(transaction: Transaction, plugin: str, identity: str, now: datetime) -> bool:
    """Let an agency be tried at once with settings that were not tried last in this outage. Whether it is.

    ``identity`` names the settings, as ``settings_identity``.
    """
    others = or_(agencies.c.tried_with.is_(None), agencies.c.tried_with != identity)
    return _change(transaction, plugin, _IS_REFUSING, others, tried_with=identity, probe_at=now, probes=0)


def _begin_outage(transaction: Transaction, plugin: str, now: datetime, cause: str | None) -> None:
    # One that began at the very instant at which another did, or before a clock was set back, is that again.
    same = update(outages).where(outages.c.plugin == plugin, outages.c.began_at == now)
    if transaction.connection.execute(same.values(ended_at=None, cause=cause)).rowcount == 0:
        transaction.connection.execute(insert(outages).values(plugin=plugin, began_at=now, cause=cause))


def _change(transaction: Transaction, plugin: str, *conditions: ColumnElement[bool], **values: Any) -> bool:
    changed = update(agencies).where(agencies.c.plugin == plugin, *conditions).values(values)
    return transaction.connection.execute(changed).rowcount > 0


def _state_of(row: Row[Any]) -> CircuitState:
    return CircuitState(*(getattr(row, one.name) for one in fields(CircuitState)))
