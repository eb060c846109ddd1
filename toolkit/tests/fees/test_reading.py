import re
from pathlib import Path
from typing import Any

import pytest

from nagorik.data_files import DataFileInvalid
from nagorik_toolkit.fees import Numbers, TariffStanding, Word, parse_schedules, read_schedules


def problems(text: str | bytes) -> dict[str, str]:
    with pytest.raises(DataFileInvalid) as caught:
        parse_schedules(text.encode() if isinstance(text, str) else text)
    return {problem.location: problem.message for problem in caught.value.problems}


def test_disputed_ladder_stays_beside_the_effective_one(reissue: Any) -> None:
    told = [(tariff.id, tariff.standing, tariff.source.verified) for tariff in reissue.tariffs]
    assert told == [
        ("gazette-2015", TariffStanding.EFFECTIVE, False),
        ("muladi-office", TariffStanding.DISPUTED, False),
    ]
    assert reissue.tariffs[1].source.title == "ec.muladi.barisal.gov.bd"


def test_three_and_later_is_a_value(reissue: Any) -> None:
    delivery, attempt = reissue.dimensions
    assert delivery.values == (Word("regular"), Word("urgent"))
    assert attempt.values == (*(Numbers(n, n) for n in (1, 2, 3, 4)), Numbers(5, None))
    assert attempt.labels == ("1", "2", "3", "4", "5+")


def test_amount_is_kept_in_hundredths(fees: Any) -> None:
    rows = fees.schedule(fees.tariff(fees.row("4,025.50"))).tariffs[0].rows
    assert [row.amount for row in rows] == [402550]


@pytest.mark.parametrize(
    ("old", "new", "location", "message"),
    [
        (
            'amount = "100"',
            "amount = 100",
            "fees.tariffs.0.rows.0.amount",
            'write the amount in quotes, such as "345.00"',
        ),
        (
            'amount = "100"',
            "amount = 1.5",
            "fees.tariffs.0.rows.0.amount",
            'write the amount in quotes, such as "345.00"',
        ),
        ('"100"', '"1.005"', "fees.tariffs.0.rows.0.amount", 'write the amount as in "345.00" (money.too-precise)'),
        ('"100"', '"-5"', "fees.tariffs.0.rows.0.amount", 'write the amount as in "345.00" (money.text)'),
        ('code = "fee"', 'kode = "fee"', "fees.tariffs.0.rows.0.kode", "there is no field kode; did you mean code?"),
        ('id = "one"', "", "fees.tariffs.0.id", "this field is required"),
        (
            '"effective"',
            '"current"',
            "fees.tariffs.0.standing",
            "write one of 'effective', 'disputed' or 'superseded'",
        ),
        ("effective_from = 2020-01-01", "", "fees.tariffs.0", "an effective tariff has an effective_from"),
        (
            "effective_from = 2020-01-01",
            "effective_from = 2020-01-01\neffective_to = 2019-12-31",
            "fees.tariffs.0",
            "effective_to is the last day, so it is not before effective_from",
        ),
        ("verified = false", "verified = false, page = 3", "fees.tariffs.0.source.page", "there is no field page"),
        ("rows = [{", "rows = []\nx = [{", "fees.tariffs.0.rows", "write at least one"),
        ('bn = "ফি" }, amount', 'bn = "" }, amount', "fees.tariffs.0.rows.0.text.bn", None),
    ],
)
def test_error_names_the_field(fees: Any, old: str, new: str, location: str, message: str | None) -> None:
    text = fees.written()
    assert old in text
    found = problems(text.replace(old, new))
    assert location in found
    assert message is None or found[location] == message


@pytest.mark.parametrize("rate", ["0.15", '"15"', '"1"', '"0"', '"-0.15"', '"nan"', '"x"'])
def test_rate_is_text_below_one(fees: Any, rate: str) -> None:
    found = problems(fees.written(vat=f'{{ rate = {rate}, included = false, per = "line" }}'))
    assert found == {"fees.vat.rate": 'write the rate in quotes, above 0 and below 1: "0.15" is 15 per cent'}


@pytest.mark.parametrize(
    ("dimensions", "location", "message"),
    [
        ('{ delivery = ["urgent", 1] }', "fees.dimensions.delivery", "the values are all words or all numbers"),
        ('{ attempt = [1, "1-3"] }', "fees.dimensions.attempt", "the value 1-3 is declared twice"),
        ('{ attempt = [5, "3+"] }', "fees.dimensions.attempt", "the value 3+ is declared twice"),
        ("{ attempt = [] }", "fees.dimensions.attempt.values", "write at least one"),
        ('{ stage = ["a"] }', "fees.dimensions.stage", "stage cannot be the name of a dimension"),
        (
            '{ Attempt = ["a"] }',
            "fees.dimensions.Attempt.dimension",
            "write lower-case ASCII words joined by underscores",
        ),
    ],
)
def test_dimension_is_checked(fees: Any, dimensions: str, location: str, message: str) -> None:
    assert problems(fees.written(dimensions=dimensions)) == {location: message}


