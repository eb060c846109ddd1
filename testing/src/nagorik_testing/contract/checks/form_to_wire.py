"""The wire against the form: one thing is filled in otherwise, and what is sent is held against what was sent before.

What differs is found by value: nothing is known of the agency's names.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from functools import partial
from itertools import chain, combinations, permutations, product
from typing import Any, Final, NamedTuple

from pydantic import JsonValue

from nagorik import ApplicationDraft, Form, NagorikError, Operation
from nagorik.manifest import AnyOffer, PublicService
from nagorik.values import NationalDataError, normalise, to_ascii_digits, to_bangla_digits
from nagorik.values.text import refuse_invisible
from nagorik_testing.contract.checks.check import Examine, check
from nagorik_testing.contract.checks.filing import (
    ANOTHER,
    FiledForm,
    Filings,
    all_examples,
    open_filings,
    paper,
)
from nagorik_testing.contract.checks.inspection import form_of, leaves, personal_numbers, written
from nagorik_testing.contract.form_fields import day_in, is_valid, placed, value_at
from nagorik_testing.contract.form_fillings import (
    SHORT,
    FilledForm,
    WordsByPlace,
    choices_in,
    days_to_swap,
    filled_no_further,
    filled_to_the_last,
    optional_parts,
    with_long_texts,
    with_other_choices,
    without,
)
from nagorik_testing.contract.form_variations import Variation, named, variations_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Places, list_of, places_of
from nagorik_testing.simulator.citizens import SyntheticCitizens
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
_INVISIBLE: Final = "\u200b\ufeff\u00ad\u2060\u202e"
"""Zero width space, byte order mark, soft hyphen, word joiner, an override of the direction."""
_BANGLA_DIGITS: Final = "Bangla digits"
_SAYS_NOTHING: Final = frozenset(
    {"n", "a", "na", "nil", "none", "null", "no", "not", "applicable", "given", "available", "known", "provided"}
    | {"unknown", "empty", "false", "0", "নেই", "না", "প্রযোজ্য", "নয়", "অজানা", "দেওয়া", "হয়নি"}
)
"""Words by which agencies are told that nothing was filled in."""


class _Tried(NamedTuple):
    """A field that is filled in otherwise beside one row of choices.

    Attributes:
        changed: Where in what is sent it makes a difference.
        forms: The forms with other values of it.
    """

    changed: frozenset[str]
    forms: list[FilledForm]


@dataclass(frozen=True, slots=True, repr=False)
class _Beside:
    """The example with another choice in it, or two that go together, or as it is."""

    chosen: frozenset[Location]
    form: FilledForm
    tried: dict[Location, _Tried] = field(default_factory=dict)

    def choice(self, model: type[Form], example: Mapping[str, JsonValue], form: FilledForm) -> str:
        """The choices by which it differs from the example, as another form has them."""
        places = [at for at in sorted(self.chosen) if value_at(example, at) != value_at(self.form, at)]
        said = validate_form(model, form).model_dump(mode="json")  # a choice may be left to the form
        return " and ".join(f"{written(at)} is {value_at(said, at)}" for at in places)


@check("submit/fields-arrive")
async def _arrive(subject: Subject, offer: AnyOffer) -> list[str]:
    model, wrong = form_of(subject, offer), list[str]()
    async with open_filings(subject, offer) as filings:
        example, others = dict(filings.rig.draft.form), all_examples(filings.rig, subject.manifest.services)
        fields = variations_of(model, example, others[:1])
        if not fields:
            raise NotReachable("no field of the example can be filled in otherwise")
        rows = [_Beside(frozenset(), example), *_rows_of_choices(model, example, others)]
        for each in fields:
            wrong += await _arrival(filings, each, rows[0])
            if wrong and "fault of the plugin" in wrong[-1]:
                return wrong
        for row in rows[1:]:
            await _try_together(filings, model, row, fields, rows[0].tried)
        for each in fields:
            wrong += await _left_out(filings, model, each[0].place, rows)
    return list(dict.fromkeys(wrong))


async def _arrival(filings: Filings, each: Sequence[Variation], row: _Beside) -> list[str]:
    """What is wrong with a field beside the example's own choices; whether it makes a difference is noted."""
    name, place = each[0].name, each[0].place
    filed = [await filings.file_form(variation.form, place) for variation in each]
    if any(one.faulty for one in filed):
        return [f"another {name} ends in a fault of the plugin"]
    sent = [one for one in filed if one.sent]
    if not sent:
        return []  # the plugin refuses every other value: it is judged by
    if value_at(row.form, place) is None and all(isinstance(one.end, NagorikError) for one in sent):
        return [f"every {name} that is filled in is refused by the agency"]
    changes = [filings.changed(one.sent) for one in sent]
    row.tried[place] = _Tried(next(filter(None, changes), frozenset()), [variation.form for variation in each])
    if not any(changes):
        return []
    if not all(changes) or any(not filings.changed(one.sent, other.sent) for one, other in combinations(sent, 2)):
        return [f"two values of {name} are sent alike"]
    # A value may also leave places out; the entries of a list stand in one place.
    own = [{list_of(at) for at in filings.changed(one.sent) if at in one.sent} for one in sent]
    scattered = not each[0].is_choice and any(own) and not set.intersection(*filter(None, own))
    return [f"{name} is sent at another place for another value"] if scattered else []


