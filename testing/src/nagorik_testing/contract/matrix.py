"""The fault matrix: what must come of each fault, by what doing an operation twice would do at the agency.

A table. A row is a fault below the plugin. It says for each class of operation how the call may end, how often the
agency may be asked, and what the agency may have done. An operation can fail in every one of these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue

from nagorik.errors import (
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
from nagorik.operations import Idempotency
from nagorik_testing.faults.kinds import (
    Altered,
    AnswerLost,
    Dripping,
    Encoded,
    Fault,
    Garbled,
    InjectedResponse,
    MaintenancePage,
    NotSent,
    Padded,
    Reshaped,
    Slow,
    Truncated,
)

ATTEMPTS: Final = 4
"""The most attempts that the platform makes of one request."""
FOR_EVER: Final = None


class OperationKind(StrEnum):
    """What doing an operation twice would do; ``safe`` writes are read like reads."""

    READ = "read"
    NATIVE = "native"
    LOOKED_UP = "client-reference"
    NEITHER = "none"

    @classmethod
    def of(cls, idempotency: Idempotency | None) -> "OperationKind":
        """The kind of an operation by its declared class; reads have none."""
        if idempotency is None or idempotency is Idempotency.SAFE:
            return cls.READ
        return cls(idempotency.value)


Ends = tuple[type[NagorikError] | str, ...]
RESULT: Final = "result"
"""Stands for any of the results that the operation's hook may return."""


@dataclass(frozen=True, slots=True)
class Expect:
    """What must come of one fault for one kind of operation.

    Attributes:
        outcome: Error types that the call may end in; ``RESULT`` where it may succeed.
        requests: Requests that must arrive at the agency for the step that meets the fault: least and most.
        effects: Effects of the step that the agency's ledger must hold afterwards; ``None`` for a read.
    """

    outcome: Ends
    requests: tuple[int, int]
    effects: int | None = None


ExpectedEnd = Mapping[OperationKind, Expect]


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One fault.

    Attributes:
        id: Stable, ``F02`` or ``F02-for-ever``.
        title: What happens, in English.
        fault: What is injected.
        expected: What must come of it.
        count: How many requests in a row meet it; ``FOR_EVER`` for all.
        login_only: Whether it concerns only plugins that log in.
        document_only: Whether it concerns only responses that are documents, and no files.
        same: Whether a result has to say what it says without the fault, the agency's raw words apart.
        longest: Most simulated seconds that the call may take.
        then: What the requests after those meet; nothing if not given.
    """

    id: str
    title: str
    fault: Fault
    expected: ExpectedEnd = field(repr=False)
    count: int | None = 1
    login_only: bool = False
    document_only: bool = False
    same: bool = False
    longest: float = 60.0
    then: Fault | None = None


def by_kind(read: Expect, native: Expect, other: Expect) -> ExpectedEnd:
    """For reads, for native writes, and for all other writes."""
    return MappingProxyType(dict(zip(OperationKind, (read, native, other, other), strict=True)))


def everywhere(outcome: Ends, requests: tuple[int, int], effects: int) -> ExpectedEnd:
    """The same for every kind, but that only writes have effects."""
    write = Expect(outcome, requests, effects)
    return by_kind(Expect(outcome, requests), write, write)


def refusal(status: int, document: JsonValue = None) -> InjectedResponse:
    """A refusal of the agency's own, which it has not processed."""
    return InjectedResponse(status=status, document={} if document is None else document)


def html_page(status: int) -> InjectedResponse:
    """A page from a proxy in front of an agency that has processed the request."""
    return InjectedResponse(status=status, body="<html>", headers={"content-type": "text/html"}, processed=True)


def redirect(to: str, *, processed: bool = False) -> InjectedResponse:
    """A redirect to another host."""
    return InjectedResponse(status=302, headers={"location": f"https://{to}"}, processed=processed)


_NO: Final[Ends] = (AgencyRejected, CredentialsRejected, DuplicateApplication)
_DOWN: Final[Ends] = (AgencyUnavailable,)
_BROKEN: Final[Ends] = (ContractViolation, AgencyUnavailable)
_AGAIN: Final = Expect((RESULT,), (2, 2))
_AGAIN_ONCE: Final = Expect((RESULT,), (2, 2), 1)
_LOST: Final = Expect((OutcomeUnknown,), (1, 1), 1)
_IN_DOUBT: Final = Expect((OutcomeUnknown,), (1, 1), 0)
_UNTIL_LATE: Final = Expect((OutcomeUnknown,), (1, ATTEMPTS), 1)
_PERHAPS_READ: Final = Expect((RESULT, OutcomeUnknown), (1, 1), 1)

