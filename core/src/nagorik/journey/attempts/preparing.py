"""Before filing: whether the citizen may apply, and what it costs."""

from nagorik.errors import ContractViolation
from nagorik.journey.attempts.closing import end, try_again
from nagorik.journey.events import EligibilityDecided, QuoteReceived
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Attempt
from nagorik.journey.record import Record
from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.fee import Quote


def eligibility_decided(record: Record, _: Plan, attempt: Attempt, decision: EligibilityDecision) -> None:
    """Keep the decision; the rules act on it."""
    end(record, attempt, decision.eligibility.value, settled=True)
    record.add(EligibilityDecided(at=record.now, decision=decision))


def quoted(record: Record, _: Plan, attempt: Attempt, quote: Quote) -> None:
    """Keep a price that can be used.

    A price of another stage would be paid without ever settling the one that is due, and a price that has lapsed
    already would be asked for again at once and without end: both are as good as no answer.
    """
    if quote.stage != record.progress.stage:
        try_again(record, attempt, "quote-of-another-stage", ContractViolation("quote-of-another-stage"))
    elif quote.is_expired(record.now):
        try_again(record, attempt, "quote-already-lapsed")
    else:
        end(record, attempt, "quoted", settled=True)
        record.add(QuoteReceived(at=record.now, quote=quote))