def _rows_of_choices(
    model: type[Form], example: FilledForm, others: Sequence[Mapping[str, JsonValue]]
) -> list[_Beside]:
    """The example with each other choice; where the form wants more beside that one, with that filled in, too."""
    found = list(with_other_choices(model, example))
    seen = {(at, str(value_at(form, at))) for places, form in found for at in places}
    if not {(at, str(choice)) for at, choice in choices_in(model, example)} <= seen:
        own = [at for at in optional_parts(example) if value_at(example, at) is not None]
        for places, form in with_other_choices(model, filled_to_the_last(model, example, others)):
            new = {(at, str(value_at(form, at))) for at in places}
            found += [] if new <= seen else [(places, filled_no_further(model, form, keep=(*places, *own)))]
            seen |= new
    return [_Beside(places, form) for places, form in found if _in_no_order(form) != _in_no_order(example)]


def _in_no_order(value: JsonValue) -> object:
    """A form whose lists are in no order: another order is the same choice."""
    if isinstance(value, list):
        return sorted(map(str, value))
    return {name: _in_no_order(part) for name, part in value.items()} if isinstance(value, dict) else value


async def _try_together(
    filings: Filings,
    model: type[Form],
    row: _Beside,
    fields: Sequence[Sequence[Variation]],
    usual: Mapping[Location, _Tried],
) -> None:
    """Note of each field that the form takes and keeps in a row whether it makes a difference there.

    Together first: of most forms everything is sent, and one filing shows it.
    """
    together, values = row.form, dict[Location, JsonValue]()
    for each in fields:
        place = each[0].place
        if place not in usual or place in row.chosen or any(isinstance(step, int) for step in place):
            continue
        for value in (value_at(variation.form, place) for variation in each):
            if value != value_at(row.form, place) and is_valid(model, given := placed(together, place, value)):
                together, values[place] = given, value
                break
    base = await filings.file_form(row.form) if values else FiledForm({})
    if not base.sent:
        return  # the plugin or the agency does not take this choice with the rest
    filed = await filings.file_form(together)
    changed = filings.changed(filed.sent, base.sent) if filed.sent else frozenset[str]()
    shared = Counter(at for tried in usual.values() for at in tried.changed)
    for place, value in values.items():
        form = placed(row.form, place, value)
        own = frozenset(at for at in usual[place].changed & changed if shared[at] == 1)
        if not is_valid(model, form) or _said(model, form, place) == _said(model, row.form, place):
            continue  # what the form takes away means nothing beside this choice
        alone = FiledForm({}) if own else await filings.file_form(form, place)
        if own or alone.sent:
            row.tried[place] = _Tried(own or filings.changed(alone.sent, base.sent), [form])


def _said(model: type[Form], form: FilledForm, place: Location) -> JsonValue:
    return value_at(validate_form(model, form).model_dump(mode="json"), place)


async def _left_out(filings: Filings, model: type[Form], place: Location, rows: Sequence[_Beside]) -> list[str]:
    """Beside which choices a field is left out, from which neither verdict nor fee follows there."""
    arriving = [row for row in rows if place in row.tried and row.tried[place].changed]
    wrong: list[str] = []
    for row in (row for row in rows if place in row.tried and not row.tried[place].changed):
        told = [await _told_before_filing(filings, form) for form in (row.form, *row.tried[place].forms)]
        if any(_is_unlike(told[0], other) for other in told[1:]):
            if not arriving:
                return []
        elif arriving:
            where = (row if row.chosen else arriving[0]).choice(model, filings.rig.draft.form, row.form)
            wrong.append(f"{named(place)} changes nothing that is sent where {where}")
        else:
            wrong.append(f"{named(place)} changes nothing that is sent, nor a verdict or a fee")
    return wrong


