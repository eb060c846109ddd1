"""Sets of states that several rules speak of."""

from typing import Final

from nagorik.model.states import ApplicationState as S, PaymentState as P

AT_THE_AGENCY: Final = frozenset(
    {S.SUBMITTED, S.IN_REVIEW, S.CORRECTION_REQUESTED, S.AWAITING_APPEARANCE, S.APPROVED, S.ISSUED, S.DELIVERY_FAILED}
)
"""The agency holds the application and is not done with it; it may also await a fee that it demanded."""

WITHDRAWABLE: Final = frozenset(
    {S.SUBMITTED, S.IN_REVIEW, S.AWAITING_PAYMENT, S.CORRECTION_REQUESTED, S.AWAITING_APPEARANCE}
)
"""The agency holds the application and has not decided: only it can take the application back."""

NOT_FILED: Final = frozenset({S.DRAFT, S.READY, S.SUBMITTING, S.SUBMISSION_UNKNOWN})
"""There is no reference of the agency yet, and there must be none."""

ENDED_WITHOUT_RESULT: Final = frozenset({S.REJECTED, S.REJECTED_AT_INTAKE, S.WITHDRAWN, S.EXPIRED, S.REVOKED})
"""Ends in which the citizen has nothing to show for money that the agency has not confirmed."""

SAID_BY_AN_AGENCY: Final = AT_THE_AGENCY | ENDED_WITHOUT_RESULT | {S.AWAITING_PAYMENT, S.DELIVERED}
"""What an agency can report. The other states are the platform's own and are never taken from a report."""

MONEY_TAKEN: Final = frozenset({P.CAPTURED, P.ADVISED, P.CONFIRMED})
"""The payer's money has been captured and not given back."""

MONEY_ASKED_ABOUT: Final = frozenset({P.INITIATED, P.PENDING, P.UNKNOWN})
"""Only the gateway knows whether there is money."""

MONEY_FOR_A_PERSON: Final = frozenset({P.UNDER_INVESTIGATION, P.DISPUTED})
"""Only a person can settle it."""

MONEY_NOT_TAKEN: Final = frozenset({P.FAILED, P.EXPIRED, P.CANCELLED})
"""The gateway says that it took nothing, which a late report may contradict."""
