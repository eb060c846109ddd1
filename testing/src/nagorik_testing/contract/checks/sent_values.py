"""The values of a form on the wire: whole, in one order, each at its own place, and of one citizen alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import SequenceMatcher
from itertools import permutations
from typing import Final

from pydantic import JsonValue

from nagorik import ApplicationDraft, Form
from nagorik.manifest import AnyOffer, PublicService
from nagorik.values import normalise, to_ascii_digits
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import ANOTHER, FiledForm, Filings, all_examples, open_filings, paper
from nagorik_testing.contract.checks.inspection import form_of, leaves, written
from nagorik_testing.contract.form_fields import is_valid, placed, value_at
from nagorik_testing.contract.form_fillings import (
    SHORT,
    DayForms,
    days_to_swap,
    filled_no_further,
    filled_to_the_last,
    with_long_lists,
    with_long_texts,
)
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Places
from nagorik_testing.simulator.citizens import SyntheticCitizen, SyntheticCitizens
from nagorik_toolkit.form_validation import Location, validate_form

_LIKE: Final = 0.8
"""How alike two words of names are that mean the same, such as ``upazila`` and ``upozila``, from 0 to 1."""
_DISTINCT: Final = 4
"""Signs from which on a value in two places is the same value, and no chance."""
_UNMISTAKABLE: Final = 12
"""Signs from which on a value inside a longer text is that value."""
_THE_NEXT: Final = 4244
"""The citizen who fills in no more than has to be."""


_SIGNS: Final = (", ", "/", " (", "; ", ". ")
"""Between words; each begins another part of an address or a sentence."""
_PARTING: Final = re.compile(r"[\s,/();.]")
"""What stands between words that are sent in parts."""
_A_LINE: Final = 80
"""Signs of a text that has room for each of them."""


@check("submit/whole-texts")
async def _whole(subject: Subject, offer: AnyOffer) -> list[str]:
    model = form_of(subject, offer)
    wrong: list[str] = []
    looked_at = False
    async with open_filings(subject, offer) as filings:
        full = filled_to_the_last(model, filings.rig.draft.form, all_examples(filings.rig, subject.manifest.services))
        for bangla in (True, False):
            form, words = with_long_texts(model, full, bangla=bangla)
            looked_at = looked_at or bool(words)
            filed = await filings.file_form(form) if words else FiledForm({}, None)
            if filed.sent:
                wrong += _cut(filed, words)
                continue
            for place in words:  # one of them is refused, and perhaps rightly: each by itself
                form, own = with_long_texts(model, full, bangla=bangla, only=place)
                wrong += _cut(await filings.file_form(form, place), own)
        wrong += await _without_signs(filings, model, full)
        form, entries = with_long_lists(model, full)
        wrong += _cut(await filings.file_form(form), entries) if entries else ()
        _, words = with_long_texts(model, full, bangla=False, longest=SHORT)
        for place, text in words.items():
            form = placed(full, place, " ".join(text).upper())
            if is_valid(model, form):
                wrong += _recased(await filings.file_form(form, place), place, model, form)
    if not looked_at and not entries:
        raise NotConcerned("its form takes no text")
    return wrong


async def _without_signs(filings: Filings, model: type[Form], full: Mapping[str, JsonValue]) -> list[str]:
    """What is wrong with texts whose words are parted by signs, as those of an address are."""
    form, words = with_long_texts(model, full, bangla=False, longest=_A_LINE, signs=_SIGNS)
    one = await filings.file_form(form) if words else FiledForm({}, None)
    wrong = list(_cut(one, words)) if one.sent else []
    if wrong or not one.sent:
        return wrong
    for place in words:
        form = placed(form, place, str(value_at(form, place)).replace("/", "-"))
    other = await filings.file_form(form) if is_valid(model, form) else FiledForm({}, None)
    alike = {at: value.casefold() for at, value in one.sent.items() if other.sent.get(at) == value}
    return [
        f"{at} holds the {_name(place)} alike, whether a stroke or a hyphen stands in it"
        for place, own in words.items()
        for at, value in alike.items()
        if len(own) > 2 and all(word.casefold() in value for word in own)  # noqa: PLR2004 - a stroke among them
    ]


def _cut(filed: FiledForm, words: Mapping[Location, tuple[str, ...]]) -> Iterator[str]:
    """Of which fields a part is sent and a part is not; of a text that was made into another, nothing is known."""
    if filed.faulty:
        yield "a long text ends in a fault of the plugin"
    sent = normalise("\n".join(filed.sent.values())).casefold()
    unbroken = _PARTING.sub("", sent)
    for place, own in words.items():
        arrived = [normalise(word).casefold() in sent for word in own]
        if any(arrived) and not all(arrived) and normalise("".join(own)).casefold() not in unbroken:
            yield f"of a long {_name(place)} only a part is sent"


def _recased(filed: FiledForm, place: Location, model: type[Form], form: Mapping[str, JsonValue]) -> Iterator[str]:
    """Where a text in capitals, such as a firm's name, is another one than on the paper it stands on."""
    text = value_at(validate_form(model, dict(form)).model_dump(mode="json"), place)
    if not isinstance(text, str) or not text.isupper() or any(text in said for said in filed.sent.values()):
        return
    for at, said in filed.sent.items():
        if text.casefold() in said.casefold():
            yield f"{at} holds the {_name(place)} in other letters than its capitals"


