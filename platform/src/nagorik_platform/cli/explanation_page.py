"""Why an application stands where it stands: for a program, and line by line for a person, in both languages.

Every page that shows an application takes it from here, so that a citizen, an officer and a program read the same.
What a plugin or an agency wrote is quoted, in its language, on one line and without what steers a terminal or turns
the direction of writing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final, TypeAlias

from pydantic import JsonValue

from nagorik.errors import FieldProblem, InputRejected
from nagorik.model.eligibility import Verdict
from nagorik.model.fee import LineNature, Quote, QuoteLine
from nagorik.model.status import LONGEST_REMARK, AgencyStatus, ApplicationState, Flag
from nagorik.operations import Operation
from nagorik.values import Money, to_bangla_digits
from nagorik.values.sentences import Text, cut, is_blank
from nagorik_platform.cli.catalogue import document_of
from nagorik_platform.cli.output import Document, plain
from nagorik_platform.fees.sentences import named_with_nature
from nagorik_platform.form_schemas import alternatives, title_of
from nagorik_platform.lifecycle import Progress, StateExplanation, state_label
from nagorik_platform.lifecycle.refusals import CallRefusal
from nagorik_platform.lifecycle.rules.holds import ELIGIBILITY_HOLDS
from nagorik_platform.lifecycle.state import FEE_DEMANDED_AGAIN
from nagorik_platform.lifecycle.tables import ENDED_WITHOUT_RESULT, MONEY_NOT_TAKEN, MONEY_TAKEN, demanded_stage
from nagorik_platform.number_mask import mask_numbers
from nagorik_toolkit.fees import Price
from nagorik_toolkit.texts import Fill, TextCatalogue, day_text, money_text, read_texts

Wording = Callable[[str], str]
"""Makes foreign words fit to be shown."""
Schema: TypeAlias = Mapping[str, JsonValue]
"""A form's JSON Schema, as ``Platform.form_schema`` gives it."""

_LONGEST_POINTER: Final = 120
_DOCUMENT_LABELS: Final = "x-documents"
"""Where a schema says what the papers are called that go with the form."""
_INDEX: Final = re.compile(r"[0-9]{1,4}")
_SPACES: Final = re.compile(r"\s+")
_ABOUT_MONEY: Final = frozenset(one for one in Operation if "payment" in one.value)
_OVER: Final = ENDED_WITHOUT_RESULT | {ApplicationState.CLOSED}
"""Where a price that was not paid is of no interest any more."""
_REASON_EXPECTED: Final = {ApplicationState.REJECTED, ApplicationState.REJECTED_AT_INTAKE, ApplicationState.REVOKED}
"""States in which the citizen should read the reason."""


def as_written(words: str) -> str:
    """Foreign words for the person whom they are about: on one line and of bounded length; blank words are empty."""
    return cut(_on_one_line(words), LONGEST_REMARK)


def with_numbers_masked(words: str) -> str:
    """The same for other readers: without numbers that could be a person's. Names cannot be recognised."""
    return cut(mask_numbers(_on_one_line(words)), LONGEST_REMARK)


def _on_one_line(words: str) -> str:
    if is_blank(words):
        return ""
    # What steers a terminal may stand between spaces, or be one.
    return _SPACES.sub(" ", plain(_SPACES.sub(" ", words))).strip()


def explanation_document(
    progress: Progress, known: StateExplanation, *, schema: Schema | None, words: Wording = as_written
) -> Document:
    """What explains an application, with stable keys; money as decimal text, times in UTC.

    ``known`` is what its journal says of why; ``schema`` is the service's form, whose labels name the fields.
    """
    end, report = known.ended_as, known.report
    return {
        "ended_as": end and {"code": end.value, "means": document_of(state_label(end), words)},
        "eligibility": _eligibility(progress, known, words),
        "refusals": [
            {"at": one.at.isoformat(), **_refusal(one.operation, one.refusal, schema, words)}
            for one in known.refusals
        ],
        "agency_says": report
        and {"at": (report.status.at or report.at).isoformat(), **_report(report.status, words)},
        "reason_missing": _reason_missing(progress, known),
        "demanded_again": _demanded_again(progress),
        "fees": [*_fees(progress, known, words)],
    }


def with_document_labels(schema: Schema | None, papers: Sequence[Text]) -> Schema:
    """A form's schema that also says what the application's papers are called, in their order."""
    labels: Any = {str(number): {"title": one.en, "x-title-bn": one.bn} for number, one in enumerate(papers)}
    return {**(schema or {}), _DOCUMENT_LABELS: {"properties": labels}}


