"""Criteria: both bounds of an age are allowed ages, and what is not known cannot be told."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nagorik.model.application import Applicant
from nagorik.model.eligibility import Criterion, EligibilityRequest, Verdict
from nagorik.values import BirthRegistrationNumber, Nid, PersonName
from nagorik_toolkit.bangladesh import age_on
from nagorik_toolkit.criteria import OWN_CHECK, Criteria, contradictions, is_about
from nagorik_toolkit.rules import parse_rules
from nagorik_toolkit.texts import parse_texts

TEXTS = parse_texts(
    """
["age.pass"]
en = "You may."
bn = "আপনি পারেন।"
["age.fail"]
en = "From {at_least} to {at_most}."
bn = "{at_least} থেকে {at_most}।"
["age.cannot-tell"]
en = "Ask."
bn = "জেনে নিন।"
["paper.pass"]
en = "There."
bn = "আছে।"
["paper.cannot-tell"]
en = "Bring it."
bn = "আনুন।"
""".encode()
)
RULES = parse_rules(
    b"""
[[youngest]]
value = 18
effective_from = 2000-01-01
source = { title = "youngest", verified = false }
[[oldest]]
value = 65
effective_from = 2000-01-01
source = { title = "oldest", verified = false }
"""
)
CRITERIA = Criteria(TEXTS, RULES)
ON = date(2026, 6, 15)


def age(born: date, on: date = ON) -> Criterion:
    applicant = Applicant(name=PersonName(en="NAMUNA NAGORIK"), birth_date=born)
    request = EligibilityRequest(service="x.y", on=on, applicant=applicant)
    return CRITERIA.age("age", request, at_least="youngest", at_most="oldest")


@pytest.mark.parametrize(
    ("born", "verdict", "source"),
    [
        (date(2008, 6, 16), Verdict.FAIL, "youngest"),
        (date(2008, 6, 15), Verdict.PASS, "youngest"),
        (date(1960, 6, 16), Verdict.PASS, "youngest"),
        (date(1960, 6, 15), Verdict.FAIL, "oldest"),
        (date(2026, 6, 16), Verdict.FAIL, "youngest"),
    ],
)
def test_bounds_are_allowed_ages(born: date, verdict: Verdict, source: str) -> None:
    criterion = age(born)
    assert (criterion.id, criterion.verdict) == ("age", verdict)
    assert criterion.source is not None
    assert criterion.source.title == source


def test_sentence_names_the_bounds_in_its_digits() -> None:
    text = age(date(2020, 1, 1)).text
    assert (text.bn, text.en) == ("১৮ থেকে ৬৫।", "From 18 to 65.")


def test_rule_that_is_not_known_on_the_day_cannot_be_told() -> None:
    criterion = age(date(1970, 1, 1), date(1999, 12, 31))
    assert (criterion.verdict, criterion.source) == (Verdict.CANNOT_TELL, None)


@given(st.dates(date(1900, 1, 1), ON))
def test_verdict_follows_the_age_in_whole_years(born: date) -> None:
    assert (age(born).verdict is Verdict.PASS) is (18 <= age_on(born, ON) <= 65)


def test_number_that_nobody_gave_cannot_be_told() -> None:
    assert CRITERIA.given("paper", None, None).verdict is Verdict.CANNOT_TELL
    assert CRITERIA.given("paper", None, "x").verdict is Verdict.PASS


def test_verdict_without_a_sentence_is_a_fault() -> None:
    with pytest.raises(KeyError, match=r"messages\.toml has no sentence paper\.fail"):
        CRITERIA.criterion("paper", False)
    assert CRITERIA.criterion("paper", Verdict.PASS).verdict is Verdict.PASS


NID, OTHER_NID = Nid.parse("1234567890"), Nid.parse("9876543210")
FULL_NID, LEGACY_NID = Nid.parse("19902617239423141"), Nid.parse("2617239423141")
REGISTRATION = BirthRegistrationNumber.parse("19902617239423142")
OTHER_REGISTRATION = BirthRegistrationNumber.parse("19902617239423143")


@pytest.mark.parametrize(
    ("identifiers", "given_in_form", "about"),
    [
        ((), {}, True),
        ((), {"birth_date": date(1990, 2, 1)}, False),
        ((NID,), {"nid": NID}, True),
        ((NID,), {"nid": OTHER_NID}, False),
        ((NID,), {"nid": FULL_NID}, True),
        ((FULL_NID,), {"nid": LEGACY_NID}, True),
        ((LEGACY_NID,), {"nid": FULL_NID}, True),
        ((FULL_NID,), {"nid": Nid.parse("2617239423142")}, False),
        ((), {"nid": NID}, True),
        ((NID,), {}, True),
        ((REGISTRATION,), {"birth_registration": REGISTRATION}, True),
        ((REGISTRATION,), {"birth_registration": OTHER_REGISTRATION}, False),
        ((), {"birth_registration": REGISTRATION}, True),
    ],
)
def test_form_is_about_its_applicant_as_far_as_can_be_compared(
    identifiers: Any, given_in_form: dict[str, Any], about: bool
) -> None:
    born = date(1990, 1, 31)
    applicant = Applicant(name=PersonName(en="NAMUNA NAGORIK"), birth_date=born, identifiers=identifiers)
    assert is_about(applicant, **{"birth_date": born, **given_in_form}) is about


def asked_of(born: date, *identifiers: Any, on: date = ON) -> EligibilityRequest:
    applicant = Applicant(name=PersonName(en="NAMUNA NAGORIK"), birth_date=born, identifiers=identifiers)
    return EligibilityRequest(service="x.y", on=on, applicant=applicant)


@pytest.mark.parametrize(
    ("born", "said"),
    [
        (date(2026, 6, 15), None),  # born today
        (date(2026, 6, 16), "future"),
        (date(2090, 1, 1), "future"),
        (date(1900, 6, 16), None),  # 125 to the day before the next birthday
        (date(1900, 6, 15), "125 years"),
        (date(1800, 1, 1), "125 years"),
        (date(1, 1, 1), "125 years"),
    ],
)
def test_nobody_applies_unborn_or_older_than_anybody_was(born: date, said: str | None) -> None:
    found = contradictions(asked_of(born))
    assert [(one.id, one.verdict) for one in found] == ([("birth-date", Verdict.FAIL)] if said else [])
    if said:
        assert said in found[0].text.en
        assert found[0].source == OWN_CHECK
        assert {"future": "ভবিষ্যতের", "125 years": "১২৫ বছরেরও"}[said] in found[0].text.bn


def test_ones_own_birth_registration_number_is_no_nid_number() -> None:
    own = BirthRegistrationNumber(value="19909910000000001")
    request = asked_of(date(1990, 1, 31), own)
    (found,) = contradictions(request, None, Nid(value=own.value))
    assert (found.id, found.verdict) == ("nid-number", Verdict.FAIL)
    assert contradictions(request, Nid(value="19909910012000001"), None) == ()
    assert contradictions(asked_of(date(1990, 1, 31)), Nid(value=own.value)) == ()  # nothing gives it away