_AS_EVER: Final = everywhere((RESULT,), (1, 1), 1)
_SENT_AGAIN: Final = everywhere((RESULT,), (2, 2), 1)
_REFUSED: Final = everywhere(_NO, (1, 1), 0)
_CORRECTED: Final = everywhere((InputRejected, AgencyRejected), (1, 1), 0)
_LOST_ONCE: Final = by_kind(_AGAIN, _AGAIN_ONCE, _LOST)
_LOST_FOR_EVER: Final = by_kind(Expect(_DOWN, (1, ATTEMPTS)), _UNTIL_LATE, _LOST)
_UNREADABLE: Final = by_kind(Expect(_BROKEN, (1, ATTEMPTS)), _LOST, _LOST)
"""A response, after processing, that holds nothing of what was asked for."""
_READ_OR_REFUSED: Final = by_kind(Expect((RESULT, ContractViolation), (1, 1)), _PERHAPS_READ, _PERHAPS_READ)
"""A response, after processing, that a plugin may understand, but not misunderstand."""


def _document(
    row: str, title: str, fault: Fault, expected: ExpectedEnd = _UNREADABLE, *, same: bool = False
) -> FaultRow:
    return FaultRow(row, title, fault, expected, document_only=True, same=same)


_FIELDS: Final[JsonValue] = {"errors": [{"field": "name", "message": "is too long"}]}
_WITH_STATUS_200: Final[JsonValue] = {
    "statusCode": "E-104",
    "error": {"field": "request", "message": "is not accepted"},
}

