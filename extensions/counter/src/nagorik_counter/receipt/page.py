"""A receipt as one HTML page in Bangla and English, for A4 and for the 80 mm roll of a receipt printer.

The page stands alone: it loads nothing, runs nothing, and is drawn with the fonts of the machine that shows it.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Final, Literal
from urllib.parse import quote

import segno

from nagorik import Text
from nagorik.model.fee import LineNature, Source
from nagorik.model.status import PaymentState
from nagorik.values import Money, PersonName, format_taka, to_bangla_digits
from nagorik.values.sentences import read_sentence_tables
from nagorik_counter.receipt.content import Basis, ReceiptContent, ReceiptLine, ReceiptRefused
from nagorik_platform.cli.output import plain
from nagorik_platform.fees.sentences import NATURES, named_with_nature
from nagorik_platform.lifecycle import state_label
from nagorik_toolkit.bangladesh import amount_in_words, number_in_words
from nagorik_toolkit.texts import day_text, moment_text

PaperSize = Literal["a4", "80mm"]

_ORDINALS: Final = ("দ্বিতীয়", "তৃতীয়", "চতুর্থ", "পঞ্চম", "ষষ্ঠ", "সপ্তম", "অষ্টম", "নবম", "দশম")
"""Of a second copy to a tenth."""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Nothing is loaded and nothing is run, whatever a name on the page looks like."""
_A4: Final = "@page { size: A4; margin: 16mm }"


def tracking_address(url: str | None, reference: str) -> str | None:
    """Where an application can be tracked: the host's address with the tracking number as the last part of its path.

    Args:
        url: The host's address, without a query; ``None`` where it has none.
        reference: The application's tracking number.
    """
    return None if url is None else f"{url.rstrip('/')}/{quote(reference, safe='')}"


def roll_style(height: int) -> str:
    """The style that makes a page of a roll ``height`` millimetres long."""
    return f"@page {{ size: 80mm {height}mm; margin: 0 }}"


def refusal_sentence(refused: ReceiptRefused) -> Text:
    """Why there is no receipt, in both languages."""
    text = _word("refused", refused.code)
    if refused.state is not None:
        state = state_label(refused.state)
        text = Text(bn=f"{text.bn} {state.bn}", en=f"{text.en} {state.en}")
    if refused.payments:
        listed = ", ".join(refused.payments)
        text = Text(bn=f"{text.bn} {listed}", en=f"{text.en} {listed}")
    return text


def receipt_page(content: ReceiptContent, paper: PaperSize) -> str:
    """The page, whole."""
    body = "\n".join(
        (
            *_heading(content),
            *_state(content),
            *_facts(content),
            *_lines(content),
            *_foot(content),
        )
    )
    title = f"{_in_line(_word('word', 'receipt'))} {_safe(content.reference)}"
    # A roll has no length of its own: the printer's driver says it. A page size would cut it into pages.
    pages = _A4 if paper == "a4" else "@page { margin: 0 }"
    return (
        f'<!doctype html>\n<html lang="bn">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<style>\n{pages}\n{_style()}</style>\n</head>\n"
        f'<body class="paper-{paper}">\n<main>\n{body}\n</main>\n<div id="end"></div>\n</body>\n</html>\n'
    )


def _heading(content: ReceiptContent) -> Iterator[str]:
    yield "<header>"
    yield f"<h1>{_both(_word('word', 'receipt'))}</h1>"
    if content.copy > 1:
        yield f'<p class="copy">{_both(_copy(content.copy))}</p>'
    yield f'<p class="agency">{_both(content.names.agency)}</p>'
    yield "</header>"


def _copy(number: int) -> Text:
    said = _word("word", "copy")
    place = number - 2
    ordinal = _ORDINALS[place] if place < len(_ORDINALS) else f"{to_bangla_digits(str(number))}তম"
    return Text(bn=said.bn.replace("{number}", ordinal), en=said.en.replace("{number}", str(number)))


