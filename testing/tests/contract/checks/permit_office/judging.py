"""Hooks that judge without the facts, on the wrong day or against another's answer; and some that are right."""

from datetime import date, timedelta
from typing import Any

from nagorik import (
    Criterion,
    EligibilityDecision,
    FieldProblem,
    InputRejected,
    NotAsked,
    Rejected,
    Text,
    Verdict,
    hookimpl,
)
from nagorik_toolkit.bangladesh import age_on
from permit_office.plugin import Context, Hooks, criterion

ASKED = "registry.check"
"""A service of another plugin."""


class Judging(Hooks):
    """Judges by one criterion more."""

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        right = await super().nagorik_check_eligibility(request)
        return EligibilityDecision(criteria=(*right.criteria, self.judged(request)))

    def judged(self, request: Any) -> Criterion:
        raise NotImplementedError


class WantsNumber(Judging):
    def judged(self, request):
        return criterion("number", Verdict.FAIL if request.applicant.nid is None else Verdict.PASS)


class AssumesWomen(Judging):
    def judged(self, request):
        return criterion("women", Verdict.FAIL if request.applicant.sex in {"male", "other"} else Verdict.PASS)


class AssumesQuiet(Judging):
    def judged(self, request):
        return criterion("quiet", Verdict.FAIL if getattr(request.form, "loud", None) else Verdict.PASS)


class AsksSex(Judging):
    """Right: women only, and who they are is not known of everybody; nobody over 120 is asked."""

    def judged(self, request):
        verdict = {None: Verdict.CANNOT_TELL, "female": Verdict.PASS}.get(request.applicant.sex, Verdict.FAIL)
        return criterion("women", verdict)


class ByAge(Judging):
    """Judges by age alone."""

    says, first = 21, 21

    def judged(self, request):
        born = request.applicant.birth_date
        on = request.on - self.late
        grown = born <= on and age_on(born, on) >= self.first
        text = Text(bn=f"বয়স কমপক্ষে {self.says}", en=f"{self.says} years or more")
        return Criterion(id="years", verdict=Verdict.PASS if grown else Verdict.FAIL, text=text)

    late = timedelta(0)


class ADayLate(ByAge):
    late = timedelta(days=1)


class AYearLate(ByAge):
    first = 22


class ToTheEndOfTheYear(Judging):
    """Right: says up to which age, the year of it included."""

    def judged(self, request):
        born = request.applicant.birth_date
        young = born > request.on or age_on(born, request.on) <= 59
        text = Text(bn="৫৯ বছর পর্যন্ত", en="Up to 59 years")
        return Criterion(id="years", verdict=Verdict.PASS if young else Verdict.FAIL, text=text)


class Asks(Hooks):
    """Right: judges by what another service answers."""

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any, context: Context) -> EligibilityDecision:
        answer = await context.ask(ASKED, {"name": "x"})
        return EligibilityDecision(criteria=(criterion("registered", self.verdict(answer)),))

    def verdict(self, answer: Any) -> Verdict:
        if isinstance(answer, NotAsked):
            return Verdict.CANNOT_TELL
        return Verdict.FAIL if isinstance(answer, Rejected) else Verdict.PASS


class BelievesSilence(Asks):
    def verdict(self, answer):
        return Verdict.FAIL if isinstance(answer, Rejected) else Verdict.PASS


class Shrugs(Asks):
    def verdict(self, answer):
        return Verdict.CANNOT_TELL if isinstance(answer, Rejected) else super().verdict(answer)


class FirstAnswer(Asks):
    """Keeps what was answered first, whoever asks."""

    kept: Any = None

    def verdict(self, answer):
        self.kept = self.kept or answer
        return super().verdict(self.kept)


class OwnForm(Judging):
    """Right: the birth date and the number are the applicant's."""

    def judged(self, request):
        form = request.form
        holds = form is None or self.is_own(form.birth_date, form.nid, request.applicant)
        return criterion("own", Verdict.PASS if holds else Verdict.FAIL)

    def is_own(self, born: date, nid: Any, applicant: Any) -> bool:
        return born == applicant.birth_date and nid == applicant.nid


class OwnByBirth(OwnForm):
    def is_own(self, born, nid, applicant):
        return born == applicant.birth_date


class OwnByEither(OwnForm):
    def is_own(self, born, nid, applicant):
        return born == applicant.birth_date or nid == applicant.nid


class OwnAlways(OwnForm):
    """Says that every application is the applicant's own."""

    def is_own(self, born, nid, applicant):
        return True


class RefusesStrangers(OwnForm):
    """Right: refuses the question itself."""

    def judged(self, request):
        right = super().judged(request)
        if right.verdict is Verdict.FAIL:
            raise InputRejected([FieldProblem(pointer="/form/nid", code="permit.not-yours", text=right.text)])
        return right
