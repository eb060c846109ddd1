"""What a citizen is told about whether they may apply."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Final, get_args

from pydantic import JsonValue

from nagorik import (
    Accepted,
    Applicant,
    ApplicationDraft,
    Eligibility,
    EligibilityDecision,
    Form,
    NagorikError,
    Operation,
    PluginFault,
    Verdict,
)
from nagorik.manifest import AnyOffer
from nagorik.values import BirthRegistrationNumber, Nid, dhaka_date
from nagorik_testing.contract.checks.check import Check, CheckFamily, CheckScope, NotConcerned
from nagorik_testing.contract.checks.filing import ANOTHER
from nagorik_testing.contract.checks.inspection import example_form, form_of, leaves, written, wrong_scripts
from nagorik_testing.contract.form_fields import is_valid, placed
from nagorik_testing.contract.form_fillings import optional_parts, without
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.fixtures.canaries import canary_values, count_leaks
from nagorik_testing.simulator.citizens import SyntheticCitizens

AGES: Final = (0, 16, 17, 18, 19, 20, 65, 66)
"""Years at which a rule of some agency changes, and a citizen born today."""
OTHERS: Final = 7
"""Citizens who are asked about beside the example's."""
GROWN: Final = 18
_AGES_WITH_A_FORM: Final = (5, 12, 17, 19, 70, 90)
_LEAP_BIRTHS: Final = (date(1960, 2, 29), date(2008, 2, 29))


