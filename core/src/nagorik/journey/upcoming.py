"""What an application waits for, read off its row alone.

Queues, timers and callbacks are hints to look at the row; a hint that is lost or doubled changes nothing, because
this function gives the same answer to whoever asks.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from nagorik.journey.consenting import CONSENT_HOLD, may_start_payment
from nagorik.journey.outcome import Next
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Party, Payment, Progress
from nagorik.lifecycle.groups import AT_THE_AGENCY, MONEY_ASKED_ABOUT, MONEY_TAKEN
from nagorik.model.states import ApplicationState as S, PaymentState as P
from nagorik.operations import Operation

NOTHING: Final = Next(operation=None)


def upcoming(progress: Progress, plan: Plan, now: datetime) -> Next:
    """The next operation and when it is due, or nothing if only somebody can move the application.

    Of all that could be done the first to fall due comes next, so that no operation that keeps failing keeps the
    others from their turn; of what is due already, the order of ``candidates`` decides.
    """
    if progress.attempt is not None:
        return NOTHING
    choices = [_timed(progress, choice, now) for choice in candidates(progress, plan, now)]
    return min(choices, key=lambda choice: choice.due or now, default=NOTHING)


def candidates(progress: Progress, plan: Plan, now: datetime) -> Iterator[Next]:
    """All that could be done for an application, the most urgent first, whenever it falls due.

    Open questions of money are asked whatever else holds the application, and after it is closed.
    """
    yield from _money(progress, plan, now)
    if progress.is_filed and (progress.state in AT_THE_AGENCY or progress.state is S.AWAITING_PAYMENT):
        yield from _at_the_agency(progress, plan)
    elif progress.state is S.SUBMISSION_UNKNOWN:
        yield from _unknown(plan)
    elif progress.state is S.DELIVERED:
        yield from _delivered(progress, plan)
    elif progress.hold is None or progress.hold.party is Party.AGENCY:
        yield from _before_filing(progress, plan)


def _timed(progress: Progress, choice: Next, now: datetime) -> Next:
    assert choice.operation is not None  # noqa: S101 - a candidate names an operation
    subject = choice.payment or (choice.artefact.kind if choice.artefact is not None else None)
    not_before = progress.wait(choice.operation, subject).not_before
    due = now if not_before is None else max(now, not_before)
    return Next(operation=choice.operation, due=due, payment=choice.payment, artefact=choice.artefact)


def _money(progress: Progress, plan: Plan, now: datetime) -> Iterator[Next]:
    for payment in reversed(progress.payments):
        asks = payment.state in MONEY_ASKED_ABOUT or (payment.noticed and payment.state is not P.QUOTED)
        if asks and plan.offers(Operation.QUERY_PAYMENT):
            yield Next(Operation.QUERY_PAYMENT, payment=payment.id)
        if _may_announce_again(progress, plan, payment, now):
            yield Next(Operation.START_PAYMENT, payment=payment.id)
        if payment.state in {P.REFUND_REQUESTED, P.REFUND_PENDING} and plan.offers(Operation.REFUND_PAYMENT):
            yield Next(Operation.REFUND_PAYMENT, payment=payment.id)


def _may_announce_again(progress: Progress, plan: Plan, payment: Payment, now: datetime) -> bool:
    """Whether a payment whose announcement was lost is announced once more, with its key.

    Only at a gateway that honours the key, after it was asked in vain, and while the price still holds: the payer has
    been shown nothing yet, and would wait for ever for a payment that the gateway never heard of.
    """
    quote = progress.quote
    return (
        payment.state is P.UNKNOWN
        and payment.reference is None
        and plan.repeats(Operation.START_PAYMENT)
        and progress.wait(Operation.QUERY_PAYMENT, payment.id).failures > 0
        and not progress.withdrawal_wanted
        and quote is not None
        and quote.id == payment.quote
        and not quote.is_expired(now)
    )


def _before_filing(progress: Progress, plan: Plan) -> Iterator[Next]:
    match progress.state:
        case S.DRAFT if progress.eligibility is None and plan.offers(Operation.ELIGIBILITY):
            yield Next(Operation.ELIGIBILITY)
        case S.DRAFT if progress.quote is None and plan.offers(Operation.QUOTE):
            yield Next(Operation.QUOTE)
        case S.AWAITING_PAYMENT if may_start_payment(progress, plan):
            yield _start_payment(progress)
        case S.READY if plan.offers(Operation.SUBMIT):
            yield Next(Operation.SUBMIT)


def _unknown(plan: Plan) -> Iterator[Next]:
    """Look it up; the same key again only where there is no looking up and the agency honours it."""
    if plan.offers(Operation.FIND):
        yield Next(Operation.FIND)
    elif plan.repeats(Operation.SUBMIT):
        yield Next(Operation.SUBMIT)


def _at_the_agency(progress: Progress, plan: Plan) -> Iterator[Next]:
    hold = progress.hold
    may_write = hold is None or (hold.party is not Party.PERSON and not hold.code.startswith(CONSENT_HOLD))
    tells = progress.withdrawal_wanted and plan.offers(Operation.WITHDRAW)
    if may_write and tells and not progress.payment_in(P.UNKNOWN):
        yield Next(Operation.WITHDRAW)
    elif may_write and progress.correction_ready and plan.offers(Operation.ANSWER_CORRECTION):
        yield Next(Operation.ANSWER_CORRECTION)
    if progress.state is S.AWAITING_PAYMENT and (hold is None or hold.party is Party.AGENCY):
        yield from _fee(progress, plan)
    yield from _advice(progress, plan)
    yield from _artefacts(progress, plan)
    yield from _status(progress, plan)


def _fee(progress: Progress, plan: Plan) -> Iterator[Next]:
    if progress.is_paid(progress.stage) or progress.withdrawal_wanted:
        return
    if progress.quote is None:
        if plan.offers(Operation.QUOTE):
            yield Next(Operation.QUOTE)
    elif may_start_payment(progress, plan):
        yield _start_payment(progress)


def _delivered(progress: Progress, plan: Plan) -> Iterator[Next]:
    yield from _advice(progress, plan)
    yield from _artefacts(progress, plan)
    if any(p.state in MONEY_TAKEN and p.state is not P.CONFIRMED for p in progress.payments):
        yield from _status(progress, plan)


def _start_payment(progress: Progress) -> Next:
    announced = progress.payment_in(P.QUOTED)
    return Next(Operation.START_PAYMENT, payment=announced.id if announced is not None else None)


def _advice(progress: Progress, plan: Plan) -> Iterator[Next]:
    """Tell the agency of captured money; after a lost answer only where twice is once."""
    if not plan.offers(Operation.ADVISE_PAYMENT):
        return
    for payment in progress.payments:
        told_in_vain = payment.advice_lost_at is not None and not plan.repeats(Operation.ADVISE_PAYMENT)
        if payment.state in {P.CAPTURED, P.ADVISED} and not told_in_vain:
            yield Next(Operation.ADVISE_PAYMENT, payment=payment.id)


def _artefacts(progress: Progress, plan: Plan) -> Iterator[Next]:
    if plan.offers(Operation.ARTEFACT):
        yield from (Next(Operation.ARTEFACT, artefact=artefact) for artefact in progress.artefacts_to_fetch())


def _status(progress: Progress, plan: Plan) -> Iterator[Next]:
    """Ask, until the agency says that it will say nothing more."""
    done = progress.status is not None and progress.status.final
    if plan.offers(Operation.STATUS) and progress.is_filed and not done:
        yield Next(Operation.STATUS)
