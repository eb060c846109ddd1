"""The passport is asked about through the platform, and whatever is no clear answer cannot be told."""

from datetime import date
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nagorik import Accepted, AgencyStatus, ApplicationState, Deliverable, Rejected, Text, Verdict
from nagorik.manifest import parse_manifest
from nagorik.model.eligibility import Criterion, EligibilityRequest
from nagorik.model.submission import AskedAnswer, NotAsked, WhyNotAsked
from nagorik_bmet.data import DATA
from nagorik_bmet.forms import RegistrationForm
from nagorik_bmet.passport import VALIDITY, VERIFICATION, last_day, months_later, valid_passport
from nagorik_bmet.simulator import BmetSimulator
from nagorik_testing import InjectedResponse, ServiceDesk, SyntheticCitizens
from nagorik_toolkit import read_texts, validate_form

CITIZEN = SyntheticCitizens().citizen(7)
TODAY = date(2026, 11, 24)
SERVICES = ("bmet.registration", "bmet.clearance")
OFFICE = read_texts("nagorik_passport")
"""The passport office's own sentences, which are shown as they are."""
VERIFY = "POST /sim/epassport/api/v1/lookups/passports"


class Standing:
    """Stands for the call's context: a passport office with one answer."""

    def __init__(self, answer: AskedAnswer) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    async def ask(self, service: str, form: Any) -> AskedAnswer:
        self.asked.append((service, dict(form)))
        return self.answer


def accepted(*deliverables: Deliverable) -> Accepted:
    status = AgencyStatus(state=ApplicationState.DELIVERED, raw="VALID", deliverables=deliverables, final=True)
    return Accepted(reference="ENQ-1", status=status)


def until(day: str | None) -> Accepted:
    return accepted(Deliverable(kind=VALIDITY, delivery="none", reference=day))


async def judged(answer: AskedAnswer, on: date = TODAY) -> Criterion:
    form = validate_form(RegistrationForm, dict(BmetSimulator().example("bmet.registration", CITIZEN).form))
    request = EligibilityRequest(service="bmet.registration", on=on, applicant=CITIZEN.applicant(), form=form)
    context: Any = Standing(answer)
    found = await valid_passport(request, context)
    born = CITIZEN.birth_date.isoformat()
    assert context.asked == [(VERIFICATION, {"passport_no": "A00000007", "birth_date": born})]
    return found


@pytest.mark.parametrize(
    ("on", "day", "verdict"),
    [
        (TODAY, "2027-05-23", Verdict.FAIL),
        (TODAY, "2027-05-24", Verdict.PASS),
        (TODAY, "2027-05-25", Verdict.PASS),
        (date(2026, 8, 31), "2027-02-27", Verdict.FAIL),
        (date(2026, 8, 31), "2027-02-28", Verdict.PASS),
        (date(2027, 8, 31), "2028-02-28", Verdict.FAIL),
        (date(2027, 8, 31), "2028-02-29", Verdict.PASS),
    ],
)
async def test_six_months_or_more(on: date, day: str, verdict: Verdict) -> None:
    assert (await judged(until(day), on)).verdict is verdict


async def test_a_no_carries_the_passport_offices_own_sentence() -> None:
    reason = Text(en="It was reported lost.", bn="হারানো বলে জানানো হয়েছে।")
    found = await judged(Rejected(reason_code="passport.cancelled", reason=reason))
    assert found.verdict is Verdict.FAIL
    assert reason.en in found.text.en
    assert reason.bn in found.text.bn


@pytest.mark.parametrize("because", WhyNotAsked)
async def test_every_way_of_not_knowing_has_a_sentence_of_its_own(because: WhyNotAsked) -> None:
    found = await judged(NotAsked(because=because))
    others = [await judged(NotAsked(because=other)) for other in WhyNotAsked if other is not because]
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.text.bn not in {other.text.bn for other in others}
    assert "৬ মাস" in found.text.bn


@pytest.mark.parametrize(
    "answer",
    [
        accepted(),
        until(None),
        until("30/06/2031"),
        until(""),
        accepted(Deliverable(kind="something-else", delivery="none", reference="2031-06-30")),
        accepted(*until("2031-06-30").status.deliverables, *until("2027-01-01").status.deliverables),
    ],
)
async def test_an_answer_without_one_day_cannot_be_told(answer: Accepted) -> None:
    assert (await judged(answer)).verdict is Verdict.CANNOT_TELL


@given(st.text(max_size=30))
def test_whatever_stands_for_the_day_is_read_or_not(written: str) -> None:
    day = last_day(until(written))
    assert day is None or day == date.fromisoformat(written)


@given(st.dates(max_value=date(9990, 1, 1)), st.integers(0, 60))
def test_months_later_is_the_same_day_or_the_months_last(day: date, months: int) -> None:
    later = months_later(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later.day < day.day and later == months_later(later, 0))


