"""A till's session as a person and a program read it."""

from collections.abc import Iterator, Sequence
from functools import cache

from nagorik import Text
from nagorik.values import Money
from nagorik_counter.tills import TillEntry, TillSession, same_text, signed_money, sum_of
from nagorik_platform.cli.output import Document
from nagorik_toolkit.texts import Fill, TextCatalogue, moment_text, read_texts


def till_text(code: str, **fills: Fill) -> Text:
    """A sentence or a word about a till, in both languages."""
    return _texts().text(code, **fills)


@cache
def _texts() -> TextCatalogue:
    return read_texts("nagorik_counter", "till.toml")


def difference_text(poisha: int) -> Text:
    """How far a count is from what was expected."""
    if poisha == 0:
        return till_text("label.none")
    return till_text("label.over" if poisha > 0 else "label.short", amount=Money(poisha=abs(poisha)))


def figures(session: TillSession) -> Iterator[tuple[str, Text]]:
    """The account, line by line: the code of each line's label, and its amount."""
    yield "label.float", signed_money(session.opening.float_money.poisha)
    yield "label.taken", signed_money(session.sum("taken"))
    yield "label.given-back", signed_money(session.sum("given-back"))
    yield "label.expected", signed_money(session.expected)
    if session.close is not None:
        yield "label.counted", signed_money(session.close.counted.poisha)
        yield "label.difference", difference_text(session.difference or 0)


def circumstances(session: TillSession) -> Iterator[tuple[str, Text]]:
    """Which session it is, and who did what when: the code of each line's label, and its text."""
    opening, count = session.opening, session.close
    state = till_text("label.open" if count is None else "label.closed")
    yield "label.till", same_text(opening.till)
    yield "label.session", till_text("label.state-of", number=opening.number, state=state)
    yield "label.gateway", same_text(opening.gateway)
    for label, at, by in (
        ("label.opened", opening.opened_at, opening.opened_by),
        ("label.closed-at", session.closed_at, count.by if count is not None else ""),
    ):
        if at is not None:
            when = moment_text(at)
            yield label, Text(bn=f"{when.bn}, {by}", en=f"{when.en}, {by}")
    if count is not None:
        said = (("label.second", count.second), ("label.reason", count.reason))
        yield from ((label, same_text(text)) for label, text in said if text is not None)


def late_line(entry: TillEntry) -> tuple[str, Text, Text]:
    """A late sum for a row of a table: the payment, when it moved, and what it was."""
    kind, amount = till_text(f"label.{entry.kind}"), signed_money(entry.poisha)
    return entry.payment, moment_text(entry.at), Text(bn=f"{kind.bn} {amount.bn}", en=f"{kind.en} {amount.en}")


def notes(session: TillSession) -> Iterator[Text]:
    """What the figures do not show."""
    for code, entries in (("note.late", session.late), ("note.waiting", session.waiting)):
        if entries:
            taken, back = (signed_money(sum_of(entries, kind)) for kind in ("taken", "given-back"))
            yield till_text(code, taken=taken, given_back=back)
    if session.unknown:
        yield till_text("note.unknown", number=session.unknown)
    if session.by_hand:
        yield till_text("note.by-hand", number=session.by_hand, amount=Money(poisha=session.by_hand_poisha))


def session_document(session: TillSession) -> Document:
    """A session for a program. Amounts are in taka, with two places; below zero they begin with a hyphen."""
    opening, count, closed_at = session.opening, session.close, session.closed_at
    return {
        "till": opening.till,
        "session": opening.number,
        "id": opening.id,
        "state": "open" if count is None else "closed",
        "gateway": opening.gateway,
        "opened_at": opening.opened_at.isoformat(),
        "opened_by": opening.opened_by,
        "closed_at": closed_at.isoformat() if closed_at is not None else None,
        "closed_by": count.by if count is not None else None,
        "second": count.second if count is not None else None,
        "reason": count.reason if count is not None else None,
        "float": plain_amount(opening.float_money.poisha),
        "taken": plain_amount(session.sum("taken")),
        "given_back": plain_amount(session.sum("given-back")),
        "expected": plain_amount(session.expected),
        "counted": plain_amount(count.counted.poisha) if count is not None else None,
        "difference": plain_amount(session.difference) if session.difference is not None else None,
        "pieces": [
            {"worth": plain_amount(worth), "number": number}
            for worth, number in (count.pieces if count is not None and count.pieces else {}).items()
        ],
        "entries": _entries([one for one in session.entries if not one.late]),
        "late": _entries(session.late),
        "waiting": _entries(session.waiting),
        "unknown": session.unknown,
        "by_hand": {"number": session.by_hand, "amount": plain_amount(session.by_hand_poisha)},
    }


def plain_amount(poisha: int) -> str:
    """An amount as a program reads it: ``1170.00``, ``-5.00``."""
    return f"{'-' if poisha < 0 else ''}{Money(poisha=abs(poisha)).plain()}"


def _entries(entries: Sequence[TillEntry]) -> list[Document]:
    return [
        {"payment": one.payment, "kind": one.kind, "at": one.at.isoformat(), "amount": plain_amount(one.poisha)}
        for one in entries
    ]
