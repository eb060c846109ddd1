"""Published fees for a person to read aloud: all of it in one language, then all of it in the other."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final, Literal

from nagorik.values import Money, to_bangla_digits
from nagorik.values.sentences import Text, read_sentence_tables
from nagorik_platform.cli.output import Document
from nagorik_toolkit.texts import day_text, money_text

Language = Literal["bn", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("bn", "en")


def fee_page(document: Document, language: Language) -> Iterator[str]:
    """What a service costs, from ``fees.fees_document``."""
    yield f"{document['service']}  {document['name'][language]}"
    yield _said("page", "heading", language, day=_day(document["on"], language))
    for block in (
        _why_no_price(document, language),
        *(_outcome(outcome, language) for outcome in document["outcomes"] if not _is_said_already(document)),
        _beside(document, language),
        _asked("open" if document["answer"] == "open" else "priced", document["missing"], language),
        _asked("assumed", document["assumed"], language),
        _asked("unchecked", document["unchecked"], language),
        *(_tariff(tariff, language) for tariff in document["tariffs"]),
    ):
        lines = list(block)
        if lines:
            yield ""
            yield from lines


def schedule_page(document: Document, language: Language) -> Iterator[str]:
    """Every schedule of a service, from ``fees.schedules_document``: each tariff, charged or not, row by row."""
    yield f"{document['service']}  {document['name'][language]}"
    if document["sentence"] is not None:
        yield ""
        yield _said("table", "no-schedule", language, sentence=document["sentence"][language])
    for schedule in document["schedules"]:
        yield ""
        yield _said("table", "heading", language, title=schedule["title"][language])
        yield _vat(schedule["vat"], language)
        if schedule["charged"] is not None:
            day = _day(document["on"], language)
            yield _said("table", "today", language, day=day, id=schedule["charged"])
        elif schedule["sentence"] is not None:
            yield schedule["sentence"][language]
        for tariff in schedule["tariffs"]:
            yield ""
            yield from _tariff(tariff, language)
            for row in tariff["rows"]:
                amount = _amount(row["amount"], schedule["currency"], language)
                yield f"  {row['text'][language]}: {amount}{_cell(row, language)}"


def _why_no_price(document: Document, language: Language) -> Iterator[str]:
    if document["sentence"] is not None:
        yield document["sentence"][language]
        if document["outcomes"]:
            yield _said("page", "other-sources", language)
        if document["summary"] is not None:
            yield _said("page", "about", language, summary=document["summary"][language])


def _is_said_already(document: Document) -> bool:
    """Whether the sentence alone says it: no choice has a price, and there are several."""
    return document["answer"] == "agency-only" and len(document["outcomes"]) > 1


def _beside(document: Document, language: Language) -> Iterator[str]:
    if document["left_out"]:
        yield _said("page", "left-out", language, count=_number(document["left_out"], language))
    if document["agency_adds"]:
        yield _said("page", "agency-adds", language)


def _asked(heading: str, asked: Sequence[Document], language: Language) -> Iterator[str]:
    if asked:
        yield _said("missing", heading, language)
        for one in asked:
            yield f"  {_missing(one, language)}"


def _outcome(outcome: Document, language: Language) -> Iterator[str]:
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
            yield f"  {_said('page', 'payment', language, stage=payment['stage'], **count)}"
        yield from _payment(payment, language)
    if len(payments) > 1:
        together = _amount(outcome["total"], payments[0]["currency"], language)
        yield f"  {_said('page', 'altogether', language)}: {together}"


def _chosen(one: Document, language: Language) -> str:
    return f"{one['label'][language]}: {', '.join(title[language] for title in one['titles'])}"


def _payment(payment: Document, language: Language) -> Iterator[str]:
    currency = payment["currency"]
    for line in payment["lines"]:
        amount, vat = (_amount(line[part], currency, language) for part in ("amount", "vat"))
        told = _said("page", "with-vat", language, amount=amount, vat=vat) if _is_any(line["vat"]) else amount
        yield f"  {line['text'][language]}: {told}"
    total = f"{_said('page', 'total', language)}: {_amount(payment['total'], currency, language)}"
    notes = [] if _is_any(payment["total"]) else [_said("page", "free", language)]
    if _is_any(payment["vat"]):
        notes.append(_said("page", "of-it-vat", language, amount=_amount(payment["vat"], currency, language)))
    if payment["due"] is not None and _is_any(payment["total"]):
        notes.append(_said("due", payment["due"], language))
    yield f"  {total} ({'; '.join(notes)})" if notes else f"  {total}"


def _missing(one: Document, language: Language) -> str:
    named = f"{one['name']}" if one["label"][language] == one["name"] else f"{one['name']} ({one['label'][language]})"
    dimensions: Mapping[str, Sequence[str]] = one["dimensions"]
    own = [_digits(value, language) for value in dimensions.get(one["name"], ())]
    if one["choices"]:
        values = [_choice(choice, language) for choice in one["choices"]]
    else:
        values = own or [_said("missing", "any", language)]
    others = [
        _said("missing", "or", language, name=name, values=", ".join(_digits(value, language) for value in listed))
        for name, listed in dimensions.items()
        if name != one["name"] and not one["choices"]
    ]
    knows = [_said("missing", "agency-knows", language)] if one["agency_knows"] else []
    return "; ".join([f"{named}: {', '.join(values)}", *others, *knows])


def _choice(choice: Document, language: Language) -> str:
    value = str(choice["value"]).lower() if isinstance(choice["value"], bool) else str(choice["value"])
    return value if choice["title"] is None else f"{value} ({choice['title'][language]})"


def _tariff(tariff: Document, language: Language) -> Iterator[str]:
    first, last = (tariff[end] and _day(tariff[end], language) for end in ("effective_from", "effective_to"))
    standing = tariff["standing"]
    if standing == "effective":
        code = "charged-until" if last else "charged"
        yield _said("tariff", code, language, id=tariff["id"], first=first, **({"last": last} if last else {}))
    else:
        begins = [_said("tariff", "since", language, first=first)] if first else []
        ends = [_said("tariff", "until", language, last=last)] if last else []
        yield " ".join([_said("tariff", standing, language, id=tariff["id"]), *begins, *ends])
    source = tariff["source"]
    seen = [_said("tariff", "seen", language, day=_day(source["as_of"], language))] if source["as_of"] else []
    checked = _said("tariff", "verified" if source["verified"] else "not-verified", language)
    cited = _said("tariff", "source", language, title=source["title"])
    yield f"{'; '.join([cited, *seen, checked])}{_STOP[language]}"
    if tariff["note"] is not None:
        yield tariff["note"][language]


def _cell(row: Document, language: Language) -> str:
    """For which choice a row is, and how its amount counts."""
    parts = [
        f"{name} {', '.join(_digits(value, language) for value in values)}" for name, values in row["when"].items()
    ]
    if row["stage"] != "application":
        parts.append(_said("table", "stage", language, stage=row["stage"]))
    if row["times"]:
        parts.append(_said("table", "times", language, factors=_digits(row["times"], language)))
    if row["vat_exempt"]:
        parts.append(_said("table", "no-vat", language))
    return f" ({'; '.join(parts)})" if parts else ""


def _vat(vat: Document | None, language: Language) -> str:
    if vat is None:
        return _said("table", "vat-none", language)
    rate = f"{(Decimal(vat['rate']) * 100).normalize():f}"
    return _said("table", "vat-included" if vat["included"] else "vat-added", language, rate=_digits(rate, language))


def _amount(amount: str, currency: Literal["BDT", "USD"], language: Language) -> str:
    return _in(money_text(Money.of(amount, currency)), language)


def _is_any(amount: str) -> bool:
    return bool(Decimal(amount))


def _day(written: str, language: Language) -> str:
    return _in(day_text(date.fromisoformat(written)), language)


def _number(number: int, language: Language) -> str:
    return _digits(str(number), language)


def _digits(written: str, language: Language) -> str:
    return to_bangla_digits(written) if language == "bn" else written


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
