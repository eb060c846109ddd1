"""The live view: what it draws, how it fits the window, and how it leaves the terminal."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from nagorik.model.status import ApplicationState
from nagorik_platform.lifecycle import Event, Hold, Party, Progress
from nagorik_platform.lifecycle.events import Actor, Held, Moved
from nagorik_simulation.demo.display import BETWEEN_FRAMES, LiveTable

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals on Windows")

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "applications"
AT = datetime(2026, 11, 24, 4, tzinfo=UTC)
OTHER_SCREEN = "\x1b[?1049h"
FIRST_SCREEN = "\x1b[?1049l"
CURSOR = "\x1b[?25h"
# A shell starts what it runs in the background with interruptions ignored, and its children inherit that.
COMMAND = """
import signal
from nagorik_platform.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
raise SystemExit(main())
"""


def progress(state: ApplicationState, hold: Hold | None = None) -> Progress:
    return Progress(
        id="1",
        service="nid.reissue",
        plugin_version="nagorik-nid 1.0.0",
        client_reference="NGK-1",
        idempotency_key="2",
        opened_at=AT,
        state=state,
        hold=hold,
    )


def moved(to: ApplicationState, at: datetime = AT) -> Event:
    return Moved(at=at, to=to, actor=Actor.AGENCY, code="reported")


class Stopped:
    """A machine's clock that stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def screen(width: int, height: int) -> Console:
    return Console(file=StringIO(), force_terminal=True, width=width, height=height, color_system=None)


def drawn(console: Console, table: LiveTable) -> list[str]:
    """The lines of one frame."""
    with console.capture() as captured:
        console.print(table, end="")
    return captured.get().splitlines()


def begun(console: Console, *names: str) -> LiveTable:
    table = LiveTable(console, monotonic=Stopped())
    table.begin(("nid", "cashdesk"), dict.fromkeys(names, "nid.reissue"))
    return table


def test_a_row_shows_state_what_is_waited_for_and_the_simulated_date() -> None:
    console = screen(120, 30)
    table = begun(console, "one", "two", "three")
    table.event("one", moved(ApplicationState.IN_REVIEW), progress(ApplicationState.IN_REVIEW))
    hold = Hold(party=Party.CITIZEN, code="appearance-required")
    table.event("two", Held(at=AT, hold=hold), progress(ApplicationState.AWAITING_APPEARANCE, hold))
    lines = drawn(console, table)
    assert lines[0].startswith("nagorik demo  0 of 3 ended  24 Nov 10:00, simulated day 1")
    two, one, three = lines[2:5]
    assert one.split() == ["one", "in_review", "the", "agency", "24", "Nov", "10:00"]
    assert "awaiting_appearance" in two
    assert "citizen: appearance required" in two
    assert three.split() == ["three", "–"]
    assert "Simulated agencies on this machine: nid, cashdesk. No real agency is called." in lines[5]


@pytest.mark.parametrize(
    ("end", "told"), [(ApplicationState.DELIVERED, "✓ delivered"), (ApplicationState.REJECTED, "✗ rejected")]
)
def test_what_is_closed_counts_as_ended_and_tells_how(end: ApplicationState, told: str) -> None:
    console = screen(120, 30)
    table = begun(console, "one")
    closed = progress(ApplicationState.CLOSED)
    later = AT + timedelta(days=3)
    table.event("one", moved(end, later), closed)
    table.event("one", moved(ApplicationState.CLOSED, later), closed)
    text = "\n".join(drawn(console, table))
    assert told in text
    assert "1 of 1 ended" in text


def test_where_there_is_no_room_for_all_who_moves_is_shown() -> None:
    console = screen(80, 16)
    table = begun(console, *(f"application-{number:02}" for number in range(40)))
    for number in range(20):
        table.event(f"application-{number:02}", moved(ApplicationState.CLOSED), progress(ApplicationState.CLOSED))
    table.event("application-30", moved(ApplicationState.SUBMITTED), progress(ApplicationState.SUBMITTED))
    lines = drawn(console, table)
    assert len(lines) <= 16
    assert lines[2].startswith("application-30")


