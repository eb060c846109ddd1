"""Exchanges as they are written down and read again."""

import json
from datetime import date

import pytest
from hypothesis import given, strategies as st

from nagorik.data_files import DataFileInvalid
from nagorik_testing.faults.kinds import InjectedResponse
from nagorik_testing.simulator.exchanges import (
    Exchange,
    ExchangeRequest,
    ExchangeResponse,
    Provenance,
    dump_exchanges,
    fields_of,
    load_exchanges,
)

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"))
EXCHANGES = st.builds(
    Exchange,
    operation=st.none(),
    request=st.builds(
        ExchangeRequest,
        method=st.sampled_from(["GET", "POST"]),
        path=st.just("/v1/files/{number}"),
        query=st.lists(TEXT.filter(bool), max_size=2).map(tuple),
        fields=st.dictionaries(TEXT, st.sampled_from(["text", "number"]), max_size=2),
    ),
    response=st.builds(
        ExchangeResponse,
        status=st.integers(200, 599),
        headers=st.just({"Retry-After": "5"}),
        body=st.text(st.characters(codec="utf-8")),
    ),
    times=st.one_of(st.integers(1, 9), st.just("any")),
    provenance=st.sampled_from(Provenance),
    source=TEXT.filter(bool),
    as_of=st.dates(),
)
GOOD = """
[[exchange]]
operation = "find"
request = { method = "GET", path = "/v1/files/{number}" }
response = { body = '{"number": "F-1"}' }
provenance = "from-spec"
source = "Registry API 1.2, page 4"
as_of = 2026-11-24
"""


@given(st.lists(EXCHANGES, max_size=3).map(tuple))
def test_what_is_dumped_is_loaded_again(tmp_path_factory, exchanges):
    path = tmp_path_factory.mktemp("exchanges") / "recorded.toml"
    path.write_text(dump_exchanges(exchanges), "utf-8", newline="")
    assert load_exchanges(path) == exchanges


def test_answer_of_many_numbers_and_letters_is_loaded_again(tmp_path):
    body = json.dumps([{"amount": 0.5, "name": "text(5..11)"}] * 4_000)
    exchange = load_exchanges(written(tmp_path, GOOD))[0]
    long = exchange.model_copy(update={"response": ExchangeResponse(body=body)})
    assert load_exchanges(written(tmp_path, dump_exchanges((long,)))) == (long,)
    assert InjectedResponse(body=body).body == body


def written(folder, text):
    path = folder / "recorded.toml"
    path.write_text(text, "utf-8", newline="")
    return path


def test_exchange_is_read_with_its_provenance(tmp_path):
    path = tmp_path / "recorded.toml"
    path.write_text(GOOD, "utf-8")
    (exchange,) = load_exchanges(path)
    assert exchange.request.line == "GET /v1/files/{number}"
    assert exchange.response.all_headers == {"content-type": "application/json; charset=utf-8"}
    assert (exchange.provenance, exchange.as_of) == (Provenance.FROM_SPEC, date(2026, 11, 24))


@pytest.mark.parametrize(
    ("wrong", "right", "problem"),
    [
        ('"find"', '"fetch"', "recorded.toml: exchange.0.operation: write one of"),
        ("source =", "sauce =", "exchange.0.sauce: there is no field sauce; did you mean source?"),
        ("source =", "sauce =", "exchange.0.source: this field is required"),
        ('"/v1', '"v1', "exchange.0.request.path: String should match"),
        ('"from-spec"', '"certain"', "provenance: write one of 'recorded', 'from-spec' or 'assumed'"),
        ("[[exchange]]", "[[exchanges]]", "there is no field exchanges; did you mean exchange?"),
        ("[[exchange]]", "[[exchange]", "not valid TOML"),
    ],
)
def test_problem_names_file_table_and_field(tmp_path, wrong, right, problem):
    path = tmp_path / "recorded.toml"
    path.write_text(GOOD.replace(wrong, right, 1), "utf-8")
    with pytest.raises(DataFileInvalid) as caught:
        load_exchanges(path)
    assert problem in str(caught.value)
    assert "Registry API" not in str(caught.value)


def test_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(DataFileInvalid, match=r"^nowhere\.toml: not a readable file"):
        load_exchanges(tmp_path / "nowhere.toml")


def test_fields_are_places_and_kinds_and_no_values():
    content = {"id": "x", "payer": {"name": "y", "old": None}, "lines": [{"amount": 1.5}, {"tax": True}], "e": [{}]}
    assert fields_of(content) == {
        "id": "text",
        "payer.name": "text",
        "payer.old": "null",
        "lines[].amount": "number",
        "lines[].tax": "boolean",
        "e[]": "object",
    }
    assert fields_of(None) == {}
    assert fields_of([]) == {"$": "list"}


@pytest.mark.parametrize(
    ("query", "content", "fits"),
    [
        ({"page": "1"}, {"id": "x"}, True),
        ({"page": "1", "size": "2"}, {"id": "x", "more": 1}, True),
        ({}, {"id": "x"}, False),
        ({"page": "1"}, {"id": 1}, False),
        ({"page": "1"}, None, False),
    ],
)
def test_request_fits_by_what_is_declared(query, content, fits):
    request = ExchangeRequest(method="POST", path="/files", query=("page",), fields={"id": "text"})
    assert request.fits(query, content) is fits