_Told = tuple[object, object, Places]
"""Before anything is filed: the verdicts, the price, and what the agency was asked for that."""


def _is_unlike(one: _Told, other: _Told) -> bool:
    """Whether another verdict follows, or another fee: one that the agency is not told the reason of to name it.

    What the agency has to know to name its price, it has to know of the application, too.
    """
    return one[0] != other[0] or (one[1] != other[1] and one[2] == other[2])


async def _told_before_filing(filings: Filings, form: FilledForm) -> _Told:
    """What a citizen is told who fills in the form so."""
    rig, draft = filings.rig, filings.rig.draft.model_copy(update={"form": dict(form)})
    offered = rig.platform.service(rig.offer).operations
    judged: Any = None
    priced: Any = None
    if Operation.ELIGIBILITY in offered:
        judged = await _end_of(rig.platform.check_eligibility(rig.offer, draft.applicant, form=draft.form))
    before = len(filings.tap.exchanges)
    if Operation.QUOTE in offered:
        priced = await _end_of(rig.platform.quote_fees(draft))
    verdicts = [(one.id, one.verdict) for one in getattr(judged, "criteria", ())]
    price = [(line.code, line.amount) for line in getattr(priced, "lines", ())]
    asked = places_of(filings.tap.since(before), filings.codec)
    return verdicts or str(judged), price or str(priced), asked


async def _end_of(call: Awaitable[object]) -> object:
    try:
        return await call
    except NagorikError as error:
        return error.code


class Look(NamedTuple):
    """What a rule looks at: forms like the one that is filled in to the last field.

    Attributes:
        filings: Of the service.
        model: Its form.
        example: As it is filled in.
        full: The same to the last field.
        wrong: What the rules found so far.
    """

    filings: Filings
    model: type[Form]
    example: FilledForm
    full: FilledForm
    wrong: list[str]


def _by_rules(*rules: Callable[[Look], Awaitable[None]]) -> Examine:
    """Look at a service by some rules, on the same filings."""

    async def examine(subject: Subject, offer: AnyOffer) -> list[str]:
        model = form_of(subject, offer)
        async with open_filings(subject, offer) as filings:
            example, others = dict(filings.rig.draft.form), all_examples(filings.rig, subject.manifest.services)
            look = Look(filings, model, example, filled_to_the_last(model, example, others), [])
            for rule in rules:
                await rule(look)
        return list(dict.fromkeys(look.wrong))

    return examine


async def _whole(look: Look) -> None:
    for bangla in (True, False):
        each: list[Location | None] = [None]
        for only in each:
            form, own = with_long_texts(look.model, look.full, bangla=bangla, only=only)
            filed = await look.filings.file_form(form, only or ()) if own else FiledForm({})
            look.wrong.extend(_cut(filed, own))
            # Where one of them is refused, and perhaps rightly, each is filed by itself.
            each += own if only is None and not filed.sent else ()
    _, words = with_long_texts(look.model, look.full, longest=SHORT)
    for place, own_words in words.items():
        if is_valid(look.model, form := placed(look.full, place, " ".join(own_words).upper())):
            filed = await look.filings.file_form(form, place)
            look.wrong.extend(_recased(filed, place, _said(look.model, form, place)))


async def _with_signs(look: Look) -> None:
    """What is wrong with texts whose words are parted by signs, as those of an address are."""
    form, words = with_long_texts(look.model, look.full, longest=_A_LINE, signs=_SIGNS)
    one = await look.filings.file_form(form)
    look.wrong.extend(_cut(one, words) if one.sent else ())
    for place in words:
        form = placed(form, place, str(value_at(form, place)).replace("/", "-"))
    other = await look.filings.file_form(form) if is_valid(look.model, form) else FiledForm({})
    look.wrong.extend(
        f"{at} holds the {named(place)} alike, whether a stroke or a hyphen stands in it"
        for place, own in words.items()
        for at, value in one.sent.items()
        if len(own) > 2 and other.sent.get(at) == value  # noqa: PLR2004 - a stroke stands among them
        if all(word.casefold() in value.casefold() for word in own)
    )


