"""National data of Bangladesh that change by the year: ages and dates as written, working days, areas, land, numbers.

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
from nagorik_toolkit.bangladesh.numbers import LandArea, PassportNumber

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
    "area",
    "districts",
    "divisions",
    "find_district",
    "find_division",
    "find_upazila",
    "format_date",
    "parse_date",
    "read_postcode",
    "upazilas",
    "years_after",
]