ROWS: Final[tuple[FaultRow, ...]] = (
    FaultRow("F01", "the connection is refused once", NotSent(), _AS_EVER),
    FaultRow(
        "F01-for-ever",
        "the connection is refused every time",
        NotSent(how="connect-timeout"),
        everywhere(_DOWN, (0, 0), 0),
        FOR_EVER,
    ),
    FaultRow("F02", "processed, then no answer", AnswerLost(), _LOST_ONCE),
    FaultRow("F02-for-ever", "processed, and never an answer", AnswerLost(how="silent"), _LOST_FOR_EVER, FOR_EVER),
    FaultRow("F03", "the connection breaks in the middle of the answer", Truncated(), _LOST_ONCE),
    FaultRow("F04", "no connection is free", NotSent(how="pool-timeout"), _AS_EVER),
    FaultRow(
        "F05",
        "500 without processing",
        InjectedResponse(status=500),
        by_kind(Expect(_DOWN, (1, 1)), _AGAIN_ONCE, _IN_DOUBT),
    ),
    FaultRow("F06", "503 from a proxy, after processing", InjectedResponse(status=503, processed=True), _LOST_ONCE),
    FaultRow(
        "F06-for-ever",
        "502 every time, without processing",
        InjectedResponse(status=502),
        by_kind(Expect(_DOWN, (ATTEMPTS, ATTEMPTS)), Expect((OutcomeUnknown,), (ATTEMPTS, ATTEMPTS), 0), _IN_DOUBT),
        FOR_EVER,
    ),
    FaultRow("F07", "429 with Retry-After in seconds", InjectedResponse(status=429, retry_after="2"), _SENT_AGAIN),
    FaultRow(
        "F07-past",
        "429 with a Retry-After that is past",
        InjectedResponse(status=429, retry_after="Wed, 01 Jan 2020 00:00:00 GMT"),
        _SENT_AGAIN,
    ),
    FaultRow(
        "F07-day",
        "429 with Retry-After of a day",
        InjectedResponse(status=429, retry_after="86400"),
        everywhere((RateLimited,), (1, 1), 0),
        FOR_EVER,
        longest=1.0,
    ),
    FaultRow("F07-page", "429 in a page from a proxy, after processing", html_page(429), _LOST_ONCE),
    FaultRow(
        "F07-503",
        "503 with Retry-After, without processing",
        InjectedResponse(status=503, retry_after="2"),
        by_kind(_AGAIN, _AGAIN_ONCE, _IN_DOUBT),
    ),
    FaultRow("F08", "401 once", InjectedResponse(status=401), _SENT_AGAIN, login_only=True),
    FaultRow(
        "F08-for-ever",
        "401 every time",
        InjectedResponse(status=401),
        everywhere((CredentialsRejected,), (2, 2), 0),
        FOR_EVER,
        login_only=True,
    ),
    FaultRow("F09", "403", refusal(403), _REFUSED),
    FaultRow(
        "F09-404",
        "404",
        refusal(404),
        by_kind(Expect((RESULT, *_NO), (1, 1)), Expect(_NO, (1, 1), 0), Expect(_NO, (1, 1), 0)),
    ),
    FaultRow("F09-409", "409", refusal(409), _REFUSED),
    FaultRow(
        "F09-replay",
        "processed, then no answer; 409 to every further attempt",
        AnswerLost(),
        by_kind(Expect(_NO, (2, 2)), Expect((RESULT, OutcomeUnknown, DuplicateApplication), (2, ATTEMPTS), 1), _LOST),
        then=refusal(409),
    ),
    FaultRow(
        "F09-page",
        "403 in a page from a proxy, after processing",
        html_page(403),
        by_kind(Expect((*_NO, ContractViolation), (1, 1)), _AGAIN_ONCE, _LOST),
    ),
    FaultRow("F10", "422", refusal(422), _CORRECTED),
    FaultRow("F10-fields", "400 with a list of fields", refusal(400, _FIELDS), _CORRECTED),
    FaultRow(
        "F11",
        "a maintenance page in HTML with status 200, after processing",
        MaintenancePage(processed=True),
        _UNREADABLE,
    ),
    FaultRow(
        "F12",
        "an error of the agency's own with status 200, without processing",
        refusal(200, _WITH_STATUS_200),
        by_kind(
            Expect((*_BROKEN, *_NO, InputRejected), (1, ATTEMPTS)),
            Expect((OutcomeUnknown, *_NO, InputRejected), (1, ATTEMPTS), 0),
            Expect((OutcomeUnknown, *_NO, InputRejected), (1, 1), 0),
        ),
        FOR_EVER,
        document_only=True,
    ),
    _document("F13", "an answer that cannot be parsed", Garbled(how="unparsable")),
    FaultRow("F13-empty", "an empty answer", Garbled(how="empty"), _UNREADABLE),
    _document(
        "F13-extra",
        "a field that nobody announced",
        Altered(put={"unannounced": {"nested": [1, 2]}}),
        _AS_EVER,
        same=True,
    ),
    _document(
        "F13-truncated", "a document that ends too early, though its length is right", Garbled(how="cut-short")
    ),
    _document("F13-null", "null in place of the answer", Reshaped(how="null")),
    _document("F13-missing", "an answer without any of its fields", Reshaped(how="no-fields")),
    _document("F13-nulls", "an answer whose every value is null", Reshaped(how="nulls")),
    _document("F13-list", "a list with the answer in place of the answer", Reshaped(how="in-list")),
    _document("F13-double", "a document inside a text of the document", Reshaped(how="double-encoded")),
    _document(
        "F13-retyped",
        "numbers and truth values as text",
        Reshaped(how="numbers-as-text"),
        _READ_OR_REFUSED,
        same=True,
    ),
    _document("F13-label", "a document that is labelled as HTML", Encoded(how="labelled-html"), _AS_EVER, same=True),
    _document("F14", "an answer in a broken character set", Garbled(how="not-utf-8")),
    _document("F14-bom", "a byte order mark before the answer", Encoded(), _AS_EVER, same=True),
    _document("F14-utf-16", "an answer in UTF-16, labelled as such", Encoded(how="utf-16"), _AS_EVER, same=True),
    _document(
        "F14-charset", "UTF-8 that is labelled as Latin-1", Encoded(how="labelled-latin-1"), _AS_EVER, same=True
    ),
    _document(
        "F14-digits",
        "Bangla digits in every text of the answer",
        Reshaped(how="bangla-digits"),
        _READ_OR_REFUSED,
        same=True,
    ),
    FaultRow(
        "F15",
        "a redirect to a login page on another host",
        redirect("login.example.invalid/"),
        everywhere((CredentialsRejected,), (1, 2), 0),
        FOR_EVER,
    ),
    FaultRow(
        "F15-session",
        "a redirect to a login page, once",
        redirect("login.example.invalid/"),
        _SENT_AGAIN,
        login_only=True,
    ),
    FaultRow(
        "F15-moved",
        "a redirect to another page, after processing",
        redirect("moved.example.invalid/receipts/7", processed=True),
        by_kind(Expect((ContractViolation,), (1, 1)), _LOST, _LOST),
    ),
    FaultRow("F16", "an answer that comes a day late", Slow(seconds=86_400), _LOST_FOR_EVER, FOR_EVER),
    FaultRow(
        "F16-drip",
        "an answer that drips past the deadline, byte by byte",
        Dripping(seconds=5, piece=1),
        by_kind(Expect(_DOWN, (1, 1)), _LOST, _LOST),
        FOR_EVER,
    ),
    FaultRow(
        "F16-large", "an answer larger than may be read", Padded(), by_kind(Expect(_BROKEN, (1, 1)), _LOST, _LOST)
    ),
)
"""Rows that need no more than one operation; the others are checks of their own."""
SIX: Final = tuple(row for row in ROWS if row.id in {"F02", "F09", "F10", "F11", "F13"})
"""With F00: what an operation meets that has met every row of another service, or at an earlier stage of payment."""
