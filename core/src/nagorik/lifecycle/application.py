"""An application's legal moves.

The table is the single source: the fold over the journal enforces it, the documentation renders it. A named person
may move an application out of manual review to any state; everything else moves along the rows.
"""

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from nagorik.lifecycle.groups import ENDED_WITHOUT_RESULT, SAID_BY_AN_AGENCY
from nagorik.model.states import ApplicationState as S


class ApplicationTransition(NamedTuple):
    """One row: from where, to where, and what makes it happen."""

    source: S
    target: S
    when: str


def _rows(source: S, **targets: str) -> tuple[ApplicationTransition, ...]:
    return tuple(ApplicationTransition(source, S(target), when) for target, when in targets.items())


APPLICATION_TRANSITIONS: Final[tuple[ApplicationTransition, ...]] = (
    *_rows(
        S.DRAFT,
        ready="validated, consent held, quote accepted",
        withdrawn="the citizen gives up",
        expired="the draft has lapsed",
        manual_review="the agency reports an application that was not filed",
    ),
    *_rows(
        S.READY,
        draft="the form or the quote has to be renewed",
        awaiting_payment="a fee is due before filing",
        submitting="an attempt to file begins",
        withdrawn="the citizen gives up",
        expired="the draft has lapsed",
        manual_review="the agency reports an application that was not filed",
    ),
    *_rows(
        S.AWAITING_PAYMENT,
        ready="paid, or the quote lapsed, before filing",
        submitted="a fee demanded after filing is confirmed",
        in_review="the agency goes on after its fee",
        withdrawn="the citizen gives up; not while a payment is unknown",
        expired="the time to pay is over; not while a payment is unknown",
        manual_review="only a person can decide",
    ),
    *_rows(
        S.SUBMITTING,
        submitted="the agency gave a reference",
        ready="definitely not received",
        rejected_at_intake="refused on receipt",
        submission_unknown="the answer was lost",
        manual_review="only a person can decide",
    ),
    *_rows(
        S.SUBMISSION_UNKNOWN,
        submitted="the look-up found it",
        submitting="definitely absent, or native idempotency: sent with the same key",
        manual_review="the look-up cannot settle it",
    ),
    *_rows(
        S.SUBMITTED,
        in_review="the agency works on it",
        awaiting_payment="the agency demands a fee",
        awaiting_appearance="the citizen must appear",
        correction_requested="the agency wants a correction",
        approved="granted",
        rejected="refused",
        withdrawn="taken back",
        rejected_at_intake="receipt voided afterwards",
        expired="lapsed at the agency",
        manual_review="only a person can decide",
    ),
    *_rows(
        S.IN_REVIEW,
        correction_requested="the agency wants a correction",
        awaiting_payment="the agency demands a fee",
        awaiting_appearance="the citizen must appear",
        approved="granted",
        rejected="refused",
        withdrawn="taken back, if the agency allows it",
        expired="lapsed at the agency",
        manual_review="only a person can decide",
    ),
    *_rows(
        S.CORRECTION_REQUESTED,
        in_review="answered",
        rejected="refused",
        expired="not answered in time",
        withdrawn="taken back",
        manual_review="only a person can decide",
    ),
    *_rows(
        S.AWAITING_APPEARANCE,
        in_review="the citizen appeared",
        awaiting_appearance="missed, or booked again",
        expired="did not appear in time",
        withdrawn="taken back",
        rejected="refused",
        manual_review="only a person can decide",
    ),
    *_rows(
        S.APPROVED,
        issued="the artefact exists",
        awaiting_payment="the agency demands a fee for what it granted",
        revoked="the grant was taken back",
        manual_review="only a person can decide",
    ),
    *_rows(
        S.ISSUED,
        delivered="the citizen has it",
        delivery_failed="it did not reach the citizen",
        revoked="the artefact was taken back",
        manual_review="only a person can decide",
    ),
    *_rows(
        S.DELIVERY_FAILED,
        issued="dispatched again",
        delivered="the citizen has it",
        manual_review="only a person can decide",
    ),
    *_rows(S.DELIVERED, closed="all duties of money are settled", revoked="the artefact was taken back"),
    *(
        ApplicationTransition(state, S.CLOSED, "all duties of money are settled")
        for state in S
        if state in ENDED_WITHOUT_RESULT
    ),
)

_TARGETS: Final[Mapping[S, tuple[S, ...]]] = MappingProxyType(
    {state: tuple(row.target for row in APPLICATION_TRANSITIONS if row.source is state) for state in S}
    | {S.MANUAL_REVIEW: tuple(state for state in S if state is not S.MANUAL_REVIEW)}
)

_INFERABLE: Final = frozenset({S.IN_REVIEW, S.APPROVED, S.ISSUED})
"""Steps that an agency may have taken unseen between two of its reports."""


def application_targets(state: S) -> tuple[S, ...]:
    """The states that ``state`` may be left for, in the table's order."""
    return _TARGETS[state]


def route_to_reported_state(current: S, reported: S) -> tuple[S, ...] | None:
    """The moves that take ``current`` to a state the agency reports, skipped steps included.

    All but the last are inferred. Empty if nothing changes; ``None`` if no forward route exists, which means that
    the report contradicts what is known and must not be followed, or if the state is not an agency's to report.
    """
    if current is reported:
        return ()
    if current is S.MANUAL_REVIEW or reported not in SAID_BY_AN_AGENCY:
        return None
    routes: deque[tuple[S, ...]] = deque([()])
    while routes:
        route = routes.popleft()
        for target in _TARGETS[route[-1] if route else current]:
            if target is reported:
                return (*route, target)
            if target in _INFERABLE and target not in route:
                routes.append((*route, target))
    return None