def _cut(filed: FiledForm, words: WordsByPlace) -> Iterator[str]:
    """Of which fields a part is sent and a part is not; of a text that was made into another, nothing is known."""
    if filed.faulty:
        yield "a long text ends in a fault of the plugin"
    sent = normalise("\n".join(filed.sent.values())).casefold()
    unbroken = _PARTING.sub("", sent)
    for place, own in words.items():
        arrived = [normalise(word).casefold() in sent for word in own]
        if any(arrived) and not all(arrived) and normalise("".join(own)).casefold() not in unbroken:
            yield f"of a long {named(place)} only a part is sent"


def _recased(filed: FiledForm, place: Location, text: JsonValue) -> Iterator[str]:
    """Where a text in capitals, such as a firm's name, is another one than on the paper it stands on."""
    if isinstance(text, str) and text.isupper() and not any(text in said for said in filed.sent.values()):
        for at, said in filed.sent.items():
            if text.casefold() in said.casefold():
                yield f"{at} holds the {named(place)} in other letters than its capitals"


async def _clean(look: Look) -> None:
    filings = look.filings
    look.wrong.extend((*_unclean(filings.usual.sent, ""), *_in_other_digits(filings, look.model, look.example)))
    for how, write in _WRITTEN.items():
        form = look.example
        for place, value in leaves(look.example):
            other = write(value) if isinstance(value, str) else value
            form = given if other != value and is_valid(look.model, given := placed(form, place, other)) else form
        filed = await filings.file_form(form)
        look.wrong.extend(_unclean(filed.sent, f"with {how}, "))
        if filed.faulty:
            look.wrong.append(f"a form that is filled in with {how} ends in a fault of the plugin")
        changed = sorted(filings.changed(filed.sent)) if how == _BANGLA_DIGITS and filed.sent else ()
        look.wrong.extend(f"with {how}, {at} is sent otherwise" for at in changed)


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


def _unclean(sent: Places, how: str) -> Iterator[str]:
    for place, value in sent.items():
        if not unicodedata.is_normalized("NFC", value):
            yield f"{how}{place} holds text that is not in NFC"
        try:
            refuse_invisible(re.sub(r"[\n\r\t]", " ", value), joiners=True)
        except NationalDataError:
            yield f"{how}{place} holds invisible characters"


def _in_other_digits(filings: Filings, model: type[Form], example: FilledForm) -> Iterator[str]:
    """A number that leads to somebody stands in ASCII digits in every register; a text keeps the form's own."""
    sent, said = filings.usual.sent, validate_form(model, example).model_dump(mode="json")
    numbers = personal_numbers(example)
    texts = {at: one for at, one in leaves(said) if isinstance(one, str) and any(sign.isalpha() for sign in one)}
    for place, value in sent.items():
        for number in sorted(numbers):
            if to_bangla_digits(to_ascii_digits(number)) in value:
                yield f"{place} holds a number of {len(number)} digits in Bangla"
        for at, text in texts.items():
            plain = to_ascii_digits(text)
            if plain != text and plain in value and not any(text in other for other in sent.values()):
                yield f"{place} holds the {written(at)} in other digits than the form"


async def _days(look: Look) -> None:
    for base in (look.example, look.full):
        read = False
        for place, days, forms in days_to_swap(look.model, base):
            filed = [await look.filings.file_form(form, place) for form in forms]
            if all(one.sent for one in filed):  # else another day is refused: nothing can be held against it
                read = True
                look.wrong.extend(_misread(look.filings, named(place), days, filed))
        if read:
            return


def _misread(filings: Filings, name: str, days: Sequence[date], filed: Sequence[FiledForm]) -> Iterator[str]:
    for place in sorted(filings.changed(filed[0].sent, filed[1].sent)):
        orders, *swapped = [_orders(one.sent.get(place, ""), day) for one, day in zip(filed, days, strict=True)]
        if not orders:
            continue  # no day, or one in words
        if not any(order.index("d") < order.index("m") or order == "ymd" for order in orders):
            yield f"{name}: {place} holds the month before the day, as nobody in Bangladesh reads it"
        if not all(orders & other for other in swapped):
            yield f"{name}: {place} is written otherwise for a day of another month"


