"""For whom an application waits, when it does not move by itself."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from nagorik.model.eligibility import Eligibility
from nagorik.model.status import ApplicationState as S, PaymentState as P
from nagorik.operations import Operation
from nagorik_platform.documents import DOCUMENT_UNREADABLE
from nagorik_platform.lifecycle import events as e
from nagorik_platform.lifecycle.consent import CONSENT_HOLD, intended_write, unmet_consent
from nagorik_platform.lifecycle.next_action import NextAction, candidates, late_looks, may_be_captured_late
from nagorik_platform.lifecycle.rule_context import RuleContext
from nagorik_platform.lifecycle.state import (
    CALL_IN_VAIN,
    FEE_DEMANDED_AGAIN,
    FEE_NOT_SETTLED,
    FEE_WITHOUT_PRICE,
    PAYMENT_REFUSED,
    REFUND_BY_HAND,
    REFUND_IN_DOUBT,
    REFUND_OVERDUE,
    Hold,
    Party,
    Payment,
    Progress,
    ServiceCapabilities,
)
from nagorik_platform.lifecycle.tables import AT_THE_AGENCY, ENDED_WITHOUT_RESULT, MONEY_TAKEN, demanded_stage

LOOK_UPS_BEFORE_A_PERSON: Final = 12
"""Look-ups that settle nothing, after which what is unknown becomes a person's case."""
CALLS_IN_VAIN_BEFORE_A_PERSON: Final = 3
"""Calls in a row that failed for a reason which waiting does not mend, after which a person looks."""
DEMANDED_AGAIN_BEFORE_A_PERSON: Final = timedelta(days=3)
"""Time after a payment in which an agency may still demand the fee, until it has booked the money."""
REFUND_BEFORE_A_PERSON: Final = timedelta(days=14)
"""Time after which an officer looks for a refund that was to be ordered; the platform's own choice."""

INPUT_REJECTED: Final = "input-rejected"
CORRECTION_REFUSED: Final = "correction-refused"
PAYMENT_ENDED: Final = {P.FAILED: "payment-failed", P.EXPIRED: "payment-expired", P.CANCELLED: "payment-cancelled"}
GATEWAY_NOT_CHOSEN: Final = "gateway-not-chosen"
INELIGIBLE: Final = "ineligible"
ELIGIBILITY_INDETERMINATE: Final = "eligibility-indeterminate"
ELIGIBILITY_HOLDS: Final = frozenset({INELIGIBLE, ELIGIBILITY_INDETERMINATE})
"""Holds that follow from the criteria."""

_SET_BY_WHAT_HAPPENED: Final = frozenset(
    {INPUT_REJECTED, CORRECTION_REFUSED, PAYMENT_REFUSED, *PAYMENT_ENDED.values()}
)
"""Holds that the row does not show; a person's act or a move ends them."""
_UNDECIDED_MONEY: Final = {
    P.UNDER_INVESTIGATION: "payment-under-investigation",
    P.DISPUTED: "payment-disputed",
    P.UNKNOWN: "payment-unknown",
}
PAYMENT_UNCONFIRMED: Final = "payment-unconfirmed"
MONEY_HOLDS: Final = frozenset(
    {PAYMENT_UNCONFIRMED, REFUND_BY_HAND, REFUND_IN_DOUBT, REFUND_OVERDUE, *_UNDECIDED_MONEY.values()}
)
"""Holds that end when a person decides on a payment, and not by being released."""


def update_hold(state: Progress, context: RuleContext) -> e.Events:
    """Let the application wait for the party that the row names, if that has changed."""
    if state.attempt is not None or state.state is S.MANUAL_REVIEW:
        return
    hold, follows = state.hold, _hold_of(state, context.capabilities, context.now)
    happened = hold is not None and hold.code in _SET_BY_WHAT_HAPPENED
    outranked = (
        follows is not None
        and not follows.tries_on
        and (follows.party is Party.PERSON or follows.code.startswith(CONSENT_HOLD))
    )
    if follows == hold or (happened and not outranked):
        return
    yield e.Released(at=context.now) if follows is None else e.Held(at=context.now, hold=follows)


