import copy
import pickle
import pydoc
import tracemalloc
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import BaseModel, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from nagorik.data_files import problems_of
from nagorik.http import WireModel
from nagorik.model.application import DocumentReference
from nagorik.model.eligibility import Criterion, EligibilityDecision
from nagorik.model.fee import Quote, QuoteLine
from nagorik.model.payment import PaymentStarted
from nagorik.model.status import AgencyStatus, Deliverable
from nagorik.model.submission import CannotTell, Pending, Rejected
from nagorik.privacy import (
    MASK,
    OPERATIONAL,
    PERSONAL,
    PUBLIC,
    SECRET,
    DataClass,
    Form,
    Model,
    data_classes,
    is_code,
    is_hidden,
    without_input,
)
from nagorik.values import MobileNumber, Money, Nid, PersonName
from nagorik.values.sentences import Text

NID = "4613278905"
NAME = "Rahima Khatun"


class Filed(Model):
    state: str
    reference: Annotated[str, PERSONAL]
    token: Annotated[str | None, SECRET] = None


class Holder(Model):
    filed: Filed


class Card(Form):
    count: int
    reason: str = "lost"
    office: Annotated[str, OPERATIONAL] = "Gulshan"

    @field_validator("reason")
    @classmethod
    def _known(cls, value: str) -> str:
        if value.startswith("quoted"):
            raise ValueError(f"{value} is not a reason")
        if value.startswith("coded"):
            raise PydanticCustomError("card.reason", "Choose a reason.", {"bn": "কারণ", "en": "Choose"})
        return value


class Tagged(Form):
    name: PersonName
    nid: Nid
    phone: MobileNumber | None = None


class Outer(Model):
    form: Card
    names: tuple[PersonName, ...] = ()


def test_representation_shows_what_may_be_seen() -> None:
    filed = Filed(state="submitted", reference="NIDW-1234567890", token="s3cret")
    assert repr(filed) == f"Filed(state='submitted', reference={MASK}, token={MASK})"
    assert str(filed) == repr(filed)
    assert f"{filed}" == repr(filed)


def test_absence_is_no_secret() -> None:
    assert repr(Filed(state="submitted", reference="x")) == f"Filed(state='submitted', reference={MASK}, token=None)"


def test_everything_in_a_form_is_masked_unless_declared() -> None:
    assert repr(Card(count=3)) == f"Card(count={MASK}, reason={MASK}, office='Gulshan')"


def test_nested_models_keep_their_own_masks() -> None:
    shown = repr(Outer(form=Card(count=46), names=(PersonName(en=NAME),)))
    assert "46" not in shown
    assert NAME not in shown


@pytest.mark.parametrize(
    ("data_class", "hidden"), [(PUBLIC, False), (OPERATIONAL, False), (PERSONAL, True), (SECRET, True)]
)
def test_personal_and_secret_are_hidden(data_class: DataClass, hidden: bool) -> None:
    assert is_hidden(data_class) is hidden


def test_class_counts_wherever_it_stands_in_the_annotation() -> None:
    class Spread(Model):
        plain: str
        optional: Annotated[str, PERSONAL] | None = None
        many: list[Annotated[str, SECRET]] = []  # noqa: RUF012 - pydantic copies it
        both: Annotated[Annotated[str, OPERATIONAL] | None, PERSONAL] = None
        secret: Annotated[SecretStr | None, PUBLIC] = None

    assert dict(data_classes(Spread)) == {
        "plain": OPERATIONAL,
        "optional": PERSONAL,
        "many": SECRET,
        "both": PERSONAL,
        "secret": PUBLIC,
    }
    assert NID not in repr(Spread(plain="x", optional=NID, many=[NID]))


def test_default_class_belongs_to_the_model() -> None:
    class Published(Model):
        default_data_class: ClassVar[DataClass] = PUBLIC
        name: str
        note: Annotated[str, PERSONAL] = ""

    assert dict(data_classes(Published)) == {"name": PUBLIC, "note": PERSONAL}


