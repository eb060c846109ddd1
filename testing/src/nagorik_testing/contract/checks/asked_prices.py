"""Observer 5, clock: the price of chosen forms at chosen instants, each question a row at which the rules look."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice, product
from typing import Final, NamedTuple

from nagorik import Form, NagorikError, PluginFault, Quote
from nagorik.data_files import DataFileInvalid, read_file
from nagorik.manifest import AnyOffer
from nagorik.values import dhaka_date, dhaka_zone
from nagorik_testing.contract.checks.check import NotConcerned
from nagorik_testing.contract.checks.inspection import (
    example_form,
    form_of,
    leaves,
    record_of,
    requests_made,
    schedule_of,
    written,
)
from nagorik_testing.contract.form_fields import (
    choices_of,
    day_in,
    fields_of,
    is_valid,
    kinds_of,
    others_at,
    placed,
    value_at,
)
from nagorik_testing.contract.form_fillings import FilledForm, with_other_choices
from nagorik_testing.contract.form_variations import variations_of
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.simulator.clock import START
from nagorik_toolkit.form_validation import Location, form_schema
from nagorik_toolkit.rules import RULES_FILE, Rule, parse_rules

YEARS_BEFORE: Final = (2, 4, 12)
"""By how much each date of the form lies earlier, one after another: what is late costs more by the year."""
MOST_COMBINATIONS: Final = 64
LAST_PLACES: Final = (Decimal(1), Decimal("0.01"), Decimal("0.0001"))
"""Last places in which a form may want a number."""


class FormAsked(NamedTuple):
    """A form whose price is asked."""

    what: str
    """In what it differs from the example, as a report names it; nothing for the example."""
    form: FilledForm


@dataclass(frozen=True, slots=True, repr=False)
class PriceAsked:
    """One question for a price, and what came of it.

    Attributes:
        what: As of the form.
        form: The form.
        at: When it was asked.
        answered: When the answer was there.
        end: The quote, or the platform's error.
        requests: How many requests it took, logins left out.
        effects: Kinds of what has been left at the agency.
    """

    what: str
    form: FilledForm
    at: datetime
    answered: datetime
    end: Quote | NagorikError
    requests: int
    effects: frozenset[str]

    @property
    def quote(self) -> Quote | None:
        """The quote, if there is one."""
        return self.end if isinstance(self.end, Quote) else None


async def ask_prices(
    subject: Subject, offer: AnyOffer, forms: Iterable[FormAsked], at: datetime | None = None
) -> list[PriceAsked]:
    """Ask on a fresh rig for the price of each form, at an instant or as soon as the rig is open.

    Raises:
        NagorikError: The example has no price on the usual day, or the plugin breaks down over it on another.
    """
    rows = []
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        rig.clock.set(at or rig.clock.now())
        for what, form in forms:
            asked, before = rig.clock.now(), len(rig.simulator.ledger.requests())
            end: Quote | NagorikError
            try:
                end = await rig.platform.quote_fees(rig.draft.model_copy(update={"form": form}))
            except NagorikError as error:
                if not what and (at is None or isinstance(error, PluginFault)):
                    raise
                end = error
            requests = len(requests_made(rig, before))
            rows.append(PriceAsked(what, form, asked, rig.clock.now(), end, requests, frozenset(rig.effects())))
    return rows


def in_dhaka(day: date, hour: time) -> datetime:
    """An hour of a day in Dhaka."""
    return datetime.combine(day, hour, dhaka_zone()).astimezone(UTC)


async def priced_forms(subject: Subject, offer: AnyOffer) -> list[FormAsked]:
    """The example, and forms in which one thing is another that may decide the price.

    That is a choice, a number, a list, a date or a part.
    """
    async with open_rig(subject, offer.id) as rig:
        example = example_form(rig)
        with suppress(NotConcerned):
            return [FormAsked("", example), *_varied(subject, form_of(subject, offer), rig)]
    return [FormAsked("", example)]


def _varied(subject: Subject, model: type[Form], rig: Rig) -> Iterator[FormAsked]:
    example = example_form(rig)
    for field in variations_of(model, example):
        for one in field:
            if one.is_choice or not isinstance(value_at(one.form, one.place), str):
                yield FormAsked(one.name, one.form)
    for (place, day), years in product(_days_of(example), YEARS_BEFORE):
        earlier = placed(example, place, (day - timedelta(days=366 * years)).isoformat())
        if is_valid(model, earlier):
            yield FormAsked(written(place), earlier)
    # An address that was left empty cannot be made up, as it has to be one of the country's: who fills it in for a
    # copy by post fills it in for a map by post alike.
    others = list[FilledForm]()
    for service in subject.manifest.services:
        with suppress(NotImplementedError, KeyError):
            others.append(dict(rig.simulator.example(service.id, rig.citizen).form))
    for name in model.model_fields:
        part = example.get(name)
        other = next(iter(others_at(others, (name,))), None) if part is None else None
        given = {**example, name: other}
        if isinstance(part or other, dict) and is_valid(model, given):
            yield FormAsked(name, given)


def _days_of(example: FilledForm) -> Iterator[tuple[Location, date]]:
    for place, value in leaves(example):
        if isinstance(value, str) and (day := day_in(value)) is not None:
            yield place, day


def combined_choices(subject: Subject, offer: AnyOffer, example: FilledForm) -> Iterator[FormAsked]:
    """The example with each combination of the choices that are called as the schedule's dimensions are.

    A field may say more: ``validity_years`` is one of ``years``.
    """
    try:
        model, dimensions = form_of(subject, offer), schedule_of(subject, offer).dimensions
    except NotConcerned:
        return
    schema, names = form_schema(model), {each.dimension for each in dimensions}
    choices = {
        place: list(dict.fromkeys(choice for kind in kinds_of(schema, described) for choice in choices_of(kind)))
        for place, described, _ in fields_of(schema, schema, example, ())
        if {str(place[-1]), *str(place[-1]).split("_")} & names
    }
    choices = {place: found for place, found in choices.items() if found}
    for combination in islice(product(*choices.values()), MOST_COMBINATIONS) if choices else ():
        form = example
        for place, choice in zip(choices, combination, strict=True):
            form = placed(form, place, choice)
        if is_valid(model, form):
            said = (f"{place[-1]} {choice}" for place, choice in zip(choices, combination, strict=True))
            yield FormAsked(", ".join(said), form)


class FormsAtBound(NamedTuple):
    """A form that stands at a bound of the plugin's rules, and what comes next before and after it."""

    place: str
    where: str
    below: FilledForm
    at: FilledForm
    above: FilledForm


