"""The rules at each boundary: the day before, the day, the day after."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nagorik.model.eligibility import Criterion, EligibilityRequest, Verdict
from nagorik.privacy import Form
from nagorik.values import BirthRegistrationNumber, PersonName
from nagorik_passport.data import DATA
from nagorik_passport.forms import NewPassportForm, ReissueForm
from nagorik_passport.plugin import PLUGIN
from nagorik_passport.simulator import PassportSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_toolkit import validate_form

TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)
CITIZEN = SyntheticCitizens().citizen(7)
PASS, FAIL, CANNOT_TELL = Verdict.PASS, Verdict.FAIL, Verdict.CANNOT_TELL
NUMBERS = ("nid", "birth_registration", "father_nid", "mother_nid")


def born_years_ago(years: int, on: date = TODAY) -> date:
    return on.replace(year=on.year - years)


def filled(born: date, service: str = "passport.new", **more: Any) -> Form:
    form = {
        key: value for key, value in PassportSimulator().example(service, CITIZEN).form.items() if key not in NUMBERS
    }
    model = ReissueForm if service == "passport.reissue" else NewPassportForm
    return validate_form(model, {**form, "birth_date": born.isoformat(), **more})


def judged(born: date, form: Form | None = None, on: date = TODAY, **applicant: Any) -> dict[str, Criterion]:
    changed = {"birth_date": born, "identifiers": (), **applicant}
    service = "passport.reissue" if isinstance(form, ReissueForm) else "passport.new"
    request = EligibilityRequest(
        service=service, on=on, applicant=CITIZEN.applicant().model_copy(update=changed), form=form
    )
    return {criterion.id: criterion for criterion in PLUGIN.judge(request)}


def nid_of(born: date) -> str:
    return f"{born.year}9910000000007"


def registration_of(born: date) -> str:
    return f"{born.year}9910000000007"


@pytest.mark.parametrize(
    ("born", "allowed"),
    [
        (born_years_ago(18) + DAY, False),
        (born_years_ago(18), True),
        (born_years_ago(18) - DAY, True),
        (born_years_ago(20), True),
        (born_years_ago(65), True),
        (born_years_ago(66) + DAY, True),
        (born_years_ago(66), False),
        (born_years_ago(66) - DAY, False),
    ],
)
@pytest.mark.parametrize("booklet", [(48, 10), (64, 5), (64, 10)])
def test_booklets_but_the_smallest_are_for_18_to_65(born: date, allowed: bool, booklet: tuple[int, int]) -> None:
    form = filled(born, pages=booklet[0], validity_years=booklet[1])
    assert judged(born, form)["booklet"].verdict is (PASS if allowed else FAIL)
    assert judged(born)["booklet"].verdict is (PASS if allowed else CANNOT_TELL)


@pytest.mark.parametrize("years", [0, 5, 17, 18, 65, 66, 90])
def test_smallest_booklet_is_for_everybody(years: int) -> None:
    born = born_years_ago(years)
    assert judged(born, filled(born))["booklet"].verdict is PASS


@given(st.dates(date(1930, 1, 1), date(2026, 11, 24)), st.dates(date(2025, 2, 18), date(2040, 12, 31)))
def test_booklet_follows_from_the_birthdays_alone(born: date, on: date) -> None:
    form = filled(born, validity_years=10)
    allowed = birthday(born, 18) <= on < birthday(born, 66)
    assert judged(born, form, on=on)["booklet"].verdict is (PASS if allowed else FAIL)


def birthday(born: date, age: int) -> date:
    """The first of March stands in for a leap day that a year does not have."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


@pytest.mark.parametrize(
    ("day", "allowed"), [(date(2026, 2, 28), False), (date(2026, 3, 1), True), (date(2028, 2, 29), True)]
)
def test_a_leap_day_child_is_18_on_the_first_of_march(day: date, allowed: bool) -> None:
    born = date(2008, 2, 29)
    form = filled(born, validity_years=10)
    assert judged(born, form, on=day)["booklet"].verdict is (PASS if allowed else FAIL)


