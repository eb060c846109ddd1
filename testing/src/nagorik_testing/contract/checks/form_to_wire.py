"""The request compared with the form: file the example again with one thing changed, and compare what is sent.

A difference is found by value: nothing is known of the agency's names.
"""

import re
import unicodedata
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product
from typing import Any, Final

from pydantic import JsonValue

from nagorik import ApplicationDraft, Form, NagorikError
from nagorik.manifest import AnyOffer
from nagorik.values import NationalDataError, normalise, to_ascii_digits, to_bangla_digits
from nagorik.values.text import refuse_invisible
from nagorik_testing.contract.checks.check import Examine, check
from nagorik_testing.contract.checks.filing import ANOTHER, FiledForm, Filings, all_examples, document, open_filings
from nagorik_testing.contract.checks.inspection import form_of, leaves, personal_numbers, written
from nagorik_testing.contract.form_fields import day_in, filled_in, is_valid, placed, value_at
from nagorik_testing.contract.form_fillings import (
    LONGEST,
    PARTING,
    SIGNS,
    FilledForm,
    filled_no_further,
    filled_to_the_last,
    optional_parts,
    refilled,
    texts_of,
    with_other_choices,
    with_words,
    without,
)
from nagorik_testing.contract.form_variations import Variation, named, variations_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Places, list_of, places_of
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_toolkit.form_validation import Location, validate_form

_DISTINCT: Final = 4
"""Characters from which on a value in two places is the same value, and no chance."""
_UNMISTAKABLE: Final = 12
"""Characters from which on a value inside a longer text is that value."""
_THE_NEXT: Final = 4244
"""The citizen who fills in no more than is required."""
_DAY_FIRST: Final = ("%d%m%Y", "%-d%-m%Y", "%d%m%y", "%-d%-m%y", "%Y%m%d", "%Y%-m%-d", "%y%m%d")
_MONTH_FIRST: Final = ("%m%d%Y", "%-m%-d%Y", "%m%d%y", "%-m%-d%y", "%Y%d%m", "%Y%-d%-m", "%y%d%m")
"""Orders of the digits of a day that is sent."""
_INVISIBLE: Final = "\u200b\ufeff\u00ad\u2060\u202e"
"""Zero width space, byte order mark, soft hyphen, word joiner, an override of the direction."""
_SAYS_NOTHING: Final = frozenset(
    {"n", "a", "na", "nil", "none", "null", "no", "not", "applicable", "given", "available", "known", "provided"}
    | {"unknown", "empty", "false", "0", "নেই", "না", "প্রযোজ্য", "নয়", "অজানা", "দেওয়া", "হয়নি"}
)
"""Words that agencies use for a field that was left empty."""


@dataclass(frozen=True, slots=True, repr=False)
class _Look:
    """One service whose example was filed.

    Attributes:
        filings: Of the service.
        model: Its form.
        example: As it is filled in.
        others: As other forms of the agency are filled in, this one first.
        full: The example, filled in to the last field.
    """

    filings: Filings
    model: type[Form]
    example: FilledForm
    others: Sequence[Mapping[str, JsonValue]]
    full: FilledForm

    async def fullest(self) -> tuple[FilledForm, Places]:
        """The first that is sent of: all fields filled in and no two alike; all filled in; the example."""
        for form in (with_words(self.model, self.full), self.full):
            if (filed := await self.filings.file_form(form)).sent:
                return form, filed.sent
        return self.example, self.filings.usual.sent

    def as_read(self, form: FilledForm, place: Location = ()) -> Any:
        """What the form makes of what is filled in at a place."""
        return value_at(validate_form(self.model, form).model_dump(mode="json"), place)


def _by_rules(*rules: Callable[[_Look], AsyncGenerator[str]]) -> Examine:
    """Look at a service by some rules, on the same filings."""

    async def examine(subject: Subject, offer: AnyOffer) -> list[str]:
        model = form_of(subject, offer)
        async with open_filings(subject, offer) as filings:
            others = all_examples(filings.rig, subject.manifest.services)
            example = dict(filings.rig.draft.form)
            look = _Look(filings, model, example, others, filled_to_the_last(model, example, others))
            return [problem for rule in rules async for problem in rule(look)]

    return examine


async def _each_arrives(look: _Look) -> AsyncGenerator[str]:
    """Fill in each field otherwise, beside the example's choices and beside each other one."""
    fields = variations_of(look.model, look.example, look.others[:1])
    if not fields:
        raise NotReachable("no field of the example can be filled in otherwise")
    rows = _rows_of_choices(look)
    for variations in fields:
        for problem in await _arrival(look.filings, variations):
            yield problem
            if "fault of the plugin" in problem:
                return
    for variations in fields:
        place = variations[0].place
        silent, arriving = list[tuple[FilledForm, FilledForm]](), list[FilledForm]()
        for chosen, row in rows if not any(isinstance(step, int) for step in place) else rows[:1]:
            other, changed = await _tried(look, variations, row) if place not in chosen else (row, None)
            if changed:
                arriving.append(row)
            elif changed is not None:
                silent.append((row, other))
        for problem in await _left_out(look, place, silent, arriving):
            yield problem


