"""The sheet of a till's close: one page of A4 to be printed and signed by two, in Bangla and English."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from nagorik import Text
from nagorik.values import Money
from nagorik_counter.till_page import circumstances, figures, late_line, notes, till_text
from nagorik_counter.tills import TillCount, TillSession, same_text
from nagorik_toolkit.bangladesh import amount_in_words
from nagorik_toolkit.texts import money_text

_STYLE: Final = """
@page { size: A4; margin: 18mm 16mm; }
body { font: 11pt/1.45 "Noto Sans Bengali", "Nirmala UI", Vrinda, sans-serif; color: #000; max-width: 178mm;
  margin: 0 auto; }
h1 { font-size: 16pt; margin: 0 0 4mm; }
h2 { font-size: 12pt; margin: 6mm 0 2mm; }
table { width: 100%; border-collapse: collapse; break-inside: avoid; }
th, td { text-align: left; vertical-align: top; padding: 1.2mm 2mm; border-bottom: 0.2mm solid #666;
  overflow-wrap: anywhere; }
th { font-weight: 600; }
td.figure, th.figure { text-align: right; white-space: nowrap; }
tr.sum > * { font-weight: 700; border-top: 0.4mm solid #000; }
p { margin: 1mm 0; }
.signatures { display: flex; gap: 12mm; margin-top: 22mm; break-inside: avoid; }
.signatures > div { flex: 1; border-top: 0.3mm solid #000; padding-top: 1.5mm; }
.fine { font-size: 9pt; margin-top: 6mm; }
"""
_SUMS: Final = frozenset({"label.expected", "label.counted", "label.difference"})


def close_sheet(session: TillSession) -> str:
    """The page of a closed session. It loads nothing, and nothing on it leads to a citizen.

    Raises:
        ValueError: The session is open.
    """
    count = session.close
    if count is None:
        raise ValueError("an open session has no close sheet")
    title = till_text("sheet.title")
    parts = (*_account(session, count), *_pieces(count), *_late(session), *_notes(session))
    return (
        '<!doctype html>\n<html lang="bn">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(f'{title.bn} / {title.en}')}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{_both(title)}</h1>\n{''.join((*parts, *_signatures(session, count)))}</body>\n</html>\n"
    )


def _account(session: TillSession, count: TillCount) -> Iterator[str]:
    facts = circumstances(session)
    rows = (f"<th scope=row>{_both(till_text(code))}</th><td>{_both(text)}</td>" for code, text in facts)
    yield f"{_table(rows)}<h2>{_both(till_text('sheet.figures'))}</h2>\n<table>\n"
    for code, amount in figures(session):
        row = '<tr class="sum">' if code in _SUMS else "<tr>"
        yield f"{row}<th scope=row>{_both(till_text(code))}</th>{_figure(amount)}</tr>\n"
    words = Text(bn=amount_in_words(count.counted, "bn"), en=amount_in_words(count.counted, "en"))
    label = till_text("label.in-words")
    yield f"<tr><th scope=row>{_both(label)}</th><td colspan=2>{_both(words)}</td></tr>\n</table>\n"


def _pieces(count: TillCount) -> Iterator[str]:
    if not count.pieces:
        return
    codes = ("label.piece", "label.number", "label.sum")
    rows = ["".join(f'<th scope=col class="figure" colspan=2>{_both(till_text(code))}</th>' for code in codes)]
    for worth, number in count.pieces.items():
        worth_text, sum_text = (money_text(Money(poisha=poisha)) for poisha in (worth, worth * number))
        rows.append("".join(map(_figure, (worth_text, till_text("label.of-number", number=number), sum_text))))
    yield f"<h2>{_both(till_text('sheet.pieces'))}</h2>\n{_table(rows)}"


def _late(session: TillSession) -> Iterator[str]:
    if not session.late:
        return
    codes, lines = ("label.payment", "label.when", "label.what"), map(late_line, session.late)
    rows = ["".join(f"<th scope=col>{_both(till_text(code))}</th>" for code in codes)]
    rows += [f"<td>{escape(paid)}</td><td>{_both(when)}</td><td>{_both(what)}</td>" for paid, when, what in lines]
    yield f"<h2>{_both(till_text('sheet.late'))}</h2>\n{_table(rows)}"


def _notes(session: TillSession) -> Iterator[str]:
    # Printed again, the sheet is as it was: what became known since is no part of it.
    found = list(notes(session._replace(waiting=())))
    if found:
        yield f"<h2>{_both(till_text('sheet.notes'))}</h2>\n"
    for one in found:
        yield f'<p>{escape(one.bn)}</p>\n<p lang="en">{escape(one.en)}</p>\n'


def _signatures(session: TillSession, count: TillCount) -> Iterator[str]:
    yield '<div class="signatures">\n'
    for code, name in (("sheet.signature-first", count.by), ("sheet.signature-second", count.second)):
        date = f"<p>{_both(till_text('sheet.date'))}:</p>"
        yield f"<div><p>{_both(till_text(code))}</p><p>{escape(name or '')}</p>{date}</div>\n"
    number = len({entry.payment for entry in session.entries})
    frozen = till_text("sheet.frozen", id=same_text(session.opening.id), number=number)
    yield f'</div>\n<div class="fine"><p>{escape(frozen.bn)}</p>\n<p lang="en">{escape(frozen.en)}</p></div>\n'


def _table(rows: Iterable[str]) -> str:
    return f"<table>\n{''.join(f'<tr>{row}</tr>' for row in rows)}\n</table>\n"


def _figure(text: Text) -> str:
    return f'<td class="figure">{escape(text.bn)}</td><td class="figure" lang="en">{escape(text.en)}</td>'


def _both(text: Text) -> str:
    if text.bn == text.en:
        return escape(text.bn)
    return f'{escape(text.bn)} / <span lang="en">{escape(text.en)}</span>'
