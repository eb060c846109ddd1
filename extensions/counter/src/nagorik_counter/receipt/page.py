"""A receipt as one HTML page in Bangla and English, for A4 and for the 80 mm roll of a receipt printer.

The page stands alone: it loads nothing, runs nothing, and is drawn with the fonts of the machine that shows it.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from itertools import chain
from typing import Final, Literal
from urllib.parse import quote

import segno

from nagorik import Text
from nagorik.model.fee import LineNature
from nagorik.model.status import PaymentState
from nagorik.values import Money, PersonName, format_taka, to_bangla_digits
from nagorik.values.sentences import read_sentence_tables
from nagorik_counter.receipt.content import Basis, ReceiptContent, ReceiptRefused
from nagorik_platform.cli.output import plain
from nagorik_platform.fees.sentences import NATURES, named_with_nature
from nagorik_platform.lifecycle import state_label
from nagorik_toolkit.bangladesh import amount_in_words
from nagorik_toolkit.texts import day_text, moment_text

PaperSize = Literal["a4", "80mm"]

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Nothing is loaded and nothing is run."""
_A4: Final = "@page { size: A4; margin: 16mm }"


def tracking_address(url: str | None, reference: str) -> str | None:
    """The address where an application is tracked: ``url`` (without a query) with the tracking number behind it."""
    return None if url is None else f"{url.rstrip('/')}/{quote(reference, safe='')}"


def roll_style(height: int) -> str:
    """The style that makes a page of a roll ``height`` millimetres long."""
    return f"@page {{ size: 80mm {height}mm; margin: 0 }}"


def refusal_sentence(refused: ReceiptRefused) -> Text:
    """Why there is no receipt, in both languages."""
    text, listed = _word("refused", refused.code), f" {', '.join(refused.payments)}".rstrip()
    if refused.state is not None:
        state = state_label(refused.state)
        return Text(bn=f"{text.bn} {state.bn}", en=f"{text.en} {state.en}")
    return Text(bn=text.bn + listed, en=text.en + listed)


def receipt_page(content: ReceiptContent, paper: PaperSize) -> str:
    """The whole page."""
    parts = (_heading(content), _state(content), _facts(content), _lines(content), _foot(content))
    body = "\n".join(chain.from_iterable(parts))
    title = f"{_in_line(_word('word', 'receipt'))} {_safe(content.reference)}"
    # A page size would cut a roll into pages.
    pages = _A4 if paper == "a4" else "@page { margin: 0 }"
    return (
        f'<!doctype html>\n<html lang="bn">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<style>\n{pages}\n{_style()}</style>\n</head>\n"
        f'<body class="paper-{paper}">\n<main>\n{body}\n</main>\n<div id="end"></div>\n</body>\n</html>\n'
    )


def _heading(content: ReceiptContent) -> Iterator[str]:
    yield f"<header><h1>{_both(_word('word', 'receipt'))}</h1>"
    if content.copy > 1:
        number = str(content.copy)
        copy = _filled("copy", number=Text(bn=to_bangla_digits(number), en=number))
        yield f'<p class="copy">{_both(copy)}</p>'
    yield f'<p class="agency">{_both(content.names.agency)}</p></header>'


def _facts(content: ReceiptContent) -> Iterator[str]:
    payment = content.payment
    facts = {"tracking-number": _code(content.reference), "service": _both(content.names.service)}
    if content.payer is not None:
        facts["payer"] = _safe(content.payer)
    else:
        facts["applicant"] = _name(content.applicant)
    facts["gateway"] = _both(content.names.gateway)
    if content.gateway_reference is not None:
        facts["reference"] = _code(content.gateway_reference)
    facts |= {"payment": _code(payment.id), "captured-at": _both(moment_text(content.captured_at))}
    rows = (f"<div><dt>{_both(_word('word', word))}</dt><dd>{value}</dd></div>" for word, value in facts.items())
    yield f'<dl class="facts">{"".join(rows)}</dl>'


def _name(name: PersonName) -> str:
    return " ".join(
        f'<span lang="{language}">{_safe(part)}</span>'
        for language, part in (("bn", name.bn), ("en", name.en))
        if part is not None
    )


