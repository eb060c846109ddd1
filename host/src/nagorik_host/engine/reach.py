"""What the outcome of a call says of its agency: whether it is within reach, and what keeps it from being called."""

from enum import Enum, auto
from typing import Final

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

FAILURES_OF_AN_OUTAGE: Final = 5
"""Calls in a row, over all processes, that did not reach an agency before it is taken to be down."""
OF_CREDENTIALS: Final = "credentials-"
"""How the causes of outages begin that end with other credentials."""

_NOT_REACHED: Final = (AgencyUnavailable, OutcomeUnknown, ContractViolation)
_OUR_OWN: Final = frozenset({UNKNOWN, LEASE_LOST, TOKEN_UNKNOWN, *OF_THE_HOST})
"""Why the platform held a request back or broke it off, for reasons that are not the agency's."""
_ANSWERS: Final = (AgencyRejected, DuplicateApplication, InputRejected, RateLimited)


class Reach(Enum):
    """What an outcome says of an agency."""

    REACHED = auto()
    """It has answered, provided that it was asked."""
    LOST = auto()
    """It was not reached, or refuses the platform: this counts towards an outage."""
    PACED = auto()
    """The platform has made no request, or no login, because it may make no more of them now."""
    UNKNOWN = auto()


def reach_of(error: NagorikError | None) -> Reach:
    """What the error of a call, or its success, says of its agency."""
    if isinstance(error, RateLimited) and error.layer is Layer.CORE:
        return Reach.PACED
    if error is None or isinstance(error, _ANSWERS):
        return Reach.REACHED
    if isinstance(error, CredentialsRejected):
        # It is there, and lets the platform in for no call. What one operation is not permitted concerns that alone.
        return Reach.REACHED if error.kind is CredentialProblem.NOT_PERMITTED else Reach.LOST
    if isinstance(error, ContractViolation) and error.layer is Layer.PLUGIN:
        # The plugin could read the answer, and does not agree with what it says of one application.
        return Reach.REACHED
    if not isinstance(error, _NOT_REACHED) or getattr(error, "because", None) in _OUR_OWN:
        return Reach.UNKNOWN
    # An unknown outcome of the core's is the platform's own breaking off.
    return Reach.UNKNOWN if isinstance(error, OutcomeUnknown) and error.layer is Layer.CORE else Reach.LOST


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
