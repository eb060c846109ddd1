"""The demonstration on a terminal: one row for each application, which moves as the simulated weeks pass.

The terminal's other screen is used, so that a window that changes its size is drawn anew as a whole, and what stood
there before comes back at the end, however that is reached.
"""

import math
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nagorik.model.status import ApplicationState as S
from nagorik.operations import Operation
from nagorik.values import dhaka_date, dhaka_time
from nagorik_platform.cli.output import plain
from nagorik_platform.lifecycle import Event, Progress
from nagorik_platform.lifecycle.events import Moved
from nagorik_platform.lifecycle.tables import AT_THE_AGENCY, ENDED_WITHOUT_RESULT
from nagorik_simulation.demo.display import matters
from nagorik_simulation.demo.reasons import PARTIES, hold_words
from nagorik_simulation.demo.render import describe, safe

BETWEEN_FRAMES: Final = 0.15
"""Seconds between two drawings, at least: more often nobody sees."""
SHARE: Final = 15
"""How much longer the time between two drawings is than a drawing takes, so that a slow machine mostly plays."""
NEWS: Final = 4
"""Lines of what happened last."""
WIDE: Final = 100
NARROW: Final = 64
"""Columns from which on there is room for the service and the bar, and for what an application waits for."""

_STEPS: Final[Mapping[S, int]] = {
    S.READY: 1,
    S.AWAITING_PAYMENT: 1,
    S.SUBMITTING: 2,
    S.SUBMISSION_UNKNOWN: 2,
    S.SUBMITTED: 3,
    S.IN_REVIEW: 4,
    S.CORRECTION_REQUESTED: 4,
    S.AWAITING_APPEARANCE: 4,
    S.APPROVED: 5,
    S.ISSUED: 6,
    S.DELIVERED: 7,
    S.CLOSED: 7,
}
_LAST_STEP: Final = 7
_STYLES: Final[Mapping[S, str]] = {
    S.SUBMISSION_UNKNOWN: "bold yellow",
    S.CORRECTION_REQUESTED: "yellow",
    S.AWAITING_APPEARANCE: "yellow",
    S.DELIVERY_FAILED: "yellow",
    S.REJECTED: "red",
    S.REJECTED_AT_INTAKE: "red",
    S.CLOSED: "green",
    S.DELIVERED: "green",
    S.DRAFT: "dim",
}


@dataclass(slots=True)
class _Row:
    name: str
    service: str
    progress: Progress | None = None
    at: datetime | None = None
    changed: int = 0
    """Its place in the order of changes."""
    step: int = 0
    result: S | None = None
    """The state before it was closed, which tells how it ended."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to be expected: it is closed, or nothing may be filed."""
        return self.progress is not None and (
            self.progress.state is S.CLOSED or (self.progress.state is S.DRAFT and self.progress.hold is not None)
        )


