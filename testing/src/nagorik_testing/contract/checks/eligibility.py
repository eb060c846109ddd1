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
    PluginFault,
    Verdict,
)
from nagorik.manifest import AnyOffer
from nagorik.values import BirthRegistrationNumber, Nid, dhaka_date
from nagorik_testing.contract.checks.check import NotConcerned, check
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


@check("eligibility/all-reasons")
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


@check("eligibility/example-may-apply")
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


@check("eligibility/boundary-ages")
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


@check("eligibility/no-identifiers")
async def _bare_applicant(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        usual = _ids(await _asked(rig))
        try:
            decision = await _asked(rig, bare=True)
        except NagorikError as error:
            return [f"a citizen without identifiers is answered with {error.code}"]
    return [] if _ids(decision) == usual else ["a citizen without identifiers is told other criteria"]


@check("eligibility/unknown-is-no-pass")
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


@check("eligibility/each-by-itself")
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


@check("eligibility/no-effect")
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
