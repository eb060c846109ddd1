from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationInfo, field_validator

from nagorik.errors import InputRejected
from nagorik.forms import Label
from nagorik.privacy import Form
from nagorik_toolkit import FieldMissing, FormDay, WholeNumber, partial_form


class House(Form):
    road: str


class BoatForm(Form):
    """A boat whose weight is asked for only where it has an engine."""

    owner: str
    engine: Literal["petrol", "none"]
    built_on: FormDay
    weight: Annotated[int, WholeNumber(1, 999), Label(en="Weight", bn="ওজন")] | None = Field(
        default=None, validate_default=True
    )
    house: House | None = None
    colour: Literal["red", "green"] = "red"

    @field_validator("weight")
    @classmethod
    def _engines_weigh(cls, weight: int | None, info: ValidationInfo) -> int | None:
        if weight is None and info.data.get("engine") == "petrol":
            raise ValueError("needed")
        return weight

    @property
    def is_light(self) -> bool:
        return self.weight is None or self.weight < 100


def test_what_is_given_is_read_as_the_form_reads_it() -> None:
    form, read = partial_form(BoatForm, {"weight": "৫০", "built_on": "2020-02-29"})
    assert isinstance(form, BoatForm)
    assert (form.weight, form.built_on, form.is_light) == (50, date(2020, 2, 29), True)
    assert read == {"weight", "built_on"}


def test_field_that_is_not_filled_in_is_named_when_it_is_read() -> None:
    form, read = partial_form(BoatForm, {"engine": "none"})
    with pytest.raises(FieldMissing) as missing:
        _ = form.owner
    assert (missing.value.field, read) == ("owner", {"owner"})


def test_default_counts_only_where_the_form_takes_it_beside_the_rest() -> None:
    form, _ = partial_form(BoatForm, {"engine": "none"})
    assert (form.colour, form.weight, form.is_light) == ("red", None, True)
    with pytest.raises(FieldMissing) as missing:
        _ = partial_form(BoatForm, {"engine": "petrol"}).form.is_light
    assert missing.value.field == "weight"


def test_partly_filled_form_is_matched_by_its_type() -> None:
    match partial_form(BoatForm, {"colour": "green"}).form:
        case BoatForm() as boat:
            assert boat.colour == "green"
        case _:
            pytest.fail("not a BoatForm")


@pytest.mark.parametrize(
    ("data", "pointers"),
    [
        ({"engine": "steam"}, ["/form/engine"]),
        ({"weight": "0", "colour": "blue"}, ["/form/weight", "/form/colour"]),
        ({"house": {}}, ["/form/house/road"]),
        ({"mast": "2"}, ["/form"]),
    ],
)
def test_only_what_was_given_can_be_wrong(data: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(InputRejected) as rejected:
        partial_form(BoatForm, data)
    assert [problem.pointer for problem in rejected.value.fields] == pointers


def test_two_partial_forms_of_a_kind_do_not_share_what_was_read() -> None:
    one, other = partial_form(BoatForm, {}), partial_form(BoatForm, {"colour": "green"})
    assert (one.form.colour, other.form.colour) == ("red", "green")
    with pytest.raises(FieldMissing):
        _ = other.form.engine
    assert (one.read, other.read) == ({"colour"}, {"colour", "engine"})
