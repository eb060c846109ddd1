"""The end of the demonstration: the table, each difference from what was expected, and what was proved."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from rich.console import Console, JustifyMethod
from rich.table import Table

from nagorik.values import Money
from nagorik_simulation.demo.display import hold_words, safe
from nagorik_simulation.demo.results import DemoResult
from nagorik_toolkit.texts import money_text


def span(duration: timedelta) -> str:
    """A duration for a person: its two largest units."""
    seconds = int(duration.total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def _state(entry: DemoResult) -> str:
    if entry.waits_for:
        return f"{entry.state}: {hold_words(entry.waits_for)}"
    return f"{entry.state}, looked up" if entry.looked_up else entry.state


_COLUMNS: Final[tuple[tuple[str, int, JustifyMethod, Callable[[DemoResult], str]], ...]] = (
    ("application", 22, "left", lambda entry: entry.application),
    ("citizen", 7, "left", lambda entry: entry.citizen),
    ("service", 18, "left", lambda entry: entry.service),
    ("fee", 11, "right", lambda entry: money_text(entry.fee).en if entry.fee is not None else "–"),
    ("agency reference", 16, "left", lambda entry: entry.agency_reference or "–"),
    ("state", 19, "left", _state),
    ("time", 10, "right", lambda entry: span(entry.simulated)),
    ("HTTP", 4, "right", lambda entry: str(entry.http_requests)),
    ("filed", 5, "right", lambda entry: str(entry.applications_at_agency)),
)
"""Heading, most columns of the window, and the text of a row."""
_LEGEND: Final = (
    "time: simulated, from opening to the last event. HTTP: requests made for it. filed: applications that the"
    " agency's own ledger holds for it."
)


def print_closing(console: Console, entries: Sequence[DemoResult]) -> None:
    """Print all of it, as wide as ``console`` is."""
    title = "Applications, from eligibility to delivery"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading, width, justify, _ in _COLUMNS:
        table.add_column(heading, justify=justify, max_width=width, no_wrap=True, overflow="ellipsis")
    for entry in entries:
        table.add_row(*(safe(cell(entry)) for *_, cell in _COLUMNS), style="red" if entry.problems else "")
    console.print(table)
    console.print(f"\n{_LEGEND}", style="dim", highlight=False)
    for entry in entries:
        for problem in entry.problems:
            console.print(f"[bold red]{safe(f'{entry.application}: {problem}')}[/]", highlight=False)
    console.print()
    for line in summary(entries):
        console.print(line, highlight=False)


def summary(entries: Sequence[DemoResult]) -> list[str]:
    """What happened and what was proved, in a few lines of markup."""
    filed, lost = [one for one in entries if one.applications_at_agency], sum(one.looked_up for one in entries)
    waiting = Counter(entry.waits_for for entry in entries if entry.waits_for is not None)
    taken, known = sum(entry.payments_at_gateway for entry in entries), sum(entry.payments for entry in entries)
    once = "each once" if taken == known else f"where the database holds {known}"
    kept = sum(entry.kept for entry in entries)
    days = max((entry.simulated for entry in entries), default=timedelta()).days
    numbers = {
        "delivered": sum(entry.delivered for entry in entries),
        "closed without a delivery": sum(entry.waits_for is None and not entry.delivered for entry in entries),
        **{f"held ({safe(hold_words(code))})": number for code, number in sorted(waiting.items())},
    }
    ends = [f"{number} {what}" for what, number in numbers.items() if number]
    played = f"{_counted(len(entries), 'application')} in {_counted(days, 'simulated day')}"
    requests = _counted(sum(entry.http_requests for entry in entries), "HTTP request")
    doubled = sum(entry.applications_at_agency > 1 for entry in filed)
    each = f"{doubled} of them more than once" if doubled else "each once"
    found = f" {_counted(lost, 'answer')} to a filing got lost: looked up and found, not sent again." if lost else ""
    lines = [
        f"[bold]What happened[/]  {played}, with {requests}: {', '.join(ends)}.",
        f"[bold]Filed[/]          {len(filed)} at an agency, {each}, by the agencies' own ledgers.{found}",
        f"[bold]Paid[/]           {_counted(taken, 'payment')} taken, {once}, by the gateway's own ledger"
        + (f"; {money_text(Money(poisha=kept)).en} not given back." if taken else "."),
    ]
    wrong = sum(bool(entry.problems) for entry in entries)
    if wrong:
        lines.append(f"[bold red]{wrong} of {len(entries)} ended otherwise than their files expect.[/]")
    else:
        lines.append(f"[bold green]{'Each' if len(entries) > 1 else 'It'} ended as its file expects.[/]")
    return lines


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


_NAMES: Final = [name for name in DemoResult.__dataclass_fields__ if name not in {"payments", "kept", "simulated"}]


def as_json(entries: Sequence[DemoResult]) -> str:
    """The table as data: durations in seconds, money as decimal text in taka."""
    applications = [
        {name: getattr(entry, name) for name in _NAMES}
        | {"fee": entry.fee.plain() if entry.fee is not None else None}
        | {"simulated_seconds": entry.simulated.total_seconds()}
        for entry in entries
    ]
    done = {"as_expected": all(not entry.problems for entry in entries), "applications": applications}
    return json.dumps(done, ensure_ascii=False, indent=2)
