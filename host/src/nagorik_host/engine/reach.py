"""What the outcome of a call says of its agency: whether it is within reach, and what keeps it from being called."""

from typing import Final, TypeGuard

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
from nagorik_host.engine.pace import UNKNOWN
from nagorik_host.engine.tokens import UNKNOWN as TOKEN_UNKNOWN
from nagorik_platform.agency_client.limits import LEASE_LOST
from nagorik_platform.agency_client.retry_table import OF_THE_HOST
from nagorik_platform.agency_client.tokens import LETS_NOBODY_IN
from nagorik_platform.lifecycle import CallAnswered, CallFailed

FAILURES_OF_AN_OUTAGE: Final = 5
"""Calls in a row, over all processes, that did not reach an agency before it is taken to be down."""
OF_CREDENTIALS: Final = "credentials-"
"""How the causes of outages begin that end with other credentials."""

_NOT_REACHED: Final = (AgencyUnavailable, OutcomeUnknown, ContractViolation)
_OUR_OWN: Final = frozenset({UNKNOWN, LEASE_LOST, TOKEN_UNKNOWN, *OF_THE_HOST})
"""Why the platform held a request back or broke it off, for reasons that are not the agency's."""
_ANSWERS: Final = (AgencyRejected, CredentialsRejected, DuplicateApplication, InputRejected, RateLimited)


def has_reached(outcome: CallAnswered | CallFailed) -> bool:
    """Whether an outcome is one by which an agency has answered, provided that it was asked."""
    error = outcome.error if isinstance(outcome, CallFailed) else None
    if error is None or _is_the_plugins_word(error):
        return True
    return isinstance(error, _ANSWERS) and not is_paced(error) and not is_out_of_reach(error)


def is_out_of_reach(error: NagorikError | None) -> bool:
    """Whether a call counts towards an outage: the agency was not reached, or refuses the platform."""
    if isinstance(error, OutcomeUnknown) and error.layer is Layer.CORE:
        return False  # the platform itself broke off
    if _is_the_plugins_word(error):
        return False
    if isinstance(error, CredentialsRejected):
        # It is there, and lets the platform in for no call. What one operation is not permitted concerns that alone.
        return error.kind is not CredentialProblem.NOT_PERMITTED
    return isinstance(error, _NOT_REACHED) and getattr(error, "because", None) not in _OUR_OWN


def is_violation(error: NagorikError | None) -> bool:
    """Whether an agency answered, and broke its contract."""
    return isinstance(error, ContractViolation)


def is_paced(error: NagorikError | None) -> TypeGuard[RateLimited]:
    """Whether the platform has made no request, or no login, because it may make no more of them now."""
    return isinstance(error, RateLimited) and error.layer is Layer.CORE


def is_held_back(error: NagorikError | None) -> bool:
    """Whether the platform has sent nothing, because its credentials were refused lately or have ended."""
    return isinstance(error, CredentialsRejected) and error.layer is Layer.CORE


def is_sure(error: NagorikError | None) -> bool:
    """Whether every other call would end like this, so that the agency is taken to be down at once."""
    return isinstance(error, CredentialsRejected) and error.kind in LETS_NOBODY_IN


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


def _is_the_plugins_word(error: NagorikError | None) -> bool:
    """Whether a plugin could read the answer, and does not agree with what it says of one application."""
    return isinstance(error, ContractViolation) and error.layer is Layer.PLUGIN