@pytest.mark.parametrize(
    "value", ['"3-"', '"-3"', '"3-1"', '"1-3+"', '"Urgent"', "1.5", "true", "-1", '"২"', '"1000001"']
)
def test_value_is_a_word_or_whole_numbers(fees: Any, value: str) -> None:
    (found,) = problems(fees.written(dimensions=f"{{ attempt = [{value}] }}")).items()
    assert found[0] == "fees.dimensions.attempt.values.0"
    assert found[1].startswith("write a lower-case word such as urgent")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (['when = { delivry = "urgent" }'], "when.delivry: there is no dimension delivry"),
        (['when = { delivery = "fast" }'], "when.delivery: fast is not among the values regular, urgent"),
        (['when = { attempt = "2-4" }'], "when.attempt: it holds for a part of 3+ only; declare the parts as values"),
        (['times = "delivery"'], "times: there is no dimension delivery of numbers"),
        (["", "when = { attempt = 1 }"], "another row of this code is for the same choice"),
    ],
)
def test_row_fits_the_dimensions(fees: Any, rows: list[str], message: str) -> None:
    tariff = fees.tariff(*(fees.row("100", extra=extra) for extra in rows))
    text = fees.written(tariff, dimensions='{ delivery = ["regular", "urgent"], attempt = [1, 2, "3+"] }')
    assert problems(text) == {"fees": f"tariff one, rows.{len(rows) - 1} (fee): {message}"}


def test_same_code_may_stand_for_other_choices_and_stages(fees: Any) -> None:
    conditions = ["when = { attempt = 1 }", 'when = { attempt = "2+" }', 'stage = "approval"']
    tariff = fees.tariff(*(fees.row("100", extra=extra) for extra in conditions))
    assert len(fees.schedule(tariff, dimensions='{ attempt = [1, "2+"] }').tariffs[0].rows) == 3


def test_tariffs_of_one_id_are_refused(fees: Any) -> None:
    text = fees.written(fees.tariff(), fees.tariff(standing="disputed"))
    assert problems(text) == {"fees": "two tariffs have the id one"}


def test_inexact_amount_is_refused_where_nothing_is_rounded(fees: Any) -> None:
    vat = '{ rate = "0.15", included = false, per = "line" }'
    assert fees.schedule(fees.tariff(fees.row("517.40")), rounding="none", vat=vat)
    found = problems(fees.written(fees.tariff(fees.row("517.50"), fees.row("517.55", "b")), rounding="none", vat=vat))
    assert re.match(r"tariff one, rows.0 \(fee\): amount: with its tax it is not whole in poisha", found["fees"])


def test_all_problems_are_told_at_once(fees: Any) -> None:
    text = fees.written(fees.tariff(fees.row("x"), fees.row("y", "b"), standing="gone"))
    assert set(problems(text)) == {
        "fees.tariffs.0.standing",
        "fees.tariffs.0.rows.0.amount",
        "fees.tariffs.0.rows.1.amount",
    }


@pytest.mark.parametrize(
    ("text", "location", "message"),
    [
        ("", "", "holds no schedule; begin one with [name]"),
        ("fees = 3", "fees", "write a table"),
        ("[fees]\nid = 'x'", "fees", "the name of the table is the schedule's id"),
        (b"\xff", "", "save the file as UTF-8"),
        ("a = " + "[" * 3000, "", "nested too deeply"),
        (f"a = 1\nb = {'9' * 5000}", "", "a number has too many digits: look at line 2"),
    ],
)
def test_file_that_holds_no_schedule_is_refused(text: str | bytes, location: str, message: str) -> None:
    assert problems(text)[location] == message


def test_broken_toml_is_located() -> None:
    assert "line 2" in problems("[fees]\nx = = 1")[""]


def test_schedule_is_frozen(fees: Any) -> None:
    schedules = parse_schedules(fees.written().encode())
    with pytest.raises(Exception, match="frozen"):
        schedules["fees"].rounding = "none"  # type: ignore[misc, assignment]
    with pytest.raises(TypeError):
        schedules["other"] = schedules["fees"]  # type: ignore[index]


def test_a_plugins_own_file_is_read_by_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fees: Any
) -> None:
    package = tmp_path / "tolls"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "fees.toml").write_text(fees.written(), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert list(read_schedules("tolls")) == ["fees"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("delivry = { title = {text} }", "words.delivry: there is no dimension delivry"),
        (
            "delivery = { title = {text}, values = { fast = {text} } }",
            "words.delivery.values: fast is not among the values regular, urgent",
        ),
    ],
)
def test_words_are_of_a_dimension_and_its_values(fees: Any, words: str, message: str) -> None:
    said = words.replace("{text}", '{ en = "Fast", bn = "দ্রুত" }')
    text = fees.written(fees.tariff(), dimensions=f'{{ delivery = ["regular", "urgent"] }}\nwords.{said}')
    assert problems(text) == {"fees": message}
