"""SSLCommerz' own refusals, which come with status 200, recognised before anything else reads an answer.

What an answer says decides, and no HTTP status beside it: one that says both yes and no is an answer that breaks the
contract, which after a write is an unknown outcome and is never sent again.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from nagorik import (
    AgencyRejected,
    AgencyResponse,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    NagorikError,
)
from nagorik_sslcommerz.data import TEXTS

_CREDENTIALS: Final = "store credential error"
"""How the gateway begins the reason that the store's id or password is wrong, or the store closed."""
_DONE: Final = frozenset({"success", "processing", "refunded", "valid", "validated"})
"""The words, in any case, by which the gateway says that something was done, or is under way."""
_RECEIPTS: Final = ("refund_ref_id", "GatewayPageURL")
"""What only something that was done has."""
_ANSWERED: Final = range(200, 300)


def read_error(answer: AgencyResponse) -> NagorikError | None:
    """What the gateway refuses, by its words alone: its free text goes nowhere."""
    document = answer.document
    if not isinstance(document, dict):
        return None
    done, refusal = _is_done(document), _refusal_in(document)
    if refusal is not None:
        return ContractViolation("done-and-refused") if done else refusal
    if answer.status in _ANSWERED:
        return None
    if done:
        return ContractViolation("done-with-refusing-status")
    if document.get("APIConnect") == "DONE" and _word(document) == "failed":
        return AgencyRejected("sslcommerz.refused")
    return None


def _refusal_in(document: Mapping[str, JsonValue]) -> NagorikError | None:
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


def _is_done(document: Mapping[str, JsonValue]) -> bool:
    """Whether it says that something was done: by its word, or by what only that has."""
    receipts = _RECEIPTS if "APIConnect" in document else (*_RECEIPTS, "sessionkey")  # a question's answer repeats it
    return _word(document) in _DONE or any(document.get(name) for name in receipts)


def _word(document: Mapping[str, JsonValue]) -> str:
    return str(document.get("status", "")).strip().casefold()
