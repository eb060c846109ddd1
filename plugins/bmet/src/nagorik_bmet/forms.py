"""The forms of BMET's services; their labels and options are in ``forms.toml``."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from nagorik import to_ascii_digits
from nagorik_bmet.data import DATA
from nagorik_toolkit import BirthDate, FormDay, LabelledForm, Line, Mobile, OneLine, Passport

LONGEST_NUMBER: Final = 30


def _number(written: object) -> object:
    """In ASCII digits and capitals; the shape of BMET's numbers is published nowhere."""
    if not isinstance(written, str):
        return written
    number = to_ascii_digits(written.strip()[: LONGEST_NUMBER + 1]).upper()
    if len(number) > LONGEST_NUMBER or not number.isascii() or not number.replace("-", "").isalnum():
        raise DATA.texts.problem("form.bmet-number")
    return number


def _each_once(given: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse an entry that is there twice, in either case of its letters."""
    if len(given) != len({one.casefold() for one in given}):
        raise DATA.texts.problem("form.twice")
    return given


BmetNumber = Annotated[str, BeforeValidator(_number)]
EACH_ONCE: Final = AfterValidator(_each_once)
Occupation = Literal["domestic-work", "care", "construction", "manufacturing", "driving", "agriculture", "other"]
Paper = Literal["visa", "contract", "pdo-certificate", "bank-account", "medical-report"]
Country = Annotated[str, OneLine(60)]


class WorkerForm(LabelledForm):
    """What every form has: whose it is."""

    birth_date: BirthDate


class RegistrationForm(WorkerForm):
    """A worker who wants to go abroad."""

    passport_no: Passport
    mobile: Mobile
    occupation: Occupation
    skills: Annotated[tuple[Annotated[str, OneLine(80)], ...], Field(max_length=10), EACH_ONCE] = ()
    countries: Annotated[tuple[Country, ...], Field(min_length=1, max_length=5), EACH_ONCE]


class OrientationForm(WorkerForm):
    """A seat in the course; the batch is chosen once the fee is paid."""

    bmet_number: BmetNumber
    registered_on: FormDay
    centre: Literal["dhaka", "chattogram", "rajshahi", "khulna"]


class ClearanceForm(WorkerForm):
    """A clearance, or a correction of the card."""

    card: Literal["new", "correction"] = "new"
    bmet_number: BmetNumber
    registered_on: FormDay
    passport_no: Passport
    occupation: Occupation
    country: Country
    employer: Line
    recruiting_agency: Line | None = None
    papers: Annotated[tuple[Paper, ...], Field(max_length=5), EACH_ONCE]
    correction: Line | None = Field(default=None, validate_default=True)

    @field_validator("correction")
    @classmethod
    def _correction_is_described(cls, correction: str | None, info: ValidationInfo) -> str | None:
        if correction is None and info.data.get("card") == "correction":
            raise DATA.texts.problem("form.correction-needed")
        return correction


class CardVerificationForm(WorkerForm):
    """The card that is asked about. BMET is modelled to answer only to who knows the date of birth."""

    card: Literal["registration", "smart-card"]
    card_number: BmetNumber


class ClearanceVerificationForm(WorkerForm):
    """The passport whose clearance is asked about.

    Its number is what BMET's own page asks for; the date of birth beside it is modelled, so that a slip in the number
    reveals no other person.
    """

    passport_no: Passport
