from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nagorik.errors import InputRejected
from nagorik.privacy import Form
from nagorik.values import to_bangla_digits
from nagorik_land.forms import DevelopmentTaxForm, KhatianCopyForm, MouzaMapForm, MutationForm
from nagorik_land.simulator import LandSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_toolkit import validate_form
from nagorik_toolkit.bangladesh import FiscalYear, LandArea

FORMS: dict[str, type[Form]] = {
    "land.mutation": MutationForm,
    "land.khatian-copy": KhatianCopyForm,
    "land.mouza-map": MouzaMapForm,
    "land.development-tax": DevelopmentTaxForm,
}
CITIZEN = SyntheticCitizens().citizen(11)


def filled(service: str, **changes: Any) -> Any:
    form = LandSimulator().example(service, CITIZEN).form
    return validate_form(FORMS[service], {**form, **changes})


def refused(service: str, **changes: Any) -> dict[str, str]:
    with pytest.raises(InputRejected) as caught:
        filled(service, **changes)
    for problem in caught.value.fields:
        assert problem.text.bn
        assert problem.text.en
    return {problem.pointer: problem.code for problem in caught.value.fields}


def place(**changes: Any) -> Mapping[str, Any]:
    return {**LandSimulator().example("land.mutation", CITIZEN).form["place"], **changes}  # type: ignore[dict-item]


def test_numbers_and_areas_may_be_written_in_bangla() -> None:
    form = filled(
        "land.mutation",
        khatian_number="১২৩",
        plots=[{"number": "৪৫/১", "area": "০.১২৫০"}],
        deed_number="৬৭৮",
        deed_date="২০২৬-০৩-১৫",
    )
    assert (form.khatian_number, form.plots[0].number, form.deed_number) == ("123", "45/1", "678")
    assert form.plots[0].area == LandArea.parse("0.1250")
    assert form.deed_date == date(2026, 3, 15)


@given(st.integers(1, 10**9), st.booleans())
def test_every_area_that_a_khatian_can_hold_is_read_exactly(parts: int, bangla: bool) -> None:
    written = LandArea(parts=parts).plain("acre")
    form = filled("land.development-tax", area=to_bangla_digits(written) if bangla else written)
    assert form.area.parts == parts


@pytest.mark.parametrize("area", ["0", "0.0000", "০.০", "-1", "1,000", "0.12345", "১২ শতাংশ", 0.125, None])
def test_what_is_no_area_is_refused_at_its_field(area: object) -> None:
    assert set(refused("land.development-tax", area=area)) == {"/form/area"}


@pytest.mark.parametrize("number", ["", "a12", "12ab", "1/2/3", "12/", "12/কখ", "১২৩।", "+1", "1" * 13, 123])
def test_what_is_no_number_is_refused_at_its_field(number: object) -> None:
    assert set(refused("land.khatian-copy", khatian_number=number)) == {"/form/khatian_number"}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("৪৫ক", "45ক"),
        ("১২৩/ক", "123/ক"),
        ("45a", "45A"),
        ("৪৫/২খ", "45/2খ"),
        ("১২ড়", "12ড\u09bc"),
        ("123/4", "123/4"),
    ],
)
def test_letter_on_a_paper_is_taken(written: str, number: str) -> None:
    assert filled("land.khatian-copy", khatian_number=written).khatian_number == number
    assert filled("land.development-tax", holding_number=written).holding_number == number


def test_one_wrong_plot_brings_one_complaint() -> None:
    plots = [{"number": "দাগ", "area": "0.1"}]
    assert refused("land.mutation", plots=plots) == {"/form/plots/0/number": "land.number-shape"}


def test_leading_zeros_stay() -> None:
    assert filled("land.mutation", khatian_number="০০৭").khatian_number == "007"


def test_district_lies_in_its_division() -> None:
    assert set(refused("land.mutation", place=place(district="Chattogram"))) == {"/form/place/district"}


@pytest.mark.parametrize("acquisition", ["purchase", "gift", "decree"])
@pytest.mark.parametrize("missing", ["deed_number", "deed_date"])
def test_bought_given_and_decreed_land_needs_its_deed(acquisition: str, missing: str) -> None:
    found = refused("land.mutation", acquisition=acquisition, **{missing: None})
    assert found == {"/form/deed_date": "land.deed-needed"}


def test_inherited_land_needs_no_deed() -> None:
    assert filled("land.mutation", acquisition="inheritance", deed_number=None, deed_date=None).deed_date is None


def test_a_plot_is_listed_once() -> None:
    plots = [{"number": "45", "area": "0.01"}, {"number": "৪৫", "area": "0.02"}]
    assert refused("land.mutation", plots=plots) == {"/form/plots": "land.plot-twice"}


def test_a_mutation_is_about_some_plot() -> None:
    assert set(refused("land.mutation", plots=[])) == {"/form/plots"}


def test_agricultural_land_needs_the_family_s_land() -> None:
    found = refused("land.development-tax", use="agricultural", family_area=None)
    assert found == {"/form/family_area": "land.family-area-needed"}


def test_family_s_land_is_not_less_than_the_holding() -> None:
    found = refused("land.development-tax", use="agricultural", area="2.0", family_area="1.9999")
    assert found == {"/form/family_area": "land.family-area-too-small"}
    assert filled("land.development-tax", use="agricultural", area="2.0", family_area="2.0").family_area.acres == 2


@pytest.mark.parametrize("year", ["2026-27", "২০২৬-২৭", "2026/27", "২০২৬-২০২৭"])
def test_fiscal_year(year: str) -> None:
    assert filled("land.development-tax", fiscal_year=year).fiscal_year == FiscalYear(start=2026)


@pytest.mark.parametrize("year", ["2026", "2026-28", "2026-2028", "26-27", 2026, ""])
def test_what_is_no_fiscal_year_is_refused(year: object) -> None:
    assert set(refused("land.development-tax", fiscal_year=year)) == {"/form/fiscal_year"}


def test_an_address_makes_it_come_by_post() -> None:
    assert filled("land.khatian-copy").delivery == "post"
    assert filled("land.khatian-copy", address=None).delivery == "counter"
    assert filled("land.mouza-map").delivery == "counter"


@pytest.mark.parametrize("kind", ["cs", "sa", "rs", "bs", "brs", "bds", "city", "diara", "peti", "mutation"])
def test_every_survey_that_a_khatian_is_named_after_can_be_chosen(kind: str) -> None:
    assert filled("land.khatian-copy", survey=kind).survey == kind
