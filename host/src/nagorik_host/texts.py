"""What a person reads, in both languages: the sentence beside a code, and an application's journal line by line."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Final, Literal

from nagorik import Consent, Text
from nagorik.model.eligibility import Verdict
from nagorik.operations import Operation
from nagorik.values.sentences import read_sentence_tables
from nagorik_host.views import TimelineView
from nagorik_platform.cli.explanation_page import Wording, refusal_text, report_text
from nagorik_platform.lifecycle import Event, Hold, Party, events as e, state_label
from nagorik_platform.lifecycle.rules.holds import INPUT_REJECTED
from nagorik_platform.lifecycle.state import Booking
from nagorik_toolkit.texts import moment_text, money_text

SentenceTable = Literal[
    "hold", "blocked", "booking", "not-possible", "outage", "event", "attempt", "audit", "paper", "payment-case"
]
THE_AGENCY: Final = Text(bn="সংস্থাটি", en="The agency")
"""Stands in a sentence for an agency whose plugin is not installed."""


def sentence(table: SentenceTable, code: str) -> Text | None:
    """The sentence for a code, or ``None`` where there is no such sentence: the code then stands for itself."""
    return _sentences()[table].get(code)


def text_of(table: SentenceTable, code: str, **fills: Text) -> Text:
    """The sentence for a code with its places filled, else the code itself."""
    text = sentence(table, code)
    if text is None:
        return Text(en=code, bn=code)
    en, bn = ({name: getattr(fill, one) for name, fill in fills.items()} for one in ("en", "bn"))
    return Text(en=text.en.format(**en), bn=text.bn.format(**bn))


def codes(table: SentenceTable) -> tuple[str, ...]:
    """The codes that have a sentence."""
    return tuple(_sentences()[table])


def hold_sentence(hold: Hold) -> Text | None:
    """What a hold means; what a form lacks is an officer's work where the citizen cannot change it any more."""
    late = hold.code == INPUT_REJECTED and hold.party is Party.PERSON
    return sentence("hold", "input-rejected-late" if late else hold.code)


@cache
def _sentences() -> Mapping[str, Mapping[str, Text]]:
    return read_sentence_tables("nagorik_host", "texts.toml")


def timeline(
    events: Iterable[Event], agency: Text | None, words: Wording, paper: Callable[[str], Text]
) -> list[TimelineView]:
    """Make a line of each event that means something to a person; the same again and again is one line.

    A line says what happened and what it meant then, not what is to be done now. ``agency`` is the agency's name,
    ``words`` says how a citizen's writing is shown, and ``paper`` names a document by its kind.
    """
    lines: list[TimelineView] = []
    reported: Text | None = None
    for event in events:
        described = _described(event, agency or THE_AGENCY, words, paper)
        if isinstance(event, e.StatusReceived):
            before, reported = reported, described and described[1]
            described = described if reported != before else None
        if described is None:
            continue
        code, text = described
        is_again = bool(lines) and (lines[-1].kind, lines[-1].code, lines[-1].text) == (event.kind, code, text)
        times = 1 + (lines.pop().times if is_again else 0)
        lines.append(TimelineView(at=event.at, kind=event.kind, code=code, text=text, times=times))
    return lines


def _described(event: Event, agency: Text, words: Wording, paper: Callable[[str], Text]) -> tuple[str, Text] | None:
    """The code and the text of an event in which others' words stand; of any other, as ``_plain``."""
    match event:
        case e.StatusReceived(status=status):
            text = report_text(status, words)
            code = status.state.value if status.state is not None else "unrecognised"
            return (code, text) if text is not None else None
        case e.AttemptEnded(refusal=refusal) if refusal is not None and refusal.fault is None:
            return words(refusal.code), refusal_text(event.operation, refusal, words)
        case e.AttemptEnded(settled=False, result=result):
            return (result, text_of("attempt", result, agency=agency)) if sentence("attempt", result) else None
        case e.DocumentsHandedIn(documents=documents, by=by):
            kinds = list(dict.fromkeys(document.kind for document in documents))
            return ",".join(kinds), _by(by, _listing(event.kind, *map(paper, kinds)))
        case e.PaymentMoved(to=to, remark=remark):
            remark = words(remark or "")
            quoted = (text_of("event", "gateway-says"), Text(en=f"«{remark}»", bn=f"«{remark}»")) if remark else ()
            return to.value, _joined(state_label(to), *quoted)
        case e.EligibilityDecided(decision=decision):
            # Each criterion that says otherwise, or is unknown.
            open_ = (one.text for one in decision.criteria if one.verdict is not Verdict.PASS)
            reasons = (Text(bn=words(text.bn), en=words(text.en)) for text in open_)
            return decision.eligibility.value, _joined(text_of("event", decision.eligibility.value), *reasons)
    return _plain(event)


def _plain(event: Event) -> tuple[str, Text] | None:
    code: str = event.kind
    match event:
        case e.Moved(to=to, officer=officer):
            return to.value, _joined(*[text_of("event", "decided")] * (officer is not None), state_label(to))
        case e.FlagsChanged(raised=raised) if raised:
            return ",".join(sorted(raised)), _joined(*map(state_label, sorted(raised)))
        case e.Held(hold=hold):
            return hold.code, hold_sentence(hold) or text_of("hold", hold.code)
        case e.Opened(consent=Consent(acting=str() as by)) | e.ConsentGiven(consent=Consent(acting=str() as by)):
            return code, _by(by, text_of("event", code))
        case e.QuoteReceived(quote=quote):
            code = "quote-at-least" if quote.unpriced else code
            return code, _listing(code, money_text(quote.total))
        case e.PaymentOpened(amount=amount):
            return code, _listing(code, money_text(amount))
        case e.BookingChanged(booking=Booking() as booking):
            asked_again = booking.state == "wanted" and booking.since != booking.chosen_at
            code = "booking-asked-again" if asked_again else f"booking-{booking.state}"
            return code, _listing(code, moment_text(booking.slot.starts_at), booking.slot.place)
        case e.LookedUp(operation=Operation.WITHDRAW):
            code = "withdrawal-not-made"
        case e.WithdrawalSettled(outcome="refused"):
            code = "withdrawal-refused"
    text = sentence("event", code)
    return (code, text) if text is not None else None


def _by(acting: str | None, text: Text) -> Text:
    """What happened, and who acted for the citizen."""
    return text if acting is None else _joined(text, _listing("acting", Text(en=acting, bn=acting)))


def _listing(code: str, *items: Text) -> Text:
    heading = text_of("event", code)
    en, bn = (", ".join(getattr(one, language) for one in items) for language in ("en", "bn"))
    return Text(en=f"{heading.en} {en}.", bn=f"{heading.bn} {bn}।")


def _joined(*texts: Text) -> Text:
    return Text(en=" ".join(one.en for one in texts), bn=" ".join(one.bn for one in texts))
