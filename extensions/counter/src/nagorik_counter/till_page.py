"""A till's session as a person and a program read it: its figures, what is late, and what is not known."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from nagorik import Text
from nagorik.values import Money
from nagorik_counter.tills import ListedSession, TillEntry, TillSession, belongs_to, signed_money, sum_of
from nagorik_host.store.database import Transaction
from nagorik_platform.cli.output import Document
from nagorik_toolkit.texts import Fill, TextCatalogue, moment_text, read_texts


class LateEntry(NamedTuple):
    """A sum that became known too late.

    Attributes:
        entry: The sum.
        session: The number of the session in whose time it moved, or whose entry it corrects; ``None`` where none
            was open.
    """

    entry: TillEntry
    session: int | None


class ShownSession(NamedTuple):
    """A session with all that is shown of it.

    Attributes:
        session: The session.
        late: What it tells of that is none of its own time.
        waiting: What has become known since its close.
    """

    session: TillSession
    late: Sequence[LateEntry]
    waiting: Sequence[LateEntry]


def till_text(code: str, **fills: Fill) -> Text:
    """A sentence or a word about a till, in both languages."""
    return _texts().text(code, **fills)


@cache
def _texts() -> TextCatalogue:
    return read_texts("nagorik_counter", "till.toml")


def shown_session(transaction: Transaction, session: TillSession) -> ShownSession:
    """A session, and to which earlier ones what is late belongs."""
    till = session.opening.till
    late, waiting = (
        tuple(LateEntry(one, belongs_to(transaction, till, one)) for one in entries if one.late)
        for entries in (session.reckoning.entries, session.waiting)
    )
    return ShownSession(session, late, waiting)


def difference_text(poisha: int) -> Text:
    """How far a count is from what was expected."""
    if poisha == 0:
        return till_text("label.none")
    return till_text("label.over" if poisha > 0 else "label.short", amount=Money(poisha=abs(poisha)))


def figures(session: TillSession) -> Iterator[tuple[str, Text]]:
    """The account, line by line: the code of each line's label, and its amount."""
    reckoning, close = session.reckoning, session.close
    yield "label.float", signed_money(session.opening.float_money.poisha)
    yield "label.taken", signed_money(reckoning.sum("taken"))
    yield "label.given-back", signed_money(reckoning.sum("given-back"))
    yield "label.expected", signed_money(session.expected)
    if close is not None:
        yield "label.counted", signed_money(close.counted.poisha)
        yield "label.difference", difference_text(session.difference or 0)


def circumstances(session: TillSession) -> Iterator[tuple[str, Text]]:
    """Which session it is, and who did what when: the code of each line's label, and what stands beside it."""
    opening, close = session.opening, session.close
    yield "label.till", _same(opening.till)
    yield "label.session", till_text("label.state-of", number=opening.number, state=_state(session))
    yield "label.gateway", _same(opening.gateway)
    yield "label.opened", _done(opening.opened_at, opening.opened_by)
    if close is not None:
        yield "label.closed-at", _done(close.closed_at, close.closed_by)
        if close.second is not None:
            yield "label.second", _same(close.second)
        if close.reason is not None:
            yield "label.reason", _same(close.reason)


def late_line(late: LateEntry) -> tuple[str, Text, Text, Text]:
    """What is late, for a row of a table: the payment, when it moved, what it was, and of which session."""
    entry = late.entry
    kind, amount = till_text(f"label.{entry.kind}"), signed_money(entry.poisha)
    what = Text(bn=f"{kind.bn} {amount.bn}", en=f"{kind.en} {amount.en}")
    number = late.session
    of = till_text("label.between") if number is None else till_text("label.of-number", number=number)
    return entry.payment, moment_text(entry.at), what, of


