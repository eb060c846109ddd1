"""What the journal says of payments, quotes and consents, in tables for whoever asks across applications.

They follow from the journal and are written with it.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, insert, update

from nagorik.model.application import Consent
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import consents, payments, quotes
from nagorik_platform.lifecycle import Event, Progress
from nagorik_platform.lifecycle.events import ConsentGiven, Opened, PaymentMoved, PaymentOpened, QuoteReceived

TABLES: Final = (consents, payments, quotes)

_QUOTE: Final = insert(quotes)
_PAYMENT: Final = insert(payments)
_PAYMENT_MOVED: Final = update(payments).where(payments.c.id == bindparam("payment"))
_CONSENT: Final = insert(consents)


def record(transaction: Transaction, progress: Progress, events: Sequence[Event], *, after: int) -> None:
    """Write down what ``events``, which follow the journal's ``after``-th entry, change besides the row."""
    for entry, event in enumerate(events, after + 1):
        match event:
            case Opened(consent=Consent() as consent) | ConsentGiven(consent=consent):
                _consent(transaction, progress.id, entry, consent)
            case QuoteReceived(quote=quote):
                transaction.connection.execute(
                    _QUOTE,
                    {
                        "application": progress.id,
                        "entry": entry,
                        "quote": quote.id,
                        "stage": quote.stage,
                        "poisha": quote.total.poisha,
                        "currency": quote.total.currency,
                        "received_at": event.at,
                        "expires_at": quote.expires_at,
                    },
                )
            case PaymentOpened():
                transaction.connection.execute(
                    _PAYMENT,
                    {
                        "id": event.payment,
                        "application": progress.id,
                        "gateway": event.gateway,
                        "stage": event.stage,
                        "quote": event.quote,
                        "poisha": event.amount.poisha,
                        "currency": event.amount.currency,
                        "opened_at": event.at,
                        "state": progress.payment(event.payment).state.value,
                        "updated_at": event.at,
                    },
                )
            case PaymentMoved():
                _payment(transaction, progress, event)
            case _:
                pass


def _consent(transaction: Transaction, application: str, entry: int, consent: Consent) -> None:
    transaction.connection.execute(
        _CONSENT,
        {
            "application": application,
            "entry": entry,
            "service": consent.service,
            "scope": ",".join(sorted(consent.operations)),
            "ceiling_poisha": consent.fee_ceiling.poisha,
            "currency": consent.fee_ceiling.currency,
            "given_at": consent.given_at,
            "expires_at": consent.expires_at,
            "acting": consent.acting,
        },
    )


def _payment(transaction: Transaction, progress: Progress, event: PaymentMoved) -> None:
    payment = progress.payment(event.payment)
    transaction.connection.execute(
        _PAYMENT_MOVED,
        {
            "payment": payment.id,
            "state": payment.state.value,
            "taken_poisha": payment.taken.poisha if payment.taken is not None else None,
            "captured_at": payment.captured_at,
            "updated_at": event.at,
        },
    )
