"""Between forms and an agency's wire: times, amounts and responses as agencies write them, and what they are sent.

How they do is collected in docs/reference/agencies.md#wire.

Each type reads the agency's text and writes it again, so that a simulator speaks what the plugin reads.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, GetCoreSchemaHandler, Strict, StrictFloat, StrictInt, StringConstraints
from pydantic_core import CoreSchema, core_schema

from nagorik.errors import FieldProblem, InputRejected, Layer
from nagorik.model.application import DocumentReference
from nagorik.model.status import SlotsRequest
from nagorik.values import (
    Currency,
    Money,
    NationalDataError,
    Nid,
    dhaka_date,
    dhaka_time,
    dhaka_zone,
    to_ascii_digits,
)

_WRITTEN_AMOUNT: Final = re.compile(r"[0-9]+(?:\.[0-9]{1,2})?")
_MOST_DIGITS: Final = 13
"""Digits of whole units in the largest ``Money``."""
_OFFSET: Final = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")
_YES_NO: Final = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class DhakaTime:
    """An instant that an agency writes as the clocks in Dhaka show it, without an offset.

    ``Annotated[datetime, DhakaTime("%d-%b-%Y %H:%M")]`` reads that style and no other, in Bangla or ASCII digits;
    the value is in UTC. Dhaka's summer time of 2009 is counted. Which agencies write so:
    docs/reference/agencies.md#wire.
    """

    style: str

    def read(self, written: object) -> object:
        """The instant; a ``datetime`` is passed on."""
        if isinstance(written, datetime):
            return written
        if not isinstance(written, str):
            raise ValueError(f"a time is written as {self.style}")  # noqa: TRY004 - pydantic takes this one
        shown = to_ascii_digits(written).strip()
        return _in_utc(datetime.strptime(shown, self.style).replace(tzinfo=dhaka_zone()))

    def write(self, instant: datetime) -> str:
        """As the agency writes it."""
        return dhaka_time(instant).strftime(self.style)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read before pydantic does, and write in JSON as it was read."""
        return core_schema.no_info_before_validator_function(
            self.read,
            core_schema.datetime_schema(tz_constraint="aware"),
            serialization=core_schema.plain_serializer_function_ser_schema(
                self.write, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )


def read_instant(written: object, style: re.Pattern[str], *, latest: datetime | None = None) -> datetime:
    """An instant that a payment gateway writes in a style of its own, in UTC; a ``datetime`` is passed on.

    Args:
        written: What it writes.
        style: Matches the whole of it, but for blanks around, in ASCII digits. Its group ``local`` is the time to the
            second in ISO 8601. It may have the groups ``fraction``, digits of a second of which six count, and
            ``offset`` from UTC, such as ``+0600``; what is written without an offset is what the clocks in Dhaka
            show, its summer time of 2009 counted.
        latest: An aware instant; a later one is refused, as nothing is paid in days to come.

    Raises:
        ValueError: It is written otherwise; there is no such time, in the calendar or in UTC; or it is too late.
    """
    if isinstance(written, datetime):
        return written
    found = style.fullmatch(written.strip()) if isinstance(written, str) else None
    if found is None:
        raise ValueError("a time is written in another style")
    parts = found.groupdict()
    local = datetime.fromisoformat(parts["local"]).replace(
        microsecond=int((parts.get("fraction") or "")[:6].ljust(6, "0")),
        tzinfo=_offset(parts["offset"]) if parts.get("offset") else dhaka_zone(),
    )
    instant = _in_utc(local)
    if latest is not None and instant > latest:
        raise ValueError("a time that is still to come")
    return instant


def _offset(written: str) -> timezone:
    found = _OFFSET.fullmatch(written)
    if found is None:
        raise ValueError("an offset is written as +0600")
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-ahead if found[1] == "-" else ahead)


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time that the clocks in UTC cannot show") from None


