from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationInfo, field_validator

from nagorik import FieldProblem, InputRejected
from nagorik.forms import Choices, Label
from nagorik.model.fee import FeeDue
from nagorik.privacy import Form
from nagorik.values.sentences import Text
from nagorik_platform.fees.assessment import assess_published
from nagorik_platform.fees.published import GivenRejected, PriceAnswer, PublishedFees
from nagorik_toolkit import FormDay, WholeNumber
from nagorik_toolkit.fees import FeeBasis, parse_schedules

TODAY = date(2026, 11, 24)
SCHEDULES = parse_schedules(
    """
[mooring]
title = { en = "Mooring", bn = "নোঙর" }
rounding = "none"
vat = { rate = "0.15", included = false, per = "line" }
dimensions = { speed = ["slow", "fast"], length = ["1-9", "10-20", "21+"], visit = [1, 2, "3+"] }
words.visit = { title = { en = "Visit", bn = "আসা" }, values = { "3+" = { en = "Often", bn = "ঘন ঘন" } } }

[[mooring.tariffs]]
id = "circular"
standing = "effective"
effective_from = 2020-01-01
source = { title = "Circular 7", as_of = 2020-01-02, verified = true }

[[mooring.tariffs.rows]]
code = "slow"
text = { en = "Slow boat", bn = "ধীর নৌকা" }
amount = "100"
when = { speed = "slow", length = ["1-9", "10-20"], visit = [1, 2] }

[[mooring.tariffs.rows]]
code = "slow-often"
text = { en = "Slow boat that comes often", bn = "ঘন ঘন আসা ধীর নৌকা" }
amount = "60"
when = { speed = "slow", length = ["1-9", "10-20"], visit = "3+" }

[[mooring.tariffs.rows]]
code = "fast"
text = { en = "Fast boat", bn = "দ্রুত নৌকা" }
amount = "200"
when = { speed = "fast", length = ["1-9", "10-20"] }

[[mooring.tariffs.rows]]
code = "inspection"
text = { en = "Inspection", bn = "পরিদর্শন" }
amount = "40"
stage = "inspection"
when = { speed = "fast" }

[late]
title = { en = "Late", bn = "বিলম্ব" }
rounding = "none"
dimensions = { days = ["0+"] }

[[late.tariffs]]
id = "circular"
standing = "effective"
effective_from = 2020-01-01
source = { title = "Circular 8", verified = false }
rows = [{ code = "late", text = { en = "Late, each day", bn = "বিলম্ব, প্রতিদিন" }, amount = "5", times = "days" }]
""".encode()
)


class MooringForm(Form):
    """A boat that is moored; only an engine is weighed, and a raft has no length."""

    owner: str
    speed: Annotated[
        Literal["slow", "fast"],
        Choices({"slow": Text(en="Slow", bn="ধীর"), "fast": Text(en="Fast", bn="দ্রুত")}),
        Label(en="Speed", bn="গতি"),
    ]
    metres: Annotated[int, WholeNumber(1, 99), Label(en="Length in metres", bn="দৈর্ঘ্য, মিটার")]
    at: Literal["jetty", "yard"] = "jetty"
    due_on: FormDay | None = None
    engine: Literal["petrol", "sail"] = Field(default="sail", validate_default=True)

    @field_validator("engine")
    @classmethod
    def _fast_boats_have_an_engine(cls, engine: str, info: ValidationInfo) -> str:
        if info.data.get("speed") == "fast" and engine == "sail":
            raise ValueError("no")
        return engine


def basis(_: str, form: Form, on: date) -> FeeBasis:
    assert isinstance(form, MooringForm)
    if form.at == "yard":
        due_on = form.due_on or on
        return FeeBasis(SCHEDULES["late"], FeeDue.AFTER_SUBMISSION, {"days": lambda: max(0, (on - due_on).days)})
    stages = {"application": FeeDue.BEFORE_SUBMISSION, "inspection": FeeDue.AFTER_SUBMISSION}
    return FeeBasis(SCHEDULES["mooring"], stages, {"speed": lambda: form.speed, "length": lambda: form.metres})


