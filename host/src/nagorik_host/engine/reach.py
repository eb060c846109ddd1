"""What the outcome of a call says of its agency: whether it is within reach, and what keeps it from being called."""

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

OF_CREDENTIALS: Final = "credentials-"
"""How the causes of outages begin that end with other credentials."""
_OUR_OWN: Final = frozenset({UNKNOWN, LEASE_LOST, TOKEN_UNKNOWN, *OF_THE_HOST})
"""Why the platform held a request back or broke it off, for reasons that are not the agency's."""


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


def cause_of(error: NagorikError | None) -> str:
    """Why an agency was not reached, as a code."""
    if isinstance(error, AgencyUnavailable | OutcomeUnknown):
        return error.because
    if isinstance(error, CredentialsRejected) and error.kind is not CredentialProblem.UNSPECIFIED:
        return f"{OF_CREDENTIALS}{error.kind.value}"
    return error.code if error is not None else ""