@pytest.mark.parametrize(
    ("born", "given", "verdict"),
    [
        (born_years_ago(18) + DAY, "birth_registration", FAIL),
        (born_years_ago(18) + DAY, "birth_registration father_nid", PASS),
        (born_years_ago(18) + DAY, "birth_registration mother_nid", PASS),
        (born_years_ago(18) + DAY, "nid", FAIL),
        (born_years_ago(18) + DAY, "father_nid mother_nid", FAIL),
        (born_years_ago(18), "birth_registration", PASS),
        (born_years_ago(18), "nid", PASS),
        (born_years_ago(18), "father_nid", FAIL),
        (born_years_ago(20), "birth_registration", PASS),
        (born_years_ago(21) + DAY, "birth_registration", PASS),
        (born_years_ago(21), "birth_registration", FAIL),
        (born_years_ago(21), "nid", PASS),
        (born_years_ago(21) - DAY, "birth_registration", FAIL),
        (born_years_ago(66), "nid", PASS),
        (born_years_ago(66), "", FAIL),
    ],
)
def test_identity_document_by_age(born: date, given: str, verdict: Verdict) -> None:
    numbers = {
        "nid": nid_of(born),
        "birth_registration": registration_of(born),
        "father_nid": "0099000001",
        "mother_nid": "0099000002",
    }
    form = filled(born, **{name: numbers[name] for name in given.split()})
    assert judged(born, form)["identity-document"].verdict is verdict


def test_a_mission_may_take_a_birth_registration_from_an_adult() -> None:
    born = born_years_ago(30)
    form = filled(born, place="mission", office="Riyadh", birth_registration=registration_of(born))
    assert judged(born, form)["identity-document"].verdict is CANNOT_TELL


@pytest.mark.parametrize("years", [10, 18, 20, 21, 66])
def test_without_a_form_a_number_that_is_not_known_is_no_fail(years: int) -> None:
    assert judged(born_years_ago(years))["identity-document"].verdict is CANNOT_TELL


def test_without_a_form_known_numbers_count() -> None:
    known = CITIZEN.applicant().identifiers
    assert judged(born_years_ago(30), identifiers=known)["identity-document"].verdict is PASS
    assert judged(born_years_ago(18), identifiers=known[1:])["identity-document"].verdict is PASS
    assert judged(born_years_ago(21), identifiers=known[1:])["identity-document"].verdict is CANNOT_TELL
    assert judged(born_years_ago(17), identifiers=known)["identity-document"].verdict is CANNOT_TELL


@pytest.mark.parametrize(
    ("years", "booklet", "words"),
    [
        (30, (64, 10), "between 18 and 65, so you can choose any"),
        (70, (48, 5), "this passport: 48 pages, 5 years"),
        (70, (64, 5), "under 18 or over 65, you can only get a 48-page passport for 5 years"),
    ],
)
def test_the_booklet_is_told_with_the_figures_of_the_rules(years: int, booklet: tuple[int, int], words: str) -> None:
    born = born_years_ago(years)
    text = judged(born, filled(born, pages=booklet[0], validity_years=booklet[1]))["booklet"].text
    assert words in text.en
    sentences = [
        DATA.texts.text(code, **dict.fromkeys(DATA.texts.placeholders(code), 7)) for code in DATA.texts.codes()
    ]
    assert [one.en for one in sentences if "48" in one.en or "18" in one.en or "65" in one.en] == []


def test_only_a_mission_is_said_to_take_the_birth_registration_of_an_adult() -> None:
    born = born_years_ago(30)
    at_home = judged(born, filled(born, nid=nid_of(born)))["identity-document"].text
    abroad = judged(born, filled(born, place="mission", office="Rome", nid=nid_of(born)))["identity-document"].text
    assert ("mission" in at_home.en, "missions" in abroad.en, "মিশন" in at_home.bn) == (False, True, False)


@pytest.mark.parametrize(
    ("born", "words"), [(born_years_ago(6) + DAY, "3R printed photo"), (born_years_ago(6), "taken at the office")]
)
def test_photograph_of_a_small_child_is_brought_along(born: date, words: str) -> None:
    assert words in judged(born)["photograph"].text.en


