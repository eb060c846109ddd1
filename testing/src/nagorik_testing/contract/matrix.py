"""The fault matrix: what must come of each fault, by what doing an operation twice would do at the agency.

Pure data. A row is a fault below the plugin; its cells say, for each class of operation, how the call may end, how
often the agency may be asked, and what the agency may have done. A cell can fail in every one of these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

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
from nagorik_testing.fault import (
    Altered,
    Answered,
    AnswerLost,
    Dripping,
    Encoded,
    Fault,
    Garbled,
    MaintenancePage,
    NotSent,
    Padded,
    Reshaped,
    Slow,
    Truncated,
)

ATTEMPTS: Final = 4
"""The most attempts that the core makes of one request."""
FOR_EVER: Final = None


class Kind(StrEnum):
    """What doing an operation twice would do; ``safe`` writes are read like reads."""

    READ = "read"
    NATIVE = "native"
    LOOKED_UP = "client-reference"
    NEITHER = "none"

    @classmethod
    def of(cls, idempotency: Idempotency | None) -> "Kind":
        """The kind of an operation by its declared class; reads have none."""
        if idempotency is None or idempotency is Idempotency.SAFE:
            return cls.READ
        return cls(idempotency.value)


RESULT: Final = "result"
"""Stands for any of the results that the operation's hook may return."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What must come of one fault for one kind of operation.

    Attributes:
        ends: Error types that the call may end in; ``RESULT`` where it may succeed.
        requests: Requests that must arrive at the agency for the step that meets the fault: least and most.
        effects: Effects of the step that the agency's ledger must hold afterwards; ``None`` for a read.
    """

    ends: tuple[type[NagorikError] | str, ...]
    requests: tuple[int, int]
    effects: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One fault.

    Attributes:
        id: Stable, ``F02`` or ``F02-for-ever``.
        title: What happens, in English.
        fault: What is injected.
        count: How many requests in a row meet it; ``FOR_EVER`` for all.
        cells: What must come of it.
        login_only: Whether it concerns only plugins that log in.
        json_only: Whether it concerns only answers that are JSON.
        same: Whether a result has to say what it says without the fault, the agency's raw words apart.
        longest: Most simulated seconds that the call may take.
        then: What the requests after those meet; nothing if not given.
    """

    id: str
    title: str
    fault: Fault
    count: int | None
    cells: Mapping[Kind, Cell] = field(repr=False)
    login_only: bool = False
    longest: float = 60.0
    json_only: bool = False
    same: bool = False
    then: Fault | None = None


Cells = Mapping[Kind, Cell]


def _by_kind(*, read: Cell, native: Cell, other: Cell) -> Cells:
    return MappingProxyType({Kind.READ: read, Kind.NATIVE: native, Kind.LOOKED_UP: other, Kind.NEITHER: other})


def _everywhere(ends: tuple[type[NagorikError] | str, ...], requests: tuple[int, int], *, effects: int) -> Cells:
    """The same for every kind, but that only writes have effects."""
    write = Cell(ends, requests, effects)
    return _by_kind(read=Cell(ends, requests), native=write, other=write)


_OK_AGAIN: Final = Cell((RESULT,), (2, 2))
_OK_AGAIN_ONCE: Final = Cell((RESULT,), (2, 2), 1)
_GONE: Final = Cell((AgencyUnavailable,), (ATTEMPTS, ATTEMPTS))
_NEVER: Final = Cell((AgencyUnavailable,), (1, ATTEMPTS))
_NEVER_KNOWN: Final = Cell((OutcomeUnknown,), (1, ATTEMPTS), 1)
_LOST: Final = Cell((OutcomeUnknown,), (1, 1), 1)
_IN_DOUBT: Final = Cell((OutcomeUnknown,), (1, 1), 0)
_BROKEN: Final = Cell((ContractViolation, AgencyUnavailable), (1, ATTEMPTS))
_DEFINITE: Final = (AgencyRejected, CredentialsRejected, DuplicateApplication)
_REFUSED: Final = (*_DEFINITE, InputRejected)
_JSON: Final[Mapping[str, str]] = MappingProxyType({"content-type": "application/json"})


