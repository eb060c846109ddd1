"""The legal moves of an application and of a payment, and the groups of states that rules speak of.

The tables are the single source: the fold over the journal enforces them, the documentation renders them. A named
person may move an application out of manual review to any state; everything else moves along the rows.

Captured is the gateway's fact, confirmed the agency's. Money that was captured ends confirmed, refunded, or in a
refund by hand; a payment that is unknown is left by asking the gateway, by announcing the very same payment again to
a gateway that honours its key, or by a person, never by another payment.
"""

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from nagorik.model.status import AgencyStatus, ApplicationState as S, PaymentState as P

AT_THE_AGENCY: Final = frozenset(
    {S.SUBMITTED, S.IN_REVIEW, S.CORRECTION_REQUESTED, S.AWAITING_APPEARANCE, S.APPROVED, S.ISSUED, S.DELIVERY_FAILED}
)
"""The agency holds the application and is not done with it; it may also await a fee that it demanded."""

WITHDRAWABLE: Final = frozenset(
    {S.SUBMITTED, S.IN_REVIEW, S.AWAITING_PAYMENT, S.CORRECTION_REQUESTED, S.AWAITING_APPEARANCE}
)
"""The agency holds the application and has not decided: only it can take the application back."""

NOT_FILED: Final = frozenset({S.DRAFT, S.READY, S.SUBMITTING, S.SUBMISSION_UNKNOWN})
"""States without a reference of the agency."""

ENDED_WITHOUT_RESULT: Final = frozenset({S.REJECTED, S.REJECTED_AT_INTAKE, S.WITHDRAWN, S.EXPIRED, S.REVOKED})
"""Ends in which the citizen has nothing to show for money that the agency has not confirmed."""

SAID_BY_AN_AGENCY: Final = AT_THE_AGENCY | ENDED_WITHOUT_RESULT | {S.AWAITING_PAYMENT, S.DELIVERED}
"""What an agency can report. The other states are the platform's own and are never taken from a report."""

MONEY_TAKEN: Final = frozenset({P.CAPTURED, P.ADVISED, P.CONFIRMED})
"""The payer's money has been captured and not given back."""

MONEY_ASKED_ABOUT: Final = frozenset({P.INITIATED, P.PENDING, P.AUTHORISED, P.UNKNOWN})
"""Only the gateway knows whether there is money."""

MONEY_FOR_A_PERSON: Final = frozenset({P.UNDER_INVESTIGATION, P.DISPUTED})
"""Only a person can settle it."""

MONEY_NOT_TAKEN: Final = frozenset({P.FAILED, P.EXPIRED, P.CANCELLED})
"""The gateway or an officer says that nothing was taken, which a late report may contradict."""


class IllegalTransition(ValueError):
    """A move that the lifecycle does not know. Its text holds state names only."""

    def __init__(self, machine: str, source: str, target: str) -> None:
        super().__init__(f"{machine}: {source} does not lead to {target}")
        self.machine = machine
        self.source = source
        self.target = target


_FEE_COMES_FIRST: Final = frozenset({S.SUBMITTED, S.IN_REVIEW, S.AWAITING_PAYMENT, S.AWAITING_APPEARANCE, S.APPROVED})
"""States in which an agency goes on only after the fee that it demands beside them."""


def state_without_fee(status: AgencyStatus | None) -> S:
    """Where an application goes on whose fee is met: where the agency said that it is, beside demanding the fee."""
    if status is None or status.state is None or status.state not in _FEE_COMES_FIRST - {S.AWAITING_PAYMENT}:
        return S.SUBMITTED
    return status.state


def demanded_stage(status: AgencyStatus) -> str | None:
    """The stage of the fees without which the agency does not go on."""
    if status.state not in _FEE_COMES_FIRST:
        return None
    return status.fee_due or ("application" if status.state is S.AWAITING_PAYMENT else None)


class ApplicationTransition(NamedTuple):
    """One row: from where, to where, and what makes it happen."""

    source: S
    target: S
    when: str


def _application_rows(source: S, **targets: str) -> tuple[ApplicationTransition, ...]:
    return tuple(ApplicationTransition(source, S(target), when) for target, when in targets.items())