def refuse_long_sails(form: MooringForm) -> None:
    """A boat under sail is moored free from ten metres on."""
    if form.speed == "slow" and form.metres >= 10 and form.engine == "sail":
        raise InputRejected([FieldProblem(pointer="/form/speed", code="free", text=Text(en="Free", bn="বিনামূল্যে"))])


def checked(service: str, form: Form, on: date) -> FeeBasis:
    assert isinstance(form, MooringForm)
    return replace(basis(service, form, on), checks=(lambda: refuse_long_sails(form),))


def ask(given: Mapping[str, str], on: date = TODAY) -> PublishedFees:
    return assess_published("port.mooring", SCHEDULES["mooring"], MooringForm, basis, given, on)


def told(fees: PublishedFees) -> tuple[dict[str, str], list[str]]:
    choice = {one.dimension: one.value for one in fees.choice}
    return choice, [stage.price.total.plain() for stage in fees.stages]


def test_what_is_given_by_field_and_dimension_has_one_price_for_each_payment() -> None:
    fees = ask({"speed": "দ্রুত", "metres": "১২", "visit": "৫"})
    assert (fees.answer, fees.missing) == (PriceAnswer.PRICED, ())
    assert told(fees) == ({"speed": "fast", "length": "12", "visit": "5"}, ["230.00", "46.00"])
    assert [(one.label.bn, one.title.bn) for one in fees.choice] == [("গতি", "দ্রুত"), ("length", "১২"), ("আসা", "৫")]
    assert [stage.due for stage in fees.stages] == [FeeDue.BEFORE_SUBMISSION, FeeDue.AFTER_SUBMISSION]
    assert [(line.code, line.vat.plain()) for line in fees.stages[0].price.lines] == [("fast", "30.00")]


def test_choice_that_the_plugin_refuses_is_refused() -> None:
    def asked(**given: str) -> PublishedFees:
        return assess_published("port.mooring", SCHEDULES["mooring"], MooringForm, checked, given, TODAY)

    with pytest.raises(GivenRejected) as rejected:
        asked(speed="slow", metres="12", visit="1")
    assert [problem.en.partition(" Choose")[0] for problem in rejected.value.problems] == ["speed: Free"]
    assert told(asked(speed="slow", metres="9", visit="1"))[1] == ["115.00"]


def test_dimension_and_its_values_are_called_as_the_fee_file_says() -> None:
    fees = ask({"speed": "slow", "metres": "9", "visit": "3+"})
    assert [(one.label.en, one.title.en) for one in fees.choice if one.dimension == "visit"] == [("Visit", "3")]
    assert [(one.label.en, one.choices[2].title) for one in ask({"speed": "slow", "metres": "9"}).missing] == [
        ("Visit", Text(en="Often", bn="ঘন ঘন"))
    ]


def test_all_that_is_missing_is_named_with_its_choices() -> None:
    fees = ask({"metres": "9"})
    assert (fees.answer, told(fees)) == (PriceAnswer.OPEN, ({}, []))
    assert [(one.name, one.agency_knows) for one in fees.missing] == [("speed", False), ("visit", True)]
    assert [choice.value for choice in fees.missing[0].choices] == ["slow", "fast"]
    assert [choice.value for choice in fees.missing[1].choices] == ["1", "2", "3+"]
    [missing] = ask({"speed": "slow", "visit": "1"}).missing
    assert (missing.name, missing.choices) == ("metres", ())


def test_choice_without_a_published_price_is_the_agencys_alone() -> None:
    fees = ask({"speed": "slow", "metres": "30", "visit": "1"})
    assert fees.answer is PriceAnswer.AGENCY_ONLY
    assert fees.sentence is not None
    assert fees.sentence.en.startswith("The price is not known here")


def test_dimension_follows_from_another_schedules_basis() -> None:
    assert told(ask({"at": "yard", "due_on": "14/11/2026"})) == ({"days": "10"}, ["50.00"])


def test_schedule_without_a_basis_is_asked_by_its_dimensions() -> None:
    fees = assess_published("port.late", SCHEDULES["late"], None, None, {}, TODAY)
    assert (fees.answer, fees.stages) == (PriceAnswer.OPEN, ())
    assert [(one.name, one.agency_knows) for one in fees.missing] == [("days", True)]
    given = assess_published("port.late", SCHEDULES["late"], None, None, {"days": "৩"}, TODAY)
    assert (told(given), given.stages[0].due) == (({"days": "3"}, ["15.00"]), None)


