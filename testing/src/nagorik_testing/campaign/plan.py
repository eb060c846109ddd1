"""What is asked of a campaign, and which applications live side by side in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from nagorik_testing.campaign.fate import is_lasting


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked of a campaign.

    Attributes:
        applications: How many.
        seed: From which all is drawn.
        url: The database; ``IN_MEMORY`` for books that no other process sees.
        workers: How many work side by side on the same books.
        cohort: About how many applications live side by side.
        only: The numbers of the only applications that are asked about; none for all.
        alone: Whether they are run without those that live beside them.
        kill_processes: Whether each worker is a process, and killed as one.
    """

    applications: int
    seed: int
    url: str
    workers: int = 2
    cohort: int = 200
    only: tuple[int, ...] = ()
    alone: bool = False
    kill_processes: bool = False

    @property
    def cohorts(self) -> Sequence[Sequence[int]]:
        """The numbers of the applications of each cohort; the few that last live among themselves, and come first."""
        if self.alone:
            return _cohorts(self.only, self.cohort)
        asked = set(self.only)
        cohorts = _cohorts(range(1, self.applications + 1), self.cohort)
        return [cohort for cohort in cohorts if not asked or asked.intersection(cohort)]


def _cohorts(numbers: Sequence[int], size: int) -> list[Sequence[int]]:
    lasting = [number for number in numbers if is_lasting(number)]
    others = [number for number in numbers if not is_lasting(number)]
    return [some[first : first + size] for some in (lasting, others) for first in range(0, len(some), size)]
