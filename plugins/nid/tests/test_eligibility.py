from datetime import date
from typing import Any

import pytest

from nagorik.model.application import Applicant
from nagorik.model.eligibility import Eligibility, EligibilityDecision, EligibilityRequest
from nagorik.values import BirthRegistrationNumber, Nid, PersonName
from nagorik_nid.data import DATA
from nagorik_nid.forms import (
    CardRenewalForm,
    CorrectionForm,
    NewVoterForm,
    NidApplicationStatusForm,
    ReissueForm,
    SmartCardStatusForm,
)
from nagorik_nid.plugin import PLUGIN
from nagorik_toolkit import validate_form

TODAY = date(2026, 11, 24)
NID, BRN = "19909910012000001", "19909910000000001"
HOME = {"division": "ঢাকা", "district": "ঢাকা", "upazila": "সাভার", "union_or_ward": "১", "home": "নমুনা রোড"}


def applicant(born: date = date(1990, 1, 31), *, nid: str | None = None, brn: str | None = None) -> Applicant:
    identifiers = (
        *((Nid(value=nid),) if nid else ()),
        *((BirthRegistrationNumber(value=brn),) if brn else ()),
    )
    return Applicant(name=PersonName(en="NAMUNA NAGORIK"), birth_date=born, identifiers=identifiers)


def reissue(**more: Any) -> ReissueForm:
    form = validate_form(ReissueForm, {"birth_date": "1990-01-31", "nid": NID, "reason": "damaged"} | more)
    assert isinstance(form, ReissueForm)
    return form


def new_voter(**more: Any) -> NewVoterForm:
    form = validate_form(
        NewVoterForm,
        {
            "birth_date": "1990-01-31",
            "birth_registration": BRN,
            "name": {"bn": "নমুনা নাগরিক", "en": "NAMUNA NAGORIK"},
            "father_name": "নমুনা পিতা",
            "mother_name": "নমুনা মাতা",
            "mobile": "01300000001",
            "present_address": HOME,
            "permanent_address": HOME,
        }
        | more,
    )
    assert isinstance(form, NewVoterForm)
    return form


async def decide(service: str, citizen: Applicant, form: Any = None, on: date = TODAY) -> EligibilityDecision:
    request = EligibilityRequest(service=service, on=on, applicant=citizen, form=form)
    context: Any = None  # asked by no criterion
    return await PLUGIN.nagorik_check_eligibility(request, context)


def verdicts(decision: EligibilityDecision) -> dict[str, str]:
    return {criterion.id: criterion.verdict.value for criterion in decision.criteria}


@pytest.mark.parametrize(
    ("born", "verdict"),
    [
        (date(2008, 11, 24), "pass"),  # 18 today
        (date(2008, 11, 25), "cannot-tell"),  # 18 tomorrow
        (date(2009, 11, 24), "cannot-tell"),  # 17 today
        (date(2010, 11, 24), "cannot-tell"),  # 16 today
        (date(2010, 11, 25), "fail"),  # 16 tomorrow
        (date(2026, 11, 24), "fail"),  # born today
        (date(2026, 11, 25), "fail"),  # not born yet
        (date(1901, 11, 24), "pass"),  # 125 today
    ],
)
async def test_voter_is_18_and_what_is_between_16_and_18_is_not_known(born: date, verdict: str) -> None:
    assert verdicts(await decide("nid.new-voter", applicant(born)))["voter-age"] == verdict


async def test_leap_day_child_is_18_on_the_first_of_march() -> None:
    born = applicant(date(2008, 2, 29))
    before = await decide("nid.new-voter", born, on=date(2026, 2, 28))
    after = await decide("nid.new-voter", born, on=date(2026, 3, 1))
    assert (verdicts(before)["voter-age"], verdicts(after)["voter-age"]) == ("cannot-tell", "pass")


async def test_new_voter_with_a_birth_registration_is_eligible() -> None:
    decision = await decide("nid.new-voter", applicant(brn=BRN), new_voter())
    assert decision.eligibility is Eligibility.ELIGIBLE
    assert list(verdicts(decision)) == ["voter-age", "no-card-yet", "birth-registration", "own-application"]


async def test_holder_of_a_number_does_not_register_again() -> None:
    decision = await decide("nid.new-voter", applicant(nid=NID, brn=BRN))
    assert decision.eligibility is Eligibility.INELIGIBLE
    assert verdicts(decision)["no-card-yet"] == "fail"


async def test_birth_registration_is_needed_and_of_the_birth_year() -> None:
    assert verdicts(await decide("nid.new-voter", applicant()))["birth-registration"] == "cannot-tell"
    other = applicant(brn=BRN.replace("1990", "1991", 1))
    assert verdicts(await decide("nid.new-voter", other))["birth-registration"] == "fail"


