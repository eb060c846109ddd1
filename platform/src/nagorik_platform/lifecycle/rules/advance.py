"""What follows by itself: moves that need neither an agency's answer nor a person, until no move is left."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from nagorik.model.eligibility import Eligibility
from nagorik.model.fee import FeeDue
from nagorik.model.status import ApplicationState as S
from nagorik.operations import Operation
from nagorik_platform.lifecycle import events as e, tables
from nagorik_platform.lifecycle.consent import CONSENT_HOLD, IntendedWrite, price_to_come, unmet_consent
from nagorik_platform.lifecycle.next_action import awaits_word, may_be_captured_late
from nagorik_platform.lifecycle.rule_context import LifecycleRule, RuleContext
from nagorik_platform.lifecycle.state import Progress

RESENDS_BEFORE_A_PERSON: Final = 80
"""Lost answers in a row to one filing with one key, after which a person looks: some three days of back-off."""


def advance_state(state: Progress, context: RuleContext) -> e.Events:
    """What follows from where the application is, with no attempt under way."""
    if state.attempt is not None:
        return
    if state.withdrawal_wanted and state.state not in tables.WITHDRAWABLE:
        # The agency decided before it was told of the wish, and its decision wins.
        outcome: Literal["withdrawn", "refused"] = "withdrawn" if state.state is S.WITHDRAWN else "refused"
        yield e.WithdrawalSettled(at=context.now, outcome=outcome)
    elif state.state is not S.AWAITING_APPEARANCE and state.booking_in("wanted", "unknown"):
        # The agency goes on without it.
        yield e.BookingChanged(at=context.now, booking=None)
    elif state.state in _ADVANCES:
        yield from _ADVANCES[state.state](state, context)


def _advance_draft(state: Progress, context: RuleContext) -> e.Events:
    capabilities = context.capabilities
    if state.hold is not None and not state.hold.tries_on and not state.hold.code.startswith(CONSENT_HOLD):
        return
    if state.eligibility is None and capabilities.offers(Operation.ELIGIBILITY):
        return
    if state.eligibility is Eligibility.INELIGIBLE:
        return
    if state.eligibility is Eligibility.INDETERMINATE and not state.acknowledged:
        return
    if state.quote is None and capabilities.offers(Operation.QUOTE):
        return
    if unmet_consent(state, IntendedWrite(Operation.SUBMIT, price_to_come(state, capabilities)), context.now) is None:
        yield context.moved(S.READY, e.Actor.CORE, "complete")


def _advance_ready(state: Progress, context: RuleContext) -> e.Events:
    quote = state.quote
    if state.hold is not None and not state.hold.tries_on:
        return
    if quote is None:
        if context.capabilities.offers(Operation.QUOTE):
            yield context.moved(S.DRAFT, e.Actor.CORE, "no-quote")
        return
    if quote.total.poisha == 0 or quote.due is not FeeDue.BEFORE_SUBMISSION or state.is_paid(quote.stage):
        return
    if quote.is_expired(context.now):
        yield from _renew_quote(context)
    else:
        yield context.moved(S.AWAITING_PAYMENT, e.Actor.CORE, "fee-due")


def _advance_awaiting_payment(state: Progress, context: RuleContext) -> e.Events:
    quote = state.quote
    if quote is None:
        if not state.is_filed:
            yield context.moved(S.READY, e.Actor.CORE, "no-quote")
    elif not state.is_filed and state.is_paid(quote.stage):
        yield context.moved(S.READY, e.Actor.GATEWAY, "fee-paid")
    elif state.is_filed and quote.total.poisha == 0:
        yield e.FeeSettled(at=context.now, free=True)
        yield context.moved(tables.state_without_fee(state.status), e.Actor.AGENCY, "nothing-to-pay")
    elif state.payment_in(*tables.MONEY_ASKED_ABOUT, *tables.MONEY_FOR_A_PERSON) or state.is_paid(quote.stage):
        return
    elif quote.is_expired(context.now):
        if state.is_filed:
            yield e.QuoteDropped(at=context.now)
        else:
            yield context.moved(S.READY, e.Actor.CORE, "quote-lapsed")
            yield from _renew_quote(context)


def _renew_quote(context: RuleContext) -> e.Events:
    """A lapsed price is asked for again; without a way to ask, a person decides and nothing is filed unpaid."""
    yield e.QuoteDropped(at=context.now)
    can_ask = context.capabilities.offers(Operation.QUOTE)
    yield context.moved(S.DRAFT if can_ask else S.MANUAL_REVIEW, e.Actor.CORE, "quote-lapsed")


def _advance_submitting(state: Progress, context: RuleContext) -> e.Events:
    """With no attempt under way nothing is being submitted; an attempt whose outcome is unknown stays unknown."""
    to = S.SUBMISSION_UNKNOWN if state.filing_unknown else S.READY
    yield context.moved(to, e.Actor.CORE, "nothing-under-way")


def _advance_unknown(state: Progress, context: RuleContext) -> e.Events:
    """What can neither be looked up nor sent with the same key under the citizen's consent is a person's case."""
    if context.capabilities.offers(Operation.FIND):
        return
    if not context.capabilities.repeats(Operation.SUBMIT):
        yield context.moved(S.MANUAL_REVIEW, e.Actor.CORE, "no-look-up")
    elif state.backoff(Operation.SUBMIT).failures >= RESENDS_BEFORE_A_PERSON:
        yield context.moved(S.MANUAL_REVIEW, e.Actor.CORE, "lost-for-long")
    elif (gap := unmet_consent(state, IntendedWrite(Operation.SUBMIT), context.now)) is not None:
        yield context.moved(S.MANUAL_REVIEW, e.Actor.CORE, f"consent-{gap}")


def _advance_issued(state: Progress, context: RuleContext) -> e.Events:
    """Delivered once everything that reaches the citizen by download has been fetched and nothing else is to come."""
    final = [deliverable for deliverable in state.deliverables if not deliverable.interim]
    if not final or any(deliverable.delivery in {"counter", "post"} for deliverable in final):
        return
    if all(deliverable.delivery == "none" or deliverable.kind in state.fetched for deliverable in final):
        yield context.moved(S.DELIVERED, e.Actor.CORE, "fetched")


def _close(state: Progress, context: RuleContext) -> e.Events:
    """Closed once no duty of money is open and what was delivered by download is in the citizen's hands."""
    to_fetch = state.deliverables_to_fetch() if state.state is S.DELIVERED else ()
    if to_fetch and context.capabilities.offers(Operation.DELIVERABLE):
        return
    if may_be_captured_late(state, context.capabilities, context.now):
        return
    if all(tables.is_settled(one.state) and not awaits_word(state, one, context.now) for one in state.payments):
        yield context.moved(S.CLOSED, e.Actor.CORE, "settled")


_ADVANCES: Final[Mapping[S, LifecycleRule]] = MappingProxyType(
    {
        S.DRAFT: _advance_draft,
        S.READY: _advance_ready,
        S.AWAITING_PAYMENT: _advance_awaiting_payment,
        S.SUBMITTING: _advance_submitting,
        S.SUBMISSION_UNKNOWN: _advance_unknown,
        S.ISSUED: _advance_issued,
        S.DELIVERED: _close,
        **dict.fromkeys(tables.ENDED_WITHOUT_RESULT, _close),
    }
)
