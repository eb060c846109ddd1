"""The lifecycle's tables as Markdown, so that the documentation cannot differ from what is enforced."""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from nagorik.lifecycle.application import APPLICATION_TRANSITIONS, ApplicationTransition
from nagorik.lifecycle.labels import state_label
from nagorik.lifecycle.payment import PAYMENT_TRANSITIONS, PaymentTransition
from nagorik.model.states import ApplicationState, Flag, PaymentState


def application_table() -> str:
    """An application's states and the rows that leave them."""
    any_state = "any state but itself: a named person decides, with a reason"
    return _states("application", ApplicationState, APPLICATION_TRANSITIONS, {"manual_review": any_state})


def payment_table() -> str:
    """A payment's states and the rows that leave them."""
    return _states("payment", PaymentState, PAYMENT_TRANSITIONS, {})


def flag_table() -> str:
    """The flags and what a citizen reads of them."""
    rows = (f"| `{flag}` | {state_label(flag).en} |" for flag in Flag)
    return _table(("flag", "what the citizen reads"), rows)


TABLES: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {"application": application_table, "payment": payment_table, "flags": flag_table}
)


def put_tables(document: str) -> str:
    """``document`` with every table between its markers rendered anew.

    Raises:
        ValueError: A table has no place in it.
    """
    for name, render in TABLES.items():
        begin, end = f"<!-- table: {name} -->", "<!-- end of table -->"
        place = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
        if place.search(document) is None:
            raise ValueError(f"the document has no place for the table {name}")
        rendered = f"{begin}\n\n{render()}\n{end}"
        document = place.sub(lambda _, text=rendered: text, document)  # type: ignore[misc]
    return document


def _states(
    what: str,
    states: type[ApplicationState] | type[PaymentState],
    rows: Iterable[ApplicationTransition | PaymentTransition],
    exceptions: Mapping[str, str],
) -> str:
    moves: dict[str, list[str]] = {}
    for row in rows:
        moves.setdefault(row.source, []).append(f"`{row.target}`: {row.when}")
    lines = []
    for state in states:
        leads = exceptions.get(state) or "<br>".join(moves.get(state, ["nowhere"]))
        lines.append(f"| `{state}` | {state_label(state).en} | {leads} |")
    return _table((what, "what the citizen reads", "leads to"), lines)


def _table(head: tuple[str, ...], rows: Iterable[str]) -> str:
    return "\n".join((f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *rows)) + "\n"
