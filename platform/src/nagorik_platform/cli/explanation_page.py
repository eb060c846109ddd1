"""Why an application stands where it stands: for a program, and line by line for a person, in both languages.

Every page that shows an application takes it from here, so that a citizen, an officer and a program read the same.
What somebody else wrote is quoted as theirs, in the language in which it came, on one line and without what steers a
terminal or turns the direction of writing.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Final, TypeAlias

from pydantic import JsonValue

from nagorik.errors import FieldProblem, InputRejected
from nagorik.model.eligibility import Criterion, EligibilityDecision, Verdict
from nagorik.model.fee import Quote, QuoteLine, Source
from nagorik.model.status import LONGEST_REMARK, AgencyStatus, ApplicationState, Flag
from nagorik.operations import Operation
from nagorik.values import Money, to_bangla_digits
from nagorik.values.sentences import Text, cut, is_blank, read_sentence_tables
from nagorik_platform.cli.catalogue import line_document
from nagorik_platform.cli.output import Document, plain
from nagorik_platform.documents import DOCUMENT_UNREADABLE
from nagorik_platform.fees.sentences import line_name
from nagorik_platform.form_schemas import alternatives, title_of
from nagorik_platform.lifecycle import Progress, StateExplanation, state_label
from nagorik_platform.lifecycle.explanation import PricedStage, StandingRefusal
from nagorik_platform.lifecycle.refusals import CallRefusal
from nagorik_platform.lifecycle.rules.holds import ELIGIBILITY_HOLDS
from nagorik_platform.lifecycle.state import FEE_DEMANDED_AGAIN
from nagorik_platform.lifecycle.tables import ENDED_WITHOUT_RESULT, MONEY_NOT_TAKEN, MONEY_TAKEN, demanded_stage
from nagorik_platform.number_mask import mask_numbers
from nagorik_toolkit.texts import day_text, money_text

Wording = Callable[[str], str]
"""Makes what somebody wrote fit to be shown."""
Schema: TypeAlias = Mapping[str, JsonValue]
"""A form's JSON Schema, as ``Platform.form_schema`` gives it."""

_LONGEST_POINTER: Final = 120
_FORM: Final = "form"
_DOCUMENTS: Final = "documents"
_DOCUMENT_LABELS: Final = "x-documents"
"""Where a schema says what the papers are called that go with the form."""
_INDEX: Final = re.compile(r"[0-9]{1,4}")
_FIELDS_IN_A_LINE: Final = 5
_CUT: Final = "…"
_SPACES: Final = re.compile(r"\s+")
_ABOUT_MONEY: Final = frozenset(
    {
        Operation.START_PAYMENT,
        Operation.QUERY_PAYMENT,
        Operation.COMPLETE_PAYMENT,
        Operation.REFUND_PAYMENT,
        Operation.ADVISE_PAYMENT,
    }
)
_OVER: Final = ENDED_WITHOUT_RESULT | {ApplicationState.CLOSED}
"""Where a price that nobody paid is of no interest any more."""
_REASON_EXPECTED: Final = frozenset(
    {ApplicationState.REJECTED, ApplicationState.REJECTED_AT_INTAKE, ApplicationState.REVOKED}
)
"""States in which the citizen is told to read the reason."""


def as_written(words: str) -> str:
    """What somebody wrote, on one line and of bounded length, for whom it is about; blank words are none."""
    return cut(_on_one_line(words), LONGEST_REMARK)


def with_numbers_masked(words: str) -> str:
    """The same for whoever else looks: no number in it that could be somebody's. Names cannot be told from words."""
    return cut(mask_numbers(_on_one_line(words)), LONGEST_REMARK)


def _on_one_line(words: str) -> str:
    if is_blank(words):
        return ""
    # What steers a terminal may stand between spaces, or be one.
    return _SPACES.sub(" ", plain(_SPACES.sub(" ", words))).strip()


def explanation_document(
    progress: Progress, said: StateExplanation, *, schema: Schema | None, words: Wording = as_written
) -> Document:
    """What explains an application, with stable keys; money as decimal text, times in UTC.

    Args:
        progress: Where the application is.
        said: What its journal says of why.
        schema: The service's form, whose labels name the fields; ``None`` names them by their pointers.
        words: How what somebody wrote is shown.
    """
    end = said.ended_as
    return {
        "ended_as": {"state": end.value, "means": _text(state_label(end), words)} if end is not None else None,
        "eligibility": _eligibility(progress, said.decision, words) if said.decision is not None else None,
        "refusals": [_refusal(one, schema, words) for one in said.refusals],
        "agency_says": _report(said, words),
        "reason_missing": _reason_missing(progress, said),
        "demanded_again": _demanded_again(progress),
        "fees": [
            fee_document(price.quote, words, paid=_is_paid(price, progress))
            for price in said.prices
            if (price.quote.id == said.in_force and _is_to_come(price, progress)) or _is_wanted(price, progress)
        ],
    }


