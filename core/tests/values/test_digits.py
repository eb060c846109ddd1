from hypothesis import given, strategies as st

from nagorik.values import is_ascii_digits, to_ascii_digits, to_bangla_digits


def test_bangla_digits_become_ascii_and_the_rest_stays():
    assert to_ascii_digits("রোড ১২/ক, 34") == "রোড 12/ক, 34"


def test_ascii_digits_become_bangla():
    assert to_bangla_digits("1,23,45,678.50") == "১,২৩,৪৫,৬৭৮.৫০"


def test_digits_of_other_scripts_are_left_for_the_validator_to_refuse():
    for other in ("٠١٢", "۰۱۲", "०१२", "０１２", "௦௧௨", "①②", "¹²"):
        assert to_ascii_digits(other) == other
        assert not is_ascii_digits(to_ascii_digits(other))


def test_nothing_is_not_digits():
    assert not is_ascii_digits("")


@given(st.text(alphabet="0123456789", min_size=1))
def test_ascii_survives_the_way_through_bangla(digits: str):
    bangla = to_bangla_digits(digits)
    assert not is_ascii_digits(bangla)
    assert to_ascii_digits(bangla) == digits


@given(st.text())
def test_conversion_never_changes_the_length(text: str):
    assert len(to_ascii_digits(text)) == len(to_bangla_digits(text)) == len(text)
