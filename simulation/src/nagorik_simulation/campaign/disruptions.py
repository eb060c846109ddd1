"""What befalls workers, their machines and their database in a campaign, besides the agencies' faults."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final


class Disruption(StrEnum):
    """One kind of it."""

    KILLED_WORKER = "killed-worker"
    """A worker is gone at once, and another follows."""
    PAUSED_WORKER = "paused-worker"
    """A worker's process is stopped for longer than its lease, and goes on."""
    SUSPENDED_MACHINE = "suspended-machine"
    """A machine stands still, its monotonic clock too, and goes on when others have what it had in hand."""
    SKEWED_CLOCK = "skewed-clock"
    """A worker's clock is an hour ahead or behind."""
    OTHER_KEYS = "other-keys"
    """A worker joins with another file of keys."""
    OLDER_RELEASE = "older-release"
    """A worker joins with an older release of a plugin, as in a rolling upgrade."""
    POISON_MESSAGES = "poison-messages"
    """Messages come in that are too large, forged, sent twice, or no messages at all."""
    FULL_DISK = "full-disk"
    """Nothing more can be written to the database's file, for a while."""
    FROZEN_DATABASE = "frozen-database"
    """The server's processes are stopped for longer than a lease, and go on."""
    CRASHED_DATABASE = "crashed-database"
    """The server's processes are killed, and it is started again."""


IN_THIS_PROCESS: Final = frozenset({Disruption.KILLED_WORKER, Disruption.SUSPENDED_MACHINE})
"""What can befall workers that share the campaign's process."""
TO_PROCESSES: Final = frozenset(Disruption) - {
    Disruption.SUSPENDED_MACHINE,
    Disruption.FULL_DISK,
    Disruption.FROZEN_DATABASE,
    Disruption.CRASHED_DATABASE,
}
"""What can befall workers that are processes, on any database."""
TO_A_FILE: Final = frozenset({Disruption.FULL_DISK})
"""What can befall a database that is a file."""
TO_A_SERVER: Final = frozenset({Disruption.FROZEN_DATABASE, Disruption.CRASHED_DATABASE})
"""What can befall a server of the campaign's own; no other is touched."""


def ends_workers(kinds: Collection[Disruption]) -> bool:
    """Whether a worker may give up for lack of a database, as it does after its lease; another follows."""
    lasting = TO_A_FILE | TO_A_SERVER | {Disruption.PAUSED_WORKER}
    return not lasting.isdisjoint(kinds)
