"""What a citizen's data are written in: identifiers, text, sentences, money, names and the clocks in Dhaka."""

from nagorik.values.identifiers import BirthRegistrationNumber, Identifier, MobileNumber, Nid, NidKind
from nagorik.values.money import Currency, Money, format_taka
from nagorik.values.names import PersonName
from nagorik.values.sentences import DataWarning, NationalDataError, Text
from nagorik.values.text import (
    clean_line,
    is_ascii_digits,
    looks_like_bijoy,
    looks_replaced,
    match_key,
    normalise,
    to_ascii_digits,
    to_bangla_digits,
)
from nagorik.values.time import dhaka_date, dhaka_time, dhaka_zone, plain_date

__all__ = [
    "BirthRegistrationNumber",
    "Currency",
    "DataWarning",
    "Identifier",
    "MobileNumber",
    "Money",
    "NationalDataError",
    "Nid",
    "NidKind",
    "PersonName",
    "Text",
    "clean_line",
    "dhaka_date",
    "dhaka_time",
    "dhaka_zone",
    "format_taka",
    "is_ascii_digits",
    "looks_like_bijoy",
    "looks_replaced",
    "match_key",
    "normalise",
    "plain_date",
    "to_ascii_digits",
    "to_bangla_digits",
]
