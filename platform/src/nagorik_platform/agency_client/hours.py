"""When an agency answers: its declared hours, in Asia/Dhaka wall-clock time, as pure functions."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from nagorik.manifest import Window

DHAKA: Final = ZoneInfo("Asia/Dhaka")
HORIZON: Final = timedelta(days=60)
"""How far ahead an opening is looked for; no run of holidays is that long."""

HolidayLookup = Callable[[date], bool]
"""Whether a date in Bangladesh is a national public holiday."""


def no_holidays(_day: date) -> bool:
    """A calendar without public holidays."""
    return False


def open_at(windows: Sequence[Window], instant: datetime, holiday: HolidayLookup = no_holidays) -> bool:
    """Whether the agency answers at ``instant`` (aware). Without windows it always does."""
    day = instant.astimezone(DHAKA).date()
    return not windows or any(start <= instant < end for start, end in _hours(windows, day, holiday))


def next_opening(
    windows: Sequence[Window], instant: datetime, holiday: HolidayLookup = no_holidays
) -> datetime | None:
    """Find the first moment from ``instant`` (aware) on at which the agency answers, in UTC.

    ``instant`` itself when it is open then; ``None`` when it does not open within 60 days.
    """
    if open_at(windows, instant, holiday):
        return instant.astimezone(UTC)
    today = instant.astimezone(DHAKA).date()
    days = (today + timedelta(days=ahead) for ahead in range(HORIZON.days + 1))
    coming = (start for day in days for start, _ in sorted(_hours(windows, day, holiday)) if start >= instant)
    return next(coming, None)


def _hours(windows: Iterable[Window], day: date, holiday: HolidayLookup) -> Iterator[tuple[datetime, datetime]]:
    """Start (included) and end (excluded) of each window that holds on ``day``, in UTC."""
    for window in windows:
        if day.weekday() in window.weekdays and not (window.holidays == "closed" and holiday(day)):
            last = day if window.close != time(0) else day + timedelta(days=1)
            yield _instant(day, window.open), _instant(last, window.close)


def _instant(day: date, wall: time) -> datetime:
    return datetime.combine(day, wall, DHAKA).astimezone(UTC)
