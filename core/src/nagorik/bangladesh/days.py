"""Days of the calendar as fields of a form or of a wire model, each in one style, written as it is read."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from nagorik.bangladesh.dates import DateStyle, format_date, parse_date
from nagorik.bangladesh.errors import NationalDataError

_STYLED: Final = {
    DateStyle.ISO: "date.iso",
    DateStyle.DAY_MONTH_YEAR: "date.day-month-year",
    DateStyle.DAY_NAME_YEAR: "date.day-name-year",
}
_SHAPES: Final = {
    DateStyle.DAY_MONTH_YEAR: r"^[0-9০-৯]{2}/[0-9০-৯]{2}/[0-9০-৯]{4}$",
    DateStyle.DAY_NAME_YEAR: r"^[0-9০-৯]{2}-[A-Za-z]{3}-[0-9০-৯]{4}$",
}


@dataclass(frozen=True, slots=True)
class WrittenDay:
    """``Annotated[date, WrittenDay(style)]`` reads a day in that style only, in Bangla or ASCII digits.

    Numbers, instants and days that do not exist are refused with the codes of ``parse_date``, another style with one
    that says how the day is written here: ``date.iso``, ``date.day-month-year``, ``date.day-name-year``.
    """

    style: DateStyle

    def read(self, written: object) -> object:
        """The day; a plain ``date`` is passed on."""
        if type(written) is date:
            return written
        try:
            return parse_date(written, self.style)
        except NationalDataError as error:
            raise NationalDataError(_STYLED[self.style] if error.code == "date.style" else error.code) from None

    def write(self, day: date) -> str:
        """As it is read."""
        return format_date(day, self.style)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read before pydantic does, and write in JSON as it was read."""
        return core_schema.no_info_before_validator_function(
            self.read,
            core_schema.date_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(
                self.write, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """JSON Schema's ``date`` is the ISO style; the others are text of a pattern."""
        if self.style is DateStyle.ISO:
            return {"type": "string", "format": "date"}
        return {"type": "string", "pattern": _SHAPES[self.style]}


IsoDay = Annotated[date, WrittenDay(DateStyle.ISO)]
"""``2026-01-31``."""
DayMonthYear = Annotated[date, WrittenDay(DateStyle.DAY_MONTH_YEAR)]
"""``31/01/2026``."""
