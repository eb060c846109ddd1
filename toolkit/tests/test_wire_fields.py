"""What agencies write is read in one style only, and written as it is read."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given, strategies as st
from pydantic import TypeAdapter, ValidationError

from nagorik import Applicant, DocumentReference, Form, Nid, PersonName, SlotsRequest
from nagorik.http import WireModel
from nagorik.values import Money, dhaka_time, to_bangla_digits
from nagorik_toolkit import days_of, filled, hashes_of, number_of, wire_word
from nagorik_toolkit.bangladesh import DayMonthYear, IsoDay
from nagorik_toolkit.wire_fields import (
    BookingNumber,
    DhakaIsoSecond,
    DhakaMinute,
    DhakaSecond,
    DollarAmount,
    StrictAmount,
    TakaAmount,
    WrittenAmount,
    YesNo,
    read_instant,
)


def read(kind: Any, written: object) -> Any:
    return TypeAdapter(kind).validate_python(written)


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (DhakaSecond, "2026-01-31 00:05:00"),
        (DhakaMinute, "31/01/2026 00:05"),
        (DhakaMinute, "৩১/০১/২০২৬ ০০:০৫"),
        (DhakaIsoSecond, "2026-01-31T00:05:00"),
    ],
)
def test_time_is_dhakas(kind: Any, written: str) -> None:
    assert read(kind, written) == datetime(2026, 1, 30, 18, 5, tzinfo=UTC)


def test_summer_time_of_2009_is_counted() -> None:
    assert read(DhakaSecond, "2009-07-01 12:00:00") == datetime(2009, 7, 1, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["31/01/2026 00:05", "2026-01-31", "2026-01-31 00:05:00+06:00", "", 1769796300, None]
)
def test_time_in_another_style_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        read(DhakaSecond, written)


@pytest.mark.parametrize("written", ["0001-01-01 00:00:00", "0001-01-01 05:59:59"])
def test_time_before_all_that_utc_can_show_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        read(DhakaSecond, written)


def test_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        read(DhakaSecond, datetime(2026, 1, 31))  # noqa: DTZ001


@given(st.integers(0, 10**9))
def test_what_is_written_is_read_again(seconds: int) -> None:
    whole = datetime.fromtimestamp(seconds, UTC)
    for kind in (DhakaSecond, DhakaIsoSecond):
        assert read(kind, TypeAdapter(kind).dump_python(whole, mode="json")) == whole


@pytest.mark.parametrize(
    ("written", "poisha"),
    [("1,150.00", 115000), ("১,১৫০", 115000), (1150, 115000), (1150.5, 115050), (0.1, 10), ("0", 0)],
)
def test_amount_is_read_exactly(written: object, poisha: int) -> None:
    assert read(TakaAmount, written) == Money(poisha=poisha)
    assert read(TakaAmount, Money(poisha=poisha)) == Money(poisha=poisha)


@pytest.mark.parametrize("written", [True, None, "", "free", -1, "-1", 1.005, float("nan"), float("inf"), [1]])
def test_what_is_no_amount_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        read(TakaAmount, written)


@given(st.integers(0, 10**11))
def test_amount_survives_every_way_of_writing_it(poisha: int) -> None:
    amount = Money(poisha=poisha)
    assert read(TakaAmount, TypeAdapter(TakaAmount).dump_python(amount, mode="json")) == amount
    assert read(TakaAmount, float(amount.plain())) == amount
    assert read(DollarAmount, amount.plain()) == Money(poisha=poisha, currency="USD")


MONEY = st.integers(0, 10**15 - 1).map(lambda poisha: Money(poisha=poisha))


def shortest(amount: Money) -> str:
    """Without the places that are zero."""
    return amount.plain().rstrip("0").rstrip(".")


@given(MONEY, st.sampled_from(["BDT", "USD"]))
def test_strict_amount_is_read_to_the_poisha_however_it_is_written(amount: Money, currency: Any) -> None:
    strict, expected = StrictAmount(currency), Money(poisha=amount.poisha, currency=currency)
    for written in (amount.plain(), shortest(amount), amount.as_decimal(), Decimal(shortest(amount))):
        assert strict.read(written) == expected
    assert strict.read(amount.poisha // 100) == Money(poisha=amount.poisha // 100 * 100, currency=currency)


@given(st.integers(0, 10**11).map(lambda poisha: Money(poisha=poisha)))
def test_strict_amount_refuses_what_people_write(amount: Money) -> None:
    text = shortest(amount)
    people = (f"{amount.poisha // 100 + 1000:,}", f"{text} only", f"Tk {text}", f"৳{text}", f"{text}/=", f"+{text}")
    machines = (f" {text}", f"{text}\n", f"-{text}", f"{amount.plain()}0", f"{text}e0", text.encode())
    for written in (*people, *machines, to_bangla_digits(text), [text], {"poisha": amount.poisha}):
        with pytest.raises(ValueError, match="amount"):
            StrictAmount().read(written)


@given(st.integers() | st.floats() | st.decimals() | st.text() | st.text("0123456789.-+eE"))
def test_strict_amount_is_what_its_text_says_or_none(written: Any) -> None:
    try:
        amount = StrictAmount().read(written)
    except ValueError:
        return
    assert amount.as_decimal() == Decimal(written)
    assert re.fullmatch(r"[0-9]{1,13}(\.[0-9]{1,2})?", str(written))
    assert not isinstance(written, float)


@pytest.mark.parametrize(
    "written",
    [
        *(True, False, None, 345.0, 0.1 + 0.2, float("nan"), 10**13, -1, 10**5000),
        *(Decimal("NaN"), Decimal("-1"), Decimal("Infinity"), Decimal("345.000")),
        *(Decimal("1E+9"), Decimal("1E+999999999"), Decimal("1E-999999999")),
        *("", ".", "345.", ".5", "345.005", "0x159", "1_000", "NaN", "٣٤٥", "9" * 14, "9" * 5000),
    ],
    ids=range(27),
)
def test_strict_amount_refuses_what_is_no_exact_amount(written: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        StrictAmount().read(written)


@pytest.mark.parametrize(("digits", "written", "fits"), [(3, "999.99", True), (3, 1000, False), (1, "00", False)])
def test_strict_amount_has_so_many_digits_before_its_point(digits: int, written: object, fits: bool) -> None:
    kind = Annotated[Money, StrictAmount(digits=digits)]
    if fits:
        assert read(kind, written) == Money.taka("999.99")
    else:
        with pytest.raises(ValidationError, match=f"up to {digits} ASCII digits"):
            read(kind, written)


def test_strict_amount_is_written_as_it_is_read() -> None:
    adapter = TypeAdapter(Annotated[Money, StrictAmount()])
    assert adapter.dump_python(Money.taka("345.5"), mode="json") == "345.50"
    assert adapter.validate_python(Money.taka(5)) == Money.taka(5)
    assert adapter.validate_json('"345.00"') == Money.taka(345)


@pytest.mark.parametrize("written", ["345.00", "free", 345, 345.5, Decimal("345.5")])
def test_amount_is_kept_as_it_was_written(written: object) -> None:
    kept = read(WrittenAmount, written)
    assert (kept, type(kept)) == (written, type(written))


@pytest.mark.parametrize(("number", "kind"), [("345", int), ("345.0", float), ("344.99999999999999999999", float)])
def test_number_that_json_was_read_into_a_float_for_is_seen_to_be_one(number: str, kind: type) -> None:
    kept = TypeAdapter(WrittenAmount).validate_json(number)
    assert type(kept) is kind
    if kind is float:
        with pytest.raises(ValueError, match="amount"):
            StrictAmount().read(kept)


@pytest.mark.parametrize("written", [True, None, [], {}])
def test_truth_value_is_no_written_amount(written: object) -> None:
    with pytest.raises(ValidationError):
        read(WrittenAmount, written)


OWN_STYLE = re.compile(
    r"(?P<local>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:[:.](?P<fraction>[0-9]{1,9}))?"
    r"(?: GMT(?P<offset>[+-][0-9]{2}:?[0-9]{2}))?"
)
INSTANTS = st.datetimes(datetime(1972, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(INSTANTS, st.integers(-12 * 4, 14 * 4), st.sampled_from(["", ":"]))
def test_instant_of_any_offset_is_the_same(at: datetime, quarters: int, colon: str) -> None:
    local = at.astimezone(timezone(timedelta(minutes=15 * quarters)))
    sign, hours, minutes = re.fullmatch(r"([+-])(..)(..)", f"{local:%z}").groups()
    written = f"  {local:%Y-%m-%dT%H:%M:%S}.{local.microsecond:06d}999 GMT{sign}{hours}{colon}{minutes}\n"
    assert read_instant(written, OWN_STYLE) == at


@given(INSTANTS)
def test_instant_without_an_offset_is_dhakas(at: datetime) -> None:
    if at.year == 2009:  # an hour of its last day is there twice
        return
    shown = f"{dhaka_time(at):%Y-%m-%dT%H:%M:%S}"
    assert read_instant(shown, OWN_STYLE) == at.replace(microsecond=0)
    assert read_instant(f"{shown}:5", OWN_STYLE) == at.replace(microsecond=500_000)
    assert read_instant(at, OWN_STYLE) is at


def test_instant_of_dhakas_summer_time_is_read_as_it_was() -> None:
    assert read_instant("2009-07-01T12:00:00", OWN_STYLE) == datetime(2009, 7, 1, 5, 0, tzinfo=UTC)


@given(st.text() | st.text("0123456789-:T. GMT+") | st.none() | st.integers() | st.floats() | st.binary())
def test_instant_in_another_style_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="another style"):
        read_instant(written, OWN_STYLE)


@pytest.mark.parametrize(
    "written",
    [
        *("2019-02-29T00:00:00", "0000-00-00T00:00:00", "2019-08-07T25:00:00", "২০১৯-০৮-০৭T১১:১৫:৫৬"),
        *("0001-01-01T00:00:00", "0001-01-01T00:00:00 GMT+0600", "9999-12-31T23:59:59 GMT-0600"),
        *("2019-08-07T00:00:00 GMT+9900", "2019-08-07T00:00:00 GMT+2400"),
    ],
)
def test_instant_that_no_clock_shows_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_instant(written, OWN_STYLE)


def test_offset_of_another_form_is_refused() -> None:
    style = re.compile(r"(?P<local>.{19})(?P<offset>.*)")
    assert read_instant("2019-08-07T06:00:00+06:00", style) == datetime(2019, 8, 7, tzinfo=UTC)
    with pytest.raises(ValueError, match="offset"):
        read_instant("2019-08-07T06:00:00+6", style)


@given(INSTANTS, st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_instant_is_no_later_than_it_may_be(at: datetime, ahead: timedelta) -> None:
    whole = at.replace(microsecond=0)
    written = f"{whole:%Y-%m-%dT%H:%M:%S} GMT+0000"
    if ahead >= timedelta(0):
        assert read_instant(written, OWN_STYLE, latest=whole + ahead) == whole
    else:
        with pytest.raises(ValueError, match="still to come"):
            read_instant(written, OWN_STYLE, latest=whole + ahead)


@pytest.mark.parametrize(("written", "answer"), [(True, True), ("false", False), (" YES ", True), ("No", False)])
def test_answer(written: object, answer: bool) -> None:
    assert read(YesNo, written) is answer


@pytest.mark.parametrize("written", ["", "1", 1, 0, None, "y", "হ্যাঁ"])
def test_what_is_no_answer_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        read(YesNo, written)


@given(st.dates(date(1000, 1, 1)))
def test_day_is_read_in_its_own_style_only(day: date) -> None:
    for kind, other in ((IsoDay, DayMonthYear), (DayMonthYear, IsoDay)):
        written = TypeAdapter(kind).dump_python(day, mode="json")
        assert read(kind, written) == day
        with pytest.raises(ValidationError):
            read(other, written)


def test_model_takes_what_may_be_absent() -> None:
    class Standing(WireModel):
        at: DhakaMinute | None = None
        fee: TakaAmount | None = None

    assert Standing.model_validate({"at": None}).fee is None
    assert Standing(fee=Money.taka(5)).model_dump(mode="json") == {"at": None, "fee": "5.00"}


def test_choice_is_written_as_an_agencys_word() -> None:
    assert wire_word("super-express") == "SUPER_EXPRESS"


def test_only_what_was_filled_in_is_told() -> None:
    assert filled({"a": None, "b": False, "c": ""}) == {"b": False, "c": ""}


@pytest.mark.parametrize(
    ("nid", "number"),
    [
        ("1234567890", "1234567890"),
        ("2617239423141", "19902617239423141"),
        ("19902617239423141", "19902617239423141"),
    ],
)
def test_nid_number_is_taken_with_the_year_of_birth_where_it_lacks_it(nid: str, number: str) -> None:
    assert number_of(Nid.parse(nid), date(1990, 1, 31)) == number


def test_documents_are_told_by_kind_and_hash() -> None:
    document = DocumentReference(id="d", kind="photo", media_type="image/png", bytes=1, sha256="0" * 64)
    assert hashes_of([document]) == [{"kind": "photo", "sha256": "0" * 64}]


def test_days_of_appointments_are_those_in_dhaka() -> None:
    applicant = Applicant(name=PersonName(en="NAMUNA NAGORIK"), birth_date=date(1990, 1, 31))
    request = SlotsRequest(
        service="x.y",
        on=date(2026, 1, 15),
        applicant=applicant,
        form=Form(),
        earliest=datetime(2026, 1, 15, 17, 59, tzinfo=UTC),
        latest=datetime(2026, 1, 31, 18, 0, tzinfo=UTC),
    )
    assert days_of(request) == {"from": "2026-01-15", "to": "2026-02-01"}
    assert days_of(request, lambda day: f"{day:%d-%m-%Y}") == {"from": "15-01-2026", "to": "01-02-2026"}


@pytest.mark.parametrize("written", ["বিআর-১২", "BR 12", "", "BR-১২"])
def test_number_of_a_booking_in_other_signs_is_refused(written):
    assert read(BookingNumber, "BR-12/4") == "BR-12/4"
    with pytest.raises(ValidationError):
        read(BookingNumber, written)