async def criteria(
    desk: ServiceDesk[BmetSimulator], service: str, *asks: str, serial: int = 7
) -> dict[str, Criterion]:
    desk.citizen = SyntheticCitizens().citizen(serial)
    decision = await desk.platform.check_eligibility(
        service, desk.citizen.applicant(), form=desk.form(service), consent=desk.consent(service, asks=asks)
    )
    return {criterion.id: criterion for criterion in decision.criteria}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("serial", "verdict", "words"),
    [
        (7, Verdict.PASS, Text(en="30 June 2031", bn="৩০ জুন ২০৩১")),
        (9000, Verdict.FAIL, Text(en="31 January 2027", bn="৩১ জানুয়ারি ২০২৭")),
        (9100, Verdict.FAIL, OFFICE.text("passport.expired")),
        (9200, Verdict.FAIL, OFFICE.text("passport.cancelled")),
        (9300, Verdict.FAIL, OFFICE.text("passport.not-found")),
    ],
)
async def test_beside_the_installed_passport_office(
    both: ServiceDesk[BmetSimulator], service: str, serial: int, verdict: Verdict, words: Text
) -> None:
    found = (await criteria(both, service, VERIFICATION, serial=serial))["passport"]
    assert found.verdict is verdict
    assert (words.en in found.text.en, words.bn in found.text.bn) == (True, True)
    assert both.beside["passport"].ledger.effects() == ()


@pytest.mark.parametrize(("on", "verdict"), [(date(2030, 12, 31), Verdict.PASS), (date(2031, 1, 1), Verdict.FAIL)])
async def test_the_day_of_the_question_counts(both: ServiceDesk[BmetSimulator], on: date, verdict: Verdict) -> None:
    decision = await both.platform.check_eligibility(
        "bmet.registration",
        CITIZEN.applicant(),
        form=both.form("bmet.registration"),
        on=on,
        consent=both.consent("bmet.registration", asks=(VERIFICATION,)),
    )
    assert {one.id: one.verdict for one in decision.criteria}["passport"] is verdict


async def test_nobody_is_asked_without_consent(both: ServiceDesk[BmetSimulator]) -> None:
    found = (await criteria(both, "bmet.registration"))["passport"]
    assert (found.verdict, DATA.texts.text("passport.no-consent").en in found.text.en) == (Verdict.CANNOT_TELL, True)
    assert both.beside["passport"].ledger.requests() == ()


async def test_a_passport_office_that_is_down_says_nothing_about_the_passport(
    both: ServiceDesk[BmetSimulator],
) -> None:
    both.beside["passport"].faults.add(VERIFY, InjectedResponse(status=503), count=None)
    found = (await criteria(both, "bmet.registration", VERIFICATION))["passport"]
    assert (found.verdict, DATA.texts.text("passport.unavailable").en in found.text.en) == (Verdict.CANNOT_TELL, True)


@pytest.mark.parametrize("service", SERVICES)
async def test_without_a_passport_office_only_the_passport_cannot_be_told(
    desk: ServiceDesk[BmetSimulator], both: ServiceDesk[BmetSimulator], service: str
) -> None:
    alone, beside = [await criteria(one, service, VERIFICATION) for one in (desk, both)]
    assert alone.pop("passport").verdict is Verdict.CANNOT_TELL
    assert beside.pop("passport").verdict is Verdict.PASS
    assert alone == beside


async def test_the_orientation_asks_nobody(both: ServiceDesk[BmetSimulator]) -> None:
    assert "passport" not in await criteria(both, "bmet.orientation", VERIFICATION)
    assert both.beside["passport"].ledger.requests() == ()


@pytest.mark.parametrize("service", SERVICES)
async def test_before_a_number_is_given_nobody_is_asked(both: ServiceDesk[BmetSimulator], service: str) -> None:
    decision = await both.platform.check_eligibility(
        service, CITIZEN.applicant(), consent=both.consent(service, asks=(VERIFICATION,))
    )
    found = {one.id: one for one in decision.criteria}["passport"]
    assert (found.verdict, DATA.texts.text("passport.to-be-given").en in found.text.en) == (Verdict.CANNOT_TELL, True)
    assert both.beside["passport"].ledger.requests() == ()


def test_whoever_looks_at_the_passport_says_whom_it_asks() -> None:
    manifest = parse_manifest(files("nagorik_bmet").joinpath("plugin.toml").read_bytes())
    asks = {service.id: service.asks for service in manifest.services if service.asks}
    assert asks == dict.fromkeys(SERVICES, (VERIFICATION,))


@pytest.mark.parametrize("because", WhyNotAsked)
def test_every_reason_for_no_answer_has_its_sentence(because: WhyNotAsked) -> None:
    assert DATA.texts.text(f"passport.{because.value}").bn


def test_no_month_is_later_than_the_last() -> None:
    assert months_later(date(9999, 12, 1), 6) == date.max
    assert months_later(date(9999, 6, 30), 6) == date(9999, 12, 30)


async def test_a_question_for_the_last_day_of_all_is_answered() -> None:
    assert (await judged(until("9999-12-31"), date.max)).verdict is Verdict.PASS