def fee_document(quote: Quote, words: Wording = as_written, *, paid: bool = False) -> Document:
    """One price, line by line; what the lines and their VAT come to is its total, the least with ``unpriced``."""
    shown = {name: document_of(getattr(quote, name), words) for name in ("expires_at", "source")}
    return {"quote": quote.id, "paid": paid, **price_document(quote, words), **shown}


def price_document(price: Quote | Price, words: Wording = as_written) -> Document:
    """What a quote and a published price have in common: lines, VAT, total, and costs of unknown amount."""
    vat = Money(poisha=sum(line.vat.poisha for line in price.lines), currency=price.total.currency)
    shown = {name: document_of(getattr(price, name), words) for name in ("stage", "lines", "total", "unpriced")}
    return {**shown, "vat": vat.plain(), "currency": price.total.currency}


def charge_document(lines: Sequence[QuoteLine]) -> Document | None:
    """What the host asks for beside a fee, with what it comes to; ``None`` where that is nothing."""
    if not lines:
        return None
    currency = lines[0].amount.currency
    total = Money(poisha=sum(line.total.poisha for line in lines), currency=currency)
    return {"lines": document_of(lines), "total": total.plain(), "currency": currency}


def reason_lines(document: Document, *, everything: bool = False) -> Iterator[str]:
    """Why it stands there, from ``explanation_document``: criteria that do not hold, refusals, what the agency says.

    ``everything`` adds criteria in spite of which it was filed, and the agency's own word for its state.
    """
    eligibility, again = document["eligibility"], document["demanded_again"]
    if eligibility is not None and (everything or eligibility["decisive"]):
        yield from criterion_lines(eligibility["criteria"])
    for refusal in document["refusals"]:
        yield from _refusal_lines(refusal)
    for heading, quoted in _report_parts(document["agency_says"] or {}, everything=everything):
        yield from (heading.bn, heading.en, *dict.fromkeys((f"  «{quoted['bn']}»", f"  «{quoted['en']}»")))
    if document["reason_missing"]:
        yield from pair(said("says.none"))
    if again is not None:
        yield from (again["means"]["bn"], again["means"]["en"])


def criterion_lines(criteria: Sequence[Document]) -> Iterator[str]:
    """Criteria that do not hold or are not known, each with its rule's source."""
    shown = [one for one in criteria if one["verdict"] != Verdict.PASS.value]
    for verdict in dict.fromkeys(one["verdict"] for one in shown):
        yield from pair(said(f"criterion.{verdict}"))
        for one in shown:
            if one["verdict"] == verdict:
                yield from (f"  – {one['text']['bn']}", f"    {one['text']['en']}")
                if one["source"] is not None:
                    yield f"    {source_line(one['source'])}"


def field_lines(fields: Sequence[Document]) -> Iterator[str]:
    """What is wrong with which field."""
    for one in fields:
        name = _name(one)
        yield f"  – {name['bn']}: {one['text']['bn']}"
        yield f"    {name['en']}: {one['text']['en']}"


def fee_lines(fee: Document) -> Iterator[str]:
    """A price as it is added up: each line, the VAT on it, and what it comes to."""
    if not fee["lines"] and not fee["unpriced"]:
        yield from pair(said("fee.nothing"))
    else:
        yield from pair(said("fee.paid" if fee["paid"] else "fee.asked"))
        yield from (_line(line, fee) for line in fee["lines"])
        for cost in fee["unpriced"]:
            yield f"  {both(cost)}: {both(said('fee.unpriced'))}"
        total = f"{both(said('fee.at-least' if fee['unpriced'] else 'fee.total'))}: {_money(fee['total'], fee)}"
        vat = _money(fee["vat"], fee)
        yield f"  {total} ({both(said('fee.of-it-vat'))} {vat})" if _is_any(fee["vat"], fee) else f"  {total}"
    yield f"  {source_line(fee['source'])}"


def charge_lines(charges: Document) -> Iterator[str]:
    """What the host asks for beside the agency's fee: each line with the VAT on it, and whose money it is."""
    yield from pair(said("fee.charges"))
    payee = said("fee.payee")
    for line in charges["lines"]:
        yield _line(line, charges)
        yield f"    {payee.bn}: {line['payee']['bn']} · {payee.en}: {line['payee']['en']}"
    yield f"  {both(said('fee.total'))}: {_money(charges['total'], charges)}"


def source_line(source: Document) -> str:
    """Where a rule or a price is written down, and whether it was checked there."""
    checked = both(said("source.verified" if source["verified"] else "source.not-verified"))
    day = f", {both(day_text(date.fromisoformat(source['as_of'])))}" if source["as_of"] else ""
    return f"{both(said('source.heading'))}: {source['title']}{day} ({checked})"


