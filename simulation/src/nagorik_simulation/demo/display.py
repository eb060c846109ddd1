"""What shows the demonstration while it runs: a line for each change that matters.

An application goes by its file's name, and no citizen is named: numbers are masked.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.markup import escape

from nagorik import Text as Words
from nagorik.model.eligibility import Verdict
from nagorik.model.fee import Quote
from nagorik.model.status import ApplicationState as S, PaymentState as P
from nagorik.operations import Operation
from nagorik.values import dhaka_time
from nagorik_platform.cli.explanation_page import refusal_text, report_text, with_numbers_masked
from nagorik_platform.cli.output import plain
from nagorik_platform.lifecycle import Event, Hold, state_label
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
from nagorik_platform.lifecycle.refusals import CallRefusal
from nagorik_platform.lifecycle.state import Booking
from nagorik_toolkit.texts import money_text

_NO_NEWS: Final = frozenset(
    {S.READY, S.SUBMITTING, S.AWAITING_PAYMENT, S.SUBMISSION_UNKNOWN, S.IN_REVIEW, S.APPROVED, S.ISSUED, S.CLOSED}
)
"""States that another line shows already, or that say no more than that all goes its way."""
_SHOWN_IN_FULL: Final = frozenset(
    {S.CORRECTION_REQUESTED, S.AWAITING_APPEARANCE, S.REJECTED, S.REJECTED_AT_INTAKE, S.DELIVERED}
)
_MONEY_IN_TROUBLE: Final = frozenset(
    {P.UNKNOWN, P.UNDER_INVESTIGATION, P.FAILED, P.REFUND_REQUESTED, P.REFUNDED, P.REFUND_MANUAL}
)


class ProgressPrinter:
    """Writes a line for each change that matters, as it comes."""

    def __init__(self, console: Console) -> None:
        """Write to ``console``."""
        self._console, self._name_width = console, 0
        self._said: dict[tuple[str, type[object]], str] = {}

    def begin(self, agencies: Iterable[str], names: Iterable[str]) -> None:
        """Before anything happens: the agencies that are simulated, and each application's name."""
        self._name_width = max(map(len, names), default=0)
        self._print(f"Simulated agencies on this machine: {', '.join(agencies)}. No real agency is called.")

    def event(self, name: str, event: Event) -> None:
        """Show what happened to an application."""
        said = describe(event)
        if said is None:
            return
        # A price that is asked for again before it is paid, and a report that came again, are no news.
        repeatable = isinstance(event, QuoteReceived | StatusReceived)
        if repeatable and self._said.get((name, type(event))) == said:
            return
        self._said[name, type(event)] = said
        self._print(f"[dim]{moment(event.at)}[/]  {safe(name):<{self._name_width}} {said}")

    def killed(self, name: str) -> None:
        """The worker was killed when the agency had just filed this application."""
        self._print(
            f"[bold red]kill -9[/]  The agency has just filed {safe(name)}, and the worker's process is gone before"
            " the answer came. Another one starts."
        )

    def _print(self, markup: str) -> None:
        # What reads a pipe takes a change for a line.
        self._console.print(markup, highlight=False, soft_wrap=not self._console.is_terminal)


def moment(at: datetime) -> str:
    """An instant as it is in Dhaka."""
    return f"{dhaka_time(at):%d %b %H:%M}"


def safe(text: str) -> str:
    """``text`` of a file, its name or an agency, so that it steers neither the terminal nor rich."""
    return escape(plain(text))


def hold_words(code: str) -> str:
    """What an application waits for, in a few words."""
    return {"ineligible": "not eligible"}.get(code, code.replace("-", " "))


def _party(hold: Hold) -> str:
    return {"person": "officer"}.get(hold.party.value, hold.party.value)


def describe(event: Event) -> str | None:
    """The line for one event; what the citizen reads where it matters most. ``None`` for what is no news."""
    match event:
        case Moved(to=state):
            sentence = f"  [dim]{state_label(state).bn}[/]" if state in _SHOWN_IN_FULL else ""
            return None if event.inferred or state in _NO_NEWS else f"[bold]{state.value}[/]{sentence}"
        case EligibilityDecided(decision=decision):
            failed = [safe(one.text.bn) for one in decision.criteria if one.verdict is Verdict.FAIL]
            return f"may not apply  [dim]{' '.join(failed)}[/]" if failed else None
        case PaymentMoved(to=money):
            troubled = f"[yellow]payment {money.value}[/]" if money in _MONEY_IN_TROUBLE else None
            return "payment captured" if money is P.CAPTURED else troubled
        case Held(hold=hold):
            # The decision that the citizen may not apply has its own line, with the reason.
            is_news = hold.code != "ineligible"
            return f"waits for the {_party(hold)}: {hold_words(hold.code)}" if is_news else None
        case AttemptEnded():
            return _ended(event)
        case BookingChanged(booking=Booking() as booking):
            return _booking_line(booking)
        case QuoteReceived(quote=quote) if quote.total.poisha:
            return safe(_fee_line(quote))
        case StatusReceived(status=status):
            return _reason(report_text(status, with_numbers_masked))
    return None


def _ended(event: AttemptEnded) -> str | None:
    match event.operation, event.result:
        case Operation.SUBMIT, "outcome-unknown":
            return "[yellow]the answer to the filing was lost: it is looked up, not sent again[/]"
        case Operation.FIND, "accepted":
            return "[green]the look-up found it at the agency[/]"
        case operation, "agency-closed" if operation is not Operation.STATUS and event.not_before is not None:
            return f"the agency is closed: nothing is sent before {moment(event.not_before)}"
    if not isinstance(event.refusal, CallRefusal):
        return None
    return _reason(refusal_text(event.operation, event.refusal, with_numbers_masked))


def _reason(text: Words | None) -> str | None:
    return f"[dim]{safe(text.bn)}[/]" if text is not None else None


def _booking_line(booking: Booking) -> str | None:
    slot = f"the appointment of {moment(booking.slot.starts_at)}, {safe(booking.slot.place.en)}"
    return {
        "booked": f"has {slot}",
        "refused": f"does not get {slot}",
        "unknown": "[yellow]the answer to the booking was lost: it is looked up, not sent again[/]",
    }.get(booking.state)


def _fee_line(quote: Quote) -> str:
    """A price in one line: what it is added up from."""
    parts = []
    for line in quote.lines:
        parts.append(f"{with_numbers_masked(line.text.en)} {money_text(line.amount).en}")
        if line.vat.poisha:
            parts.append(f"VAT {money_text(line.vat).en}")
    return f"fee {money_text(quote.total).en} = {' + '.join(parts)}"
