"""Published fees for a person to read aloud: all of it in one language, then all of it in the other."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Literal

from nagorik.values import Money, to_bangla_digits
from nagorik.values.sentences import Text
from nagorik_platform.cli.output import Document
from nagorik_platform.fees.sentences import line_name
from nagorik_toolkit.bangladesh import amount_in_words
from nagorik_toolkit.texts import Fill, TextCatalogue, day_text, money_text, read_texts

Language = Literal["bn", "en"]


def fee_page(document: Document, language: Language) -> Iterator[str]:
    """What a service costs, from ``fees.fees_document``."""
    page = _Page(language)
    yield f"{document['service']}  {document['name'][language]}"
    yield page.said("page.heading", day=page.day(document["on"]))
    for block in (
        page.why_no_price(document),
        page.price(document),
        page.charges(document["charges"]),
        page.asked("open", document["missing"]),
        page.asked("assumed", document["assumed"]),
        page.asked("unchecked", document["unchecked"]),
        *(page.tariff(tariff) for tariff in document["tariffs"]),
    ):
        lines = list(block)
        if lines:
            yield ""
            yield from lines


class _Page:
    """The parts of a page in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def why_no_price(self, document: Document) -> Iterator[str]:
        if document["sentence"] is not None:
            yield document["sentence"][self.language]
            if document["answer"] == "agency-only":
                yield self.said("page.other-sources", service=document["service"])
            if document["summary"] is not None:
                yield self.said("page.about", summary=document["summary"][self.language])

    def price(self, document: Document) -> Iterator[str]:
        """What the price is for, and each payment."""
        payments, least = document["payments"], document["agency_adds"]
        if document["choice"]:
            yield "; ".join(
                f"{one['label'][self.language]}: {one['title'][self.language]}" for one in document["choice"]
            )
        for number, payment in enumerate(payments, 1):
            if len(payments) > 1:
                yield f"  {self.said('page.payment', number=number, count=len(payments))}"
            yield from self.payment(payment, least=least)
        if len(payments) > 1:
            least = least or any(payment["unpriced"] for payment in payments)
            total = self.total(document["total"], payments[0]["currency"], least=least)
            yield f"  {self.said('page.altogether')}: {total}"
        if document["agency_adds"]:
            yield f"  {self.said('page.agency-adds')}"

    def payment(self, payment: Document, *, least: bool) -> Iterator[str]:
        currency, is_any = payment["currency"], Decimal(payment["total"]) > 0
        least = least or bool(payment["unpriced"])
        yield from (self.line(line, currency) for line in payment["lines"])
        for text in payment["unpriced"]:
            yield f"  {text[self.language]}: {self.said('table.unknown')}"
        notes = []
        if not is_any and not least:
            notes.append(self.said("page.free"))
        if Decimal(payment["vat"]):
            notes.append(self.said("page.of-it-vat", amount=self.money(payment["vat"], currency)))
        if payment["due"] is not None and is_any:
            notes.append(self.said(f"due.{payment['due']}"))
        total = self.total(payment["total"], currency, least=least)
        yield f"  {self.said('page.total')}: {total}" + (f" ({'; '.join(notes)})" if notes else "")
        if not least and currency == "BDT" and is_any:
            words = amount_in_words(Money.of(payment["total"], currency), self.language)
            yield f"  {self.said('page.in-words', words=words)}"

    def charges(self, charges: list[Document]) -> Iterator[str]:
        """What the host itself asks for: apart from the fee, of which it is no part."""
        if charges:
            yield self.said("charge.heading")
        for one in charges:
            yield self.line(one, one["currency"])
            yield f"  {self.said('charge.payee', name=one['payee'][self.language])}"
            if one["gateways"]:
                yield f"  {self.said('charge.gateways', ids=', '.join(one['gateways']))}"
            yield f"  {self.cited('charge', one['source'])}"

    def asked(self, heading: str, fields: list[Document]) -> Iterator[str]:
        """Fields that were not given, each with its choices."""
        if fields:
            yield self.said(f"missing.{heading}")
        for one in fields:
            label = one["label"][self.language]
            named = one["name"] if label == one["name"] else f"{one['name']} ({label})"
            choices = ", ".join(map(self.choice, one["choices"])) or self.said("missing.any")
            knows = f"; {self.said('missing.agency-knows')}" if one["agency_knows"] else ""
            yield f"  {named}: {choices}{knows}"

    def tariff(self, tariff: Document) -> Iterator[str]:
        # An id is a Latin code, for which there is no place in a Bangla sentence; the days set one tariff apart.
        named = self.said("tariff.named") + (f" {tariff['id']}" if self.language == "en" else "")
        first, last = (tariff[end] and self.day(tariff[end]) for end in ("effective_from", "effective_to"))
        if last is None:
            yield self.said("tariff.charged", named=named, first=first)
        else:
            yield self.said("tariff.charged-until", named=named, first=first, last=last)
        yield self.cited("tariff", tariff["source"])
        if tariff["note"] is not None:
            yield tariff["note"][self.language]

    def cited(self, table: str, source: Document) -> str:
        parts = [self.said("tariff.source", title=source["title"])]
        if source["as_of"]:
            parts.append(self.said("tariff.seen", day=self.day(source["as_of"])))
        parts.append(self.said(f"{table}.verified" if source["verified"] else f"{table}.not-verified"))
        return "; ".join(parts) + ("।" if self.language == "bn" else ".")

    def line(self, line: Document, currency: Literal["BDT", "USD"]) -> str:
        amount = self.money(line["amount"], currency)
        if Decimal(line["vat"]):
            amount = self.said("page.with-vat", amount=amount, vat=self.money(line["vat"], currency))
        return f"  {self.text(line_name(line))}: {amount}"

    def choice(self, choice: Document) -> str:
        value = choice["value"]
        word = str(value).lower() if isinstance(value, bool) else str(value)
        if choice["title"] is not None:
            return f"{word} ({choice['title'][self.language]})"
        # A code, such as under-90, stands as it has to be typed.
        is_code = any(sign.isascii() and sign.isalpha() for sign in word)
        return word if is_code or self.language == "en" else to_bangla_digits(word)

    def total(self, amount: str, currency: Literal["BDT", "USD"], *, least: bool) -> str:
        written = self.money(amount, currency)
        return self.said("page.at-least", amount=written) if least else written

    def money(self, amount: str, currency: Literal["BDT", "USD"]) -> str:
        return self.text(money_text(Money.of(amount, currency)))

    def day(self, written: str) -> str:
        return self.text(day_text(date.fromisoformat(written)))

    def text(self, text: Text) -> str:
        return text.bn if self.language == "bn" else text.en

    def said(self, code: str, **fills: Fill | str) -> str:
        texts = {name: Text(bn=fill, en=fill) if isinstance(fill, str) else fill for name, fill in fills.items()}
        return self.text(_sentences().text(code, **texts))


@cache
def _sentences() -> TextCatalogue:
    return read_texts("nagorik_platform.cli", "fees_page.toml")
