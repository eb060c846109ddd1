"""A price at the figures of the plugin's rules: what holds up to 8.25 acres, or for 15 days, holds at the limit."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, product
from typing import Final

from pydantic import JsonValue

from nagorik import Form, InputRejected, NagorikError, PluginFault
from nagorik.data_files import DataFileInvalid, read_file
from nagorik.manifest import AnyOffer
from nagorik.values import dhaka_date
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import example_form, form_of, leaves, record_of, written
from nagorik_testing.contract.form_fields import choices_of, day_in, fields_of, is_valid, kinds_of, placed
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.simulator.clock import START
from nagorik_toolkit.form_validation import Location, form_schema
from nagorik_toolkit.rules import RULES_FILE, Rule, parse_rules

PLACES: Final = (Decimal(1), Decimal("0.01"), Decimal("0.0001"))
"""Last places in which a form may want a number."""


@dataclass(frozen=True, slots=True, repr=False)
class _AtFigure:
    """A field filled in with a figure of the rules, and with what comes next before and after it."""

    place: Location
    below: dict[str, JsonValue]
    at: dict[str, JsonValue]
    above: dict[str, JsonValue]


def _rules_today(subject: Subject) -> list[Rule]:
    """The plugin's rules that hold today.

    Raises:
        NotReachable: A file of its rules cannot be read.
    """
    directory = record_of(subject).directory
    files = sorted(directory.glob(f"*{RULES_FILE}")) if directory is not None else []
    found: list[Rule] = []
    for file in files:
        try:
            rules = parse_rules(read_file(file), file.name)
        except DataFileInvalid as error:
            raise NotReachable(str(error)) from None
        today = rules.on(dhaka_date(START))
        found += filter(None, map(today.find, sorted(rules.names())))
    return found


def _figures(subject: Subject) -> list[Decimal]:
    """The numbers among the plugin's rules that hold today, none twice."""
    found: list[Decimal] = []
    for rule in _rules_today(subject):
        if rule.decimal is not None:
            found.append(rule.decimal)
        elif isinstance(rule.value, int) and not isinstance(rule.value, bool):
            found.append(Decimal(rule.value))
    return list(dict.fromkeys(found))


def _at_figures(model: type[Form], example: dict[str, JsonValue], figures: list[Decimal]) -> Iterator[_AtFigure]:
    """Each number of the form at each figure, beside the example's choices and beside every other choice."""
    schema = form_schema(model)
    fields = list(fields_of(schema, schema, example, ()))
    others = (
        placed(example, place, choice)
        for place, described, value in fields
        for kind in kinds_of(schema, described)
        for choice in choices_of(kind)
        if choice != value
    )
    numbers = [(place, value) for place, _, value in fields if not isinstance(value, bool | dict | list)]
    # Which of them take a figure is seen in the example, but for those that are empty there.
    numbers = [
        (place, value)
        for place, value in numbers
        if value is None
        or any(_around(model, example, place, figure, as_number=isinstance(value, int)) for figure in figures)
    ]
    for context in chain((example,), others):
        for place, value in numbers:
            if is_valid(model, placed(context, place, "X")):
                continue  # it takes any text
            for figure in figures:
                around = _around(model, context, place, figure, as_number=isinstance(value, int))
                if around is not None:
                    yield around


def _around(
    model: type[Form], context: dict[str, JsonValue], place: Location, figure: Decimal, *, as_number: bool
) -> _AtFigure | None:
    """A field at a figure, where the form takes that and the numbers beside it."""
    for last in PLACES:
        if figure != figure.quantize(last):
            continue
        around = [figure.quantize(last) + step for step in (-last, Decimal(0), last)]
        below, at, above = [
            placed(context, place, int(number) if as_number and last == 1 else str(number)) for number in around
        ]
        if all(is_valid(model, form) for form in (at, below, above)):
            return _AtFigure(place, below, at, above)
    return None


@check("fees/at-figures")
async def _at_figure(subject: Subject, offer: AnyOffer) -> list[str]:
    figures = _figures(subject)
    if not figures:
        raise NotConcerned("its rules name no number")
    wrong, tried = list[str](), 0
    async with open_rig(subject, offer.id) as rig:
        model, example = form_of(subject, offer), example_form(rig)
        for around in _at_figures(model, example, figures):
            tried += 1
            if await _is_priced(rig, around.at) is not False:
                continue
            if await _is_priced(rig, around.below) and await _is_priced(rig, around.above):
                name = written(tuple(step for step in around.place if isinstance(step, str)))
                wrong.append(f"{name}: no price at a figure of the rules, and one on either side of it")
    if not tried:
        raise NotConcerned("its form takes no number that its rules name")
    return list(dict.fromkeys(wrong))


async def _is_priced(rig: Rig, form: dict[str, JsonValue]) -> bool | None:
    """Whether there is a price; ``False`` where the form itself is refused, ``None`` for another reason."""
    try:
        await rig.platform.quote_fees(rig.draft.model_copy(update={"form": form}))
    except InputRejected:
        return False
    except NagorikError:
        return None
    return True


def forms_around_last_days(subject: Subject, offer: AnyOffer, rig: Rig) -> Iterator[dict[str, JsonValue]]:
    """The example so that a duration of the rules, from a day of the form or up to it, ends about today."""
    example, today = example_form(rig), dhaka_date(rig.clock.now())
    for around in _at_ends(form_of(subject, offer), example, today, _durations(subject)):
        yield from (around.below, around.at, around.above)


def _durations(subject: Subject) -> list[timedelta]:
    """The durations among the plugin's rules that hold today, none twice."""
    return list(dict.fromkeys(rule.duration for rule in _rules_today(subject) if rule.duration is not None))


@check("fees/on-last-days")
async def _on_last_days(subject: Subject, offer: AnyOffer) -> list[str]:
    lengths = _durations(subject)
    if not lengths:
        raise NotConcerned("its rules name no duration")
    wrong, tried = list[str](), 0
    async with open_rig(subject, offer.id) as rig:
        model, example = form_of(subject, offer), example_form(rig)
        for around in _at_ends(model, example, dhaka_date(rig.clock.now()), lengths):
            tried += 1
            ends = [await _price_end(rig, form) for form in (around.below, around.at, around.above)]
            if ends[1] is not None and ends[0] is ends[2] is None:
                wrong.append(f"{written(around.place)}: {ends[1]} on the day on which a duration of the rules ends")
    if not tried:
        raise NotConcerned("its form asks for no day at which a duration of its rules could end today")
    return list(dict.fromkeys(wrong))


def _at_ends(
    model: type[Form], example: dict[str, JsonValue], today: date, lengths: list[timedelta]
) -> Iterator[_AtFigure]:
    """Each day of the form so that a duration before or after it ends today, and a day to either side."""
    days = [place for place, value in leaves(example) if isinstance(value, str) and day_in(value) is not None]
    for place, length, sign in product(days, lengths, (-1, 1)):
        forms = [
            placed(example, place, (today + sign * length + timedelta(days=step)).isoformat()) for step in (-1, 0, 1)
        ]
        if all(is_valid(model, form) for form in forms):
            yield _AtFigure(place, *forms)


async def _price_end(rig: Rig, form: dict[str, JsonValue]) -> str | None:
    """How a question for the price ends that ends without one; ``None`` where it has one."""
    try:
        await rig.platform.quote_fees(rig.draft.model_copy(update={"form": form}))
    except PluginFault:
        return "a fault of the plugin"
    except NagorikError as error:
        return f"no price, but {error.code},"
    return None
