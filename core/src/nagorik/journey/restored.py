"""Books that went back to an earlier copy: what was sent since then is not known any more.

The first attempt at each write is then taken for interrupted without being made, so that all that holds for a lost
answer holds for a lost day: it is looked up, repeated with its key where that does it once, or left to a person.
"""

from datetime import datetime

from nagorik.journey.events import BooksRestored
from nagorik.journey.journal import apply
from nagorik.journey.progress import Progress
from nagorik.operations import OPERATIONS, Operation


def restore(progress: Progress, officer: str, reason: str, now: datetime) -> tuple[Progress, BooksRestored]:
    """Put every write of an application in doubt; what it waits for stays the same.

    It needs no plan, so that it can be done for a service that nobody offers any more.
    """
    event = BooksRestored(at=now, officer=officer, reason=reason)
    return apply(progress, event), event


def is_in_doubt(progress: Progress, operation: Operation, payment: str | None) -> bool:
    """Whether a write may have been made by the books that were lost."""
    if progress.restored_at is None or not OPERATIONS[operation].writes:
        return False
    return progress.write_name(operation, payment) not in progress.begun_since