def _refused(status: int, body: str = "{}") -> Answered:
    """A refusal of the agency's own, which it has not processed."""
    return Answered(status=status, body=body, headers=dict(_JSON))


def _unreadable() -> Cells:
    """What must come of an answer that holds nothing of what was asked for, after processing."""
    return _by_kind(read=_BROKEN, native=_LOST, other=_LOST)


def _read_or_refused() -> Cells:
    """What must come of an answer that a plugin may understand, but not misunderstand, after processing."""
    write = Cell((RESULT, OutcomeUnknown), (1, 1), 1)
    return _by_kind(read=Cell((RESULT, ContractViolation), (1, 1)), native=write, other=write)


_AS_EVER: Final = _everywhere((RESULT,), (1, 1), effects=1)

ROWS: Final[tuple[Row, ...]] = (
    Row(
        "F01",
        "the connection is refused once",
        NotSent(),
        1,
        _everywhere((RESULT,), (1, 1), effects=1),
    ),
    Row(
        "F01-for-ever",
        "the connection is refused every time",
        NotSent(how="connect-timeout"),
        FOR_EVER,
        _everywhere((AgencyUnavailable,), (0, 0), effects=0),
    ),
    Row(
        "F02",
        "processed, then no answer",
        AnswerLost(),
        1,
        _by_kind(read=_OK_AGAIN, native=_OK_AGAIN_ONCE, other=_LOST),
    ),
    Row(
        "F02-for-ever",
        "processed, and never an answer",
        AnswerLost(how="silent"),
        FOR_EVER,
        _by_kind(
            read=Cell((AgencyUnavailable,), (1, ATTEMPTS)),
            native=Cell((OutcomeUnknown,), (1, ATTEMPTS), 1),
            other=_LOST,
        ),
    ),
    Row(
        "F03",
        "the connection breaks in the middle of the answer",
        Truncated(),
        1,
        _by_kind(read=_OK_AGAIN, native=_OK_AGAIN_ONCE, other=_LOST),
    ),
    Row(
        "F04",
        "no connection is free",
        NotSent(how="pool-timeout"),
        1,
        _everywhere((RESULT,), (1, 1), effects=1),
    ),
    Row(
        "F05",
        "500 without processing",
        Answered(status=500),
        1,
        _by_kind(read=Cell((AgencyUnavailable,), (1, 1)), native=_OK_AGAIN_ONCE, other=_IN_DOUBT),
    ),
    Row(
        "F06",
        "503 from a proxy, after processing",
        Answered(status=503, processed=True),
        1,
        _by_kind(read=_OK_AGAIN, native=_OK_AGAIN_ONCE, other=_LOST),
    ),
    Row(
        "F06-for-ever",
        "502 every time, without processing",
        Answered(status=502),
        FOR_EVER,
        _by_kind(read=_GONE, native=Cell((OutcomeUnknown,), (ATTEMPTS, ATTEMPTS), 0), other=_IN_DOUBT),
    ),
    Row(
        "F07",
        "429 with Retry-After in seconds",
        Answered(status=429, retry_after="2"),
        1,
        _everywhere((RESULT,), (2, 2), effects=1),
    ),
    Row(
        "F07-past",
        "429 with a Retry-After that is past",
        Answered(status=429, retry_after="Wed, 01 Jan 2020 00:00:00 GMT"),
        1,
        _everywhere((RESULT,), (2, 2), effects=1),
    ),
    Row(
        "F07-day",
        "429 with Retry-After of a day",
        Answered(status=429, retry_after="86400"),
        FOR_EVER,
        _everywhere((RateLimited,), (1, 1), effects=0),
        longest=1.0,
    ),
    Row(
        "F07-page",
        "429 in a page from a proxy, after processing",
        Answered(status=429, body="<html>", headers={"content-type": "text/html"}, processed=True),
        1,
        _by_kind(read=_OK_AGAIN, native=_OK_AGAIN_ONCE, other=_LOST),
    ),
    Row(
        "F07-503",
        "503 with Retry-After, without processing",
        Answered(status=503, retry_after="2"),
        1,
        _by_kind(read=_OK_AGAIN, native=_OK_AGAIN_ONCE, other=_IN_DOUBT),
    ),
    Row(
        "F08",
        "401 once",
        Answered(status=401),
        1,
        _everywhere((RESULT,), (2, 2), effects=1),
        login_only=True,
    ),
    Row(
        "F08-for-ever",
        "401 every time",
        Answered(status=401),
        FOR_EVER,
        _everywhere((CredentialsRejected,), (2, 2), effects=0),
        login_only=True,
    ),
    Row(
        "F09",
        "403",
        _refused(403),
        1,
        _everywhere(_DEFINITE, (1, 1), effects=0),
    ),
    Row(
        "F09-404",
        "404",
        _refused(404),
        1,
        _by_kind(
            read=Cell((RESULT, *_DEFINITE), (1, 1)),
            native=Cell(_DEFINITE, (1, 1), 0),
            other=Cell(_DEFINITE, (1, 1), 0),
        ),
    ),
    Row(
        "F09-409",
        "409",
        _refused(409),
        1,
        _everywhere(_DEFINITE, (1, 1), effects=0),
    ),
    Row(
        "F09-replay",
        "processed, then no answer; 409 to every further attempt",
        AnswerLost(),
        1,
        _by_kind(
            read=Cell(_DEFINITE, (2, 2)),
            native=Cell((RESULT, OutcomeUnknown, DuplicateApplication), (2, ATTEMPTS), 1),
            other=_LOST,
        ),
        then=_refused(409),
    ),
    Row(
        "F09-page",
        "403 in a page from a proxy, after processing",
        Answered(status=403, body="<html>", headers={"content-type": "text/html"}, processed=True),
        1,
        _by_kind(read=Cell((*_DEFINITE, ContractViolation), (1, 1)), native=_OK_AGAIN_ONCE, other=_LOST),
    ),
    Row(
        "F10",
        "422",
        _refused(422),
        1,
        _everywhere((InputRejected, AgencyRejected), (1, 1), effects=0),
    ),
    Row(
        "F10-fields",
        "400 with a list of fields",
        _refused(400, '{"errors": [{"field": "name", "message": "is too long"}]}'),
        1,
        _everywhere((InputRejected, AgencyRejected), (1, 1), effects=0),
    ),
    Row(
        "F11",
        "a maintenance page in HTML with status 200, after processing",
        MaintenancePage(processed=True),
        1,
        _unreadable(),
    ),
    Row(
        "F12",
        "an error in JSON with status 200, without processing",
        _refused(200, '{"statusCode": "E-104", "error": {"field": "request", "message": "is not accepted"}}'),
        FOR_EVER,
        _by_kind(
            read=Cell((ContractViolation, AgencyUnavailable, *_REFUSED), (1, ATTEMPTS)),
            native=Cell((OutcomeUnknown, *_REFUSED), (1, ATTEMPTS), 0),
            other=Cell((OutcomeUnknown, *_REFUSED), (1, 1), 0),
        ),
        json_only=True,
    ),
    Row(
        "F13",
        "an answer that is not JSON",
        Garbled(how="not-json"),
        1,
        _unreadable(),
        json_only=True,
    ),
    Row(
        "F13-empty",
        "an empty answer",
        Garbled(how="empty"),
        1,
        _unreadable(),
    ),
    Row(
        "F13-extra",
        "a field that nobody announced",
        Altered(put={"unannounced": {"nested": [1, 2]}}),
        1,
        _AS_EVER,
        json_only=True,
        same=True,
    ),
    Row(
        "F13-truncated",
        "JSON that ends too early, though its length is right",
        Garbled(how="cut-short"),
        1,
        _unreadable(),
        json_only=True,
    ),
    Row(
        "F13-null",
        "null in place of the answer",
        Reshaped(how="null"),
        1,
        _unreadable(),
        json_only=True,
    ),
    Row(
        "F13-missing",
        "an answer without any of its fields",
        Reshaped(how="no-fields"),
        1,
        _unreadable(),
        json_only=True,
    ),
    Row(
        "F13-nulls",
        "an answer whose every value is null",
        Reshaped(how="nulls"),
        1,
        _unreadable(),
        json_only=True,
    ),
    Row(
        "F13-list",
        "a list with the answer in place of the answer",
        Reshaped(how="in-list"),
        1,
        _unreadable(),
        json_only=True,
    ),
    Row(
        "F13-double",
        "JSON inside a JSON text",
        Reshaped(how="double-encoded"),
        1,
        _unreadable(),
        json_only=True,
    ),
    Row(
        "F13-retyped",
        "numbers and truth values as text",
        Reshaped(how="numbers-as-text"),
        1,
        _read_or_refused(),
        json_only=True,
        same=True,
    ),
    Row(
        "F13-label",
        "JSON that is labelled as HTML",
        Encoded(how="labelled-html"),
        1,
        _AS_EVER,
        json_only=True,
        same=True,
    ),
    Row(
        "F14",
        "an answer in a broken character set",
        Garbled(how="not-utf-8"),
        1,
        _unreadable(),
        json_only=True,
    ),
    Row(
        "F14-bom",
        "a byte order mark before the answer",
        Encoded(how="byte-order-mark"),
        1,
        _AS_EVER,
        json_only=True,
        same=True,
    ),
    Row(
        "F14-utf-16",
        "an answer in UTF-16, labelled as such",
        Encoded(how="utf-16"),
        1,
        _AS_EVER,
        json_only=True,
        same=True,
    ),
    Row(
        "F14-charset",
        "UTF-8 that is labelled as Latin-1",
        Encoded(how="labelled-latin-1"),
        1,
        _AS_EVER,
        json_only=True,
        same=True,
    ),
    Row(
        "F14-digits",
        "Bangla digits in every text of the answer",
        Reshaped(how="bangla-digits"),
        1,
        _read_or_refused(),
        json_only=True,
        same=True,
    ),
    Row(
        "F15",
        "a redirect to a login page on another host",
        Answered(status=302, headers={"location": "https://login.example.invalid/"}),
        1,
        _everywhere((CredentialsRejected,), (1, 1), effects=0),
    ),
    Row(
        "F15-moved",
        "a redirect to another page, after processing",
        Answered(status=302, headers={"location": "https://moved.example.invalid/receipts/7"}, processed=True),
        1,
        _by_kind(read=Cell((ContractViolation,), (1, 1)), native=_LOST, other=_LOST),
    ),
    Row(
        "F16",
        "an answer that comes a day late",
        Slow(seconds=86_400),
        FOR_EVER,
        _by_kind(
            read=Cell((AgencyUnavailable,), (1, ATTEMPTS)),
            native=Cell((OutcomeUnknown,), (1, ATTEMPTS), 1),
            other=_LOST,
        ),
    ),
    Row(
        "F16-drip",
        "an answer that drips past the deadline, byte by byte",
        Dripping(seconds=5, piece=1),
        FOR_EVER,
        _by_kind(read=Cell((AgencyUnavailable,), (1, 1)), native=_LOST, other=_LOST),
    ),
    Row(
        "F16-large",
        "an answer larger than may be read",
        Padded(),
        1,
        _by_kind(read=Cell((ContractViolation, AgencyUnavailable), (1, 1)), native=_LOST, other=_LOST),
    ),
)
"""Rows that need no more than one operation; the others are checks of their own."""