def test_birth_in_the_future_has_no_document() -> None:
    decision = judged(TODAY + DAY)
    assert (decision["birth-date"].verdict, decision["booklet"].verdict) == (FAIL, CANNOT_TELL)
    assert "what is missing" not in " ".join(criterion.text.en for criterion in decision.values())


@pytest.mark.parametrize("born", [date(2030, 1, 1), date(1890, 1, 1), date(1, 1, 1)])
def test_nobody_unborn_and_nobody_of_136_applies(born: date) -> None:
    decision = judged(born)
    assert decision["birth-date"].verdict is FAIL
    assert {criterion.id for criterion in decision.values()} >= {"identity-document", "booklet", "birth-date"}


@pytest.mark.parametrize("field", ["nid", "father_nid"])
def test_ones_own_birth_registration_number_is_no_nid(field: str) -> None:
    born = born_years_ago(30)
    own = BirthRegistrationNumber(value=registration_of(born))
    decision = judged(born, filled(born, **{field: own.value}), identifiers=(own,))
    assert decision["nid-number"].verdict is FAIL
    assert decision["identity-document"].verdict is FAIL


def test_who_had_a_passport_is_sent_to_the_reissue() -> None:
    born = born_years_ago(30)
    assert judged(born, filled(born))["first-passport"].verdict is PASS
    told = judged(born, filled(born, had_passport=True))["first-passport"]
    assert (told.verdict, "reissue" in told.text.en, "রি-ইস্যু" in told.text.bn) == (FAIL, True, True)
    assert "first-passport" not in judged(born, filled(born, "passport.reissue"))


@pytest.mark.parametrize("delivery", ["regular", "express"])
@pytest.mark.parametrize("service", ["passport.new", "passport.reissue"])
def test_at_a_mission_no_time_is_told_since_each_has_its_own(service: str, delivery: str) -> None:
    born = born_years_ago(30)
    told = judged(born, filled(born, service, delivery=delivery, place="mission", office="Rome"))["delivery"]
    assert (told.verdict, "working days" in told.text.en, "Ask the mission" in told.text.en) == (PASS, False, True)
    assert told.source is not None
    assert not told.source.verified


def test_super_express_on_a_reissue_says_where_it_is_collected() -> None:
    born = born_years_ago(30)
    told = judged(born, filled(born, "passport.reissue", delivery="super-express"))["delivery"]
    assert (told.verdict, "Agargaon" in told.text.en, "আগারগাঁও" in told.text.bn) == (PASS, True, True)


def test_every_criterion_says_where_it_is_from() -> None:
    born = born_years_ago(30)
    for decision in (
        judged(born),
        judged(born, filled(born)),
        judged(born, filled(born, place="mission", office="Rome")),
    ):
        assert all(criterion.source is not None for criterion in decision.values())


def test_child_has_an_age_from_the_day_of_its_birth() -> None:
    form = filled(TODAY, birth_registration=registration_of(TODAY), father_nid="0099000001")
    assert judged(TODAY, form)["identity-document"].verdict is PASS
    assert "3R printed photo" in judged(TODAY)["photograph"].text.en


@pytest.mark.parametrize(
    ("service", "more", "verdict", "words"),
    [
        ("passport.reissue", {"permanent_address_changed": False}, PASS, "2 working days after your photo"),
        ("passport.reissue", {"permanent_address_changed": True}, FAIL, "permanent address"),
        ("passport.reissue", {"place": "mission", "office": "Rome"}, FAIL, "mission abroad"),
        ("passport.new", {"place": "mission", "office": "Rome"}, FAIL, "mission abroad"),
        ("passport.new", {}, CANNOT_TELL, "not needed since 18 February 2025"),
    ],
)
def test_super_express(service: str, more: dict[str, Any], verdict: Verdict, words: str) -> None:
    born = born_years_ago(30)
    criterion = judged(born, filled(born, service, delivery="super-express", **more))["delivery"]
    assert (criterion.verdict, words in criterion.text.en) == (verdict, True)


