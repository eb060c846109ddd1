"""What follows by itself: moves that need neither an agency's answer nor a person, applied until none is left."""

from typing import Final

from nagorik.model.eligibility import Eligibility
from nagorik.model.fee import FeeDue
from nagorik.model.status import ApplicationState as S
from nagorik.operations import Operation
from nagorik_platform.lifecycle.events import Actor, FeeSettled, QuoteDropped, WithdrawalSettled
from nagorik_platform.lifecycle.journal_writer import JournalWriter
from nagorik_platform.lifecycle.rules.consent import CONSENT_HOLD, IntendedWrite, price_to_come, unmet_consent
from nagorik_platform.lifecycle.rules.holds import update_hold
from nagorik_platform.lifecycle.rules.refunds import apply_money_rules
from nagorik_platform.lifecycle.state import ServiceCapabilities
from nagorik_platform.lifecycle.tables import (
    ENDED_WITHOUT_RESULT,
    MONEY_ASKED_ABOUT,
    MONEY_FOR_A_PERSON,
    WITHDRAWABLE,
    is_settled,
)

RESENDS_BEFORE_A_PERSON: Final = 80
"""Lost answers in a row to one filing with one key, after which a person looks: some three days of back-off."""


def advance(writer: JournalWriter, capabilities: ServiceCapabilities) -> None:
    """Apply the rules until nothing more follows."""
    while (
        apply_money_rules(writer, capabilities)
        or _advance_state(writer, capabilities)
        or update_hold(writer, capabilities)
    ):
        pass


def _advance_state(writer: JournalWriter, capabilities: ServiceCapabilities) -> bool:
    state = writer.progress.state
    if writer.progress.attempt is not None:
        return False
    if writer.progress.withdrawal_wanted and state not in WITHDRAWABLE:
        # The agency decided before it was told of the wish, and its decision wins.
        writer.add(WithdrawalSettled(at=writer.now, outcome="withdrawn" if state is S.WITHDRAWN else "refused"))
        return True
    match state:
        case S.DRAFT:
            return _advance_draft(writer, capabilities)
        case S.READY:
            return _advance_ready(writer, capabilities)
        case S.AWAITING_PAYMENT:
            return _advance_awaiting_payment(writer, capabilities)
        case S.SUBMITTING:
            return _advance_submitting(writer)
        case S.SUBMISSION_UNKNOWN:
            return _advance_unknown(writer, capabilities)
        case S.ISSUED:
            return _advance_issued(writer)
        case S.DELIVERED:
            return _close(writer, capabilities)
        case _:
            return state in ENDED_WITHOUT_RESULT and _close(writer, capabilities)


def _advance_draft(writer: JournalWriter, capabilities: ServiceCapabilities) -> bool:
    progress = writer.progress
    if progress.hold is not None and not progress.hold.code.startswith(CONSENT_HOLD):
        return False
    if progress.eligibility is None and capabilities.offers(Operation.ELIGIBILITY):
        return False
    if progress.eligibility is Eligibility.INELIGIBLE:
        return False
    if progress.eligibility is Eligibility.INDETERMINATE and not progress.acknowledged:
        return False
    if progress.quote is None and capabilities.offers(Operation.QUOTE):
        return False
    if unmet_consent(progress, IntendedWrite(Operation.SUBMIT, price_to_come(progress)), writer.now) is not None:
        return False
    writer.move(S.READY, Actor.CORE, "complete")
    return True


def _advance_ready(writer: JournalWriter, capabilities: ServiceCapabilities) -> bool:
    progress = writer.progress
    quote = progress.quote
    if progress.hold is not None:
        return False
    if quote is None:
        if capabilities.offers(Operation.QUOTE):
            writer.move(S.DRAFT, Actor.CORE, "no-quote")
        return capabilities.offers(Operation.QUOTE)
    if quote.total.poisha == 0 or quote.due is not FeeDue.BEFORE_SUBMISSION or progress.is_paid(quote.stage):
        return False
    if quote.is_expired(writer.now):
        _renew_quote(writer, capabilities)
    else:
        writer.move(S.AWAITING_PAYMENT, Actor.CORE, "fee-due")
    return True