async def _tried(
    look: _Look, variations: Sequence[Variation], row: FilledForm
) -> tuple[FilledForm, frozenset[str] | None]:
    """A row of choices with another value of a field, and what that changes; ``None`` if it is refused."""
    base, place = await look.filings.file_form(row), variations[0].place
    for other in (placed(row, place, value_at(variation.form, place)) for variation in variations):
        # What the form takes away means nothing beside this choice.
        if is_valid(look.model, other) and look.as_read(other, place) != look.as_read(row, place):
            filed = await look.filings.file_form(other, place)
            if base.sent and filed.sent:
                return other, look.filings.changed(filed.sent, base.sent)
    return row, None


async def _arrival(filings: Filings, variations: Sequence[Variation]) -> list[str]:
    """What is wrong with how a field arrives beside the example's own choices."""
    name, place = variations[0].name, variations[0].place
    filed = [await filings.file_form(variation.form, place) for variation in variations]
    if any(one.faulty for one in filed):
        return [f"another {name} ends in a fault of the plugin"]
    sent = [one for one in filed if one.sent]
    refused = bool(sent) and all(isinstance(one.end, NagorikError) for one in sent)
    if refused and value_at(filings.rig.draft.form, place) is None:
        return [f"every {name} that is filled in is refused by the agency"]
    changes = [filings.changed(one.sent) for one in sent]
    if not any(changes):
        return []  # the plugin refuses every other value, or no value is sent
    if not all(changes) or any(not filings.changed(one.sent, other.sent) for one, other in combinations(sent, 2)):
        return [f"two values of {name} are sent alike"]
    # A value may also leave places out; the entries of a list stand in one place.
    own = [{list_of(at) for at in filings.changed(one.sent) if at in one.sent} for one in sent]
    scattered = not variations[0].is_choice and any(own) and not set.intersection(*filter(None, own))
    return [f"{name} is sent at another place for another value"] if scattered else []


def _rows_of_choices(look: _Look) -> list[tuple[frozenset[Location], FilledForm]]:
    """The example, and the same with each other choice and with what the form requires beside that."""
    own = [place for place in optional_parts(look.example) if value_at(look.example, place) is not None]
    rows = [(frozenset[Location](), look.example), *with_other_choices(look.model, look.example)]
    for places, form in with_other_choices(look.model, look.full):
        rows.append((places, filled_no_further(look.model, form, keep=(*places, *own))))
    read = [filled_in(look.model, form) for _, form in rows]
    return [row for number, row in enumerate(rows) if read[number] not in read[:number]]


async def _left_out(
    look: _Look, place: Location, silent: Sequence[tuple[FilledForm, FilledForm]], arriving: Sequence[FilledForm]
) -> list[str]:
    """Beside which choices a field is left out, if neither a verdict nor a fee follows from it there."""
    wrong: list[str] = []
    for row, other in silent:
        one, another = [await _before_filing(look.filings, form) for form in (row, other)]
        # What the agency has to know to name its price, it has to know of the application, too.
        if one[0] != another[0] or (one[1] != another[1] and one[2] == another[2]):
            if not arriving:
                return []
        elif arriving:
            form = row if row != look.example else arriving[0]
            choices = [at for at, value in leaves(form) if value != value_at(look.example, at)]
            where = " and ".join(f"{written(at)} is {look.as_read(row, at)}" for at in sorted(choices))
            wrong.append(f"{named(place)} changes nothing that is sent where {where}")
        else:
            wrong.append(f"{named(place)} changes nothing that is sent, nor a verdict or a fee")
    return wrong


async def _before_filing(filings: Filings, form: FilledForm) -> tuple[object, object, Places]:
    """The verdicts and the price for a form, and what the agency was asked for the price."""
    rig, draft = filings.rig, filings.rig.draft.model_copy(update={"form": dict(form)})
    try:
        decision = await rig.platform.check_eligibility(rig.offer, draft.applicant, form=draft.form)
        verdicts: object = [(one.id, one.verdict) for one in decision.criteria]
    except NagorikError as error:
        verdicts = error.code
    before = len(filings.tap.exchanges)
    try:
        price: object = [(line.code, line.amount) for line in (await rig.platform.quote_fees(draft)).lines]
    except NagorikError as error:
        price = error.code
    return verdicts, price, places_of(filings.tap.since(before), filings.codec)


check("submit/fields-arrive")(_by_rules(_each_arrives))


