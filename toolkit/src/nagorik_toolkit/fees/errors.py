"""What can be wrong with a question put to a schedule.

None of these is an error of a call to an agency: each is a fault in a plugin's data or code, found by its author; but
that no tariff is known for a day may happen to data that are right, so it has a sentence for the citizen too.
Texts name schedules, days, dimensions and their allowed values, never the value that was given: it came out of a
citizen's form.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal

from nagorik.values.sentences import Text
from nagorik_toolkit.texts import day_text

NO_TARIFF: Final = "no-tariff"
"""The code under which a quote is refused for a day on which no tariff is effective."""


class FeeError(LookupError):
    """A schedule cannot answer."""


class NoTariff(FeeError):
    """No tariff of the schedule is effective on the day that was asked about.

    Attributes:
        schedule: The schedule's id.
        day: The day in Dhaka.
        first: The first day of the first tariff, where ``day`` lies before it.
        last: The last day of the last tariff, where ``day`` lies after it.
    """

    def __init__(self, schedule: str, day: date, *, first: date | None = None, last: date | None = None) -> None:
        super().__init__(schedule, day)
        self.schedule = schedule
        self.day = day
        self.first = first
        self.last = last

    @property
    def sentence(self) -> Text:
        """For the citizen: that the fee of that day is not known here, and from or until when one is."""
        on = day_text(self.day)
        bn, en = f"{on.bn} তারিখের কোনো প্রকাশিত ফি এখানে জানা নেই", f"No published fee is known here for {on.en}"
        if self.first is not None:
            first = day_text(self.first)
            bn, en = f"{bn}; প্রথম জানা ফি {first.bn} থেকে", f"{en}; the first one known holds from {first.en}"
        elif self.last is not None:
            last = day_text(self.last)
            bn, en = f"{bn}; শেষ জানা ফি {last.bn} পর্যন্ত", f"{en}; the last one known held until {last.en}"
        return Text(bn=f"{bn}। সংস্থার কাছে জেনে নিন।", en=f"{en}. Ask the agency.")

    def __str__(self) -> str:
        return f"fee schedule {self.schedule} has no tariff that is effective on {self.day.isoformat()}"


class DimensionRejected(FeeError):
    """A dimension was left out, is not declared, or was given a value that is not allowed."""

    def __init__(
        self,
        schedule: str,
        dimension: str,
        because: Literal["missing", "undeclared", "not-allowed"],
        allowed: Sequence[str],
    ) -> None:
        super().__init__(schedule, dimension, because, tuple(allowed))
        self.schedule = schedule
        self.dimension = dimension
        self.because = because
        self.allowed = tuple(allowed)

    def __str__(self) -> str:
        choice = ", ".join(self.allowed)
        told = {
            "missing": f"needs the dimension {self.dimension}: give one of {choice}",
            "undeclared": f"has no dimension {self.dimension}; it has {choice or 'none'}",
            "not-allowed": f"does not allow the value given for {self.dimension}: give one of {choice}",
        }
        return f"fee schedule {self.schedule} {told[self.because]}"


class NotPriced(FeeError):
    """The tariff has no row for what was asked. A service that is free says so with an amount of zero."""

    def __init__(self, schedule: str, tariff: str, day: date, stage: str) -> None:
        super().__init__(schedule, tariff, day, stage)
        self.schedule = schedule
        self.tariff = tariff
        self.day = day
        self.stage = stage

    def __str__(self) -> str:
        return (
            f"fee schedule {self.schedule}, tariff {self.tariff}, has no row for this choice at the stage "
            f"{self.stage} on {self.day.isoformat()}"
        )
