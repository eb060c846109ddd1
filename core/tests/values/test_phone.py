import phonenumbers
import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, ValidationError

from nagorik.values import MobileNumber, NationalDataError, to_bangla_digits

LOCAL = st.from_regex(r"01[3-9][0-9]{8}", fullmatch=True)


DIALLED = st.one_of(
    st.builds(
        str.__add__, st.sampled_from(["", "0", "880", "+880", "00880", "8800", "+", "00"]), LOCAL.map(lambda n: n[1:])
    ),
    st.from_regex(r"(\+|00)?[0-9]{7,15}", fullmatch=True),
)


def as_the_numbering_plan_has_it(dialled: str) -> str | None:
    """The number by the plan of the country alone; ``None`` where that knows no such mobile."""
    try:
        number = phonenumbers.parse(dialled, "BD")
    except phonenumbers.NumberParseException:
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    is_mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    return written if is_mobile and number.country_code == 880 and written.startswith("+8801") else None


@given(DIALLED)
def test_number_is_what_the_numbering_plan_says(dialled: str):
    try:
        found = MobileNumber.parse(dialled).e164
    except NationalDataError:
        found = None
    assert found == as_the_numbering_plan_has_it(dialled)


class Contact(BaseModel):
    mobile: MobileNumber


@pytest.mark.parametrize(
    "written",
    [
        "01712345678",
        "8801712345678",
        "+8801712345678",
        "008801712345678",
        "1712345678",
        "০১৭১২৩৪৫৬৭৮",
        "+৮৮০১৭১২৩৪৫৬৭৮",
        "017-1234-5678",
        " +880 1712 345 678\n",
        "(017) 1234.5678",
        "+880 (0)1712345678",
        "০১৭12345678",
        "01712\u00a0345\u2013678",
    ],
)
def test_every_form_seen_is_one_number(written: str):
    number = MobileNumber.parse(written)
    assert number.e164 == "+8801712345678"
    assert number.local == "01712345678"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("029123456", "phone.landline"),
        ("+880 31 712345", "phone.landline"),
        ("+12025550100", "phone.foreign"),
        ("+91 98765 43210", "phone.foreign"),
        ("01112345678", "phone.not-mobile"),
        ("01212345678", "phone.not-mobile"),
        ("01012345678", "phone.not-mobile"),
        ("0171234567", "phone.not-mobile"),
        ("017123456789", "phone.not-mobile"),
        ("999", "phone.not-mobile"),
        ("0", "phone.not-mobile"),
        ("017CALLUSNW", "phone.characters"),
        ("01712345678 ext 5", "phone.characters"),
        ("01712345678/01812345678", "phone.characters"),
        ("\u202e01712345678", "invisible.direction"),
        ("٠١٧١٢٣٤٥٦٧٨", "phone.characters"),
        ("０１７１２３４５６７８", "phone.characters"),
        ("", "phone.characters"),
        (1712345678, "phone.not-text"),
    ],
)
def test_what_is_not_one_bangladeshi_mobile_is_refused(written: object, code: str):
    with pytest.raises(NationalDataError) as caught:
        MobileNumber.parse(written)
    assert caught.value.code == code


@given(LOCAL)
def test_all_forms_of_any_number_agree(local: str):
    forms = (local, local[1:], f"88{local}", f"+88{local}", f"0088{local}", to_bangla_digits(local))
    assert {MobileNumber.parse(form).e164 for form in forms} == {f"+88{local}"}
    assert {MobileNumber.parse(form).local for form in forms} == {local}


def test_number_is_a_value_that_reads_back():
    number = MobileNumber.parse("01712345678")
    assert number == MobileNumber(e164="+8801712345678") == MobileNumber.model_validate("1712345678")
    assert number.model_dump() == {"e164": "+8801712345678"}
    assert MobileNumber.model_validate_json(number.model_dump_json()) == number


def test_representation_shows_three_digits():
    contact = Contact.model_validate({"mobile": "01712345678"})
    assert repr(contact.mobile) == str(contact.mobile) == "MobileNumber(•••678)"
    assert "5678" not in repr(contact)


def test_error_of_an_outer_model_has_no_digit_of_the_number():
    with pytest.raises(ValidationError) as caught:
        Contact.model_validate({"mobile": "0212987654"})
    assert "987" not in str(caught.value)
    assert "987" not in caught.value.json()


def test_nothing_of_the_operator_is_told():
    assert not [name for name in dir(MobileNumber) if "operator" in name.lower() or "carrier" in name.lower()]
