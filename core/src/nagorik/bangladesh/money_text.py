"""Amounts in writing: South Asian grouping, in either language's digits.

Grouping is three digits, then pairs: 1,23,45,678.50. CLDR says the same for ``bn`` (``#,##,##0.###``, digits
``beng``), so Babel would write the Bangla form; it is not used, because its ``en`` groups by thousands, it has no
strict reader for both groupings, and a dozen lines do not justify a dependency of megabytes. num2words writes
words, which are not needed here.
"""

import re
from typing import TYPE_CHECKING, Final, Literal

from nagorik.bangladesh.digits import to_ascii_digits, to_bangla_digits
from nagorik.bangladesh.errors import NationalDataError

if TYPE_CHECKING:
    from nagorik.bangladesh.money import Money

_LONGEST_INPUT: Final = 40
_AMOUNT: Final = re.compile(
    r"(?P<units>[0-9]+|[0-9]{1,3}(,[0-9]{3})+|[0-9]{1,2}(,[0-9]{2})*,[0-9]{3})(\.(?P<hundredths>[0-9]+))?"
)
_MARKS: Final = {
    "BDT": re.compile(
        r"(?P<before>৳|Tk\.?|BDT)?\s*(?P<amount>[0-9.,]+?)\s*(?P<after>৳|Tk\.?|BDT|টাকা|/-)?", re.IGNORECASE
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
        NationalDataError: ``money.text`` where it cannot be read without guessing, ``money.too-precise`` for
            more than two places.
    """
    if not isinstance(text, str) or len(text) > _LONGEST_INPUT:
        raise NationalDataError("money.text")
    marked = _MARKS[currency].fullmatch(to_ascii_digits(text).strip())
    found = marked and _AMOUNT.fullmatch(marked["amount"])
    if not found:
        raise NationalDataError("money.text")
    hundredths = found["hundredths"] or ""
    if len(hundredths) > _PLACES:
        raise NationalDataError("money.too-precise")
    return int(found["units"].replace(",", "")) * 100 + int(hundredths.ljust(_PLACES, "0"))
