"""What a citizen left empty is sent empty: a value in its place is somebody's guess."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from pydantic import JsonValue

from nagorik import Form
from nagorik.manifest import AnyOffer
from nagorik.values import normalise
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import FiledForm, Filings, all_examples, open_filings
from nagorik_testing.contract.checks.inspection import form_of, leaves, written
from nagorik_testing.contract.form_fields import day_in, is_valid, value_at
from nagorik_testing.contract.form_fillings import (
    SHORT,
    filled_no_further,
    filled_to_the_last,
    optional_parts,
    with_long_texts,
    with_other_choices,
    without,
)
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.wiretap import Places, list_of
from nagorik_toolkit.form_validation import Location, validate_form

_DISTINCT: Final = 4
"""Signs from which on a value that is sent is the field's, and no chance."""
_SAYS_NOTHING: Final = frozenset(
    {"n", "a", "na", "nil", "none", "null", "no", "not", "applicable", "given", "available", "known", "provided"}
    | {"unknown", "empty", "false", "0", "নেই", "না", "প্রযোজ্য", "নয়", "অজানা", "দেওয়া", "হয়নি"}
)
"""Words by which agencies are told that nothing was filled in."""


@check("submit/nothing-made-up")
async def _nothing_made_up(subject: Subject, offer: AnyOffer) -> list[str]:
    model = form_of(subject, offer)
    wrong: list[str] = []
    async with open_filings(subject, offer) as filings:
        example = dict(filings.rig.draft.form)
        full = filled_to_the_last(model, example, all_examples(filings.rig, subject.manifest.services))
        unlike, _ = with_long_texts(model, full, bangla=False, longest=SHORT)
        seen: list[Location] = []
        for chosen, base in chain(*(_contexts(model, form) for form in (unlike, full, example))):
            rest = (place for place in optional_parts(base) if not any(place[: len(done)] == done for done in seen))
            # One by one where it is met first, and beside other choices all that can be left out together.
            gaps = [(place, left) for place in rest if is_valid(model, left := without(base, place))]
            gaps += [((), bare)] if (bare := filled_no_further(model, base, keep=chosen)) != base else []
            usual = await filings.file_form(base) if gaps else None
            if usual is None or not usual.sent:
                continue
            for place, left in gaps:
                filed = await filings.file_form(left)
                if filed.sent:  # else the plugin asks for it, beside what else is filled in
                    seen += [place] if place else []
                    wrong += _made_up(filings, model, usual, filed, base=base, left=left)
    if not seen:
        raise NotConcerned("nothing can be left out of its form")
    return list(dict.fromkeys(wrong))


def _contexts(
    model: type[Form], form: dict[str, JsonValue]
) -> Iterator[tuple[frozenset[Location], dict[str, JsonValue]]]:
    yield frozenset(), form
    yield from with_other_choices(model, form)


def _made_up(
    filings: Filings,
    model: type[Form],
    usual: FiledForm,
    filed: FiledForm,
    *,
    base: Mapping[str, JsonValue],
    left: dict[str, JsonValue],
) -> Iterator[str]:
    """Places that held what was filled in, and hold something else once it is left out, which nobody filled in there.

    What the form itself puts in the place of what is missing is the form's: the citizen is shown it.
    """
    given = {at: value for at, value in leaves(dict(base)) if value_at(left, at) is None}
    form = leaves(validate_form(model, left).model_dump(mode="json"))
    known = frozenset(word for at, value in form if _is_gap(at, given) for word in _words_of(str(value)))
    for at in sorted(filings.changed(filed.sent, usual.sent)):
        before, now = usual.sent.get(at, ""), filed.sent.get(at, "")
        own = [place for place, value in given.items() if _says(before, value)]
        made_up = _words_of(now) - _words_of(before) - known - _SAYS_NOTHING
        if not own or not made_up or _has_moved_up(usual.sent, at, now):
            continue
        if not _stands_here_alone(filed.sent, at, left):
            yield f"{at} holds a value for {_name(own[0])}, which was left empty"


def _is_gap(at: Location, given: Mapping[Location, JsonValue]) -> bool:
    return any(at[: len(place)] == place or place[: len(at)] == at for place in given)


def _has_moved_up(usual: Places, at: str, now: str) -> bool:
    """Whether an entry of a list stands where one stood that is gone."""
    own = list_of(at)
    return own != at and any(said == now and list_of(other) == own for other, said in usual.items())


def _stands_here_alone(sent: Places, at: str, form: dict[str, JsonValue]) -> bool:
    """Whether a place holds another field that no other does: it takes one of two, such as either parent's number."""
    return any(
        _says(sent.get(at, ""), value) and not any(_says(said, value) for other, said in sent.items() if other != at)
        for _, value in leaves(form)
    )


def _says(said: str, value: JsonValue) -> bool:
    """Whether a place holds a value, a day in whatever order."""
    if not isinstance(value, str) or len(value) < _DISTINCT:
        return False
    day = day_in(value)
    if day is not None:
        numbers = {int(number) for number in re.findall(r"\d+", said)}
        return {day.day, day.month} <= numbers and bool({day.year, day.year % 100} & numbers)
    return normalise(value).casefold() in normalise(said).casefold()


def _words_of(said: str) -> frozenset[str]:
    return frozenset(word for word in re.split(r"[\s,;|:_./()-]+", normalise(said).casefold()) if word)


def _name(place: Location) -> str:
    return written(tuple(step for step in place if not isinstance(step, int)))
