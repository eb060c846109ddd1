"""Whose form it is: the birth date and each number of the applicant's are looked at, and no one of them alone."""

from typing import Final

from pydantic import JsonValue

from nagorik import NagorikError, PluginFault, Verdict
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import example_form, form_of, leaves, written
from nagorik_testing.contract.form_fields import is_valid, placed
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig

_SHORTEST_MONTH: Final = 28
"""Days."""


@check("eligibility/each-of-another")
async def _each_of_another(subject: Subject, offer: AnyOffer) -> list[str]:
    model = form_of(subject, offer)
    async with open_rig(subject, offer.id) as rig:
        example, born = example_form(rig), rig.draft.applicant.birth_date
        # Another's has all but its end in common with the applicant's, such as the year of birth: the form takes it.
        numbers = (one.value for one in rig.draft.applicant.identifiers)
        others = {one: f"{one[:-1]}{(int(one[-1]) + 1) % 10}" for one in numbers if one[-1:].isdigit()}
        others[born.isoformat()] = born.replace(day=born.day % _SHORTEST_MONTH + 1).isoformat()
        known = [
            (place, others[value]) for place, value in leaves(example) if isinstance(value, str) and value in others
        ]
        swapped = {place: placed(example, place, other) for place, other in known}
        swapped = {place: form for place, form in swapped.items() if is_valid(model, form)}
        whole = example
        for place, other in known:
            whole = placed(whole, place, other) if place in swapped else whole
        if not swapped or not is_valid(model, whole):
            raise NotConcerned("its form asks for nothing by which it could be seen whose it is")
        usual = await _passed(rig, example)
        judged = usual - await _passed(rig, whole)
        claimed = [name for name in sorted(usual) if "own" in name.split("-")]
        if not judged and claimed:
            return [f"{name}: passed for a form that is another's" for name in claimed]
        if not judged:
            raise NotConcerned("no verdict follows from whose form it is")
        return [
            f"{written(place)} is another's, and the form is judged like the applicant's own"
            for place, form in swapped.items()
            if judged <= await _passed(rig, form)
        ]


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
