"""Forms: every problem in both languages with a pointer into what was filled in, and nothing of it repeated."""

import string
from datetime import date, datetime
from typing import Annotated, Any

import pytest
from hypothesis import given, strategies as st
from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from nagorik.errors import InputRejected
from nagorik.forms import Label
from nagorik.privacy import Form
from nagorik.values import Identifier, MobileNumber, Nid
from nagorik_toolkit.form_validation import (
    JSON_SCHEMA_DIALECT,
    MOST_ENTRIES,
    MOST_TOLD,
    form_schema,
    label_of,
    validate_form,
)

CANARY = "1990123456789"


class Room(Form):
    size: Annotated[int, Label(en="Size", bn="আয়তন")]
    name: str = ""


class Holding(Form):
    number: Annotated[str, Field(max_length=20), Label(en="Number", bn="নম্বর")]
    built: date | None = None


def compact(value: object) -> object:
    """A form's own way to write a day, such as 19900131."""
    return datetime.strptime(value, "%Y%m%d").date() if isinstance(value, str) and len(value) == 8 else value  # noqa: DTZ007


class ConnectionForm(Form):
    nid: Annotated[Nid, Label(en="NID number", bn="এনআইডি নম্বর", help_en="On the card.", help_bn="কার্ডে আছে।")]
    holding: Annotated[Holding, Label(en="Holding", bn="হোল্ডিং")]
    phone: Annotated[MobileNumber | None, Label(en="Phone", bn="ফোন")] = None
    proof: Identifier | None = None
    rooms: tuple[Room, ...] = ()
    meters: dict[str, int] = Field(default_factory=dict)
    shop: int | Room | None = None
    since: Annotated[date | None, Label(en="Since", bn="কবে থেকে")] = None
    seen: datetime | None = None
    surveyed: Annotated[date | None, BeforeValidator(compact)] = None
    kind: Annotated[str, Label(en="Kind", bn="ধরন")] = Field(default="home", alias="use")
    slash: str = Field(default="", alias="a/b~c")


GOOD: dict[str, Any] = {"nid": CANARY, "holding": {"number": "12/A"}}