def with_document_labels(schema: Schema | None, papers: Sequence[Text]) -> Schema:
    """A form's schema that also says what the application's papers are called, in their order."""
    return {**(schema or {}), _DOCUMENT_LABELS: [{"title": paper.en, "x-title-bn": paper.bn} for paper in papers]}


def criterion_document(criterion: Criterion, words: Wording = as_written) -> Document:
    """One criterion."""
    return {
        "id": criterion.id,
        "verdict": criterion.verdict.value,
        "text": _text(criterion.text, words),
        "source": _source(criterion.source, words) if criterion.source is not None else None,
    }


def fee_document(quote: Quote, words: Wording = as_written, *, paid: bool = False) -> Document:
    """One price, line by line; what the lines and their VAT come to is its total, the least with ``unpriced``."""
    return {
        "quote": quote.id,
        "stage": quote.stage,
        "paid": paid,
        "lines": [line_document(line) | {"text": _text(line.text, words)} for line in quote.lines],
        "vat": _sum(quote, lambda line: line.vat).plain(),
        "total": quote.total.plain(),
        "unpriced": [_text(one, words) for one in quote.unpriced],
        "currency": quote.total.currency,
        "expires_at": quote.expires_at.isoformat(),
        "source": _source(quote.source, words),
    }


def field_documents(
    fields: Sequence[FieldProblem], schema: Schema | None, words: Wording = as_written
) -> list[Document]:
    """What is wrong with which field, each by its label where the form has one."""
    return [_field(one, schema, words) for one in fields]


def reason_lines(document: Document, *, everything: bool = False) -> Iterator[str]:
    """Why it stands there: criteria that do not hold, what was refused and what the agency says.

    Args:
        document: As ``explanation_document`` makes it.
        everything: Whether criteria are told of an application that was filed in spite of them, and the agency's
            own word for its state.
    """
    eligibility = document["eligibility"]
    if eligibility is not None and (everything or eligibility["decisive"]):
        yield from criterion_lines(eligibility["criteria"])
    for refusal in document["refusals"]:
        yield from _refusal_lines(refusal)
    said = document["agency_says"]
    if said is not None:
        if said["reason"] is not None:
            yield from _pair(_sentence("says", _kind_of_reason(said["state"])))
            yield from _quoted(said["reason"])
        for key in ("remark", "word") if everything else ("remark",):
            if said[key]:
                yield from _pair(_sentence("says", key))
                yield f"  «{said[key]}»"
    if document["reason_missing"]:
        yield from _pair(_sentence("says", "none"))
    again = document["demanded_again"]
    if again is not None:
        yield from (again["means"]["bn"], again["means"]["en"])


def criterion_lines(criteria: Sequence[Document], *, verdicts: bool = False) -> Iterator[str]:
    """Criteria that do not hold or cannot be told, each with its rule's source; with ``verdicts``, all of them."""
    shown = [one for one in criteria if verdicts or one["verdict"] != Verdict.PASS.value]
    for verdict in dict.fromkeys(one["verdict"] for one in shown):
        yield from _pair(_sentence("criterion", verdict))
        for one in shown:
            if one["verdict"] == verdict:
                yield f"  – {one['text']['bn']}"
                yield f"    {one['text']['en']}"
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
        yield from _pair(_sentence("fee", "nothing"))
        yield f"  {source_line(fee['source'])}"
        return
    yield from _pair(_sentence("fee", "paid" if fee["paid"] else "asked"))
    for line in fee["lines"]:
        name = line_name(line)
        yield f"  {name.bn} · {name.en}: {_money(line['amount'], fee)}{_with_vat(line, fee)}"
    total = _sentence("fee", "at-least" if fee["unpriced"] else "total")
    unknown = _sentence("fee", "unpriced")
    for cost in fee["unpriced"]:
        yield f"  {cost['bn']} · {cost['en']}: {unknown.bn} · {unknown.en}"
    yield f"  {total.bn} · {total.en}: {_money(fee['total'], fee)}{_of_it_vat(fee)}"
    yield f"  {source_line(fee['source'])}"


