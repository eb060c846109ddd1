"""A plugin's sentences: both languages or an error that names the file and the code."""

import string
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, strategies as st
from pydantic import field_validator

from nagorik.data_files import DataFileInvalid
from nagorik.errors import InputRejected
from nagorik.privacy import Form
from nagorik.values import Money, NationalDataError, dhaka_time, to_ascii_digits
from nagorik.values.sentences import Text
from nagorik_toolkit.form_validation import validate_form
from nagorik_toolkit.texts import day_text, moment_text, money_text, parse_texts, read_day, read_moment, read_texts

GOOD = """
["age.fail"]
en = "You are not {years} yet."
bn = "আপনার বয়স এখনো {years} হয়নি।"

[plain]
en = "It is so."
bn = "এটিই ঠিক।"
"""


def catalogue(text: str = GOOD):
    return parse_texts(text.encode())


@pytest.mark.parametrize(
    ("fill", "bn", "en"),
    [
        (18, "১৮", "18"),
        (Decimal("6.25"), "৬.২৫", "6.25"),
        (Decimal("1E+3"), "১০০০", "1000"),
        (date(2026, 1, 31), "৩১ জানুয়ারি ২০২৬", "31 January 2026"),
        (Money.taka(4025), "৪,০২৫ টাকা", "Tk 4,025"),
        (Money.taka("4025.50"), "৪,০২৫.৫০ টাকা", "Tk 4,025.50"),
        (Money.of(100, "USD"), "১০০ মার্কিন ডলার", "100 US dollars"),
        (Text(bn="দশ", en="ten"), "দশ", "ten"),
        (datetime(2026, 11, 24, 4, 1, tzinfo=UTC), "২৪ নভেম্বর ২০২৬, সকাল ১০:০১", "24 November 2026, 10:01 am"),
    ],
)
def test_fill_is_written_in_each_language(fill, bn: str, en: str) -> None:
    assert catalogue().text("age.fail", years=fill) == Text(
        bn=f"আপনার বয়স এখনো {bn} হয়নি।", en=f"You are not {en} yet."
    )


@given(st.text(alphabet=string.ascii_letters + "{}%\\", min_size=1).filter(str.strip))
def test_fill_is_never_taken_for_a_place(written: str) -> None:
    filled = catalogue().text("age.fail", years=Text(bn=written, en=written))
    assert filled.en == f"You are not {written.strip()} yet."


@pytest.mark.parametrize(("code", "fills"), [("gone", {}), ("age.fail", {}), ("plain", {"years": 1})])
def test_slip_of_the_plugin_names_the_file_and_the_code(code: str, fills: dict[str, int]) -> None:
    with pytest.raises(KeyError, match=rf"messages\.toml.*{code}"):
        catalogue().text(code, **fills)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('["a.b"]\nen = "x"', "a.b.bn: this field is required"),
        ('["a.b"]\nen = "x"\nbn = " "', "a.b.bn: write at least one letter"),
        ('["a.b"]\nen = "x"\nbn = "ক"\nfr = "y"', "a.b.fr: there is no field fr"),
        ('["a.b"]\nen = "{n}"\nbn = "ক"', "a.b: {n} stands in one language only"),
        ('["a.b"]\nen = "{0}"\nbn = "{0}"', "a.b: bn: write a place to fill as {name}"),
        ('["a.b"]\nen = "{n:>3}"\nbn = "{n.x}"', "a.b: en: write a place to fill as {name}"),
        ('[a.b]\nen = "x"\nbn = "ক"', "put a code with dots in quotes"),
        ('["a b"]\nen = "x"\nbn = "ক"', "a b: write the code in ASCII words"),
        ("[a", "not valid TOML"),
        ("a = 1", "a: "),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_place(entry: str, told: str) -> None:
    with pytest.raises(DataFileInvalid) as caught:
        catalogue(entry)
    assert told in str(caught.value)
    assert str(caught.value).startswith("messages.toml: ")


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(DataFileInvalid) as caught:
        catalogue('[one]\nen = "x"\n\n[two]\nbn = "ক"')
    assert [problem.location for problem in caught.value.problems] == ["one.bn", "two.en"]


def test_file_that_is_not_there_or_no_utf8_is_told() -> None:
    with pytest.raises(DataFileInvalid, match=r"gone\.toml: there is no such file in the package nagorik"):
        read_texts("nagorik", "gone.toml")
    with pytest.raises(DataFileInvalid, match="UTF-8"):
        parse_texts(b'[a]\nen = "\xff"')


def test_validator_raises_a_problem_with_both_texts_and_braces_do_no_harm() -> None:
    texts = catalogue('["x.no"]\nen = "not {what}."\nbn = "{what} নয়।"')

    class Asked(Form):
        word: str

        @field_validator("word")
        @classmethod
        def _no(cls, word: str) -> str:
            raise texts.problem("x.no", what=Text(bn="{ক}", en="{bn}"))

    with pytest.raises(InputRejected) as caught:
        validate_form(Asked, {"word": "secret"})
    problem = caught.value.fields[0]
    assert (problem.pointer, problem.code) == ("/form/word", "x.no")
    assert (problem.text.en, problem.text.bn) == ("word: not {bn}.", "word: {ক} নয়।")


