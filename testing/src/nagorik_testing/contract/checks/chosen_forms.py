"""The form with another choice in it: what a citizen fills in is sent whatever else they chose."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from nagorik import Form, Operation
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.checks.check import Check, CheckFamily, CheckScope, NotConcerned
from nagorik_testing.contract.checks.filing import Filings, open_filings, other_example
from nagorik_testing.contract.checks.inspection import form_of, written
from nagorik_testing.contract.checks.sent_form import told_before_filing
from nagorik_testing.contract.form_fields import is_valid, placed, value_at
from nagorik_testing.contract.form_fillings import with_other_choices, without
from nagorik_testing.contract.form_variations import Variation, variations_of
from nagorik_testing.contract.subject import Subject
from nagorik_toolkit.form_validation import Location, validate_form

FilledForm = dict[str, JsonValue]


async def _under_every_choice(subject: Subject, offer: AnyOffer) -> list[str]:
    model = form_of(subject, offer)
    wrong, looked_at = list[str](), 0
    async with open_filings(subject, offer) as filings:
        example = dict(filings.rig.draft.form)
        contexts = list(with_other_choices(model, example))
        if not contexts:
            raise NotConcerned("its form leaves no choice")
        variations = variations_of(model, example, other_example(filings.rig))
        fields = await _sent_fields(filings, model, example, variations)
        for chosen, form in contexts:
            context = _ChosenForm(filings, model, form, chosen)
            wrong += [problem async for problem in context.left_out(fields)]
            looked_at += context.looked_at
    if not looked_at:
        raise NotConcerned("no other choice goes with a field that is always filled in and sent")
    return list(dict.fromkeys(wrong))


@dataclass(frozen=True, slots=True, repr=False)
class _SentField:
    """A field that is sent beside the example's choices.

    Attributes:
        place: Where it stands in the form.
        values: Other values of it.
        own: Where in what is sent it stands, and no other field does.
    """

    place: Location
    values: tuple[JsonValue, ...]
    own: frozenset[str]


async def _sent_fields(
    filings: Filings, model: type[Form], example: FilledForm, fields: Iterable[Sequence[Variation]]
) -> list[_SentField]:
    """Those of the fields that are always filled in, and sent; an entry of a list is none."""
    changed: dict[Location, frozenset[str]] = {}
    values: dict[Location, tuple[JsonValue, ...]] = {}
    for field in fields:
        place = field[0].place
        if any(isinstance(step, int) for step in place) or not is_always_filled(model, example, place):
            continue
        filed = await filings.file_form(field[0].form)
        if filed.sent and (places := filings.changed(filed.sent)):
            changed[place] = places
            values[place] = tuple(value_at(variation.form, place) for variation in field)
    shared = Counter(at for places in changed.values() for at in places)
    return [
        _SentField(place, values[place], frozenset(at for at in places if shared[at] == 1))
        for place, places in changed.items()
    ]


class _ChosenForm:
    """The example with another choice in it, or two that go together.

    Attributes:
        looked_at: How many fields were changed beside that choice.
    """

    def __init__(self, filings: Filings, model: type[Form], form: FilledForm, chosen: frozenset[Location]) -> None:
        self._filings = filings
        self._model = model
        self._form = form
        self._chosen = chosen
        self.looked_at = 0

    async def left_out(self, fields: Sequence[_SentField]) -> AsyncIterator[str]:
        """The fields of which nothing is sent here, each with the choice."""
        others = self._others([field for field in fields if field.place not in self._chosen])
        self.looked_at = len(others)
        usual = await self._filings.file_form(self._form) if others else None
        if usual is None or not usual.sent:
            return  # the plugin or the agency does not take this choice with the rest
        # Together first: of most forms everything is sent, and one filing shows it.
        together = await self._filings.file_form(self._with(others.items()))
        changed = self._filings.changed(together.sent, usual.sent) if together.sent else frozenset[str]()
        for field in fields:
            if field.place not in others or field.own & changed:
                continue
            form = self._with([(field.place, others[field.place])])
            if not is_valid(self._model, form) or not is_always_filled(self._model, self._form, field.place):
                continue
            filed = await self._filings.file_form(form, field.place)
            if not filed.sent or self._filings.changed(filed.sent, usual.sent):
                continue
            told, otherwise = [await told_before_filing(self._filings, each) for each in (self._form, form)]
            if not told.is_unlike(otherwise):
                yield f"{written(field.place)} changes nothing that is sent where {self._choice()}"

    def _others(self, fields: Sequence[_SentField]) -> dict[Location, JsonValue]:
        """Another value for each field; all that the form takes beside each other."""
        found = {
            field.place: next(other for other in field.values if other != value_at(self._form, field.place))
            for field in fields
            if any(other != value_at(self._form, field.place) for other in field.values)
        }
        if is_valid(self._model, self._with(found.items())):
            return found
        taken: dict[Location, JsonValue] = {}
        for field in fields:
            for other in field.values:
                more = {**taken, field.place: other}
                if other != value_at(self._form, field.place) and is_valid(self._model, self._with(more.items())):
                    taken = more
                    break
        return taken

    def _with(self, values: Iterable[tuple[Location, JsonValue]]) -> FilledForm:
        form = self._form
        for place, value in values:
            form = placed(form, place, value)
        return form

    def _choice(self) -> str:
        example = self._filings.rig.draft.form
        chosen = sorted(place for place in self._chosen if value_at(example, place) != value_at(self._form, place))
        return " and ".join(f"{written(place)} is {value_at(self._form, place)}" for place in chosen)


def is_always_filled(model: type[Form], form: FilledForm, place: Location) -> bool:
    """Whether a citizen fills the field in, or the form does: what may be left empty may mean nothing here."""
    left = without(form, place)
    if not is_valid(model, left):
        return True
    return value_at(validate_form(model, left).model_dump(mode="json"), place) not in (None, "", [], {})


CHOSEN_FORMS: Final = (
    Check(
        id="submit/fields-beside-choices",
        family=CheckFamily.SUBMISSION,
        title="what a citizen fills in is sent whatever else they choose",
        why="Who wants the card urgently collects it where they said; of who does not, the place is left out, and "
        "the card goes to another office.",
        modes=(8,),
        expected="beside every choice that the form leaves, each field that is never empty and is sent beside the "
        "example's, sent unlike another value of it; or a verdict or a fee that follows from it",
        fix="Send the field beside every choice. Where it means nothing there, let the form refuse it, or leave it "
        "empty until it does.",
        scope=CheckScope.SERVICES,
        needs=(Operation.SUBMIT,),
        presupposes=("submit/fields-arrive",),
        examine=_under_every_choice,
    ),
)
