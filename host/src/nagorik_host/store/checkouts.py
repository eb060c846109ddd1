"""Where and how a payment that was begun is paid.

It carries a token of the gateway's: it is sealed by the application's key, is never in the journal, and is dropped as
soon as the gateway, or an officer, has said how the payment ended.
"""

from datetime import datetime
from typing import Annotated, Final

from pydantic import AwareDatetime
from sqlalchemy import bindparam, delete, insert, select

from nagorik import PERSONAL, SECRET, ApplicationState, Model, PaymentStarted, PaymentState, Text
from nagorik_host.store.application_store import StoredApplication
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import checkouts
from nagorik_platform.lifecycle import Progress
from nagorik_platform.lifecycle.tables import MONEY_ASKED_ABOUT

_KEEP: Final = insert(checkouts)
_DROP: Final = delete(checkouts).where(checkouts.c.payment == bindparam("payment_"))
_OF_APPLICATION: Final = select(checkouts.c.payment, checkouts.c.sealed).where(
    checkouts.c.application == bindparam("application_")
)


class Checkout(Model):
    """Where and how a payment is paid."""

    pay_at: Annotated[str | None, SECRET] = None
    """The page of the gateway to go to."""
    instructions: Annotated[Text | None, PERSONAL] = None
    """What the payer does where there is no page."""
    expires_at: AwareDatetime | None = None
    """When the gateway takes no more money for it, where it says so."""


def keep_checkout(transaction: Transaction, stored: StoredApplication, payment: str, started: PaymentStarted) -> None:
    """Keep what the gateway responded, in place of its earlier response to the same payment."""
    checkout = Checkout(pay_at=started.pay_at, instructions=started.instructions, expires_at=started.expires_at)
    transaction.connection.execute(_DROP, {"payment_": payment})
    if checkout == Checkout():
        return
    sealed = stored.key.seal(checkout.model_dump_json().encode(), _label(payment))
    transaction.connection.execute(_KEEP, {"payment": payment, "application": stored.id, "sealed": sealed})


def drop_ended(transaction: Transaction, progress: Progress) -> None:
    """Drop the checkouts of all payments of an application that have ended."""
    for payment in progress.payments:
        drop_if_ended(transaction, progress, payment.id)


def drop_if_ended(transaction: Transaction, progress: Progress, payment: str) -> None:
    """Drop the checkout of a payment, where it has ended by the gateway's or an officer's word."""
    if progress.payment(payment).state not in MONEY_ASKED_ABOUT:
        transaction.connection.execute(_DROP, {"payment_": payment})


def open_checkouts(transaction: Transaction, stored: StoredApplication, at: datetime) -> dict[str, Checkout]:
    """The checkouts that a payer can use at ``at`` (aware), by the payment's id.

    Raises:
        SealBroken: One was changed, or is another payment's.
    """
    progress = stored.progress
    quote = progress.quote
    waiting = {
        payment.id
        for payment in progress.payments
        if payment.state in _WAITS_FOR_PAYER and not progress.is_paid(payment.stage)
        if quote is not None and quote.id == payment.quote and not quote.is_expired(at)
    }
    if not waiting or progress.state is not ApplicationState.AWAITING_PAYMENT or progress.withdrawal_wanted:
        return {}
    rows = transaction.connection.execute(_OF_APPLICATION, {"application_": stored.id})
    sealed = {row.payment: row.sealed for row in rows if row.payment in waiting}
    opened = {payment: stored.key.open(content, _label(payment)) for payment, content in sealed.items()}
    kept = {payment: Checkout.model_validate_json(content) for payment, content in opened.items()}
    return {payment: one for payment, one in kept.items() if one.expires_at is None or at < one.expires_at}


_WAITS_FOR_PAYER: Final = frozenset({PaymentState.INITIATED, PaymentState.PENDING})
"""A payer whose payment is unknown must not be asked to pay once more."""


def _label(payment: str) -> str:
    return f"checkout/{payment}"
