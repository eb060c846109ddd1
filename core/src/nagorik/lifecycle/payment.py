"""A payment's legal moves.

Captured is the gateway's fact, confirmed the agency's. Money that was captured ends confirmed, refunded, or in a
refund by hand; a payment that is unknown is left by asking the gateway, by announcing the very same payment again to
a gateway that honours its key, or by a person, never by another payment.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from nagorik.model.states import PaymentState as P


class PaymentTransition(NamedTuple):
    """One row: from where, to where, and what makes it happen."""

    source: P
    target: P
    when: str


def _rows(source: P, **targets: str) -> tuple[PaymentTransition, ...]:
    return tuple(PaymentTransition(source, P(target), when) for target, when in targets.items())


_GATEWAY_SAYS: Final = {
    "captured": "the gateway took the money",
    "failed": "the gateway says that it failed",
    "expired": "the gateway says that its time is over",
    "cancelled": "the gateway says that the payer cancelled",
    "under_investigation": "amount, currency or payer differ from what was asked",
}

_LATE_NEWS: Final = {
    "captured": "the gateway reports late that it took the money",
    "under_investigation": "the gateway reports late that it took another amount",
}

PAYMENT_TRANSITIONS: Final[tuple[PaymentTransition, ...]] = (
    *_rows(
        P.QUOTED,
        initiated="announced to the gateway",
        unknown="the answer to the announcement was lost",
        expired="the quote lapsed before it was announced",
        cancelled="it is no longer wanted and definitely was not announced",
        failed="the gateway refused it",
    ),
    *_rows(P.INITIATED, pending="the payer is paying", unknown="the gateway cannot say", **_GATEWAY_SAYS),
    *_rows(P.PENDING, unknown="the gateway cannot say", **_GATEWAY_SAYS),
    *_rows(
        P.UNKNOWN,
        initiated="announced again with its key, which the gateway honours",
        pending="the gateway knows of it",
        **_GATEWAY_SAYS,
    ),
    *_rows(
        P.UNDER_INVESTIGATION,
        captured="a person accepted it",
        confirmed="a person found that the agency holds it",
        refund_requested="it is to be given back",
        refund_manual="it is to be given back by hand",
        failed="there was no money",
    ),
    *_rows(
        P.CAPTURED,
        advised="the agency was told",
        confirmed="the agency holds it",
        refund_requested="the application ended before the agency confirmed",
        refund_manual="the gateway cannot give it back",
        under_investigation="amount, currency or payer differ from what was asked",
        disputed="the payer disputes it",
    ),
    *_rows(
        P.ADVISED,
        confirmed="the agency holds it",
        refund_requested="the application ended before the agency confirmed",
        refund_manual="the gateway cannot give it back",
        under_investigation="the agency says that it differs",
        disputed="the payer disputes it",
    ),
    *_rows(P.CONFIRMED, disputed="the payer disputes it", refund_requested="the agency agreed to give it back"),
    *_rows(
        P.REFUND_REQUESTED,
        refund_pending="the gateway accepted the refund",
        refunded="the payer has it back",
        refund_failed="the gateway refused the refund",
        refund_manual="the gateway cannot give it back",
    ),
    *_rows(
        P.REFUND_PENDING,
        refunded="the payer has it back",
        refund_failed="the gateway refused the refund",
        refund_manual="the gateway cannot give it back",
    ),
    *_rows(P.REFUND_FAILED, refund_requested="tried again", refund_manual="given back by hand"),
    *_rows(P.DISPUTED, confirmed="settled for the agency", refund_manual="settled for the payer"),
    *_rows(P.FAILED, **_LATE_NEWS),
    *_rows(P.EXPIRED, **_LATE_NEWS),
    *_rows(P.CANCELLED, **_LATE_NEWS),
)

_TARGETS: Final[Mapping[P, tuple[P, ...]]] = MappingProxyType(
    {state: tuple(row.target for row in PAYMENT_TRANSITIONS if row.source is state) for state in P}
)

_SETTLED: Final = frozenset({P.QUOTED, P.FAILED, P.EXPIRED, P.CANCELLED, P.CONFIRMED, P.REFUNDED, P.REFUND_MANUAL})


def payment_targets(state: P) -> tuple[P, ...]:
    """The states that ``state`` may be left for, in the table's order."""
    return _TARGETS[state]


def is_settled(state: P) -> bool:
    """Whether a payment in this state leaves no duty of money open, so that an application may close."""
    return state in _SETTLED