def _hold_of(progress: Progress, capabilities: ServiceCapabilities, now: datetime) -> Hold | None:
    """The hold that follows from the row."""
    for payment in progress.payments:
        code = _undecided(progress, capabilities, payment)
        if code is not None:
            return Hold(party=Party.PERSON, code=code)
    booking = progress.booking_in("unknown")
    lost = progress.correction_lost_at or progress.withdrawal_lost_at or booking
    shown = booking is None or capabilities.repeats_after_look_up(Operation.BOOK_SLOT)
    if lost is not None and not (shown and _can_ask(progress, capabilities)):
        return Hold(party=Party.PERSON, code="no-look-up")
    return (
        _for_citizen(progress, capabilities, now)
        or _of_fee(progress, capabilities)
        or _in_vain(progress, _unheld_candidates(progress, capabilities, now))
        or _for_nobody(progress, capabilities, now)
        or _of_refund(progress, now)
        # A question about money of which the gateway has spoken keeps nobody from what else is to be done.
        or _in_vain(progress, late_looks(progress, capabilities, now))
    )


def _unheld_candidates(progress: Progress, capabilities: ServiceCapabilities, now: datetime) -> Iterator[NextAction]:
    """All that could be done if it waited for no party."""
    yield from candidates(progress.model_copy(update={"hold": None}), capabilities, now)


def _can_ask(progress: Progress, capabilities: ServiceCapabilities) -> bool:
    """Whether a status will be asked for that can show what became of a lost answer."""
    return capabilities.offers(Operation.STATUS) and not (progress.status is not None and progress.status.final)


def _undecided(progress: Progress, capabilities: ServiceCapabilities, payment: Payment) -> str | None:
    """What a person has to find out about a payment, because asking has not settled it."""
    if payment.state in {P.UNKNOWN, P.AUTHORISED} or payment.completion_lost_at is not None:
        tried = (Operation.QUERY_PAYMENT, Operation.COMPLETE_PAYMENT)
        in_vain = max(progress.backoff(operation, payment.id).failures for operation in tried)
        return _UNDECIDED_MONEY[P.UNKNOWN] if in_vain >= LOOK_UPS_BEFORE_A_PERSON else None
    if payment.advice_lost_at is None or capabilities.repeats(Operation.ADVISE_PAYMENT):
        return _UNDECIDED_MONEY.get(payment.state)
    if progress.status is None or progress.status_at is None:
        return None
    if progress.status.payment_confirmed is not None and payment == progress.latest_taken:
        return None
    waited = (progress.status_at - payment.advice_lost_at).total_seconds()
    return PAYMENT_UNCONFIRMED if waited >= capabilities.lookup_grace else None


def _for_citizen(progress: Progress, capabilities: ServiceCapabilities, now: datetime) -> Hold | None:
    code = _in_draft(progress) if progress.state is S.DRAFT else None
    wanted = intended_write(progress, capabilities)
    if code is None and wanted is not None and not _still_preparing(progress, capabilities):
        gap = unmet_consent(progress, wanted, now)
        code = f"{CONSENT_HOLD}{gap}" if gap is not None else None
    if code is None:
        code = _by_state(progress, capabilities)
    return Hold(party=Party.CITIZEN, code=code) if code is not None else None


def _in_draft(progress: Progress) -> str | None:
    if progress.eligibility is Eligibility.INELIGIBLE:
        return INELIGIBLE
    if progress.eligibility is Eligibility.INDETERMINATE and not progress.acknowledged:
        return ELIGIBILITY_INDETERMINATE
    return None


def _still_preparing(progress: Progress, capabilities: ServiceCapabilities) -> bool:
    """Whether a draft's eligibility or price is still to come: consent is asked for when both are known."""
    return progress.state is S.DRAFT and (
        (progress.eligibility is None and capabilities.offers(Operation.ELIGIBILITY))
        or (progress.quote is None and capabilities.offers(Operation.QUOTE))
    )


def _by_state(progress: Progress, capabilities: ServiceCapabilities) -> str | None:
    match progress.state:
        case S.CORRECTION_REQUESTED if not progress.correction_ready and progress.correction_lost_at is None:
            here = capabilities.offers(Operation.ANSWER_CORRECTION)
            return "correction-requested" if here else "correction-at-the-agency"
        case S.AWAITING_APPEARANCE:
            return "appearance-required"
        case S.AWAITING_PAYMENT if (
            progress.quote is not None
            and progress.quote.total.poisha > 0
            and not progress.is_paid(progress.quote.stage)
            and not (capabilities.gateway is not None and capabilities.offers(Operation.START_PAYMENT))
        ):
            return GATEWAY_NOT_CHOSEN
    return None