APPLICATION_TRANSITIONS: Final[tuple[ApplicationTransition, ...]] = (
    *_application_rows(
        S.DRAFT,
        ready="validated, consent held, quote accepted",
        withdrawn="the citizen gives up",
        expired="the draft has lapsed",
        manual_review="the agency reports an application that was not filed",
    ),
    *_application_rows(
        S.READY,
        draft="the form or the quote has to be renewed",
        awaiting_payment="a fee is due before filing",
        submitting="an attempt to file begins",
        withdrawn="the citizen gives up",
        expired="the draft has lapsed",
        manual_review="the agency reports an application that was not filed",
    ),
    *_application_rows(
        S.AWAITING_PAYMENT,
        ready="paid, or the quote lapsed, before filing",
        submitted="a fee demanded after filing is confirmed",
        in_review="the agency goes on after its fee",
        awaiting_appearance="the fee is met, and the citizen must appear",
        approved="the fee for what the agency granted is met",
        withdrawn="the citizen gives up; not while a payment is unknown",
        expired="the time to pay is over; not while a payment is unknown",
        manual_review="only a person can decide",
    ),
    *_application_rows(
        S.SUBMITTING,
        submitted="the agency gave a reference",
        ready="definitely not received",
        rejected_at_intake="refused on receipt",
        submission_unknown="the answer was lost",
        manual_review="only a person can decide",
    ),
    *_application_rows(
        S.SUBMISSION_UNKNOWN,
        submitted="the look-up found it",
        submitting="definitely absent, or native idempotency: sent with the same key",
        manual_review="the look-up cannot settle it",
    ),
    *_application_rows(
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
    *_application_rows(
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
    *_application_rows(
        S.CORRECTION_REQUESTED,
        in_review="answered",
        rejected="refused",
        expired="not answered in time",
        withdrawn="taken back",
        manual_review="only a person can decide",
    ),
    *_application_rows(
        S.AWAITING_APPEARANCE,
        in_review="the citizen appeared",
        awaiting_appearance="missed, or booked again",
        expired="did not appear in time",
        withdrawn="taken back",
        rejected="refused",
        manual_review="only a person can decide",
    ),
    *_application_rows(
        S.APPROVED,
        issued="the deliverable exists",
        awaiting_payment="the agency demands a fee for what it granted",
        revoked="the grant was taken back",
        manual_review="only a person can decide",
    ),
    *_application_rows(
        S.ISSUED,
        delivered="the citizen has it",
        delivery_failed="it did not reach the citizen",
        revoked="the deliverable was taken back",
        manual_review="only a person can decide",
    ),
    *_application_rows(
        S.DELIVERY_FAILED,
        issued="dispatched again",
        delivered="the citizen has it",
        manual_review="only a person can decide",
    ),
    *_application_rows(
        S.DELIVERED, closed="all duties of money are settled", revoked="the deliverable was taken back"
    ),
    *(
        ApplicationTransition(state, S.CLOSED, "all duties of money are settled")
        for state in S
        if state in ENDED_WITHOUT_RESULT
    ),
)

_APPLICATION_TARGETS: Final[Mapping[S, tuple[S, ...]]] = MappingProxyType(
    {state: tuple(row.target for row in APPLICATION_TRANSITIONS if row.source is state) for state in S}
    | {S.MANUAL_REVIEW: tuple(state for state in S if state is not S.MANUAL_REVIEW)}
)

_INFERABLE: Final = frozenset({S.IN_REVIEW, S.APPROVED, S.ISSUED})
"""Steps that an agency may have taken unseen between two of its reports."""


def application_targets(state: S) -> tuple[S, ...]:
    """The states that ``state`` may be left for, in the table's order."""
    return _APPLICATION_TARGETS[state]


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
        for target in _APPLICATION_TARGETS[route[-1] if route else current]:
            if target is reported:
                return (*route, target)
            if target in _INFERABLE and target not in route:
                routes.append((*route, target))
    return None


class PaymentTransition(NamedTuple):
    """One row: from where, to where, and what makes it happen."""

    source: P
    target: P
    when: str


def _payment_rows(source: P, **targets: str) -> tuple[PaymentTransition, ...]:
    return tuple(PaymentTransition(source, P(target), when) for target, when in targets.items())


_DIFFERS: Final = "amount, currency or payer differ from what was asked"

_GATEWAY_SAYS: Final = {
    "captured": "the gateway took the money",
    "failed": "the gateway says that it failed",
    "expired": "the gateway says that its time is over",
    "cancelled": "the gateway says that the payer cancelled",
    "under_investigation": _DIFFERS,
}

_AGREED: Final = "the payer has agreed, and the gateway waits to be told to take the money"

_OTHER_AMOUNT: Final = "the gateway reports late that it took another amount"

_LEFT_TO_A_PERSON: Final = "the gateway cannot give it back, or may have been told to and cannot be asked"

_LATE_NEWS: Final = {
    "captured": "the gateway reports late that it took the money",
    "under_investigation": f"{_OTHER_AMOUNT}, or that it took what an officer found not to be taken",
}

_TOOK_NOTHING: Final = "that it took nothing, or that what it took went back to the payer"

PAYMENT_TRANSITIONS: Final[tuple[PaymentTransition, ...]] = (
    *_payment_rows(
        P.QUOTED,
        initiated="announced to the gateway",
        unknown="the answer to the announcement was lost",
        expired="the quote lapsed before it was announced",
        cancelled="it is no longer wanted and definitely was not announced",
        failed="the gateway refused it",
    ),
    *_payment_rows(
        P.INITIATED,
        pending="the payer is paying",
        authorised=_AGREED,
        unknown="the gateway cannot say",
        **_GATEWAY_SAYS,
    ),
    *_payment_rows(P.PENDING, authorised=_AGREED, unknown="the gateway cannot say", **_GATEWAY_SAYS),
    *_payment_rows(
        P.AUTHORISED,
        pending="the payer has to agree again",
        unknown="the answer to taking the money was lost, or the gateway cannot say",
        **_GATEWAY_SAYS,
    ),
    *_payment_rows(
        P.UNKNOWN,
        initiated="announced again with its key, which the gateway honours",
        pending="the gateway knows of it",
        authorised=_AGREED,
        **_GATEWAY_SAYS,
    ),
    *_payment_rows(
        P.UNDER_INVESTIGATION,
        captured="a person accepted it",
        confirmed="a person found that the agency holds it",
        refund_requested="it is to be given back",
        refund_manual="it is to be given back by hand",
        failed="there was no money",
        under_investigation=_OTHER_AMOUNT,
    ),
    *_payment_rows(
        P.CAPTURED,
        advised="the agency was told",
        confirmed="the agency holds it",
        refund_requested="the application ended before the agency confirmed",
        refund_manual="the gateway cannot give it back",
        under_investigation=f"{_DIFFERS}, or the gateway reports late {_TOOK_NOTHING}",
        disputed="the payer disputes it",
    ),
    *_payment_rows(
        P.ADVISED,
        confirmed="the agency holds it",
        refund_requested="the application ended before the agency confirmed",
        refund_manual="the gateway cannot give it back",
        under_investigation=f"the agency says that it differs, or the gateway reports late {_TOOK_NOTHING}",
        disputed="the payer disputes it",
    ),
    *_payment_rows(
        P.CONFIRMED,
        disputed="the payer disputes it",
        refund_requested="the agency agreed to give it back",
        under_investigation=f"{_OTHER_AMOUNT}, or {_TOOK_NOTHING}",
    ),
    *_payment_rows(P.REFUNDED, under_investigation=_OTHER_AMOUNT),
    *_payment_rows(P.REFUND_MANUAL, refunded="an officer has seen it given back", under_investigation=_OTHER_AMOUNT),
    *_payment_rows(
        P.REFUND_REQUESTED,
        refund_pending="the gateway accepted the refund",
        refunded="the payer has it back",
        refund_failed="the gateway refused the refund",
        refund_manual=_LEFT_TO_A_PERSON,
        under_investigation=_OTHER_AMOUNT,
    ),
    *_payment_rows(
        P.REFUND_PENDING,
        refund_pending="the gateway gives the refund a number",
        refunded="the payer has it back",
        refund_failed="the gateway refused the refund",
        refund_manual=_LEFT_TO_A_PERSON,
        under_investigation=_OTHER_AMOUNT,
    ),
    *_payment_rows(P.REFUND_FAILED, refund_requested="tried again", refund_manual="given back by hand"),
    *_payment_rows(
        P.DISPUTED,
        confirmed="settled for the agency",
        refund_manual="settled for the payer",
        under_investigation=_OTHER_AMOUNT,
    ),
    *_payment_rows(P.FAILED, **_LATE_NEWS),
    *_payment_rows(P.EXPIRED, **_LATE_NEWS),
    *_payment_rows(P.CANCELLED, **_LATE_NEWS),
)

_PAYMENT_TARGETS: Final[Mapping[P, tuple[P, ...]]] = MappingProxyType(
    {state: tuple(row.target for row in PAYMENT_TRANSITIONS if row.source is state) for state in P}
)

_SETTLED: Final = frozenset({P.QUOTED, P.FAILED, P.EXPIRED, P.CANCELLED, P.CONFIRMED, P.REFUNDED, P.REFUND_MANUAL})


def payment_targets(state: P) -> tuple[P, ...]:
    """The states that ``state`` may be left for, in the table's order."""
    return _PAYMENT_TARGETS[state]


def is_settled(state: P) -> bool:
    """Whether a payment in this state leaves no duty of money open, so that an application may close."""
    return state in _SETTLED
