"""How often a payment's receipt was printed: whoever holds a second one is to see that it is not the first."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import func, insert, select

from nagorik_counter.schema import receipt_prints
from nagorik_host.store.database import Transaction


def count_prints(transaction: Transaction, payment: str) -> int:
    """How often the payment's receipt was printed so far."""
    return (
        transaction.connection.scalar(
            select(func.count()).select_from(receipt_prints).where(receipt_prints.c.payment == payment)
        )
        or 0
    )


def record_print(transaction: Transaction, application: str, payment: str, at: datetime) -> int:
    """Keep that a receipt is printed, before it is; which copy it is, counted from 1.

    Where it is not printed after all, the next one is called a copy all the same: never are there two first prints.
    The caller has the application's row locked.
    """
    identity, copy = str(uuid4()), count_prints(transaction, payment) + 1
    transaction.connection.execute(
        insert(receipt_prints).values(id=identity, application=application, payment=payment, copy=copy, at=at)
    )
    transaction.record_row(receipt_prints, identity, at=at)
    return copy
