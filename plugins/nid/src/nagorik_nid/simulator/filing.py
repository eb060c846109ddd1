"""Reading what is filed, and refusing what is wrong with it, field by field [X]."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from nagorik.bangladesh import Money, NationalDataError, dhaka_date, dhaka_zone
from nagorik_nid.simulator.envelope import Refusal, text_in
from nagorik_nid.simulator.register import is_number

TYPES: Final = ("NEW_VOTER", "CORRECTION", "REISSUE", "MIGRATION")
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
    kind = one_of(content, "type", TYPES)
    birth_date = read_birth_date(content, now)
    nid = read_number(content, kind)
    if len(nid) == _FULL and int(nid[:_YEAR]) != birth_date.year:
        raise Refusal(400, "dob", "does not match the NID number")
    changes = content.get("changes") or []
    if not isinstance(changes, list) or not all(_is_change(change) for change in changes):
        raise Refusal(400, "changes", "a list of {field, to} is expected")
    if kind == "CORRECTION" and not changes:
        raise Refusal(400, "changes", "nothing to correct")
    documents = content.get("documents") or []
    if not isinstance(documents, list) or not all(_is_document(document) for document in documents):
        raise Refusal(400, "documents", "a list of {kind, sha256} is expected")
    return Filing(
        kind=kind,
        nid=nid,
        birth_date=birth_date,
        delivery=one_of(content, "delivery", DELIVERIES, default="REGULAR"),
        collection=one_of(content, "collection", COLLECTIONS, default="DOWNLOAD"),
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


def read_birth_date(content: Mapping[str, Any], now: datetime) -> date:
    """The date of birth, which is before today in Dhaka.

    Raises:
        Refusal: 400.
    """
    try:
        day = date.fromisoformat(text_in(content, "dob"))
    except ValueError:
        raise Refusal(400, "dob", "YYYY-MM-DD is expected") from None
    if day >= dhaka_date(now):
        raise Refusal(400, "dob", "is not in the past")
    return day


def read_amount(content: Mapping[str, Any]) -> Money:
    """The amount of a payment, in taka with two places.

    Raises:
        Refusal: 400.
    """
    try:
        return Money.taka(text_in(content, "amount"))
    except NationalDataError:
        raise Refusal(400, "amount", "taka with two places are expected") from None


def read_paid_at(content: Mapping[str, Any], now: datetime) -> datetime:
    """When it was paid: RFC 3339, or DD/MM/YYYY HH:MM on the clocks in Dhaka.

    Raises:
        Refusal: 400.
    """
    written = text_in(content, "paidAt")
    try:
        instant = (
            datetime.strptime(written, "%d/%m/%Y %H:%M").replace(tzinfo=dhaka_zone())
            if "/" in written
            else datetime.fromisoformat(written)
        )
    except ValueError:
        raise Refusal(400, "paidAt", "RFC 3339 or DD/MM/YYYY HH:MM is expected") from None
    if instant.utcoffset() is None:
        raise Refusal(400, "paidAt", "an offset from UTC is expected")
    if instant > now:
        raise Refusal(400, "paidAt", "is in the future")
    return instant.astimezone(UTC)


def one_of(content: Mapping[str, Any], field: str, choices: tuple[str, ...], default: str | None = None) -> str:
    """A word out of a closed list.

    Raises:
        Refusal: 400.
    """
    word = text_in(content, field, required=default is None) or default
    if word not in choices:
        raise Refusal(400, field, f"one of {', '.join(choices)} is expected")
    return word


def _is_change(change: object) -> bool:
    return isinstance(change, dict) and isinstance(change.get("field"), str) and isinstance(change.get("to"), str)


def _is_document(document: object) -> bool:
    return isinstance(document, dict) and isinstance(document.get("kind"), str)
