from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from nagorik.errors import ContractViolation
from nagorik.model.application import Applicant
from nagorik.model.fee import FeeDue, Quote, QuoteLine, QuoteRequest, Source
from nagorik.privacy import Form
from nagorik.values import MobileNumber, Money, Nid, PersonName, Text
from nagorik_toolkit.fees import DimensionRejected, agreed_quote, demanded_quote, until_midnight

AT = datetime(2026, 1, 15, 4, 30, tzinfo=UTC)
NAME = PersonName(bn="রহিমা খাতুন", en="Rahima Khatun")


class Card(Form):
    reason: str = "lost"


def request(**changes: Any) -> QuoteRequest:
    nid = changes.pop("nid", "1234567890")
    applicant = Applicant(
        name=changes.pop("name", NAME),
        birth_date=changes.pop("birth_date", date(1990, 5, 4)),
        identifiers=(Nid.parse(nid),),
        phone=MobileNumber.parse("01712345678"),
    )
    asked: dict[str, Any] = {
        "service": "nid.reissue",
        "on": date(2026, 1, 15),
        "at": AT,
        "applicant": applicant,
        "form": Card(),
    }
    return QuoteRequest(**asked | changes)


def quote(schedule: Any, asked: QuoteRequest, **dimensions: Any) -> Any:
    return schedule.quote(
        asked,
        due=FeeDue.BEFORE_SUBMISSION,
        valid_for=timedelta(hours=2),
        **{"delivery": "regular", "attempt": 1} | dimensions,
    )


def test_quote_carries_price_times_and_source(reissue: Any) -> None:
    made = quote(reissue, request())
    assert made.total.plain() == "230.00"
    assert (made.issued_at, made.expires_at) == (AT, AT + timedelta(hours=2))
    assert made.due is FeeDue.BEFORE_SUBMISSION
    assert made.source == reissue.tariffs[0].source
    assert made.stage == "application"


def test_same_question_gives_the_same_quote(reissue: Any) -> None:
    assert quote(reissue, request()) == quote(reissue, request())


def test_quote_id_is_stable_across_processes(reissue: Any) -> None:
    assert quote(reissue, request()).id == "77f9d071-1bc4-5113-bc47-056cc5dc4ce3"


@pytest.mark.parametrize(
    "change",
    [
        {"service": "nid.other"},
        {"at": AT + timedelta(microseconds=1)},
        {"on": date(2026, 1, 16)},
    ],
)
def test_another_question_gives_another_id(reissue: Any, change: dict[str, Any]) -> None:
    assert quote(reissue, request(**change)).id != quote(reissue, request()).id


def test_another_choice_gives_another_id(reissue: Any) -> None:
    ids = {quote(reissue, request(), attempt=attempt).id for attempt in (1, 2, 3)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    "change",
    [{"nid": "9876543210"}, {"birth_date": date(1990, 5, 5)}, {"name": PersonName(bn="রহিমা খাতুন")}],
)
def test_nothing_of_the_applicant_can_be_tried_out_against_the_id(reissue: Any, change: dict[str, Any]) -> None:
    assert quote(reissue, request(**change)).id == quote(reissue, request()).id


def test_quote_follows_the_day_of_the_question(fees: Any) -> None:
    schedule = fees.schedule(
        fees.tariff(fees.row("100"), name="old", last="2026-01-15"),
        fees.tariff(fees.row("200"), name="new", first="2026-01-16"),
    )
    for day, total in ((15, "100.00"), (16, "200.00")):
        asked = request(on=date(2026, 1, day))
        made = schedule.quote(asked, due=FeeDue.AFTER_SUBMISSION, valid_for=timedelta(days=1))
        assert made.total.plain() == total


def test_quote_needs_every_dimension(reissue: Any) -> None:
    with pytest.raises(DimensionRejected, match="attempt"):
        reissue.quote(request(), due=FeeDue.BEFORE_SUBMISSION, valid_for=timedelta(hours=1), delivery="urgent")


@pytest.mark.parametrize("valid_for", [timedelta(0), timedelta(seconds=-1)])
def test_quote_is_valid_for_some_time(fees: Any, valid_for: timedelta) -> None:
    with pytest.raises(ValueError, match="valid for some time"):
        fees.schedule().quote(request(), due=FeeDue.BEFORE_SUBMISSION, valid_for=valid_for)


LINE = QuoteLine(code="map", text=Text(en="Map", bn="ম্যাপ"), amount=Money.taka(500), vat=Money.taka(20))
SOURCE = Source(title="The office's own answer", verified=False)


def demanded(asked: QuoteRequest, *lines: QuoteLine) -> Quote:
    day = timedelta(days=1)
    return demanded_quote(asked, lines or (LINE,), due=FeeDue.AFTER_SUBMISSION, valid_for=day, source=SOURCE)


def test_what_the_agency_demands_is_a_quote() -> None:
    made = demanded(request(stage="dcr"), LINE, LINE)
    assert (made.total.plain(), made.stage, made.due) == ("1040.00", "dcr", FeeDue.AFTER_SUBMISSION)
    assert (made.issued_at, made.expires_at, made.source) == (AT, AT + timedelta(days=1), SOURCE)


def test_same_demand_is_the_same_quote_and_another_is_not() -> None:
    dearer = LINE.model_copy(update={"amount": Money.taka(501)})
    assert demanded(request()) == demanded(request())
    assert demanded(request()).id != demanded(request(), dearer).id
    assert demanded(request()).id != demanded(request(at=AT + timedelta(microseconds=1))).id


def test_no_number_of_the_citizen_is_in_a_demands_id() -> None:
    assert demanded(request()).id == demanded(request(nid="9876543210")).id


def test_schedule_and_agency_agree_or_nobody_pays(reissue: Any) -> None:
    made = quote(reissue, request())
    assert agreed_quote(made, Money.taka(230)) is made
    with pytest.raises(ContractViolation) as caught:
        agreed_quote(made, Money.taka(231))
    assert caught.value.detail == "fee-differs-from-schedule"


@pytest.mark.parametrize(
    ("at", "left"),
    [
        (datetime(2026, 1, 15, 17, 59, 59, tzinfo=UTC), timedelta(seconds=1)),
        (datetime(2026, 1, 15, 18, 0, tzinfo=UTC), timedelta(days=1)),
    ],
)
def test_price_of_the_day_holds_to_midnight_in_dhaka(at: datetime, left: timedelta) -> None:
    assert until_midnight(at) == left