async def _texts(look: _Look) -> AsyncGenerator[str]:
    """Fill in the longest texts, with signs, capitals and digits, and texts with invisible characters."""
    usual, made, usual_texts = look.filings.usual, list[FiledForm](), texts_of(look.model, look.full)
    for bangla, signs in product((True, False), (SIGNS, (" ",))):
        each: list[Location | None] = [None]
        for only in each:
            form = with_words(look.model, look.full, bangla=bangla, signs=signs, longest=LONGEST, only=only)
            made.append(await look.filings.file_form(form, only or ()))
            texts = {at: words for at, words in texts_of(look.model, form).items() if words != usual_texts.get(at)}
            for problem in (problem for at, words in texts.items() for problem in _altered(made[-1].sent, at, words)):
                yield problem
            # Where one of them is refused, and perhaps rightly, each is filed by itself.
            each += texts if only is None and not made[-1].sent else ()
    for sign in _INVISIBLE:
        hidden = {at: f"{text[:1]}{sign}{text[1:]}" for at, text in leaves(look.example) if isinstance(text, str)}
        form = refilled(look.model, look.example, lambda at, *_, hidden=hidden: [hidden[at]] if at in hidden else [])
        made.append(await look.filings.file_form(form))
    for filed in (usual, *made):
        if filed.faulty:
            yield "other texts end in a fault of the plugin"
        for problem in _unclean(filed.sent):
            yield problem
    for at, number in product(usual.sent, sorted(personal_numbers(look.example))):
        if to_bangla_digits(to_ascii_digits(number)) in usual.sent[at]:
            yield f"{at} holds a number of {len(number)} digits in Bangla"


def _altered(sent: Places, place: Location, words: Sequence[str]) -> Iterator[str]:
    """In what a text is sent otherwise than it is filled in; of one that was made into another, nothing is known."""
    name, whole = named(place), normalise("\n".join(sent.values())).casefold()
    arrived = [normalise(word).casefold() in whole for word in words]
    if any(arrived) and not all(arrived) and normalise("".join(words)).casefold() not in PARTING.sub("", whole):
        yield f"of a long {name} only a part is sent"
    for at, value in sent.items():
        if words[0].casefold() in value.casefold() and words[0] not in value:
            yield f"{at} holds the {name} in other letters than its capitals"
        if "-".join(words[1:3]).casefold() in value.casefold() and len(words) > 2:  # noqa: PLR2004
            yield f"{at} holds the {name} with a hyphen for a stroke"


def _unclean(sent: Places) -> Iterator[str]:
    for place, value in sent.items():
        if not unicodedata.is_normalized("NFC", value):
            yield f"{place} holds text that is not in NFC"
        try:
            refuse_invisible(re.sub(r"[\n\r\t]", " ", value), joiners=True)
        except NationalDataError:
            yield f"{place} holds invisible characters"


async def _days(look: _Look) -> AsyncGenerator[str]:
    """Fill in other days, among them one of which the month could be taken for the day."""
    for variation in chain.from_iterable(variations_of(look.model, look.example, look.others[:1])):
        day = day_in(value_at(variation.form, variation.place))
        filed = await look.filings.file_form(variation.form, variation.place) if day else FiledForm({})
        for at in sorted(look.filings.changed(filed.sent)) if day and filed.sent else ():
            digits = "".join(re.findall(r"\d", to_ascii_digits(filed.sent.get(at, ""))))
            read = [any(f"{day:{order}}" in digits for order in orders) for orders in (_DAY_FIRST, _MONTH_FIRST)]
            if read == [False, True]:
                yield f"{variation.name}: {at} holds the month before the day"


check("submit/whole-texts")(_by_rules(_texts, _days))


async def _uncrossed(look: _Look) -> AsyncGenerator[str]:
    """Look for places that hold one field's value and are named as another's, whose value is in no place named so.

    A name is compared with a name: no agency's words are known here.
    """
    form, sent = await look.fullest()
    texts = ((at, value) for at, value in leaves(form) if isinstance(value, str) and len(value) >= _DISTINCT)
    values = {at: value.casefold() for at, value in texts}
    said = {place: value.casefold() for place, value in sent.items()}
    for place, found in said.items():
        holders = [at for at, value in values.items() if _holds(found, value)]
        held = max(holders, key=lambda at: _alike(place, at), default=())
        for other in values.keys() - holders if holders else ():
            alike = _alike(place, other)
            if alike > _alike(place, held) and not any(
                _holds(words, values[other]) and _alike(at, other) >= alike for at, words in said.items()
            ):
                yield f"{place} holds the {named(held)}, and no place holds the {named(other)} that is named so"


def _holds(said: str, value: str) -> bool:
    """Whether a place holds a value, by itself or, where that is no chance, within a longer text."""
    return said == value or (len(value) >= _UNMISTAKABLE and value in said)


