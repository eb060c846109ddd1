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
from nagorik_host.engine.pace import DATABASE_AWAY, row_of
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import agencies, outages
from nagorik_platform.agency_client.circuit import CircuitRules, CircuitState
from nagorik_platform.agency_client.limits import LEASE_LOST
from nagorik_platform.agency_client.retry_table import OF_THE_HOST
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
OF_CREDENTIALS: Final = "credentials-"
"""How the causes of outages begin that end with other credentials."""
_OUR_OWN: Final = frozenset({DATABASE_AWAY, LEASE_LOST, *OF_THE_HOST})
"""Why the platform held a request back or broke it off, for reasons that are not the agency's."""
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

    def take_probe(self, transaction: Transaction, row: Row[Any], now: datetime) -> bool:
        """Take the one probe of an agency that is down, if it is due; ``row`` is the agency's, locked."""
        if row.probe_at > now:
            return False
        probes = row.probes + 1
        _change(transaction, row.plugin, probes=probes, probe_at=now + self._pause(row.plugin, row.cause, probes))
        return True

    def give_back_probe(self, transaction: Transaction, plugin: str, at: datetime) -> None:
        """A probe was not made: the agency, if it is down, may be tried at ``at``."""
        _change(transaction, plugin, _IS_DOWN, probe_at=at)

    def is_news(self, plugin: str, outcome: CallAnswered | CallFailed) -> bool:
        """Whether an outcome may say anything new of an agency; of one that is well there is nothing to say."""
        failed = isinstance(outcome, CallFailed) and is_reached(outcome.error) is False
        return failed or plugin in self._failing

    def learn(
        self,
        transaction: Transaction,
        plugin: str,
        outcome: CallAnswered | CallFailed,
        now: datetime,
        *,
        is_sent: bool,
    ) -> CircuitState | None:
        """Take in what a call says of its agency; the agency's state, if it went down or is back by that.

        The agency's row is locked in ``transaction``, which does nothing else. ``is_sent`` says whether the call has
        sent a request, a login apart.
        """
        error = outcome.error if isinstance(outcome, CallFailed) else None
        row, reached = row_of(transaction, plugin), is_reached(error)
        before = CircuitState(*(getattr(row, one.name) for one in fields(CircuitState)))
        if error is not None and reached is False:
            self._failing.add(plugin)
            after = self._failed(plugin, before, error, now)
            is_of_agency = is_sent or error.layer is Layer.CORE
            _change(transaction, plugin, **asdict(after), **({"sent_at": now} if is_of_agency else {}))
            if before.down_since is None and after.down_since is not None:
                # One that began at the very instant at which another did is that again.
                same = outages.c.plugin == plugin, outages.c.began_at == now
                transaction.connection.execute(delete(outages).where(*same))
                transaction.connection.execute(insert(outages).values(plugin=plugin, began_at=now, cause=after.cause))
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

    def _failed(self, plugin: str, before: CircuitState, error: NagorikError, now: datetime) -> CircuitState:
        rules, cause = CircuitRules.of(self._manifests[plugin].circuit, FAILURES_OF_AN_OUTAGE), _cause_of(error)
        probe_at = now + self._pause(plugin, cause, 0)
        # Every other call would end like this, so that the agency is taken to be down at once.
        is_sure = isinstance(error, CredentialsRejected) and error.kind in LETS_NOBODY_IN
        is_violation = isinstance(error, ContractViolation)
        after = before.failed(now, rules, cause, probe_at - now, is_violation=is_violation, is_sure=is_sure)
        was_refused = (before.cause or "").startswith(OF_CREDENTIALS)
        if before.down_since is not None and cause.startswith(OF_CREDENTIALS) is not was_refused:
            # It lets the platform in again, and something else is wrong; or the other way round.
            return replace(after, cause=cause, probes=0, probe_at=probe_at)
        return after

    def _pause(self, plugin: str, cause: str | None, probes: int) -> timedelta:
        manifest = self._manifests[plugin]
        # Credentials become good by someone's work, who then says so; each try with the old ones is another refusal.
        if manifest.login is None and (cause or "").startswith(OF_CREDENTIALS):
            return refused_pause(probes + 1) * self.rng.uniform(1.1, 1.25)
        first = timedelta(seconds=manifest.circuit.probe_after)
        return min(first * (1 << min(probes, 16)), max(first, LAST_PROBE)) * self.rng.uniform(0.5, 1.0)


def is_reached(error: NagorikError | None) -> bool | None:
    """Whether an agency was reached, by the error of a call or its success; ``None`` where that says nothing of it.

    An agency that refuses the platform is not reached.
    """
    if error is None or isinstance(error, AgencyRejected | DuplicateApplication | InputRejected):
        return True
    if isinstance(error, RateLimited):
        return True if error.layer is not Layer.CORE else None
    if isinstance(error, CredentialsRejected):
        # What one operation is not permitted concerns that alone.
        return error.kind is CredentialProblem.NOT_PERMITTED
    if isinstance(error, ContractViolation):
        # A plugin that could read the response may not agree with what it says of one application.
        return error.layer is Layer.PLUGIN
    # An unknown outcome of the core's is the platform's own breaking off.
    is_broken_off = isinstance(error, OutcomeUnknown) and error.layer is Layer.CORE
    is_lost = isinstance(error, AgencyUnavailable | OutcomeUnknown) and error.because not in _OUR_OWN
    return False if is_lost and not is_broken_off else None


def _cause_of(error: NagorikError) -> str:
    """Why an agency was not reached, as a code."""
    if isinstance(error, AgencyUnavailable | OutcomeUnknown):
        return error.because
    if isinstance(error, CredentialsRejected) and error.kind is not CredentialProblem.UNSPECIFIED:
        return f"{OF_CREDENTIALS}{error.kind.value}"
    return error.code


def try_refused(transaction: Transaction, plugin: str, now: datetime) -> bool:
    """Let an agency be tried at once that refused the platform's credentials; whether it did.

    Where they are refused again, the next pause is as long as it would have been.
    """
    return _change(transaction, plugin, _IS_REFUSING, probe_at=now)


def _change(transaction: Transaction, plugin: str, *conditions: ColumnElement[bool], **values: Any) -> bool:
    changed = update(agencies).where(agencies.c.plugin == plugin, *conditions).values(values)
    return transaction.connection.execute(changed).rowcount > 0
