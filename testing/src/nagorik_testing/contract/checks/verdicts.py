"""Whether each verdict follows from what is known, and changes when it should."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue

from nagorik import (
    AgencyRejected,
    AgencyUnavailable,
    Applicant,
    Criterion,
    Form,
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
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.eligibility import years_before
from nagorik_testing.contract.checks.inspection import example_form, form_of, leaves, record_of, with_value
from nagorik_testing.contract.form_fields import is_valid
from nagorik_testing.contract.form_variations import variations_of
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable

SEXES: Final = ("female", "male", "other")
LIVES: Final = (5, 19, 30, 70)
"""Ages, in years, at which it is asked what follows from a fact that is not known."""
GRID: Final = (0, 4, 8, 12, 16, 17, 18, 20, 22, 25, 30, 35, 40, 45, 55, 62, 65, 70, 90)
"""Ages, in years, between which a change of a verdict is sought."""
CHOICES: Final = 3
"""Forms with another choice that ages are looked at with, beside the example's."""
_HALF: Final = timedelta(days=182)
_NUMBER: Final = re.compile(r"[0-9]+")

VerdictsTold = Mapping[str, Criterion]
"""What is told of a citizen, by criterion."""


@dataclass(frozen=True, slots=True, repr=False)
class EligibilityQuestion:
    """A form with which somebody asks, or none, on one rig."""

    rig: Rig
    form: Mapping[str, JsonValue] | None

    async def told(self, applicant: Applicant) -> VerdictsTold:
        """What is told of a citizen; nothing where the question itself is refused.

        A form that names the example's birth date names this citizen's.

        Raises:
            PluginFault: The plugin broke down.
        """
        form: JsonValue = None if self.form is None else dict(self.form)
        usual = self.rig.draft.applicant.birth_date.isoformat()
        for place, value in leaves(form):
            if value == usual and applicant.birth_date.isoformat() != usual:
                form = with_value(form, place, applicant.birth_date.isoformat())
        given = form if isinstance(form, dict) else None
        try:
            decision = await self.rig.platform.check_eligibility(self.rig.offer, applicant, form=given)
        except PluginFault:
            raise
        except NagorikError:
            return {}
        return {criterion.id: criterion for criterion in decision.criteria}


def _askings(rig: Rig, model: type[Form] | None) -> Iterator[EligibilityQuestion]:
    """Without a form, with the example's, and with other choices in it."""
    yield EligibilityQuestion(rig, None)
    if model is None:
        return
    yield EligibilityQuestion(rig, rig.draft.form)
    chosen = [field[0] for field in variations_of(model, rig.draft.form) if field[0].is_choice]
    yield from (EligibilityQuestion(rig, variation.form) for variation in chosen)


def _model_of(subject: Subject, offer: AnyOffer) -> type[Form] | None:
    try:
        return form_of(subject, offer)
    except NotConcerned:
        return None


