"""What an application waits for, read off its row alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from nagorik.model.status import ApplicationState as S, Deliverable, PaymentState as P
from nagorik.operations import Operation
from nagorik_platform.lifecycle import tables
from nagorik_platform.lifecycle.consent import (
    CONSENT_HOLD,
    IntendedWrite,
    may_start_payment,
    price_to_come,
    unmet_consent,
)
from nagorik_platform.lifecycle.state import Hold, Party, Payment, Progress, ServiceCapabilities

LATE_CAPTURE_LOOKS: Final = (timedelta(minutes=10), timedelta(hours=2), timedelta(days=1))
"""When a gateway is asked again after it said that it took nothing, each counted from that word."""
SECOND_CAPTURE_LOOKS: Final = (timedelta(days=1),)
"""When a gateway is asked again about money that it took, from when its state last changed."""
_MONEY_AT_REST: Final = tables.MONEY_TAKEN | tables.MONEY_FOR_A_PERSON | {P.REFUNDED, P.REFUND_MANUAL}
"""States in which a gateway that has taken money has nothing more to do with it by itself, though others may."""
LATE_LOOKS_END: Final = timedelta(days=7)
"""From a gateway's word, or a message about money that is settled, until questions that stay without a final answer
are given up; the platform's own, too."""
LATE_LOOKS_IN_VAIN: Final = 12
"""How many of them in a row have to have stayed so: of a gateway that is away for long, a week says little."""


@dataclass(frozen=True, slots=True, repr=False)
class NextAction:
    """What an application waits for: an operation at a time, or a person.

    Attributes:
        operation: What to do, or ``None`` if only a person can move it or it is closed.
        due: When to look at the row again, aware UTC; ``None`` where no time changes it.
        payment: The payment it is about.
        deliverable: The deliverable it is about.
    """

    operation: Operation | None
    due: datetime | None = None
    payment: str | None = None
    deliverable: Deliverable | None = None

    @property
    def subject(self) -> str | None:
        """What distinguishes this operation's calls within an application."""
        return self.payment or (self.deliverable.kind if self.deliverable is not None else None)


_NOTHING: Final = NextAction(operation=None)


def next_action(progress: Progress, capabilities: ServiceCapabilities, now: datetime) -> NextAction:
    """The next operation and when it is due, or nothing if only a person can move the application."""
    if progress.attempt is not None:
        return _NOTHING
    choices = [
        _timed(progress, choice, now)
        for choice in (*candidates(progress, capabilities, now), *late_looks(progress, capabilities, now))
    ]
    return min(choices, key=lambda choice: choice.due or now, default=_NOTHING)


def candidates(progress: Progress, capabilities: ServiceCapabilities, now: datetime) -> Iterator[NextAction]:
    """All that could be done for an application, the most urgent first, whenever it falls due."""
    yield from _money(progress, capabilities, now)
    if progress.is_filed and (progress.state in tables.AT_THE_AGENCY or progress.state is S.AWAITING_PAYMENT):
        yield from _at_the_agency(progress, capabilities)
    elif progress.state is S.SUBMISSION_UNKNOWN:
        yield from _unknown(capabilities)
    elif progress.state is S.DELIVERED:
        yield from _delivered(progress, capabilities)
    elif _stops_nothing(progress.hold):
        yield from _before_filing(progress, capabilities)


def _stops_nothing(hold: Hold | None) -> bool:
    """Whether an application goes on by itself."""
    return hold is None or hold.party is Party.AGENCY or hold.tries_on


def _timed(progress: Progress, choice: NextAction, now: datetime) -> NextAction:
    assert choice.operation is not None  # noqa: S101 - a candidate names an operation
    not_before = progress.backoff(choice.operation, choice.subject).not_before
    due = max(one for one in (now, not_before, choice.due) if one is not None)
    return NextAction(operation=choice.operation, due=due, payment=choice.payment, deliverable=choice.deliverable)


def _money(progress: Progress, capabilities: ServiceCapabilities, now: datetime) -> Iterator[NextAction]:
    for payment in reversed(progress.payments):
        asks = payment.state in tables.MONEY_ASKED_ABOUT or awaits_word(progress, payment, now)
        if asks and capabilities.offers(Operation.QUERY_PAYMENT):
            yield NextAction(Operation.QUERY_PAYMENT, payment=payment.id)
        if _may_complete(progress, capabilities, payment, now):
            yield NextAction(Operation.COMPLETE_PAYMENT, payment=payment.id)
        if _may_announce_again(progress, capabilities, payment, now):
            yield NextAction(Operation.START_PAYMENT, payment=payment.id)
        if payment.state in {P.REFUND_REQUESTED, P.REFUND_PENDING} and capabilities.offers(Operation.REFUND_PAYMENT):
            yield NextAction(Operation.REFUND_PAYMENT, due=_refund_due(capabilities, payment), payment=payment.id)