def _line(line: Document, fee: Document) -> str:
    vat = f" + {both(said('fee.with-vat'))} {_money(line['vat'], fee)}" if _is_any(line["vat"], fee) else ""
    name = named_with_nature(Text(**line["text"]), LineNature(line["nature"]))
    return f"  {both(name)}: {_money(line['amount'], fee)}{vat}"


def _money(amount: str, fee: Document) -> str:
    return both(money_text(Money.of(amount, fee["currency"])))


def _is_any(amount: str, fee: Document) -> bool:
    return Money.of(amount, fee["currency"]).poisha > 0


def _eligibility(progress: Progress, known: StateExplanation, words: Wording) -> Document | None:
    if known.decision is None:
        return None
    return {
        "result": known.decision.eligibility.value,
        "decisive": progress.hold is not None and progress.hold.code in ELIGIBILITY_HOLDS,
        "criteria": document_of(known.decision.criteria, words),
    }


def _refusal(operation: Operation, refusal: CallRefusal, schema: Schema | None, words: Wording) -> Document:
    return {
        "operation": operation.value,
        "code": words(refusal.code),
        "fault": refusal.fault,
        "reason": document_of(refusal.reason, words),
        "fields": [field_document(one, schema, words) for one in refusal.fields],
        "fields_left_out": refusal.fields_left_out,
    }


def _refusal_lines(refusal: Document) -> Iterator[str]:
    yield from pair(*_headings(refusal))
    fields, left_out = refusal["fields"], refusal["fields_left_out"]
    if refusal["fault"] is not None:
        yield from field_lines(fields)
    elif refusal["reason"] is not None:
        yield from pair(said("why.reason"))
        yield from (f"  «{refusal['reason'][language]}»" for language in ("bn", "en"))
    elif fields:
        yield from pair(said("why.fields"))
        yield from field_lines(fields)
        if left_out:
            yield from (f"  {line}" for line in pair(said("why.more-fields", number=left_out)))
    elif _is_of_form(refusal["operation"], refusal["code"]):
        yield from pair(said("why.no-field"))
    else:
        yield from pair(said("why.no-reason", word=refusal["code"]))


def refusal_text(operation: Operation, refusal: CallRefusal, words: Wording = as_written) -> Text:
    """A refusal in one line, as it stands in a list of what happened."""
    document = _refusal(operation, refusal, None, words)
    parts = _headings(document)
    if refusal.fault is None and document["reason"] is not None:
        parts.append(Text(**{language: f"«{quoted}»" for language, quoted in document["reason"].items()}))
    return _joined(parts)


def report_text(status: AgencyStatus, words: Wording = as_written) -> Text | None:
    """What an agency gives as the reason in a report, in one line, or ``None``."""
    parts = [
        Text(bn=f"{heading.bn} «{quoted['bn']}»", en=f"{heading.en} «{quoted['en']}»")
        for heading, quoted in _report_parts(_report(status, words), everything=False)
    ]
    return _joined(parts) if parts else None


def _headings(refusal: Document) -> list[Text]:
    """What was refused; or of a call that failed and was not refused, why, and whose work that is."""
    operation, code, fault = refusal["operation"], refusal["code"], refusal["fault"]
    if fault is None:
        return [said("why.input" if _is_of_form(operation, code) else f"refused.{operation}")]
    known = f"failed.{fault}"
    return [
        # Whose answer it was to what had an effect is not known where the call failed here.
        said(f"refused.{operation}" if operation in {"eligibility", "quote"} else "why.not-done"),
        said(known if known in _sentences() else "failed.other", word=code),
    ]


def _is_of_form(operation: str, code: str) -> bool:
    """Whether what the citizen filled in is refused, and not what the platform said of their payment."""
    return code == InputRejected.code and operation not in _ABOUT_MONEY


def _report(status: AgencyStatus, words: Wording) -> Document:
    return {
        "state": document_of(status.state),
        "word": words(status.raw),
        "reason": document_of(status.reason, words),
        "remark": (words(status.remark) if status.remark is not None else "") or None,
    }


def _report_parts(report: Mapping[str, Any], *, everything: bool) -> Iterator[tuple[Text, Document]]:
    """Headings and what stands under each; the agency's words beside a state are why it refused, or a note."""
    if report.get("reason") is not None:
        yield said("says.reason" if report["state"] in _REASON_EXPECTED else "says.note"), report["reason"]
    for key in ("remark", "word") if everything else ("remark",):
        if report.get(key):
            yield said(f"says.{key}"), {"bn": report[key], "en": report[key]}


def _reason_missing(progress: Progress, known: StateExplanation) -> bool:
    """Whether the citizen should read a reason, and there is no reason."""
    expected = (known.ended_as or progress.state) in _REASON_EXPECTED or Flag.AGENCY_SUSPENDED in progress.flags
    refused = any(one.refusal.fault is None for one in known.refusals)
    status = known.report.status if known.report is not None else None
    return expected and not refused and (status is None or (status.reason is None and is_blank(status.remark or "")))