@check("eligibility/nothing-assumed")
async def _nothing_assumed(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    model = _model_of(subject, offer)
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        today = dhaka_date(rig.clock.now())
        for asking in _askings(rig, model):
            usual = await asking.told(rig.draft.applicant)
            for fact, bare in _without_identifier(rig.draft.applicant):
                unknown = await asking.told(bare)
                wrong += [f"{one}: passed once {fact} is not known" for one in _turned(usual, unknown, Verdict.PASS)]
                wrong += [f"{one}: failed for want of {fact}" for one in _turned(usual, unknown, Verdict.FAIL)]
            for born in (rig.draft.applicant.birth_date, *(years_before(today, age) for age in LIVES)):
                someone = rig.draft.applicant.model_copy(update={"birth_date": born})
                known = [await asking.told(someone.model_copy(update={"sex": sex})) for sex in SEXES]
                unknown = await asking.told(someone.model_copy(update={"sex": None}))
                wrong += [f"{one}: {_ENDED[end]}, the sex not known" for one, end in _decided(known, unknown)]
        if model is not None:
            wrong += [problem async for problem in _unsaid(rig, model)]
    return list(dict.fromkeys(wrong))


_ENDED: Final = {Verdict.PASS: "passed", Verdict.FAIL: "failed"}


def _without_identifier(applicant: Applicant) -> Iterator[tuple[str, Applicant]]:
    """The applicant without each identifier, one after another."""
    for one in applicant.identifiers:
        rest = tuple(other for other in applicant.identifiers if other != one)
        kind = "the NID number" if one == applicant.nid else "another number"
        yield kind, applicant.model_copy(update={"identifiers": rest})


def _turned(usual: VerdictsTold, unknown: VerdictsTold, to: Verdict) -> Iterator[str]:
    """Criteria that end so, and did not end so before."""
    for name, criterion in unknown.items():
        if criterion.verdict is to and name in usual and usual[name].verdict is not to:
            yield name


def _decided(known: list[VerdictsTold], unknown: VerdictsTold) -> Iterator[tuple[str, Verdict]]:
    """Criteria that are decided for somebody of whom a fact is not known, and otherwise for some who state it."""
    for name, criterion in unknown.items():
        end = criterion.verdict
        if end in _ENDED and any(name in told and told[name].verdict is not end for told in known):
            yield name, end


async def _unsaid(rig: Rig, model: type[Form]) -> AsyncIterator[str]:
    """What is passed though a yes or no was left out of the form, and fails where it is given."""
    bases = [dict(rig.draft.form)]
    fields = variations_of(model, rig.draft.form)
    bases += [dict(variation.form) for field in fields if field[0].is_choice for variation in field[:1]]
    for name in _yes_or_no(model):
        for base in bases:
            left_out = {key: value for key, value in base.items() if key != name}
            forms = [left_out, {**base, name: True}, {**base, name: False}]
            if not all(is_valid(model, form) for form in forms):
                continue
            unknown, *known = [await EligibilityQuestion(rig, form).told(rig.draft.applicant) for form in forms]
            for criterion, end in _decided(known, unknown):
                if end is Verdict.PASS:
                    yield f"{criterion}: passed, {name} not said"


def _yes_or_no(model: type[Form]) -> Iterator[str]:
    """Fields that say yes, no or nothing."""
    for name, field in model.model_fields.items():
        if not field.is_required() and field.get_default(call_default_factory=False) is None:
            with_it = field.annotation
            if with_it in (bool | None, bool):
                yield name


@check("eligibility/at-birthdays")
async def _at_birthdays(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    model = _model_of(subject, offer)
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        for asking in list(_askings(rig, model))[: 2 + CHOICES]:
            for sex in ("female", "male") if asking.form is None else ("female",):
                ages = _Ages(asking, rig.draft.applicant.model_copy(update={"sex": sex}))
                wrong += [problem async for problem in ages.problems()]
    return list(dict.fromkeys(wrong))


@dataclass(slots=True, repr=False)
class _Ages:
    """One citizen, born on other days."""

    asking: EligibilityQuestion
    applicant: Applicant

    async def problems(self) -> AsyncIterator[str]:
        """What is wrong at the ages at which a verdict changes."""
        told = {age: await self._mid(age) for age in GRID}
        for low, high in pairwise(GRID):
            for name in [name for name in told[low] if self._differ(told[low], told[high], name)]:
                before, after = low, high
                while after - before > 1:
                    middle = (before + after) // 2
                    if middle not in told:
                        told[middle] = await self._mid(middle)
                    if self._differ(told[low], told[middle], name):
                        after = middle
                    else:
                        before = middle
                async for problem in self._change(name, after, told[before], told[after]):
                    yield problem

    @property
    def _today(self) -> date:
        return dhaka_date(self.asking.rig.clock.now())

    async def _born(self, born: date) -> VerdictsTold:
        return await self.asking.told(self.applicant.model_copy(update={"birth_date": born}))

    async def _mid(self, age: int) -> VerdictsTold:
        """In the middle of that year of life."""
        return await self._born(years_before(self._today, age) - _HALF)

    @staticmethod
    def _differ(one: VerdictsTold, other: VerdictsTold, name: str) -> bool:
        return name in one and name in other and one[name].verdict is not other[name].verdict

    async def _change(self, name: str, age: int, younger: VerdictsTold, older: VerdictsTold) -> AsyncIterator[str]:
        """What is wrong with a verdict that changes between ``age`` less a half and ``age`` and a half."""
        birthday, day = years_before(self._today, age), timedelta(days=1)
        # Who was born a day before the birthday's date had it yesterday.
        yesterday, on_it = await self._born(birthday - day), await self._born(birthday)
        tomorrow = await self._born(birthday + day)
        if self._differ(on_it, yesterday, name) and not self._differ(yesterday, older, name):
            yield f"{name}: told otherwise only on the day after the birthday {age}"
        elif self._differ(tomorrow, await self._born(birthday + 2 * day), name) and not self._differ(
            tomorrow, older, name
        ):
            yield f"{name}: told otherwise on the day before the birthday {age}"
        elif self._differ(tomorrow, on_it, name) and _misnamed(age, younger[name], older[name]):
            yield f"{name}: told otherwise from the birthday {age} on, and its text names another age"


def _misnamed(age: int, younger: Criterion, older: Criterion) -> bool:
    """Whether texts name a neighbour of the age at which a verdict changes, and not that age.

    Who may do something to the end of a year of their life may be told that year or the next.
    """
    named = {
        int(number)
        for one in (younger, older)
        for text in (one.text.bn, one.text.en)
        for number in _NUMBER.findall(to_ascii_digits(text))
    }
    right = {age} if older.verdict is Verdict.PASS else {age, age - 1}
    return not named & right and bool(named & {min(right) - 1, age + 1})


@check("eligibility/as-answered")
async def _as_answered(subject: Subject, offer: AnyOffer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    if not offer.asks:
        raise NotConcerned("it asks no other service")
    wrong, asked = list[str](), 0
    for service in offer.asks:
        beside = beside_asked(subject, record_of(subject), offer.asks)
        async with open_rig(beside, offer.id) as rig:
            example_form(rig)
            hooks.asked = 0
            # A no before and after the others: what is kept of one question answers the next.
            refused = await _answered(rig, service, _NO)
            others = {how: await _answered(rig, service, answer) for how, answer in _UNANSWERED.items()}
            again = await _answered(rig, service, _NO)
            if not hooks.asked:
                continue
            asked += hooks.asked
        silent = next(iter(others.values()))
        said_no = {name for told in (refused, again) for name in _turned(silent, told, Verdict.FAIL)}
        if not said_no or said_no - _failed(refused) or said_no - _failed(again):
            wrong.append(f"{service} answers no, and it decides nothing")
        for how, told in others.items():
            settled = sorted(name for name in said_no if told[name].verdict in _ENDED)
            wrong += [f"{name}: {_ENDED[told[name].verdict]}, {service} {how}" for name in settled]
            wrong += [f"{name}: passed, {service} {how}" for name in _turned(refused, told, Verdict.PASS)]
    if not asked:
        raise NotReachable("with the form of the example, none of the services that it may ask is asked")
    return list(dict.fromkeys(wrong))


_NO: Final = Rejected(reason_code="contract-test", reason=Text(bn="না", en="No"))
_UNANSWERED: Final[Mapping[str, SubmissionResult | NagorikError | None]] = MappingProxyType(
    {
        "not asked": None,
        "answering later": Pending(reference="CONTRACT-0001"),
        "refusing the question": AgencyRejected("contract-test"),
        "out of reach": AgencyUnavailable(),
    }
)


async def _answered(rig: Rig, service: str, answer: SubmissionResult | NagorikError | None) -> VerdictsTold:
    """What is told where another service answers so; ``None`` for a citizen who allows no question."""
    hooks.answer = answer
    consent = rig.draft.consent
    assert consent is not None  # noqa: S101 - a rig's citizen consents
    allowed = consent.model_copy(update={"asks": frozenset({service} if answer is not None else ())})
    decision = await rig.platform.check_eligibility(
        rig.offer, rig.draft.applicant, form=rig.draft.form, consent=allowed
    )
    return {criterion.id: criterion for criterion in decision.criteria}


def _failed(told: VerdictsTold) -> frozenset[str]:
    return frozenset(name for name, criterion in told.items() if criterion.verdict is Verdict.FAIL)
