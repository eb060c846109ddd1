"""The forms of BRTA's services; their labels and options are in ``forms.toml``."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from nagorik_brta.data import DATA
from nagorik_brta.identifiers import LearnerNumber, LicenceNumber, RegistrationNumber
from nagorik_toolkit import (
    BirthDate,
    FormDay,
    GeneralDiary,
    LabelledForm,
    Line,
    Mobile,
    NidOfBirthYear,
    PostalAddress,
    WholeNumber,
)

Kind = Literal["non-professional", "professional"]
Category = Literal["motorcycle", "light", "three-wheeler"]
Vehicle = Literal["motorcycle", "car", "other"]


class PersonForm(LabelledForm):
    """A citizen with an NID, without which the portal opens no account."""

    birth_date: BirthDate
    nid: NidOfBirthYear
    mobile: Mobile


class LearnerForm(PersonForm):
    """A learner, who sits the test with the same application."""

    kind: Kind
    categories: Annotated[tuple[Category, ...], Field(min_length=1, max_length=2)]
    class_viii_passed: bool
    medically_fit: bool
    office: Line

    @field_validator("categories")
    @classmethod
    def _each_once(cls, categories: tuple[str, ...]) -> tuple[str, ...]:
        if len(categories) != len(set(categories)):
            raise DATA.texts.problem("form.category-twice")
        return categories


class SmartCardForm(PersonForm):
    """A driver who has passed the test."""

    kind: Kind
    learner_number: LearnerNumber
    dope_test_negative: bool | None = None
    delivery_address: PostalAddress


class RenewalForm(PersonForm):
    """The holder of a licence that ends or has ended."""

    kind: Kind
    licence_number: LicenceNumber
    expires_on: FormDay
    delivery_address: PostalAddress


class DuplicateForm(PersonForm):
    """The holder of a licence that was lost."""

    licence_number: LicenceNumber
    gd_reference: GeneralDiary
    not_seized: bool
    delivery_address: PostalAddress


class LicenceCheckForm(LabelledForm):
    """The licence that is asked about; BRTA answers only to who knows the date of birth."""

    licence_number: LicenceNumber
    birth_date: BirthDate


class RegistrationForm(PersonForm):
    """The buyer of a motorcycle."""

    engine_cc: Annotated[int, WholeNumber(1, 9_999)]
    chassis_number: Line
    office: Line


class VehicleForm(LabelledForm):
    """A vehicle that is registered; who pays for it is not asked."""

    registration_number: RegistrationNumber
    vehicle: Vehicle
    mobile: Mobile


class TransferForm(PersonForm, VehicleForm):
    """The buyer or heir of a registered vehicle."""

    engine_cc: Annotated[int, WholeNumber(1, 99_999)]
    acquired_by: Literal["purchase", "inheritance"]
    papers_signed: bool
    office: Line


class TaxTokenForm(VehicleForm):
    """The next tax token of a vehicle."""

    weight_kg: Annotated[int, WholeNumber(1, 9_999)] | None = Field(default=None, validate_default=True)
    plan: Literal["two-years", "ten-years", "after-ten-years", "other"]
    token_expires_on: FormDay
    registered_on: FormDay | None = Field(default=None, validate_default=True)

    @field_validator("weight_kg")
    @classmethod
    def _motorcycles_are_weighed(cls, weight: int | None, info: ValidationInfo) -> int | None:
        if weight is None and info.data.get("vehicle") == "motorcycle":
            raise DATA.texts.problem("form.weight-needed")
        return weight

    @field_validator("registered_on")
    @classmethod
    def _age_of_a_motorcycle_is_known(cls, day: date | None, info: ValidationInfo) -> date | None:
        if day is None and info.data.get("vehicle") == "motorcycle":
            raise DATA.texts.problem("form.registered-on-needed")
        return day

    @field_validator("plan")
    @classmethod
    def _plan_is_for_the_vehicle(cls, plan: str, info: ValidationInfo) -> str:
        vehicle = info.data.get("vehicle")
        if vehicle is not None and (vehicle == "motorcycle") == (plan == "other"):
            raise DATA.texts.problem("form.plan-for-others" if plan == "other" else "form.plan-for-motorcycles")
        return plan


class FitnessForm(VehicleForm):
    """A vehicle whose fitness certificate ends or has ended."""

    office: Line