def problems(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(InputRejected) as caught:
        validate_form(ConnectionForm, {**GOOD, **changes})
    return [(problem.pointer, problem.code) for problem in caught.value.fields]


def test_a_good_form_is_returned() -> None:
    form = validate_form(ConnectionForm, {**GOOD, "rooms": [{"size": 3}], "since": "2020-02-29"})
    assert isinstance(form, ConnectionForm)
    assert form.nid.value == CANARY
    assert form.rooms == (Room(size=3),)
    assert form.since == date(2020, 2, 29)


def test_problems_by_the_hundred_are_told_as_one_and_a_long_text_is_refused_by_its_field() -> None:
    assert problems(rooms=[{"size": "x"}] * 8_001) == [("/form", "too_many_problems")]
    assert problems(meters={f"m{number}": "x" for number in range(201)}) == [("/form", "too_many_problems")]
    assert len(problems(rooms=[{"size": "x"}] * 200)) == MOST_TOLD + 1
    assert problems(use="x" * 20_001, rooms=[{"size": 1, "name": "x" * 50_000_000}]) == [
        ("/form/rooms/0/name", "string_too_long"),
        ("/form/use", "string_too_long"),
    ]


def test_sentence_of_a_validator_that_is_longer_than_a_sentence_is_not_told() -> None:
    class Wordy(Form):
        said: str

        @field_validator("said")
        @classmethod
        def _refuse(cls, value: str) -> str:
            raise PydanticCustomError("wordy", "No.", {"bn": value, "en": value})

    told = []
    for length in (2_000, 2_001, 20_000):
        with pytest.raises(InputRejected) as caught:
            validate_form(Wordy, {"said": "x" * length})
        told += [problem.text.en for problem in caught.value.fields]
    assert [text.removeprefix("said: ") for text in told] == [
        "x" * 2_000,
        *["Check this entry."] * 2,
    ]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InputRejected) as caught:
        validate_form(ConnectionForm, {"holding": {}, "use": 7})
    assert [(problem.pointer, problem.code) for problem in caught.value.fields] == [
        ("/form/nid", "missing"),
        ("/form/holding/number", "missing"),
        ("/form/use", "string_type"),
    ]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"nid": "12"}, [("/form/nid", "nid.length")]),
        ({"nid": {"value": "12"}}, [("/form/nid/value", "nid.length")]),
        ({"nid": 1990123456789}, [("/form/nid", "identifier.not-text")]),
        ({"phone": "12"}, [("/form/phone", "phone.not-mobile")]),
        ({"proof": {"type": "nid", "value": "12"}}, [("/form/proof/value", "nid.length")]),
        (
            {"rooms": [{"size": 1}, {"size": "x"}, 4]},
            [("/form/rooms/1/size", "int_parsing"), ("/form/rooms/2", "model_type")],
        ),
        ({"rooms": "x"}, [("/form/rooms", "tuple_type")]),
        ({"use": None}, [("/form/use", "string_type")]),
        ({"a/b~c": 1}, [("/form/a~1b~0c", "string_type")]),
        ({"holding": {"number": "1" * 21}}, [("/form/holding/number", "string_too_long")]),
    ],
)
def test_a_pointer_leads_into_the_document(changes: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert problems(**changes) == found


def test_alternatives_have_no_names_in_a_pointer() -> None:
    assert {pointer for pointer, _ in problems(shop="x")} == {"/form/shop"}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({CANARY: 1}, [("/form", "extra_forbidden")]),
        ({CANARY: 1, CANARY + "1": 2}, [("/form", "extra_forbidden")]),
        ({"holding": {"number": "1", CANARY: 1}}, [("/form/holding", "extra_forbidden")]),
        ({"meters": {CANARY: "x"}}, [("/form/meters", "int_parsing")]),
        ({"": 1}, [("/form", "extra_forbidden")]),
    ],
)
def test_a_key_that_the_form_does_not_declare_is_not_repeated(
    changes: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert problems(**changes) == found


@pytest.mark.parametrize("number", [0, 86_400, 86_400.0, "0", "864000", "-86400", " 0 ", "86400.0"])
@pytest.mark.parametrize("field", ["since", "seen"])
def test_a_number_is_no_date(number: object, field: str) -> None:
    [(pointer, code)] = problems(**{field: number})
    assert pointer == f"/form/{field}"
    assert code.startswith(("date_", "datetime_"))


def test_a_number_is_no_date_in_a_form_within_the_form() -> None:
    assert problems(holding={"number": "1", "built": 0}) == [("/form/holding/built", "date_parsing")]


def test_a_date_written_as_a_form_wants_it_is_taken() -> None:
    form = validate_form(ConnectionForm, {**GOOD, "surveyed": "19900131"})
    assert isinstance(form, ConnectionForm)
    assert form.surveyed == date(1990, 1, 31)


def test_sentences_name_the_field_in_both_languages() -> None:
    with pytest.raises(InputRejected) as caught:
        validate_form(ConnectionForm, {"holding": {"number": "1"}, "use": 7})
    nid, kind = caught.value.fields
    assert nid.text.en == "NID number: This field must be filled in."
    assert nid.text.bn == "এনআইডি নম্বর: এই ঘরটি পূরণ করতে হবে।"
    assert kind.text.en.startswith("Kind: ")
    assert kind.text.bn.startswith("ধরন: ")


def test_a_field_without_a_label_is_called_by_its_name() -> None:
    assert label_of(ConnectionForm, "meters").en == "meters"


def test_a_validators_own_sentences_are_used_only_in_both_languages() -> None:
    class Own(Form):
        code: str

        @field_validator("code")
        @classmethod
        def _refuse(cls, value: str) -> str:
            if value == "raise":
                raise ValueError(CANARY)
            raise PydanticCustomError("own.code", "x", {"en": value, "bn": "কোডটি ঠিক নয়।" if value else ""})

    def told(value: str) -> tuple[str, str, str]:
        with pytest.raises(InputRejected) as caught:
            validate_form(Own, {"code": value})
        [problem] = caught.value.fields
        return problem.code, problem.text.en, problem.text.bn

    assert told("Not that.") == ("own.code", "code: Not that.", "code: কোডটি ঠিক নয়।")
    assert told("")[1] == "code: Check this entry."
    assert told("raise")[:2] == ("value_error", "code: Check this entry.")


def test_a_forms_own_validator_points_at_a_field_that_was_left_out() -> None:
    class Loss(Form):
        reason: str
        diary: str | None = None

        @model_validator(mode="wrap")
        @classmethod
        def _needs_a_diary(cls, data: Any, handler: ModelWrapValidatorHandler["Loss"]) -> "Loss":
            loss = handler(data)
            if loss.reason == "lost" and loss.diary is None:
                needed = PydanticCustomError("diary-needed", "x", {"en": "Give it.", "bn": "দিন।"})
                line = InitErrorDetails(type=needed, loc=("diary",), input=None)
                raise ValidationError.from_exception_data("Loss", [line])
            return loss

    with pytest.raises(InputRejected) as caught:
        validate_form(Loss, {"reason": "lost"})
    assert [(problem.pointer, problem.code) for problem in caught.value.fields] == [("/form/diary", "diary-needed")]


Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | st.just(CANARY),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.just(CANARY), inner, max_size=3)
    ),
    max_leaves=12,
)
Keys = st.sampled_from([*ConnectionForm.model_fields, "use", "a/b~c", CANARY]) | st.text(max_size=6)