def _alike(place: str, at: Location) -> int:
    """How many words of a field's name stand in the name of a place."""
    said, own = ({*re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)} for name in (place.partition(" ")[2], written(at)))
    return len({word.casefold() for word in said} & {word.casefold() for word in own})


async def _not_made_up(look: _Look) -> AsyncGenerator[str]:
    """Leave out what can be left out: each part by itself, and beside each choice all parts together."""
    full, _ = await look.fullest()
    for chosen, form in chain([(frozenset[Location](), full)], with_other_choices(look.model, full)):
        usual = (await look.filings.file_form(form)).sent
        parts = [without(form, place) for place in optional_parts(form)] if form == full else []
        for left in (*parts, filled_no_further(look.model, form, keep=chosen)) if usual else ():
            if left != form and is_valid(look.model, left):
                sent = (await look.filings.file_form(left)).sent
                for problem in _made_up(look, (form, usual), (left, sent)) if sent else ():
                    yield problem


def _made_up(look: _Look, usual: tuple[FilledForm, Places], left: tuple[FilledForm, Places]) -> Iterator[str]:
    """Places that held a value of the form, and hold something else once that is left out.

    What the form itself puts in the place of what is missing is the form's: the citizen is shown it.
    """
    given = {at: value for at, value in leaves(usual[0]) if value_at(left[0], at) is None}
    read = leaves(look.as_read(left[0]))
    gap = (value for at, value in read if any(at[: len(one)] == one or one[: len(at)] == at for one in given))
    known = _SAYS_NOTHING.union(*(_words_of(str(value)) for value in gap))
    for at in sorted(look.filings.changed(left[1], usual[1])):
        before, now = usual[1].get(at, ""), left[1].get(at, "")
        own = [place for place, value in given.items() if _says(before, value)]
        if own and _words_of(now) - _words_of(before) - known:
            # Another field may stand there where it is one of two, or one of a list.
            elsewhere = [said for other, said in left[1].items() if other != at]
            moved = (value for _, value in leaves(left[0]) if not any(_says(said, value) for said in elsewhere))
            if not any(_says(now, value) for value in moved):
                yield f"{at} holds a value for {named(own[0])}, which was left empty"


def _says(said: str, value: JsonValue) -> bool:
    """Whether a place holds a value, a day in any order."""
    if not isinstance(value, str) or len(value) < _DISTINCT:
        return False
    if (day := day_in(value)) is not None:
        numbers = {int(number) for number in re.findall(r"\d+", said)}
        return {day.day, day.month} <= numbers and bool({day.year, day.year % 100} & numbers)
    return normalise(value).casefold() in normalise(said).casefold()


def _words_of(said: str) -> frozenset[str]:
    return frozenset(word for word in re.split(r"[\s,;|:_./()-]+", normalise(said).casefold()) if word)


check("submit/nothing-made-up")(_by_rules(_uncrossed, _not_made_up))


async def _of_nobody_else(look: _Look) -> AsyncGenerator[str]:
    """File as little as is required after two others who fill in everything, and compare it with the same alone."""
    filings, kinds = look.filings, look.filings.rig.kinds
    bare, alone = await _plainest(look)
    for serial in (4242, ANOTHER):
        draft = _draft(filings, serial)
        full = filled_to_the_last(look.model, draft.form, look.others)
        full = with_words(look.model, full, bangla=serial == ANOTHER)
        documents = tuple(document(filings.rig, kind, str(serial)) for kind in kinds)
        if not (await filings.file(draft.model_copy(update={"form": full, "documents": documents}))).sent:
            await filings.file(draft)
        for at in sorted(filings.changed(alone, (await filings.file(bare)).sent)):
            yield f"{at} depends on who filed before"


def _draft(filings: Filings, serial: int) -> ApplicationDraft:
    """How another citizen applies."""
    rig = filings.rig
    example = rig.simulator.example(rig.offer, SyntheticCitizens().citizen(serial))
    kept = rig.documents.hand_in(example.documents, rig.kinds, dict(example.form))
    return rig.draft.model_copy(
        update={"applicant": example.applicant, "form": dict(example.form), "documents": kept}
    )


async def _plainest(look: _Look) -> tuple[ApplicationDraft, Places]:
    """The application in which least is filled in of those that the plugin sends, and what is sent for it.

    Raises:
        NotReachable: Nothing is sent for any of them.
    """
    usual = _draft(look.filings, _THE_NEXT)
    bare = filled_no_further(look.model, usual.form)
    required = look.filings.rig.documents.hand_in((), look.filings.rig.kinds, bare)
    for update in ({"form": bare, "documents": required}, {"form": bare}, {}):
        draft = usual.model_copy(update=update)
        if sent := (await look.filings.file(draft)).sent:
            return draft, sent
    raise NotReachable("nothing is sent for another citizen's application")


check("submit/of-nobody-else")(_by_rules(_of_nobody_else))
