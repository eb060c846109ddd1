"""Observer 5, clock: who may apply, asked for chosen people, ages and forms, each question a row for the rules."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from typing import Final, NamedTuple, get_args

from pydantic import JsonValue

from nagorik import Applicant, Criterion, EligibilityDecision, Form, NagorikError, PluginFault, Verdict
from nagorik.manifest import AnyOffer
from nagorik.values import BirthRegistrationNumber, Nid, dhaka_date
from nagorik_testing.contract.checks.answers.variations import DAY
from nagorik_testing.contract.checks.check import NotConcerned
from nagorik_testing.contract.checks.filing import ANOTHER
from nagorik_testing.contract.checks.inspection import form_of, leaves, written
from nagorik_testing.contract.form_fields import is_valid, placed
from nagorik_testing.contract.form_fillings import optional_parts, without
from nagorik_testing.contract.form_variations import variations_of
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject
from nagorik_testing.simulator.citizens import SyntheticCitizens

Verdicts = Mapping[str, Criterion]
"""What is said of a citizen, by criterion."""

OTHERS: Final = 7
"""Citizens who are asked about beside the example's."""
AGES: Final = (0, 16, 17, 18, 19, 20, 65, 66)
"""Years at which a rule of some agency changes, and a citizen born today."""
AGES_WITH_A_FORM: Final = (5, 12, 17, 19, 70, 90)
LIVES: Final = (5, 19, 30, 70)
"""Ages, in years, at which it is asked what follows from a fact that is not known."""
SEXES: Final = ("female", "male", "other")
LEAP_BIRTHS: Final = (date(1960, 2, 29), date(2008, 2, 29))


class Asker(NamedTuple):
    """Of whom it is asked, with which form if any."""

    who: str
    """As a report names them."""
    applicant: Applicant
    form: Mapping[str, JsonValue] | None = None

    def born(self, day: date) -> "Asker":
        """The same, born on another day; a form that names the birth date names that one."""
        usual, form = self.applicant.birth_date.isoformat(), dict(self.form or {})
        for place in [place for place, value in leaves(form) if value == usual]:
            form = placed(form, place, day.isoformat())
        applicant = self.applicant.model_copy(update={"birth_date": day})
        return Asker(self.who, applicant, None if self.form is None else form)

    def without_form(self) -> "Asker":
        """The same, before the form is filled in."""
        return self._replace(form=None)

    def with_facts(self, **facts: object) -> "Asker":
        """The same, of whom other facts are known."""
        return self._replace(applicant=self.applicant.model_copy(update=facts))


async def decide(rig: Rig, asker: Asker) -> EligibilityDecision:
    """Ask whether somebody may apply.

    Raises:
        NagorikError: The question is refused, or the plugin breaks down.
    """
    form = None if asker.form is None else dict(asker.form)
    return await rig.platform.check_eligibility(rig.offer, asker.applicant, form=form)


async def verdicts(rig: Rig, asker: Asker) -> Verdicts:
    """What is said of somebody; nothing where the question itself is refused.

    Raises:
        PluginFault: The plugin breaks down.
    """
    try:
        return {one.id: one for one in (await decide(rig, asker)).criteria}
    except PluginFault:
        raise
    except NagorikError:
        return {}


def ended(said: Verdicts, *ends: Verdict) -> frozenset[str]:
    """The criteria that end so."""
    return frozenset(name for name, one in said.items() if one.verdict in ends)


def differing(one: Verdicts, other: Verdicts) -> frozenset[str]:
    """The criteria that both name, and that end differently."""
    return frozenset(name for name in one.keys() & other.keys() if one[name].verdict is not other[name].verdict)


def the_example(rig: Rig) -> Asker:
    """The example's citizen, with their form."""
    return Asker("the example", rig.draft.applicant, rig.draft.form)


def another(rig: Rig, serial: int) -> Asker:
    """Another citizen, with their form; ``serial`` from 0 on."""
    example = rig.simulator.example(rig.offer, SyntheticCitizens().citizen(ANOTHER + serial))
    return Asker("another citizen", example.applicant, dict(example.form))


