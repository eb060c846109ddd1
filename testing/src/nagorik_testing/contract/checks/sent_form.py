"""The wire against the form: what is changed in the form is changed in what is sent, and nothing of it is lost."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Final

from pydantic import JsonValue

from nagorik import Form, NagorikError, Operation
from nagorik.manifest import AnyOffer, PublicService
from nagorik.values import NationalDataError, to_ascii_digits, to_bangla_digits
from nagorik.values.text import refuse_invisible
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import FiledForm, Filings, open_filings, other_example, with_paper
from nagorik_testing.contract.checks.inspection import form_of, leaves, with_value, written
from nagorik_testing.contract.form_fields import is_valid, value_at
from nagorik_testing.contract.form_variations import Variation, in_other_contexts, variations_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Places, list_of, places_of
from nagorik_toolkit.form_validation import validate_form

LONG: Final = 10
"""Digits from which on a number leads to somebody."""


@check("submit/fields-arrive")
async def _fields_arrive(subject: Subject, offer: AnyOffer) -> list[str]:
    model = form_of(subject, offer)
    wrong: list[str] = []
    async with open_filings(subject, offer) as filings:
        example = filings.rig.draft.form
        fields = variations_of(model, example, other_example(filings.rig))
        if not fields:
            raise NotReachable("no field of the example can be filled in otherwise")
        for field in fields:
            wrong += await _arrival(filings, model, field)
            if wrong and "fault of the plugin" in wrong[-1]:
                break
    return wrong


async def _arrival(filings: Filings, model: type[Form], field: Sequence[Variation]) -> list[str]:
    name = field[0].name
    filed = [await filings.file_form(variation.form, variation.place) for variation in field]
    if any(one.faulty for one in filed):
        return [f"another {name} ends in a fault of the plugin"]
    sent = [one for one in filed if one.sent]
    if not sent:
        return []  # the plugin refuses every other value: it is judged by
    left_empty = value_at(filings.rig.draft.form, field[0].place) is None
    if left_empty and all(isinstance(one.end, NagorikError) for one in sent):
        return [f"every {name} that is filled in is refused by the agency"]
    changes = [filings.changed(one.sent) for one in sent]
    if not any(changes):
        if await _is_judged_by(filings, model, field):
            return []
        return [f"{name} changes nothing that is sent, nor a verdict or a fee"]
    alike = not all(changes) or any(not filings.changed(one.sent, other.sent) for one, other in combinations(sent, 2))
    if alike:
        return [f"two values of {name} are sent alike"]
    if not field[0].is_choice and not _in_one_place(filings, sent):
        return [f"{name} is sent at another place for another value"]
    return []


def _in_one_place(filings: Filings, sent: Sequence[FiledForm]) -> bool:
    """Whether there is a place in which all of them say something of their own; a value may also leave places out.

    The entries of a list stand in one place.
    """
    own = [{list_of(place) for place in filings.changed(one.sent) if place in one.sent} for one in sent]
    said = [places for places in own if places]
    return not said or bool(set.intersection(*said))


async def _is_judged_by(filings: Filings, model: type[Form], field: Sequence[Variation]) -> bool:
    """Whether verdict or fee follow from it, or something that is sent does beside another choice."""
    example = filings.rig.draft.form
    usual = await told_before_filing(filings, example)
    for variation in field:
        if usual.is_unlike(await told_before_filing(filings, variation.form)):
            return True
    for one, other in in_other_contexts(model, example, field):
        if (await told_before_filing(filings, one)).is_unlike(await told_before_filing(filings, other)):
            return True
        sent, beside = await filings.file_form(one), await filings.file_form(other)
        if filings.changed(sent.sent, beside.sent):
            return True
    return False


@dataclass(frozen=True, slots=True, repr=False)
class ToldBeforeFiling:
    """What a citizen is told before anything is filed.

    Attributes:
        verdicts: Of each criterion.
        price: The lines of the quote.
        asked: What the agency was asked for the price.
    """

    verdicts: object
    price: object
    asked: Places

    def is_unlike(self, other: "ToldBeforeFiling") -> bool:
        """Whether another verdict follows, or another fee: one that the agency is not told the reason of to name it.

        What the agency has to know to name its price, it has to know of the application, too.
        """
        return self.verdicts != other.verdicts or (self.price != other.price and self.asked == other.asked)


async def told_before_filing(filings: Filings, form: dict[str, JsonValue]) -> ToldBeforeFiling:
    """What a citizen is told who fills in the form so."""
    rig, draft = filings.rig, filings.rig.draft.model_copy(update={"form": dict(form)})
    offered = rig.platform.service(rig.offer).operations
    verdicts: object = None
    price: object = None
    if Operation.ELIGIBILITY in offered:
        try:
            decision = await rig.platform.check_eligibility(rig.offer, draft.applicant, form=draft.form)
            verdicts = [(criterion.id, criterion.verdict) for criterion in decision.criteria]
        except NagorikError as error:
            verdicts = error.code
    before = len(filings.tap.exchanges)
    if Operation.QUOTE in offered:
        try:
            quote = await rig.platform.quote_fees(draft)
            price = [(line.code, line.amount) for line in quote.lines]
        except NagorikError as error:
            price = error.code
    return ToldBeforeFiling(verdicts, price, places_of(filings.tap.since(before), filings.codec))


@check("submit/papers-told-apart")
async def _papers_told_apart(subject: Subject, offer: AnyOffer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    if not offer.documents:
        raise NotConcerned("it takes no papers")
    wrong, compared = [], 0
    async with open_filings(subject, offer) as filings:
        for kind in offer.documents:
            one, other = [await filings.file(with_paper(filings.rig, kind, mark)) for mark in ("one", "other")]
            if one.faulty or other.faulty:
                return [f"another paper {kind.kind} ends in a fault of the plugin"]
            if not (one.sent and other.sent):
                continue  # none that goes with this form
            compared += 1
            if not filings.changed(one.sent, other.sent):
                wrong.append(f"two papers {kind.kind} with other content are sent alike")
    if not compared:
        raise NotConcerned("none of its papers goes with the example's form")
    return wrong


@check("submit/clean-text")
async def _clean_text(subject: Subject, offer: AnyOffer) -> list[str]:
    model = form_of(subject, offer)
    wrong: list[str] = []
    async with open_filings(subject, offer) as filings:
        example = dict(filings.rig.draft.form)
        wrong += [f"{place} holds {what}" for place, what in _unclean(filings.usual.sent)]
        wrong += _numbers_in_bangla(filings.usual.sent, example)
        wrong += _texts_in_ascii(filings.usual.sent, validate_form(model, example).model_dump(mode="json"))
        for how, write in _WRITTEN.items():
            form = _rewritten(model, example, write)
            if form == example:
                continue
            filed = await filings.file_form(form)
            if filed.faulty:
                wrong.append(f"a form that is filled in with {how} ends in a fault of the plugin")
                continue
            wrong += [f"with {how}, {place} holds {what}" for place, what in _unclean(filed.sent)]
            if how == _BANGLA_DIGITS and filed.sent:
                changed = sorted(filings.changed(filed.sent))
                wrong += [f"with {how}, {place} is sent otherwise" for place in changed]
    return wrong


_BANGLA_DIGITS: Final = "Bangla digits"
_INVISIBLE: Final = "\u200b\ufeff\u00ad\u2060\u202e"
"""Zero width space, byte order mark, soft hyphen, word joiner, an override of the direction."""


def _in_bangla_digits(text: str) -> str:
    """Of a number alone: in running text, the digits are the citizen's own."""
    return text if any(sign.isalpha() for sign in text) else to_bangla_digits(text)