@given(st.dictionaries(Keys, Json, max_size=6))
def test_whatever_is_filled_in_is_taken_or_told_in_both_languages(data: dict[str, Any]) -> None:
    rejected = rejection(data)
    if rejected is None:
        return
    assert rejected.fields
    for problem in rejected.fields:
        assert any("\u0980" <= letter <= "\u09ff" for letter in problem.text.bn)
        assert any(letter in string.ascii_letters for letter in problem.text.en)
        assert resolves(problem.pointer, {"form": data}, missing=problem.code == "missing")
    assert CANARY not in str(rejected.to_problem()) + str(rejected)
    assert rejected.__context__ is None


def rejection(data: dict[str, Any]) -> InputRejected | None:
    try:
        validate_form(ConnectionForm, data)
    except InputRejected as rejected:
        return rejected
    return None


def resolves(pointer: str, document: object, *, missing: bool) -> bool:
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for number, part in enumerate(parts):
        if isinstance(document, list):
            document = document[int(part)]
        elif isinstance(document, dict) and part in document:
            document = document[part]
        else:
            return missing and isinstance(document, dict) and number == len(parts) - 1
    return True


@pytest.mark.parametrize("data", [{"nid": "\ud800"}, {"holding": {"number": "\ud800"}}, {"nid": "1" * 100_000}])
def test_hostile_values_are_refused(data: dict[str, Any]) -> None:
    assert problems(**data)


def test_the_schema_has_titles_and_help_in_both_languages() -> None:
    schema = form_schema(ConnectionForm)
    assert schema["$schema"] == JSON_SCHEMA_DIALECT == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["nid", "holding"]
    nid = schema["properties"]["nid"]
    assert (nid["title"], nid["x-title-bn"]) == ("NID number", "এনআইডি নম্বর")
    assert (nid["description"], nid["x-description-bn"]) == ("On the card.", "কার্ডে আছে।")
    assert nid["$ref"] == "#/$defs/Nid"
    assert schema["properties"]["use"]["x-title-bn"] == "ধরন"
    assert schema["$defs"]["Room"]["properties"]["size"]["x-title-bn"] == "আয়তন"
    labelled = [name for name, field in schema["properties"].items() if "x-title-bn" in field]
    assert labelled == ["nid", "holding", "phone", "since", "use"]


class Plots(Form):
    plots: tuple[int, ...]


@pytest.mark.parametrize("number", [50, 51, 180])
def test_no_more_problems_are_told_than_anybody_reads(number: int) -> None:
    with pytest.raises(InputRejected) as refused:
        validate_form(Plots, {"plots": [CANARY + "x"] * number})
    *told, last = refused.value.fields
    if number == 50:
        assert (len(told), last.code) == (49, "int_parsing")
        return
    assert (len(told), last.pointer, last.code) == (50, "/form", "more_problems")
    assert last.text.en == f"There are {number - 50} more problems. Correct these first."
    assert ("১" in last.text.bn, "1" in last.text.bn) == (True, False)


class Rooms(Form):
    rooms: Annotated[tuple[Room, ...], Field(min_length=1, max_length=3), Label(en="Rooms", bn="কক্ষ")]
    pair: Annotated[tuple[int, ...], Field(min_length=2), Label(en="Pair", bn="জোড়া")] = (1, 2)


def told(**data: Any) -> list[tuple[str, str]]:
    with pytest.raises(InputRejected) as rejected:
        validate_form(Rooms, data)
    return [(problem.pointer, problem.code) for problem in rejected.value.fields]


def test_one_wrong_entry_of_a_list_brings_one_complaint() -> None:
    assert told(rooms=[{"size": "much"}]) == [("/form/rooms/0/size", "int_parsing")]
    assert told(rooms=[{"size": 1}], pair=["a", 2]) == [("/form/pair/0", "int_parsing")]


def test_list_that_is_too_short_is_said_to_be_so() -> None:
    assert told(rooms=[]) == [("/form/rooms", "too_short")]
    assert ("/form/pair", "too_short") in told(rooms=[{"size": 1}], pair=["a"])
    assert told(rooms=[{"size": 1}], pair=[1]) == [("/form/pair", "too_short")]


@pytest.mark.parametrize(
    ("large", "pointer"),
    [
        ({"rooms": [{"size": CANARY}] * MOST_ENTRIES}, "/form/rooms"),
        ({"rooms": [[["x"] * MOST_ENTRIES]]}, "/form/rooms"),
        ({"meters": {str(number): number for number in range(MOST_ENTRIES + 1)}}, "/form/meters"),
        ({CANARY: ["x"] * (MOST_ENTRIES + 1)}, "/form"),
    ],
)
def test_form_with_too_many_entries_is_refused_before_any_is_checked(large: dict[str, Any], pointer: str) -> None:
    class Unread(ConnectionForm):
        @model_validator(mode="before")
        @classmethod
        def _never(cls, _: object) -> object:
            raise AssertionError("it is not read")

    with pytest.raises(InputRejected) as refused:
        validate_form(Unread, large)
    assert [(problem.pointer, problem.code) for problem in refused.value.fields] == [(pointer, "too_long")]
    assert CANARY not in repr(refused.value.fields)
