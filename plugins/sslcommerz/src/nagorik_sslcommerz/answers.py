"""SSLCommerz' own refusals, which come with status 200, recognised before anything else reads an answer.

What an answer says decides, and no HTTP status beside it: one that says both yes and no is an answer that breaks the
contract, which after a write is an unknown outcome and is never sent again.

A refusal's reason is in our words, and in the gateway's beside them where those are prose: what it says may quote
what it was asked, and that holds the store's password and the payer's name.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from pydantic import JsonValue

from nagorik import (
    AgencyRejected,
    AgencyResponse,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    NagorikError,
    Text,
    to_ascii_digits,
)
from nagorik_sslcommerz.data import TEXTS

_CREDENTIALS: Final = "store credential error"
"""How the gateway begins the reason that the store's id or password is wrong, or the store closed."""
_DONE: Final = frozenset({"success", "processing", "refunded", "valid", "validated"})
"""The words, in any case, by which the gateway says that something was done, or is under way."""
_RECEIPTS: Final = ("refund_ref_id", "GatewayPageURL")
"""What only something that was done has."""
_ANSWERED: Final = range(200, 300)
_REFUSALS: Final = frozenset(range(400, 500)) - {401, 403, 429}
"""HTTP statuses that say no by themselves; who is not let in, or comes too often, was not heard."""
_REASONS: Final = ("failedreason", "errorReason")
"""Where the gateway says why, in each of its interfaces."""
_LONGEST_WORDS: Final = 200
_MOST_DIGITS: Final = 6
"""Of a number in prose, before its point."""
_PROSE: Final = re.compile(
    r"[('\"]*(?:[A-Za-z_'’/-]{1,30}|[\u0980-\u09E3\u200C\u200D-]{1,30}|[0-9\u09E6-\u09EF]{1,6}(?:\.[0-9]{1,2})?)[.,:;!?)'\"।]*"
)
"""One word of prose: no long number, no address, nothing of letters and digits mixed."""
_WHOLE: Final = re.compile(r"[0-9\u09E6-\u09EF]+")
_JOINERS: Final = dict.fromkeys((0x200C, 0x200D))
_SECRET: Final = re.compile(r"passw(or)?d", re.IGNORECASE)
_SHORTEST_PRIVATE: Final = 3
"""Letters from which on a part of what is private is looked for."""


def read_error(answer: AgencyResponse) -> NagorikError | None:
    """What the gateway refuses, whatever the HTTP status."""
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
    of_refund = document.get("APIConnect") == "DONE" and _word(document) == "failed"
    if of_refund or (answer.status in _REFUSALS and any(document.get(name) for name in _REASONS)):
        return _rejected("sslcommerz.refused", document)
    return None


@contextmanager
def without_quoting(private: Iterable[str]) -> Iterator[None]:
    """Leave the gateway's words out of a refusal in which anything of ``private`` stands."""
    try:
        yield
    except AgencyRejected as refusal:
        parts = {part for text in private for part in _plain(text).split() if len(part) >= _SHORTEST_PRIVATE}
        said = _plain(refusal.reason.en) if refusal.reason is not None else ""
        discreet = refusal.copy()
        if any(part in said for part in parts):
            discreet.reason = TEXTS.text(refusal.reason_code)
        raise discreet from None


def _plain(text: str) -> str:
    """A text as it is compared: without what only joins letters, in one of the spellings that look alike."""
    return unicodedata.normalize("NFKC", to_ascii_digits(text).translate(_JOINERS)).casefold()


def _rejected(code: str, document: Mapping[str, JsonValue]) -> AgencyRejected:
    reason, words = TEXTS.text(code), _own_words(document)
    if words is not None:
        beside = TEXTS.text("sslcommerz.own-words", words=Text(bn=words, en=words))
        reason = Text(bn=f"{reason.bn} {beside.bn}", en=f"{reason.en} {beside.en}")
    return AgencyRejected(code, reason=reason)


def _own_words(document: Mapping[str, JsonValue]) -> str | None:
    """Why, in the gateway's own words; none where they are long, or may quote what was sent."""
    reasons = (document.get(name) for name in (*_REASONS, "error"))
    said = next((" ".join(each.split()) for each in reasons if isinstance(each, str) and each.strip()), "")
    if not said or len(said) > _LONGEST_WORDS or _SECRET.search(said):
        return None
    words = said.split()
    return said if all(_PROSE.fullmatch(word) for word in words) and not _has_number_in_groups(words) else None


def _has_number_in_groups(words: Iterable[str]) -> bool:
    """Whether words that follow each other make up a number that is longer than prose has: 01712 345678."""
    digits = 0
    for word in words:
        whole = _WHOLE.search(word)
        digits = digits + len(whole[0]) if whole is not None else 0
        if digits > _MOST_DIGITS:
            return True
    return False


def _refusal_in(document: Mapping[str, JsonValue]) -> NagorikError | None:
    match document.get("APIConnect"):
        case "FAILED":
            return CredentialsRejected(CredentialProblem.WRONG)
        case "INACTIVE":
            return CredentialsRejected(CredentialProblem.REVOKED)
        case "INVALID_REQUEST":
            return _rejected("sslcommerz.invalid-request", document)
    if document.get("status") == "FAILED" and "failedreason" in document and "APIConnect" not in document:
        if str(document["failedreason"]).strip().lower().startswith(_CREDENTIALS):
            return CredentialsRejected(CredentialProblem.WRONG)
        return _rejected("sslcommerz.session-refused", document)
    return None


def _is_done(document: Mapping[str, JsonValue]) -> bool:
    """Whether it says that something was done: by its word, or by what only that has."""
    receipts = _RECEIPTS if "APIConnect" in document else (*_RECEIPTS, "sessionkey")  # a question's answer repeats it
    return _word(document) in _DONE or any(document.get(name) for name in receipts)


def _word(document: Mapping[str, JsonValue]) -> str:
    return str(document.get("status", "")).strip().casefold()