@pytest.mark.parametrize("width", [20, 40, 64, 80, 100, 120, 200])
@pytest.mark.parametrize("height", [5, 12, 24, 60])
def test_nothing_is_wider_or_higher_than_the_window(width: int, height: int) -> None:
    console = screen(width, height)
    table = begun(console, *(f"application-with-a-long-name-{number:02}" for number in range(12)))
    table.event(
        "application-with-a-long-name-03",
        moved(ApplicationState.CORRECTION_REQUESTED),
        progress(ApplicationState.CORRECTION_REQUESTED),
    )
    lines = drawn(console, table)
    assert len(lines) <= max(height, 7)
    assert all(len(line.rstrip()) <= width for line in lines)


def test_frames_are_drawn_no_oftener_than_can_be_seen() -> None:
    console, clock = screen(80, 24), Stopped()
    table = LiveTable(console, monotonic=clock)
    assert isinstance(console.file, StringIO)
    with table:
        table.begin(("nid",), {"one": "nid.reissue"})
        at_first = console.file.getvalue()
        for _ in range(100):
            table.event("one", moved(ApplicationState.IN_REVIEW), progress(ApplicationState.IN_REVIEW))
        assert console.file.getvalue() == at_first
        clock.now += BETWEEN_FRAMES
        table.event("one", moved(ApplicationState.IN_REVIEW), progress(ApplicationState.IN_REVIEW))
        assert len(console.file.getvalue()) > len(at_first)


def test_a_name_steers_neither_the_terminal_nor_the_table() -> None:
    console = screen(120, 30)
    table = begun(console, "[red]\x1b[31mone")
    table.event("[red]\x1b[31mone", moved(ApplicationState.SUBMITTED), progress(ApplicationState.SUBMITTED))
    lines = drawn(console, table)
    assert lines[2].startswith("[red][31mone")
    assert any("[red][31mone submitted" in line for line in lines[3:])
    assert not any("\x1b" in line for line in lines)


class Terminal:
    """A command on a pseudo-terminal."""

    def __init__(self, *words: str) -> None:
        self._own, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "demo", *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={
                **os.environ,
                "TERM": "xterm-256color",
                "PYTHONIOENCODING": "utf-8",
                "COLUMNS": "100",
                "LINES": "30",
            },
            start_new_session=True,
        )
        os.close(theirs)
        self.printed = ""

    def read_until(self, text: str | None) -> None:
        """Read until ``text`` was printed; without one, until the end."""
        while text is None or text not in self.printed:
            try:
                piece = os.read(self._own, 65_536)
            except OSError:  # Linux says so when nobody holds the other end any more
                piece = b""
            if not piece:
                return
            self.printed += piece.decode("utf-8", "replace")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._own)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "04-migration.json").write_bytes((EXAMPLES / "04-migration.json").read_bytes())
    return tmp_path


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    opened = Terminal(str(folder))
    yield opened
    opened.close()


def test_on_a_terminal_the_table_lives_on_the_other_screen_and_the_results_stay(terminal: Terminal) -> None:
    terminal.read_until(None)
    assert terminal.process.wait() == 0
    live, _, after = terminal.printed.partition(FIRST_SCREEN)
    assert OTHER_SCREEN in live
    assert "04-migration" in live
    assert CURSOR in terminal.printed
    assert "04-migration" in after
    assert "ended as its file expects" in after
    assert OTHER_SCREEN not in after


def test_an_interrupted_demonstration_leaves_the_terminal_as_it_was() -> None:
    # All examples, so that it cannot have ended when the signal comes.
    terminal = Terminal(str(EXAMPLES))
    terminal.read_until("simulated day")
    os.killpg(terminal.process.pid, signal.SIGINT)
    terminal.read_until(None)
    ended = terminal.process.wait()
    terminal.close()
    assert ended == 130
    assert terminal.printed.rindex(FIRST_SCREEN) > terminal.printed.rindex(OTHER_SCREEN)
    assert terminal.printed.rindex(CURSOR) > terminal.printed.rindex(OTHER_SCREEN)
    assert "Traceback" not in terminal.printed


def test_plain_lines_can_be_had_on_a_terminal(folder: Path) -> None:
    terminal = Terminal(str(folder), "--plain")
    terminal.read_until(None)
    assert terminal.process.wait() == 0
    terminal.close()
    assert OTHER_SCREEN not in terminal.printed
    assert "submitted" in terminal.printed
    assert "ended as its file expects" in terminal.printed
