"""How often a payment's receipt was printed: the holder of a copy shall see that it is not the first."""

from datetime import datetime

from sqlalchemy import func, insert, select

from nagorik_counter.schema import receipt_prints
from nagorik_host.store.database import Transaction


def record_print(transaction: Transaction, application: str, payment: str, at: datetime) -> int:
    """Record a print before it is made, and return which it is, counted from 1.

    A print that fails afterwards counts, so that two first prints never exist. The caller has the application's row
    locked.
    """
    printed = select(func.count()).select_from(receipt_prints).where(receipt_prints.c.payment == payment)
    copy = transaction.connection.execute(printed).scalar_one() + 1
    row = {"payment": payment, "copy": copy, "application": application, "at": at}
    transaction.connection.execute(insert(receipt_prints).values(**row))
    transaction.record_row(receipt_prints, payment, copy, at=at)
    return copy
