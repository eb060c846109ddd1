"""What the agency answers about who may apply, held against what a citizen is told of it: word by word."""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from nagorik import NagorikError, PluginFault, Verdict
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import UNHEARD_OF, example_form, leaves, requests_made, with_value
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.faults.kinds import InjectedResponse
from nagorik_testing.simulator.base import VerdictAnswer

_MEANT: Final = {True: Verdict.PASS, False: Verdict.FAIL, None: Verdict.CANNOT_TELL}
_OK: Final = 200

ToldVerdicts = Mapping[str, Verdict]
"""What is told, by criterion."""


@check("eligibility/as-the-agency-says")
async def _as_the_agency_says(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        answers = rig.simulator.verdict_answers(offer.id)
        if not answers:
            raise NotConcerned("the simulator says of no answer what it means for who may apply")
        before = len(requests_made(rig))
        await _told(rig)
        asked = requests_made(rig, before)
        if not asked:
            return ["the agency says who may apply, and is not asked"]
        met = [await _told_after(rig, asked[-1], answer.document) for answer in answers]
        unknown = [await _told_after(rig, asked[-1], document) for document in _with_unheard_of(answers)]
    deciding = {name for told in met for name in told if len({other[name] for other in met if name in other}) > 1}
    if not deciding:
        return ["whatever the agency answers, the same is told"]
    wrong = [
        f"{name}: {told[name].value}, where the agency answers {answer.name}"
        for answer, told in zip(answers, met, strict=True)
        for name in sorted(deciding & told.keys())
        if told[name] is not _MEANT[answer.means]
    ]
    if any(told.get(name) is Verdict.PASS for told in unknown for name in deciding):
        wrong.append("a word that nobody knows is taken for a yes")
    return wrong


def _with_unheard_of(answers: Sequence[VerdictAnswer]) -> list[JsonValue]:
    """The first answer with a word that nobody knows in each place where the answers differ."""
    first, *others = (dict(leaves(answer.document)) for answer in answers)
    return [
        with_value(answers[0].document, place, UNHEARD_OF)
        for place, value in first.items()
        if isinstance(value, str) and any(other.get(place) != value for other in others)
    ]


async def _told_after(rig: Rig, step: str, document: JsonValue) -> ToldVerdicts:
    """What is told where the agency answers so; nothing where the question ends in an error."""
    rig.simulator.faults.add(step, InjectedResponse(status=_OK, document=document))
    try:
        return await _told(rig)
    finally:
        rig.simulator.faults.clear()


async def _told(rig: Rig) -> ToldVerdicts:
    try:
        decision = await rig.platform.check_eligibility(rig.offer, rig.draft.applicant, form=rig.draft.form)
    except PluginFault:
        raise
    except NagorikError:
        return {}
    return {criterion.id: criterion.verdict for criterion in decision.criteria}
