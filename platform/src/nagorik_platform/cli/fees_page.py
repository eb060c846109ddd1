"""Published fees for a person to read aloud: all of it in one language, then all of it in the other."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final, Literal

from nagorik.values import Money, to_bangla_digits
from nagorik.values.sentences import Text, read_sentence_tables
from nagorik_platform.cli.output import Document
from nagorik_platform.fees.sentences import line_name
from nagorik_toolkit.bangladesh import amount_in_words
from nagorik_toolkit.texts import day_text, money_text

Language = Literal["bn", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("bn", "en")


def fee_page(document: Document, language: Language) -> Iterator[str]:
    """What a service costs, from ``fees.fees_document``."""
    yield f"{document['service']}  {document['name'][language]}"
    yield _said("page", "heading", language, day=_day(document["on"], language))
    outcomes = document["outcomes"]
    if document["answer"] == "agency-only" and len(outcomes) > 1:
        outcomes = []  # the sentence alone says it: no choice has a price
    for block in (
        _why_no_price(document, language),
        *(_outcome(one, language, only=len(outcomes) == 1, least=document["agency_adds"]) for one in outcomes),
        _charges(document, language),
        _beside(document, language),
        _asked("open" if document["answer"] == "open" else "priced", document, "missing", language),
        _asked("assumed", document, "assumed", language),
        _asked("unchecked", document, "unchecked", language),
        *(_tariff(tariff, language) for tariff in document["tariffs"]),
    ):
        lines = list(block)
        if lines:
            yield ""
            yield from lines


def _why_no_price(document: Document, language: Language) -> Iterator[str]:
    if document["sentence"] is not None:
        yield document["sentence"][language]
        if document["outcomes"]:
            yield _said("page", "other-sources", language, service=document["service"])
        if document["summary"] is not None:
            yield _said("page", "about", language, summary=document["summary"][language])


def _beside(document: Document, language: Language) -> Iterator[str]:
    if document["left_out"]:
        yield _said("page", "left-out", language, count=_number(document["left_out"], language))
    if document["agency_adds"]:
        yield _said("page", "agency-adds", language)


def _asked(heading: str, document: Document, key: str, language: Language) -> Iterator[str]:
    if document[key]:
        yield _said("missing", heading, language)
        for one in document[key]:
            yield f"  {_missing(one, language)}"


def _outcome(outcome: Document, language: Language, *, only: bool, least: bool) -> Iterator[str]:
    """One choice and what it costs; the ``only`` one with each sum to pay in words, as a receipt has it.

    Where costs of unknown amount come on top, as with ``least``, a total says that it is the least.
    """
    choice = "; ".join(_chosen(one, language) for one in outcome["choice"])
    if not outcome["payments"]:
        yield f"{choice}: {_said('page', 'not-published', language)}"
        return
    if choice:
        yield choice
    payments = outcome["payments"]
    for number, payment in enumerate(payments, 1):
        if len(payments) > 1:
            count = {"number": _number(number, language), "count": _number(len(payments), language)}
            yield f"  {_said('page', 'payment', language, **count)}"
        yield from _payment(payment, language, in_words=only, least=least)
    if len(payments) > 1:
        least = least or any(payment["unpriced"] for payment in payments)
        together = _total(outcome["total"], payments[0]["currency"], language, least=least)
        yield f"  {_said('page', 'altogether', language)}: {together}"


def _chosen(one: Document, language: Language) -> str:
    return f"{one['label'][language]}: {', '.join(title[language] for title in one['titles'])}"


def _payment(payment: Document, language: Language, *, in_words: bool, least: bool) -> Iterator[str]:
    currency = payment["currency"]
    least = least or bool(payment["unpriced"])
    for line in payment["lines"]:
        amount, vat = (_amount(line[part], currency, language) for part in ("amount", "vat"))
        told = _said("page", "with-vat", language, amount=amount, vat=vat) if _is_any(line["vat"]) else amount
        yield f"  {_in(line_name(line), language)}: {told}"
    for text in payment["unpriced"]:
        yield f"  {text[language]}: {_said('table', 'unknown', language)}"
    total = f"{_said('page', 'total', language)}: {_total(payment['total'], currency, language, least=least)}"
    notes = [] if _is_any(payment["total"]) or least else [_said("page", "free", language)]
    if _is_any(payment["vat"]):
        notes.append(_said("page", "of-it-vat", language, amount=_amount(payment["vat"], currency, language)))
    if payment["due"] is not None and _is_any(payment["total"]):
        notes.append(_said("due", payment["due"], language))
    yield f"  {total} ({'; '.join(notes)})" if notes else f"  {total}"
    if in_words and not least and currency == "BDT" and _is_any(payment["total"]):
        words = amount_in_words(Money.of(payment["total"], currency), language)
        yield f"  {_said('page', 'in-words', language, words=words)}"


def _charges(document: Document, language: Language) -> Iterator[str]:
    """What the host itself asks for: apart from the fee, of which it is no part."""
    if not document["charges"]:
        return
    yield _said("charge", "heading", language)
    for one in document["charges"]:
        amount, vat = (_amount(one[part], one["currency"], language) for part in ("amount", "vat"))
        told = _said("page", "with-vat", language, amount=amount, vat=vat) if _is_any(one["vat"]) else amount
        yield f"  {_in(line_name(one), language)}: {told}"
        yield f"  {_said('charge', 'payee', language, name=one['payee'][language])}"
        if one["gateways"]:
            yield f"  {_said('charge', 'gateways', language, ids=', '.join(one['gateways']))}"
        yield f"  {_cited(one['source'], language)}"


def _missing(one: Document, language: Language) -> str:
    named = f"{one['name']}" if one["label"][language] == one["name"] else f"{one['name']} ({one['label'][language]})"
    values = ", ".join(_choice(choice, language) for choice in one["choices"]) or _said("missing", "any", language)
    return f"{named}: {values}" + (f"; {_said('missing', 'agency-knows', language)}" if one["agency_knows"] else "")


def _choice(choice: Document, language: Language) -> str:
    value = str(choice["value"]).lower() if isinstance(choice["value"], bool) else str(choice["value"])
    return _digits(value, language) if choice["title"] is None else f"{value} ({choice['title'][language]})"


def _tariff(tariff: Document, language: Language) -> Iterator[str]:
    first, last = (tariff[end] and _day(tariff[end], language) for end in ("effective_from", "effective_to"))
    standing = tariff["standing"]
    # An id is a Latin code, for which there is no place in a Bangla sentence; the days tell one tariff from another.
    named = _said("tariff", "named", language) + (f" {tariff['id']}" if language == "en" else "")
    if standing == "effective":
        code = "charged-until" if last else "charged"
        yield _said("tariff", code, language, named=named, first=first, **({"last": last} if last else {}))
    else:
        begins = [_said("tariff", "since", language, first=first)] if first else []
        ends = [_said("tariff", "until", language, last=last)] if last else []
        yield " ".join([_said("tariff", standing, language, named=named), *begins, *ends])
    source = tariff["source"]
    checked = _said("tariff", "verified" if source["verified"] else "not-verified", language)
    yield _cited(source, language, checked)
    if tariff["note"] is not None:
        yield tariff["note"][language]


def _cited(source: Document, language: Language, checked: str | None = None) -> str:
    seen = [_said("tariff", "seen", language, day=_day(source["as_of"], language))] if source["as_of"] else []
    cited = _said("tariff", "source", language, title=source["title"])
    told = checked or _said("charge", "verified" if source["verified"] else "not-verified", language)
    return f"{'; '.join([cited, *seen, told])}{_STOP[language]}"


def _amount(amount: str, currency: Literal["BDT", "USD"], language: Language) -> str:
    return _in(money_text(Money.of(amount, currency)), language)


def _total(amount: str, currency: Literal["BDT", "USD"], language: Language, *, least: bool) -> str:
    written = _amount(amount, currency, language)
    return _said("page", "at-least", language, amount=written) if least else written


def _is_any(amount: str) -> bool:
    return bool(Decimal(amount))


def _day(written: str, language: Language) -> str:
    return _in(day_text(date.fromisoformat(written)), language)


def _number(number: int, language: Language) -> str:
    return _digits(str(number), language)


def _digits(written: str, language: Language) -> str:
    """A number in the language's digits; a code, such as ``under-90``, as it has to be typed."""
    is_code = any(sign.isascii() and sign.isalpha() for sign in written)
    return to_bangla_digits(written) if language == "bn" and not is_code else written


def _in(text: Text, language: Language) -> str:
    return text.bn if language == "bn" else text.en


_STOP: Final[Mapping[Language, str]] = {"bn": "।", "en": "."}


def _said(table: str, code: str, language: Language, **fills: str) -> str:
    sentence = _in(_sentences()[table][code], language)
    for name, fill in fills.items():
        sentence = sentence.replace(f"{{{name}}}", fill)
    return sentence


@cache
def _sentences() -> Mapping[str, Mapping[str, Text]]:
    return read_sentence_tables("nagorik_platform.cli", "fees_page.toml")
