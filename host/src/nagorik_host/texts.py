"""What a person reads, in both languages: the sentence beside a code, and an application's journal line by line."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Final, Literal

from nagorik import Consent, Text
from nagorik.model.eligibility import Verdict
from nagorik.operations import Operation
from nagorik.values.sentences import read_sentence_tables
from nagorik_host.views import TimelineView
from nagorik_platform.cli.explanation_page import Wording, as_written, refusal_text, report_text
from nagorik_platform.lifecycle import Event, Hold, Party, state_label
from nagorik_platform.lifecycle.events import (
    AttemptEnded,
    ConsentGiven,
    DocumentsHandedIn,
    EligibilityDecided,
    FlagsChanged,
    Held,
    LookedUp,
    Moved,
    Opened,
    PaymentMoved,
    PaymentOpened,
    QuoteReceived,
    StatusReceived,
    WithdrawalSettled,
)
from nagorik_platform.lifecycle.rules.holds import INPUT_REJECTED
from nagorik_toolkit.texts import money_text

SentenceTable = Literal[
    "hold", "blocked", "not-possible", "outage", "event", "attempt", "audit", "paper", "payment-case"
]
_UNKNOWN_AGENCY: Final = Text(bn="সংস্থাটি", en="The agency")


def sentence(table: SentenceTable, code: str) -> Text | None:
    """The sentence for a code, or ``None`` where there is no such sentence: the code then stands for itself."""
    return _sentences()[table].get(code)


def text_of(table: SentenceTable, code: str) -> Text:
    """The sentence for a code, else the code itself."""
    return sentence(table, code) or Text(en=code, bn=code)


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
    events: Iterable[Event],
    agency: Text | None,
    *,
    words: Wording = as_written,
    paper: Callable[[str], Text] = lambda kind: Text(en=kind, bn=kind),
) -> list[TimelineView]:
    """Make a line of each event that means something to a person; the same again and again is one line.

    A line says what happened and what it meant then, not what is to be done now.

    Args:
        events: The journal, in order.
        agency: The agency's name, for sentences that name it.
        words: How a citizen's writing is shown.
        paper: The name of a paper, by its kind.
    """
    lines: list[TimelineView] = []
    reported: Text | None = None
    for event in events:
        if isinstance(event, StatusReceived):
            before, reported = reported, report_text(event.status, words)
            state = event.status.state.value if event.status.state is not None else "unrecognised"
            described = (state, reported) if reported is not None and reported != before else None
        else:
            described = _described(event, agency or _UNKNOWN_AGENCY, words, paper)
        if described is None:
            continue
        code, text = described
        times = 1
        if lines and (lines[-1].kind, lines[-1].code, lines[-1].text) == (event.kind, code, text):
            times += lines.pop().times
        lines.append(TimelineView(at=event.at, kind=event.kind, code=code, text=text, times=times))
    return lines


def _described(event: Event, agency: Text, words: Wording, paper: Callable[[str], Text]) -> tuple[str, Text] | None:
    match event:
        case AttemptEnded(refusal=refusal) if refusal is not None and refusal.fault is None:
            return words(refusal.code), refusal_text(event.operation, refusal, words)
        case AttemptEnded(settled=False, result=result):
            return _lost(result, agency)
        case DocumentsHandedIn(documents=documents, by=by):
            kinds = list(dict.fromkeys(document.kind for document in documents))
            return ",".join(kinds), _by(by, _listing(event.kind, *map(paper, kinds)))
        case PaymentMoved(to=payment_state, remark=remark):
            return payment_state.value, _quoted(state_label(payment_state), words(remark or ""))
        case EligibilityDecided(decision=decision):
            # Each criterion that says otherwise, or is unknown.
            open_ = (one.text for one in decision.criteria if one.verdict is not Verdict.PASS)
            reasons = (Text(bn=words(text.bn), en=words(text.en)) for text in open_)
            return decision.eligibility.value, _joined(text_of("event", decision.eligibility.value), *reasons)
    return _plain(event)


def _plain(event: Event) -> tuple[str, Text] | None:
    match event:
        case Moved(to=state, officer=officer):
            label = state_label(state)
            return state.value, label if officer is None else _joined(text_of("event", "decided"), label)
        case FlagsChanged(raised=raised) if raised:
            return ",".join(sorted(raised)), _joined(*map(state_label, sorted(raised)))
        case Held(hold=hold):
            return hold.code, hold_sentence(hold) or text_of("hold", hold.code)
        case Opened(consent=Consent(acting=str() as acting)) | ConsentGiven(consent=Consent(acting=str() as acting)):
            return event.kind, _by(acting, text_of("event", event.kind))
        case QuoteReceived(quote=quote):
            code = "quote-at-least" if quote.unpriced else "quote-received"
            return code, _listing(code, money_text(quote.total))
        case PaymentOpened(amount=amount):
            return event.kind, _listing(event.kind, money_text(amount))
    is_unmade = isinstance(event, LookedUp) and event.operation is Operation.WITHDRAW
    is_refused = isinstance(event, WithdrawalSettled) and event.outcome == "refused"
    code = "withdrawal-not-made" if is_unmade else "withdrawal-refused" if is_refused else event.kind
    text = sentence("event", code)
    return (code, text) if text is not None else None


def _lost(result: str, agency: Text) -> tuple[str, Text] | None:
    """An attempt that settled nothing, if it ended in an error that has a sentence."""
    text = sentence("attempt", result)
    if text is None:
        return None
    english = text.en.replace("{agency}", agency.en)
    return result, Text(bn=text.bn.replace("{agency}", agency.bn), en=english[0].upper() + english[1:])


def _by(acting: str | None, text: Text) -> Text:
    """What happened, and who acted for the citizen."""
    return text if acting is None else _joined(text, _listing("acting", Text(en=acting, bn=acting)))


def _quoted(text: Text, remark: str) -> Text:
    """A text, and what the payment service says beside it in its own words, if it says anything."""
    heading = text_of("event", "gateway-says")
    said = Text(en=f"{heading.en} «{remark}»", bn=f"{heading.bn} «{remark}»")
    return _joined(text, said) if remark else text


def _listing(code: str, *items: Text) -> Text:
    heading = text_of("event", code)
    en, bn = (", ".join(getattr(one, language) for one in items) for language in ("en", "bn"))
    return Text(en=f"{heading.en} {en}.", bn=f"{heading.bn} {bn}।")


def _joined(*texts: Text) -> Text:
    return Text(en=" ".join(one.en for one in texts), bn=" ".join(one.bn for one in texts))
