"""Published fees, as JSON and for a person, in both languages, drawn as the fees of an application are."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache, reduce
from operator import add

from nagorik.manifest import PublicService
from nagorik.values import Money
from nagorik_platform.cli.catalogue import document_of
from nagorik_platform.cli.explanation_page import charge_lines, fee_lines, price_document, source_line
from nagorik_platform.cli.host_reports import ListedCharge
from nagorik_platform.cli.output import Document
from nagorik_platform.fees.published import PublishedFees, StagePrice
from nagorik_toolkit.texts import Fill, TextCatalogue, read_texts


def fees_document(
    service: PublicService, fees: PublishedFees, on: date, charges: Sequence[ListedCharge] = ()
) -> Document:
    """What a service costs, and apart from it what the host charges beside, as JSON values with stable keys."""
    document: Document = document_of(fees)
    del document["stages"]
    return {
        "service": service.id,
        "name": document_of(service.name),
        "summary": document_of(service.summary),
        "on": on.isoformat(),
        **document,
        "payments": [_payment_of(stage) for stage in fees.stages],
        "charges": [_charge_of(one) for one in charges],
    }


def _payment_of(stage: StagePrice) -> Document:
    tariff = document_of(stage.price.tariff)
    del tariff["rows"]
    return {**price_document(stage.price), "due": document_of(stage.due), "tariff": tariff}


def _charge_of(one: ListedCharge) -> Document:
    listed = document_of(one)
    return {**listed.pop("line"), **listed, "total": one.line.total.plain(), "currency": one.line.amount.currency}


def fee_page(document: Document) -> Iterator[str]:
    """What a service costs, from ``fees_document``."""
    yield f"{document['service']}  {_both(document['name'])}"
    yield from _said("heading", day=date.fromisoformat(document["on"]))
    notes = [one["tariff"]["note"] for one in document["payments"] if one["tariff"]["note"] is not None]
    for block in (
        _why_no_price(document),
        *(_payment(payment, document) for payment in document["payments"]),
        _altogether(document),
        _charges(document["charges"]),
        _asked("missing", document["missing"]),
        _asked("unchecked", document["unchecked"]),
        dict.fromkeys(note[language] for note in notes for language in ("bn", "en")),
    ):
        lines = list(block)
        if lines:
            yield from ("", *lines)


def _why_no_price(document: Document) -> Iterator[str]:
    for text in (document["sentence"], document["summary"]) if document["sentence"] is not None else ():
        yield from (text["bn"], text["en"]) if text is not None else ()


def _payment(payment: Document, document: Document) -> Iterator[str]:
    """One payment, with what it is for and when it is due. With what the agency adds, it is the least."""
    if document["choice"]:
        yield "; ".join(f"{_both(one['label'])}: {_both(one['title'])}" for one in document["choice"])
    if payment["due"] is not None:
        yield from _said(f"due.{payment['due']}")
    added = [dict(zip(("bn", "en"), _said("agency-adds"), strict=True))] if document["agency_adds"] else []
    yield from fee_lines(
        {**payment, "paid": False, "unpriced": payment["unpriced"] + added, "source": payment["tariff"]["source"]}
    )


def _altogether(document: Document) -> Iterator[str]:
    """The sum of several payments, where nothing of it is unknown."""
    payments = document["payments"]
    if len(payments) > 1 and not document["agency_adds"] and not any(one["unpriced"] for one in payments):
        yield from _said("altogether", sum=reduce(add, (Money.of(one["total"], one["currency"]) for one in payments)))


def _charges(charges: list[Document]) -> Iterator[str]:
    """What the host itself asks for: apart from the fee, of which it is no part."""
    for one in charges:
        yield from charge_lines({"lines": [one], "total": one["total"], "currency": one["currency"]})
        if one["gateways"]:
            yield f"  {' · '.join(_said('gateways'))}: {', '.join(one['gateways'])}"
        yield f"  {source_line(one['source'])}"


def _asked(heading: str, fields: list[Document]) -> Iterator[str]:
    """Fields that were not given, each with its choices."""
    if fields:
        yield from _said(heading)
    for one in fields:
        choices = ", ".join(map(_choice, one["choices"]))
        knows = " / ".join(_said("agency-knows")) if one["agency_knows"] else ""
        yield f"  {one['name']} ({_both(one['label'])}): {'; '.join(filter(None, (choices, knows))) or '…'}"


def _choice(choice: Document) -> str:
    word = str(choice["value"]).lower() if isinstance(choice["value"], bool) else str(choice["value"])
    return word if choice["title"] is None else f"{word} ({_both(choice['title'])})"


def _both(text: Document) -> str:
    return f"{text['bn']} · {text['en']}"


def _said(code: str, **fills: Fill) -> tuple[str, str]:
    text = _sentences().text(code, **fills)
    return text.bn, text.en


@cache
def _sentences() -> TextCatalogue:
    return read_texts("nagorik_platform.cli", "fees_page.toml")