class LiveTable:
    """A ``Display`` that draws a table and keeps drawing it."""

    def __init__(self, console: Console, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Draw on ``console``; ``monotonic`` tells when the next frame is due."""
        self._live = Live(self, console=console, screen=True, auto_refresh=False)
        self._monotonic = monotonic
        self._next_frame = -math.inf
        self._rows: dict[str, _Row] = {}
        self._agencies: Sequence[str] = ()
        self._news: deque[str] = deque(maxlen=NEWS)
        self._began: datetime | None = None
        self._now: datetime | None = None
        self._changes = 0

    def __enter__(self) -> Self:
        """Take the other screen."""
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the terminal back as it was."""
        self._live.stop()

    def begin(self, agencies: Sequence[str], services: Mapping[str, str]) -> None:
        """As ``Display.begin``."""
        self._agencies = agencies
        self._rows = {name: _Row(name, service) for name, service in services.items()}
        self._draw()

    def event(self, name: str, event: Event, progress: Progress) -> None:
        """As ``Display.event``."""
        row = self._rows[name]
        self._changes += 1
        row.progress, row.at, row.changed = progress, event.at, self._changes
        row.step = max(row.step, _STEPS.get(progress.state, 0))
        if isinstance(event, Moved) and event.to is not S.CLOSED:
            row.result = event.to
        said = describe(event) if matters(event) else None
        if said is not None:
            self._tell(name, event.at, said)
        self._pass(event.at)

    def killed(self, name: str) -> None:
        """As ``Display.killed``."""
        filed = f"{safe(name)} is filed, and the worker is gone before the answer; another starts"
        self._news.append(f"[bold red]kill -9[/]  {filed}")
        self._draw()

    def _tell(self, name: str, at: datetime, said: str) -> None:
        self._news.append(f"[dim]{_moment(at)}[/]  {safe(name)} {said}")

    def _pass(self, now: datetime) -> None:
        self._began = self._began or now
        self._now = now if self._now is None else max(self._now, now)
        if self._monotonic() >= self._next_frame:
            self._draw()

    def _draw(self) -> None:
        began = self._monotonic()
        self._live.refresh()
        done = self._monotonic()
        self._next_frame = done + max(BETWEEN_FRAMES, SHARE * (done - began))

    # Drawing

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The whole screen, as large as the window is now."""
        width, height = options.max_width, console.height
        news = NEWS if height > 3 * NEWS else 0
        room = max(1, height - len(("heading", "bar", "headings", "blank")) - news)
        rows, left_out = self._shown(room)
        parts: list[RenderableType] = [
            _line(f"[bold]nagorik demo[/]  {safe(', '.join(self._agencies))}: simulated. No real agency is called."),
            self._bar(width),
            self._table(rows, width),
        ]
        if left_out:
            parts.append(_line(f"[dim]… {_count(left_out)}[/]"))
        if news:
            parts += [_line(""), *(_cropped(said, width) for said in self._news)]
        yield Group(*parts)

    def _shown(self, room: int) -> tuple[list[_Row], list[_Row]]:
        """The rows for which there is room, in their order, and the others: who moves first, then who moved last."""
        rows = list(self._rows.values())
        if len(rows) <= room:
            return rows, []
        ranked = sorted(rows, key=lambda row: (row.has_ended, row.progress is None, -row.changed))
        chosen = {row.name for row in ranked[: max(1, room - 1)]}
        return [row for row in rows if row.name in chosen], [row for row in rows if row.name not in chosen]

    def _bar(self, width: int) -> Table:
        ended = sum(row.has_ended for row in self._rows.values())
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=min(40, max(10, width // 3)))
        grid.add_column(no_wrap=True, overflow="ellipsis")
        said = f"{ended} of {len(self._rows)} ended"
        if self._now is not None and self._began is not None:
            day = (dhaka_date(self._now) - dhaka_date(self._began)).days + 1
            said += f"  [dim]{_moment(self._now)}, simulated day {day}[/]"
        grid.add_row(_progress_bar(ended, max(1, len(self._rows))), Text.from_markup(said))
        return grid

    def _table(self, rows: Sequence[_Row], width: int) -> Table:
        gap = 2 if width >= WIDE else 1
        table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim", width=width)
        table.add_column("application", width=22, no_wrap=True, overflow="ellipsis")
        if width >= WIDE:
            table.add_column("service", width=21, no_wrap=True, overflow="ellipsis")
            table.add_column("", width=_LAST_STEP, no_wrap=True)
        table.add_column("state", width=20, no_wrap=True, overflow="ellipsis")
        if width >= NARROW:
            table.add_column("waits for", ratio=1, no_wrap=True, overflow="ellipsis")
            table.add_column("date", width=12 if width >= WIDE else 6, no_wrap=True)
        for row in rows:
            table.add_row(*self._cells(row, width), style="dim" if row.has_ended else "")
        return table

    def _cells(self, row: _Row, width: int) -> list[RenderableType]:
        progress = row.progress
        cells: list[RenderableType] = [Text(plain(row.name))]
        if width >= WIDE:
            closed = progress is not None and progress.state is S.CLOSED
            cells += [Text(row.service), _progress_bar(_LAST_STEP if closed else row.step, _LAST_STEP, _LAST_STEP)]
        if progress is None:
            return [*cells, Text("–", style="dim")]
        cells.append(_state(row, progress))
        if width >= NARROW:
            since = "" if row.at is None else _moment(row.at) if width >= WIDE else f"{dhaka_time(row.at):%d %b}"
            cells += [Text(waiting_for(progress)), Text(since, style="dim")]
        return cells


def waiting_for(progress: Progress) -> str:
    """What has to come before an application goes on; nothing for one that is closed."""
    opens = progress.backoff(Operation.SUBMIT).not_before
    match progress:
        case Progress(hold=hold) if hold is not None:
            return f"{PARTIES[hold.party]}: {hold_words(hold.code)}"
        case Progress(state=S.CLOSED | S.DELIVERED):
            return ""
        case Progress(state=S.SUBMISSION_UNKNOWN):
            return "the look-up at the agency"
        case Progress(state=S.AWAITING_PAYMENT):
            return "the payment"
        case Progress(state=S.READY) if opens is not None:
            return f"{_moment(opens)}, to be sent"
        case Progress(state=state) if state in AT_THE_AGENCY:
            return "the agency"
        case Progress(state=state) if state in ENDED_WITHOUT_RESULT:
            return "the end of its accounts"
        case _:
            return "its next step"


def _state(row: _Row, progress: Progress) -> Text:
    if progress.state is S.CLOSED and row.result is not None:
        well = row.result not in ENDED_WITHOUT_RESULT
        return Text(f"{'✓' if well else '✗'} {row.result.value}", style="green" if well else "red")
    style = "yellow" if progress.hold is not None else _STYLES.get(progress.state, "cyan")
    return Text(progress.state.value, style=style)


def _progress_bar(done: int, total: int, width: int | None = None) -> ProgressBar:
    return ProgressBar(total=total, completed=done, width=width, complete_style="cyan", finished_style="green")


def _count(rows: Sequence[_Row]) -> str:
    ended = sum(row.has_ended for row in rows)
    waiting = len(rows) - ended
    return f"{len(rows)} more: {ended} ended, {waiting} under way"


def _moment(at: datetime) -> str:
    return f"{dhaka_time(at):%d %b %H:%M}"


def _line(markup: str) -> Text:
    text = Text.from_markup(markup)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _cropped(markup: str, width: int) -> Text:
    """A line that fits, though some terminals give a column to each vowel sign of Bangla, and others give none."""
    text, columns = _line(markup), 0
    for place, char in enumerate(text.plain):
        columns += 0 if unicodedata.category(char) in {"Mn", "Cf"} else 1
        if columns >= width:
            return text[:place].append("…")
    return text