def _facts(content: ReceiptContent) -> Iterator[str]:
    payment = content.payment
    yield '<dl class="facts">'
    yield _fact("tracking-number", _code(content.reference))
    yield _fact("service", _both(content.names.service))
    if content.payer is not None:
        yield _fact("payer", _safe(content.payer))
    else:
        yield _fact("applicant", _name(content.applicant))
    yield _fact("gateway", _both(content.names.gateway))
    if content.gateway_reference is not None:
        yield _fact("reference", _code(content.gateway_reference))
    yield _fact("payment", _code(payment.id))
    yield _fact("captured-at", _both(moment_text(content.captured_at)))
    yield "</dl>"


def _fact(word: str, value: str) -> str:
    return f"<div><dt>{_both(_word('word', word))}</dt><dd>{value}</dd></div>"


def _name(name: PersonName) -> str:
    return " ".join(
        f'<span lang="{language}">{_safe(part)}</span>'
        for language, part in (("bn", name.bn), ("en", name.en))
        if part is not None
    )


def _lines(content: ReceiptContent) -> Iterator[str]:
    asked, taken = content.payment.amount, content.taken
    price, charges = list(content.price()), list(content.charges())
    yield '<table class="lines">'
    currency = _word("word", f"amount-{asked.currency.lower()}")
    yield f"<thead><tr><th>{_both(_word('word', 'line'))}</th><th>{_both(currency)}</th></tr></thead>"
    for place, (payee, lines) in enumerate([*price, *charges]):
        yield "<tbody>"
        if place == len(price):
            told = _both(_word("word", "charges"))
            yield f'<tr class="charges"><th colspan="2" scope="rowgroup">{told}</th></tr>'
        named = _filled("payee", name=payee)
        yield f'<tr class="payee"><th colspan="2" scope="rowgroup">{_both(named)}</th></tr>'
        for line in lines:
            yield from _line(line)
        if len(price) + len(charges) > 1:
            subtotal = Money(poisha=sum(line.total.poisha for line in lines), currency=asked.currency)
            yield _row("subtotal", _word("word", "subtotal"), subtotal)
        yield "</tbody>"
    yield "<tfoot>"
    yield _row("total", _word("word", "total" if taken == asked else "total-asked"), asked)
    if content.vat.poisha:
        yield _row("vat", _word("word", "of-it-vat"), content.vat)
    if taken != asked:
        yield _row("total", _word("word", "taken"), taken)
    yield "</tfoot></table>"
    if taken is not None:
        words = Text(bn=_in_words(taken, "bn"), en=_in_words(taken, "en"))
        yield f'<p class="in-words"><b>{_in_line(_word("word", "in-words"))}:</b> {_both(words)}</p>'
    else:
        yield f'<p class="in-words">{_both(_word("word", "sum-not-said"))}</p>'
    yield '<ul class="basis">'
    yield from (f"<li>{_basis(basis)}</li>" for basis in content.bases)
    yield "</ul>"


def _line(line: ReceiptLine) -> Iterator[str]:
    told = named_with_nature(line.text, line.nature)
    yield f"<tr><td>{_both(told)}</td>{_amount(line.amount)}</tr>"
    if line.vat.poisha:
        yield f'<tr class="vat"><td>{_both(NATURES[LineNature.VAT])}</td>{_amount(line.vat)}</tr>'


def _row(kind: str, name: Text, amount: Money | None) -> str:
    """A sum with its currency, which may be another than the column's; ``None`` is one that is not known."""
    if amount is None:
        cell = f'<td class="amount">{_both(_word("word", "not-known"))}</td>'
    else:
        cell = _amount(amount, _word("amount", amount.currency.lower()))
    return f'<tr class="{kind}"><th scope="row">{_both(name)}</th>{cell}</tr>'


def _amount(money: Money, named: Text | None = None) -> str:
    """A sum in its column, always with two places; in the column's currency where none is ``named``."""
    written = format_taka(money) if money.currency == "BDT" else f"{money.as_decimal():,.2f}"
    sum_ = Text(bn=to_bangla_digits(written), en=written)
    if named is not None:
        sum_ = Text(bn=named.bn.replace("{sum}", sum_.bn), en=named.en.replace("{sum}", sum_.en))
    return f'<td class="amount">{_both(sum_)}</td>'


