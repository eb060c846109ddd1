"""How agencies fare, as all processes of a host learn it together: the circuit breaker, stored in the agencies' rows.

An agency that is down is left alone but for a probe now and then. The first call that reaches it ends the outage for
all. One row is read by the transaction that claims, and changed by one of its own after a call.
"""

import random
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, delete, insert, update

from nagorik import ContractViolation, CredentialsRejected, NagorikError, RateLimited
from nagorik.errors import Layer
from nagorik.manifest import Manifest
from nagorik_host.engine.pace import row_of
from nagorik_host.engine.reach import OF_CREDENTIALS, cause_of, is_reached
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import agencies, outages
from nagorik_platform.agency_client.circuit import CircuitRules, CircuitState
from nagorik_platform.agency_client.tokens import LETS_NOBODY_IN, refused_pause
from nagorik_platform.lifecycle import CallAnswered, CallFailed

FAILURES_OF_AN_OUTAGE: Final = 5
"""Calls in a row, over all processes, that did not reach an agency before it is taken to be down."""
LAST_PROBE: Final = timedelta(minutes=15)
"""Time between two probes of an agency that stays down; it doubles from the manifest's ``probe_after`` to this. One
that refuses a key for which there is no login is probed as seldom as refused credentials are tried
(``REFUSED_PAUSES``); where there is a login, the tokens' store tries them as seldom."""
SOON: Final = 1.0
"""Seconds after which an agency that is down is tried again, at least, where there was no time for it."""
_LATER: Final = (1.1, 1.25)
_IS_DOWN: Final = agencies.c.down_since.is_not(None)
_IS_REFUSING: Final = _IS_DOWN & agencies.c.cause.startswith(OF_CREDENTIALS)


