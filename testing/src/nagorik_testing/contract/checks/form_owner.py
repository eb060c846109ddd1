"""Whose form it is: the birth date and each number of the applicant's are looked at, and no one of them alone."""

from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from nagorik import Applicant, Form, NagorikError, PluginFault, Verdict
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import example_form, form_of, leaves, with_value, written
from nagorik_testing.contract.form_fields import is_valid
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_toolkit.form_validation import Location

_SHORTEST_MONTH: Final = 28
"""Days."""


@check("eligibility/each-of-another")
async def _each_of_another(subject: Subject, offer: AnyOffer) -> list[str]:
    model = form_of(subject, offer)
    async with open_rig(subject, offer.id) as rig:
        example = example_form(rig)
        swapped = list(_swapped(model, example, rig.draft.applicant))
        whole = example
        for place, other, _ in swapped:
            whole = _with(whole, place, other)
        if not swapped or not is_valid(model, whole):
            raise NotConcerned("its form asks for nothing by which it could be seen whose it is")
        usual = await _passed(rig, example)
        judged = usual - await _passed(rig, whole)
        if not judged:
            raise NotConcerned("no verdict follows from whose form it is")
        return [
            f"{written(place)} is another's, and the form is judged like the applicant's own"
            for place, _, form in swapped
            if judged <= await _passed(rig, form)
        ]


def _swapped(
    model: type[Form], example: dict[str, JsonValue], applicant: Applicant
) -> Iterator[tuple[Location, str, dict[str, JsonValue]]]:
    """Each place that says what is known of the applicant, with another's in it, and the form filled in so.

    What is another's has all but its end in common with the applicant's, such as the year of birth, so that the form
    takes it.
    """
    born = applicant.birth_date
    known = {identifier.value: _last_digit_moved(identifier.value) for identifier in applicant.identifiers}
    known[born.isoformat()] = born.replace(day=born.day % _SHORTEST_MONTH + 1).isoformat()
    for place, value in leaves(example):
        if isinstance(value, str) and value in known:
            form = _with(example, place, known[value])
            if is_valid(model, form):
                yield place, known[value], form


def _last_digit_moved(number: str) -> str:
    return f"{number[:-1]}{(int(number[-1]) + 1) % 10}" if number[-1:].isdigit() else number


def _with(form: dict[str, JsonValue], place: Location, value: JsonValue) -> dict[str, JsonValue]:
    filled = with_value(form, place, value)
    assert isinstance(filled, dict)  # noqa: S101 - a form is an object
    return filled


async def _passed(rig: Rig, form: dict[str, JsonValue]) -> frozenset[str]:
    """The criteria that the applicant meets with a form; none where the form is refused.

    Raises:
        PluginFault: The plugin broke down.
    """
    try:
        decision = await rig.platform.check_eligibility(rig.offer, rig.draft.applicant, form=form)
    except PluginFault:
        raise
    except NagorikError:
        return frozenset()
    return frozenset(one.id for one in decision.criteria if one.verdict is Verdict.PASS)
