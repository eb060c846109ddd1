"""The platform's ids of payments as SSLCommerz takes them: its ``tran_id`` has at most 30 characters, a UUID has 36.

A UUID travels as the 26 characters of its Base32 (RFC 4648, without padding): every bit of it, and neither case nor
any sign that something on the way might change. An id of another shape travels as it is where it is too short to be
taken for one of those.
"""

import base64
import re
from typing import Final
from uuid import UUID

_LENGTH: Final = 26
"""Characters of 128 bits in Base32."""
_BASE32: Final = re.compile(r"[A-Z2-7]{26}")
_SHORT: Final = re.compile(r"[A-Za-z0-9._-]{1,25}")
_REFUND: Final = "RFND"
"""Before the transaction id; together no more than 30 characters."""


def to_tran_id(payment: str) -> str:
    """A payment's ``tran_id``.

    Raises:
        ValueError: It is neither a UUID in its usual form nor 1 to 25 ASCII letters, digits, dots, hyphens and
            underscores.
    """
    try:
        identity = UUID(payment)
    except ValueError:
        identity = None
    if identity is not None and str(identity) == payment:
        return base64.b32encode(identity.bytes).decode("ascii").rstrip("=")
    if _SHORT.fullmatch(payment):
        return payment
    raise ValueError("the payment's id cannot be sent as a tran_id")


def to_payment(tran_id: str) -> str:
    """The payment that a ``tran_id`` was made from.

    Raises:
        ValueError: It was made from none.
    """
    if len(tran_id) == _LENGTH:
        if _BASE32.fullmatch(tran_id):
            payment = str(UUID(bytes=base64.b32decode(tran_id + "======")))
            # The last character has two bits to spare: only one of four spellings is ours.
            if to_tran_id(payment) == tran_id:
                return payment
    elif _SHORT.fullmatch(tran_id):
        return tran_id
    raise ValueError("no payment has this tran_id")


def to_refund_trans_id(payment: str) -> str:
    """The ``refund_trans_id`` of the one refund of a payment: the same however often it is ordered.

    Raises:
        ValueError: As ``to_tran_id``.
    """
    return _REFUND + to_tran_id(payment)
