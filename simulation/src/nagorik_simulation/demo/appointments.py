"""Appointments: chosen at the host for an agency that waits for the citizen."""

from nagorik.errors import NagorikError
from nagorik_host import Host
from nagorik_platform.lifecycle import Progress
from nagorik_platform.lifecycle.events import BookingChanged
from nagorik_simulation.demo.example import Example, ExampleAppointment
from nagorik_simulation.demo.results import DemoApplication


async def choose_appointment(host: Host, row: DemoApplication, example: Example) -> bool:
    """Choose the next appointment of ``example``, if it is time for it and one is free; whether that was done."""
    wanted = _next_of(example, row)
    if wanted is None or wanted.when != _heard_since(row.progress):
        return False
    try:
        offered = (await host.slots(row.progress.id)).slots
    except NagorikError:
        return False
    if offered:
        await host.book(row.progress.id, offered[min(wanted.slot, len(offered)) - 1])
    return bool(offered)


def _next_of(example: Example, row: DemoApplication) -> ExampleAppointment | None:
    changes = (event.booking for event in row.journal if isinstance(event, BookingChanged))
    booked = sum(one is not None and one.state == "booked" for one in changes)
    return example.appointments[booked] if booked < len(example.appointments) else None


def _heard_since(progress: Progress) -> str | None:
    """The agency's word for the state, if it waits for the citizen and has said so since the last booking."""
    heard, booking = progress.status_at, progress.booking
    if heard is None or progress.status is None or progress.booking_in("wanted", "unknown"):
        return None
    return progress.status.raw if booking is None or booking.since < heard else None
