"""How long to wait before the next attempt: the agency's word for it, or full jitter."""

import math
import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

FIRST: Final = 0.2
"""Upper bound of the first wait, in seconds; it doubles with each attempt."""
LONGEST: Final = 20.0
"""Upper bound of every wait that the agency did not ask for, in seconds."""
DAY: Final = 86_400.0
"""No agency is believed that asks for a longer wait than this, in seconds."""


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a ``Retry-After`` header, between 0 and one day; ``None`` when it says nothing usable.

    Takes whole seconds and HTTP dates (RFC 9110, 10.2.3). A date in the past, a negative number and text that is
    neither say nothing usable: the caller's own back-off applies.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        digits = text.lstrip("0") or "0"
        # What has more than nine digits is capped anyway, and int() refuses thousands of them.
        return min(float(digits), DAY) if len(digits) <= 9 else DAY  # noqa: PLR2004
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    seconds = (when - now).total_seconds()
    return min(seconds, DAY) if seconds > 0 else None


def full_jitter(attempt: int, chance: random.Random) -> float:
    """A wait in seconds after the ``attempt``-th failure (from 1): anything from 0 to the exponential bound."""
    exponent = min(attempt - 1, 30)
    return chance.uniform(0.0, min(LONGEST, FIRST * math.ldexp(1.0, exponent)))
