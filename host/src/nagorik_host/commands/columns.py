"""What stands in the columns of an operator's and an officer's tables."""

from datetime import datetime, timedelta

from nagorik import Text
from nagorik.values import dhaka_time
from nagorik_platform.cli.output import Document


def when(at: str | datetime) -> str:
    """A time on the clocks in Dhaka, to the minute."""
    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{dhaka_time(instant):%d %b %Y %H:%M}"


def duration(time: timedelta) -> str:
    """A time in its largest whole unit."""
    seconds = int(time.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{max(seconds, 0)} s"


def means(text: Text | None) -> Document | None:
    """A text in both languages, for a program."""
    return {"en": text.en, "bn": text.bn} if text is not None else None
