from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import pytest

from nagorik.errors import AgencyRejected, ContractViolation, FieldProblem, InputRejected, Layer
from nagorik.model.application import Applicant
from nagorik.model.fee import FeeDue, Quote, QuoteLine, QuoteRequest, Source
from nagorik.privacy import Form
from nagorik.values import MobileNumber, Money, Nid, PersonName, Text
from nagorik_toolkit import FieldMissing, partial_form
from nagorik_toolkit.fees import (
    DimensionRejected,
    FeeBasis,
    NoTariff,
    NotPriced,
    agreed_quote,
    demanded_quote,
    until_midnight,
)

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


def test_agency_may_demand_more_than_the_known_where_a_cost_is_unknown(fees: Any) -> None:
    schedule = fees.schedule(fees.tariff(fees.row("100"), fees.row("unknown", "tax")))
    made = schedule.quote(request(), due=FeeDue.BEFORE_SUBMISSION, valid_for=timedelta(hours=1))
    assert (made.total.plain(), len(made.lines), len(made.unpriced)) == ("100.00", 1, 1)
    assert agreed_quote(made, Money.taka(100)) is made
    dearer = agreed_quote(made, Money.taka(130))
    assert (dearer.total.plain(), dearer.lines[1].total.plain(), dearer.unpriced) == ("130.00", "30.00", ())
    assert dearer.lines[1].text == made.unpriced[0]
    with pytest.raises(ContractViolation):
        agreed_quote(made, Money.taka(99))


def test_choice_of_which_nothing_is_known_has_no_price(fees: Any) -> None:
    schedule = fees.schedule(fees.tariff(fees.row("unknown")))
    with pytest.raises(NotPriced):
        schedule.quote(request(), due=FeeDue.BEFORE_SUBMISSION, valid_for=timedelta(hours=1))


@pytest.mark.parametrize(
    ("at", "left"),
    [
        (datetime(2026, 1, 15, 17, 59, 59, tzinfo=UTC), timedelta(seconds=1)),
        (datetime(2026, 1, 15, 18, 0, tzinfo=UTC), timedelta(days=1)),
    ],
)
def test_price_of_the_day_holds_to_midnight_in_dhaka(at: datetime, left: timedelta) -> None:
    assert until_midnight(at) == left


@pytest.mark.parametrize(
    ("last", "day", "en", "bn"),
    [
        (
            None,
            date(2015, 8, 31),
            "No published fee is known here for 31 August 2015; the first one known holds from 1 September 2015.",
            "৩১ আগস্ট ২০১৫ তারিখের কোনো প্রকাশিত ফি এখানে জানা নেই; প্রথম জানা ফি ১ সেপ্টেম্বর ২০১৫ থেকে।",
        ),
        (
            "2026-01-31",
            date(2026, 2, 1),
            "No published fee is known here for 1 February 2026; the last one known held until 31 January 2026.",
            "১ ফেব্রুয়ারি ২০২৬ তারিখের কোনো প্রকাশিত ফি এখানে জানা নেই; শেষ জানা ফি ৩১ জানুয়ারি ২০২৬ পর্যন্ত।",
        ),
    ],
)
def test_day_without_a_tariff_is_told_in_a_sentence_and_is_nobodys_fault(
    fees: Any, last: str | None, day: date, en: str, bn: str
) -> None:
    schedule = fees.schedule(fees.tariff(first="2015-09-01", last=last))
    with pytest.raises(AgencyRejected) as refused:
        schedule.quote(request(on=day), due=FeeDue.BEFORE_SUBMISSION, valid_for=timedelta(hours=1))
    assert (refused.value.reason_code, refused.value.layer) == ("no-tariff", Layer.PLUGIN)
    assert refused.value.reason == Text(en=f"{en} Ask the agency.", bn=f"{bn} সংস্থার কাছে জেনে নিন।")


def test_day_in_a_gap_has_neither_a_first_nor_a_last_tariff(fees: Any) -> None:
    early = fees.tariff(name="early", first="2015-01-01", last="2015-12-31")
    schedule = fees.schedule(early, fees.tariff(name="late", first="2017-01-01"))
    with pytest.raises(NoTariff) as none:
        schedule.price(date(2016, 6, 1))
    assert none.value.sentence.en == "No published fee is known here for 1 June 2016. Ask the agency."


HOURS = timedelta(hours=2)


class CardOrder(Form):
    owner: str
    delivery: Literal["regular", "urgent"]


def test_dimensions_are_the_forms_fields_of_their_names(reissue: Any) -> None:
    basis = FeeBasis.of_fields(reissue, CardOrder(owner="nobody", delivery="urgent"), due=FeeDue.BEFORE_SUBMISSION)
    assert basis.choice(attempt=2) == {"delivery": "urgent", "attempt": 2}
    asked = request(form=CardOrder(owner="nobody", delivery="urgent"))
    direct = reissue.quote(asked, due=FeeDue.BEFORE_SUBMISSION, valid_for=HOURS, delivery="urgent", attempt=2)
    assert basis.quote(asked, valid_for=HOURS, attempt=2) == direct
    with pytest.raises(DimensionRejected, match="needs the dimension attempt"):
        basis.quote(asked, valid_for=HOURS)


def test_field_that_nobody_filled_in_is_missed_when_the_choice_is_made(reissue: Any) -> None:
    basis = FeeBasis.of_fields(reissue, partial_form(CardOrder, {}).form, due=FeeDue.BEFORE_SUBMISSION)
    assert list(basis.dimensions) == ["delivery"]
    with pytest.raises(FieldMissing) as missing:
        basis.choice(attempt=1)
    assert missing.value.field == "delivery"


def test_stages_may_fall_due_at_different_times(reissue: Any) -> None:
    stages = {"application": FeeDue.BEFORE_SUBMISSION, "dcr": FeeDue.AFTER_SUBMISSION}
    basis = FeeBasis(reissue, stages, {"delivery": lambda: "regular"})
    assert [basis.due_at(stage) for stage in stages] == list(stages.values())
    assert basis.quote(request(), valid_for=HOURS, attempt=1).due is FeeDue.BEFORE_SUBMISSION
    assert FeeBasis(reissue, FeeDue.AFTER_SUBMISSION).due_at("any") is FeeDue.AFTER_SUBMISSION
    with pytest.raises(KeyError):
        basis.due_at("another")


def test_checks_refuse_together_what_has_not_been_filed(reissue: Any) -> None:
    def refuse(pointer: str) -> None:
        raise InputRejected([FieldProblem(pointer=pointer, code="no", text=Text(en="No", bn="না"))])

    checks = (lambda: refuse("/form/owner"), lambda: None, lambda: refuse("/form/delivery"))
    form = CardOrder(owner="nobody", delivery="urgent")
    basis = FeeBasis.of_fields(reissue, form, due=FeeDue.BEFORE_SUBMISSION, checks=checks)
    with pytest.raises(InputRejected) as rejected:
        basis.quote(request(form=form), valid_for=HOURS, attempt=1)
    assert [problem.pointer for problem in rejected.value.fields] == ["/form/owner", "/form/delivery"]
    assert rejected.value.layer is Layer.PLUGIN
    filed = request(form=form, agency_reference="A-1")
    assert basis.quote(filed, valid_for=HOURS, attempt=1).total.poisha