def test_day_without_a_tariff_is_told() -> None:
    fees = ask({}, date(2019, 12, 31))
    assert fees.answer is PriceAnswer.NO_TARIFF
    assert fees.sentence is not None
    assert "1 January 2020" in fees.sentence.en


@pytest.mark.parametrize(
    ("given", "en"),
    [
        (
            {"speed": "sideways"},
            "speed: Speed: This is not one of the options. Choose one of: slow (Slow), fast (Fast).",
        ),
        ({"metres": "0"}, "metres: Length in metres: "),
        ({"due_on": "31/02/2026"}, "due_on: "),
        ({"visit": "0"}, "visit: the schedule does not have this value. Choose one of: 1, 2, 3+."),
        ({"metres": "100"}, "metres: Length in metres: Enter a number from 1 to 99."),
        ({"sped": "slow"}, "--set, number 1: There is no such field; did you mean speed?"),
        ({"at": "jetty", "BX0123456": "48"}, "--set, number 2: There is no such field; there is at, due_on, "),
        (
            {"q": "1"},
            "--set, number 1: There is no such field; there is at, due_on, engine, metres, owner, speed, ",
        ),
        ({"metres": "5", "length": "12"}, "--set, number 2: There is no such field; there is at, "),
        ({"at": "yard", "visit": "1"}, "--set, number 2: There is no such field; there is at, "),
    ],
)
def test_what_is_wrong_is_told_by_its_field_with_the_choices(given: dict[str, str], en: str) -> None:
    with pytest.raises(GivenRejected) as rejected:
        ask(given)
    [problem] = rejected.value.problems
    assert problem.en.startswith(en)
    assert problem.bn != problem.en


def test_each_check_is_asked_by_itself_and_the_fields_that_it_waits_for_are_named() -> None:
    def refuse_old(form: MooringForm) -> None:
        if form.due_on is not None and form.due_on < TODAY:
            raise InputRejected([FieldProblem(pointer="/form/due_on", code="old", text=Text(en="Old", bn="পুরোনো"))])

    def both(service: str, form: Form, on: date) -> FeeBasis:
        assert isinstance(form, MooringForm)
        asks: tuple[Any, ...] = (lambda: form.owner, lambda: refuse_long_sails(form), lambda: refuse_old(form))
        return replace(basis(service, form, on), checks=asks)

    def asked(**given: str) -> PublishedFees:
        return assess_published("port.mooring", SCHEDULES["mooring"], MooringForm, both, given, TODAY)

    with pytest.raises(GivenRejected) as rejected:
        asked(speed="slow", metres="12", visit="1", due_on="2020-01-01")
    assert [problem.en.partition(":")[0] for problem in rejected.value.problems] == ["speed", "due_on"]
    priced = asked(speed="slow", metres="9", visit="1")
    assert ([one.name for one in priced.unchecked], priced.missing) == (["owner"], ())


def test_price_that_no_money_holds_is_refused() -> None:
    late = SCHEDULES["late"]
    [tariff] = late.tariffs
    row = tariff.rows[0].model_copy(update={"amount": 10**6})
    dear = late.model_copy(update={"tariffs": (tariff.model_copy(update={"rows": (row,)}),)})
    with pytest.raises(GivenRejected) as rejected:
        assess_published("port.late", dear, None, None, {"days": "9" * 12}, TODAY)
    assert rejected.value.problems[0].en.startswith("The price for these numbers is larger than any sum")


def test_problem_within_a_field_is_told_with_the_way_there() -> None:
    class Crew(Form):
        captain: str
        papers: Literal["yes", "no"]

    class CrewForm(MooringForm):
        crew: Crew | None = None

    with pytest.raises(GivenRejected) as rejected:
        assess_published(
            "port.mooring", SCHEDULES["mooring"], CrewForm, basis, {"crew": '{"papers": "maybe"}'}, TODAY
        )
    assert [problem.en.partition(":")[0] for problem in rejected.value.problems] == ["crew.captain", "crew.papers"]
