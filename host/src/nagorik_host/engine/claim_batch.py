"""What a worker may take in hand, what it lacks for that, and what it took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from nagorik import ApplicationDraft
from nagorik_host.engine.instants import TakenInstants
from nagorik_host.engine.leases import HeldApplication
from nagorik_host.engine.pace import PaceSlot
from nagorik_host.engine.queues import SuspendedOffers
from nagorik_host.store.application_store import StoredApplication, target_plugin
from nagorik_platform.lifecycle import NextAction, ServiceCapabilities


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """An application whose intent is committed and whose call is to be made.

    Attributes:
        stored: The application with the attempt in flight.
        draft: What the citizen handed in.
        capabilities: What its service offers.
        call: The call to make.
        attempt: The row of the attempt as it was begun.
        slot: The instant of the agency's time that the call has for itself.
        held: For how long nobody else can have it.
    """

    stored: StoredApplication
    draft: ApplicationDraft
    capabilities: ServiceCapabilities
    call: NextAction
    attempt: Mapping[str, Any]
    slot: PaceSlot
    held: HeldApplication

    @property
    def target_plugin(self) -> str:
        """The plugin that the call is made through."""
        return target_plugin(self.call, self.stored.plugin, self.stored.gateway)


class ClaimOffer(NamedTuple):
    """What a worker may take in hand at one agency.

    Attributes:
        slots: Instants of the agency's time, each with a place; as many as this may be taken.
        is_probe: Whether it is to be found out whether the agency can be reached again.
        taken: What the instants were taken as, if just now and for this alone.
    """

    slots: Sequence[PaceSlot]
    is_probe: bool = False
    taken: TakenInstants | None = None


class Need(NamedTuple):
    """What a worker has no place or no instant for.

    Attributes:
        calls: How many calls it could make, at most.
        is_probe: Whether the agency is down, and it is time to try it.
        lead: How far ahead the instants are to be, to be used in time.
    """

    calls: int
    is_probe: bool = False
    lead: timedelta = timedelta(0)


class Granted(NamedTuple):
    """What an agency can bear of what was needed.

    Attributes:
        held: How many places the worker holds there.
        taken: Instants of the agency's time.
        is_probe: Whether it is to be tried whether it can be reached again.
    """

    held: int
    taken: TakenInstants | None
    is_probe: bool = False


class ClaimBatch(list[Claim]):
    """What a worker took in hand when it looked.

    Attributes:
        saturated: Whether there was more than there were places for.
        next_poll: When something else can be taken in hand, as far as can be told now.
        is_idle: Whether nothing was due at all; then ``next_poll`` is when the first application falls due.
        suspended: What was stopped at that time.
        has_messages: Whether messages lay unread then, where that was asked.
        busy: The agencies for which something was due.
        needs: Of those, where there was more due than there were places or instants for.
        held: How many places the worker held then, by agency.
        down: The agencies that were taken to be down.
        backlog: The agencies for which more was due than could be taken in hand.
        passed_over: How many that were due were dealt with and lead to no call now.
        left_unparked: Whether more that is suspended may be first in a queue than one look parks.
        lacks_rows: Whether the database has no row of some agency: it is an older copy, and nobody sees what is due.
    """

    def __init__(self, suspended: SuspendedOffers) -> None:
        """Begin with nothing in hand."""
        super().__init__()
        self.saturated = False
        self.next_poll: datetime | None = None
        self.is_idle = True
        self.suspended = suspended
        self.has_messages = False
        self.busy: set[str] = set()
        self.needs: dict[str, Need] = {}
        self.held: dict[str, int] = {}
        self.down: set[str] = set()
        self.backlog: set[str] = set()
        self.passed_over = 0
        self.left_unparked = False
        self.lacks_rows = False

    def poll_at(self, instant: datetime) -> None:
        """Something can be taken in hand then."""
        self.next_poll = instant if self.next_poll is None else min(self.next_poll, instant)

    def merge(self, further: "ClaimBatch") -> None:
        """Add what was taken in hand with what was granted after this."""
        self += further
        self.saturated = self.saturated or further.saturated
        self.backlog |= further.backlog
        self.passed_over += further.passed_over
        self.left_unparked = self.left_unparked or further.left_unparked
        if further.next_poll is not None:
            self.poll_at(further.next_poll)
