"""What sentences quote of the forms, and BRTA's own word for a vehicle's registration."""

import re
from importlib.resources import files
from typing import get_args

import pytest

from nagorik_brta.data import DATA
from nagorik_brta.forms import TaxTokenForm
from nagorik_brta.identifiers import read_licence_number, read_registration_number

PLATE = re.compile("ঢাকা মেট্রো-[^ ।.,]+")
LICENCE = re.compile("DK[0-9A-Z]+")
FILES = (
    "plugin.toml",
    "messages.toml",
    "fees.toml",
    "forms.toml",
    "simulator/inspection.toml",
    "simulator/agency.toml",
)


def test_choice_that_a_complaint_names_is_one_of_the_form() -> None:
    choices = TaxTokenForm.words["plan"].choices or {}
    other, told = choices["other"], DATA.texts.text("form.plan-for-motorcycles")
    assert f"‘{other.en}’" in told.en
    assert f"‘{other.bn}’" in told.bn
    assert set(choices) == set(get_args(TaxTokenForm.model_fields["plan"].annotation))


def test_example_of_a_number_is_one_that_the_form_takes() -> None:
    plate, licence = DATA.texts.text("form.registration-number"), DATA.texts.text("form.licence-number")
    assert [read_registration_number(found) for found in PLATE.findall(plate.bn)] == ["ঢাকা মেট্রো-গ-১২-৩৪৫৬"]
    for text in (licence.en, licence.bn):
        assert [read_licence_number(found) for found in LICENCE.findall(text)] == ["DK1234567CL0001"]


@pytest.mark.parametrize("name", FILES)
def test_vehicle_has_a_registration_by_brtas_own_word(name: str) -> None:
    text = files("nagorik_brta").joinpath(name).read_text("utf-8")
    assert re.findall("নিবন্ধন", text) == []