def test_declared_classes_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        data_classes(Filed)["state"] = PERSONAL  # type: ignore[index]


@pytest.mark.parametrize("field", ["reference", "unknown"])
def test_assignment_is_refused_without_the_value(field: str) -> None:
    filed = Filed(state="x", reference="y")
    with pytest.raises(AttributeError) as caught:
        setattr(filed, field, NID)
    assert str(caught.value) == "Filed is frozen"
    assert not isinstance(caught.value, ValidationError)
    assert caught.value.__context__ is None
    with pytest.raises(AttributeError, match="Filed is frozen"):
        delattr(filed, "reference")
    assert filed.reference == "y"


def test_frozen_models_can_be_copied_pickled_and_hashed() -> None:
    filed = Filed(state="x", reference="y")
    for twin in (copy.copy(filed), copy.deepcopy(filed), pickle.loads(pickle.dumps(filed)), filed.model_copy()):  # noqa: S301
        assert twin == filed
        assert hash(twin) == hash(filed)


@pytest.mark.parametrize(
    "data",
    [
        {"count": NID + "x"},
        {"count": 1, "reason": 4613278905},
        {"count": 1, "reason": f"quoted {NID}"},
        {"count": 1, "extra": NID},
        NID,
        [NID],
        None,
    ],
)
def test_error_of_a_form_holds_no_input_anywhere(data: Any) -> None:
    for validate in (Card.model_validate, lambda value: Outer.model_validate({"form": value})):
        with pytest.raises(ValidationError) as caught:
            validate(data)
        error = caught.value
        told = f"{error}{error!r}{error.__context__}{error.__cause__}"
        details = [line for line in error.errors() if line["loc"][:1] != ("form",) or len(line["loc"]) > 1]
        assert NID not in told
        assert NID not in str(details)
        assert NID not in error.json()


