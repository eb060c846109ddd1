"""Rendering what happens for a person: a line for each change as it comes, and a table at the end."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table

from nagorik.model.eligibility import Verdict
from nagorik.model.status import ApplicationState, PaymentState, Slot
from nagorik.operations import Operation
from nagorik.values import dhaka_time, format_taka
from nagorik_platform.cli.output import plain
from nagorik_platform.lifecycle import Event, state_label
from nagorik_platform.lifecycle.events import (
    AttemptEnded,
    EligibilityDecided,
    Held,
    Moved,
    PaymentMoved,
    QuoteReceived,
)
from nagorik_testing.demo.reasons import fee_line, reason_of
from nagorik_testing.demo.results import DemoResult

_COLUMNS: Final[tuple[tuple[str, JustifyMethod, int | None], ...]] = (
    ("application", "left", 22),
    ("citizen", "left", 9),
    ("service", "left", 18),
    ("fee ৳", "right", None),
    ("agency reference", "left", 14),
    ("state", "left", 18),
    ("time", "right", None),
    ("HTTP", "right", None),
    ("filed", "right", None),
)
"""Headings, how they are set, and the most that they take of a line: together what no figure is cut for."""
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
    """Writes progress as it comes. Names no citizen: an application goes by its file's name."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet

    def opening(self, text: str) -> None:
        """A line before anything happens."""
        if not self._quiet:
            self._console.print(text, highlight=False)

    def events(self, name: str, happened: Sequence[Event], at: datetime) -> None:
        """The lines for what happened to one application, at the simulated instant ``at``."""
        if self._quiet:
            return
        for event in happened:
            said = _describe(event)
            if said is not None:
                when = dhaka_time(at).strftime("%d %b %H:%M")
                self._console.print(f"[dim]{when}[/]  {_plain(name):<18} {said}", highlight=False)

    def killed(self, name: str) -> None:
        """The line for the worker's end."""
        self.opening(
            f"[bold red]kill -9[/]  The agency has just filed {_plain(name)}, and the worker's process is gone before"
            " the answer came. Another one starts."
        )

    def appointment(self, name: str, slot: Slot | None, at: datetime) -> None:
        """The line for an appointment that was taken, or that could not be had."""
        if self._quiet:
            return
        said = "no appointment could be had"
        if slot is not None:
            begins = dhaka_time(slot.starts_at).strftime("%d %b %H:%M")
            said = f"takes the appointment of {begins}, {_plain(slot.place.en)}"
        when = dhaka_time(at).strftime("%d %b %H:%M")
        self._console.print(f"[dim]{when}[/]  {_plain(name):<18} {said}", highlight=False)

    def table(self, entries: Sequence[DemoResult]) -> None:
        """The table at the end, and each difference from what was expected."""
        table = Table(
            title="Applications, from eligibility to delivery",
            title_justify="left",
            box=None,
            pad_edge=False,
            padding=(0, 1, 0, 0),
        )
        for heading, justify, width in _COLUMNS:
            table.add_column(heading, justify=justify, max_width=width, no_wrap=True, overflow="ellipsis")
        for entry in entries:
            table.add_row(
                _plain(entry.name),
                _plain(entry.citizen),
                entry.service,
                format_taka(entry.fee) if entry.fee is not None else "–",
                _plain(entry.agency_reference or "–"),
                _state(entry),
                span(entry.simulated),
                str(entry.requests),
                str(entry.at_agency),
            )
        self._console.print(table)
        for entry in entries:
            for problem in entry.problems:
                self._console.print(f"[bold red]{_plain(f'{entry.name}: {problem}')}[/]", highlight=False)
        self._console.print(
            "\ntime: simulated, from opening to the last event. HTTP: requests made for it. filed: applications that"
            " the agency's own ledger holds for it.",
            style="dim",
            highlight=False,
        )


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


def _plain(text: str) -> str:
    """``text`` of a file, its name or an agency, so that it steers neither the terminal nor rich."""
    return escape(plain(text))


def _state(entry: DemoResult) -> str:
    if entry.hold:
        return f"{entry.state}: {entry.hold}"
    return f"{entry.state}, looked up" if entry.looked_up else entry.state


def _describe(event: Event) -> str | None:
    """The line for one event; what the citizen reads where it matters most. ``None`` for what is of no interest."""
    match event:
        case Moved(inferred=True) | Moved(to=ApplicationState.READY | ApplicationState.SUBMITTING):
            return None
        case Moved(to=state):
            sentence = f"  [dim]{state_label(state).bn}[/]" if state in _SHOWN_IN_FULL else ""
            return f"[bold]{state.value}[/]{sentence}"
        case EligibilityDecided(decision=decision):
            failed = [_plain(one.text.bn) for one in decision.criteria if one.verdict is Verdict.FAIL]
            return f"may not apply  [dim]{' '.join(failed)}[/]" if failed else None
        case PaymentMoved(to=PaymentState.CAPTURED | PaymentState.CONFIRMED as state):
            return f"payment {state.value}"
        case PaymentMoved(to=state) if state in _MONEY_IN_TROUBLE:
            return f"[yellow]payment {state.value}[/]"
        case Held(hold=hold):
            return f"waits for the {hold.party.value}: {hold.code}"
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
    if isinstance(event, QuoteReceived):
        return _plain(fee_line(event.quote)) if event.quote.total.poisha else None
    reason = reason_of(event)
    return f"[dim]{_plain(reason.bn)}[/]" if reason is not None else None
