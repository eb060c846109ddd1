"""What follows by itself: moves that need neither an agency's answer nor a person, applied until none is left."""

from typing import Final

from nagorik.journey.consenting import CONSENT_HOLD, Wanted, price_to_come, unmet_consent
from nagorik.journey.events import Actor, FeeSettled, QuoteDropped, WithdrawalSettled
from nagorik.journey.holds import settle_hold
from nagorik.journey.money_duties import settle_money
from nagorik.journey.plan import Plan
from nagorik.journey.record import Record
from nagorik.lifecycle import is_settled
from nagorik.lifecycle.groups import ENDED_WITHOUT_RESULT, MONEY_ASKED_ABOUT, MONEY_FOR_A_PERSON, WITHDRAWABLE
from nagorik.model.eligibility import Eligibility
from nagorik.model.fee import FeeDue
from nagorik.model.states import ApplicationState as S
from nagorik.operations import Operation

RESENDS_BEFORE_A_PERSON: Final = 80
"""Lost answers in a row to one filing with one key, after which a person looks: some three days of back-off."""


def settle(record: Record, plan: Plan) -> None:
    """Apply the rules until nothing more follows."""
    while settle_money(record, plan) or _settle_state(record, plan) or settle_hold(record, plan):
        pass


def _settle_state(record: Record, plan: Plan) -> bool:
    state = record.progress.state
    if record.progress.attempt is not None:
        return False
    if record.progress.withdrawal_wanted and state not in WITHDRAWABLE:
        # The agency decided before it was told of the wish, and its decision wins.
        record.add(WithdrawalSettled(at=record.now, outcome="withdrawn" if state is S.WITHDRAWN else "refused"))
        return True
    match state:
        case S.DRAFT:
            return _settle_draft(record, plan)
        case S.READY:
            return _settle_ready(record, plan)
        case S.AWAITING_PAYMENT:
            return _settle_awaiting_payment(record, plan)
        case S.SUBMITTING:
            return _settle_submitting(record)
        case S.SUBMISSION_UNKNOWN:
            return _settle_unknown(record, plan)
        case S.ISSUED:
            return _settle_issued(record)
        case S.DELIVERED:
            return _settle_end(record, plan)
        case _:
            return state in ENDED_WITHOUT_RESULT and _settle_end(record, plan)


def _settle_draft(record: Record, plan: Plan) -> bool:
    progress = record.progress
    if progress.hold is not None and not progress.hold.code.startswith(CONSENT_HOLD):
        return False
    if progress.eligibility is None and plan.offers(Operation.ELIGIBILITY):
        return False
    if progress.eligibility is Eligibility.INELIGIBLE:
        return False
    if progress.eligibility is Eligibility.INDETERMINATE and not progress.acknowledged:
        return False
    if progress.quote is None and plan.offers(Operation.QUOTE):
        return False
    if unmet_consent(progress, Wanted(Operation.SUBMIT, price_to_come(progress)), record.now) is not None:
        return False
    record.move(S.READY, Actor.CORE, "complete")
    return True


def _settle_ready(record: Record, plan: Plan) -> bool:
    progress = record.progress
    quote = progress.quote
    if progress.hold is not None:
        return False
    if quote is None:
        if plan.offers(Operation.QUOTE):
            record.move(S.DRAFT, Actor.CORE, "no-quote")
        return plan.offers(Operation.QUOTE)
    if quote.total.poisha == 0 or quote.due is not FeeDue.BEFORE_SUBMISSION or progress.is_paid(quote.stage):
        return False
    if quote.is_expired(record.now):
        _renew_quote(record, plan)
    else:
        record.move(S.AWAITING_PAYMENT, Actor.CORE, "fee-due")
    return True


def _settle_awaiting_payment(record: Record, plan: Plan) -> bool:
    progress = record.progress
    quote = progress.quote
    if not progress.is_filed and quote is None:
        record.move(S.READY, Actor.CORE, "no-quote")
        return True
    if quote is None:
        return False
    if not progress.is_filed and progress.is_paid(quote.stage):
        record.move(S.READY, Actor.GATEWAY, "fee-paid")
        return True
    if progress.is_filed and quote.total.poisha == 0:
        record.add(FeeSettled(at=record.now, free=True))
        record.move(S.SUBMITTED, Actor.AGENCY, "nothing-to-pay")
        return True
    if progress.payment_in(*MONEY_ASKED_ABOUT, *MONEY_FOR_A_PERSON) or progress.is_paid(quote.stage):
        return False
    if not quote.is_expired(record.now):
        return False
    if progress.is_filed:
        record.add(QuoteDropped(at=record.now))
    else:
        record.move(S.READY, Actor.CORE, "quote-lapsed")
        _renew_quote(record, plan)
    return True


def _renew_quote(record: Record, plan: Plan) -> None:
    """A lapsed price is asked for again; without a way to ask, a person decides and nothing is filed unpaid."""
    record.add(QuoteDropped(at=record.now))
    record.move(S.DRAFT if plan.offers(Operation.QUOTE) else S.MANUAL_REVIEW, Actor.CORE, "quote-lapsed")


def _settle_submitting(record: Record) -> bool:
    """With no attempt under way nothing is being submitted; an attempt whose outcome is unknown stays unknown."""
    unknown = record.progress.filing_unknown
    record.move(S.SUBMISSION_UNKNOWN if unknown else S.READY, Actor.CORE, "nothing-under-way")
    return True


def _settle_unknown(record: Record, plan: Plan) -> bool:
    """What can neither be looked up nor sent with the same key under the citizen's consent is a person's case."""
    if plan.offers(Operation.FIND):
        return False
    if not plan.repeats(Operation.SUBMIT):
        record.move(S.MANUAL_REVIEW, Actor.CORE, "no-look-up")
        return True
    if record.progress.wait(Operation.SUBMIT).failures >= RESENDS_BEFORE_A_PERSON:
        record.move(S.MANUAL_REVIEW, Actor.CORE, "lost-for-long")
        return True
    gap = unmet_consent(record.progress, Wanted(Operation.SUBMIT), record.now)
    if gap is not None:
        record.move(S.MANUAL_REVIEW, Actor.CORE, f"consent-{gap}")
    return gap is not None


def _settle_issued(record: Record) -> bool:
    """Delivered once everything that reaches the citizen by download has been fetched and nothing else is to come."""
    final = [artefact for artefact in record.progress.artefacts if not artefact.interim]
    if not final or any(artefact.delivery in {"counter", "post"} for artefact in final):
        return False
    if all(artefact.delivery == "none" or artefact.kind in record.progress.fetched for artefact in final):
        record.move(S.DELIVERED, Actor.CORE, "fetched")
        return True
    return False


def _settle_end(record: Record, plan: Plan) -> bool:
    """Closed once no duty of money is open and what was delivered by download is in the citizen's hands."""
    progress = record.progress
    to_fetch = progress.artefacts_to_fetch() if progress.state is S.DELIVERED else ()
    if to_fetch and plan.offers(Operation.ARTEFACT):
        return False
    if any(payment.noticed or not is_settled(payment.state) for payment in progress.payments):
        return False
    record.move(S.CLOSED, Actor.CORE, "settled")
    return True
