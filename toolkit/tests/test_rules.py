"""Dated figures: every day falls under one period, or it is said that nothing is known."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from nagorik.data_files import DataFileInvalid
from nagorik.values import NationalDataError
from nagorik_toolkit.rules import DatedRules, RuleNotKnown, parse_rules

SOURCE = 'source = { title = "circular", verified = false }'


def period(value: str = "value = 1", first: str = "", last: str = "", name: str = "rule") -> str:
    dates = "".join(f"{key} = {day}\n" for key, day in (("effective_from", first), ("effective_to", last)) if day)
    return f"[[{name}]]\n{value}\n{dates}{SOURCE}\n"


def rules(*periods: str) -> DatedRules:
    return parse_rules("\n".join(periods).encode())


def told(*periods: str) -> list[tuple[str, str]]:
    with pytest.raises(DataFileInvalid) as caught:
        rules(*periods)
    assert caught.value.file == "rules.toml"
    return [(problem.location, problem.message) for problem in caught.value.problems]


def test_period_holds_on_its_first_and_its_last_day() -> None:
    read = rules(period("value = 2", "2024-12-01"), period("value = 1", "2020-01-01", "2024-11-30"))
    assert [read.on(date(2024, *day))["rule"].as_int for day in ((11, 30), (12, 1))] == [1, 2]
    assert read.on(date(2020, 1, 1))["rule"].as_int == 1
    assert [rule.value for rule in read.periods("rule")] == [1, 2]


def test_outside_its_periods_a_rule_is_not_known() -> None:
    read = rules(period(first="2020-01-01", last="2020-12-31"))
    for day in (date(2019, 12, 31), date(2021, 1, 1)):
        assert read.on(day).find("rule") is None
        with pytest.raises(RuleNotKnown, match=f"rule says on {day}"):
            read.on(day)["rule"]


def test_rule_of_another_name_is_a_fault() -> None:
    with pytest.raises(KeyError):
        rules(period()).on(date(2026, 1, 1)).find("rul")


def test_instant_is_no_day() -> None:
    with pytest.raises(NationalDataError):
        rules(period()).on(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        ("value = 18", "as_int", 18),
        ("value = true", "as_bool", True),
        ('value = "A4"', "as_text", "A4"),
        ('decimal = "6.25"', "as_decimal", Decimal("6.25")),
        ('duration = "P15D"', "as_duration", timedelta(days=15)),
    ],
)
def test_figure_is_read_as_what_it_is_and_nothing_else(written: str, kind: str, value: object) -> None:
    rule = rules(period(written)).on(date(2026, 1, 1))["rule"]
    assert getattr(rule, kind) == value
    for other in {"as_int", "as_bool", "as_text", "as_decimal", "as_duration"} - {kind}:
        with pytest.raises(TypeError):
            getattr(rule, other)


@pytest.mark.parametrize(
    ("periods", "location", "message"),
    [
        ((period(last="2020-12-31"), period(first="2020-12-31")), "rule", "two periods hold on 2020-12-31"),
        ((period(last="2020-12-31"), period(first="2021-01-02")), "rule", "no period holds on 2021-01-01"),
        ((period(), period(first="2021-01-01")), "rule", "two periods hold on 2021-01-01"),
        ((period(), period()), "rule", "only the first period may lack effective_from"),
        ((period(last="2020-12-31"), period('value = "x"', "2021-01-01")), "rule", "one type of figure"),
        ((period("value = 1.5"),), "rule.0.value", ""),
        ((period("decimal = 1.5"),), "rule.0.decimal", "write an exact number in quotes"),
        ((period('decimal = "NaN"'),), "rule.0.decimal", "write an exact number in quotes"),
        ((period('duration = "15 days"'),), "rule.0.duration", "ISO 8601"),
        ((period('value = 1\ndecimal = "1"'),), "rule.0", "one of value, decimal and duration"),
        ((period(""),), "rule.0", "one of value, decimal and duration"),
        ((period(first="2021-01-02", last="2021-01-01"),), "rule.0", "not before effective_from"),
        ((period("value = 1\nunit = 2"),), "rule.0.unit", "there is no field"),
        (("[[rule]]\nvalue = 1",), "rule.0.source", "this field is required"),
        ((f"[rule]\nvalue = 1\n{SOURCE}",), "rule", "write [[name]]"),
        (("rule = []",), "rule", "write [[name]]"),
        ((period(name='"Rule one"'),), "Rule one", "write [[name]]"),
    ],
)
def test_what_is_wrong_is_told_with_rule_and_entry(periods: tuple[str, ...], location: str, message: str) -> None:
    places = told(*periods)
    assert any(place.startswith(location) and message in text for place, text in places), places


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=6), st.integers(-100, 25000))
def test_every_day_of_a_chain_has_exactly_one_period(lengths: list[int], offset: int) -> None:
    first = date(1972, 1, 1)
    starts = [first + timedelta(days=sum(lengths[:number])) for number in range(len(lengths) + 1)]
    read = rules(
        *(
            period(f"value = {number}", str(start), str(end - timedelta(days=1)))
            for number, (start, end) in enumerate(pairwise(starts))
        )
    )
    day = first + timedelta(days=offset)
    found = read.on(day).find("rule")
    expected = next((n for n, (a, b) in enumerate(pairwise(starts)) if a <= day < b), None)
    assert (None if found is None else found.as_int) == expected
