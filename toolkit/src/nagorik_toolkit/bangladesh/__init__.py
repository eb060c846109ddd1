"""National data of Bangladesh: ages and dates as written, working days, areas, land, honorifics, numbers and words.

Importing this package reads no file and no library of data; those are read when first asked for.
"""

from nagorik_toolkit.bangladesh.areas import (
    Area,
    AreaKind,
    area,
    districts,
    divisions,
    find_district,
    find_division,
    find_upazila,
    read_postcode,
    upazilas,
)
from nagorik_toolkit.bangladesh.calendar import DayOverride, FiscalYear, WorkingCalendar
from nagorik_toolkit.bangladesh.dates import (
    DateStyle,
    DayMonthYear,
    IsoDay,
    WrittenDay,
    age_at,
    age_on,
    format_date,
    parse_date,
    years_after,
)
from nagorik_toolkit.bangladesh.honorifics import possibly_same
from nagorik_toolkit.bangladesh.numbers import LandArea, PassportNumber
from nagorik_toolkit.bangladesh.words import amount_in_words, number_in_words

__all__ = [
    "Area",
    "AreaKind",
    "DateStyle",
    "DayMonthYear",
    "DayOverride",
    "FiscalYear",
    "IsoDay",
    "LandArea",
    "PassportNumber",
    "WorkingCalendar",
    "WrittenDay",
    "age_at",
    "age_on",
    "amount_in_words",
    "area",
    "districts",
    "divisions",
    "find_district",
    "find_division",
    "find_upazila",
    "format_date",
    "number_in_words",
    "parse_date",
    "possibly_same",
    "read_postcode",
    "upazilas",
    "years_after",
]
