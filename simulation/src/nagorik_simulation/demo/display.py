"""What shows the demonstration while it runs: a line for each change that matters, and on a terminal a table.

An application goes by its file's name, and no citizen is named: numbers are masked.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from nagorik import Text as Words
from nagorik.model.eligibility import Verdict
from nagorik.model.fee import Quote
from nagorik.model.status import ApplicationState as S, PaymentState as P
from nagorik.operations import Operation
from nagorik.values import dhaka_date, dhaka_time
from nagorik_platform.cli.explanation_page import refusal_text, report_text, with_numbers_masked
from nagorik_platform.cli.output import plain
from nagorik_platform.lifecycle import Event, Hold, Progress, state_label
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
from nagorik_platform.lifecycle.tables import AT_THE_AGENCY, ENDED_WITHOUT_RESULT
from nagorik_toolkit.texts import money_text

BETWEEN_FRAMES: Final = 0.2
"""Seconds between two drawings, at least: more often is not seen."""
NEWS: Final = 4
"""Lines of what happened last."""
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
        self._console = console
        self._name_width = 0
        self._said: dict[tuple[str, type[object]], str] = {}

    def __enter__(self) -> Self:
        """Nothing has to be made ready."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing has to be put away."""

    def begin(self, agencies: Sequence[str], services: Mapping[str, str]) -> None:
        """Before anything happens: the agencies that are simulated, and each application's service."""
        self._name_width = max(map(len, services), default=0)
        self._print(f"Simulated agencies on this machine: {', '.join(agencies)}. No real agency is called.")

    def event(self, name: str, event: Event, progress: Progress) -> None:  # noqa: ARG002 - the event says it
        """Something happened to an application, which stands at ``progress`` now."""
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


@dataclass(slots=True)
class _Row:
    name: str
    progress: Progress | None = None
    at: datetime | None = None
    result: S | None = None
    """The state before it was closed, which says how it ended."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to be expected: it is closed, or nothing may be filed."""
        progress = self.progress
        return progress is not None and (
            progress.state is S.CLOSED or (progress.state is S.DRAFT and progress.hold is not None)
        )

    def cells(self) -> tuple[Text | str, ...]:
        """Its name, state, what it waits for, and since when."""
        progress = self.progress
        if progress is None or self.at is None:
            return Text(plain(self.name)), "–", "", ""
        state = Text(progress.state.value, style="cyan" if progress.hold is None else "yellow")
        if progress.state is S.CLOSED and self.result is not None:
            well = self.result not in ENDED_WITHOUT_RESULT
            state = Text(f"{'✓' if well else '✗'} {self.result.value}", style="green" if well else "red")
        return Text(plain(self.name)), state, waiting_for(progress), moment(self.at)


class LiveTable(ProgressPrinter):
    """Draws a table of all applications on the terminal's other screen, with the last lines below it.

    What stood on the terminal before comes back at the end, however that is reached.
    """

    def __init__(self, console: Console, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Draw on ``console``; ``monotonic`` says when the next frame is due."""
        super().__init__(console)
        self._live = Live(self, console=console, screen=True, auto_refresh=False)
        self._monotonic = monotonic
        self._next_frame = 0.0
        self._rows: dict[str, _Row] = {}
        self._news: deque[str] = deque(maxlen=NEWS)
        self._began: datetime | None = None
        self._now: datetime | None = None

    def __enter__(self) -> Self:
        """Take the other screen."""
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the terminal back as it was."""
        self._live.stop()

    def begin(self, agencies: Sequence[str], services: Mapping[str, str]) -> None:
        """As ``ProgressPrinter.begin``."""
        self._rows = {name: _Row(name) for name in services}
        super().begin(agencies, services)
        self._draw()

    def event(self, name: str, event: Event, progress: Progress) -> None:
        """As ``ProgressPrinter.event``."""
        row = self._rows.pop(name)
        self._rows[name] = row  # who moved last is last
        row.progress, row.at = progress, event.at
        if isinstance(event, Moved) and event.to is not S.CLOSED:
            row.result = event.to
        self._began, self._now = self._began or event.at, max(self._now or event.at, event.at)
        super().event(name, event, progress)
        if self._monotonic() >= self._next_frame:
            self._draw()

    def _draw(self) -> None:
        self._live.refresh()
        self._next_frame = self._monotonic() + BETWEEN_FRAMES

    def _print(self, markup: str) -> None:
        self._news.append(markup)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The whole screen, as large as the window is now: of the rows those that fit, who moved last first."""
        rows = list(self._rows.values())
        rows.reverse()
        rows.sort(key=lambda row: row.has_ended)
        ended = sum(row.has_ended for row in rows)
        said = f"[bold]nagorik demo[/]  {ended} of {len(rows)} ended"
        if self._now is not None and self._began is not None:
            day = (dhaka_date(self._now) - dhaka_date(self._began)).days + 1
            said += f"  [dim]{moment(self._now)}, simulated day {day}[/]"
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim", width=options.max_width)
        for heading, share in (("application", 4), ("state", 4), ("waits for", 6)):
            table.add_column(heading, ratio=share, no_wrap=True, overflow="ellipsis")
        table.add_column("date", width=12, no_wrap=True)
        for row in rows[: max(1, console.height - NEWS - len(("heading", "headings")))]:
            table.add_row(*row.cells(), style="dim" if row.has_ended else "")
        yield _line(said, options.max_width)
        yield table
        for news in self._news:
            yield _line(news, options.max_width)


def _line(markup: str, width: int) -> Text:
    """A line that fits: some terminals give a column to each vowel sign of Bangla."""
    text = Text.from_markup(markup, overflow="ellipsis")
    text.no_wrap = True
    return text if len(text) < width else text[: width - 1].append("…")


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


def waiting_for(progress: Progress) -> str:
    """What has to come before an application goes on; nothing for one that is closed."""
    state, opens = progress.state, progress.backoff(Operation.SUBMIT).not_before
    if progress.hold is not None:
        return f"{_party(progress.hold)}: {hold_words(progress.hold.code)}"
    if state is S.READY and opens is not None:
        return f"{moment(opens)}, to be sent"
    words = {S.CLOSED: "", S.DELIVERED: "", S.SUBMISSION_UNKNOWN: "the look-up", S.AWAITING_PAYMENT: "the payment"}
    return words.get(state, "the agency" if state in AT_THE_AGENCY else "its next step")


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