def _orders(value: str, day: date) -> frozenset[str]:
    """In which orders a value holds year, month and day, such as ``dmy``."""
    digits = "".join(re.findall(r"\d", to_ascii_digits(value)))
    for width, years in product(("02", ""), (4, 2)):
        parts = {"d": f"{day.day:{width}}", "m": f"{day.month:{width}}", "y": f"{day.year % 10**years:0{years}}"}
        orders = ("".join(order) for order in permutations("dmy"))
        if found := frozenset(order for order in orders if "".join(parts[part] for part in order) in digits):
            return found
    return frozenset()


check("submit/whole-texts")(_by_rules(_clean, _whole, _with_signs, _days))


async def _uncrossed(look: Look) -> None:
    unlike, _ = with_long_texts(look.model, look.full, longest=SHORT)
    for form in (unlike, look.full, look.example):
        filed = await look.filings.file_form(form)
        if filed.sent:
            texts = ((at, value) for at, value in leaves(form) if isinstance(value, str) and len(value) >= _DISTINCT)
            look.wrong.extend(_crossed({at: value.casefold() for at, value in texts}, filed.sent))
            return


def _crossed(values: Mapping[Location, str], sent: Places) -> Iterator[str]:
    """Places that hold one field's value and are named as another's, whose value is in none that is named as well.

    A name is held against a name: no agency's words are known here.
    """
    said = {place: value.casefold() for place, value in sent.items()}
    for place, found in said.items():
        holders = [at for at, value in values.items() if _holds(found, value)]
        held = max(holders, key=lambda at: _alike(place, at), default=())
        for other, value in values.items() if holders else ():
            alike = _alike(place, other)
            if other in holders or alike <= _alike(place, held):
                continue
            if not any(_holds(words, value) and _alike(at, other) >= alike for at, words in said.items()):
                yield f"{place} holds the {named(held)}, and no place holds the {named(other)} that is named so"
                break


def _holds(said: str, value: str) -> bool:
    """Whether a place says a value, by itself or, where that is no chance, within a longer text."""
    return said == value or (len(value) >= _UNMISTAKABLE and value in said)


def _alike(place: str, at: Location) -> int:
    """How many words of a field's name stand in the name of a place."""
    said = _words_of_name(place)
    return sum(any(_mean_the_same(word, one) for one in said) for word in _words_of_name(written(at)))


def _mean_the_same(one: str, other: str) -> bool:
    return one == other or (
        min(len(one), len(other)) >= _DISTINCT and SequenceMatcher(None, one, other).ratio() >= _LIKE
    )


def _words_of_name(name: str) -> frozenset[str]:
    split = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return frozenset(word.casefold() for word in re.findall(r"[A-Za-z]+", split)) - {"body", "query", "path"}


async def _not_made_up(look: Look) -> None:
    filings, model, seen = look.filings, look.model, list[Location]()
    unlike, _ = with_long_texts(model, look.full, longest=SHORT)
    for form in (unlike, look.full, look.example):
        for chosen, base in chain([(frozenset[Location](), form)], with_other_choices(model, form)):
            # One by one where it is met first, and beside other choices all that can be left out together.
            rest = (place for place in optional_parts(base) if not any(place[: len(done)] == done for done in seen))
            gaps = [(place, left) for place in rest if is_valid(model, left := without(base, place))]
            gaps += [((), bare)] if (bare := filled_no_further(model, base, keep=chosen)) != base else []
            usual = await filings.file_form(base) if gaps else FiledForm({})
            for place, left in gaps if usual.sent else ():
                filed = await filings.file_form(left)
                if filed.sent:  # else the plugin asks for it, beside what else is filled in
                    seen += [place] if place else []
                    given = {at: value for at, value in leaves(base) if value_at(left, at) is None}
                    look.wrong.extend(_made_up(filings, model, usual.sent, filed.sent, given=given, left=left))