async def _all_reasons(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        decision = await _asked(rig, with_form=True)
        secrets = canary_values(rig.citizen)
    wrong: list[str] = []
    names = [criterion.id for criterion in decision.criteria]
    wrong += [f"the criterion {name} is named twice" for name in set(names) if names.count(name) > 1]
    for criterion in decision.criteria:
        wrong += wrong_scripts(f"the criterion {criterion.id}", criterion.text)
        if count_leaks(f"{criterion.text.bn} {criterion.text.en}", secrets):
            wrong.append(f"the text of the criterion {criterion.id} repeats what the citizen wrote")
    return wrong


async def _example_may_apply(subject: Subject, offer: AnyOffer) -> list[str]:
    refused = "the agency accepts the example, and the plugin refuses it"
    async with open_rig(subject, offer.id) as rig:
        failed = _failed(await _asked(rig, with_form=True))
        early = _failed(await _asked(rig))
    if failed:
        return [f"{refused}: {', '.join(failed)}"]
    if early:
        return [f"{refused} before the form is filled in: {', '.join(early)}"]
    return await _others_may_apply(subject, offer)


def _failed(decision: EligibilityDecision) -> list[str]:
    return [criterion.id for criterion in decision.criteria if criterion.verdict is Verdict.FAIL]


async def _others_may_apply(subject: Subject, offer: AnyOffer) -> list[str]:
    """What is refused to other citizens, of whatever sex, whose application the agency takes in."""
    for serial in range(ANOTHER, ANOTHER + OTHERS):
        async with open_rig(subject, offer.id) as rig:
            draft = _application(rig, serial)
            try:
                decision = await rig.platform.check_eligibility(rig.offer, draft.applicant, form=draft.form)
            except NagorikError:
                continue  # what another citizen would fill in need not fit with the rest of the example
            if (failed := _failed(decision)) and await _is_taken_in(rig, draft):
                return [f"the agency accepts another citizen's, and the plugin refuses it: {', '.join(failed)}"]
    return []


async def _is_taken_in(rig: Rig, draft: ApplicationDraft) -> bool:
    try:
        return isinstance(await rig.platform.submit(draft, rig.references), Accepted)
    except NagorikError:
        return False


async def _boundary_ages(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        usual = _ids(await _asked(rig))
        for born in _birth_dates(dhaka_date(rig.clock.now())):
            applicant = rig.draft.applicant.model_copy(update={"birth_date": born})
            try:
                decision = await rig.platform.check_eligibility(offer.id, applicant)
            except NagorikError as error:
                return [f"a citizen born on {born} is answered with {error.code}"]
            if _ids(decision) != usual:
                return [f"a citizen born on {born} is told other criteria than the example"]
        return await _with_their_forms(rig, form_of(subject, offer))


async def _with_their_forms(rig: Rig, model: type[Form]) -> list[str]:
    """Whether whoever applies at another age, or with a gap in the form, is told as many criteria as the example."""
    usual = _ids(await _asked(rig, with_form=True))
    for who, applicant, form in _others(rig, model):
        try:
            decision = await rig.platform.check_eligibility(rig.offer, applicant, form=form)
        except NagorikError:
            continue  # a form that is refused is refused field by field
        if _ids(decision) != usual:
            return [f"{who}, who has filled in the form, is told other criteria than the example"]
    return []


def _others(rig: Rig, model: type[Form]) -> Iterator[tuple[str, Applicant, dict[str, JsonValue]]]:
    applicant, today = rig.draft.applicant, dhaka_date(rig.clock.now())
    example = dict(rig.draft.form)
    days = [place for place, value in leaves(example) if value == applicant.birth_date.isoformat()]
    for age in _AGES_WITH_A_FORM:
        born, form = years_before(today, age), example
        for place in days:
            form = placed(form, place, born.isoformat())
        yield f"a citizen of {age}", applicant.model_copy(update={"birth_date": born}), form
    for place in optional_parts(example):
        if is_valid(model, left := without(example, place)):
            yield f"a citizen without {written(place)}", applicant, left


def _birth_dates(today: date) -> Iterator[date]:
    for age in AGES:
        birthday = years_before(today, age)
        yield from (birthday - timedelta(days=1), birthday)
        if age:
            yield birthday + timedelta(days=1)
    yield from _LEAP_BIRTHS


def years_before(day: date, years: int) -> date:
    """The birth date of who is so many years old since ``day``; 1 March for a leap day that the year has not."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 3, 1)


async def _bare_applicant(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        usual = _ids(await _asked(rig))
        try:
            decision = await _asked(rig, bare=True)
        except NagorikError as error:
            return [f"a citizen without identifiers is answered with {error.code}"]
    return [] if _ids(decision) == usual else ["a citizen without identifiers is told other criteria"]


async def _unknown_is_no_pass(subject: Subject, offer: AnyOffer) -> list[str]:
    fields = form_of(subject, offer).model_fields.values()
    if not any(_names_identifier(field.annotation) for field in fields if field.is_required()):
        raise NotConcerned("its form asks for no identifier, so that nothing depends on one")
    async with open_rig(subject, offer.id) as rig:
        decision = await _asked(rig, bare=True)
    if decision.eligibility is Eligibility.ELIGIBLE:
        return ["a citizen of whom no identifier is known is told that every criterion is met"]
    return []


def _names_identifier(annotation: object) -> bool:
    # Compared and not looked up in a set: an annotation's metadata need not be hashable.
    named = annotation is Nid or annotation is BirthRegistrationNumber
    return named or any(_names_identifier(one) for one in get_args(annotation))


async def _each_by_itself(subject: Subject, offer: AnyOffer) -> list[str]:
    """What is said of some people first as they are and then as newborn, and of others the other way round.

    No verdict of the one kind among those of the other means that the order decides, and none of the people does.
    """
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        day = dhaka_date(rig.clock.now())
        people = [rig.draft, *(_application(rig, serial) for serial in range(ANOTHER, ANOTHER + OTHERS))]
        newborn = [_born(draft, day - timedelta(days=1)) for draft in people]
        forth = [[await _verdicts(rig, one), await _verdicts(rig, other)] for one, other in _half(people, newborn)]
        back = [[await _verdicts(rig, one), await _verdicts(rig, other)] for one, other in _half(newborn, people, 1)]
        if not any(pair[::-1] in back for pair in forth):
            return ["a citizen is told otherwise for what was said of the same number before"]
        of_age = [_born(draft, years_before(day, GROWN) + timedelta(days=1)) for draft in people]
        for draft in of_age[::2]:
            await _verdicts(rig, draft)
        rig.advance(timedelta(days=2))
        known, new = [[await _verdicts(rig, draft) for draft in each] for each in (of_age[::2], of_age[1::2])]
    if not any(verdict in new for verdict in known):
        return ["a citizen who was asked about two days ago is told what was true then"]
    return []


def _half(
    one: Sequence[ApplicationDraft], other: Sequence[ApplicationDraft], first: int = 0
) -> list[tuple[ApplicationDraft, ApplicationDraft]]:
    """Every second pair."""
    return list(zip(one[first::2], other[first::2], strict=True))


def _application(rig: Rig, serial: int) -> ApplicationDraft:
    """The example of a citizen."""
    example = rig.simulator.example(rig.offer, SyntheticCitizens().citizen(serial))
    return rig.draft.model_copy(update={"applicant": example.applicant, "form": dict(example.form)})


def _born(draft: ApplicationDraft, born: date) -> ApplicationDraft:
    return draft.model_copy(update={"applicant": draft.applicant.model_copy(update={"birth_date": born})})


async def _verdicts(rig: Rig, draft: ApplicationDraft) -> object:
    """The verdict of each criterion, without a form, since what is filled in may name another birth date.

    Raises:
        PluginFault: The plugin broke down, which is told at once and not eight times.
    """
    try:
        decision = await rig.platform.check_eligibility(rig.offer, draft.applicant)
    except PluginFault:
        raise
    except NagorikError as error:
        return error.code
    return [(criterion.id, criterion.verdict) for criterion in decision.criteria]


async def _no_effect(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        await _asked(rig, with_form=True)
        await _asked(rig)
        newborn = _born(rig.draft, dhaka_date(rig.clock.now()))
        for asked in (_asked(rig, bare=True), rig.platform.check_eligibility(offer.id, newborn.applicant)):
            with suppress(NagorikError):  # of which eligibility/no-identifiers and eligibility/boundary-ages tell
                await asked
        done = rig.effects()
    return [f"asking leaves at the agency: {kind}" for kind in sorted(done)]


async def _asked(rig: Rig, *, with_form: bool = False, bare: bool = False) -> EligibilityDecision:
    form = example_form(rig)
    applicant = rig.draft.applicant
    if bare:
        applicant = applicant.model_copy(update={"identifiers": (), "phone": None, "sex": None})
    return await rig.platform.check_eligibility(rig.offer, applicant, form=form if with_form else None)


def _ids(decision: EligibilityDecision) -> frozenset[str]:
    return frozenset(criterion.id for criterion in decision.criteria)


_NEEDS: Final = (Operation.ELIGIBILITY,)

ELIGIBILITY: Final = (
    Check(
        id="eligibility/all-reasons",
        family=CheckFamily.ELIGIBILITY,
        title="every criterion is named once and explained in both scripts",
        why="A citizen who is told one reason at a time comes to the counter once for each.",
        modes=(77,),
        expected="criteria with ids of their own and texts in both scripts that repeat no number and no name",
        fix="Return every criterion with its verdict, with texts from a file of messages.",
        scope=CheckScope.SERVICES,
        needs=_NEEDS,
        examine=_all_reasons,
    ),
    Check(
        id="eligibility/example-may-apply",
        family=CheckFamily.ELIGIBILITY,
        title="who is accepted by the agency is not refused by the plugin",
        why="A rule that is stricter than the agency's turns away citizens who have a right to the service.",
        modes=(75,),
        expected="no criterion fails for the simulator's example, before its form is filled in and after, nor for "
        "another citizen's that the agency accepts",
        fix="Correct the rule, or the example that the simulator gives.",
        scope=CheckScope.SERVICES,
        needs=_NEEDS,
        examine=_example_may_apply,
    ),
    Check(
        id="eligibility/boundary-ages",
        family=CheckFamily.ELIGIBILITY,
        title="citizens at the ages where rules change, and with gaps in the form, are answered",
        why="A birthday on 29 February, or one that is today, ends in an error at the counter.",
        modes=(58,),
        expected="the same criteria on the days around each birthday, for children and for leap-day births, and with "
        "every part of the form that can be left out",
        fix="Compute ages with nagorik_toolkit.bangladesh.dates.age_on, and name a criterion whatever its verdict.",
        scope=CheckScope.SERVICES,
        needs=_NEEDS,
        presupposes=("robustness/stateless",),
        examine=_boundary_ages,
    ),
    Check(
        id="eligibility/no-identifiers",
        family=CheckFamily.ELIGIBILITY,
        title="a citizen without identifiers is answered",
        why="Who has lost every paper asks first of all, and meets an exception.",
        modes=(55, 73),
        expected="the same criteria, whatever becomes of them",
        fix="Answer cannot-tell where an identifier is not known.",
        scope=CheckScope.SERVICES,
        needs=_NEEDS,
        presupposes=("robustness/stateless",),
        examine=_bare_applicant,
    ),
    Check(
        id="eligibility/unknown-is-no-pass",
        family=CheckFamily.ELIGIBILITY,
        title="what is not known is not passed",
        why="A citizen is told to come, pays, and is refused by the agency, which knew what the plugin assumed.",
        modes=(18,),
        expected="at least one criterion that is not passed, where no identifier is known of the citizen",
        fix="Let a criterion pass only on a fact; without one it is cannot-tell.",
        scope=CheckScope.SERVICES,
        needs=_NEEDS,
        examine=_unknown_is_no_pass,
    ),
    Check(
        id="eligibility/each-by-itself",
        family=CheckFamily.ELIGIBILITY,
        title="a verdict is about this citizen today, whoever was asked about before",
        why="A verdict is kept under a number, and who has come of age is refused for the age of last week.",
        modes=(65, 68, 75),
        expected="the same verdicts among people, in whatever order they are asked about, and two days later",
        fix="Judge from request.applicant and request.on; keep no verdict.",
        scope=CheckScope.SERVICES,
        needs=_NEEDS,
        examine=_each_by_itself,
    ),
    Check(
        id="eligibility/no-effect",
        family=CheckFamily.ELIGIBILITY,
        title="asking leaves nothing at the agency",
        why="A question that files something registers citizens who only wanted to know.",
        modes=(1,),
        expected="no effect in the agency's ledger, with a form and without, whoever asks",
        fix="Decide from the request, or with reads alone.",
        scope=CheckScope.SERVICES,
        needs=_NEEDS,
        presupposes=("eligibility/F00-safe",),
        examine=_no_effect,
    ),
)
