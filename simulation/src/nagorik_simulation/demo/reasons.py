"""Why something happened to an application of the demonstration, as an officer reads it: numbers are masked."""

from collections.abc import Iterable, Mapping
from typing import Final

from nagorik import Text
from nagorik.model.fee import Quote
from nagorik.values import Money
from nagorik_platform.cli.explanation_page import (
    explanation_document,
    refusal_text,
    report_text,
    with_numbers_masked,
)
from nagorik_platform.cli.output import Document
from nagorik_platform.lifecycle import Event, Party, Progress, explain
from nagorik_platform.lifecycle.events import AttemptEnded, StatusReceived
from nagorik_platform.lifecycle.refusals import CallRefusal
from nagorik_toolkit.texts import money_text


def reason_of(event: Event) -> Text | None:
    """What was given as the reason, where ``event`` brings one."""
    match event:
        case AttemptEnded(operation=operation, refusal=CallRefusal() as refusal):
            return refusal_text(operation, refusal, with_numbers_masked)
        case StatusReceived(status=status):
            return report_text(status, with_numbers_masked)
    return None


def fee_line(quote: Quote) -> str:
    """A price in one line: what it is added up from."""
    parts = []
    for line in quote.lines:
        parts.append(f"{with_numbers_masked(line.text.en)} {_sum(line.amount)}")
        if line.vat.poisha:
            parts.append(f"VAT {_sum(line.vat)}")
    return f"fee {_sum(quote.total)} = {' + '.join(parts)}"


def explained(progress: Progress, journal: Iterable[Event]) -> Document:
    """What explains where the application ended, as data."""
    return explanation_document(progress, explain(journal), schema=None, words=with_numbers_masked)


def hold_words(code: str) -> str:
    """What an application waits for, in a few words."""
    return _HOLDS.get(code, code.replace("-", " "))


def _sum(money: Money) -> str:
    return money_text(money).en


PARTIES: Final[Mapping[Party, str]] = {
    Party.CITIZEN: "citizen",
    Party.PERSON: "officer",
    Party.AGENCY: "agency",
}
"""Who is waited for, in a word."""
_HOLDS: Final = {"ineligible": "not eligible"}
"""Codes that are no words by themselves."""