def _advance_awaiting_payment(writer: JournalWriter, capabilities: ServiceCapabilities) -> bool:
    progress = writer.progress
    quote = progress.quote
    if not progress.is_filed and quote is None:
        writer.move(S.READY, Actor.CORE, "no-quote")
        return True
    if quote is None:
        return False
    if not progress.is_filed and progress.is_paid(quote.stage):
        writer.move(S.READY, Actor.GATEWAY, "fee-paid")
        return True
    if progress.is_filed and quote.total.poisha == 0:
        writer.add(FeeSettled(at=writer.now, free=True))
        writer.move(S.SUBMITTED, Actor.AGENCY, "nothing-to-pay")
        return True
    if progress.payment_in(*MONEY_ASKED_ABOUT, *MONEY_FOR_A_PERSON) or progress.is_paid(quote.stage):
        return False
    if not quote.is_expired(writer.now):
        return False
    if progress.is_filed:
        writer.add(QuoteDropped(at=writer.now))
    else:
        writer.move(S.READY, Actor.CORE, "quote-lapsed")
        _renew_quote(writer, capabilities)
    return True


def _renew_quote(writer: JournalWriter, capabilities: ServiceCapabilities) -> None:
    """A lapsed price is asked for again; without a way to ask, a person decides and nothing is filed unpaid."""
    writer.add(QuoteDropped(at=writer.now))
    writer.move(S.DRAFT if capabilities.offers(Operation.QUOTE) else S.MANUAL_REVIEW, Actor.CORE, "quote-lapsed")


def _advance_submitting(writer: JournalWriter) -> bool:
    """With no attempt under way nothing is being submitted; an attempt whose outcome is unknown stays unknown."""
    unknown = writer.progress.filing_unknown
    writer.move(S.SUBMISSION_UNKNOWN if unknown else S.READY, Actor.CORE, "nothing-under-way")
    return True


def _advance_unknown(writer: JournalWriter, capabilities: ServiceCapabilities) -> bool:
    """What can neither be looked up nor sent with the same key under the citizen's consent is a person's case."""
    if capabilities.offers(Operation.FIND):
        return False
    if not capabilities.repeats(Operation.SUBMIT):
        writer.move(S.MANUAL_REVIEW, Actor.CORE, "no-look-up")
        return True
    if writer.progress.backoff(Operation.SUBMIT).failures >= RESENDS_BEFORE_A_PERSON:
        writer.move(S.MANUAL_REVIEW, Actor.CORE, "lost-for-long")
        return True
    gap = unmet_consent(writer.progress, IntendedWrite(Operation.SUBMIT), writer.now)
    if gap is not None:
        writer.move(S.MANUAL_REVIEW, Actor.CORE, f"consent-{gap}")
    return gap is not None


def _advance_issued(writer: JournalWriter) -> bool:
    """Delivered once everything that reaches the citizen by download has been fetched and nothing else is to come."""
    final = [deliverable for deliverable in writer.progress.deliverables if not deliverable.interim]
    if not final or any(deliverable.delivery in {"counter", "post"} for deliverable in final):
        return False
    if all(deliverable.delivery == "none" or deliverable.kind in writer.progress.fetched for deliverable in final):
        writer.move(S.DELIVERED, Actor.CORE, "fetched")
        return True
    return False


def _close(writer: JournalWriter, capabilities: ServiceCapabilities) -> bool:
    """Closed once no duty of money is open and what was delivered by download is in the citizen's hands."""
    progress = writer.progress
    to_fetch = progress.deliverables_to_fetch() if progress.state is S.DELIVERED else ()
    if to_fetch and capabilities.offers(Operation.DELIVERABLE):
        return False
    if any(payment.noticed or not is_settled(payment.state) for payment in progress.payments):
        return False
    writer.move(S.CLOSED, Actor.CORE, "settled")
    return True
