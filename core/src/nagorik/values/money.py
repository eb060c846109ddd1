"""Amounts of money as whole poisha, and amounts in writing."""

import re
from decimal import Context, Decimal
from typing import Final, Literal, Self

from pydantic import Field, StrictInt, field_validator

from nagorik.privacy import SelfCheckedValue
from nagorik.values.sentences import NationalDataError
from nagorik.values.text import refuse_invisible, to_ascii_digits, to_bangla_digits

_LONGEST_AMOUNT: Final = 40
_AMOUNT: Final = re.compile(
    r"(?P<units>[0-9]+|[0-9]{1,3}(,[0-9]{3})+|[0-9]{1,2}(,[0-9]{2})*,[0-9]{3})(\.(?P<hundredths>[0-9]+))?"
)
_MARKS: Final = {
    "BDT": re.compile(
        r"((৳|Tk|Taka|BDT|টাকা|টাঃ)[.:]?)?\s*(?P<amount>[0-9.,]+?)"
        r"\s*(/[-=])?\s*(৳|Tk\.?|Taka|BDT|টাকা)?\s*((মাত্র|only)[.।]?)?",
        re.IGNORECASE,
    ),
    "USD": re.compile(r"(?P<before>US\$|\$|USD)?\s*(?P<amount>[0-9.,]+?)\s*(?P<after>USD)?", re.IGNORECASE),
}
_PLACES: Final = 2


def format_taka(money: "Money", lang: Literal["en", "bn"] = "en") -> str:
    """``1,23,45,678.50`` in English, ``১,২৩,৪৫,৬৭৮.৫০ ৳`` in Bangla; always two places.

    Raises:
        NationalDataError: ``money.currency`` for an amount that is not in BDT.
    """
    if money.currency != "BDT":
        raise NationalDataError("money.currency")
    units, hundredths = money.plain().split(".")
    written = f"{group_by_lakh(units)}.{hundredths}"
    return written if lang == "en" else f"{to_bangla_digits(written)} ৳"


def group_by_lakh(digits: str) -> str:
    """ASCII ``digits`` with a comma before the last three and before every two in front of them."""
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    return ",".join([*reversed(pairs), tail])


def read_amount(text: object, currency: Literal["BDT", "USD"]) -> int:
    """The hundredths in a written amount; grouping is by lakh or by thousand throughout, or absent.

    Raises:
        NationalDataError: ``money.text`` where it could only be guessed, ``money.too-precise`` beyond two places;
            ``invisible.*``.
    """
    if not isinstance(text, str) or len(text) > _LONGEST_AMOUNT:
        raise NationalDataError("money.text")
    written = to_ascii_digits(text).strip()
    refuse_invisible(written)
    marked = _MARKS[currency].fullmatch(written)
    found = marked and _AMOUNT.fullmatch(marked["amount"])
    if not found:
        raise NationalDataError("money.text")
    hundredths = found["hundredths"] or ""
    if len(hundredths) > _PLACES:
        raise NationalDataError("money.too-precise")
    return int(found["units"].replace(",", "")) * 100 + int(hundredths.ljust(_PLACES, "0"))


Currency = Literal["BDT", "USD"]
"""US dollars are what missions abroad charge in."""

MAX_POISHA: Final = 10**15 - 1
"""Just under ten trillion taka; every amount is exact in JSON readers that know only doubles."""

_MINOR: Final = 100
_EXACT: Final = Context(prec=60)
"""Wider than any amount; a longer ``Decimal`` is not one."""


class Money(SelfCheckedValue):
    """An amount of zero or more, in hundredths of its currency: poisha for BDT, cents for USD.

    A refund is a positive amount that goes the other way, so there is no negative ``Money``.
    """

    poisha: StrictInt = Field(description="Hundredths of the currency, 0 to 999,999,999,999,999.")
    currency: Currency = Field(default="BDT", description="ISO 4217 code.")

    @field_validator("poisha", mode="before")
    @classmethod
    def _check(cls, value: object) -> int:
        try:
            return _whole(value)
        except NationalDataError as error:
            raise error.for_pydantic() from None

    @classmethod
    def taka(cls, amount: str | int | Decimal) -> Self:
        """An amount in taka: ``518``, ``Decimal("518.5")`` or ``"518.00"``; text may be grouped.

        Raises:
            NationalDataError: ``money.*``; floats, booleans, negative amounts and fractions of a poisha are refused.
        """
        return cls.of(amount, "BDT")

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: Currency) -> Self:
        """An amount in whole units of ``currency``; reads and refuses what ``taka`` does."""
        if isinstance(amount, str):
            return cls(poisha=_whole(read_amount(amount, currency)), currency=currency)
        if isinstance(amount, Decimal):
            return cls(poisha=_exact(amount), currency=currency)
        return cls(poisha=_whole(_integer(amount) * _MINOR), currency=currency)

    @classmethod
    def parse(cls, text: object, currency: Currency = "BDT") -> Self:
        """Read an amount as people write it: Bangla or ASCII digits, lakh or thousand grouping, ৳, Tk, টাকা, /=, মাত্র.

        Raises:
            NationalDataError: ``money.text`` and ``money.too-precise``; ``money.negative`` and ``money.too-large``.
        """
        return cls(poisha=_whole(read_amount(text, currency)), currency=currency)

    def __add__(self, other: "Money") -> Self:
        """The sum; ``money.currency`` where the currencies differ."""
        return self._with(self.poisha + self._same(other))

    def __sub__(self, other: "Money") -> Self:
        """The rest; ``money.negative`` where ``other`` is larger."""
        return self._with(self.poisha - self._same(other))

    def __mul__(self, count: int) -> Self:
        """The price of ``count`` pieces, 0 or more."""
        return self._with(self.poisha * _whole(count))

    __rmul__ = __mul__

    def __lt__(self, other: "Money") -> bool:
        return self.poisha < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.poisha <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.poisha > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.poisha >= self._same(other)

    def as_decimal(self) -> Decimal:
        """The amount in whole units, with two places: ``Decimal("518.00")``."""
        return Decimal(self.plain())

    def plain(self) -> str:
        """The amount as machines read it, ``518.00``: ASCII digits, a point, two places, no grouping."""
        return f"{self.poisha // _MINOR}.{self.poisha % _MINOR:02d}"

    def __str__(self) -> str:
        return f"{self.plain()} {self.currency}"

    def _with(self, poisha: int) -> Self:
        return type(self)(poisha=_whole(poisha), currency=self.currency)

    def _same(self, other: "Money") -> int:
        if not isinstance(other, Money):
            raise NationalDataError("money.not-money")
        if other.currency != self.currency:
            raise NationalDataError("money.currency")
        return other.poisha


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise NationalDataError("money.not-exact-type")
    return value


def _whole(value: object) -> int:
    number = _integer(value)
    if number < 0:
        raise NationalDataError("money.negative")
    if number > MAX_POISHA:
        raise NationalDataError("money.too-large")
    return number


def _exact(amount: Decimal) -> int:
    if not amount.is_finite():
        raise NationalDataError("money.not-exact-type")
    # Compared before the conversion: Decimal("1E+999999999") is an integer of a milliard digits.
    if abs(amount) > MAX_POISHA:
        raise NationalDataError("money.too-large")
    poisha = amount.scaleb(2, _EXACT)
    if poisha != poisha.to_integral_value():
        raise NationalDataError("money.too-precise")
    return _whole(int(poisha))
