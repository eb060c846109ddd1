"""What follows by itself: moves that need neither an agency's answer nor a person, applied until none is left."""

from typing import Final

from nagorik.journey.events import Actor, FeeSettled, QuoteDropped
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Party, Payment, Progress
from nagorik.journey.record import Record
from nagorik.lifecycle import is_settled
from nagorik.model.consent import ConsentGap
from nagorik.model.eligibility import Eligibility
from nagorik.model.fee import FeeDue
from nagorik.model.states import ApplicationState as S
from nagorik.model.states import PaymentState as P
from nagorik.operations import Operation

ENDED_BADLY: Final = frozenset({S.REJECTED, S.REJECTED_AT_INTAKE, S.WITHDRAWN, S.EXPIRED, S.REVOKED})
"""Ends in which the citizen has nothing to show for money that the agency has not confirmed."""

MONEY_TAKEN: Final = (P.CAPTURED, P.ADVISED, P.CONFIRMED)
MONEY_MOVING: Final = (P.QUOTED, P.INITIATED, P.PENDING, P.UNKNOWN, P.UNDER_INVESTIGATION)


def settle(record: Record, plan: Plan) -> None:
    """Apply the rules until nothing more follows."""
    while _settle_payments(record, plan) or _settle_state(record, plan):
        pass


def unmet_consent(progress: Progress, operation: Operation, record: Record, *, more: int = 0) -> ConsentGap | None:
    """What keeps the citizen's consent from covering ``operation`` and ``more`` poisha of new spending."""
    if progress.consent is None:
        return "absent"
    spending = progress.consent.fee_ceiling.model_copy(update={"poisha": progress.committed() + more})
    return progress.consent.gap(progress.service, operation, record.now, spending)


def _settle_payments(record: Record, plan: Plan) -> bool:
    progress = record.progress
    paid_stages: set[str] = set()
    for payment in progress.payments:
        if payment.state in MONEY_TAKEN and payment.stage in paid_stages:
            return _give_back(record, plan, payment, "paid-twice")
        if payment.state in MONEY_TAKEN:
            paid_stages.add(payment.stage)
        if payment.state is P.REFUND_FAILED:
            record.move_payment(payment.id, P.REFUND_MANUAL, Actor.CORE, "refund-failed")
            return True
        if progress.state in ENDED_BADLY and _settle_after_bad_end(record, plan, payment):
            return True
        if progress.state is S.DELIVERED and payment.state in {P.CAPTURED, P.ADVISED}:
            if plan.offers(Operation.ADVISE_PAYMENT):
                continue
            record.move_payment(payment.id, P.CONFIRMED, Actor.AGENCY, "delivered")
            return True
    return False


def _settle_after_bad_end(record: Record, plan: Plan, payment: Payment) -> bool:
    """Money that the agency does not hold goes back; money that it may hold is a person's case."""
    if payment.state is P.QUOTED:
        record.move_payment(payment.id, P.CANCELLED, Actor.CORE, "application-ended")
        return True
    if payment.state is P.CAPTURED and not payment.advice_lost:
        return _give_back(record, plan, payment, "application-ended")
    if payment.state is P.ADVISED or (payment.state is P.CAPTURED and payment.advice_lost):
        record.move_payment(payment.id, P.UNDER_INVESTIGATION, Actor.CORE, "advised-but-unconfirmed")
        record.hold(Party.PERSON, "advised-but-unconfirmed")
        return True
    return False


def _give_back(record: Record, plan: Plan, payment: Payment, code: str) -> bool:
    if payment.state is P.CONFIRMED:
        return False
    refundable = plan.offers(Operation.REFUND_PAYMENT)
    record.move_payment(payment.id, P.REFUND_REQUESTED if refundable else P.REFUND_MANUAL, Actor.CORE, code)
    return True