def notes(shown: ShownSession) -> Iterator[Text]:
    """What the figures do not say by themselves."""
    reckoning = shown.session.reckoning
    if shown.late:
        yield till_text("note.late", **_sums(shown.late))
    if shown.waiting:
        yield till_text("note.waiting", **_sums(shown.waiting))
    if reckoning.ahead:
        yield till_text("note.ahead", number=reckoning.ahead)
    if reckoning.unknown:
        yield till_text("note.unknown", number=reckoning.unknown)
    if reckoning.unpaid:
        yield till_text("note.unpaid", number=reckoning.unpaid)
    if reckoning.by_hand:
        amount = Money(poisha=reckoning.by_hand_poisha)
        yield till_text("note.by-hand", number=reckoning.by_hand, amount=amount)


def session_document(shown: ShownSession) -> Document:
    """A session for a program. Amounts are in taka, with two places; below zero they begin with a hyphen."""
    session, opening, close = shown.session, shown.session.opening, shown.session.close
    reckoning = session.reckoning
    return {
        "till": opening.till,
        "session": opening.number,
        "id": opening.id,
        "state": "open" if close is None else "closed",
        "gateway": opening.gateway,
        "opened_at": opening.opened_at.isoformat(),
        "opened_by": opening.opened_by,
        "closed_at": close.closed_at.isoformat() if close is not None else None,
        "closed_by": close.closed_by if close is not None else None,
        "second": close.second if close is not None else None,
        "reason": close.reason if close is not None else None,
        "float": plain_amount(opening.float_money.poisha),
        "taken": plain_amount(reckoning.sum("taken")),
        "given_back": plain_amount(reckoning.sum("given-back")),
        "expected": plain_amount(session.expected),
        "counted": plain_amount(close.counted.poisha) if close is not None else None,
        "difference": plain_amount(session.difference) if session.difference is not None else None,
        "pieces": _pieces(close.pieces) if close is not None and close.pieces is not None else None,
        "entries": [_entry(one) for one in reckoning.entries if not one.late],
        "late": [_entry(one.entry) | {"session": one.session} for one in shown.late],
        "waiting": [_entry(one.entry) | {"session": one.session} for one in shown.waiting],
        "ahead": reckoning.ahead,
        "unknown": reckoning.unknown,
        "unpaid": reckoning.unpaid,
        "by_hand": {"number": reckoning.by_hand, "amount": plain_amount(reckoning.by_hand_poisha)},
    }


def listed_document(one: ListedSession) -> Document:
    """A session of a list, for a program; amounts as ``session_document``."""
    opening, is_closed = one.opening, one.closed_at is not None
    sums = {"expected": one.expected, "counted": one.counted, "difference": one.difference}
    return {
        "till": opening.till,
        "session": opening.number,
        "state": "closed" if is_closed else "open",
        "opened_at": opening.opened_at.isoformat(),
        "opened_by": opening.opened_by,
        "closed_at": one.closed_at.isoformat() if one.closed_at is not None else None,
        "closed_by": one.closed_by,
        "float": plain_amount(opening.float_money.poisha),
        **{name: plain_amount(poisha) if poisha is not None else None for name, poisha in sums.items()},
    }


def plain_amount(poisha: int) -> str:
    """An amount as a program reads it: ``1170.00``, ``-5.00``."""
    return f"{'-' if poisha < 0 else ''}{Money(poisha=abs(poisha)).plain()}"


def _entry(entry: TillEntry) -> Document:
    return {
        "payment": entry.payment,
        "kind": entry.kind,
        "at": entry.at.isoformat(),
        "amount": plain_amount(entry.poisha),
    }


def _pieces(pieces: Mapping[int, int]) -> list[Document]:
    return [{"worth": plain_amount(worth), "number": number} for worth, number in pieces.items()]


def _sums(late: Sequence[LateEntry]) -> dict[str, Fill]:
    entries = [one.entry for one in late]
    return {
        "taken": signed_money(sum_of(entries, "taken", late=True)),
        "given_back": signed_money(sum_of(entries, "given-back", late=True)),
    }


def _state(session: TillSession) -> Text:
    return till_text("label.open" if session.close is None else "label.closed")


def _done(at: datetime, by: str) -> Text:
    when = moment_text(at)
    return Text(bn=f"{when.bn}, {by}", en=f"{when.en}, {by}")


def _same(written: str) -> Text:
    return Text(bn=written, en=written)