def _with_second(sign: str, text: str) -> str:
    return f"{text[:1]}{sign}{text[1:]}"


_WRITTEN: Final[dict[str, Callable[[str], str]]] = {
    _BANGLA_DIGITS: _in_bangla_digits,
    "letters in two code points": lambda text: unicodedata.normalize("NFD", f"{text} \u0995\u09c7\u09be"),
    "an accent apart": lambda text: unicodedata.normalize("NFD", f"{text} \u00c9"),
    **{f"U+{ord(sign):04X} in a text": partial(_with_second, sign) for sign in _INVISIBLE},
}


def _rewritten(model: type[Form], example: dict[str, JsonValue], write: Callable[[str], str]) -> dict[str, JsonValue]:
    """The example with each text written otherwise that the form takes so."""
    form = example
    for place, value in leaves(example):
        if isinstance(value, str) and (other := write(value)) != value:
            given = with_value(form, place, other)
            if isinstance(given, dict) and is_valid(model, given):
                form = given
    return form


def _unclean(sent: Places) -> Iterator[tuple[str, str]]:
    for place, value in sent.items():
        if not unicodedata.is_normalized("NFC", value):
            yield place, "text that is not in NFC"
        try:
            refuse_invisible(value.replace("\n", " ").replace("\r", " ").replace("\t", " "), joiners=True)
        except NationalDataError:
            yield place, "invisible characters"


def _numbers_in_bangla(sent: Places, example: dict[str, JsonValue]) -> list[str]:
    """A number that leads to somebody stands in ASCII digits in every register."""
    numbers = {
        value for _, value in leaves(example) if isinstance(value, str) and len(value) >= LONG and value.isdecimal()
    }
    return [
        f"{place} holds a number of {len(number)} digits in Bangla"
        for place, value in sent.items()
        for number in sorted(numbers)
        if to_bangla_digits(to_ascii_digits(number)) in value
    ]


def _texts_in_ascii(sent: Places, form: dict[str, JsonValue]) -> list[str]:
    """A text of Bangla letters that the form gives Bangla digits, such as what stands on a plate, keeps them."""
    texts = {
        written(place): value
        for place, value in leaves(form)
        if isinstance(value, str) and to_ascii_digits(value) != value and any(sign.isalpha() for sign in value)
    }
    return [
        f"{place} holds the {name} in other digits than the form"
        for name, value in texts.items()
        if not any(value in said for said in sent.values())
        for place, said in sent.items()
        if to_ascii_digits(value) in said
    ]
