"""bKash's codes: what each of them means, whatever it is the answer to.

The list is the one that bKash publishes (developer.bka.sh/docs/error-codes), as ``bkash-pgw-tokenized`` 1.0.0 carries
it; what follows from a code is this plugin's reading of its sentence. A code that is not listed says nothing.
"""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final


class CodeMeaning(Enum):
    """What bKash says by a code."""

    DONE = auto()
    DECLINED = auto()
    """The payer's wallet, number, code or PIN: no money moved, and none will without another try."""
    CANCELLED = auto()
    NO_SUCH = auto()
    """bKash knows no such payment or transaction."""
    ALREADY = auto()
    """It was done before, by this call or another; only a question tells how it ended."""
    STATE = auto()
    """The payment is not where it would have to be; only a question tells where it is."""
    REFUSED = auto()
    """The request is wrong, or the merchant may not make it: nothing was done."""
    CREDENTIALS = auto()
    UNAVAILABLE = auto()
    """bKash is undergoing maintenance."""
    UNCERTAIN = auto()
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

CREDENTIALS: Final = _BY_MEANING[CodeMeaning.CREDENTIALS]
"""The app key is not known."""
CODES: Final[Mapping[str, CodeMeaning]] = MappingProxyType(
    {code: meaning for meaning, codes in _BY_MEANING.items() for code in codes.split()}
)
"""Every published code."""

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "0000": "Successful",
        "2001": "Invalid App Key",
        "2002": "Invalid Payment ID",
        "2003": "Process failed",
        "2004": "Invalid firstPaymentDate",
        "2005": "Invalid frequency",
        "2006": "Invalid amount",
        "2007": "Invalid currency",
        "2008": "Invalid intent",
        "2009": "Invalid Wallet",
        "2010": "Invalid OTP",
        "2011": "Invalid PIN",
        "2012": "Invalid Receiver MSISDN",
        "2013": "Resend Limit Exceeded",
        "2014": "Wrong PIN",
        "2015": "Wrong PIN count exceeded",
        "2016": "Wrong verification code",
        "2017": "Wrong verification limit exceeded",
        "2018": "OTP verification time expired",
        "2019": "PIN verification time expired",
        "2020": "Exception Occurred",
        "2021": "Invalid Mandate ID",
        "2022": "The mandate does not exist",
        "2023": "Insufficient Balance",
        "2024": "Exception occurred",
        "2025": "Invalid request body",
        "2026": "The reversal amount cannot be greater than the original transaction amount",
        "2027": "The mandate corresponding to the payer reference number already exists and cannot be created again",
        "2028": "Reverse failed because the transaction serial number does not exist",
        "2029": "Duplicate for all transactions",
        "2030": "Invalid mandate request type",
        "2031": "Invalid merchant invoice number",
        "2032": "Invalid transfer type",
        "2033": "Transaction not found",
        "2034": "The transaction cannot be reversed because the original transaction has been reversed",
        "2035": "Reverse failed because the initiator has no permission to reverse the transaction",
        "2036": "The direct debit mandate is not in Active state",
        "2037": "The account of the debit party is in a state which prohibits execution of this transaction",
        "2038": "Debit party identity tag prohibits execution of this transaction",
        "2039": "The account of the credit party is in a state which prohibits execution of this transaction",
        "2040": "Credit party identity tag prohibits execution of this transaction",
        "2041": "Credit party identity is in a state which does not support the current service",
        "2042": "Reverse failed because the initiator has no permission to reverse the transaction.",
        "2043": "The security credential of the subscriber is incorrect.",
        "2044": "Identity has not subscribed to a product that contains the expected "
        "service or the identity is not in Active status.",
        "2045": "The MSISDN of the customer does not exist.",
        "2046": "Identity has not subscribed to a product that contains requested service.",
        "2047": "TLV Data Format Error",
        "2048": "Invalid Payer Reference",
        "2049": "Invalid Merchant Callback URL",
        "2050": "Agreement already exists between payer and merchant",
        "2051": "Invalid Agreement ID",
        "2052": "Agreement is in incomplete state",
        "2053": "Agreement has already been cancelled",
        "2054": "Agreement execution pre-requisite hasn't been met",
        "2055": "Invalid Agreement State",
        "2056": "Invalid Payment State",
        "2057": "Not a bKash Account",
        "2058": "Not a Customer Wallet",
        "2059": "Multiple OTP request for a single session denied",
        "2060": "Payment execution pre-requisite hasn't been met",
        "2061": "This action can only be performed by the agreement or payment initiator party",
        "2062": "The payment has already been completed",
        "2063": "Mode is not valid as per request data",
        "2064": "This product mode currently unavailable",
        "2065": "Mendatory field missing",
        "2066": "Agreement is not shared with other merchant",
        "2067": "Invalid permission",
        "2068": "Transaction has already been completed",
        "2069": "Transaction has already been cancelled",
        "2116": "The agreement execution has already been completed",
        "2117": "The payment execution has already been completed",
        "2118": "The Platform value is invalid",
        "2119": "The authorized payment has already been processed",
        "503": "System is undergoing maintenance. Please try again later",
    }
)
"""Every published code's sentence, its spelling included."""


def meaning_of(code: str | None) -> CodeMeaning:
    """What a code means; none at all is how some successes come."""
    return CodeMeaning.DONE if code is None else CODES.get(code, CodeMeaning.UNCERTAIN)


def word_of(code: str | None) -> str:
    """A code as a reason of this plugin's, ``bkash.2023``; what is in no list is not repeated."""
    return f"bkash.{code}" if code in CODES else "bkash.unknown-code"


def code_in(word: str) -> str | None:
    """The code that ``word_of`` made a reason of; ``None`` for any other reason."""
    code = word.removeprefix("bkash.")
    return code if word_of(code) == word and code in CODES else None