def everybody(subject: Subject, offer: AnyOffer, rig: Rig) -> Iterator[Asker]:
    """Who has no identifier, or was born about a birthday; and, with a form, children, the old, and who left gaps."""
    usual, today = the_example(rig), dhaka_date(rig.clock.now())
    yield bare(usual)
    birthdays = [(age, years_before(today, age)) for age in AGES]
    days = [day + step * DAY for age, day in birthdays for step in (-1, 0, 1) if age or step < 1]
    for day in (*days, *LEAP_BIRTHS):
        yield usual.without_form()._replace(who=f"a citizen born on {day}").born(day)
    for age in AGES_WITH_A_FORM:
        yield usual._replace(who=f"a citizen of {age}").born(years_before(today, age))
    with suppress(NotConcerned):
        model = form_of(subject, offer)
        for place in optional_parts(rig.draft.form):
            if is_valid(model, left := without(rig.draft.form, place)):
                yield usual._replace(who=f"a citizen without {written(place)}", form=left)


def bare(usual: Asker) -> Asker:
    """Somebody of whom nothing is known but name and birth date, before the form is filled in."""
    return Asker("a citizen without identifiers", usual.applicant).with_facts(identifiers=(), phone=None, sex=None)


def years_before(day: date, years: int) -> date:
    """The birth date of who is so many years old since ``day``; 1 March for a leap day that the year has not."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 3, 1)


def with_choices(subject: Subject, offer: AnyOffer, rig: Rig) -> list[Asker]:
    """The example's citizen without a form, with theirs, and with each other choice in it."""
    usual = the_example(rig)
    askers = [usual.without_form()]
    with suppress(NotConcerned):
        model = form_of(subject, offer)
        chosen = [field[0] for field in variations_of(model, rig.draft.form) if field[0].is_choice]
        askers += [usual, *(usual._replace(form=one.form) for one in chosen)]
    return askers


class Fact(NamedTuple):
    """Something that the platform may not know, or that a form may leave out."""

    name: str
    known: list[Asker]
    """Who state it, one way and the other."""
    unknown: Asker
    may_fail: bool = False
    """Whether a criterion may fail for want of it."""


def facts_of(subject: Subject, offer: AnyOffer, rig: Rig) -> Iterator[Fact]:
    """Each identifier, the sex at several ages, and each yes or no that a form leaves open."""
    today = dhaka_date(rig.clock.now())
    for asker in with_choices(subject, offer, rig):
        for one in asker.applicant.identifiers:
            rest = tuple(other for other in asker.applicant.identifiers if other != one)
            name = "the NID number" if one == asker.applicant.nid else "another number"
            yield Fact(name, [asker], asker.with_facts(identifiers=rest))
        for someone in (asker, *(asker.born(years_before(today, age)) for age in LIVES)):
            yield Fact("the sex", [someone.with_facts(sex=sex) for sex in SEXES], someone.with_facts(sex=None))
        if asker.form is None:
            continue
        model = form_of(subject, offer)
        for name in _yes_or_no(model):
            left = {key: value for key, value in asker.form.items() if key != name}
            forms = [left, {**left, name: True}, {**left, name: False}]
            if all(is_valid(model, form) for form in forms):
                unknown, *known = [asker._replace(form=form) for form in forms]
                yield Fact(name, known, unknown, may_fail=True)


def _yes_or_no(model: type[Form]) -> Iterator[str]:
    """Fields that say yes, no or nothing."""
    for name, field in model.model_fields.items():
        if not field.is_required() and field.annotation in (bool | None, bool) and field.get_default() is None:
            yield name


def asks_for_a_number(subject: Subject, offer: AnyOffer) -> bool:
    """Whether the form cannot do without an identifier."""
    with suppress(NotConcerned):
        fields = form_of(subject, offer).model_fields.values()
        return any(_names_identifier(field.annotation) for field in fields if field.is_required())
    return False


def _names_identifier(annotation: object) -> bool:
    # Compared and not looked up in a set: an annotation's metadata need not be hashable.
    named = annotation is Nid or annotation is BirthRegistrationNumber
    return named or any(_names_identifier(one) for one in get_args(annotation))
