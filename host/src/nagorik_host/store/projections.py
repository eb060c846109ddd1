"""What the journal says of payments, quotes and consents, in tables for whoever asks across applications.

They follow from the journal and are written with it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, select, update

from nagorik.model.application import Consent
from nagorik.model.status import PaymentState
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import consents, payments, quotes
from nagorik_platform.lifecycle import Event, Payment, Progress
from nagorik_platform.lifecycle.events import (
    ConsentGiven,
    Opened,
    PaymentMoved,
    PaymentOpened,
    QuoteReceived,
    RefundLost,
)

TABLES: Final = (consents, payments, quotes)

_QUOTE: Final = insert(quotes)
_LATEST_ACTING: Final = (
    select(consents.c.acting)
    .where(consents.c.application == bindparam("of_application"))
    .order_by(consents.c.entry.desc())
    .limit(1)
)
_PAYMENT: Final = insert(payments)
_KNOWN: Final = ("captured_known_at", "refunded_known_at")
_PAYMENT_MOVED: Final = (
    update(payments)
    .where(payments.c.id == bindparam("payment"))
    .values({at: func.coalesce(payments.c[at], bindparam(f"new_{at}", type_=payments.c[at].type)) for at in _KNOWN})
)
_REFUND_LOST: Final = update(payments).where(payments.c.id == bindparam("payment"))
_CONSENT: Final = insert(consents)


def record(transaction: Transaction, progress: Progress, events: Sequence[Event], *, after: int) -> None:
    """Write down what ``events``, which follow the journal's ``after``-th entry, change besides the row."""
    for entry, event in enumerate(events, after + 1):
        match event:
            case Opened(consent=Consent() as consent) | ConsentGiven(consent=consent):
                transaction.connection.execute(_CONSENT, _consent(progress.id, entry, consent))
            case QuoteReceived():
                transaction.connection.execute(_QUOTE, _quote(progress.id, entry, event))
            case PaymentOpened():
                state = {"state": progress.payment(event.payment).state.value, "updated_at": event.at}
                # The consents before it are written: those of this step, too.
                acting = transaction.connection.scalar(_LATEST_ACTING, {"of_application": progress.id})
                transaction.connection.execute(_PAYMENT, _payment(progress.id, event, acting) | state)
            case PaymentMoved():
                moved = {"payment": event.payment, **_moved(progress.payment(event.payment), event.at)}
                moved |= {f"new_{at}": known for at, known in _known(event).items()}
                transaction.connection.execute(_PAYMENT_MOVED, moved)
            case RefundLost():
                lost = {"payment": event.payment, "refund_ordered_at": event.at}
                transaction.connection.execute(_REFUND_LOST, lost)
            case _:
                pass


def rows_of(progress: Progress, events: Iterable[Event]) -> dict[str, list[dict[str, Any]]]:
    """All rows that follow from an application's whole journal, by table and in the order of their keys."""
    rows: dict[str, list[dict[str, Any]]] = {table.name: [] for table in TABLES}
    opened: dict[str, dict[str, Any]] = {}
    acting: str | None = None
    for entry, event in enumerate(events, 1):
        match event:
            case Opened(consent=Consent() as consent) | ConsentGiven(consent=consent):
                rows[consents.name].append(_consent(progress.id, entry, consent))
                acting = consent.acting
            case QuoteReceived():
                rows[quotes.name].append(_quote(progress.id, entry, event))
            case PaymentOpened():
                known = dict.fromkeys(_KNOWN)
                opened[event.payment] = _payment(progress.id, event, acting) | known | {"updated_at": event.at}
            case PaymentMoved():
                row = opened[event.payment]
                row |= {at: row[at] or known for at, known in _known(event).items()} | {"updated_at": event.at}
            case _:
                pass
    for payment, row in sorted(opened.items()):
        rows[payments.name].append(row | _moved(progress.payment(payment), row["updated_at"]))
    return rows


def _consent(application: str, entry: int, consent: Consent) -> dict[str, Any]:
    return {
        "application": application,
        "entry": entry,
        "service": consent.service,
        "scope": ",".join(sorted(consent.operations)),
        "ceiling_poisha": consent.fee_ceiling.poisha,
        "currency": consent.fee_ceiling.currency,
        "given_at": consent.given_at,
        "expires_at": consent.expires_at,
        "acting": consent.acting,
    }


def _quote(application: str, entry: int, event: QuoteReceived) -> dict[str, Any]:
    quote = event.quote
    return {
        "application": application,
        "entry": entry,
        "quote": quote.id,
        "stage": quote.stage,
        "poisha": quote.total.poisha,
        "currency": quote.total.currency,
        "received_at": event.at,
        "expires_at": quote.expires_at,
    }


def centre_of(acting: str) -> str:
    """The first part of an id that acts for citizens: ``centre-0042`` of ``centre-0042/operator-7``."""
    return acting.partition("/")[0]


def _payment(application: str, event: PaymentOpened, acting: str | None) -> dict[str, Any]:
    return {
        "id": event.payment,
        "application": application,
        "gateway": event.gateway,
        "stage": event.stage,
        "quote": event.quote,
        "poisha": event.amount.poisha,
        "currency": event.amount.currency,
        "opened_at": event.at,
        "acting": acting,
        "centre": centre_of(acting) if acting is not None else None,
    }


def _known(event: PaymentMoved) -> dict[str, datetime | None]:
    """When it was learned, if by this event, that money was taken, and that it was given back."""
    is_taken = event.captured_at is not None or event.to is PaymentState.CAPTURED
    is_back = event.to is PaymentState.REFUNDED
    return dict(zip(_KNOWN, (event.at if is_taken else None, event.at if is_back else None), strict=True))


def _moved(payment: Payment, at: datetime) -> dict[str, Any]:
    return {
        "state": payment.state.value,
        "taken_poisha": payment.taken.poisha if payment.taken is not None else None,
        "captured_at": payment.captured_at,
        "refund_requested_at": payment.refund_requested_at,
        "refund_ordered_at": payment.refund_ordered_at,
        "refunded_at": payment.refunded_at,
        "updated_at": at,
    }
