"""The table of payments: what the journals say of them, for questions across applications."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, update

from nagorik.model.application import Consent
from nagorik.model.status import PaymentState
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import payments
from nagorik_platform.lifecycle import Event, Payment, Progress
from nagorik_platform.lifecycle.events import ConsentGiven, Opened, PaymentMoved, PaymentOpened, RefundLost

_KNOWN: Final = ("captured_known_at", "refunded_known_at")
_INSTANTS: Final = ("captured_at", "refund_requested_at", "refund_ordered_at", "refunded_at")
_OPENED: Final = insert(payments)
_CHANGED: Final = update(payments).where(payments.c.id == bindparam("payment"))
_MOVED: Final = _CHANGED.values(
    {at: func.coalesce(payments.c[at], bindparam(f"new_{at}", type_=payments.c[at].type)) for at in _KNOWN}
)


def record(transaction: Transaction, progress: Progress, events: Sequence[Event]) -> None:
    """Write what new ``events`` of an application, whose ``progress`` has them, change of its payments."""
    for event in events:
        match event:
            case PaymentOpened():
                state = {"state": progress.payment(event.payment).state.value, "updated_at": event.at}
                transaction.connection.execute(_OPENED, _opened(progress.id, event, progress.consent) | state)
            case PaymentMoved():
                moved = {"payment": event.payment, **_moved(progress.payment(event.payment), event.at)}
                moved |= {f"new_{at}": known for at, known in _known(event).items()}
                transaction.connection.execute(_MOVED, moved)
            case RefundLost():
                lost = {"payment": event.payment, "refund_ordered_at": event.at}
                transaction.connection.execute(_CHANGED, lost)
            case _:
                pass


def rows_of(progress: Progress, events: Iterable[Event]) -> list[dict[str, Any]]:
    """All rows that follow from an application's whole journal, in the order of their keys."""
    opened: dict[str, dict[str, Any]] = {}
    latest: Consent | None = None
    for event in events:
        match event:
            case Opened(consent=Consent() as consent) | ConsentGiven(consent=consent):
                latest = consent
            case PaymentOpened():
                known = dict.fromkeys(_KNOWN)
                opened[event.payment] = _opened(progress.id, event, latest) | known | {"updated_at": event.at}
            case PaymentMoved():
                row = opened[event.payment]
                row |= {at: row[at] or known for at, known in _known(event).items()} | {"updated_at": event.at}
            case _:
                pass
    return [row | _moved(progress.payment(name), row["updated_at"]) for name, row in sorted(opened.items())]


def centre_of(acting: str) -> str:
    """The first part of an id that acts for citizens: ``centre-0042`` of ``centre-0042/operator-7``."""
    return acting.partition("/")[0]


def _opened(application: str, event: PaymentOpened, consent: Consent | None) -> dict[str, Any]:
    acting = consent.acting if consent is not None else None
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
    """When the host learned, if by this event, that money was taken, and that it was given back."""
    is_taken = event.captured_at is not None or event.to is PaymentState.CAPTURED
    is_back = event.to is PaymentState.REFUNDED
    return dict(zip(_KNOWN, (event.at if is_taken else None, event.at if is_back else None), strict=True))


def _moved(payment: Payment, at: datetime) -> dict[str, Any]:
    return {
        "state": payment.state.value,
        "taken_poisha": payment.taken.poisha if payment.taken is not None else None,
        "updated_at": at,
        **{name: getattr(payment, name) for name in _INSTANTS},
    }
