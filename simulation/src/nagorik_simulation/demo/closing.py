"""The end of the demonstration: the table, each difference from what was expected, and what was proved."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from rich.console import Console, JustifyMethod
from rich.table import Table

from nagorik_simulation.demo.reasons import hold_words
from nagorik_simulation.demo.render import safe, span
from nagorik_simulation.demo.results import DemoResult
from nagorik_toolkit.texts import money_text


def _state(entry: DemoResult) -> str:
    if entry.hold:
        return f"{entry.state}: {hold_words(entry.hold)}"
    return f"{entry.state}, looked up" if entry.looked_up else entry.state


class _Column(NamedTuple):
    heading: str
    width: int
    """The most that it takes of a line."""
    justify: JustifyMethod
    cell: Callable[[DemoResult], str]
    needed: int = 0
    """How dear it is: where a window is narrow, the columns with the least go first."""


_COLUMNS: Final = (
    _Column("application", 22, "left", lambda entry: entry.name, 9),
    _Column("citizen", 7, "left", lambda entry: entry.citizen, 1),
    _Column("service", 18, "left", lambda entry: entry.service, 3),
    _Column("fee", 11, "right", lambda entry: money_text(entry.fee).en if entry.fee is not None else "–", 6),
    _Column("agency reference", 16, "left", lambda entry: entry.agency_reference or "–", 5),
    _Column("state", 19, "left", _state, 8),
    _Column("time", 10, "right", lambda entry: span(entry.simulated), 4),
    _Column("HTTP", 4, "right", lambda entry: str(entry.requests), 2),
    _Column("filed", 5, "right", lambda entry: str(entry.at_agency), 7),
)


def print_closing(console: Console, entries: Sequence[DemoResult]) -> None:
    """Print all of it, as wide as ``console`` is."""
    columns = _fitting(console.width)
    table = Table(
        title="Applications, from eligibility to delivery",
        title_justify="left",
        box=None,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for column in columns:
        table.add_column(
            column.heading, justify=column.justify, max_width=column.width, no_wrap=True, overflow="ellipsis"
        )
    for entry in entries:
        table.add_row(*(safe(column.cell(entry)) for column in columns), style="red" if entry.problems else "")
    console.print(table)
    legend = {
        "time": "time: simulated, from opening to the last event.",
        "HTTP": "HTTP: requests made for it.",
        "filed": "filed: applications that the agency's own ledger holds for it.",
    }
    said = " ".join(legend[column.heading] for column in columns if column.heading in legend)
    console.print(f"\n{said}", style="dim", highlight=False)
    for entry in entries:
        for problem in entry.problems:
            console.print(f"[bold red]{safe(f'{entry.name}: {problem}')}[/]", highlight=False)
    console.print()
    for line in summary(entries):
        console.print(line, highlight=False)


def summary(entries: Sequence[DemoResult]) -> list[str]:
    """What happened and what was proved, in a few lines of markup."""
    filed, lost = [entry for entry in entries if entry.at_agency], [entry for entry in entries if entry.looked_up]
    waiting = Counter(entry.hold for entry in entries if entry.hold is not None)
    taken, known = sum(entry.at_gateway for entry in entries), sum(entry.payments for entry in entries)
    money = [entry.fee for entry in entries if entry.fee is not None]
    once = "each once" if taken == known else f"where the database holds {known}"
    kept = f"; {money_text(sum(money[1:], money[0])).en} not given back" if money else ""
    days = max((entry.simulated for entry in entries), default=timedelta()).days
    numbers = {
        "delivered": sum(entry.delivered for entry in entries),
        "closed without a delivery": sum(entry.hold is None and not entry.delivered for entry in entries),
        **{f"held ({safe(hold_words(code))})": number for code, number in sorted(waiting.items())},
    }
    ends = [f"{number} {what}" for what, number in numbers.items() if number]
    played = f"{_counted(len(entries), 'application')} in {_counted(days, 'simulated day')}"
    requests = _counted(sum(entry.requests for entry in entries), "HTTP request")
    lines = [
        f"[bold]What happened[/]  {played}, with {requests}: {', '.join(ends)}.",
        f"[bold]Filed[/]          {len(filed)} at an agency, {_once(entry.at_agency for entry in filed)},"
        " by the agencies' own ledgers."
        + (
            f" {_counted(len(lost), 'answer')} to a filing got lost: looked up and found, not sent again."
            if lost
            else ""
        ),
        f"[bold]Paid[/]           {_counted(taken, 'payment')} taken, {once}, by the gateway's own ledger{kept}.",
    ]
    wrong = sum(bool(entry.problems) for entry in entries)
    if wrong:
        lines.append(f"[bold red]{wrong} of {len(entries)} ended otherwise than their files expect.[/]")
    else:
        lines.append(f"[bold green]{'Each' if len(entries) > 1 else 'It'} ended as its file expects.[/]")
    return lines


def _fitting(width: int) -> list[_Column]:
    """The columns that ``width`` has room for, in their order."""
    columns = list(_COLUMNS)
    while len(columns) > 1 and sum(column.width + 1 for column in columns) > width + 1:
        columns.remove(min(columns, key=lambda column: column.needed))
    return columns


def _once(counts: Iterable[int]) -> str:
    doubled = sum(count > 1 for count in counts)
    return f"{doubled} of them more than once" if doubled else "each once"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
