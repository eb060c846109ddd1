"""Forms whose words are in a file: what a citizen reads, what the agency is sent, and what is refused at import."""

import sys
from datetime import date
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from nagorik.data_files import DataFileInvalid
from nagorik.errors import InputRejected
from nagorik_toolkit import FieldMissing, form_schema, partial_form, validate_form
from nagorik_toolkit.labelled_forms import words_without_field

WORDS = """
[fields.shop]
label = { en = "Shop", bn = "দোকান" }
help = { en = "As on the signboard.", bn = "সাইনবোর্ডে যেমন আছে।" }

[fields.trade]
wire = "businessKind"
label = { en = "Kind of business", bn = "ব্যবসার ধরন" }
choices.grocery = { en = "Grocery", bn = "মুদি দোকান" }
choices.tea-stall = { en = "Tea stall", bn = "চায়ের দোকান" }

[fields.wares]
label = { en = "Wares", bn = "পণ্য" }
help = { en = "Up to {most}.", bn = "সর্বোচ্চ {most}টি।" }

[renewal.shop]
help = { en = "As on the licence.", bn = "লাইসেন্সে যেমন আছে।" }

[address.ward]
label = { en = "Ward", bn = "ওয়ার্ড" }
"""
FORMS = """
from typing import Annotated, Literal

from pydantic import Field

from nagorik_toolkit import BirthDate, FormDay, LabelledForm, Line, Mobile, NidNumber


class AddressForm(LabelledForm):
    ward: Line


class LicenceForm(LabelledForm):
    birth_date: BirthDate
    nid: NidNumber | None = None
    father_nid: NidNumber | None = None
    shop: Line
    trade: Literal["grocery", "tea-stall"] = "grocery"
    also: tuple[Literal["grocery", "tea-stall"], ...] = ()
    wares: Annotated[tuple[Line, ...], Field(max_length=12)] = ()
    opened_on: FormDay | None = None
    place: AddressForm | None = None
    mobile: Mobile | None = None
    has_sign: bool = False


class RenewalForm(LicenceForm):
    licence_number: Line
"""
NUMBERS = count()
"""A package's file is read once, so each package has a name of its own."""
FILLED: dict[str, JsonValue] = {
    "birth_date": "1990-01-31",
    "shop": "নমুনা স্টোর",
    "trade": "tea-stall",
    "also": ["grocery"],
    "opened_on": "2026-11-01",
    "place": {"ward": "৭"},
    "mobile": "01300000007",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the module of forms of a package of its own."""
    names: list[str] = []

    def make(words: str = WORDS, forms: str = FORMS) -> Any:
        names.append(f"labelled{next(NUMBERS)}")
        folder = tmp_path / names[-1]
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / "forms.py").write_text(forms, "utf-8")
        (folder / "forms.toml").write_text(words, "utf-8")
        return import_module(f"{names[-1]}.forms")

    monkeypatch.syspath_prepend(str(tmp_path))
    yield make
    for name in [name for name in sys.modules if name.partition(".")[0] in names]:
        del sys.modules[name]


def properties(form: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = form_schema(form)["properties"]
    return found


def test_labels_help_and_options_stand_in_the_schema(package: Any) -> None:
    fields = properties(package().LicenceForm)
    assert (fields["shop"]["title"], fields["shop"]["x-title-bn"]) == ("Shop", "দোকান")
    assert (fields["wares"]["description"], fields["wares"]["x-description-bn"]) == ("Up to 12.", "সর্বোচ্চ ১২টি।")
    assert fields["trade"]["enum"] == ["grocery", "tea-stall"]
    assert [(one["const"], one["title"]) for one in fields["trade"]["oneOf"]] == [
        ("grocery", "Grocery"),
        ("tea-stall", "Tea stall"),
    ]


def test_a_field_without_an_entry_keeps_the_label_of_its_type(package: Any) -> None:
    assert properties(package().LicenceForm)["birth_date"]["title"] == "Date of birth"


def test_a_forms_own_table_goes_before_the_others_and_leaves_the_rest_to_them(package: Any) -> None:
    shop = properties(package().RenewalForm)["shop"]
    assert (shop["title"], shop["description"]) == ("Shop", "As on the licence.")


def test_a_problem_names_the_field_by_its_label(package: Any) -> None:
    with pytest.raises(InputRejected) as refused:
        validate_form(package().LicenceForm, {**FILLED, "shop": ""})
    [problem] = refused.value.fields
    assert (problem.pointer, problem.text.bn.partition(":")[0]) == ("/form/shop", "দোকান")


def test_the_agency_is_sent_what_was_filled_in_by_its_own_names(package: Any) -> None:
    form = validate_form(package().LicenceForm, FILLED)
    assert form.to_wire() == {
        "birthDate": "1990-01-31",
        "shop": "নমুনা স্টোর",
        "businessKind": "TEA_STALL",
        "also": ["GROCERY"],
        "wares": [],
        "openedOn": "2026-11-01",
        "place": {"ward": "৭"},
        "mobile": "+8801300000007",
        "hasSign": False,
    }
    assert form.to_wire(lambda day: f"{day:%d/%m/%Y}")["openedOn"] == "01/11/2026"


@pytest.mark.parametrize(("nid", "sent"), [("9910000000007", "19909910000000007"), ("0099000007", "0099000007")])
def test_an_nid_number_goes_out_as_agencies_take_it(package: Any, nid: str, sent: str) -> None:
    assert validate_form(package().LicenceForm, {**FILLED, "nid": nid}).to_wire()["nid"] == sent


def test_another_persons_nid_number_has_not_the_applicants_year_of_birth(package: Any) -> None:
    form = validate_form(package().LicenceForm, {**FILLED, "father_nid": "9910000000007"})
    assert form.to_wire()["fatherNid"] == "9910000000007"


def test_a_form_that_is_filled_in_only_in_part_has_its_words(package: Any) -> None:
    form = partial_form(package().LicenceForm, {"trade": "grocery"}).form
    assert type(form).wire_name("trade") == "businessKind"
    with pytest.raises(FieldMissing):
        form.to_wire()


@pytest.mark.parametrize(
    "words",
    [
        WORDS.replace("choices.tea-stall", "choices.tea-shop"),
        WORDS.replace('choices.tea-stall = { en = "Tea stall", bn = "চায়ের দোকান" }', ""),
        WORDS.replace("[fields.wares]", '[fields.wares]\nchoices.rice = { en = "Rice", bn = "চাল" }'),
    ],
)
def test_options_and_their_titles_are_the_same_or_the_form_is_refused(package: Any, words: str) -> None:
    with pytest.raises(TypeError, match="give a title for each option"):
        package(words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("[fields.shop]\nlabel = { en = 'Shop' }", "fields.shop.label.bn"),
        ("[fields.shop]\nlable = { en = 'Shop', bn = 'দোকান' }", "did you mean label"),
        ("fields = 3", "fields: write [fields.field]"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_place(package: Any, words: str, said: str) -> None:
    with pytest.raises(DataFileInvalid) as refused:
        package(words)
    assert said in str(refused.value)


def test_entries_that_no_field_has_are_found(package: Any) -> None:
    module = package(WORDS + '\n[renewal.lisence]\nwire = "x"\n[fields.sign]\nwire = "y"\n')
    found = words_without_field(module.__package__, [module.RenewalForm])
    assert found == ["fields.sign", "renewal.lisence"]


@pytest.mark.parametrize(
    ("kind", "filled", "sent"),
    [
        ("Name", {"en": "RAHIMA KHATUN"}, {"en": "RAHIMA KHATUN"}),
        ("TaxYear", "২০২৫-২৬", "2025-26"),
        ("AcreArea", "০.১২৫০", "0.1250"),
        ("DecimalArea | None", "12.5", "12.50"),
    ],
)
def test_a_name_a_tax_year_and_an_area_go_out_as_their_type_writes_them(
    package: Any, kind: str, filled: JsonValue, sent: JsonValue
) -> None:
    forms = FORMS.replace("import BirthDate", "import AcreArea, DecimalArea, Name, TaxYear, BirthDate")
    form = package(forms=forms.replace("has_sign: bool = False", f"more: {kind}")).LicenceForm
    assert validate_form(form, {**FILLED, "more": filled}).to_wire()["more"] == sent


def test_a_value_that_has_no_usual_way_to_be_written_is_the_authors_to_write(package: Any) -> None:
    forms = FORMS.replace("has_sign: bool = False", "rate: float = 0.5")
    form = validate_form(package(forms=forms).LicenceForm, FILLED)
    with pytest.raises(TypeError, match="override wire_value"):
        form.to_wire()
    assert form.opened_on == date(2026, 11, 1)
