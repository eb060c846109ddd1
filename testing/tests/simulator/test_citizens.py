from hypothesis import given, strategies as st

from nagorik_testing import SyntheticCitizens


def test_same_seed_gives_the_same_people_in_any_order():
    one, other = SyntheticCitizens(3), SyntheticCitizens(3)
    backwards = {serial: other.citizen(serial) for serial in (9, 4, 0)}
    assert all(one.citizen(serial) == found for serial, found in backwards.items())
    assert SyntheticCitizens(4).citizen(9) != one.citizen(9)


def test_whoever_is_asked_for_again_is_not_made_again():
    assert SyntheticCitizens(3).citizen(9) is SyntheticCitizens(3).citizen(9)


@given(st.integers(0, 9_999).map(SyntheticCitizens().citizen))
def test_numbers_have_the_right_form_and_cannot_be_anybodys(citizen):
    assert citizen.legacy_nid.value[:2] == "99"
    assert citizen.smart_nid.value[:4] == "0099"
    assert citizen.full_nid == citizen.legacy_nid.with_birth_year(citizen.birth_date)
    assert citizen.birth_registration.value[4:6] == "99"
    assert citizen.birth_registration.consistent_with(citizen.birth_date)
    assert citizen.full_nid.warnings == citizen.birth_registration.warnings == ()
    assert citizen.phone.e164.startswith("+880130000")


@given(st.integers(0, 9_999).map(SyntheticCitizens().citizen))
def test_names_look_invented_in_both_scripts(citizen):
    assert " NAGORIK " in citizen.name.en
    assert " নাগরিক " in citizen.name.bn
    assert citizen.alias not in repr(citizen)


@given(st.integers(0, 9_999).map(SyntheticCitizens().citizen))
def test_applicant_carries_the_number_that_was_asked_for(citizen):
    assert citizen.applicant("smart").nid == citizen.smart_nid
    assert citizen.applicant().nid == citizen.full_nid
    assert citizen.applicant().birth_registration == citizen.birth_registration
