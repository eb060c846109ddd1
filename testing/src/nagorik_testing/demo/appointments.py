"""Appointments: taken at an agency that waits for the citizen, as a host's page offers them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from nagorik.clock import Clock
from nagorik.errors import NagorikError
from nagorik.model.status import ApplicationState, Slot
from nagorik_host.engine.claims import APPLICATION
from nagorik_platform import Platform
from nagorik_platform.lifecycle.perform import references_of
from nagorik_testing.demo.example import Example
from nagorik_testing.demo.results import DemoApplication

AHEAD: Final = timedelta(days=30)
"""How far ahead appointments are looked for."""


@dataclass(slots=True)
class _Taken:
    count: int = 0
    at: datetime | None = None


@dataclass(slots=True)
class Appointments:
    """Takes what the examples say, each once and in order.

    Attributes:
        booked: Hears which slot an application has taken, or ``None`` where none could be had; then it is tried again
            after the next status.
    """

    platform: Platform
    clock: Clock
    booked: Callable[[DemoApplication, Slot | None], None]
    _taken: dict[str, _Taken] = field(default_factory=dict)

    async def take(self, row: DemoApplication, example: Example) -> None:
        """Take the next appointment of ``example``, if it is time for it."""
        progress, taken = row.progress, self._taken.setdefault(row.progress.id, _Taken())
        status, heard = progress.status, progress.status_at
        if (
            progress.state is not ApplicationState.AWAITING_APPEARANCE
            or taken.count >= len(example.appointments)
            or status is None
            or heard is None
            or (taken.at is not None and heard <= taken.at)
        ):
            return
        wanted, now = example.appointments[taken.count], self.clock.now()
        if status.raw != wanted.when:
            return
        token = APPLICATION.set(progress.id)
        try:
            slot = await self._book(row, wanted.slot, now)
        except NagorikError:
            # A lost booking shows in the next status; until then nothing is booked twice.
            slot = None
        finally:
            APPLICATION.reset(token)
        taken.count, taken.at = taken.count + (slot is not None), self.clock.now()
        self.booked(row, slot)

    async def _book(self, row: DemoApplication, number: int, now: datetime) -> Slot | None:
        progress = row.progress
        offered = await self.platform.list_slots(
            row.draft, earliest=now, latest=now + AHEAD, agency_reference=progress.agency_reference
        )
        if not offered.slots:
            return None
        slot = offered.slots[min(number, len(offered.slots)) - 1]
        consented = row.draft.model_copy(update={"consent": progress.consent})
        booking = await self.platform.book_slot(consented, references_of(progress), slot)
        return slot if booking.booked else None
