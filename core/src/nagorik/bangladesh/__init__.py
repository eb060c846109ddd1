"""National data of Bangladesh: identifiers, text, money, dates, working days, areas and names.

Importing this package reads no file and no library of data; those are read when first asked for.
"""

from nagorik.bangladesh.age import age_at, age_on
from nagorik.bangladesh.areas import (
    Area,
    AreaKind,
    area,
    districts,
    divisions,
    find_district,
    find_division,
    find_upazila,
    upazilas,
)
from nagorik.bangladesh.calendar import FiscalYear
from nagorik.bangladesh.dates import DateStyle, format_date, parse_date
from nagorik.bangladesh.days import DayMonthYear, IsoDay, WrittenDay
from nagorik.bangladesh.digits import is_ascii_digits, to_ascii_digits, to_bangla_digits
from nagorik.bangladesh.errors import DataWarning, NationalDataError
from nagorik.bangladesh.identifiers import BirthRegistrationNumber, Identifier, Nid, NidKind
from nagorik.bangladesh.land_area import LandArea
from nagorik.bangladesh.money import Currency, Money, Rounding
from nagorik.bangladesh.money_text import format_taka
from nagorik.bangladesh.names import PersonName
from nagorik.bangladesh.passport import PassportNumber
from nagorik.bangladesh.phone import MobileNumber
from nagorik.bangladesh.postcode import read_postcode
from nagorik.bangladesh.text import clean_line, looks_like_bijoy, looks_replaced, match_key, normalise, text_warnings
from nagorik.bangladesh.time import dhaka_date, dhaka_time, dhaka_zone, plain_date
from nagorik.bangladesh.working_days import DayOverride, WorkingCalendar

__all__ = [
    "Area",
    "AreaKind",
    "BirthRegistrationNumber",
    "Currency",
    "DataWarning",
    "DateStyle",
    "DayMonthYear",
    "DayOverride",
    "FiscalYear",
    "Identifier",
    "IsoDay",
    "LandArea",
    "MobileNumber",
    "Money",
    "NationalDataError",
    "Nid",
    "NidKind",
    "PassportNumber",
    "PersonName",
    "Rounding",
    "WorkingCalendar",
    "WrittenDay",
    "age_at",
    "age_on",
    "area",
    "clean_line",
    "dhaka_date",
    "dhaka_time",
    "dhaka_zone",
    "districts",
    "divisions",
    "find_district",
    "find_division",
    "find_upazila",
    "format_date",
    "format_taka",
    "is_ascii_digits",
    "looks_like_bijoy",
    "looks_replaced",
    "match_key",
    "normalise",
    "parse_date",
    "plain_date",
    "read_postcode",
    "text_warnings",
    "to_ascii_digits",
    "to_bangla_digits",
    "upazilas",
]