def test_sentence_that_gets_too_long_by_what_is_filled_in_is_cut() -> None:
    texts = catalogue('["x.no"]\nen = "not {what}"\nbn = "{what} নয়"')
    told = texts.text("x.no", what=Text(bn="ক" * 4000, en="k" * 3996))
    assert told == Text(bn="ক" * 3999 + "…", en="not " + "k" * 3996)
    assert texts.field_problem("/form", "x.no", what=Text(bn="ক", en="k" * 3997)).text.en == "not " + "k" * 3995 + "…"


@pytest.mark.parametrize(
    ("day", "en", "bn"),
    [
        (date(2027, 1, 31), "31 January 2027", "৩১ জানুয়ারি ২০২৭"),
        (date(2024, 2, 29), "29 February 2024", "২৯ ফেব্রুয়ারি ২০২৪"),
        (date(1971, 12, 16), "16 December 1971", "১৬ ডিসেম্বর ১৯৭১"),
    ],
)
def test_day_is_written_as_it_is_read_aloud(day: date, en: str, bn: str) -> None:
    assert day_text(day) == Text(en=en, bn=bn)


@given(st.dates(), st.sampled_from(["en", "bn", "ascii"]))
def test_every_day_that_is_written_is_read(day: date, as_written: str) -> None:
    text = day_text(day)
    assert read_day({"en": text.en, "bn": text.bn, "ascii": to_ascii_digits(text.bn)}[as_written]) == day


@given(st.timedeltas(timedelta(0), timedelta(days=2_900_000)))
def test_every_moment_that_is_written_is_read_to_the_minute(since: timedelta) -> None:
    moment = datetime(1972, 1, 1, tzinfo=UTC) + since
    text, minute = moment_text(moment), moment.replace(second=0, microsecond=0)
    assume(not dhaka_time(moment).fold)
    assert {read_moment(text.en), read_moment(text.bn), read_moment(to_ascii_digits(text.bn))} == {minute}


@pytest.mark.parametrize(
    ("read", "written", "code"),
    [
        (read_day, "৩০ ফেব্রুয়ারি ২০২৭", "date.no-such-day"),
        *(
            (read_day, written, "date.style")
            for written in ("৩১ January ২০২৭", "৩১ জানুয়ারি", "031 January 2027", "01 January 2027", "৩১ জানুয়ারী ২০২৭", "")
        ),
        *(
            (read_moment, written, "date.style")
            for written in (
                "২৪ নভেম্বর ২০২৬",
                "২৪ নভেম্বর ২০২৬, রাত ১০:০১ am",
                "২৪ নভেম্বর ২০২৬, ভোর ১০:০১",
                "২৪ নভেম্বর ২০২৬, সকাল ১০:৬১",
                "24 November 2026, 10:০১ am",
                "24 November 2026, 13:01 pm",
                "1 January 1, 12:05 am",
            )
        ),
    ],
)
def test_what_is_written_otherwise_is_refused(read: Callable[[str], object], written: str, code: str) -> None:
    with pytest.raises(NationalDataError) as refused:
        read(written)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("hour_utc", "en", "bn"),
    [
        (18, "25 November 2026, 12:05 am", "২৫ নভেম্বর ২০২৬, রাত ১২:০৫"),
        (23, "25 November 2026, 5:05 am", "২৫ নভেম্বর ২০২৬, ভোর ৫:০৫"),
        (0, "24 November 2026, 6:05 am", "২৪ নভেম্বর ২০২৬, সকাল ৬:০৫"),
        (6, "24 November 2026, 12:05 pm", "২৪ নভেম্বর ২০২৬, দুপুর ১২:০৫"),
        (9, "24 November 2026, 3:05 pm", "২৪ নভেম্বর ২০২৬, বিকাল ৩:০৫"),
        (12, "24 November 2026, 6:05 pm", "২৪ নভেম্বর ২০২৬, সন্ধ্যা ৬:০৫"),
        (14, "24 November 2026, 8:05 pm", "২৪ নভেম্বর ২০২৬, রাত ৮:০৫"),
    ],
)
def test_moment_is_written_as_it_is_read_aloud_in_dhaka(hour_utc: int, en: str, bn: str) -> None:
    assert moment_text(datetime(2026, 11, 24, hour_utc, 5, tzinfo=UTC)) == Text(en=en, bn=bn)


def test_moment_without_an_offset_is_none() -> None:
    with pytest.raises(NationalDataError, match=r"time\.naive"):
        moment_text(datetime(2026, 11, 24, 10, 1))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize(
    ("money", "en", "bn"),
    [
        (Money.taka(1170), "Tk 1,170", "১,১৭০ টাকা"),
        (Money.taka(0), "Tk 0", "০ টাকা"),
        (Money.taka("1234567.50"), "Tk 12,34,567.50", "১২,৩৪,৫৬৭.৫০ টাকা"),
        (Money.of(100, "USD"), "100 US dollars", "১০০ মার্কিন ডলার"),
        (Money.of(1, "USD"), "1 US dollar", "১ মার্কিন ডলার"),
        (Money.of("1234.05", "USD"), "1,234.05 US dollars", "১,২৩৪.০৫ মার্কিন ডলার"),
    ],
)
def test_amount_is_written_as_it_is_read_aloud(money: Money, en: str, bn: str) -> None:
    assert money_text(money) == Text(en=en, bn=bn)
