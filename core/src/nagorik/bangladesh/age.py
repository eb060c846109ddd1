"""Age in whole years, by the date in Dhaka."""

from datetime import date, datetime

from nagorik.bangladesh.errors import NationalDataError
from nagorik.bangladesh.time import dhaka_date, plain_date


def age_on(birth_date: date, day: date) -> int:
    """Whole years completed on ``day``; the birthday itself counts.

    Someone born on 29 February has the birthday on 1 March of a common year. That is an assumption: no rule of
    an agency is known that says so, and the other reading makes the person a day older on 28 February.

    Raises:
        NationalDataError: ``age.birth-in-future`` where ``birth_date`` is after ``day``, ``date.not-a-date`` for
            a datetime.
    """
    born, on = plain_date(birth_date), plain_date(day)
    if born > on:
        raise NationalDataError("age.birth-in-future")
    birthday_to_come = (on.month, on.day) < (born.month, born.day)
    return on.year - born.year - birthday_to_come


def age_at(birth_date: date, instant: datetime) -> int:
    """Whole years completed at an aware ``instant``, by the date it is in Dhaka then.

    Dhaka is at UTC+6: from 18:00 UTC on it is the next day there.

    Raises:
        NationalDataError: as ``age_on``; ``time.naive`` for an instant without an offset.
    """
    return age_on(birth_date, dhaka_date(instant))