@pytest.mark.parametrize("service", ["nid.reissue", "nid.correction", "nid.migration"])
@pytest.mark.parametrize(
    ("nid", "eligibility"),
    [
        ("0099000001", Eligibility.ELIGIBLE),
        ("9910012000001", Eligibility.ELIGIBLE),
        (NID, Eligibility.ELIGIBLE),
        (NID.replace("1990", "1991", 1), Eligibility.INELIGIBLE),
        (None, Eligibility.INDETERMINATE),
    ],
)
async def test_holder_of_a_card_may_have_it_changed(service: str, nid: str | None, eligibility: Eligibility) -> None:
    assert (await decide(service, applicant(nid=nid))).eligibility is eligibility


async def test_number_in_the_form_is_enough() -> None:
    decision = await decide("nid.reissue", applicant(), reissue())
    assert decision.eligibility is Eligibility.ELIGIBLE


@pytest.mark.parametrize(
    ("applicants", "forms", "verdict"),
    [
        (NID, "9910012000001", "pass"),
        ("9910012000001", NID, "pass"),
        ("0099000001", NID, "pass"),  # only the EC could compare them
        ("0099000001", "0099000002", "fail"),
        (NID, "9910012000002", "fail"),
    ],
)
async def test_form_is_about_the_applicant(applicants: str, forms: str, verdict: str) -> None:
    decision = await decide("nid.reissue", applicant(nid=applicants), reissue(nid=forms))
    assert verdicts(decision)["own-application"] == verdict


async def test_form_with_another_birth_date_is_somebody_elses() -> None:
    decision = await decide("nid.reissue", applicant(date(1990, 2, 1), nid=NID), reissue())
    assert verdicts(decision) == {
        "holds-card": "pass",
        "card-age": "pass",
        "delivery": "pass",
        "own-application": "fail",
    }
    other = await decide("nid.new-voter", applicant(brn=BRN[:-1] + "2"), new_voter())
    assert verdicts(other)["own-application"] == "fail"


async def test_every_age_says_that_nobody_has_checked_it() -> None:
    for year in (1990, 2009, 2020):
        (age, *_) = (await decide("nid.new-voter", applicant(date(year, 1, 1)))).criteria
        assert age.source is not None
        assert not age.source.verified


async def test_ones_own_birth_registration_number_is_no_nid_number() -> None:
    citizen = applicant(nid="0099000001", brn=BRN)
    decision = await decide("nid.reissue", citizen, reissue(nid=BRN))
    assert (verdicts(decision)["holds-card"], verdicts(decision)["nid-number"]) == ("cannot-tell", "fail")
    assert decision.eligibility is Eligibility.INELIGIBLE
    told = " ".join(criterion.text.en for criterion in decision.criteria)
    assert "different years" not in told


async def test_a_birth_registration_number_carried_as_an_nid_is_no_card() -> None:
    assert verdicts(await decide("nid.migration", applicant(nid=BRN, brn=BRN)))["nid-number"] == "fail"


@pytest.mark.parametrize(
    "service", ["nid.reissue", "nid.correction", "nid.migration", "nid.verification", "nid.card-status"]
)
@pytest.mark.parametrize(
    ("born", "verdict"),
    [(date(2021, 1, 1), "fail"), (date(2010, 11, 25), "fail"), (date(2010, 11, 24), "pass")],
)
async def test_nobody_has_a_card_at_five(service: str, born: date, verdict: str) -> None:
    decision = await decide(service, applicant(born, nid="0099000001"))
    assert verdicts(decision)["card-age"] == verdict
    assert decision.eligibility is (Eligibility.ELIGIBLE if verdict == "pass" else Eligibility.INELIGIBLE)


@pytest.mark.parametrize("born", [date(2030, 1, 1), date(1890, 1, 1), date(1, 1, 1)])
@pytest.mark.parametrize("service", ["nid.new-voter", "nid.reissue", "nid.correction", "nid.migration"])
async def test_nobody_unborn_and_nobody_of_136_applies(service: str, born: date) -> None:
    decision = await decide(service, applicant(born, nid="0099000001"))
    assert decision.eligibility is Eligibility.INELIGIBLE
    assert verdicts(decision)["birth-date"] == "fail"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2090-01-01", "future"),
        ("2021-01-01", "too young"),
        ("2010-11-25", "too young"),
        ("2010-11-24", None),
        ("1991-01-31", None),
        ("1900-01-01", "125 years"),
    ],
)
async def test_date_of_birth_that_no_card_can_have_is_told_before_the_fee_is_paid(
    written: str, said: str | None
) -> None:
    changes = [{"field": "birth-date", "value": written}]
    form = validate_form(CorrectionForm, {"birth_date": "1990-01-31", "nid": NID, "changes": changes})
    decision = await decide("nid.correction", applicant(nid=NID), form)
    told = [criterion.text.en for criterion in decision.criteria if criterion.id == "corrected-birth-date"]
    assert (len(told), all(str(said) in text for text in told)) == (1 if said else 0, True)
    assert decision.eligibility is (Eligibility.INELIGIBLE if said else Eligibility.ELIGIBLE)