async def forms_at_bounds(subject: Subject, offer: AnyOffer) -> list[FormsAtBound]:
    """Forms at each number that the rules name, and forms in which a duration of the rules ends today."""
    rules = _rules_today(subject)
    figures = {rule.decimal or Decimal(str(rule.value)) for rule in rules if _is_number(rule)}
    durations = {rule.duration for rule in rules if rule.duration is not None}
    async with open_rig(subject, offer.id) as rig:
        example, today = example_form(rig), dhaka_date(rig.clock.now())
        try:
            model = form_of(subject, offer)
        except NotConcerned:
            return []
        return [*_at_figures(model, example, sorted(figures)), *_at_ends(model, example, today, sorted(durations))]


def _is_number(rule: Rule) -> bool:
    return rule.decimal is not None or (isinstance(rule.value, int) and not isinstance(rule.value, bool))


def _rules_today(subject: Subject) -> list[Rule]:
    directory = record_of(subject).directory
    found: list[Rule] = []
    for file in sorted(directory.glob(f"*{RULES_FILE}")) if directory is not None else ():
        try:
            rules = parse_rules(read_file(file), file.name)
        except DataFileInvalid as error:
            raise NotReachable(str(error)) from None
        found += filter(None, map(rules.on(dhaka_date(START)).find, sorted(rules.names())))
    return found


def _at_figures(model: type[Form], example: FilledForm, figures: Sequence[Decimal]) -> Iterator[FormsAtBound]:
    """Each number of the form at each figure, beside the example's choices and beside every other choice."""
    schema = form_schema(model)
    # Which fields take a figure is seen in the example, but for those that are empty there.
    numbers = [
        (place, isinstance(value, int))
        for place, _, value in fields_of(schema, schema, example, ())
        if not isinstance(value, bool | dict | list)
        and not is_valid(model, placed(example, place, "X"))
        and (value is None or any(_around(model, example, place, one, isinstance(value, int)) for one in figures))
    ]
    for context in (example, *(form for _, form in with_other_choices(model, example))) if numbers else ():
        for (place, as_integer), figure in product(numbers, figures):
            if (around := _around(model, context, place, figure, as_integer)) is not None:
                yield around


def _around(
    model: type[Form],
    context: FilledForm,
    place: Location,
    figure: Decimal,
    as_integer: bool,  # noqa: FBT001
) -> FormsAtBound | None:
    for last in LAST_PLACES:
        if figure == figure.quantize(last):
            numbers = [figure.quantize(last) + step for step in (-last, Decimal(0), last)]
            forms = [placed(context, place, int(one) if as_integer and last == 1 else str(one)) for one in numbers]
            if all(is_valid(model, form) for form in forms):
                name = written(tuple(step for step in place if isinstance(step, str)))
                return FormsAtBound(name, "at a figure of the rules", *forms)
    return None


def _at_ends(
    model: type[Form], example: FilledForm, today: date, lengths: Sequence[timedelta]
) -> Iterator[FormsAtBound]:
    """Each day of the form so that a duration from it or up to it ends today, and a day to either side."""
    for (place, _), length, sign in product(_days_of(example), lengths, (-1, 1)):
        days = [today + sign * length + timedelta(days=step) for step in (-1, 0, 1)]
        forms = [placed(example, place, day.isoformat()) for day in days]
        if all(is_valid(model, form) for form in forms):
            yield FormsAtBound(written(place), "on the day on which a duration of the rules ends", *forms)
