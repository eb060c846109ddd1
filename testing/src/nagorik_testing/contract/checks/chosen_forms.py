"""The form with another choice in it: what a citizen fills in is sent whatever else they chose."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from nagorik import Form
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import Filings, all_examples, open_filings
from nagorik_testing.contract.checks.inspection import form_of, written
from nagorik_testing.contract.checks.sent_form import told_before_filing
from nagorik_testing.contract.form_fields import is_valid, placed, value_at
from nagorik_testing.contract.form_fillings import (
    choices_in,
    filled_to_the_last,
    optional_parts,
    with_other_choices,
    without,
)
from nagorik_testing.contract.form_variations import Variation, variations_of
from nagorik_testing.contract.subject import Subject
from nagorik_toolkit.form_validation import Location, validate_form

FilledForm = dict[str, JsonValue]


@check("submit/fields-beside-choices")
async def _under_every_choice(subject: Subject, offer: AnyOffer) -> list[str]:
    model = form_of(subject, offer)
    async with open_filings(subject, offer) as filings:
        example = dict(filings.rig.draft.form)
        others = all_examples(filings.rig, subject.manifest.services)
        contexts = [_ChosenForm(filings, model, form, chosen) for chosen, form in _contexts(model, example, others)]
        if not contexts:
            raise NotConcerned("its form leaves no choice")
        fields = await _varied_fields(filings, variations_of(model, example, others[:1]))
        seen = {context: await context.arrivals(fields) for context in contexts}
        wrong = [
            await context.left_out(field)
            for context, arrivals in seen.items()
            for field in fields
            if field.places and arrivals.get(field.place) is False
        ]
        for field in fields:
            # One that arrives beside another choice alone is left out of the example itself.
            arriving = [context for context, arrivals in seen.items() if arrivals.get(field.place)]
            if arriving and not field.places:
                wrong.append(await arriving[0].left_out_of_example(field))
    if not any(seen.values()):
        raise NotConcerned("no other choice goes with a field that is filled in and sent")
    return list(dict.fromkeys(problem for problem in wrong if problem))


def _contexts(
    model: type[Form], example: FilledForm, others: Sequence[Mapping[str, JsonValue]]
) -> list[tuple[frozenset[Location], FilledForm]]:
    """The example with each other choice; where the form wants more beside that one, with that filled in, too."""
    found = list(with_other_choices(model, example))
    chosen = {(place, str(value_at(form, place))) for places, form in found for place in places}
    if not all((place, str(choice)) in chosen for place, choice in choices_in(model, example)):
        for places, form in with_other_choices(model, filled_to_the_last(model, example, others)):
            new = {(place, str(value_at(form, place))) for place in places}
            if not new <= chosen:
                chosen |= new
                found.append((places, _filled_as(model, example, form, places)))
    return [(places, form) for places, form in found if not _is_reordered(form, example)]


def _is_reordered(one: JsonValue, other: JsonValue) -> bool:
    """Whether two forms differ in the order of a list alone: that is the same choice."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(str, one)) == sorted(map(str, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_reordered(part, other[name]) for name, part in one.items())
    return one == other


def _filled_as(model: type[Form], example: FilledForm, form: FilledForm, keep: frozenset[Location]) -> FilledForm:
    """A form without what the example leaves empty, as far as that can be left out; what is to be kept stays."""
    for place in optional_parts(form):
        if place in keep or value_at(example, place) is not None:
            continue
        if is_valid(model, left := without(form, place)):
            form = left
    return form


@dataclass(frozen=True, slots=True, repr=False)
class _VariedField:
    """A field that has another value beside the example's choices, and is filed with it.

    Attributes:
        place: Where it stands in the form.
        form: The example with another value of it.
        values: Other values of it.
        places: Where in what is sent it stands; nowhere, where it is not sent.
        own: Those of them where no other field stands.
    """

    place: Location
    form: FilledForm
    values: tuple[JsonValue, ...]
    places: frozenset[str]
    own: frozenset[str]


