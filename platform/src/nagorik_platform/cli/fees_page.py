"""Published fees, as JSON and for a person, in both languages, drawn as the fees of an application are."""

from collections.abc import Iterator, Sequence
from datetime import date

from nagorik.manifest import PublicService
from nagorik_platform.cli.catalogue import document_of
from nagorik_platform.cli.explanation_page import (
    both,
    charge_lines,
    fee_lines,
    pair,
    price_document,
    said,
    source_line,
)
from nagorik_platform.cli.host_reports import ListedCharge
from nagorik_platform.cli.output import Document
from nagorik_platform.fees.published import PublishedFees, StagePrice


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
    yield f"{document['service']}  {both(document['name'])}"
    yield from pair(said("fees.heading", day=date.fromisoformat(document["on"])))
    notes = [one["tariff"]["note"] for one in document["payments"] if one["tariff"]["note"] is not None]
    for block in (
        _why_no_price(document),
        *(_payment(payment, document) for payment in document["payments"]),
        _charges(document["charges"]),
        _asked("fees.missing", document["missing"]),
        _asked("fees.unchecked", document["unchecked"]),
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
        yield "; ".join(f"{both(one['label'])}: {both(one['title'])}" for one in document["choice"])
    if payment["due"] is not None:
        yield from pair(said(f"fees.due.{payment['due']}"))
    added = [document_of(said("fees.agency-adds"))] if document["agency_adds"] else []
    yield from fee_lines(
        {**payment, "paid": False, "unpriced": payment["unpriced"] + added, "source": payment["tariff"]["source"]}
    )


def _charges(charges: list[Document]) -> Iterator[str]:
    """What the host itself asks for: apart from the fee, of which it is no part."""
    for one in charges:
        yield from charge_lines({"lines": [one], "total": one["total"], "currency": one["currency"]})
        if one["gateways"]:
            yield f"  {both(said('fees.gateways'))}: {', '.join(one['gateways'])}"
        yield f"  {source_line(one['source'])}"


def _asked(heading: str, fields: list[Document]) -> Iterator[str]:
    """Fields that were not given, each with its choices."""
    if fields:
        yield from pair(said(heading))
    for one in fields:
        choices = ", ".join(map(_choice, one["choices"]))
        knows = " / ".join(pair(said("fees.agency-knows"))) if one["agency_knows"] else ""
        yield f"  {one['name']} ({both(one['label'])}): {'; '.join(filter(None, (choices, knows))) or '…'}"


def _choice(choice: Document) -> str:
    word = str(choice["value"]).lower() if isinstance(choice["value"], bool) else str(choice["value"])
    return word if choice["title"] is None else f"{word} ({both(choice['title'])})"
