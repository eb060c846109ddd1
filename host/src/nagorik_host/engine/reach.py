"""What the outcome of a call says of its agency: whether it is within reach, and what keeps it from being called."""

from datetime import datetime, timedelta
from typing import Final, TypeGuard

from nagorik import (
    AgencyClosed,
    AgencyRejected,
    AgencyUnavailable,
    ContractViolation,
    CredentialsRejected,
    DuplicateApplication,
    InputRejected,
    NagorikError,
    OutcomeUnknown,
    PluginFault,
    RateLimited,
)
from nagorik.errors import CredentialProblem, Layer
from nagorik_host.engine.pace import UNKNOWN
from nagorik_host.engine.tokens import UNKNOWN as TOKEN_UNKNOWN
from nagorik_platform.agency_client.limits import LEASE_LOST
from nagorik_platform.agency_client.retry_table import OF_THE_HOST
from nagorik_platform.agency_client.tokens import LETS_NOBODY_IN, REFUSED_PAUSES
from nagorik_platform.lifecycle import CallAnswered, CallFailed

FAILURES_OF_AN_OUTAGE: Final = 5
"""Calls in a row, over all processes, that did not reach an agency before it is taken to be down."""
OF_CREDENTIALS: Final = "credentials-"
"""How the causes of outages begin that end with other credentials."""
OF_LOGIN: Final = "login-"
"""How a plugin's defects are called that a login has shown."""

_NOT_REACHED: Final = (AgencyUnavailable, OutcomeUnknown, ContractViolation)
_OUR_OWN: Final = frozenset({UNKNOWN, LEASE_LOST, TOKEN_UNKNOWN, *OF_THE_HOST})
"""Why the platform held a request back or broke it off, for reasons that are not the agency's."""
_ANSWERS: Final = (AgencyRejected, CredentialsRejected, DuplicateApplication, InputRejected, RateLimited)


def has_reached(outcome: CallAnswered | CallFailed) -> bool:
    """Whether an outcome is one by which an agency has answered, provided that it was asked."""
    error = outcome.error if isinstance(outcome, CallFailed) else None
    return error is None or (_has_answered(error) and not is_out_of_reach(error))


def is_the_plugins(outcome: CallAnswered | CallFailed) -> bool:
    """Whether an outcome is the plugin's own, provided that nobody was asked: its answer, or its defect."""
    error = outcome.error if isinstance(outcome, CallFailed) else None
    if isinstance(error, PluginFault):
        return not error.fault.startswith(OF_LOGIN)
    # A login is sent for all calls, and for none: what asks for fewer may have come of one.
    return has_reached(outcome) and not isinstance(error, RateLimited)


def is_out_of_reach(error: NagorikError | None) -> bool:
    """Whether a call ended in what an outage is made of: not reached, or the platform let in for nobody."""
    if isinstance(error, OutcomeUnknown) and error.layer is Layer.CORE:
        return False  # the platform itself broke off
    if _is_the_plugins_word(error):
        return False
    if isinstance(error, CredentialsRejected):
        # It is there, and lets the platform in for nobody. What one operation is not permitted is that one's matter.
        return error.kind is not CredentialProblem.NOT_PERMITTED
    return isinstance(error, _NOT_REACHED) and getattr(error, "because", None) not in _OUR_OWN


def leaves_open(error: NagorikError | None) -> bool:
    """Whether an outcome does not show that an agency that refused the credentials would let the platform in now.

    One that asks for fewer calls, or to be left alone for a while, may never have looked at them, and what breaks a
    plugin may be no answer at all.
    """
    if isinstance(error, RateLimited | AgencyClosed):
        return error.layer is not Layer.CORE
    return isinstance(error, PluginFault)


def is_paced(error: NagorikError | None) -> TypeGuard[RateLimited]:
    """Whether the platform has made no request, or no login, because it may make no more of them now."""
    return isinstance(error, RateLimited) and error.layer is Layer.CORE


def is_held_back(error: NagorikError | None) -> bool:
    """Whether the platform has asked nobody, because the agency refused the credentials lately."""
    return isinstance(error, CredentialsRejected) and error.layer is Layer.CORE


def failures_of_an_outage(error: NagorikError | None) -> int:
    """How many calls in a row end like this before the agency is taken to be down."""
    is_sure = isinstance(error, CredentialsRejected) and error.kind in LETS_NOBODY_IN
    return 1 if is_sure else FAILURES_OF_AN_OUTAGE


def asked_for(error: NagorikError | None, now: datetime) -> timedelta:
    """For how long an agency asks to be left alone, a day at most."""
    asked = timedelta(0)
    if isinstance(error, RateLimited) and error.retry_after is not None:
        asked = timedelta(seconds=min(max(0.0, error.retry_after), REFUSED_PAUSES[-1].total_seconds()))
    elif isinstance(error, AgencyClosed):
        asked = error.until - now
    return min(max(asked, timedelta(0)), REFUSED_PAUSES[-1])


def cause_of(error: NagorikError | None) -> str:
    """Why an agency was not reached, as a code."""
    if isinstance(error, AgencyUnavailable | OutcomeUnknown):
        return error.because
    if isinstance(error, CredentialsRejected) and error.kind is not CredentialProblem.UNSPECIFIED:
        return f"{OF_CREDENTIALS}{error.kind.value}"
    return error.code if error is not None else ""


def is_of_credentials(cause: str | None) -> bool:
    """Whether an outage is one that ends with other credentials, by its cause."""
    return isinstance(cause, str) and cause.startswith(OF_CREDENTIALS)


def _has_answered(error: NagorikError) -> bool:
    """Whether an error is the agency's own word, and not the platform's before anything was sent."""
    return _is_the_plugins_word(error) or (isinstance(error, _ANSWERS) and not is_paced(error))


def _is_the_plugins_word(error: NagorikError | None) -> bool:
    """Whether a plugin could read the answer, and does not agree with what it says of one application."""
    return isinstance(error, ContractViolation) and error.layer is Layer.PLUGIN