def charge_document(lines: Sequence[QuoteLine]) -> Document | None:
    """What the host asks for beside a fee, with what it comes to; ``None`` where that is nothing."""
    if not lines:
        return None
    currency = lines[0].amount.currency
    total = Money(poisha=sum(line.total.poisha for line in lines), currency=currency)
    return {"lines": [line_document(line) for line in lines], "total": total.plain(), "currency": currency}


def charge_lines(charges: Document) -> Iterator[str]:
    """What the host asks for beside the agency's fee: each line with the VAT on it, and whose money it is."""
    yield from _pair(_sentence("fee", "charges"))
    for line in charges["lines"]:
        name, payee = line_name(line), line["payee"]
        yield f"  {name.bn} · {name.en}: {_money(line['amount'], charges)}{_with_vat(line, charges)}"
        yield f"    {_sentence('fee', 'payee').bn}: {payee['bn']} · {_sentence('fee', 'payee').en}: {payee['en']}"
    total = _sentence("fee", "total")
    yield f"  {total.bn} · {total.en}: {_money(charges['total'], charges)}"


def source_line(source: Document) -> str:
    """Where a rule or a price is written down, and whether anybody checked it there."""
    heading = _sentence("source", "heading")
    checked = _sentence("source", "verified" if source["verified"] else "not-verified")
    seen = day_text(date.fromisoformat(source["as_of"])) if source["as_of"] else None
    day = f", {seen.bn} · {seen.en}" if seen is not None else ""
    return f"{heading.bn} · {heading.en}: {source['title']}{day} ({checked.bn} · {checked.en})"


def _money(amount: str, fee: Document) -> str:
    written = money_text(Money.of(amount, fee["currency"]))
    return f"{written.bn} · {written.en}"


def _with_vat(line: Document, fee: Document) -> str:
    if not Money.of(line["vat"], fee["currency"]).poisha:
        return ""
    vat = _sentence("fee", "with-vat")
    return f" + {vat.bn} · {vat.en} {_money(line['vat'], fee)}"


def _of_it_vat(fee: Document) -> str:
    if not Money.of(fee["vat"], fee["currency"]).poisha:
        return ""
    vat = _sentence("fee", "of-it-vat")
    return f" ({vat.bn} · {vat.en} {_money(fee['vat'], fee)})"


def _eligibility(progress: Progress, decision: EligibilityDecision, words: Wording) -> Document:
    criteria = {(one.id, one.verdict, one.text.bn, one.text.en): one for one in decision.criteria}
    return {
        "result": decision.eligibility.value,
        "decisive": progress.hold is not None and progress.hold.code in ELIGIBILITY_HOLDS,
        "criteria": [criterion_document(one, words) for one in criteria.values()],
    }


def _refusal(standing: StandingRefusal, schema: Schema | None, words: Wording) -> Document:
    refusal = standing.refusal
    return {
        "operation": standing.operation.value,
        "at": standing.at.isoformat(),
        "code": words(refusal.code),
        "fault": refusal.fault,
        "reason": _text(refusal.reason, words) if refusal.reason is not None else None,
        "fields": field_documents(refusal.fields, schema, words),
        "fields_left_out": refusal.fields_left_out,
    }


def _refusal_lines(refusal: Document) -> Iterator[str]:
    yield from _pair(_refused(refusal["operation"], refusal["code"]))
    if refusal["fault"] is not None:
        yield from _pair(_failed(refusal["fault"], refusal["code"]))
        yield from field_lines(refusal["fields"])
    elif refusal["reason"] is not None:
        yield from _pair(_sentence("why", "reason"))
        yield from _quoted(refusal["reason"])
    elif refusal["fields"]:
        yield from _pair(_sentence("why", "fields"))
        yield from field_lines(refusal["fields"])
        if refusal["fields_left_out"]:
            more = _sentence("why", "more-fields")
            number = str(refusal["fields_left_out"])
            yield f"  {more.bn.replace('{number}', to_bangla_digits(number))}"
            yield f"  {more.en.replace('{number}', number)}"
    else:
        none = _sentence("why", "no-field" if _is_of_form(refusal["operation"], refusal["code"]) else "no-reason")
        yield none.bn.replace("{code}", refusal["code"])
        yield none.en.replace("{code}", refusal["code"])


