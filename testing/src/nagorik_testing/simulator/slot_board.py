"""Appointments with a capacity: the slots of an office, who holds which, and how they fill up."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nagorik.values import dhaka_date, dhaka_time, dhaka_zone
from nagorik_platform.agency_client.hours import no_holidays
from nagorik_testing.simulator.base import ADMIN_PATH, Simulator, SimulatorComponent
from nagorik_testing.simulator.handlers import Refusal, RouteHandler, content_of

FORM: Final = "%Y-%m-%dT%H:%M"
"""How a slot is written: its beginning on the clocks in Dhaka."""
SUNDAY_TO_THURSDAY: Final = frozenset({6, 0, 1, 2, 3})
"""As ``date.weekday()`` numbers."""


@dataclass(frozen=True, slots=True)
class OfferedSlot:
    """One slot that can be had."""

    office: str
    begins: datetime
    """In UTC."""
    free: int
    """Places that are left."""

    @property
    def written(self) -> str:
        """``2026-11-25T10:00``, in Dhaka."""
        return f"{dhaka_time(self.begins):{FORM}}"


class SlotBoard(SimulatorComponent):
    """The appointments of some offices. A holder has one at a time; taking another gives the first one back."""

    def __init__(
        self,
        agency: Simulator,
        *,
        offices: Collection[str],
        times: Sequence[str],
        capacity: int,
        days_ahead: int = 30,
        weekdays: Collection[int] = SUNDAY_TO_THURSDAY,
        holiday: Callable[[date], bool] = no_holidays,
        name: str = "slots",
    ) -> None:
        """Open the board.

        Args:
            agency: Whose clock and ledger it goes by.
            offices: Codes of the offices.
            times: When slots begin, ``10:00``, on the clocks in Dhaka.
            capacity: Places in each.
            days_ahead: How far ahead, from tomorrow on, they are given out.
            weekdays: On which there are any.
            holiday: On which there are none.
            name: What the officers' addresses call it.
        """
        self._agency = agency
        self._offices = tuple(offices)
        self._times = [time.fromisoformat(written) for written in times]
        self._capacity = capacity
        self._days_ahead = days_ahead
        self._weekdays = frozenset(weekdays)
        self._holiday = holiday
        self._name = name
        self._held: dict[str, tuple[str, datetime]] = {}
        self._filled: defaultdict[tuple[str, datetime], int] = defaultdict(int)
        agency.components.append(self)

    @property
    def offices(self) -> tuple[str, ...]:
        """Codes of the offices."""
        return self._offices

    @property
    def holdings(self) -> Mapping[str, OfferedSlot]:
        """Who holds which slot now."""
        return {holder: self._slot(*slot) for holder, slot in self._held.items()}

    def free(self, office: str) -> list[OfferedSlot]:
        """The slots that can be had now, in order.

        Raises:
            Refusal: 404 for an office that there is not.
        """
        return [slot for slot in self.given_out(office) if slot.free > 0]

    def given_out(self, office: str) -> list[OfferedSlot]:
        """As ``free``, with the slots that are full: some agencies show those, too.

        Raises:
            Refusal: 404 for an office that there is not.
        """
        self._check(office)
        today = dhaka_date(self._agency.clock.now())
        days = (today + timedelta(days=ahead) for ahead in range(1, self._days_ahead + 1))
        return [
            self._slot(office, datetime.combine(day, begins, dhaka_zone()).astimezone(UTC))
            for day in days
            if day.weekday() in self._weekdays and not self._holiday(day)
            for begins in self._times
        ]

    def take(self, office: str, written: str, holder: str, *, client_reference: str | None = None) -> OfferedSlot:
        """Take a slot for ``holder``; the same again changes nothing.

        Raises:
            Refusal: 404 for an office that there is not, 400 for what is no slot, 409 for one that is full or not
                given out.
        """
        self._check(office)
        try:
            begins = datetime.strptime(written, FORM).replace(tzinfo=dhaka_zone()).astimezone(UTC)
        except ValueError:
            raise Refusal(400, "slot", "YYYY-MM-DDTHH:MM is expected") from None
        if self._held.get(holder) == (office, begins):
            return self._slot(office, begins)
        if begins not in {slot.begins for slot in self.free(office)}:
            raise Refusal(409, "slot", "is full or not given out")
        self._held[holder] = office, begins
        self._agency.ledger.record("appointment", holder, client_reference=client_reference)
        return self._slot(office, begins)

    def held(self, holder: str) -> OfferedSlot | None:
        """The slot that ``holder`` has."""
        return self._slot(*self._held[holder]) if holder in self._held else None

    def hold(self, office: str, begins: datetime, holder: str) -> None:
        """Let ``holder`` have had a slot all along, of which the ledger knows nothing."""
        self._held[holder] = office, begins

    def fill(self, office: str, until: date) -> None:
        """Let strangers take every place up to and including the day ``until``."""
        for slot in self.free(office):
            if dhaka_date(slot.begins) <= until:
                self._filled[office, slot.begins] += slot.free

    def officer_routes(self) -> tuple[Route, ...]:
        """``POST /_simulator/<plugin>/<name>/{office}/fill`` with ``{"until": "2026-12-01"}``."""
        path = f"{ADMIN_PATH}/{self._agency.plugin_id}/{self._name}/{{office}}/fill"
        return (Route(path, self._fill_by_hand(), methods=["POST"]),)

    def _fill_by_hand(self) -> RouteHandler:
        async def fill(request: Request) -> Response:
            office = request.path_params["office"]
            try:
                self.fill(office, date.fromisoformat(str((await content_of(request)).get("until"))))
                return JSONResponse({"free": [slot.written for slot in self.free(office)]})
            except ValueError:
                return JSONResponse({"error": "until: YYYY-MM-DD is expected"}, status_code=400)
            except Refusal as refusal:
                return JSONResponse({"error": refusal.message or refusal.field}, status_code=refusal.status)

        return fill

    def _check(self, office: str) -> None:
        if office not in self._offices:
            raise Refusal(404, "office", "no such office")

    def _slot(self, office: str, begins: datetime) -> OfferedSlot:
        taken = sum(held == (office, begins) for held in self._held.values()) + self._filled[office, begins]
        return OfferedSlot(office, begins, self._capacity - taken)
