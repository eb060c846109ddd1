"""What an application waits for, read off its row alone.

Queues, timers and callbacks are hints to look at the row; a hint that is lost or doubled changes nothing, because
this function gives the same answer to whoever asks.
"""

from datetime import datetime
from typing import Final

from nagorik.journey.outcome import Next
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Party, Progress
from nagorik.journey.settle import MONEY_MOVING
from nagorik.model.states import ApplicationState as S
from nagorik.model.states import PaymentState as P
from nagorik.operations import Operation

AT_THE_AGENCY: Final = frozenset(
    {S.SUBMITTED, S.IN_REVIEW, S.CORRECTION_REQUESTED, S.AWAITING_APPEARANCE, S.APPROVED, S.ISSUED, S.DELIVERY_FAILED}
)
NOTHING: Final = Next(operation=None)


def upcoming(progress: Progress, plan: Plan, now: datetime) -> Next:
    """The next operation and when it is due, or nothing if only somebody can move the application.

    Open questions of money come first: a payment under way is asked about whatever else holds the application.
    """
    if progress.attempt is not None or progress.state is S.CLOSED:
        return NOTHING
    choice = _money(progress, plan) or _by_state(progress, plan)
    if choice is None:
        return NOTHING
    due = max(now, progress.not_before) if progress.not_before is not None else now
    return Next(operation=choice.operation, due=due, payment=choice.payment, artefact=choice.artefact)


def _money(progress: Progress, plan: Plan) -> Next | None:
    open_question = progress.payment_in(P.INITIATED, P.PENDING, P.UNKNOWN)
    if open_question is not None:
        return Next(Operation.QUERY_PAYMENT, payment=open_question.id)
    refund = progress.payment_in(P.REFUND_REQUESTED, P.REFUND_PENDING)
    if refund is not None and plan.offers(Operation.REFUND_PAYMENT):
        return Next(Operation.REFUND_PAYMENT, payment=refund.id)
    return None


def _by_state(progress: Progress, plan: Plan) -> Next | None:
    state = progress.state
    if state in AT_THE_AGENCY:
        return _at_the_agency(progress, plan)
    if progress.hold is not None and not (state is S.AWAITING_PAYMENT and progress.agency_reference):
        return None
    if state is S.DRAFT:
        return _draft(progress, plan)
    if state is S.AWAITING_PAYMENT:
        return _awaiting_payment(progress, plan)
    if state in {S.READY, S.SUBMITTING}:
        return Next(Operation.SUBMIT)
    if state is S.SUBMISSION_UNKNOWN:
        return Next(Operation.FIND if plan.offers(Operation.FIND) else Operation.SUBMIT)
    if state is S.DELIVERED:
        return _advice(progress, plan)
    return None


def _draft(progress: Progress, plan: Plan) -> Next | None:
    if progress.eligibility is None and plan.offers(Operation.ELIGIBILITY):
        return Next(Operation.ELIGIBILITY)
    if progress.quote is None and plan.offers(Operation.QUOTE):
        return Next(Operation.QUOTE)
    return None


def _awaiting_payment(progress: Progress, plan: Plan) -> Next | None:
    filed = progress.agency_reference is not None
    if filed and progress.is_paid(progress.stage):
        return _advice(progress, plan) or _ask(progress, plan)
    if filed and progress.hold is not None:
        return _ask(progress, plan)
    if progress.quote is None:
        return Next(Operation.QUOTE) if plan.offers(Operation.QUOTE) else None
    under_way = progress.payment_in(*MONEY_MOVING)
    if under_way is None:
        return Next(Operation.START_PAYMENT)
    return Next(Operation.START_PAYMENT, payment=under_way.id) if under_way.state is P.QUOTED else None


def _at_the_agency(progress: Progress, plan: Plan) -> Next | None:
    held_by_person = progress.hold is not None and progress.hold.party is Party.PERSON
    if progress.withdrawal_wanted and plan.offers(Operation.WITHDRAW) and not held_by_person:
        return Next(Operation.WITHDRAW)
    if progress.correction_ready and plan.offers(Operation.ANSWER_CORRECTION) and not held_by_person:
        return Next(Operation.ANSWER_CORRECTION)
    advice = _advice(progress, plan)
    if advice is not None:
        return advice
    if progress.state is S.ISSUED and plan.offers(Operation.ARTEFACT):
        for artefact in progress.artefacts:
            if artefact.delivery == "download" and artefact.kind not in progress.fetched:
                return Next(Operation.ARTEFACT, artefact=artefact)
    return _ask(progress, plan)


def _advice(progress: Progress, plan: Plan) -> Next | None:
    """Tell the agency of captured money; after a lost answer ask for the status first, unless twice is safe."""
    payment = progress.payment_in(P.CAPTURED, P.ADVISED)
    if payment is None or not plan.offers(Operation.ADVISE_PAYMENT):
        return None
    if payment.advice_lost and not plan.repeats(Operation.ADVISE_PAYMENT):
        return _ask(progress, plan)
    return Next(Operation.ADVISE_PAYMENT, payment=payment.id)


def _ask(progress: Progress, plan: Plan) -> Next | None:
    if not plan.offers(Operation.STATUS) or (progress.status is not None and progress.status.final):
        return None
    return Next(Operation.STATUS)
