"""Days and instants are told as they are: in their zone, to the minute, and with day and month kept apart."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from pydantic import JsonValue

from nagorik.values import dhaka_date, dhaka_time, dhaka_zone, to_ascii_digits
from nagorik_testing.contract.checks.answers.told_result import anywhere, days_of, texts_of
from nagorik_testing.contract.checks.answers.variations import DAY, HOUR, MINUTE, WrittenInstant, instant_of
from nagorik_testing.contract.checks.answers.varied import TellingRule, Untold, VariedAnswer, in_one_language, named
from nagorik_toolkit.form_validation import Location


async def told_instants(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """What is told of a day or an instant, as it is and moved."""
    instant = instant_of(value)
    usual = days_of(varied.usual.told)
    if instant is None:
        return []
    end = await varied.put(at, instant.write(instant.wall - DAY))
    if end is None:
        return []
    wrong = in_one_language(varied, at, end, TellingRule.INSTANTS)
    pairs = _moved(usual, days_of(end.told))
    if not pairs:
        return wrong
    name = named(varied, at)
    if any(later - earlier != DAY for later, earlier in pairs):
        return [Untold(TellingRule.INSTANTS, f"{name} a day earlier is not told a day earlier")]
    if any(_is_astray(later, instant) for later, _ in pairs):
        return [Untold(TellingRule.INSTANTS, f"{name} is told in another zone")]
    if all(_is_another_day(later, instant) for later, _ in pairs):
        return [Untold(TellingRule.INSTANTS, f"{name} is told as another day")]
    wrong += _in_one_zone(varied, name, instant, [later for later, _ in pairs])
    if not varied.is_new(TellingRule.INSTANTS, at, _places_moved(usual, days_of(end.told))):
        return wrong
    wrong += await _to_the_minute(varied, at, instant, pairs)
    return wrong + await _to_the_day(varied, at, instant, pairs)


_Day = date | datetime


def _moved(usual: dict[str, _Day], after: dict[str, _Day]) -> list[tuple[datetime, datetime]]:
    """The instants that are told no longer, each with the one that is told in its place; none where some are gone."""
    if len(usual) != len(after):
        return []
    pairs: list[tuple[datetime, datetime]] = []
    for place in {anywhere(each) for each in usual}:
        before = sorted(_instant(told) for each, told in usual.items() if anywhere(each) == place)
        now = sorted(_instant(told) for each, told in after.items() if anywhere(each) == place)
        lost, gained = list(before), list(now)
        for each in before:
            if each in gained:
                gained.remove(each)
                lost.remove(each)
        if len(lost) == len(gained):
            pairs += zip(lost, gained, strict=True)
    return pairs


def _places_moved(usual: dict[str, _Day], after: dict[str, _Day]) -> set[str]:
    return {anywhere(place) for place in usual if usual[place] != after.get(place)}


def _instant(told: _Day) -> datetime:
    if isinstance(told, datetime):
        return told
    return datetime(told.year, told.month, told.day, tzinfo=dhaka_zone())


def _is_astray(told: datetime, instant: WrittenInstant) -> bool:
    """Whether an instant is told the six hours early by which Dhaka is ahead of UTC."""
    return instant.timed and instant.in_dhaka - told == timedelta(hours=6)


def _is_another_day(told: datetime, instant: WrittenInstant) -> bool:
    """Whether a day is told that goes with the agency's, and is not the one that it names."""
    return all(abs(told - reading) >= DAY for reading in (instant.in_dhaka, instant.in_utc))


def _in_one_zone(varied: VariedAnswer, name: str, instant: WrittenInstant, told: Sequence[datetime]) -> list[Untold]:
    """Whether an answer's instants without an offset are all read alike."""
    if not instant.timed or instant.has_zone:
        return []
    zones = {"Dhaka" for each in told if each == instant.in_dhaka} | {
        "UTC" for each in told if each == instant.in_utc
    }
    if len(zones) == 1:
        varied.zones[name] = zones.pop()
    if len(set(varied.zones.values())) > 1:
        varied.zones.clear()
        return [
            Untold(TellingRule.INSTANTS, f"{name} is told in another zone than another instant of the same answer")
        ]
    return []


