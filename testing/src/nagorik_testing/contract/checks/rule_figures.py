"""A price at the figures that the plugin's rules name: what holds up to 8.25 acres holds at 8.25 acres."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Final

from pydantic import JsonValue

from nagorik import Form, InputRejected, NagorikError, Operation
from nagorik.data_files import DataFileInvalid, read_file
from nagorik.manifest import AnyOffer
from nagorik.values import dhaka_date
from nagorik_testing.contract.checks.check import Check, CheckFamily, CheckScope, NotConcerned
from nagorik_testing.contract.checks.inspection import example_form, form_of, record_of, written
from nagorik_testing.contract.form_fields import choices_of, fields_of, is_valid, kinds_of, placed
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.simulator.clock import START
from nagorik_toolkit.form_validation import Location, form_schema
from nagorik_toolkit.rules import RULES_FILE, parse_rules

PLACES: Final = (Decimal(1), Decimal("0.01"), Decimal("0.0001"))
"""Last places in which a form may want a number."""


@dataclass(frozen=True, slots=True, repr=False)
class _AtFigure:
    """A field filled in with a figure of the rules, and with the numbers next below and above it."""

    place: Location
    below: dict[str, JsonValue]
    at: dict[str, JsonValue]
    above: dict[str, JsonValue]


def _figures(subject: Subject) -> list[Decimal]:
    """The numbers among the plugin's rules that hold today, none twice.

    Raises:
        NotReachable: A file of its rules cannot be read.
    """
    directory = record_of(subject).directory
    files = sorted(directory.glob(f"*{RULES_FILE}")) if directory is not None else []
    found: list[Decimal] = []
    for file in files:
        try:
            rules = parse_rules(read_file(file), file.name)
        except DataFileInvalid as error:
            raise NotReachable(str(error)) from None
        today = rules.on(dhaka_date(START))
        for rule in filter(None, map(today.find, sorted(rules.names()))):
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
    for context in chain((example,), others):
        for place, value in numbers:
            if is_valid(model, placed(context, place, "X")):
                continue  # it takes any text
            for figure in figures:
                yield from _around(model, context, place, figure, as_number=isinstance(value, int))


def _around(
    model: type[Form], context: dict[str, JsonValue], place: Location, figure: Decimal, *, as_number: bool
) -> Iterator[_AtFigure]:
    for last in PLACES:
        if figure != figure.quantize(last):
            continue
        around = [figure.quantize(last) + step for step in (-last, Decimal(0), last)]
        below, at, above = [
            placed(context, place, int(number) if as_number and last == 1 else str(number)) for number in around
        ]
        if all(is_valid(model, form) for form in (at, below, above)):
            yield _AtFigure(place, below, at, above)
            return


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


RULE_FIGURES: Final = (
    Check(
        id="fees/at-figures",
        family=CheckFamily.FEES,
        title="who is exactly at a figure of the rules has a price, as whoever is beside it has",
        why="A family with exactly 25 bigha is exempt at the office and taxed by the plugin: the two differ, and the "
        "family is told that it filled in its form wrongly.",
        modes=(75,),
        expected="no form refused for a number that rules.toml names, where the numbers next below and above it are "
        "priced",
        fix="Decide whether a limit is itself within it: up to and including, or below.",
        scope=CheckScope.SERVICES,
        needs=(Operation.QUOTE,),
        presupposes=("fees/same-answer",),
        examine=_at_figure,
    ),
)
