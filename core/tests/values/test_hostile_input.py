"""Every reader of national data, given what no one should type."""

import pickle
import tomllib
from collections.abc import Callable
from importlib.resources import files

import pytest
from pydantic import ValidationError

from nagorik.values import (
    BirthRegistrationNumber,
    MobileNumber,
    Money,
    NationalDataError,
    Nid,
    PersonName,
    match_key,
    normalise,
)
from nagorik_toolkit.bangladesh import (
    DateStyle,
    FiscalYear,
    area,
    find_district,
    find_division,
    find_upazila,
    parse_date,
)

READERS: dict[str, Callable[[object], object]] = {
    "nid": Nid.parse,
    "nid model": Nid.model_validate,
    "nid field": lambda value: Nid(value=value),  # type: ignore[arg-type]
    "brn": BirthRegistrationNumber.parse,
    "brn model": BirthRegistrationNumber.model_validate,
    "phone": MobileNumber.parse,
    "phone model": MobileNumber.model_validate,
    "money": Money.parse,
    "money model": Money.model_validate,
    "fiscal year": FiscalYear.parse,
    "date iso": lambda text: parse_date(text, DateStyle.ISO),
    "date day first": lambda text: parse_date(text, DateStyle.DAY_MONTH_YEAR),
    "date by name": lambda text: parse_date(text, DateStyle.DAY_NAME_YEAR),
    "district": find_district,  # type: ignore[dict-item]
    "division": find_division,  # type: ignore[dict-item]
    "upazila": find_upazila,  # type: ignore[dict-item]
    "area": area,
    "name": PersonName.model_validate,
}

HOSTILE: dict[str, object] = {
    "none": None,
    "a float": 98765.4321,
    "nan": float("nan"),
    "a negative int": -9876543210,
    "bytes": b"9876543210",
    "a list": ["9876543210"],
    "empty": "",
    "blank": " \t\u00a0\n",
    "arabic-indic": "٩٨٧٦٥٤٣٢١٠",
    "fullwidth": "９８７６５４３２１０",
    "devanagari": "९८७६५४३२१०",
    "emoji": "98765\U0001f60043210",
    "keycaps": "9\ufe0f\u20e38\ufe0f\u20e37",
    "long": "98765" * 20_000,
    "long marks": "9" + "\u0315\u0300" * 50_000,
    "nul": "98765\x0043210",
    "rtl override": "\u202e9876543210",
    "lone surrogate": "\ud8009876543210",
    "scientific": "9.8765E+16",
    "bangla year": "১৯৯০",
    "nukta one": "\u09dc98765",
    "nukta two": "\u09a1\u09bc98765",
    "zwj": "98765\u200d43210",
    "zwsp": "98765\u200b43210",
    "signed": "+-9876543210",
    "underscored": "98_765_43210",
    "sql": "98765'; DROP TABLE citizens;--",
    "format": "{98765} %s",
}


@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
@pytest.mark.parametrize("reader", READERS, ids=str)
def test_reader_answers_with_a_value_or_a_typed_error_that_tells_nothing(reader: str, hostile: str):
    given_value = HOSTILE[hostile]
    try:
        result = READERS[reader](given_value)
    except NationalDataError as error:
        told = [str(error), repr(error), str(error.args), error.text.bn, error.text.en]
    except ValidationError as error:
        told = [str(error), repr(error), str(error.errors()), error.json()]
    else:
        # All that these may rightly mean: an amount in Bangla digits.
        assert (reader, hostile) == ("money", "bangla year")
        assert result == Money.taka(1990)
        return
    for text in told:
        assert "98765" not in text
        assert "1990" not in text
        assert "১৯৯০" not in text


@pytest.mark.parametrize("function", [normalise, match_key])
@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
def test_text_functions_answer_with_text_or_a_typed_error(function: Callable[[object], str], hostile: str):
    given_value = HOSTILE[hostile]
    if not isinstance(given_value, str) or hostile == "long marks":
        code = "text.marks" if isinstance(given_value, str) else "text.not-text"
        with pytest.raises(NationalDataError) as caught:
            function(given_value)
        assert caught.value.code == code
    else:
        assert isinstance(function(given_value), str)


def test_sentences_are_complete_and_have_no_placeholder():
    for code in tomllib.loads(files("nagorik.values").joinpath("messages.toml").read_text("utf-8")):
        text = NationalDataError(code).text
        assert text.bn.endswith("।")
        assert text.en.endswith(".")
        assert not set("{}%") & set(text.bn + text.en)


def test_error_crosses_processes():
    error = pickle.loads(pickle.dumps(NationalDataError("nid.length")))  # noqa: S301
    assert error.code == "nid.length"
    assert isinstance(error, ValueError)
