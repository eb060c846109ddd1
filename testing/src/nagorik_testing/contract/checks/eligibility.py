"""Rules about who may apply: everybody has an answer, from what is known, and it changes on the day it should."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import date, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from nagorik import (
    Accepted,
    AgencyRejected,
    AgencyUnavailable,
    Criterion,
    Eligibility,
    EligibilityDecision,
    NagorikError,
    Pending,
    PluginFault,
    Rejected,
    SubmissionResult,
    Text,
    Verdict,
)
from nagorik.manifest import AnyOffer, PublicService
from nagorik.values import dhaka_date, to_ascii_digits
from nagorik_testing.contract.asked_services.answers import beside_asked, hooks
from nagorik_testing.contract.checks.answers.variations import DAY
from nagorik_testing.contract.checks.asked_verdicts import (
    OTHERS,
    Asker,
    Verdicts,
    another,
    asks_for_a_number,
    bare,
    decide,
    differing,
    ended,
    everybody,
    facts_of,
    the_example,
    verdicts,
    with_choices,
    years_before,
)
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import example_form, record_of, wrong_scripts
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.fixtures.canaries import canary_values, count_leaks

GROWN: Final = 18
GRID: Final = (0, 4, 8, 12, 16, 17, 18, 20, 22, 25, 30, 35, 40, 45, 55, 62, 65, 70, 90)
"""Ages, in years, between which a change of a verdict is sought."""
FORMS: Final = 5
"""Questions whose verdicts are looked at by age: without a form, with the example's, and with other choices."""
_HALF: Final = timedelta(days=182)
_NUMBER: Final = re.compile(r"[0-9]+")
_ENDED: Final = {Verdict.PASS: "passed", Verdict.FAIL: "failed"}


