"""Criteria of eligibility from a plugin's sentences and dated rules.

The sentences of a criterion are ``<id>.pass``, ``<id>.fail`` and ``<id>.cannot-tell`` in the plugin's texts.
"""

from datetime import date
from typing import Final

from nagorik.model.application import Applicant
from nagorik.model.eligibility import Criterion, EligibilityRequest, Verdict
from nagorik.model.fee import Source
from nagorik.values import BirthRegistrationNumber, Nid
from nagorik.values.sentences import Text
from nagorik_toolkit.bangladesh import age_on
from nagorik_toolkit.fields import filled_sentence
from nagorik_toolkit.rules import DatedRules
from nagorik_toolkit.texts import Fill, TextCatalogue

OLDEST: Final = 125
"""Whole years that no person lives beyond: 122 is the most on record. An earlier birth is a slip of the pen."""
OWN_CHECK: Final = Source(
    title="Nagorik's own comparison of the form with what is known of the applicant; no rule of an agency",
    verified=False,
)
"""Where a criterion stands on no agency's rule."""


class Criteria:
    """Makes criteria for one plugin."""

    def __init__(self, texts: TextCatalogue, rules: DatedRules) -> None:
        self._texts = texts
        self._rules = rules

    def criterion(
        self,
        name: str,
        holds: Verdict | bool | None,  # noqa: FBT001 - the verdict is what is asked for
        *,
        source: Source | None = None,
        **fills: Fill,
    ) -> Criterion:
        """A criterion whose verdict the plugin found: ``None`` is that it is not known.

        ``fills`` are put into the sentence of that verdict where it has places for them.

        Raises:
            KeyError: There is no sentence for this verdict; a fault of the plugin.
        """
        verdict = _verdict(holds)
        code = f"{name}.{verdict.value}"
        wanted = self._texts.placeholders(code) if code in self._texts else frozenset()
        text = self._texts.text(code, **{place: fill for place, fill in fills.items() if place in wanted})
        return Criterion(id=name, verdict=verdict, text=text, source=source)

    def age(
        self,
        name: str,
        request: EligibilityRequest,
        *,
        at_least: str | None = None,
        at_most: str | None = None,
    ) -> Criterion:
        """Whether the applicant's age, by the day of the request, lies within rules: as ``age_of``."""
        return self.age_of(name, request.applicant.birth_date, request.on, at_least=at_least, at_most=at_most)

    def age_of(
        self, name: str, born: date, on: date, *, at_least: str | None = None, at_most: str | None = None
    ) -> Criterion:
        """Whether the age of who was born on a day, in whole years, lies within rules of whole years on another.

        Both bounds are allowed ages: ``at_most`` a rule of 65 takes everyone until the day before the 66th
        birthday, and ``at_least`` one of 18 takes everyone from the 18th birthday on. "Under 18" is ``at_most`` 17.
        Where a rule is not known on that day, the verdict is ``cannot-tell``. The sentences may name the bounds as
        ``{at_least}`` and ``{at_most}``; the sentence of ``cannot-tell`` may not.
        """
        rules = self._rules.on(on)
        low, high = (None if rule is None else rules.find(rule) for rule in (at_least, at_most))
        if (at_least and low is None) or (at_most and high is None):
            return self.criterion(name, None)
        age = age_on(born, on) if born <= on else -1
        young = low is not None and age < low.as_int
        old = high is not None and age > high.as_int
        bounds = {place: rule.as_int for place, rule in (("at_least", low), ("at_most", high)) if rule is not None}
        broken = high if old and not young else low or high
        holds = age >= 0 and not young and not old
        return self.criterion(name, holds, source=broken.source if broken else None, **bounds)

    def given(self, name: str, *values: object, source: Source | None = None) -> Criterion:
        """Whether at least one of the numbers or papers that do is there.

        Without one the verdict is ``cannot-tell``: the host may just not know of it.
        """
        return self.criterion(name, True if any(value is not None for value in values) else None, source=source)


def birth_problem(born: date, on: date) -> Text | None:
    """Why no applicant of the day ``on`` can have been born on ``born``; ``None`` where one can."""
    if born > on:
        return filled_sentence("birth-date.to-come")
    return filled_sentence("birth-date.too-long-ago", most=OLDEST) if age_on(born, on) > OLDEST else None


def is_birth_registration(nid: Nid, *registrations: BirthRegistrationNumber | None) -> bool:
    """Whether what is given as an NID number is one of these birth registration numbers.

    Both may have 17 digits of one layout; only the person's own birth registration number gives it away.
    """
    return any(registration is not None and registration.value == nid.value for registration in registrations)


def contradictions(request: EligibilityRequest, *nids: Nid | None) -> tuple[Criterion, ...]:
    """What cannot be so of anybody, each as a failed criterion; nothing where nothing contradicts itself.

    ``birth-date``: the applicant is not born yet on the day of the request, or would be older than ``OLDEST``.
    ``nid-number``: one of ``nids`` is the applicant's own birth registration number.
    """
    applicant = request.applicant
    found: list[Criterion] = []
    problem = birth_problem(applicant.birth_date, request.on)
    if problem is not None:
        found.append(Criterion(id="birth-date", verdict=Verdict.FAIL, text=problem, source=OWN_CHECK))
    if any(nid is not None and is_birth_registration(nid, applicant.birth_registration) for nid in nids):
        text = filled_sentence("nid-number.is-birth-registration")
        found.append(Criterion(id="nid-number", verdict=Verdict.FAIL, text=text, source=OWN_CHECK))
    return tuple(found)


def is_about(
    applicant: Applicant,
    *,
    birth_date: date,
    nid: Nid | None = None,
    birth_registration: BirthRegistrationNumber | None = None,
) -> bool:
    """Whether a form is about its applicant, as far as two spellings of a number can be compared.

    NID numbers of 10 digits cannot be compared with others: only the Election Commission knows which is which of 17.
    One of 13 digits is the one of 17 without the year of birth.
    """
    known, registered = applicant.nid, applicant.birth_registration
    another_nid = nid is not None and known is not None and not _may_be_same(nid, known)
    another_birth = birth_registration is not None and registered is not None and birth_registration != registered
    return birth_date == applicant.birth_date and not another_nid and not another_birth


def _may_be_same(one: Nid, other: Nid) -> bool:
    if (one.kind == "smart") != (other.kind == "smart"):
        return True
    return one.value.endswith(other.value) or other.value.endswith(one.value)


def _verdict(holds: Verdict | bool | None) -> Verdict:  # noqa: FBT001 - as above
    if isinstance(holds, Verdict):
        return holds
    if holds is None:
        return Verdict.CANNOT_TELL
    return Verdict.PASS if holds else Verdict.FAIL
