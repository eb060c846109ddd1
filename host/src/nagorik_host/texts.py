"""What a person reads, in both languages: the sentence beside a code, and an application's journal line by line."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Final, Literal, NamedTuple

from nagorik import Consent, Text
from nagorik.model.eligibility import EligibilityDecision, Verdict
from nagorik.operations import Operation
from nagorik.values import Money
from nagorik.values.sentences import read_sentence_tables
from nagorik_platform.cli.explanation_page import Schema, Wording, as_written, refusal_text, report_text
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
from nagorik_platform.lifecycle.refusals import CallRefusal
from nagorik_platform.lifecycle.rules.holds import INPUT_REJECTED
from nagorik_toolkit.texts import money_text

SentenceTable = Literal[
    "hold",
    "blocked",
    "not-possible",
    "outage",
    "event",
    "attempt",
    "audit",
    "paper",
    "payment-case",
]
_UNKNOWN_AGENCY: Final = Text(bn="সংস্থাটি", en="The agency")


def sentence(table: SentenceTable, code: str) -> Text | None:
    """The sentence for a code, or ``None`` where there is no such sentence: the code then stands for itself."""
    return _sentences()[table].get(code)


def codes(table: SentenceTable) -> tuple[str, ...]:
    """The codes that have a sentence."""
    return tuple(_sentences()[table])


def hold_sentence(hold: Hold) -> Text | None:
    """What a hold means; what a form lacks is somebody else's work where the citizen cannot change it any more."""
    late = hold.code == INPUT_REJECTED and hold.party is Party.PERSON
    return sentence("hold", "input-rejected-late" if late else hold.code)


@cache
def _sentences() -> Mapping[str, Mapping[str, Text]]:
    return read_sentence_tables("nagorik_host", "texts.toml")


class TimelineEntry(NamedTuple):
    """One line of a timeline.

    Attributes:
        at: When it happened; the last time, where it happened again and again.
        kind: The event's kind.
        code: What moved to where, or an error's code.
        text: What it means.
        times: How often it happened in a row.
    """

    at: datetime
    kind: str
    code: str
    text: Text
    times: int = 1


def timeline(
    events: Iterable[Event],
    agency: Text | None,
    *,
    schema: Schema | None = None,
    words: Wording = as_written,
    paper: Callable[[str], Text] = lambda kind: Text(en=kind, bn=kind),
) -> list[TimelineEntry]:
    """A line for each event that a person can make something of; the same again and again is one line.

    A line says what happened and what it meant then; what is to be done now is said elsewhere.

    Args:
        events: The journal, in order.
        agency: The agency's name, for sentences that name it.
        schema: The service's form, whose labels name fields.
        words: How a citizen's writing is shown.
        paper: What a paper is called, by its kind.
    """
    lines: list[TimelineEntry] = []
    reported: Text | None = None
    for event in events:
        if isinstance(event, StatusReceived):
            before, reported = reported, report_text(event.status, words)
            state = event.status.state.value if event.status.state is not None else "unrecognised"
            described = (state, reported) if reported is not None and reported != before else None
        elif isinstance(event, AttemptEnded) and event.refusal is not None and event.refusal.fault is None:
            described = _refused(event, event.refusal, schema, words)
        elif isinstance(event, DocumentsHandedIn):
            described = _handed_in(event, paper)
        else:
            described = _describe(event, agency, words)
        if described is None:
            continue
        code, text = described
        last = lines[-1] if lines else None
        if last is not None and (last.kind, last.code, last.text) == (event.kind, code, text):
            lines[-1] = last._replace(at=event.at, times=last.times + 1)
        else:
            lines.append(TimelineEntry(event.at, event.kind, code, text))
    return lines


def _describe(event: Event, agency: Text | None, words: Wording) -> tuple[str, Text] | None:
    match event:
        case Moved(to=state, officer=None):
            return state.value, state_label(state)
        case Moved(to=state):
            return state.value, _both(sentence("event", "decided"), state_label(state))
        case PaymentMoved(to=payment_state, remark=remark):
            return payment_state.value, _quoted(state_label(payment_state), remark, words)
        case FlagsChanged(raised=raised) if raised:
            flags = sorted(raised)
            text = state_label(flags[0])
            for flag in flags[1:]:
                text = _both(text, state_label(flag))
            return ",".join(flags), text
        case Held(hold=hold):
            text_or_none = hold_sentence(hold)
            return hold.code, text_or_none or Text(en=hold.code, bn=hold.code)
        case AttemptEnded(settled=False, result=result):
            return _lost(result, agency)
    return _plain(event, words)