DhakaSecond = Annotated[datetime, DhakaTime("%Y-%m-%d %H:%M:%S")]
"""``2026-01-31 09:05:00``, as ekPay writes it."""
DhakaMinute = Annotated[datetime, DhakaTime("%d/%m/%Y %H:%M")]
"""``31/01/2026 09:05``."""
DhakaIsoSecond = Annotated[datetime, DhakaTime("%Y-%m-%dT%H:%M:%S")]
"""``2026-01-31T09:05:00``: ISO 8601 without the offset."""


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money as a bare number or text: ``1150``, ``1150.5``, ``"1,150.00"``, ``"১,১৫০"``."""

    currency: Currency = "BDT"

    def read(self, written: object) -> object:
        """The amount; more than two places are refused, and so are true and false."""
        if isinstance(written, str):
            return Money.parse(written, self.currency)
        if isinstance(written, float):
            # JSON has no exact numbers in Python; the shortest text of the double is the text that was sent.
            return Money.of(Decimal(repr(written)), self.currency)
        if isinstance(written, int | Decimal):
            return Money.of(written, self.currency)
        return written

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read in place of ``Money``, and write in JSON as ``1150.00``."""
        return core_schema.no_info_before_validator_function(
            self.read,
            # Not the schema of Money: who maps XML takes a model for an element with elements in it.
            core_schema.is_instance_schema(Money),
            serialization=core_schema.plain_serializer_function_ser_schema(
                Money.plain, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )


TakaAmount = Annotated[Money, Amount()]
DollarAmount = Annotated[Money, Amount("USD")]

WrittenAmount = str | StrictInt | StrictFloat | Annotated[Decimal, Strict()]
"""An amount that is kept as it was written until it is needed: text or a number, and never a truth value."""


@dataclass(frozen=True, slots=True)
class StrictAmount(Amount):
    """An amount that moves money, as payment gateways write it: ``345``, ``"345.0"``, ``"345.00"``, and nothing else.

    It has ASCII digits, a point and two places at most: no sign, blank, grouping, word or exponent. A ``float`` is
    refused: in reading JSON 344.99999999999999999999 has become 345.0 before anybody sees it.
    ``formats.exact_json`` reads such numbers as they are written.

    Attributes:
        currency: What it is in.
        digits: Before the point, at most: 13 are all that ``Money`` holds.
    """

    digits: int = _MOST_DIGITS

    def read(self, written: object) -> Money:
        """The amount, to the poisha.

        Raises:
            ValueError: It is anything else.
        """
        if isinstance(written, Money):
            return written
        if isinstance(written, bool) or not isinstance(written, str | int | Decimal):
            raise ValueError("an amount is text or an exact number")  # noqa: TRY004 - pydantic takes this one
        text = str(written)
        if not _WRITTEN_AMOUNT.fullmatch(text) or len(text.partition(".")[0]) > self.digits:
            raise ValueError(f"an amount has up to {self.digits} ASCII digits, and two places at most")
        return Money.of(Decimal(text), self.currency)


def _yes_no(written: object) -> object:
    if isinstance(written, bool):
        return written
    answer = _YES_NO.get(written.strip().casefold()) if isinstance(written, str) else None
    if answer is None:
        raise ValueError("an answer is true, false, yes or no")
    return answer


BookingNumber = Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=200)]
"""What an agency's counter calls an appointment or a seat by, in ASCII: in Bangla digits it would name another."""

YesNo = Annotated[bool, BeforeValidator(_yes_no)]
"""``true`` or ``false``, or the words true, false, yes, no in any case; nothing else."""


def wire_word(choice: str) -> str:
    """A choice of a form as most agencies write their words: ``SUPER_EXPRESS``."""
    return choice.upper().replace("-", "_")


def filled(details: Mapping[str, Any]) -> dict[str, Any]:
    """What was filled in of ``details``: without the fields that are ``None``."""
    return {name: value for name, value in details.items() if value is not None}


def number_of(nid: Nid, birth_date: date, *, pointer: str = "/form/nid") -> str:
    """An NID number as agencies take it: 10 digits as they are, 13 with the year of birth before them, or 17.

    Raises:
        InputRejected: At ``pointer``: the number is of another year, or none can stand before it.
    """
    try:
        return nid.value if nid.kind == "smart" else nid.full(birth_date).value
    except NationalDataError as error:
        problem = FieldProblem(pointer=pointer, code=error.code, text=error.text)
        raise InputRejected([problem], layer=Layer.PLUGIN) from None


def hashes_of(documents: Iterable[DocumentReference]) -> list[dict[str, str]]:
    """Documents by their kinds and the hashes of their contents."""
    return [{"kind": document.kind, "sha256": document.sha256} for document in documents]


def days_of(request: SlotsRequest, write: Callable[[date], str] = date.isoformat) -> dict[str, str]:
    """The days in Dhaka between which appointments are asked for, ``from`` and ``to``, as the agency writes a day."""
    return {"from": write(dhaka_date(request.earliest)), "to": write(dhaka_date(request.latest))}
