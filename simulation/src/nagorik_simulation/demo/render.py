"""Rendering what happens for a person, a line for each change as it comes, and the results as data."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Self

from rich.console import Console
from rich.markup import escape

from nagorik.model.eligibility import Verdict
from nagorik.model.status import ApplicationState, PaymentState
from nagorik.operations import Operation
from nagorik.values import dhaka_time
from nagorik_platform.cli.output import plain
from nagorik_platform.lifecycle import Event, Progress, state_label
from nagorik_platform.lifecycle.events import (
    AttemptEnded,
    BookingChanged,
    EligibilityDecided,
    Held,
    Moved,
    PaymentMoved,
    QuoteReceived,
    StatusReceived,
)
from nagorik_platform.lifecycle.state import Booking
from nagorik_simulation.demo.display import matters
from nagorik_simulation.demo.reasons import PARTIES, fee_line, hold_words, reason_of
from nagorik_simulation.demo.results import DemoResult

_SHOWN_IN_FULL: Final = frozenset(
    {
        ApplicationState.SUBMISSION_UNKNOWN,
        ApplicationState.CORRECTION_REQUESTED,
        ApplicationState.AWAITING_APPEARANCE,
        ApplicationState.REJECTED,
        ApplicationState.REJECTED_AT_INTAKE,
        ApplicationState.DELIVERED,
    }
)
_MONEY_IN_TROUBLE: Final = frozenset(
    {
        PaymentState.UNKNOWN,
        PaymentState.UNDER_INVESTIGATION,
        PaymentState.FAILED,
        PaymentState.REFUND_REQUESTED,
        PaymentState.REFUNDED,
        PaymentState.REFUND_MANUAL,
    }
)


class ProgressPrinter:
    """A ``Display`` that writes a line for each change that matters, as it comes."""

    def __init__(self, console: Console) -> None:
        """Write to ``console``."""
        self._console = console
        self._name_width = 0
        self._said: dict[tuple[str, type[object]], str] = {}

    def __enter__(self) -> Self:
        """Nothing has to be made ready."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing has to be put away."""

    def begin(self, agencies: Sequence[str], services: Mapping[str, str]) -> None:
        """As ``Display.begin``."""
        self._name_width = max(map(len, services), default=0)
        self._print(f"Simulated agencies on this machine: {', '.join(agencies)}. No real agency is called.")

    def event(self, name: str, event: Event, progress: Progress) -> None:  # noqa: ARG002 - the event says it
        """As ``Display.event``."""
        said = describe(event) if matters(event) else None
        if said is None:
            return
        # A price that is asked for again before it is paid, and a report that came again, are no news.
        repeatable = isinstance(event, QuoteReceived | StatusReceived)
        if repeatable and self._said.get((name, type(event))) == said:
            return
        self._said[name, type(event)] = said
        self._line(name, event.at, said)

    def killed(self, name: str) -> None:
        """As ``Display.killed``."""
        self._print(
            f"[bold red]kill -9[/]  The agency has just filed {safe(name)}, and the worker's process is gone before"
            " the answer came. Another one starts."
        )

    def _line(self, name: str, at: datetime, said: str) -> None:
        when = dhaka_time(at).strftime("%d %b %H:%M")
        self._print(f"[dim]{when}[/]  {safe(name):<{self._name_width}} {said}")

    def _print(self, markup: str) -> None:
        # What reads a pipe takes a change for a line.
        self._console.print(markup, highlight=False, soft_wrap=not self._console.is_terminal)


def as_json(entries: Sequence[DemoResult]) -> str:
    """The table as data: durations in seconds, money as decimal text in taka."""
    return json.dumps(
        {
            "as_expected": all(not entry.problems for entry in entries),
            "applications": [
                {
                    "application": entry.name,
                    "citizen": entry.citizen,
                    "service": entry.service,
                    "fee": entry.fee.plain() if entry.fee is not None else None,
                    "agency_reference": entry.agency_reference,
                    "state": entry.state,
                    "waits_for": entry.hold,
                    "simulated_seconds": entry.simulated.total_seconds(),
                    "http_requests": entry.requests,
                    "looked_up": entry.looked_up,
                    "applications_at_agency": entry.at_agency,
                    "payments_at_gateway": entry.at_gateway,
                    "delivered": entry.delivered,
                    "explanation": entry.explanation,
                    "problems": entry.problems,
                }
                for entry in entries
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def span(duration: timedelta) -> str:
    """A duration for a person: its two largest units."""
    seconds = int(duration.total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def safe(text: str) -> str:
    """``text`` of a file, its name or an agency, so that it steers neither the terminal nor rich."""
    return escape(plain(text))


def _booking_line(booking: Booking) -> str | None:
    slot = f"the appointment of {dhaka_time(booking.slot.starts_at):%d %b %H:%M}, {safe(booking.slot.place.en)}"
    match booking.state:
        case "booked":
            return f"has {slot}"
        case "refused":
            return f"does not get {slot}"
        case "unknown":
            return "[yellow]the answer to the booking was lost: it is looked up, not sent again[/]"
    return None


def describe(event: Event) -> str | None:
    """The line for one event; what the citizen reads where it matters most. ``None`` for what is of no interest."""
    match event:
        case Moved(inferred=True) | Moved(to=ApplicationState.READY | ApplicationState.SUBMITTING):
            return None
        case Moved(to=state):
            sentence = f"  [dim]{state_label(state).bn}[/]" if state in _SHOWN_IN_FULL else ""
            return f"[bold]{state.value}[/]{sentence}"
        case EligibilityDecided(decision=decision):
            failed = [safe(one.text.bn) for one in decision.criteria if one.verdict is Verdict.FAIL]
            return f"may not apply  [dim]{' '.join(failed)}[/]" if failed else None
        case PaymentMoved(to=PaymentState.CAPTURED | PaymentState.CONFIRMED as state):
            return f"payment {state.value}"
        case PaymentMoved(to=state) if state in _MONEY_IN_TROUBLE:
            return f"[yellow]payment {state.value}[/]"
        case Held(hold=hold):
            return f"waits for the {PARTIES[hold.party]}: {hold_words(hold.code)}"
        case AttemptEnded(operation=Operation.SUBMIT, result="outcome-unknown"):
            return "[yellow]the answer to the filing was lost: it is looked up, not sent again[/]"
        case AttemptEnded(operation=Operation.FIND, result="accepted"):
            return "[green]the look-up found it at the agency[/]"
        case AttemptEnded(operation=operation, result="agency-closed", not_before=datetime() as opens) if (
            operation is not Operation.STATUS
        ):
            return f"the agency is closed: nothing is sent before {dhaka_time(opens):%d %b %H:%M}"
        case _:
            return _why(event)


def _why(event: Event) -> str | None:
    """The line for the reason that an event brings, or for what a price is added up from."""
    if isinstance(event, BookingChanged):
        return _booking_line(event.booking) if event.booking is not None else None
    if isinstance(event, QuoteReceived):
        return safe(fee_line(event.quote)) if event.quote.total.poisha else None
    reason = reason_of(event)
    return f"[dim]{safe(reason.bn)}[/]" if reason is not None else None