def _settle_state(record: Record, plan: Plan) -> bool:
    state = record.progress.state
    if record.progress.attempt is not None:
        return False
    if state is S.DRAFT:
        return _settle_draft(record, plan)
    if state is S.READY:
        return _settle_ready(record)
    if state is S.AWAITING_PAYMENT:
        return _settle_awaiting_payment(record)
    if state is S.SUBMISSION_UNKNOWN and not (plan.offers(Operation.FIND) or plan.repeats(Operation.SUBMIT)):
        record.move(S.MANUAL_REVIEW, Actor.CORE, "no-look-up")
        return True
    if state is S.ISSUED:
        return _settle_issued(record)
    if state is S.DELIVERED or state in ENDED_BADLY:
        return _settle_end(record)
    return False


def _settle_draft(record: Record, plan: Plan) -> bool:
    progress = record.progress
    if progress.eligibility is None and plan.offers(Operation.ELIGIBILITY):
        return False
    if progress.eligibility is Eligibility.INELIGIBLE:
        record.hold(Party.CITIZEN, "ineligible")
        return False
    if progress.eligibility is Eligibility.INDETERMINATE and not progress.acknowledged:
        record.hold(Party.CITIZEN, "eligibility-indeterminate")
        return False
    if progress.quote is None and plan.offers(Operation.QUOTE):
        return False
    unpaid = 0 if progress.quote is None or progress.is_paid(progress.quote.stage) else progress.quote.total.poisha
    gap = unmet_consent(progress, Operation.SUBMIT, record, more=unpaid)
    if gap is not None:
        record.hold(Party.CITIZEN, f"consent-{gap}")
        return False
    if progress.hold is not None:
        return False
    record.move(S.READY, Actor.CORE, "complete")
    return True


def _settle_ready(record: Record) -> bool:
    progress = record.progress
    quote = progress.quote
    if progress.hold is not None or quote is None or quote.total.poisha == 0:
        return False
    if quote.due is not FeeDue.BEFORE_SUBMISSION or progress.is_paid(quote.stage):
        return False
    if quote.is_expired(record.now):
        record.add(QuoteDropped(at=record.now))
        record.move(S.DRAFT, Actor.CORE, "quote-lapsed")
    else:
        record.move(S.AWAITING_PAYMENT, Actor.CORE, "fee-due")
    return True


def _settle_awaiting_payment(record: Record) -> bool:
    progress = record.progress
    filed = progress.agency_reference is not None
    quote = progress.quote
    if filed:
        if any(p.state is P.CONFIRMED and p.stage == progress.fee_due for p in progress.payments) or (
            quote is not None and quote.total.poisha == 0
        ):
            record.add(FeeSettled(at=record.now))
            record.move(S.SUBMITTED, Actor.AGENCY, "fee-confirmed")
            return True
    elif quote is None or progress.is_paid(quote.stage):
        record.move(S.READY, Actor.GATEWAY, "fee-paid")
        return True
    if quote is None or progress.payment_in(*MONEY_MOVING) or progress.is_paid(quote.stage):
        return False
    if quote.is_expired(record.now):
        record.add(QuoteDropped(at=record.now))
        if not filed:
            record.move(S.READY, Actor.CORE, "quote-lapsed")
            record.move(S.DRAFT, Actor.CORE, "quote-lapsed")
        return True
    gap = unmet_consent(progress, Operation.START_PAYMENT, record, more=quote.total.poisha)
    if progress.hold is None and gap is not None:
        record.hold(Party.CITIZEN, f"consent-{gap}")
    return False


def _settle_issued(record: Record) -> bool:
    """Delivered once everything that reaches the citizen by download has been fetched and nothing else is to come."""
    final = [artefact for artefact in record.progress.artefacts if not artefact.interim]
    if not final or any(artefact.delivery in {"counter", "post"} for artefact in final):
        return False
    if all(artefact.delivery == "none" or artefact.kind in record.progress.fetched for artefact in final):
        record.move(S.DELIVERED, Actor.CORE, "fetched")
        return True
    return False


def _settle_end(record: Record) -> bool:
    if not all(is_settled(payment.state) for payment in record.progress.payments):
        return False
    record.move(S.CLOSED, Actor.CORE, "settled")
    return True
