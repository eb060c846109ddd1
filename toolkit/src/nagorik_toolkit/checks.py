"""Eligibility as a table: each criterion with the field at which it is put right.

One table serves three questions: whether a citizen may apply, whether a filled-in form may be filed today, and
whether a price may be named for it. The figures stand in ``rules.toml``, each dated and with its source::

    checks = (
        EligibilityCheck("of-age", "birth_date", age(at_least="of-age-from"), FILED, priced=True),
        EligibilityCheck("own-application", "birth_date", own_application),
        EligibilityCheck("licence-valid", "issued_on", in_force("issued_on", "years"), {RENEWAL}, priced=True),
    )

The sentences of a check are ``<id>.pass``, ``<id>.fail`` and, where it may not be known, ``<id>.cannot-tell``: also
where a rule that it needs begins or ends on some day.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias

from nagorik.model.application import Applicant
from nagorik.model.eligibility import Criterion
from nagorik.privacy import Form
from nagorik.values import BirthRegistrationNumber, Nid
from nagorik_toolkit.bangladesh import years_after
from nagorik_toolkit.criteria import OWN_CHECK, Criteria, is_about
from nagorik_toolkit.rules import DatedRules, RulesOnDay


class EligibilityCase(NamedTuple):
    """What a check judges."""

    service: str
    form: Form | None
    """``None`` before the citizen has begun."""
    on: date
    """The day in Dhaka whose rules apply."""
    applicant: Applicant | None
    """``None`` where only a price is asked for."""
    criteria: Criteria
    dated_rules: DatedRules

    @property
    def rules(self) -> RulesOnDay:
        """The rules of the day."""
        return self.dated_rules.on(self.on)

    def field(self, name: str) -> object:
        """A field of the form; ``None`` where there is no form, or where it has no such field.

        Raises:
            FieldMissing: The form is filled in only in part, and this field is not.
        """
        return getattr(self.form, name) if self.form is not None and name in type(self.form).model_fields else None


Judge: TypeAlias = Callable[[str, EligibilityCase], Criterion]
"""Makes the criterion of that id for a case."""


@dataclass(frozen=True, slots=True)
class RuledJudge:
    """A judge that needs rules; on a day on which one of them is not known, neither is its verdict.

    Attributes:
        rules: Their names.
        decide: What decides where all of them are known.
    """

    rules: tuple[str, ...]
    decide: Judge

    def __call__(self, name: str, case: EligibilityCase) -> Criterion:
        """The criterion of that id for a case."""
        if any(case.rules.find(rule) is None for rule in self.rules):
            return case.criteria.criterion(name, None)
        return self.decide(name, case)


def always(_: EligibilityCase) -> bool:
    """Every case is judged."""
    return True


@dataclass(frozen=True, slots=True)
class EligibilityCheck:
    """One criterion.

    Attributes:
        id: The criterion's, such as ``of-age``. Checks share one where their cases differ, each with its own field.
        field: The form's field at which it is put right.
        judge: What decides it.
        services: The services that have it; every service of the plugin where it is empty.
        priced: Whether no price is named for a form that fails it: the form alone must decide it then.
        where: Which cases have it; of all others it is not mentioned.
        sentences: The verdicts that have a sentence; one that it never has needs none.
    """

    id: str
    field: str
    judge: Judge
    services: Collection[str] = ()
    priced: bool = False
    where: Callable[[EligibilityCase], bool] = always
    sentences: Collection[str] = ("pass", "fail")

    def is_for(self, service: str) -> bool:
        """Whether a service has it."""
        return not self.services or service in self.services


def age(*, at_least: str | None = None, at_most: str | None = None) -> Judge:
    """The applicant's age in whole years within rules of whole years, both bounds allowed ages (``Criteria.age_of``).

    For a price, where there is no applicant, it is the age of the form's ``birth_date``.
    """

    def judge(name: str, case: EligibilityCase) -> Criterion:
        born = case.applicant.birth_date if case.applicant else case.field("birth_date")
        if not isinstance(born, date):
            return case.criteria.criterion(name, None)
        return case.criteria.age_of(name, born, case.on, at_least=at_least, at_most=at_most)

    return RuledJudge(tuple(rule for rule in (at_least, at_most) if rule is not None), judge)


def own_application(name: str, case: EligibilityCase) -> Criterion:
    """Whether the form's ``birth_date``, ``nid`` and ``birth_registration``, where it has them, are the applicant's.

    Two numbers are compared as far as they can be (``is_about``).
    """
    born, nid, registration = case.field("birth_date"), case.field("nid"), case.field("birth_registration")
    same = None
    if case.applicant is not None and isinstance(born, date):
        same = is_about(
            case.applicant,
            birth_date=born,
            nid=nid if isinstance(nid, Nid) else None,
            birth_registration=registration if isinstance(registration, BirthRegistrationNumber) else None,
        )
    return case.criteria.criterion(name, same, source=OWN_CHECK)


def in_force(field: str, years_rule: str) -> Judge:
    """Whether what began on the day in ``field`` holds: for the rule's years, to the day before the anniversary.

    An anniversary of 29 February is 1 March. What begins on a later day does not hold yet.
    """

    def judge(name: str, case: EligibilityCase) -> Criterion:
        rule, begun = case.rules[years_rule], case.field(field)
        holds = begun <= case.on < years_after(begun, rule.as_int) if isinstance(begun, date) else None
        return case.criteria.criterion(name, holds, source=rule.source, years=rule.as_int)

    return RuledJudge((years_rule,), judge)


def at_hand(field: str, rule: str) -> Judge:
    """Whether the citizen has a document: says yes in ``field``, or lists what the check is named after in it."""

    def judge(name: str, case: EligibilityCase) -> Criterion:
        said = case.field(field)
        holds = name in said if isinstance(said, tuple) else said if isinstance(said, bool) else None
        return case.criteria.criterion(name, holds, source=case.rules[rule].source)

    return RuledJudge((rule,), judge)