class HealthTracker:
    """Learns from calls how agencies fare, and says when one that is down is tried again.

    Attributes:
        rng: Spreads the probes of several processes; seed it for a test.
    """

    def __init__(self, manifests: Mapping[str, Manifest]) -> None:
        """Track the agencies of these plugins."""
        self.rng = random.Random()  # noqa: S311 - spreads load, guards nothing
        self._manifests = manifests
        self._failing: set[str] = set()
        """Agencies that calls have not reached, as far as is known here."""

    def note_failures(self, plugin: str, failures: int) -> None:
        """Remember how many calls in a row have not reached an agency, by its row."""
        (self._failing.add if failures else self._failing.discard)(plugin)

    def probe_at(self, row: Row[Any], now: datetime) -> datetime:
        """When an agency that is down may be tried, not before now."""
        return max(row.probe_at or now, now)

    def take_probe(self, transaction: Transaction, row: Row[Any], now: datetime) -> bool:
        """Take the one probe of an agency that is down, if it is due; ``row`` is the agency's, locked."""
        if self.probe_at(row, now) > now:
            return False
        probes = row.probes + 1
        _change(transaction, row.plugin, probes=probes, probe_at=now + self._pause(row.plugin, row.cause, probes))
        return True

    def give_back_probe(self, transaction: Transaction, plugin: str, at: datetime) -> None:
        """A probe was not made: the agency, if it is down, may be tried at ``at``."""
        _change(transaction, plugin, _IS_DOWN, probe_at=at)

    def is_news(self, plugin: str, outcome: CallAnswered | CallFailed) -> bool:
        """Whether an outcome may say anything new of an agency; of one that is well there is nothing to say."""
        reached = is_reached(outcome.error if isinstance(outcome, CallFailed) else None)
        return reached is False or (reached is True and plugin in self._failing)

    def learn(
        self,
        transaction: Transaction,
        plugin: str,
        outcome: CallAnswered | CallFailed,
        now: datetime,
        *,
        is_sent: bool = True,
    ) -> CircuitState | None:
        """Take in what a call says of its agency; the agency's state, if it went down or is back by that.

        The agency's row is locked in ``transaction``, which does nothing else. ``is_sent`` says whether the call has
        sent a request, a login apart.
        """
        error = outcome.error if isinstance(outcome, CallFailed) else None
        row, reached = row_of(transaction, plugin), is_reached(error)
        before = CircuitState(*(getattr(row, one.name) for one in fields(CircuitState)))
        if reached is False:
            self._failing.add(plugin)
            after = self._failed(plugin, before, error, now)
            is_of_agency = is_sent or (error is not None and error.layer is Layer.CORE)
            _change(transaction, plugin, **asdict(after), **({"sent_at": now} if is_of_agency else {}))
            if before.down_since is None and after.down_since is not None:
                # One that began at the very instant at which another did is that again.
                same = outages.c.plugin == plugin, outages.c.began_at == now
                transaction.connection.execute(delete(outages).where(*same))
                begun = {"plugin": plugin, "began_at": now, "cause": after.cause}
                transaction.connection.execute(insert(outages).values(begun))
                return after
        elif isinstance(error, RateLimited) and error.layer is Layer.CORE:
            # No agency was asked, for want of its time or of a login: it is tried when there is some.
            seconds = min(max(error.retry_after or 0.0, SOON), LAST_PROBE.total_seconds())
            self.give_back_probe(transaction, plugin, now + timedelta(seconds=seconds))
        elif reached and not is_sent and (row.sent_at is not None or self._manifests[plugin].login is not None):
            # The plugin knew by itself, which says nothing of an agency that others were sent to.
            self.give_back_probe(transaction, plugin, now)
        elif reached:
            self._failing.discard(plugin)
            _change(transaction, plugin, **asdict(CircuitState()))
            if before.down_since is not None:
                ongoing = outages.c.plugin == plugin, outages.c.ended_at.is_(None)
                transaction.connection.execute(update(outages).where(*ongoing).values(ended_at=now))
                return CircuitState()
        return None

    def _failed(self, plugin: str, before: CircuitState, error: NagorikError | None, now: datetime) -> CircuitState:
        rules, cause = CircuitRules.of(self._manifests[plugin].circuit, FAILURES_OF_AN_OUTAGE), cause_of(error)
        probe_at = now + self._pause(plugin, cause, 0)
        # Every other call would end like this, so that the agency is taken to be down at once.
        is_sure = isinstance(error, CredentialsRejected) and error.kind in LETS_NOBODY_IN
        is_violation = isinstance(error, ContractViolation)
        after = before.failed(now, rules, cause, probe_at - now, is_violation=is_violation, is_sure=is_sure)
        if before.down_since is not None and _is_of_credentials(cause) != _is_of_credentials(before.cause):
            # It lets the platform in again, and something else is wrong; or the other way round.
            return replace(after, cause=cause, probes=0, probe_at=probe_at)
        return after

    def _pause(self, plugin: str, cause: str | None, probes: int) -> timedelta:
        manifest = self._manifests[plugin]
        # Credentials become good by someone's work, who then says so; each try with the old ones is another refusal.
        if _is_of_credentials(cause) and manifest.login is None:
            return refused_pause(probes + 1) * self.rng.uniform(*_LATER)
        first = timedelta(seconds=manifest.circuit.probe_after)
        return min(first * (1 << min(probes, 16)), max(first, LAST_PROBE)) * self.rng.uniform(0.5, 1.0)


def try_refused(transaction: Transaction, plugin: str, now: datetime) -> bool:
    """Let an agency be tried at once that refused the platform's credentials; whether it did.

    Where they are refused again, the next pause is as long as it would have been.
    """
    return _change(transaction, plugin, _IS_REFUSING, probe_at=now)


def _change(transaction: Transaction, plugin: str, *conditions: ColumnElement[bool], **values: Any) -> bool:
    changed = update(agencies).where(agencies.c.plugin == plugin, *conditions).values(values)
    return transaction.connection.execute(changed).rowcount > 0


def _is_of_credentials(cause: str | None) -> bool:
    return cause is not None and cause.startswith(OF_CREDENTIALS)
