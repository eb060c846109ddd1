"""A day that is today: what is told of it is what is told of it before, or after, as its agency means it.

A day on which something is given out for the last time is not over while it lasts; from the day on which something
begins to hold, it holds. Which of the two a field names, no answer says: the simulator does.
"""

import re
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final

from pydantic import JsonValue

from nagorik.values import Money, dhaka_date, to_ascii_digits
from nagorik_testing.contract.checks.answers.variations import DAY, instant_of
from nagorik_testing.contract.checks.answers.varied import TellingRule, Untold, VariedAnswer, named
from nagorik_toolkit.form_validation import Location
from nagorik_toolkit.texts import day_text

_STEPS: Final = (-DAY, timedelta(0), DAY)
_REFUSED: Final = "refused"
_MONTHS: Final = frozenset(
    word for month in range(1, 13) for text in [day_text(date(2026, month, 1))] for word in (text.bn, text.en)
)
_IN_A_DAY: Final = re.compile("|".join(["[0-9]+", *(re.escape(words.split()[1]) for words in sorted(_MONTHS))]))
"""What days are written with: sentences that differ in nothing else are the same sentence."""


async def told_on_its_day(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """Whether a day that is today is told like one of tomorrow, or like one of yesterday, as the simulator says."""
    instant = instant_of(value)
    if instant is None or instant.timed or not varied.is_new(TellingRule.TURNING_DAYS, at, ()):
        return []
    today = dhaka_date(varied.play.rig.clock.now())
    shapes = [await _told_of(varied, at, instant.write(_midnight(today + step))) for step in _STEPS]
    past, now, to_come = shapes
    if varied.is_over or past == to_come or now not in (past, to_come):
        return []
    turns, name = "first" if now == past else "last", str(at[-1])
    meant = varied.play.rig.simulator.turning_days.get(name)
    if meant is None:
        text = "decides what is told, and the simulator does not say whether it is the first day or the last"
    elif meant == turns:
        return []
    else:
        text = f"that is today is told like {'one that is over' if meant == 'last' else 'one to come'}"
    return [Untold(TellingRule.TURNING_DAYS, f"{named(varied, at)} {text}")]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a day of the calendar


async def _told_of(varied: VariedAnswer, at: Location, written: str) -> object:
    """What is told of a day, without any day."""
    end = await varied.put(at, written)
    return _REFUSED if end is None else frozenset((place, _without_days(told)) for place, told in end.told.items())


def _without_days(value: object) -> object:
    if isinstance(value, date | int | Money) and not isinstance(value, bool):
        return type(value)
    if not isinstance(value, str) or isinstance(value, Enum):
        return value
    return _IN_A_DAY.sub("", to_ascii_digits(value))