async def _varied_fields(filings: Filings, fields: Iterable[Sequence[Variation]]) -> list[_VariedField]:
    """Those of the fields that can be filed with another value; an entry of a list is none."""
    changed: dict[Location, tuple[Sequence[Variation], frozenset[str]]] = {}
    for field in fields:
        place = field[0].place
        if not any(isinstance(step, int) for step in place):
            filed = await filings.file_form(field[0].form)
            if filed.sent:
                changed[place] = field, filings.changed(filed.sent)
    shared = Counter(at for _, places in changed.values() for at in places)
    return [
        _VariedField(
            place=place,
            form=field[0].form,
            values=tuple(value_at(variation.form, place) for variation in field),
            places=places,
            own=frozenset(at for at in places if shared[at] == 1),
        )
        for place, (field, places) in changed.items()
    ]


class _ChosenForm:
    """The example with another choice in it, or two that go together."""

    def __init__(self, filings: Filings, model: type[Form], form: FilledForm, chosen: frozenset[Location]) -> None:
        self._filings = filings
        self._model = model
        self._form = form
        self._chosen = chosen
        self._others: dict[Location, JsonValue] = {}

    async def arrivals(self, fields: Sequence[_VariedField]) -> dict[Location, bool]:
        """Of each field that can be filled in otherwise here, and that the form keeps, whether it is sent."""
        self._others = self._other_values([field for field in fields if field.place not in self._chosen])
        usual = await self._filings.file_form(self._form) if self._others else None
        if usual is None or not usual.sent:
            return {}  # the plugin or the agency does not take this choice with the rest
        # Together first: of most forms everything is sent, and one filing shows it.
        together = await self._filings.file_form(self._with(self._others.items()))
        changed = self._filings.changed(together.sent, usual.sent) if together.sent else frozenset[str]()
        known = frozenset[str]().union(*(field.places for field in fields))
        found: dict[Location, bool] = {}
        for field in fields:
            if field.place not in self._others:
                continue
            if field.own & changed:
                found[field.place] = True
                continue
            form = self._filled_in(field)
            if not is_valid(self._model, form) or not self._keeps(form, field.place):
                continue
            if not field.places and together.sent and changed <= known:
                found[field.place] = False
                continue
            filed = await self._filings.file_form(form, field.place)
            if filed.sent:
                found[field.place] = bool(self._filings.changed(filed.sent, usual.sent))
        return found

    async def left_out(self, field: _VariedField) -> str | None:
        """What is wrong with a field of which nothing is sent here; nothing, where verdict or fee follow from it."""
        return await self._told_alike(field, self._form, self._filled_in(field), self._form)

    async def left_out_of_example(self, field: _VariedField) -> str | None:
        """The same beside the example's own choices, in the place of those here."""
        example = dict(self._filings.rig.draft.form)
        return await self._told_alike(field, example, field.form, example)

    async def _told_alike(
        self, field: _VariedField, usual: FilledForm, otherwise: FilledForm, chosen: FilledForm
    ) -> str | None:
        told, now = [await told_before_filing(self._filings, form) for form in (usual, otherwise)]
        if told.is_unlike(now):
            return None
        return f"{written(field.place)} changes nothing that is sent where {self._choice(chosen)}"

    def _keeps(self, form: FilledForm, place: Location) -> bool:
        """Whether the form keeps what is filled in; what it takes away means nothing beside this choice."""
        one, other = (validate_form(self._model, each).model_dump(mode="json") for each in (self._form, form))
        return value_at(one, place) != value_at(other, place)

    def _other_values(self, fields: Sequence[_VariedField]) -> dict[Location, JsonValue]:
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

    def _filled_in(self, field: _VariedField) -> FilledForm:
        return self._with([(field.place, self._others[field.place])])

    def _with(self, values: Iterable[tuple[Location, JsonValue]]) -> FilledForm:
        form = self._form
        for place, value in values:
            form = placed(form, place, value)
        return form

    def _choice(self, chosen: FilledForm) -> str:
        """The choices by which this form differs from the example, as another form has them."""
        example = self._filings.rig.draft.form
        places = sorted(place for place in self._chosen if value_at(example, place) != value_at(self._form, place))
        said = validate_form(self._model, chosen).model_dump(mode="json")  # a choice may be left to the form
        return " and ".join(f"{written(place)} is {value_at(said, place)}" for place in places)
