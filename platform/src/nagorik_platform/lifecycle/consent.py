"""Whether the citizen's consent covers what comes next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from nagorik.model.application import ConsentGap
from nagorik.model.fee import Quote, QuoteLine
from nagorik.model.status import ApplicationState as S, PaymentState as P
from nagorik.operations import OPERATIONS, Operation
from nagorik.values import Money
from nagorik_platform.lifecycle.state import Progress, ServiceCapabilities
from nagorik_platform.lifecycle.tables import MONEY_ASKED_ABOUT, MONEY_FOR_A_PERSON, MONEY_TAKEN

CONSENT_HOLD: Final = "consent-"
"""Prefix of the codes of holds that end by another consent, or when consent is no longer needed."""

_FOLLOWS_FROM_PAYING: Final = frozenset(
    {Operation.COMPLETE_PAYMENT, Operation.ADVISE_PAYMENT, Operation.REFUND_PAYMENT}
)
"""Finishing what the payer agreed to or paid for, or giving it back, follows from the consent to pay."""
_SPENDS: Final = frozenset({Operation.START_PAYMENT, Operation.SUBMIT})


class IntendedWrite(NamedTuple):
    """A write that comes next, and what it adds to the spending."""

    operation: Operation
    price: Money | None = None


def unmet_consent(progress: Progress, wanted: IntendedWrite, now: datetime) -> ConsentGap | None:
    """Why the citizen's consent does not cover a write; ``None`` if it does or is not needed."""
    operation = wanted.operation
    if not OPERATIONS[operation].writes or operation in _FOLLOWS_FROM_PAYING:
        return None
    if progress.consent is None:
        return "absent"
    gap = progress.consent.gap(progress.service, operation, now)
    if gap is not None or operation not in _SPENDS:
        return gap
    return _above_ceiling(progress, wanted.price)


def intended_write(progress: Progress, capabilities: ServiceCapabilities) -> IntendedWrite | None:
    """The write that the application is heading for, as far as it needs consent."""
    free = progress.hold is None or progress.hold.tries_on or progress.hold.code.startswith(CONSENT_HOLD)
    if progress.state in {S.DRAFT, S.READY} and free:
        return IntendedWrite(Operation.SUBMIT, price_to_come(progress, capabilities))
    if progress.is_filed and progress.withdrawal_wanted:
        return IntendedWrite(Operation.WITHDRAW)
    if progress.correction_ready:
        return IntendedWrite(Operation.ANSWER_CORRECTION)
    if progress.booking_in("wanted"):
        return IntendedWrite(Operation.BOOK_SLOT)
    if progress.state is S.AWAITING_PAYMENT and free and may_start_payment(progress, capabilities):
        return IntendedWrite(Operation.START_PAYMENT, price_to_come(progress, capabilities))
    return None


def may_start_payment(progress: Progress, capabilities: ServiceCapabilities) -> bool:
    """Whether only the citizen's consent or a person's work keeps the payer from being asked for money."""
    return (
        progress.quote is not None
        and progress.quote.total.poisha > 0
        and not progress.is_paid(progress.quote.stage)
        and not progress.withdrawal_wanted
        and progress.withdrawal_lost_at is None
        and progress.payment_in(*MONEY_ASKED_ABOUT, *MONEY_FOR_A_PERSON) is None
        and capabilities.gateway is not None
        and capabilities.offers(Operation.START_PAYMENT)
    )


def price_to_come(progress: Progress, capabilities: ServiceCapabilities) -> Money | None:
    """The quote in force and the host's charges beside it, if it is not yet among the payments."""
    quote: Quote | None = progress.quote
    if quote is None or progress.is_paid(quote.stage):
        return None
    if any(payment.quote == quote.id and payment.state in {P.QUOTED, P.UNKNOWN} for payment in progress.payments):
        return None
    return price_with_charges(quote.total, charges_to_come(progress, capabilities))


def charges_to_come(progress: Progress, capabilities: ServiceCapabilities) -> tuple[QuoteLine, ...]:
    """The host's charges that the next payment asks for beside its quote, once for an application."""
    quote = progress.quote
    if (
        quote is None
        or quote.total.poisha == 0
        or any(p.charges and p.state in MONEY_TAKEN for p in progress.payments)
    ):
        return ()
    return tuple(line for line in capabilities.charges if line.amount.currency == quote.total.currency)


def price_with_charges(price: Money, charges: Sequence[QuoteLine]) -> Money:
    """What the payer is asked for: the price of a quote and the charges beside it, which are of its currency."""
    return price.model_copy(update={"poisha": price.poisha + sum(line.total.poisha for line in charges)})


def _above_ceiling(progress: Progress, price: Money | None) -> ConsentGap | None:
    ceiling = progress.consent.fee_ceiling if progress.consent is not None else None
    sums = [money for money in (*progress.spending(), price) if money is not None and money.poisha > 0]
    if ceiling is None or any(money.currency != ceiling.currency for money in sums):
        return "fee-ceiling" if sums else None
    return "fee-ceiling" if sum(money.poisha for money in sums) > ceiling.poisha else None