def _in_words(money: Money, language: Literal["bn", "en"]) -> str:
    """A sum in words, with its currency."""
    if money.currency == "BDT":
        return amount_in_words(money, language)
    whole, cents = divmod(money.poisha, 100)
    said = _word("words", f"{money.currency.lower()}-cents" if cents else money.currency.lower())
    spelt = said.bn if language == "bn" else said.en
    return spelt.replace("{whole}", number_in_words(whole, language)).replace(
        "{cents}", number_in_words(cents, language)
    )


def _basis(basis: Basis) -> str:
    heading = _word("word", "basis")
    if basis.line is not None:
        heading = Text(bn=f"{heading.bn}, {basis.line.bn}", en=f"{heading.en}, {basis.line.en}")
    # What a centre or a payment service charges, no agency publishes.
    verified = "verified" if basis.line is None else "charge-verified"
    told = _source(basis.source, verified) if basis.source is not None else _in_line(_word("word", "no-basis"))
    return f"<b>{_in_line(heading)}:</b> {told}"


def _source(source: Source, verified: str) -> str:
    checked = _word("word", verified if source.verified else "not-verified")
    parts = [checked] if source.as_of is None else [_filled("seen", day=day_text(source.as_of)), checked]
    told = Text(bn="; ".join(part.bn for part in parts), en="; ".join(part.en for part in parts))
    return f"{_safe(source.title)} ({_in_line(told)})"


def _state(content: ReceiptContent) -> Iterator[str]:
    state = content.payment.state
    settled = "settled" if state is PaymentState.CONFIRMED else "open"
    yield f'<section class="state {settled}">'
    yield f"<h2>{_both(_filled('state', moment=moment_text(content.printed_at)))}</h2>"
    yield f"<p>{_both(state_label(state))}</p>"
    yield "</section>"


def _foot(content: ReceiptContent) -> Iterator[str]:
    code = segno.make(content.tracking_url or content.reference, error="m", micro=False)
    yield "<footer>"
    yield code.svg_inline(border=4, omitsize=True, light="#fff", svgclass="qr", lineclass=None)
    yield "<div>"
    yield f"<p>{_both(_word('word', 'scan' if content.tracking_url else 'no-address'))}</p>"
    yield f"<p>{_both(_word('word', 'whose'))}</p>"
    yield f"<p>{_both(_filled('printed', moment=moment_text(content.printed_at)))}</p>"
    yield "</div></footer>"


def _both(text: Text) -> str:
    """A text in both languages, each on lines of its own."""
    return f'<span class="bn" lang="bn">{_safe(text.bn)}</span> <span class="en" lang="en">{_safe(text.en)}</span>'


def _in_line(text: Text) -> str:
    """A text in both languages, one after the other."""
    return f'<span lang="bn">{_safe(text.bn)}</span> / <span lang="en">{_safe(text.en)}</span>'


def _code(written: str) -> str:
    return f"<code>{_safe(written)}</code>"


def _safe(written: str) -> str:
    """Somebody's writing as text of the page, without signs that steer what stands beside it."""
    return escape(plain(written))


def _filled(word: str, **fills: Text) -> Text:
    text = _word("word", word)
    bn, en = text.bn, text.en
    for name, fill in fills.items():
        bn, en = bn.replace(f"{{{name}}}", fill.bn), en.replace(f"{{{name}}}", fill.en)
    return Text(bn=bn, en=en)


def _word(table: str, code: str) -> Text:
    return _sentences()[table][code]


@cache
def _sentences() -> Mapping[str, Mapping[str, Text]]:
    return read_sentence_tables("nagorik_counter.receipt", "page.toml")


@cache
def _style() -> str:
    return files("nagorik_counter.receipt").joinpath("page.css").read_text("utf-8")