def _lines(content: ReceiptContent) -> Iterator[str]:
    asked, taken = content.payment.amount, content.taken
    price, charges = (list(content.by_payee(is_charge=one)) for one in (False, True))
    currency = _word("word", f"amount-{asked.currency.lower()}")
    yield '<table class="lines"><thead><tr>'
    yield f"<th>{_both(_word('word', 'line'))}</th><th>{_both(currency)}</th></tr></thead>"
    for place, (payee, lines) in enumerate([*price, *charges]):
        yield "<tbody>"
        if place == len(price):
            yield f'<tr class="charges"><th colspan="2" scope="rowgroup">{_both(_word("word", "charges"))}</th></tr>'
        named = _filled("payee", name=payee)
        yield f'<tr class="payee"><th colspan="2" scope="rowgroup">{_both(named)}</th></tr>'
        for line in lines:
            yield f"<tr><td>{_both(named_with_nature(line.text, line.nature))}</td>{_amount(line.amount)}</tr>"
            if line.vat.poisha:
                yield f'<tr class="vat"><td>{_both(NATURES[LineNature.VAT])}</td>{_amount(line.vat)}</tr>'
        if len(price) + len(charges) > 1:
            subtotal = Money(poisha=sum(line.total.poisha for line in lines), currency=asked.currency)
            yield _row("subtotal", _word("word", "subtotal"), subtotal)
        yield "</tbody>"
    yield "<tfoot>" + _row("total", _word("word", "total" if taken == asked else "total-asked"), asked)
    if content.vat.poisha:
        yield _row("vat", _word("word", "of-it-vat"), content.vat)
    if taken != asked:
        yield _row("total", _word("word", "taken"), taken)
    yield "</tfoot></table>"
    if taken is None:
        yield f'<p class="in-words">{_both(_word("word", "sum-not-said"))}</p>'
    elif taken.currency == "BDT":
        words = Text(bn=amount_in_words(taken, "bn"), en=amount_in_words(taken, "en"))
        yield f'<p class="in-words"><b>{_in_line(_word("word", "in-words"))}:</b> {_both(words)}</p>'
    yield f'<ul class="basis">{"".join(f"<li>{_basis(basis)}</li>" for basis in content.bases)}</ul>'


def _row(kind: str, name: Text, amount: Money | None) -> str:
    """A sum with its currency, which may be another than the column's; ``None`` where it is not known."""
    unknown = f'<td class="amount">{_both(_word("word", "not-known"))}</td>'
    cell = _amount(amount, _word("amount", amount.currency.lower())) if amount is not None else unknown
    return f'<tr class="{kind}"><th scope="row">{_both(name)}</th>{cell}</tr>'


def _amount(money: Money, named: Text | None = None) -> str:
    """A sum in its column with two places; in the column's currency unless one is ``named``."""
    written = format_taka(money) if money.currency == "BDT" else f"{money.as_decimal():,.2f}"
    bn, en = (named.bn, named.en) if named is not None else ("{sum}", "{sum}")
    text = Text(bn=bn.replace("{sum}", to_bangla_digits(written)), en=en.replace("{sum}", written))
    return f'<td class="amount">{_both(text)}</td>'


def _basis(basis: Basis) -> str:
    heading = _word("word", "basis")
    if basis.line is not None:
        heading = Text(bn=f"{heading.bn}, {basis.line.bn}", en=f"{heading.en}, {basis.line.en}")
    source = basis.source
    if source is None:
        return f"<b>{_in_line(heading)}:</b> {_in_line(_word('word', 'no-basis'))}"
    # No agency publishes what a centre or a payment service charges.
    verified = "verified" if basis.line is None else "charge-verified"
    text = _word("word", verified if source.verified else "not-verified")
    if source.as_of is not None:
        seen = _filled("seen", day=day_text(source.as_of))
        text = Text(bn=f"{seen.bn}; {text.bn}", en=f"{seen.en}; {text.en}")
    return f"<b>{_in_line(heading)}:</b> {_safe(source.title)} ({_in_line(text)})"


def _state(content: ReceiptContent) -> Iterator[str]:
    state = content.payment.state
    settled = "settled" if state is PaymentState.CONFIRMED else "open"
    heading = _filled("state", moment=moment_text(content.printed_at))
    yield f'<section class="state {settled}"><h2>{_both(heading)}</h2><p>{_both(state_label(state))}</p></section>'


def _foot(content: ReceiptContent) -> Iterator[str]:
    code = segno.make(content.tracking_url or content.reference, error="m", micro=False)
    said = (
        _word("word", "scan" if content.tracking_url else "no-address"),
        _word("word", "whose"),
        _filled("printed", moment=moment_text(content.printed_at)),
    )
    yield f"<footer>{code.svg_inline(border=4, omitsize=True, light='#fff', svgclass='qr', lineclass=None)}"
    yield f"<div>{''.join(f'<p>{_both(one)}</p>' for one in said)}</div></footer>"


def _both(text: Text) -> str:
    """A text in both languages, each on lines of its own."""
    return f'<span class="bn" lang="bn">{_safe(text.bn)}</span> <span class="en" lang="en">{_safe(text.en)}</span>'


def _in_line(text: Text) -> str:
    """A text in both languages, one after the other."""
    return f'<span lang="bn">{_safe(text.bn)}</span> / <span lang="en">{_safe(text.en)}</span>'


def _code(written: str) -> str:
    return f"<code>{_safe(written)}</code>"


def _safe(written: str) -> str:
    """Text of others as text of the page, without signs that steer its neighbours."""
    return escape(plain(written))


def _filled(word: str, **fills: Text) -> Text:
    text = _word("word", word)
    for name, fill in fills.items():
        text = Text(bn=text.bn.replace(f"{{{name}}}", fill.bn), en=text.en.replace(f"{{{name}}}", fill.en))
    return text


def _word(table: str, code: str) -> Text:
    return _sentences()[table][code]


@cache
def _sentences() -> Mapping[str, Mapping[str, Text]]:
    return read_sentence_tables("nagorik_counter.receipt", "page.toml")


@cache
def _style() -> str:
    return files("nagorik_counter.receipt").joinpath("page.css").read_text("utf-8")