@check("eligibility/answered")
async def _answered_to_all(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        example, secrets = the_example(rig), canary_values(rig.citizen)
        usual = {
            with_form: await decide(rig, one) for with_form, one in ((True, example), (False, example.without_form()))
        }
        for decision in usual.values():
            wrong += _badly_said(decision, secrets)
        for asker in everybody(subject, offer, rig):
            try:
                decision = await decide(rig, asker)
            except NagorikError as error:
                if asker.form is None or isinstance(error, PluginFault):
                    return [*wrong, f"{asker.who} is answered with {error.code}"]
                continue  # a form that is refused is refused field by field
            wrong += _badly_said(decision, secrets)
            if _ids(decision) != _ids(usual[asker.form is not None]):
                filled = "" if asker.form is None else ", who has filled in the form,"
                wrong.append(f"{asker.who}{filled} is judged by other criteria than the example")
        return wrong + [f"asking leaves at the agency: {kind}" for kind in sorted(rig.effects())]


def _badly_said(decision: EligibilityDecision, secrets: tuple[str, ...]) -> list[str]:
    names = [criterion.id for criterion in decision.criteria]
    wrong = [f"the criterion {name} is named twice" for name in names if names.count(name) > 1]
    for criterion in decision.criteria:
        wrong += wrong_scripts(f"the criterion {criterion.id}", criterion.text)
        if count_leaks(f"{criterion.text.bn} {criterion.text.en}", secrets):
            wrong.append(f"the text of the criterion {criterion.id} repeats what the citizen wrote")
    return wrong


def _ids(decision: EligibilityDecision) -> frozenset[str]:
    return frozenset(criterion.id for criterion in decision.criteria)


@check("eligibility/example-may-apply")
async def _example_may_apply(subject: Subject, offer: AnyOffer) -> list[str]:
    refused = "the agency accepts the example, and the plugin refuses it"
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        for asker, when in (
            (the_example(rig), ""),
            (the_example(rig).without_form(), " before the form is filled in"),
        ):
            if failed := _failed(await decide(rig, asker)):
                return [f"{refused}{when}: {failed}"]
    for serial in range(OTHERS):
        async with open_rig(subject, offer.id) as rig:
            asker = another(rig, serial)
            # What another citizen would fill in need not fit with the rest of the example.
            with suppress(NagorikError):
                failed = _failed(await decide(rig, asker))
                draft = rig.draft.model_copy(update={"applicant": asker.applicant, "form": asker.form})
                if failed and isinstance(await rig.platform.submit(draft, rig.references), Accepted):
                    return [f"the agency accepts another citizen's, and the plugin refuses it: {failed}"]
    return []


def _failed(decision: EligibilityDecision) -> str:
    return ", ".join(criterion.id for criterion in decision.criteria if criterion.verdict is Verdict.FAIL)


@check("eligibility/each-by-itself")
async def _each_by_itself(subject: Subject, offer: AnyOffer) -> list[str]:
    """What is said of some people first as they are and then as newborn, and of others the other way round.

    No verdict of the one kind among those of the other means that the order decides, and none of the people does.
    """
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        day = dhaka_date(rig.clock.now())
        # Without a form, since what is filled in may name another birth date.
        others = (another(rig, serial) for serial in range(OTHERS))
        people = [one.without_form() for one in (the_example(rig), *others)]
        pairs = [(one, one.born(day - DAY)) for one in people]
        forth = [await _said(rig, *pair) for pair in pairs[::2]]
        back = [await _said(rig, *pair[::-1]) for pair in pairs[1::2]]
        if not any(said[::-1] in back for said in forth):
            return ["a citizen is told otherwise for what was said of the same number before"]
        of_age = [one.born(years_before(day, GROWN) + DAY) for one in people]
        await _said(rig, *of_age[::2])
        rig.advance(timedelta(days=2))
        known, new = await _said(rig, *of_age[::2]), await _said(rig, *of_age[1::2])
    if not any(said in new for said in known):
        return ["a citizen who was asked about two days ago is told what was true then"]
    return []


async def _said(rig: Rig, *askers: Asker) -> list[list[tuple[str, Verdict]]]:
    return [[(name, one.verdict) for name, one in (await verdicts(rig, asker)).items()] for asker in askers]


@check("eligibility/nothing-assumed")
async def _nothing_assumed(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        if asks_for_a_number(subject, offer):
            decision = await decide(rig, bare(the_example(rig)))
            if decision.eligibility is Eligibility.ELIGIBLE:
                wrong.append("a citizen of whom no identifier is known is told that every criterion is met")
        for fact in facts_of(subject, offer, rig):
            known, unknown = [await verdicts(rig, one) for one in fact.known], await verdicts(rig, fact.unknown)
            decided = ended(unknown, Verdict.PASS) if fact.may_fail else ended(unknown, *_ENDED)
            decided &= frozenset[str]().union(*(differing(unknown, one) for one in known))
            wrong += [f"{name}: {_ENDED[unknown[name].verdict]}, {fact.name} not known" for name in sorted(decided)]
    return wrong


@check("eligibility/at-birthdays")
async def _at_birthdays(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        askers = with_choices(subject, offer, rig)[:FORMS]
        women = [asker.with_facts(sex="female") for asker in askers]
        people = [*women, askers[0].with_facts(sex="male")]
        return [problem for one in people async for problem in _by_age(rig, one)]


async def _by_age(rig: Rig, asker: Asker) -> AsyncIterator[str]:
    """What is wrong at the ages at which a verdict about somebody changes."""
    today = dhaka_date(rig.clock.now())

    async def born(day: date) -> Verdicts:
        return await verdicts(rig, asker.born(day))

    # In the middle of a year of life; between two ages that differ, each year is looked at.
    mid = {age: await born(years_before(today, age) - _HALF) for age in GRID}
    apart = [range(low + 1, high) for low, high in pairwise(GRID) if differing(mid[low], mid[high])]
    mid |= {age: await born(years_before(today, age) - _HALF) for ages in apart for age in ages}
    for (_, younger), (age, older) in pairwise(sorted(mid.items())):
        if not (changed := differing(younger, older)):
            continue
        day = years_before(today, age)
        # Who was born a day before the birthday's date had it yesterday.
        yesterday, on_it, tomorrow, after = [await born(day + step * DAY) for step in (-1, 0, 1, 2)]
        for name in sorted(changed):
            if name in differing(on_it, yesterday) - differing(yesterday, older):
                yield f"{name}: told otherwise only on the day after the birthday {age}"
            elif name in differing(tomorrow, after) - differing(tomorrow, older):
                yield f"{name}: told otherwise on the day before the birthday {age}"
            elif name in differing(tomorrow, on_it) and _misnamed(age, younger[name], older[name]):
                yield f"{name}: told otherwise from the birthday {age} on, and its text names another age"


def _misnamed(age: int, younger: Criterion, older: Criterion) -> bool:
    """Whether texts name a neighbour of the age at which a verdict changes, and not that age.

    Who may do something to the end of a year of their life may be told that year or the next.
    """
    texts = " ".join(f"{one.text.bn} {one.text.en}" for one in (younger, older))
    named = set(map(int, _NUMBER.findall(to_ascii_digits(texts))))
    right = {age} if older.verdict is Verdict.PASS else {age, age - 1}
    return not named & right and bool(named & {min(right) - 1, age + 1})


@check("eligibility/as-answered")
async def _as_answered(subject: Subject, offer: AnyOffer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    if not offer.asks:
        raise NotConcerned("it asks no other service")
    wrong, asked = list[str](), 0
    for service in offer.asks:
        async with open_rig(beside_asked(subject, record_of(subject), offer.asks), offer.id) as rig:
            example_form(rig)
            hooks.asked = 0
            # A no before and after the others: what is kept of one question answers the next.
            refused = await _answered(rig, service, _NO)
            others = {how: await _answered(rig, service, answer) for how, answer in _UNANSWERED.items()}
            again = await _answered(rig, service, _NO)
            asked += hooks.asked
        silent = next(iter(others.values()))
        noes = [ended(said, Verdict.FAIL) & differing(silent, said) for said in (refused, again)]
        if hooks.asked and (not noes[0] or noes[0] != noes[1]):
            wrong.append(f"{service} answers no, and it decides nothing")
        for how, said in others.items() if hooks.asked else ():
            settled = ended(said, *_ENDED) & (noes[0] | noes[1]) | ended(said, Verdict.PASS) & differing(
                refused, said
            )
            wrong += [f"{name}: {_ENDED[said[name].verdict]}, {service} {how}" for name in sorted(settled)]
    if not asked:
        raise NotReachable("with the form of the example, none of the services that it may ask is asked")
    return wrong


_NO: Final = Rejected(reason_code="contract-test", reason=Text(bn="না", en="No"))
_UNANSWERED: Final[Mapping[str, SubmissionResult | NagorikError | None]] = MappingProxyType(
    {
        "not asked": None,
        "answering later": Pending(reference="CONTRACT-0001"),
        "refusing the question": AgencyRejected("contract-test"),
        "out of reach": AgencyUnavailable(),
    }
)


async def _answered(rig: Rig, service: str, answer: SubmissionResult | NagorikError | None) -> Verdicts:
    """What is said where another service answers so; ``None`` for a citizen who allows no question."""
    hooks.answer = answer
    consent = rig.draft.consent
    assert consent is not None  # noqa: S101 - a rig's citizen consents
    allowed = consent.model_copy(update={"asks": frozenset({service} if answer is not None else ())})
    decision = await rig.platform.check_eligibility(
        rig.offer, rig.draft.applicant, form=rig.draft.form, consent=allowed
    )
    return {criterion.id: criterion for criterion in decision.criteria}
