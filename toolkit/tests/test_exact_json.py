"""Numbers of JSON as they are written, and documents that say a thing twice."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from nagorik import AgencyResponse, Money, WireModel
from nagorik_toolkit import WrittenAmount
from nagorik_toolkit.formats.exact_json import ExactJsonReader
from nagorik_toolkit.wire_fields import StrictAmount


class Paid(WireModel):
    amount: WrittenAmount
    number: str | None = None


READER = ExactJsonReader(Paid)


def answer(body: str) -> AgencyResponse:
    return AgencyResponse(200, (), body.encode())


@given(st.integers(0, 10**13), st.sampled_from(["{}", "{}.0", "{}.5", "{}.05"]))
def test_number_is_read_to_the_poisha(whole: int, written: str) -> None:
    text = written.format(min(whole, 10**13 - 1))
    paid = READER.read(answer(f'{{"amount": {text}}}'))
    assert StrictAmount().read(paid.amount) == Money.taka(Decimal(text))


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        *(("345", int), ("1" * 5000, Decimal), ("344.99999999999999999999", Decimal)),
        *(("3.45e2", float), ("1E40", float)),
    ],
    ids=range(5),
)
def test_number_keeps_every_digit_unless_it_has_an_exponent(number: str, kind: type) -> None:
    amount = READER.read(answer(f'{{"amount": {number}}}')).amount
    assert type(amount) is kind
    assert kind is float or str(amount) == number
    if kind is not int:
        with pytest.raises(ValueError, match="amount"):
            StrictAmount().read(amount)


@pytest.mark.parametrize(
    "body",
    [
        '{"amount": 1, "amount": 2}',
        '{"amount": 1, "other": {"a": 1, "\\u0061": 2}}',
        '{"amount": NaN}',
        '{"amount": -Infinity}',
        '{"amount": 1',
        "",
        "<html>",
        "[" * 100_000,
    ],
    ids=range(8),
)
def test_what_is_no_clear_json_is_not_read_and_not_taken_for_the_agencys_word(body: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        READER.read(answer(body))
    assert not READER.recognises(answer(body))


@pytest.mark.parametrize("document", [{"amount": 1}, {}, [], "text", 7.5])
def test_any_clear_json_is_the_agencys_word(document: Any) -> None:
    assert READER.recognises(answer(json.dumps(document)))


def test_answer_of_another_shape_does_not_fit() -> None:
    with pytest.raises(ValidationError):
        READER.read(answer('{"amount": "1", "number": 7}'))