async def _to_the_minute(
    varied: VariedAnswer, at: Location, instant: WrittenInstant, pairs: Sequence[tuple[datetime, datetime]]
) -> list[Untold]:
    readings = (instant.in_dhaka, instant.in_utc)
    near = any(abs(told - reading) < HOUR for told, _ in pairs for reading in readings)
    by_day = all(dhaka_time(told).time() == datetime.min.time() for told, _ in pairs)
    if not instant.timed or not near or by_day:
        return []
    for step, name in ((HOUR, "an hour"), (MINUTE, "a minute")):
        end = await varied.put(at, instant.write(instant.wall - step))
        if end is None:
            continue
        now = _moved(days_of(varied.usual.told), days_of(end.told))
        same = len(days_of(end.told)) == len(days_of(varied.usual.told))
        if same and (not now or any(later - earlier != step for later, earlier in now)):
            return [Untold(TellingRule.INSTANTS, f"{named(varied, at)} {name} earlier is not told {name} earlier")]
    return []


async def _to_the_day(
    varied: VariedAnswer, at: Location, instant: WrittenInstant, pairs: Sequence[tuple[datetime, datetime]]
) -> list[Untold]:
    for month, day in ((5, 4), (4, 5)):
        wall = instant.wall.replace(month=month, day=day)
        end = await varied.put(at, instant.write(wall))
        if end is None:
            continue
        now = _moved(days_of(varied.usual.told), days_of(end.told))
        days = {dhaka_date(later) - dhaka_date(earlier) for later, earlier in now}
        if len(now) == len(pairs) and days - {instant.wall.date() - wall.date()}:
            return [Untold(TellingRule.INSTANTS, f"{named(varied, at)} is told with its day and month confused")]
    return []


_NOON_IN_UTC: Final = re.compile(r"(?<![0-9])0?6[:.]37(?![0-9])")
"""12:37 in Dhaka, as the clocks of UTC show it."""


async def told_small_hours(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """Whether an hour after midnight in Dhaka is told as that day, and not as the one before, which it is in UTC.

    For sentences, which name the day in words: what is said of one in the morning is held against noon and the noon
    before. An hour that a sentence names is held to the clocks in Dhaka likewise.
    """
    instant = instant_of(value)
    if instant is None or not instant.timed or at not in varied.told_of:
        return []
    if not varied.is_new(TellingRule.INSTANTS, at, ("small hours",)):
        return []
    noon = dhaka_time(instant.in_dhaka).replace(hour=12, minute=37, second=0, microsecond=0) - 2 * DAY
    hours = (noon, noon.replace(hour=1), noon - DAY)
    walls = (hour.astimezone(UTC) if instant.has_zone else hour.replace(tzinfo=None) for hour in hours)
    ends = [await varied.put(at, instant.write(wall)) for wall in walls]
    if None in ends:
        return []
    that_day, in_the_night, the_day_before = (texts_of(end.told) for end in ends if end is not None)
    if any(text == the_day_before.get(place) and text != that_day.get(place) for place, text in in_the_night.items()):
        return [Untold(TellingRule.INSTANTS, f"{named(varied, at)} in the small hours is told as the day before")]
    sentences = (
        text for place, text in that_day.items() if place.endswith((".bn", ".en")) and text != in_the_night.get(place)
    )
    if any(_NOON_IN_UTC.search(to_ascii_digits(text)) for text in sentences):
        return [Untold(TellingRule.INSTANTS, f"{named(varied, at)} is told in another zone, in a sentence")]
    return []


_EVENING: Final = 22, 43
"""An hour that no clock shows as that of UTC, six hours before, nor as what stands for it on a clock of twelve."""
_IN_UTC: Final = re.compile(r"(?<![0-9:])(?:16:43(?![0-9])|0?4:43(?::00)? ?p\.?m)")
_IN_DHAKA: Final = re.compile(r"(?<![0-9:])(?:22|10):43(?![0-9])")


async def told_hours(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """Whether an hour is told in a sentence as Dhaka's clock shows it, and not as that of UTC does."""
    instant = instant_of(value)
    if instant is None or not instant.timed or at not in varied.told_of:
        return []
    if not varied.is_new(TellingRule.INSTANTS, at, ("hours",)):
        return []
    hour, minute = _EVENING
    evening = dhaka_time(instant.in_dhaka).replace(hour=hour, minute=minute, second=0, microsecond=0)
    wall = evening.astimezone(UTC) if instant.has_zone else evening.replace(tzinfo=None)
    end = await varied.put(at, instant.write(wall))
    if end is None:
        return []
    usual = texts_of(varied.usual.told)
    for place, text in texts_of(end.told).items():
        before, now = to_ascii_digits(usual.get(place, "")), to_ascii_digits(text)
        if _IN_UTC.search(now) and not _IN_DHAKA.search(now) and not _IN_UTC.search(before):
            return [Untold(TellingRule.INSTANTS, f"{named(varied, at)} is told in another zone, in a sentence")]
    return []
