"""Reading what is filed, and refusing what is wrong with it, field by field. Modelled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from nagorik import dhaka_date
from nagorik_nid.simulator.register import is_number
from nagorik_testing import Refusal, choice_in, day_in, instant_in, rows_in, text_in

TYPES: Final = ("NEW_VOTER", "CORRECTION", "REISSUE", "RENEWAL", "MIGRATION")
DELIVERIES: Final = ("REGULAR", "URGENT")
COLLECTIONS: Final = ("DOWNLOAD", "OFFICE")

_FULL: Final = 17
_YEAR: Final = 4


@dataclass(frozen=True, slots=True)
class Filing:
    """An application as it is handed in, checked."""

    kind: str
    nid: str
    """Empty for a new voter."""
    birth_date: date
    delivery: str
    collection: str
    fields: tuple[str, ...]
    """What is to be changed."""
    client_reference: str | None


def read_filing(content: Mapping[str, Any], now: datetime) -> Filing:
    """What is filed, at ``now``.

    Raises:
        Refusal: 400, naming the first field that is wrong.
    """
    kind = choice_in(content, "type", TYPES)
    birth_date = day_in(content, "dob")
    if birth_date >= dhaka_date(now):
        raise Refusal(400, "dob", "is not in the past")
    nid = read_number(content, kind)
    if len(nid) == _FULL and int(nid[:_YEAR]) != birth_date.year:
        raise Refusal(400, "dob", "does not match the NID number")
    changes = rows_in(content, "changes", "field", "to")
    if kind == "CORRECTION" and not changes:
        raise Refusal(400, "changes", "nothing to correct")
    rows_in(content, "documents", "kind")
    return Filing(
        kind=kind,
        nid=nid,
        birth_date=birth_date,
        delivery=choice_in(content, "delivery", DELIVERIES, default="REGULAR"),
        collection=choice_in(content, "collection", COLLECTIONS, default="DOWNLOAD"),
        fields=tuple(change["field"] for change in changes),
        client_reference=text_in(content, "clientReference", required=False) or None,
    )


def read_number(content: Mapping[str, Any], kind: str) -> str:
    """The NID number; empty for a new voter, who has none.

    Raises:
        Refusal: 400.
    """
    number = text_in(content, "nid", required=False)
    if kind == "NEW_VOTER":
        if number:
            raise Refusal(400, "nid", "a new voter has no NID number")
        return ""
    if not is_number(number):
        raise Refusal(400, "nid", "10, 13 or 17 digits are expected")
    return number


def read_paid_at(content: Mapping[str, Any], now: datetime) -> datetime:
    """When it was paid: RFC 3339, or DD/MM/YYYY HH:MM on the clocks in Dhaka.

    Raises:
        Refusal: 400.
    """
    instant = instant_in(content, "paidAt", "%d/%m/%Y %H:%M")
    if instant > now:
        raise Refusal(400, "paidAt", "is in the future")
    return instant