def _refund_due(capabilities: ServiceCapabilities, payment: Payment) -> datetime | None:
    """When an order that has no number is repeated, if not at once: where the gateway is asked first if it has it."""
    asks_by_number = payment.refund_reference is not None
    if payment.refund_ordered_at is None or asks_by_number or capabilities.repeats(Operation.REFUND_PAYMENT):
        return None
    return payment.refund_ordered_at + timedelta(seconds=capabilities.lookup_grace)


def late_looks(progress: Progress, capabilities: ServiceCapabilities, now: datetime) -> Iterator[NextAction]:
    """Questions about payments of which the gateway has spoken, in case it says something else by and by."""
    if not capabilities.offers(Operation.QUERY_PAYMENT):
        return
    for payment in progress.payments:
        due = next_look_at(payment)
        if due is None or payment.moved_at is None:
            continue
        if not _is_given_up(progress, payment, payment.moved_at, now):
            yield NextAction(Operation.QUERY_PAYMENT, due=due, payment=payment.id)


def awaits_word(progress: Progress, payment: Payment, now: datetime) -> bool:
    """Whether the gateway is asked about a payment because a message named it, until it has said its final word."""
    named_at = payment.noticed_at
    if named_at is None or payment.state is P.QUOTED:
        return False
    return payment.state in tables.MONEY_ASKED_ABOUT or not _is_given_up(progress, payment, named_at, now)


def _is_given_up(progress: Progress, payment: Payment, since: datetime, now: datetime) -> bool:
    in_vain = progress.backoff(Operation.QUERY_PAYMENT, payment.id).failures
    return in_vain >= LATE_LOOKS_IN_VAIN and now - since >= LATE_LOOKS_END


def next_look_at(payment: Payment) -> datetime | None:
    """When the gateway is asked again about a payment of which it has spoken, aware UTC; ``None`` if never."""
    spoke, asked = payment.moved_at, payment.asked_at
    if spoke is None:
        return None
    return next((spoke + after for after in _looks_after(payment) if asked is None or spoke + after > asked), None)


def _looks_after(payment: Payment) -> tuple[timedelta, ...]:
    if payment.state in _MONEY_AT_REST:
        return SECOND_CAPTURE_LOOKS
    knew_of_it = payment.announced_at is not None
    return LATE_CAPTURE_LOOKS if payment.state in tables.MONEY_NOT_TAKEN and knew_of_it else ()


def may_be_captured_late(progress: Progress, capabilities: ServiceCapabilities, now: datetime) -> bool:
    """Whether the gateway is to be asked again about a payment for which it took nothing."""
    unpaid = {payment.id for payment in progress.payments if payment.state in tables.MONEY_NOT_TAKEN}
    return any(look.payment in unpaid for look in late_looks(progress, capabilities, now))


def _may_complete(progress: Progress, capabilities: ServiceCapabilities, payment: Payment, now: datetime) -> bool:
    """Whether the money that the payer has agreed to give is taken: while it is wanted, at the price that holds."""
    quote = progress.quote
    return (
        payment.state is P.AUTHORISED
        and payment.reference is not None
        and capabilities.offers(Operation.COMPLETE_PAYMENT)
        and progress.state is S.AWAITING_PAYMENT
        and not progress.withdrawal_wanted
        and progress.withdrawal_lost_at is None
        and not progress.is_paid(payment.stage)
        and not _awaits_word_of_another(progress, payment, now)
        and quote is not None
        and quote.id == payment.quote
        and not quote.is_expired(now)
    )


def _awaits_word_of_another(progress: Progress, payment: Payment, now: datetime) -> bool:
    """Whether a message named another payment of the same stage, which may turn out to be paid: it is asked first."""
    others = (one for one in progress.payments if one.stage == payment.stage and one.id != payment.id)
    return any(awaits_word(progress, one, now) for one in others)


def _may_announce_again(
    progress: Progress, capabilities: ServiceCapabilities, payment: Payment, now: datetime
) -> bool:
    """Whether a payment whose announcement was lost is announced once more, with its key."""
    quote, again = progress.quote, IntendedWrite(Operation.START_PAYMENT, price_to_come(progress, capabilities))
    return (
        payment.state is P.UNKNOWN
        and payment.reference is None
        and capabilities.repeats(Operation.START_PAYMENT)
        and progress.backoff(Operation.QUERY_PAYMENT, payment.id).failures > 0
        and not progress.withdrawal_wanted
        and quote is not None
        and quote.id == payment.quote
        and not quote.is_expired(now)
        and unmet_consent(progress, again, now) is None
    )


