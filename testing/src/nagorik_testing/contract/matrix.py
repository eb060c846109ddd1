"""The fault matrix: what must come of each fault, by what doing an operation twice would do at the agency.

Pure data. A row is a fault below the plugin; its cells say, for each class of operation, how the call may end, how
often the agency may be asked, and what the agency may have done. A cell can fail in every one of these.
"""

from typing import Final

from nagorik.errors import (
    AgencyRejected,
    AgencyUnavailable,
    ContractViolation,
    CredentialsRejected,
    DuplicateApplication,
    InputRejected,
    OutcomeUnknown,
    RateLimited,
)
from nagorik_testing.contract.matrix_cells import (
    ATTEMPTS,
    DEFINITE,
    FOR_EVER,
    GONE,
    IN_DOUBT,
    LOST,
    OK_AGAIN,
    OK_AGAIN_ONCE,
    REFUSED,
    RESULT,
    Cell,
    FaultRow,
    answered_with,
    by_kind,
    everywhere,
    unreadable,
)
from nagorik_testing.contract.matrix_content import CONTENT_ROWS
from nagorik_testing.faults.kinds import AnswerLost, InjectedResponse, MaintenancePage, NotSent, Truncated

_CONNECTION_ROWS: Final[tuple[FaultRow, ...]] = (
    FaultRow(
        "F01",
        "the connection is refused once",
        NotSent(),
        1,
        everywhere((RESULT,), (1, 1), effects=1),
    ),
    FaultRow(
        "F01-for-ever",
        "the connection is refused every time",
        NotSent(how="connect-timeout"),
        FOR_EVER,
        everywhere((AgencyUnavailable,), (0, 0), effects=0),
    ),
    FaultRow(
        "F02",
        "processed, then no answer",
        AnswerLost(),
        1,
        by_kind(read=OK_AGAIN, native=OK_AGAIN_ONCE, other=LOST),
    ),
    FaultRow(
        "F02-for-ever",
        "processed, and never an answer",
        AnswerLost(how="silent"),
        FOR_EVER,
        by_kind(
            read=Cell((AgencyUnavailable,), (1, ATTEMPTS)),
            native=Cell((OutcomeUnknown,), (1, ATTEMPTS), 1),
            other=LOST,
        ),
    ),
    FaultRow(
        "F03",
        "the connection breaks in the middle of the answer",
        Truncated(),
        1,
        by_kind(read=OK_AGAIN, native=OK_AGAIN_ONCE, other=LOST),
    ),
    FaultRow(
        "F04",
        "no connection is free",
        NotSent(how="pool-timeout"),
        1,
        everywhere((RESULT,), (1, 1), effects=1),
    ),
    FaultRow(
        "F05",
        "500 without processing",
        InjectedResponse(status=500),
        1,
        by_kind(read=Cell((AgencyUnavailable,), (1, 1)), native=OK_AGAIN_ONCE, other=IN_DOUBT),
    ),
    FaultRow(
        "F06",
        "503 from a proxy, after processing",
        InjectedResponse(status=503, processed=True),
        1,
        by_kind(read=OK_AGAIN, native=OK_AGAIN_ONCE, other=LOST),
    ),
    FaultRow(
        "F06-for-ever",
        "502 every time, without processing",
        InjectedResponse(status=502),
        FOR_EVER,
        by_kind(read=GONE, native=Cell((OutcomeUnknown,), (ATTEMPTS, ATTEMPTS), 0), other=IN_DOUBT),
    ),
    FaultRow(
        "F07",
        "429 with Retry-After in seconds",
        InjectedResponse(status=429, retry_after="2"),
        1,
        everywhere((RESULT,), (2, 2), effects=1),
    ),
    FaultRow(
        "F07-past",
        "429 with a Retry-After that is past",
        InjectedResponse(status=429, retry_after="Wed, 01 Jan 2020 00:00:00 GMT"),
        1,
        everywhere((RESULT,), (2, 2), effects=1),
    ),
    FaultRow(
        "F07-day",
        "429 with Retry-After of a day",
        InjectedResponse(status=429, retry_after="86400"),
        FOR_EVER,
        everywhere((RateLimited,), (1, 1), effects=0),
        longest=1.0,
    ),
    FaultRow(
        "F07-page",
        "429 in a page from a proxy, after processing",
        InjectedResponse(status=429, body="<html>", headers={"content-type": "text/html"}, processed=True),
        1,
        by_kind(read=OK_AGAIN, native=OK_AGAIN_ONCE, other=LOST),
    ),
    FaultRow(
        "F07-503",
        "503 with Retry-After, without processing",
        InjectedResponse(status=503, retry_after="2"),
        1,
        by_kind(read=OK_AGAIN, native=OK_AGAIN_ONCE, other=IN_DOUBT),
    ),
    FaultRow(
        "F08",
        "401 once",
        InjectedResponse(status=401),
        1,
        everywhere((RESULT,), (2, 2), effects=1),
        login_only=True,
    ),
    FaultRow(
        "F08-for-ever",
        "401 every time",
        InjectedResponse(status=401),
        FOR_EVER,
        everywhere((CredentialsRejected,), (2, 2), effects=0),
        login_only=True,
    ),
    FaultRow(
        "F09",
        "403",
        answered_with(403),
        1,
        everywhere(DEFINITE, (1, 1), effects=0),
    ),
    FaultRow(
        "F09-404",
        "404",
        answered_with(404),
        1,
        by_kind(
            read=Cell((RESULT, *DEFINITE), (1, 1)),
            native=Cell(DEFINITE, (1, 1), 0),
            other=Cell(DEFINITE, (1, 1), 0),
        ),
    ),
    FaultRow(
        "F09-409",
        "409",
        answered_with(409),
        1,
        everywhere(DEFINITE, (1, 1), effects=0),
    ),
    FaultRow(
        "F09-replay",
        "processed, then no answer; 409 to every further attempt",
        AnswerLost(),
        1,
        by_kind(
            read=Cell(DEFINITE, (2, 2)),
            native=Cell((RESULT, OutcomeUnknown, DuplicateApplication), (2, ATTEMPTS), 1),
            other=LOST,
        ),
        then=answered_with(409),
    ),
    FaultRow(
        "F09-page",
        "403 in a page from a proxy, after processing",
        InjectedResponse(status=403, body="<html>", headers={"content-type": "text/html"}, processed=True),
        1,
        by_kind(read=Cell((*DEFINITE, ContractViolation), (1, 1)), native=OK_AGAIN_ONCE, other=LOST),
    ),
    FaultRow(
        "F10",
        "422",
        answered_with(422),
        1,
        everywhere((InputRejected, AgencyRejected), (1, 1), effects=0),
    ),
    FaultRow(
        "F10-fields",
        "400 with a list of fields",
        answered_with(400, {"errors": [{"field": "name", "message": "is too long"}]}),
        1,
        everywhere((InputRejected, AgencyRejected), (1, 1), effects=0),
    ),
    FaultRow(
        "F11",
        "a maintenance page in HTML with status 200, after processing",
        MaintenancePage(processed=True),
        1,
        unreadable(),
    ),
    FaultRow(
        "F12",
        "an error of the agency's own with status 200, without processing",
        answered_with(200, {"statusCode": "E-104", "error": {"field": "request", "message": "is not accepted"}}),
        FOR_EVER,
        by_kind(
            read=Cell((ContractViolation, AgencyUnavailable, *REFUSED), (1, ATTEMPTS)),
            native=Cell((OutcomeUnknown, *REFUSED), (1, ATTEMPTS), 0),
            other=Cell((OutcomeUnknown, *REFUSED), (1, 1), 0),
        ),
        document_only=True,
    ),
)

ROWS: Final[tuple[FaultRow, ...]] = (*_CONNECTION_ROWS, *CONTENT_ROWS)
"""Rows that need no more than one operation; the others are checks of their own."""
SIX: Final = tuple(row for row in ROWS if row.id in {"F02", "F09", "F10", "F11", "F13"})
"""What an operation meets that another service of the plugin has shown with every row; F00 is the sixth."""
