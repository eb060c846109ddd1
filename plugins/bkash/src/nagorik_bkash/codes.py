"""bKash's codes: what each of them means, whatever it is the answer to.

The list is the one that bKash publishes (developer.bka.sh/docs/error-codes), as ``bkash-pgw-tokenized`` 1.0.0 carries
it; what follows from a code is this plugin's reading of its sentence. A code that is not listed says nothing.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class CodeMeaning(StrEnum):
    """What bKash says by a code."""

    DONE = "done"
    DECLINED = "declined"
    """The payer's wallet, number, code or PIN: no money moved, and none will without another try."""
    CANCELLED = "cancelled"
    NO_SUCH = "no-such"
    """bKash knows no such payment or transaction."""
    ALREADY = "already"
    """It was done before, by this call or another; only a question tells how it ended."""
    STATE = "state"
    """The payment is not where it would have to be; only a question tells where it is."""
    REFUSED = "refused"
    """The request is wrong, or the merchant may not make it: nothing was done."""
    CREDENTIALS = "credentials"
    UNAVAILABLE = "unavailable"
    """bKash is undergoing maintenance."""
    UNCERTAIN = "uncertain"
    """bKash does not know itself, or says what nobody knows."""


_BY_MEANING: Final[Mapping[CodeMeaning, str]] = MappingProxyType(
    {
        CodeMeaning.DONE: "0000",
        CodeMeaning.DECLINED: "2009 2010 2011 2013 2014 2015 2016 2017 2018 2019 2023 2037 2038 2043 2045 2057 "
        "2058 2059",
        CodeMeaning.CANCELLED: "2069",
        CodeMeaning.NO_SUCH: "2002 2028 2033",
        CodeMeaning.ALREADY: "2029 2034 2062 2068 2117 2119",
        CodeMeaning.STATE: "2056 2060",
        CodeMeaning.REFUSED: "2004 2005 2006 2007 2008 2012 2021 2022 2025 2026 2027 2030 2031 2032 2035 2036 2039 "
        "2040 2041 2042 2044 2046 2047 2048 2049 2050 2051 2052 2053 2054 2055 2061 2063 2064 2065 2066 2067 2116 "
        "2118",
        CodeMeaning.CREDENTIALS: "2001",
        CodeMeaning.UNAVAILABLE: "503",
        CodeMeaning.UNCERTAIN: "2003 2020 2024",
    }
)

CREDENTIALS: Final = "2001"
"""The app key is not known."""
CODES: Final[Mapping[str, CodeMeaning]] = MappingProxyType(
    {code: meaning for meaning, codes in _BY_MEANING.items() for code in codes.split()}
)
"""Every published code."""


def meaning_of(code: str | None) -> CodeMeaning:
    """What a code means; none at all is how some successes come."""
    return CodeMeaning.DONE if code is None else CODES.get(code, CodeMeaning.UNCERTAIN)


def word_of(code: str | None) -> str:
    """A code as a reason of this plugin's, ``bkash.2023``; what is in no list is not repeated."""
    return f"bkash.{code}" if code in CODES else "bkash.unknown-code"