def field_document(problem: FieldProblem, schema: Schema | None, words: Wording = as_written) -> Document:
    """What is wrong with a field, which goes by its label where the form has one."""
    labels = _labels(problem.pointer, schema)
    text = problem.text
    # The platform's own check of a form begins its sentence with the label of the form's own field.
    for own in _labels("/".join(problem.pointer.split("/")[:3]), schema):
        text = Text(bn=_without(text.bn, own.bn), en=_without(text.en, own.en))
    label = _joined(labels, " – ") if labels else None
    return {
        "pointer": words(problem.pointer)[:_LONGEST_POINTER],
        "code": words(problem.code),
        "label": document_of(label, words),
        "text": document_of(text, words),
    }


def _without(sentence: str, label: str) -> str:
    rest = sentence.removeprefix(f"{label}: ")
    return sentence if is_blank(rest) else rest


def _name(field: Document) -> Document:
    """What a field goes by: its label, else its pointer; the form as a whole has neither."""
    pointer: str = field["pointer"]
    whole: Document | None = document_of(said("why.whole-form")) if pointer.strip("/") in {"", "form"} else None
    return field["label"] or whole or {"bn": pointer, "en": pointer}


def _labels(pointer: str, schema: Schema | None) -> list[Text]:
    """The labels on the way to a field, as far as the form has them; an entry of a list adds its number."""
    root, *keys = pointer.removeprefix("/").split("/")
    if root == "documents" and not keys:
        return [said("why.papers")]
    here = _below([{"form": schema, "documents": (schema or {}).get(_DOCUMENT_LABELS)}], root)
    labels: list[Text] = []
    for key in keys:
        here = [alternative for one in here for alternative in alternatives(one, schema or {})]
        entries = _below(here, "items")
        if entries and labels and _INDEX.fullmatch(key):
            number, here = str(int(key) + 1), entries
            labels[-1] = _joined([labels[-1], Text(bn=to_bangla_digits(number), en=number)])
            continue
        here = _below(_below(here, "properties"), key.replace("~1", "/").replace("~0", "~"))
        label = next(filter(None, map(title_of, here)), None)
        if label is None:
            break
        labels.append(label)
    return labels


def _below(described: Iterable[Mapping[str, object]], key: str) -> list[Schema]:
    return [below for one in described if isinstance(below := one.get(key), Mapping)]


def _demanded_again(progress: Progress) -> Document | None:
    """What was paid of a fee that the agency goes on demanding, and what it demands, as far as it says so."""
    if progress.hold is None or progress.hold.code != FEE_DEMANDED_AGAIN or progress.status is None:
        return None
    stage, demanded = demanded_stage(progress.status), progress.status.fee_amount
    paid = [one.taken or one.amount for one in progress.payments if one.stage == stage and one.state in MONEY_TAKEN]
    sums = _joined(map(money_text, paid), " + ")
    means = said("demanded-again.no-sum", paid=sums)
    if demanded is not None:
        means = said("demanded-again.sum", paid=sums, demanded=demanded)
    shown = {"paid": [*map(str, paid)], "demanded": None if demanded is None else str(demanded)}
    return {"stage": stage, **shown, "means": document_of(means)}


def _fees(progress: Progress, known: StateExplanation, words: Wording) -> Iterator[Document]:
    """Prices for which money was or may have been taken, or that are in force and to come; nothing, until filing."""
    for price in known.prices:
        states = {payment.state for payment in progress.payments if payment.id in price.paid_by}
        is_over = progress.state in _OVER or (progress.is_filed and price.quote.total.poisha == 0)
        if states - MONEY_NOT_TAKEN or (price.quote.id == known.in_force and not is_over):
            yield fee_document(price.quote, words, paid=bool(states & MONEY_TAKEN))


def pair(*texts: Text) -> Iterator[str]:
    """Texts in both languages, one a line."""
    for text in texts:
        yield from (text.bn, text.en)


def both(text: Text | Document) -> str:
    """A text in both languages on one line."""
    held = document_of(text)
    return f"{held['bn']} · {held['en']}"


def _joined(texts: Iterable[Text], between: str = " ") -> Text:
    found = list(texts)
    return Text(bn=between.join(text.bn for text in found), en=between.join(text.en for text in found))


def said(code: str, **fills: Fill | str) -> Text:
    """The sentence ``code`` of ``explanation_page.toml``."""
    texts = {name: Text(bn=fill, en=fill) if isinstance(fill, str) else fill for name, fill in fills.items()}
    return _sentences().text(code, **texts)


@cache
def _sentences() -> TextCatalogue:
    return read_texts("nagorik_platform.cli", "explanation_page.toml")