@pytest.mark.parametrize(
    ("day", "words"),
    [(date(2025, 2, 17), "own police clearance"), (date(2025, 2, 18), "not needed since 18 February 2025")],
)
def test_clearance_for_super_express_ends_with_police_verification(day: date, words: str) -> None:
    born = born_years_ago(30)
    criterion = judged(born, filled(born, delivery="super-express"), on=day)["delivery"]
    assert (criterion.verdict, words in criterion.text.en) == (CANNOT_TELL, True)


@pytest.mark.parametrize(("delivery", "days"), [("regular", "১৫"), ("express", "৭")])
def test_time_counts_from_the_enrolment(delivery: str, days: str) -> None:
    born = born_years_ago(30)
    text = judged(born, filled(born, delivery=delivery))["delivery"].text
    assert f"প্রায় {days} কর্মদিবস" in text.bn
    assert "after your photo and fingerprints are taken, not after the payment" in text.en


@pytest.mark.parametrize(
    ("known", "verdict"),
    [
        (CITIZEN.name.en, PASS),
        (f"{CITIZEN.name.en}".lower(), PASS),
        (f"MD {CITIZEN.name.en}", FAIL),
        (None, CANNOT_TELL),
    ],
)
def test_name_is_the_applicants(known: str | None, verdict: Verdict) -> None:
    born = born_years_ago(30)
    name = PersonName(en=known, bn=CITIZEN.name.bn)
    assert judged(born, filled(born), name=name)["own-name"].verdict is verdict


def test_form_of_somebody_else_fails() -> None:
    born = born_years_ago(30)
    assert judged(born - DAY, filled(born))["own-application"].verdict is FAIL
    form = filled(CITIZEN.birth_date, nid=SyntheticCitizens().citizen(8).smart_nid.value)
    assert judged(CITIZEN.birth_date, form, identifiers=(CITIZEN.smart_nid,))["own-application"].verdict is FAIL
    number = f"{CITIZEN.birth_registration.value[:-1]}8"
    form = filled(CITIZEN.birth_date, birth_registration=number)
    known = judged(CITIZEN.birth_date, form, identifiers=(CITIZEN.birth_registration,))
    assert known["own-application"].verdict is FAIL


def test_numbers_that_cannot_be_compared_are_not_held_against_anybody() -> None:
    form = filled(CITIZEN.birth_date, nid=CITIZEN.smart_nid.value)
    assert judged(CITIZEN.birth_date, form, identifiers=(CITIZEN.full_nid,))["own-application"].verdict is PASS


CIRCULAR = date(2025, 2, 18)


@pytest.mark.parametrize("day", [date(1990, 1, 1), CIRCULAR - timedelta(days=1), CIRCULAR, date(2090, 1, 1)])
def test_every_day_has_its_rules(day: date) -> None:
    assert all(DATA.rules.on(day)[name].source.as_of for name in DATA.rules.names())


def test_police_verification_ends_with_the_circular_that_nobody_has_seen() -> None:
    before, after = (DATA.rules.on(day)["police-verification"] for day in (CIRCULAR - timedelta(days=1), CIRCULAR))
    assert (before.as_bool, after.as_bool) == (True, False)
    assert not before.source.verified
    assert not after.source.verified


def test_without_a_form_the_first_passport_and_the_reissue_are_told_apart() -> None:
    born = born_years_ago(30)
    told = judged(born)["first-passport"]
    assert (told.verdict, "reissue" in told.text.en, "রি-ইস্যু" in told.text.bn) == (CANNOT_TELL, True, True)


def test_sentences_name_the_ages_at_which_a_rule_ends_and_the_next_begins() -> None:
    rules = DATA.rules.on(TODAY)
    grown, must_have = rules["birth-registration-only-to"].as_int + 1, rules["nid-from"].as_int
    of_a_child, of_an_adult = (judged(born_years_ago(years)) for years in (5, grown))
    assert f"If you are under {grown}," in of_a_child["identity-document"].text.en
    assert f"If you are {grown} to {must_have - 1} years old" in of_an_adult["identity-document"].text.en
    own = rules["own-photograph-to"].as_int
    assert f"For a child under {own + 1}," in judged(born_years_ago(own))["photograph"].text.en
    assert "For a child" not in judged(born_years_ago(own + 1))["photograph"].text.en
