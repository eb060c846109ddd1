from datetime import date
from typing import Annotated, Any, Literal

import pytest

from nagorik.forms import Choices, Label
from nagorik.privacy import Form
from nagorik.values.sentences import Text
from nagorik_platform.fees.typed_words import FieldChoice, read_dimension, typed_fields
from nagorik_toolkit import FormDay, TaxYear, WholeNumber
from nagorik_toolkit.fees import Dimension
from nagorik_toolkit.form_validation import form_schema

Speed = Annotated[
    Literal["slow", "very-fast", "unlit"],
    Choices(
        {
            "slow": Text(en="Slow", bn="ধীর"),
            "very-fast": Text(en="Very fast", bn="খুব দ্রুত"),
            "unlit": Text(en="Unlit", bn="অন্ধকার ন\u09af\u09bcন"),
        }
    ),
    Label(en="Speed", bn="গতি"),
]


class Cargo(Form):
    kind: Literal["sand", "fish"]
    kilos: int


class FerryForm(Form):
    speed: Speed
    speeds: tuple[Speed, ...] = ()
    decks: Literal[1, 2] | None = None
    covered: bool = False
    weight: Annotated[int, WholeNumber(1, 9_999)]
    crew: int
    leaves_on: FormDay | None = None
    year: TaxYear | None = None
    cargo: tuple[Cargo, ...] = ()
    owner: str


FIELDS = typed_fields(form_schema(FerryForm))


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("speed", "slow", "slow"),
        ("speed", "Very Fast", "very-fast"),
        ("speed", " খুব দ্রুত ", "very-fast"),
        ("speed", "sideways", "sideways"),
        ("speeds", "slow,ধীর,very-fast", ["slow", "slow", "very-fast"]),
        ("decks", "২", 2),
        ("decks", "3", 3),
        ("covered", "yes", True),
        ("covered", "না", False),
        ("covered", "TRUE", True),
        ("weight", "৯০", 90),
        ("weight", "1,234", "1,234"),
        ("crew", "১২", 12),
        ("crew", "-1", "-1"),
        ("leaves_on", "31/12/2026", "2026-12-31"),
        ("leaves_on", "১/২/২০২৭", "2027-02-01"),
        ("leaves_on", "2026-12-31", "2026-12-31"),
        ("leaves_on", "31/02/2027", "2027-02-31"),
        ("leaves_on", "tomorrow", "tomorrow"),
        ("year", "২০২৫-২৬", "২০২৫-২৬"),
        ("cargo", '[{"kind": "sand", "kilos": 3}]', [{"kind": "sand", "kilos": 3}]),
        ("cargo", "[{", "[{"),
        ("cargo", "[" * 60_000, "[" * 60_000),
        ("speed", "অন\u09cdধক\u09be\u09b0 ন\u09dfন", "unlit"),
        ("speed", "অন\u09cdধক\u09be\u09b0 ন\u09af\u09bcন", "unlit"),
        ("owner", " ০১৭১ ", "০১৭১"),
    ],
)
def test_word_is_read_as_the_field_takes_it(field: str, written: str, value: Any) -> None:
    assert FIELDS[field].read(written) == value


def test_choices_are_told_with_their_titles() -> None:
    assert FIELDS["speed"].label == Text(en="Speed", bn="গতি")
    assert FIELDS["speed"].choices == (
        FieldChoice("slow", Text(en="Slow", bn="ধীর")),
        FieldChoice("very-fast", Text(en="Very fast", bn="খুব দ্রুত")),
        FieldChoice("unlit", Text(en="Unlit", bn="অন্ধকার ন\u09af\u09bcন")),
    )
    assert (FIELDS["speeds"].choices, FIELDS["speeds"].items) == ((), FIELDS["speed"].choices)
    assert [choice.value for choice in FIELDS["decks"].choices] == [1, 2]
    assert [choice.value for choice in FIELDS["covered"].choices] == [True, False]
    assert [FIELDS[name].choices for name in ("weight", "leaves_on", "owner", "cargo")] == [(), (), (), ()]


def test_what_is_read_is_what_the_form_takes() -> None:
    words = {"speed": "ধীর", "weight": "৯০", "crew": "২", "owner": "nobody", "leaves_on": "৩১/১২/২০২৬", "decks": "১"}
    form = FerryForm.model_validate({name: FIELDS[name].read(word) for name, word in words.items()})
    assert (form.speed, form.weight, form.crew, form.decks, form.leaves_on) == ("slow", 90, 2, 1, date(2026, 12, 31))


@pytest.mark.parametrize(
    ("values", "written", "value"),
    [
        (["regular", "urgent"], "Urgent", "urgent"),
        (["regular", "urgent"], "fast", None),
        ([1, 2, "3+"], "২", 2),
        ([1, 2, "3+"], "৭", 7),
        ([1, 2, "3+"], "3+", 3),
        ([1, 2, "3+"], "0", None),
        (["1-100", "101+"], "1-100", 1),
        (["1-100", "101+"], "১০১", 101),
        (["1-100", "101+"], "9" * 13, None),
        ([48, 64], "50", None),
    ],
)
def test_dimension_is_read_as_the_schedule_is_asked(values: list[Any], written: str, value: Any) -> None:
    dimension = Dimension.model_validate({"dimension": "size", "values": values})
    assert read_dimension(dimension, written) == value
