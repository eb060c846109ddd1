from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from nagorik.model.application import Applicant
from nagorik.model.fee import FeeDue, QuoteRequest
from nagorik.privacy import Form
from nagorik.values import MobileNumber, Nid, PersonName
from nagorik_toolkit.fees import DimensionRejected

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
    assert quote(reissue, request()).id == "f89e8f42-d8e4-5688-9cc4-f162502df99d"


@pytest.mark.parametrize(
    "change",
    [
        {"service": "nid.other"},
        {"at": AT + timedelta(microseconds=1)},
        {"on": date(2026, 1, 16)},
        {"birth_date": date(1990, 5, 5)},
        {"name": PersonName(bn="রহিমা খাতুন")},
    ],
)
def test_another_question_gives_another_id(reissue: Any, change: dict[str, Any]) -> None:
    assert quote(reissue, request(**change)).id != quote(reissue, request()).id


def test_another_choice_gives_another_id(reissue: Any) -> None:
    ids = {quote(reissue, request(), attempt=attempt).id for attempt in (1, 2, 3)}
    assert len(ids) == 3


def test_no_number_can_be_tried_out_against_the_id(reissue: Any) -> None:
    assert quote(reissue, request(nid="9876543210")).id == quote(reissue, request()).id


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