def _before_filing(progress: Progress, capabilities: ServiceCapabilities) -> Iterator[NextAction]:
    match progress.state:
        case S.DRAFT if progress.eligibility is None and capabilities.offers(Operation.ELIGIBILITY):
            yield NextAction(Operation.ELIGIBILITY)
        case S.DRAFT if progress.quote is None and capabilities.offers(Operation.QUOTE):
            yield NextAction(Operation.QUOTE)
        case S.AWAITING_PAYMENT if may_start_payment(progress, capabilities):
            yield _start_payment(progress)
        case S.READY if capabilities.offers(Operation.SUBMIT):
            yield NextAction(Operation.SUBMIT)


def _unknown(capabilities: ServiceCapabilities) -> Iterator[NextAction]:
    """Look it up; the same key again only where there is no looking up and the agency honours it."""
    if capabilities.offers(Operation.FIND):
        yield NextAction(Operation.FIND)
    elif capabilities.repeats(Operation.SUBMIT):
        yield NextAction(Operation.SUBMIT)


def _at_the_agency(progress: Progress, capabilities: ServiceCapabilities) -> Iterator[NextAction]:
    hold = progress.hold
    may_write = _stops_nothing(hold) or (
        hold is not None and hold.lets_citizen_act and not hold.code.startswith(CONSENT_HOLD)
    )
    tells = progress.withdrawal_wanted and capabilities.offers(Operation.WITHDRAW)
    if may_write and tells and not progress.payment_in(P.UNKNOWN):
        yield NextAction(Operation.WITHDRAW)
    elif may_write and progress.correction_ready and capabilities.offers(Operation.ANSWER_CORRECTION):
        yield NextAction(Operation.ANSWER_CORRECTION)
    elif may_write and progress.booking_in("wanted") and capabilities.offers(Operation.BOOK_SLOT):
        yield NextAction(Operation.BOOK_SLOT)
    if progress.state is S.AWAITING_PAYMENT and _stops_nothing(hold):
        yield from _fee(progress, capabilities)
    yield from _advice(progress, capabilities)
    yield from _deliverables(progress, capabilities)
    yield from _status(progress, capabilities)


def _fee(progress: Progress, capabilities: ServiceCapabilities) -> Iterator[NextAction]:
    if progress.is_paid(progress.stage) or progress.withdrawal_wanted:
        return
    if progress.quote is None:
        if capabilities.offers(Operation.QUOTE):
            yield NextAction(Operation.QUOTE)
    elif may_start_payment(progress, capabilities):
        yield _start_payment(progress)


def _delivered(progress: Progress, capabilities: ServiceCapabilities) -> Iterator[NextAction]:
    yield from _advice(progress, capabilities)
    yield from _deliverables(progress, capabilities)
    if any(p.state in tables.MONEY_TAKEN and p.state is not P.CONFIRMED for p in progress.payments):
        yield from _status(progress, capabilities)


def _start_payment(progress: Progress) -> NextAction:
    announced = progress.payment_in(P.QUOTED)
    return NextAction(Operation.START_PAYMENT, payment=announced.id if announced is not None else None)


def _advice(progress: Progress, capabilities: ServiceCapabilities) -> Iterator[NextAction]:
    """Inform the agency of captured money; after a lost answer only where twice is once."""
    if not capabilities.offers(Operation.ADVISE_PAYMENT):
        return
    for payment in progress.payments:
        advice_lost = payment.advice_lost_at is not None and not capabilities.repeats(Operation.ADVISE_PAYMENT)
        if payment.state in {P.CAPTURED, P.ADVISED} and not advice_lost:
            yield NextAction(Operation.ADVISE_PAYMENT, payment=payment.id)


def _deliverables(progress: Progress, capabilities: ServiceCapabilities) -> Iterator[NextAction]:
    if capabilities.offers(Operation.DELIVERABLE):
        yield from (
            NextAction(Operation.DELIVERABLE, deliverable=deliverable)
            for deliverable in progress.deliverables_to_fetch()
        )


def _status(progress: Progress, capabilities: ServiceCapabilities) -> Iterator[NextAction]:
    """Ask, until the agency says that it will say nothing more."""
    done = progress.status is not None and progress.status.final
    if capabilities.offers(Operation.STATUS) and progress.is_filed and not done:
        yield NextAction(Operation.STATUS)
