"""Days and instants as the platform reckons them: plain dates, and the clocks in Dhaka."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from nagorik.values.sentences import NationalDataError


def dhaka_zone() -> ZoneInfo:
    """Asia/Dhaka from the tz database: UTC+6, and UTC+7 in the summer time of 2009. Never a fixed offset."""
    return ZoneInfo("Asia/Dhaka")


def dhaka_time(instant: datetime) -> datetime:
    """``instant`` on the clocks in Dhaka.

    Raises:
        NationalDataError: ``time.naive`` for anything but a datetime with an offset.
    """
    return _aware(instant).astimezone(dhaka_zone())


def dhaka_date(instant: datetime) -> date:
    """The date in Dhaka at ``instant``; midnight there is 18:00 UTC of the day before.

    Raises:
        NationalDataError: as ``dhaka_time``.
    """
    return dhaka_time(instant).date()


def _aware(instant: object) -> datetime:
    if not isinstance(instant, datetime) or instant.utcoffset() is None:
        raise NationalDataError("time.naive")
    return instant


def plain_date(day: object) -> date:
    """``day`` itself, if it is a date and not an instant.

    A ``datetime`` is a ``date`` to Python, and its date depends on the time zone it happens to be in.

    Raises:
        NationalDataError: ``date.not-a-date``.
    """
    if not isinstance(day, date) or isinstance(day, datetime):
        raise NationalDataError("date.not-a-date")
    return day