@pytest.mark.parametrize("text", [f'{{"count": "{NID}', f'{{"count": "{NID}"', f'{{"count": 1, "reason": {NID}}}'])
def test_error_of_a_form_read_from_json_holds_no_input(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Card.model_validate_json(text)
    assert NID not in f"{caught.value!r}{caught.value.errors()}{caught.value.json()}"


def test_codes_places_and_both_texts_survive() -> None:
    with pytest.raises(ValidationError) as caught:
        Card.model_validate({"count": "x", "reason": "coded", "more": 1})
    lines = {line["loc"]: line for line in caught.value.errors()}
    assert {loc: line["type"] for loc, line in lines.items()} == {
        ("count",): "int_parsing",
        ("reason",): "card.reason",
        ("more",): "extra_forbidden",
    }
    assert lines["count",]["msg"] == "Input should be a valid integer, unable to parse string as an integer"
    assert lines["reason",]["ctx"] == {"bn": "কারণ", "en": "Choose"}


def test_national_data_in_a_form_keeps_its_codes() -> None:
    with pytest.raises(ValidationError) as caught:
        Tagged.model_validate({"name": {"en": NAME}, "nid": "461327890", "phone": "0171"})
    codes = {line["type"] for line in caught.value.errors()}
    assert {code for code in codes if code.startswith(("nid.", "phone."))} == codes
    assert NAME not in f"{caught.value}{caught.value.errors()}"


def test_input_can_be_taken_out_of_any_error() -> None:
    class Foreign(BaseModel):
        count: int

    with pytest.raises(ValidationError) as caught:
        Foreign.model_validate({"count": NID + "x"})
    assert NID in str(caught.value.errors())
    clean = without_input(caught.value)
    assert NID not in f"{clean!r}{clean.errors()}"
    assert [(line["loc"], line["type"]) for line in clean.errors()] == [(("count",), "int_parsing")]


def test_problems_by_the_hundred_are_counted_and_not_told_one_by_one() -> None:
    class Rooms(Form):
        rooms: tuple[Card, ...]

    tracemalloc.start()
    try:
        with pytest.raises(ValidationError) as caught:
            Rooms.model_validate({"rooms": [{"count": "x"}] * 5_000})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (error,) = caught.value.errors()
    assert (error["loc"], error["type"], error["ctx"]) == ((), "too_many_problems", {"count": 5_000})
    assert peak < 10_000_000
    with pytest.raises(ValidationError) as caught:
        Filed.model_validate({"state": "x", "reference": "x"} | {f"key-{number}": 1 for number in range(50_000)})
    assert [str(problem) for problem in problems_of("filed", caught.value, Filed)] == [
        "filed: 50000 things are wrong"
    ]


def test_model_hides_input_in_the_text_of_its_errors() -> None:
    with pytest.raises(ValidationError) as caught:
        Filed.model_validate({"state": 4613278905})
    assert NID not in f"{caught.value}{caught.value!r}"


@pytest.mark.parametrize("kept", ["application/pdf", "image/svg+xml", "application/vnd.ms-excel.sheet.2"])
def test_media_type_of_a_document_is_one(kept: str) -> None:
    document = {"id": "d", "kind": "nid-card", "bytes": 1, "sha256": "0" * 64}
    assert DocumentReference.model_validate({**document, "media_type": kept}).media_type == kept
    for told in (f"NID {NID} of {NAME}", f"{kept}; name={NAME}", "pdf", "", "x" * 100 + "/y"):
        with pytest.raises(ValidationError):
            DocumentReference.model_validate({**document, "media_type": told})


def test_line_of_a_quote_may_name_what_is_the_citizens_and_is_not_shown() -> None:
    text = Text(en=f"Land tax of plot 17 of {NAME}", bn="দাগ ১৭ এর ভূমি উন্নয়ন কর")
    line = QuoteLine.model_validate({"code": "land-tax", "text": text, "amount": {"poisha": 5}, "vat": {"poisha": 0}})
    assert NAME not in repr(line)
    assert data_classes(QuoteLine)["text"] is PERSONAL


def test_what_a_payer_is_told_to_do_names_the_gateways_reference_and_is_not_shown() -> None:
    told = Text(en="Give slip number CD-000017.", bn="স্লিপ নম্বর CD-000017 দিন।")
    assert "CD-000017" not in repr(PaymentStarted(reference="CD-000017", instructions=told))


@pytest.mark.parametrize("token", ["q8Zr2nVb5Yc1Xw7Lk9Jh", "a.eyJhbGciOiJIUzI1NiJ9.x", "5f4dcc3b5aa765d61d83"])
def test_token_is_no_code(token: str) -> None:
    assert not is_code(token)


@pytest.mark.parametrize(
    "code",
    ["passport.over-65-years-old-and-alone", "F19", "E-1042", "http-403", "nid.locked", "2026-11-24", "a_b:c+d", "7"],
)
def test_code_is_a_word_of_a_program(code: str) -> None:
    assert is_code(code)
    assert is_code(f"passport.over-65-years-old-and-alone.{code}")


@pytest.mark.parametrize(
    "code",
    [
        "",
        "-x",
        "no reason",
        "না",
        "x" * 81,
        "x\n",
        "4613278905",
        "A0123456",
        "461-327-89-05",
        "e.461.327.890",
        "\u09e7",
    ],
)
def test_prose_and_numbers_are_no_codes(code: str) -> None:
    assert not is_code(code)


SAID = Text(en="No.", bn="\u09a8\u09be\u0964")
PRICE = {
    "lines": (),
    "total": {"poisha": 0},
    "due": "before-submission",
    "issued_at": "2026-11-24T00:00:00Z",
    "expires_at": "2026-11-25T00:00:00Z",
    "source": {"title": "A tariff", "verified": True},
}


@pytest.mark.parametrize(
    ("model", "name", "rest"),
    [
        (Rejected, "reason_code", {"reason": SAID}),
        (CannotTell, "because", {}),
        (Criterion, "id", {"verdict": "pass", "text": SAID}),
        (QuoteLine, "code", {"text": SAID, "amount": {"poisha": 0}, "vat": {"poisha": 0}}),
        (Quote, "id", {**PRICE}),
        (Quote, "stage", {**PRICE, "id": "quote-1"}),
        (Deliverable, "kind", {"delivery": "post"}),
        (DocumentReference, "kind", {"id": "d", "media_type": "image/png", "bytes": 1, "sha256": "0" * 64}),
        (AgencyStatus, "fee_due", {"state": None, "raw": "X"}),
    ],
)
def test_what_a_plugin_names_in_a_result_names_nobody(model: type[Model], name: str, rest: dict[str, Any]) -> None:
    assert getattr(model.model_validate({**rest, name: "office.has-one"}), name) == "office.has-one"
    for value in (NID, f"{NAME} has one", "\u09a8\u09be"):
        with pytest.raises(ValidationError) as caught:
            model.model_validate({**rest, name: value})
        assert [error["loc"] for error in caught.value.errors()] == [(name,)]
        assert value not in str(caught.value)


LINE = {"code": "x", "text": SAID, "amount": {"poisha": 0}, "vat": {"poisha": 0}}
CARD = {"kind": "x", "delivery": "post"}
CRITERION = Criterion(id="age", verdict="pass", text=SAID)
QUESTIONABLE: list[tuple[type[Model], dict[str, Any], tuple[str | int, ...], str]] = [
    (EligibilityDecision, {"criteria": (CRITERION,) * 200_000}, ("criteria",), "too_long"),
    (
        Criterion,
        {"id": "x", "verdict": "pass", "text": {"en": "x" * 20_000_000, "bn": "x"}},
        ("text", "en"),
        "string_too_long",
    ),
    (Quote, {**PRICE, "id": "q", "lines": [LINE] * 1_000}, ("lines",), "too_long"),
    (
        AgencyStatus,
        {"state": None, "raw": "X", "deliverables": [{"kind": "x", "delivery": "post"}] * 1_000},
        ("deliverables",),
        "too_long",
    ),
    (AgencyStatus, {"state": None, "raw": "X", "event": "x" * 20_001}, ("event",), "string_too_long"),
    (Pending, {"check_after": float("inf")}, ("check_after",), "finite_number"),
]


@pytest.mark.parametrize(("model", "given", "place", "code"), QUESTIONABLE)
def test_what_a_plugin_answers_is_bounded(
    model: type[Model], given: dict[str, Any], place: tuple[str | int, ...], code: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(given)
    assert (place, code) in [(error["loc"], error["type"]) for error in caught.value.errors(include_input=False)]
    assert caught.value.error_count() <= 3


def test_what_an_agency_answers_is_bounded_by_its_manifest_alone() -> None:
    class Photo(WireModel):
        image: str

    assert len(Photo(image="x" * 5_000_000).image) == 5_000_000


def test_digest_may_be_the_id_of_a_quote() -> None:
    digest = "0123456789abcdef-9876543210"
    assert Quote.model_validate({**PRICE, "id": digest}).id == digest


@pytest.mark.parametrize(
    "key", [NID, f"nid-{NID}", "461-327-89-05", "\u09e7\u09ef\u09ed\u09eb\u09e8\u09ec", f"{NAME}"]
)
def test_key_of_a_private_file_that_could_be_somebodys_number_is_not_repeated(key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Holder.model_validate({"filed": {"state": "open", "reference": "R", key: 1, "stat": 2}})
    told = [str(problem) for problem in problems_of("", caught.value, Holder, private=True)]
    assert told == [
        "filed.\u2026: there is no field \u2026",
        "filed.stat: there is no field stat; did you mean state?",
    ]


def test_help_tells_of_a_models_fields_and_methods_and_nothing_that_pydantic_brings():
    Money.model_rebuild()
    told = pydoc.plain(pydoc.render_doc(Money))
    assert "Money(*, poisha: " in told
    assert "as_decimal" in told
    brought = {*dir(BaseModel), "__pydantic_decorators__", "__signature__"}
    assert brought.isdisjoint(word.partition("(")[0] for word in told.split())
    assert len(told.splitlines()) < 120