@check("submit/days-in-one-order")
async def _in_one_order(subject: Subject, offer: AnyOffer) -> list[str]:
    model = form_of(subject, offer)
    wrong: list[str] = []
    read = False
    async with open_filings(subject, offer) as filings:
        full = filled_to_the_last(model, filings.rig.draft.form, all_examples(filings.rig, subject.manifest.services))
        for base in (filings.rig.draft.form, full):
            for day in days_to_swap(model, base):
                filed = [await filings.file_form(form, day.place) for form in day.forms]
                if not all(one.sent for one in filed):
                    continue  # another day is refused: nothing can be held against it
                read = True
                wrong += _misread(filings, day, *filed)
            if read:
                break
    if not read:
        raise NotConcerned("no day of its form can be another")
    return wrong


def _misread(filings: Filings, day: DayForms, clear: FiledForm, one: FiledForm, other: FiledForm) -> Iterator[str]:
    for place in sorted(filings.changed(clear.sent, one.sent)):
        orders = _orders(clear.sent.get(place, ""), day.days[0])
        if not orders:
            continue  # no day, or one in words
        if not any(order.index("d") < order.index("m") or order == "ymd" for order in orders):
            yield f"{_name(day.place)}: {place} holds the month before the day, as nobody in Bangladesh reads it"
        for filed, meant in ((one, day.days[1]), (other, day.days[2])):
            if not orders & _orders(filed.sent.get(place, ""), meant):
                yield f"{_name(day.place)}: {place} is written otherwise for a day of another month"


def _orders(value: str, day: date) -> frozenset[str]:
    """In which orders a value holds year, month and day, such as ``dmy``."""
    digits = "".join(re.findall(r"\d", to_ascii_digits(value)))
    parts = [
        {"d": f"{day.day:{width}}", "m": f"{day.month:{width}}", "y": f"{day.year % 10**years:0{years}}"}
        for width in ("02", "")
        for years in (4, 2)
    ]
    orders = ["".join(order) for order in permutations("dmy")]
    for written_so in parts:
        found = frozenset(order for order in orders if "".join(written_so[part] for part in order) in digits)
        if found:
            return found
    return frozenset()


@check("submit/fields-not-crossed")
async def _not_crossed(subject: Subject, offer: AnyOffer) -> list[str]:
    model = form_of(subject, offer)
    async with open_filings(subject, offer) as filings:
        example = dict(filings.rig.draft.form)
        full = filled_to_the_last(model, example, all_examples(filings.rig, subject.manifest.services))
        unlike, _ = with_long_texts(model, full, bangla=False, longest=SHORT)
        form, sent = example, filings.usual.sent
        for other in (unlike, full):
            filed = await filings.file_form(other)
            if filed.sent:
                form, sent = other, filed.sent
                break
    values = {
        place: value.casefold() for place, value in leaves(form) if isinstance(value, str) and len(value) >= _DISTINCT
    }
    return sorted(set(_crossed(values, sent)))