def refusal_text(
    operation: Operation, refusal: CallRefusal, *, schema: Schema | None = None, words: Wording = as_written
) -> Text:
    """A refusal in one line, as it stands in a list of what happened."""
    text = _refused(operation.value, refusal.code)
    if refusal.fault is not None:
        failed = _failed(refusal.fault, words(refusal.code))
        return Text(bn=f"{text.bn} {failed.bn}", en=f"{text.en} {failed.en}")
    if refusal.reason is not None:
        return Text(bn=f"{text.bn} «{words(refusal.reason.bn)}»", en=f"{text.en} «{words(refusal.reason.en)}»")
    if not refusal.fields:
        return text
    heading = _sentence("why", "fields")
    more = f", {_CUT}" if len(refusal.fields) > _FIELDS_IN_A_LINE or refusal.fields_left_out else ""
    named = field_documents(refusal.fields[:_FIELDS_IN_A_LINE], schema, words)
    bn, en = (", ".join(dict.fromkeys(_name(one)[language] for one in named)) + more for language in ("bn", "en"))
    return Text(bn=f"{text.bn} {heading.bn} {bn}।", en=f"{text.en} {heading.en} {en}.")


def report_text(status: AgencyStatus, words: Wording = as_written) -> Text | None:
    """What an agency gives as the reason in a report, in one line; ``None`` where it gives none."""
    parts: list[tuple[str, str]] = []
    if status.reason is not None:
        heading = _sentence("says", _kind_of_reason(status.state))
        parts.append((f"{heading.bn} «{words(status.reason.bn)}»", f"{heading.en} «{words(status.reason.en)}»"))
    remark = words(status.remark) if status.remark is not None else ""
    if remark:
        heading = _sentence("says", "remark")
        parts.append((f"{heading.bn} «{remark}»", f"{heading.en} «{remark}»"))
    if not parts:
        return None
    return Text(bn=" ".join(bn for bn, _ in parts), en=" ".join(en for _, en in parts))


def _refused(operation: str, code: str) -> Text:
    """What was refused; fields may be refused by the platform's own check, before anybody was asked."""
    if code == DOCUMENT_UNREADABLE:
        return _sentence("why", "not-sent")
    return _sentence("why", "input") if _is_of_form(operation, code) else _sentence("refused", operation)


def _failed(fault: str, code: str) -> Text:
    """Why a call failed that nobody refused, and whose work that is."""
    text = _sentences()["failed"].get(fault) or _sentence("failed", "other")
    return Text(bn=text.bn.replace("{code}", code), en=text.en.replace("{code}", code))


def _is_of_form(operation: str, code: str) -> bool:
    """Whether what the citizen filled in is refused, and not what the platform said of their payment."""
    return code == InputRejected.code and operation not in _ABOUT_MONEY


def _report(said: StateExplanation, words: Wording) -> Document | None:
    if said.report is None:
        return None
    status = said.report.status
    remark = words(status.remark) if status.remark is not None else ""
    return {
        "at": (status.at or said.report.at).isoformat(),
        "state": status.state.value if status.state is not None else None,
        "word": words(status.raw),
        "reason": _text(status.reason, words) if status.reason is not None else None,
        "remark": remark or None,
    }


def _kind_of_reason(state: str | None) -> str:
    """Whether an agency's words beside a state are why it refused, or a note."""
    return "reason" if state in _REASON_EXPECTED else "note"


def _reason_missing(progress: Progress, said: StateExplanation) -> bool:
    """Whether the citizen is told of a reason, and nobody has given one."""
    expected = (said.ended_as or progress.state) in _REASON_EXPECTED or Flag.AGENCY_SUSPENDED in progress.flags
    refused = any(one.refusal.fault is None for one in said.refusals)
    status = said.report.status if said.report is not None else None
    return expected and not refused and (status is None or (status.reason is None and is_blank(status.remark or "")))


def _field(problem: FieldProblem, schema: Schema | None, words: Wording) -> Document:
    labels = _labels(problem.pointer, schema)
    text = problem.text
    # The platform's own check of a form begins its sentence with the label of the form's own field.
    for own in _labels("/".join(problem.pointer.split("/")[:3]), schema):
        text = Text(bn=_without(text.bn, own.bn), en=_without(text.en, own.en))
    label = Text(bn=" – ".join(one.bn for one in labels), en=" – ".join(one.en for one in labels)) if labels else None
    return {
        "pointer": words(problem.pointer)[:_LONGEST_POINTER],
        "code": words(problem.code),
        "label": _text(label, words) if label is not None else None,
        "text": _text(text, words),
    }


def _without(sentence: str, label: str) -> str:
    rest = sentence.removeprefix(f"{label}: ")
    return sentence if is_blank(rest) else rest


def _name(field: Document) -> Document:
    """What a field goes by: its label, else its pointer; the form as a whole has neither."""
    if field["label"] is not None or field["pointer"].strip("/") not in {"", _FORM}:
        return field["label"] or {"bn": field["pointer"], "en": field["pointer"]}
    return _text(_sentence("why", "whole-form"), as_written)