def _of_fee(progress: Progress, capabilities: ServiceCapabilities) -> Hold | None:
    """Who is to look at a fee that cannot be asked for: it has no price, or has been paid already."""
    if not progress.is_filed or progress.state not in AT_THE_AGENCY | {S.AWAITING_PAYMENT}:
        return None
    demanded = demanded_stage(progress.status) if progress.status is not None else None
    if demanded is not None and progress.is_paid(demanded):
        return Hold(party=Party.PERSON, code=FEE_DEMANDED_AGAIN) if _is_long_paid(demanded, progress) else None
    priceless = progress.quote is None and not capabilities.offers(Operation.QUOTE)
    if progress.state is S.AWAITING_PAYMENT and priceless:
        return Hold(party=Party.PERSON, code=FEE_WITHOUT_PRICE)
    return None


def _is_long_paid(stage: str, progress: Progress) -> bool:
    """Whether the agency was paid a stage so long before it said how the application stands that it must know."""
    paid = [p.moved_at or p.opened_at for p in progress.payments if p.stage == stage and p.state in MONEY_TAKEN]
    known_since = max([*paid, progress.submitted_at or progress.opened_at])
    return progress.status_at is not None and progress.status_at - known_since >= DEMANDED_AGAIN_BEFORE_A_PERSON


def _in_vain(progress: Progress, calls: Iterable[NextAction]) -> Hold | None:
    """Who is to look at a call, of ``calls``, that would be tried for ever; it is tried on meanwhile."""
    if progress.state is S.SUBMISSION_UNKNOWN:
        return None
    if not any(one.unreadable or one.in_vain >= CALLS_IN_VAIN_BEFORE_A_PERSON for one in progress.backoffs):
        return None
    for call in calls:
        unknown = call.payment is not None and progress.payment(call.payment).state is P.UNKNOWN
        if call.operation is None or unknown:
            continue
        backoff = progress.backoff(call.operation, call.subject)
        if backoff.unreadable:
            return Hold(party=Party.PERSON, code=DOCUMENT_UNREADABLE)
        if backoff.in_vain >= CALLS_IN_VAIN_BEFORE_A_PERSON:
            code = FEE_NOT_SETTLED if call.operation is Operation.QUOTE else CALL_IN_VAIN
            return Hold(party=Party.PERSON, code=code)
    return None


def _of_refund(progress: Progress, now: datetime) -> Hold | None:
    """Who sees to money that no gateway gives back in time; other reasons to wait come first."""
    by_hand = [one for one in progress.payments if one.state is P.REFUND_MANUAL]
    if by_hand:
        in_doubt = any(one.refund_in_doubt for one in by_hand)
        return Hold(party=Party.PERSON, code=REFUND_IN_DOUBT if in_doubt else REFUND_BY_HAND)
    owed = [one for one in progress.payments if one.state in {P.REFUND_REQUESTED, P.REFUND_PENDING}]
    since = (one.refund_requested_at or one.moved_at or one.opened_at for one in owed)
    overdue = any(now - at >= REFUND_BEFORE_A_PERSON for at in since) or any(
        one.state is P.REFUND_REQUESTED
        and one.refund_ordered_at is not None
        and progress.backoff(Operation.REFUND_PAYMENT, one.id).failures >= LOOK_UPS_BEFORE_A_PERSON
        for one in owed
    )
    return Hold(party=Party.PERSON, code=REFUND_OVERDUE) if overdue else None


def _for_nobody(progress: Progress, capabilities: ServiceCapabilities, now: datetime) -> Hold | None:
    """Who is to look at what would otherwise be lost."""
    if progress.state is S.CLOSED or next(_unheld_candidates(progress, capabilities, now), None) is not None:
        return None
    if progress.state in ENDED_WITHOUT_RESULT | {S.DELIVERED} and may_be_captured_late(progress, capabilities, now):
        return None
    if progress.state in {S.ISSUED, S.DELIVERY_FAILED}:
        return Hold(party=Party.CITIZEN, code="to-be-received")
    if progress.payment_in(P.CAPTURED, P.ADVISED) is not None:
        return Hold(party=Party.PERSON, code=PAYMENT_UNCONFIRMED)
    final = progress.status is not None and progress.status.final
    if progress.is_filed and capabilities.offers(Operation.CALLBACK) and not final:
        return Hold(party=Party.AGENCY, code="report-expected")
    return Hold(party=Party.PERSON, code="nothing-due")