def _crossed(values: Mapping[Location, str], sent: Places) -> Iterator[str]:
    """Places that hold one field's value and are named as another's, whose value is in none that is named as well.

    A name is held against a name: no agency's words are known here.
    """
    said = {place: value.casefold() for place, value in sent.items()}
    for place, found in said.items():
        holders = [field for field, value in values.items() if _holds(found, value)]
        if not holders:
            continue
        held = max(holders, key=lambda field: _alike(place, field))
        for other, value in values.items():
            alike = _alike(place, other)
            if other in holders or alike <= _alike(place, held):
                continue
            if not any(_holds(words, value) and _alike(at, other) >= alike for at, words in said.items()):
                yield f"{place} holds the {_name(held)}, and no place holds the {_name(other)} that is named so"
                break


def _holds(said: str, value: str) -> bool:
    """Whether a place says a value, by itself or, where that is no chance, within a longer text."""
    return said == value or (len(value) >= _UNMISTAKABLE and value in said)


def _alike(place: str, field: Location) -> int:
    """How many words of a field's name stand in the name of a place."""
    said = _words_of(place)
    return sum(any(_mean_the_same(word, one) for one in said) for word in _words_of(written(field)))


def _mean_the_same(one: str, other: str) -> bool:
    return one == other or (
        min(len(one), len(other)) >= _DISTINCT and SequenceMatcher(None, one, other).ratio() >= _LIKE
    )


def _words_of(name: str) -> frozenset[str]:
    split = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return frozenset(word.casefold() for word in re.findall(r"[A-Za-z]+", split)) - {"body", "query", "path"}


@check("submit/of-nobody-else")
async def _of_nobody_else(subject: Subject, offer: AnyOffer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    model = form_of(subject, offer)
    async with open_filings(subject, offer) as filings:
        rig = filings.rig
        before = [_draft(filings, offer, SyntheticCitizens().citizen(serial)) for serial in (4242, ANOTHER)]
        bare, alone = await _plainest(filings, offer, model)
        wrong: list[str] = []
        for mark, draft in zip(("one", "other"), before, strict=True):
            full = filled_to_the_last(model, draft.form, all_examples(rig, subject.manifest.services))
            full, _ = with_long_texts(model, full, bangla=mark == "one", longest=SHORT)
            papers = tuple(paper(rig, kind, mark) for kind in offer.documents)
            if not (await filings.file(draft.model_copy(update={"form": full, "documents": papers}))).sent:
                await filings.file(draft)
            after = await filings.file(bare)
            wrong += [
                f"{place} depends on who filed before" for place in sorted(filings.changed(alone.sent, after.sent))
            ]
            wrong += _kept(full, before, bare, after.sent)
    return list(dict.fromkeys(wrong))


def _draft(filings: Filings, offer: PublicService, citizen: SyntheticCitizen) -> ApplicationDraft:
    rig = filings.rig
    example = rig.simulator.example(offer.id, citizen)
    kept = rig.documents.hand_in(example.documents, rig.kinds, dict(example.form))
    return rig.draft.model_copy(
        update={"applicant": example.applicant, "form": dict(example.form), "documents": kept}
    )


async def _plainest(filings: Filings, offer: PublicService, model: type[Form]) -> tuple[ApplicationDraft, FiledForm]:
    """The application in which least is filled in of those that the plugin sends, and what is sent for it.

    Raises:
        NotReachable: None is sent.
    """
    usual = _draft(filings, offer, SyntheticCitizens().citizen(_THE_NEXT))
    bare = filled_no_further(model, usual.form)
    needed = filings.rig.documents.hand_in((), offer.documents, bare)
    for update in ({"form": bare, "documents": needed}, {"form": bare}, {}):
        draft = usual.model_copy(update=update)
        filed = await filings.file(draft)
        if filed.sent:
            return draft, filed
    raise NotReachable("nothing is sent for another citizen's application")


def _kept(
    full: Mapping[str, JsonValue], before: Sequence[ApplicationDraft], bare: ApplicationDraft, sent: Places
) -> Iterator[str]:
    """What one citizen filled in, otherwise than another, and the next one did not."""
    theirs = [{value for _, value in leaves(draft.model_dump(mode="json"))} for draft in (*before, bare)]
    shared = theirs[-1] | (theirs[0] & theirs[1])
    for place, value in leaves(dict(full)):
        if isinstance(value, str) and len(value) > _DISTINCT and value not in shared:
            yield from (
                f"{at} holds the {_name(place)} of who filed before" for at, said in sent.items() if value in said
            )


def _name(place: Location) -> str:
    return written(tuple(step for step in place if not isinstance(step, int)))