def _labels(pointer: str, schema: Schema | None) -> list[Text]:
    """The labels on the way to a field, as far as the form has them; an entry of a list adds its number."""
    root, *keys = pointer.removeprefix("/").split("/")
    if root == _DOCUMENTS:
        return _document_labels(keys, schema)
    labels: list[Text] = []
    here: list[Schema] = [schema] if root == _FORM and schema is not None else []
    for key in keys:
        here = [alternative for described in here for alternative in alternatives(described, schema or {})]
        entries = _below(here, "items")
        if entries and labels and _INDEX.fullmatch(key):
            number, here = str(int(key) + 1), entries
            last = labels.pop()
            labels.append(Text(bn=f"{last.bn} {to_bangla_digits(number)}", en=f"{last.en} {number}"))
            continue
        here = _below(_below(here, "properties"), key.replace("~1", "/").replace("~0", "~"))
        label = next((found for found in map(title_of, here) if found is not None), None)
        if label is None:
            break
        labels.append(label)
    return labels


def _document_labels(keys: Sequence[str], schema: Schema | None) -> list[Text]:
    """What a document is called; the word for documents where no single one is meant."""
    if not keys:
        return [_sentence("why", "papers")]
    papers = (schema or {}).get(_DOCUMENT_LABELS)
    if not (_INDEX.fullmatch(keys[0]) and isinstance(papers, list) and int(keys[0]) < len(papers)):
        return []
    paper = papers[int(keys[0])]
    label = title_of(paper) if isinstance(paper, Mapping) else None
    return [] if label is None else [label]


def _below(described: Sequence[Schema], key: str) -> list[Schema]:
    return [below for one in described if isinstance(below := one.get(key), Mapping)]


def _is_paid(price: PricedStage, progress: Progress) -> bool:
    return any(payment.id in price.paid_by and payment.state in MONEY_TAKEN for payment in progress.payments)


def _demanded_again(progress: Progress) -> Document | None:
    """What was paid of a fee that the agency goes on demanding, and what it demands, as far as it says so."""
    if progress.hold is None or progress.hold.code != FEE_DEMANDED_AGAIN or progress.status is None:
        return None
    stage, demanded = demanded_stage(progress.status), progress.status.fee_amount
    paid = [one.taken or one.amount for one in progress.payments if one.stage == stage and one.state in MONEY_TAKEN]
    text = _sentence("demanded-again", "no-sum" if demanded is None else "sum")
    sums = {"paid": paid, "demanded": [] if demanded is None else [demanded]}
    bn, en = text.bn, text.en
    for name, amounts in sums.items():
        bn = bn.replace(f"{{{name}}}", " + ".join(money_text(one).bn for one in amounts))
        en = en.replace(f"{{{name}}}", " + ".join(money_text(one).en for one in amounts))
    return {
        "stage": stage,
        "paid": [str(one) for one in paid],
        "demanded": None if demanded is None else str(demanded),
        "means": {"bn": bn, "en": en},
    }


def _is_to_come(price: PricedStage, progress: Progress) -> bool:
    """Whether a price in force is of interest though nobody has paid it; one of nothing is until it is filed."""
    return progress.state not in _OVER and not (progress.is_filed and price.quote.total.poisha == 0)


def _is_wanted(price: PricedStage, progress: Progress) -> bool:
    """Whether money was taken for it, or may have been."""
    return any(payment.id in price.paid_by and payment.state not in MONEY_NOT_TAKEN for payment in progress.payments)


def _sum(quote: Quote, part: Callable[[QuoteLine], Money]) -> Money:
    return Money(poisha=sum(part(line).poisha for line in quote.lines), currency=quote.total.currency)


def _source(source: Source, words: Wording) -> Document:
    return {
        "title": words(source.title),
        "as_of": source.as_of.isoformat() if source.as_of is not None else None,
        "verified": source.verified,
    }


def _text(text: Text, words: Wording) -> Document:
    return {"en": words(text.en), "bn": words(text.bn)}


def _pair(text: Text) -> Iterator[str]:
    yield text.bn
    yield text.en


def _quoted(text: Document) -> Iterator[str]:
    yield f"  «{text['bn']}»"
    yield f"  «{text['en']}»"


def _sentence(table: str, code: str) -> Text:
    return _sentences()[table][code]


@cache
def _sentences() -> Mapping[str, Mapping[str, Text]]:
    return read_sentence_tables("nagorik_platform.cli", "explanation_page.toml")
