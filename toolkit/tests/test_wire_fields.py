"""What agencies write is read in one style only, and written as it is read."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import TypeAdapter, ValidationError

from nagorik import Applicant, DocumentReference, Form, Nid, PersonName, SlotsRequest
from nagorik.http import WireModel
from nagorik.values import Money
from nagorik_toolkit import days_of, filled, hashes_of, number_of, wire_word
from nagorik_toolkit.bangladesh import DayMonthYear, IsoDay
from nagorik_toolkit.wire_fields import (
    BookingNumber,
    DhakaIsoSecond,
    DhakaMinute,
    DhakaSecond,
    DollarAmount,
    TakaAmount,
    YesNo,
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