def _made_up(
    filings: Filings,
    model: type[Form],
    usual: Places,
    sent: Places,
    *,
    given: Mapping[Location, JsonValue],
    left: FilledForm,
) -> Iterator[str]:
    """Places that held what was filled in, and hold something else once it is left out, which nobody filled in there.

    What the form itself puts in the place of what is missing is the form's: the citizen is shown it.
    """
    form = leaves(validate_form(model, left).model_dump(mode="json"))
    gap = (value for at, value in form if any(at[: len(one)] == one or one[: len(at)] == at for one in given))
    known = _SAYS_NOTHING.union(*(_words_of(str(value)) for value in gap))
    for at in sorted(filings.changed(sent, usual)):
        before, now = usual.get(at, ""), sent.get(at, "")
        own = [place for place, value in given.items() if _says(before, value)]
        if not own or not _words_of(now) - _words_of(before) - known:
            continue
        # An entry of a list may stand where one stood that is gone, and another field where it is one of two.
        entries = [said for other, said in usual.items() if list_of(other) == list_of(at) != at]
        elsewhere = [said for other, said in sent.items() if other != at]
        moved = (value for _, value in leaves(left) if not any(_says(said, value) for said in elsewhere))
        if now not in entries and not any(_says(now, value) for value in moved):
            yield f"{at} holds a value for {named(own[0])}, which was left empty"


def _says(said: str, value: JsonValue) -> bool:
    """Whether a place holds a value, a day in whatever order."""
    if not isinstance(value, str) or len(value) < _DISTINCT:
        return False
    if (day := day_in(value)) is not None:
        numbers = {int(number) for number in re.findall(r"\d+", said)}
        return {day.day, day.month} <= numbers and bool({day.year, day.year % 100} & numbers)
    return normalise(value).casefold() in normalise(said).casefold()


def _words_of(said: str) -> frozenset[str]:
    return frozenset(word for word in re.split(r"[\s,;|:_./()-]+", normalise(said).casefold()) if word)


check("submit/nothing-made-up")(_by_rules(_uncrossed, _not_made_up))


@check("submit/of-nobody-else")
async def _of_nobody_else(subject: Subject, offer: AnyOffer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    model, wrong = form_of(subject, offer), list[str]()
    async with open_filings(subject, offer) as filings:
        rig = filings.rig
        before = [_draft(filings, offer, serial) for serial in (4242, ANOTHER)]
        bare, alone = await _plainest(filings, offer, model)
        # What one of the two filled in, otherwise than the other, and the next one did not, is nobody else's.
        theirs = [{value for _, value in leaves(draft.model_dump(mode="json"))} for draft in (*before, bare)]
        shared = theirs[2] | (theirs[0] & theirs[1])
        for mark, draft in zip(("one", "other"), before, strict=True):
            full = filled_to_the_last(model, draft.form, all_examples(rig, subject.manifest.services))
            full, _ = with_long_texts(model, full, bangla=mark == "one", longest=SHORT)
            papers = tuple(paper(rig, kind, mark) for kind in offer.documents)
            if not (await filings.file(draft.model_copy(update={"form": full, "documents": papers}))).sent:
                await filings.file(draft)
            after = (await filings.file(bare)).sent
            wrong += [f"{at} depends on who filed before" for at in sorted(filings.changed(alone.sent, after))]
            own = [(named(at), one) for at, one in leaves(full) if isinstance(one, str) and one not in shared]
            wrong += [
                f"{at} holds the {name} of who filed before"
                for name, value in own
                for at, said in after.items()
                if len(value) > _DISTINCT and value in said
            ]
    return list(dict.fromkeys(wrong))


def _draft(filings: Filings, offer: PublicService, serial: int) -> ApplicationDraft:
    rig = filings.rig
    example = rig.simulator.example(offer.id, SyntheticCitizens().citizen(serial))
    kept = rig.documents.hand_in(example.documents, rig.kinds, dict(example.form))
    return rig.draft.model_copy(
        update={"applicant": example.applicant, "form": dict(example.form), "documents": kept}
    )


async def _plainest(filings: Filings, offer: PublicService, model: type[Form]) -> tuple[ApplicationDraft, FiledForm]:
    """The application in which least is filled in of those that the plugin sends, and what is sent for it.

    Raises:
        NotReachable: Nothing is sent for any of them.
    """
    usual = _draft(filings, offer, _THE_NEXT)
    bare = filled_no_further(model, usual.form)
    needed = filings.rig.documents.hand_in((), offer.documents, bare)
    for update in ({"form": bare, "documents": needed}, {"form": bare}, {}):
        draft = usual.model_copy(update=update)
        if (filed := await filings.file(draft)).sent:
            return draft, filed
    raise NotReachable("nothing is sent for another citizen's application")
