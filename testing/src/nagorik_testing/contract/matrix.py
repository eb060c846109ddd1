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
    Fault,
    Garbled,
    MaintenancePage,
    NotSent,
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
        longest: Most simulated seconds that the call may take.
    """

    id: str
    title: str
    fault: Fault
    count: int | None
    cells: Mapping[Kind, Cell] = field(repr=False)
    login_only: bool = False
    longest: float = 60.0
    json_only: bool = False


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
        Answered(status=403, body="{}", headers={"content-type": "application/json"}),
        1,
        _everywhere(_DEFINITE, (1, 1), effects=0),
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
        Answered(status=422, body="{}", headers={"content-type": "application/json"}),
        1,
        _everywhere((InputRejected, AgencyRejected), (1, 1), effects=0),
    ),
    Row(
        "F11",
        "a maintenance page in HTML with status 200, after processing",
        MaintenancePage(processed=True),
        1,
        _by_kind(read=_BROKEN, native=_LOST, other=_LOST),
    ),
    Row(
        "F13",
        "an answer that is not JSON",
        Garbled(how="not-json"),
        1,
        _by_kind(read=_BROKEN, native=_LOST, other=_LOST),
        json_only=True,
    ),
    Row(
        "F13-empty",
        "an empty answer",
        Garbled(how="empty"),
        1,
        _by_kind(read=_BROKEN, native=_LOST, other=_LOST),
    ),
    Row(
        "F13-extra",
        "a field that nobody announced",
        Altered(put={"unannounced": {"nested": [1, 2]}}),
        1,
        _everywhere((RESULT,), (1, 1), effects=1),
        json_only=True,
    ),
    Row(
        "F14",
        "an answer in a broken character set",
        Garbled(how="not-utf-8"),
        1,
        _by_kind(read=_BROKEN, native=_LOST, other=_LOST),
        json_only=True,
    ),
    Row(
        "F15",
        "a redirect to a login page on another host",
        Answered(status=302, headers={"location": "https://login.example.invalid/"}),
        1,
        _everywhere((CredentialsRejected,), (1, 1), effects=0),
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
)
"""Rows that need no more than one operation; the others are checks of their own."""
