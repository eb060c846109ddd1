"""SSLCommerz' own refusals, which come with status 200, recognised before anything else reads an answer."""

from typing import Final

from nagorik import (
    AgencyRejected,
    AgencyResponse,
    CredentialProblem,
    CredentialsRejected,
    NagorikError,
)
from nagorik_sslcommerz.data import TEXTS

_CREDENTIALS: Final = "store credential error"
"""How the gateway begins the reason that the store's id or password is wrong, or the store closed."""


def read_error(answer: AgencyResponse) -> NagorikError | None:
    """What the gateway refuses, by its words alone: its free text goes nowhere."""
    document = answer.document
    if not isinstance(document, dict):
        return None
    match document.get("APIConnect"):
        case "FAILED":
            return CredentialsRejected(CredentialProblem.WRONG)
        case "INACTIVE":
            return CredentialsRejected(CredentialProblem.REVOKED)
        case "INVALID_REQUEST":
            return AgencyRejected("sslcommerz.invalid-request")
    if document.get("status") == "FAILED" and "failedreason" in document and "APIConnect" not in document:
        if str(document["failedreason"]).strip().lower().startswith(_CREDENTIALS):
            return CredentialsRejected(CredentialProblem.WRONG)
        return AgencyRejected("sslcommerz.session-refused", reason=TEXTS.text("sslcommerz.session-refused"))
    return None