@pytest.mark.parametrize(("delivery", "days"), [("regular", "30"), ("urgent", "7")])
async def test_working_days_are_told_with_who_says_so(delivery: str, days: str) -> None:
    decision = await decide("nid.reissue", applicant(nid=NID), reissue(delivery=delivery))
    told = next(criterion for criterion in decision.criteria if criterion.id == "delivery")
    assert f"about {days} working days" in told.text.en
    assert told.source is not None
    assert ("narayanganj" in told.source.title, told.source.verified) == (True, False)


def renewal(issued_on: str | None) -> CardRenewalForm:
    form = validate_form(CardRenewalForm, {"birth_date": "1990-01-31", "nid": NID, "issued_on": issued_on})
    assert isinstance(form, CardRenewalForm)
    return form


@pytest.mark.parametrize(
    ("issued_on", "verdict", "said"),
    [
        ("2011-11-24", "pass", "valid for 15 years, until 24 November 2026"),
        ("2011-11-25", "pass", "until 25 November 2026, and the law also lets you renew it earlier"),
        ("2026-11-24", "pass", "until 24 November 2041"),
        ("2026-11-25", "fail", "in the future"),
        ("2006-01-31", "pass", "until 31 January 2021"),
        ("2006-01-30", "fail", "before you were 16"),
        (None, "cannot-tell", "valid for 15 years"),
    ],
)
async def test_card_is_renewed_before_and_after_its_end(issued_on: str | None, verdict: str, said: str) -> None:
    decision = await decide("nid.renewal", applicant(nid=NID), renewal(issued_on))
    told = next(criterion for criterion in decision.criteria if criterion.id == "card-validity")
    assert (told.verdict.value, said in told.text.en) == (verdict, True)


async def test_renewal_without_a_form_cannot_tell_how_old_the_card_is() -> None:
    decision = await decide("nid.renewal", applicant(nid=NID))
    assert verdicts(decision) == {"holds-card": "pass", "card-age": "pass", "card-validity": "cannot-tell"}


async def test_application_is_asked_about_by_its_form_number() -> None:
    assert verdicts(await decide("nid.application-status", applicant())) == {"form-number": "cannot-tell"}
    form = validate_form(NidApplicationStatusForm, {"birth_date": "1990-01-31", "form_number": "0000000042"})
    decision = await decide("nid.application-status", applicant(), form)
    assert verdicts(decision) == {"form-number": "pass", "own-application": "pass"}
    other = await decide("nid.application-status", applicant(date(1990, 2, 1)), form)
    assert verdicts(other)["own-application"] == "fail"


async def test_card_is_asked_about_by_a_number_that_is_known() -> None:
    assert verdicts(await decide("nid.card-status", applicant()))["card-number"] == "cannot-tell"
    assert verdicts(await decide("nid.card-status", applicant(nid=NID)))["card-number"] == "pass"
    by_form = validate_form(SmartCardStatusForm, {"birth_date": "1990-01-31", "form_number": "0000000042"})
    decision = await decide("nid.card-status", applicant(), by_form)
    assert verdicts(decision) == {"card-number": "pass", "card-age": "pass", "own-application": "pass"}
    by_nid = validate_form(SmartCardStatusForm, {"birth_date": "1990-01-31", "nid": NID})
    others = await decide("nid.card-status", applicant(nid=NID[:-1] + "2"), by_nid)
    assert verdicts(others)["own-application"] == "fail"


async def test_every_criterion_says_where_it_is_from() -> None:
    for decision in (
        await decide("nid.renewal", applicant(nid=NID), renewal("2011-11-24")),
        await decide("nid.renewal", applicant(nid=NID), renewal("2026-11-25")),
        await decide("nid.application-status", applicant()),
        await decide("nid.card-status", applicant()),
        await decide("nid.new-voter", applicant(brn=BRN), new_voter()),
        await decide("nid.reissue", applicant(nid=NID), reissue()),
        await decide("nid.migration", applicant()),
    ):
        assert all(criterion.source is not None for criterion in decision.criteria)


@pytest.mark.parametrize("day", [date(1990, 1, 1), date(2026, 11, 24), date(2090, 1, 1)])
def test_every_day_has_its_rules_and_none_is_verified(day: date) -> None:
    assert {DATA.rules.on(day)[name].source.verified for name in DATA.rules.names()} == {False}