def _plain(event: Event, words: Wording) -> tuple[str, Text] | None:
    match event:
        case EligibilityDecided(decision=decision):
            return _decided(decision, words)
        case Opened(consent=Consent(acting=str() as acting)) | ConsentGiven(consent=Consent(acting=str() as acting)):
            return _by(event.kind, acting)
        case QuoteReceived(quote=quote):
            return _with_money("quote-at-least" if quote.unpriced else "quote-received", quote.total)
        case PaymentOpened(amount=amount):
            return _with_money("payment-opened", amount)
        case LookedUp(operation=Operation.WITHDRAW):
            return _fixed("withdrawal-not-made")
        case WithdrawalSettled(outcome="refused"):
            return _fixed("withdrawal-refused")
    return _fixed(event.kind)


def _decided(decision: EligibilityDecision, words: Wording) -> tuple[str, Text] | None:
    """Whether the citizen may apply, and each criterion that says otherwise or cannot be told."""
    code = decision.eligibility.value
    text = sentence("event", code)
    if text is None:
        return None
    for criterion in decision.criteria:
        if criterion.verdict is not Verdict.PASS:
            text = _both(text, Text(bn=words(criterion.text.bn), en=words(criterion.text.en)))
    return code, text


def _fixed(code: str) -> tuple[str, Text] | None:
    text = sentence("event", code)
    return (code, text) if text is not None else None


def _by(code: str, acting: str) -> tuple[str, Text] | None:
    """What somebody did who acts for the citizen, and who that is."""
    text, by = sentence("event", code), sentence("event", "acting")
    if text is None or by is None:
        return None
    return code, _both(text, Text(en=f"{by.en} {acting}.", bn=f"{by.bn} {acting}।"))


def _handed_in(event: DocumentsHandedIn, paper: Callable[[str], Text]) -> tuple[str, Text] | None:
    text, by = sentence("event", event.kind), sentence("event", "acting")
    if text is None or by is None:
        return None
    kinds = list(dict.fromkeys(document.kind for document in event.documents))
    papers = [paper(kind) for kind in kinds]
    en, bn = (", ".join(getattr(one, language) for one in papers) for language in ("en", "bn"))
    told = Text(en=f"{text.en} {en}.", bn=f"{text.bn} {bn}।")
    if event.by is not None:
        told = _both(told, Text(en=f"{by.en} {event.by}.", bn=f"{by.bn} {event.by}।"))
    return ",".join(kinds), told


def _with_money(code: str, amount: Money) -> tuple[str, Text] | None:
    text = sentence("event", code)
    if text is None:
        return None
    written = money_text(amount)
    return code, Text(en=f"{text.en} {written.en}.", bn=f"{text.bn} {written.bn}।")


def _refused(event: AttemptEnded, refusal: CallRefusal, schema: Schema | None, words: Wording) -> tuple[str, Text]:
    return words(refusal.code), refusal_text(event.operation, refusal, schema=schema, words=words)


def _lost(result: str, agency: Text | None) -> tuple[str, Text] | None:
    """An attempt that settled nothing, if it ended in an error that has a sentence."""
    text = sentence("attempt", result)
    if text is None:
        return None
    name = agency or _UNKNOWN_AGENCY
    english = text.en.replace("{agency}", name.en)
    return result, Text(bn=text.bn.replace("{agency}", name.bn), en=english[0].upper() + english[1:])


def _quoted(text: Text, remark: str | None, words: Wording) -> Text:
    """A text, and what the payment service says beside it in its own words, if it says anything."""
    said = words(remark) if remark is not None else ""
    heading = sentence("event", "gateway-says")
    if not said or heading is None:
        return text
    return _both(text, Text(en=f"{heading.en} «{said}»", bn=f"{heading.bn} «{said}»"))


def _both(one: Text | None, other: Text) -> Text:
    return other if one is None else Text(en=f"{one.en} {other.en}", bn=f"{one.bn} {other.bn}")
