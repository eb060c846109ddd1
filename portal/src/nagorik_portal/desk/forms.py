"""The desk's own forms: who applies, which document was seen, what the citizen agrees to; words in ``forms.toml``."""

from typing import Annotated, Literal

from pydantic import StringConstraints, field_validator

from nagorik_portal.desk.wording import catalogue
from nagorik_toolkit import BirthDate, BirthRegistration, LabelledForm, Mobile, Name, NidOfBirthYear, WholeNumber


class CitizenForm(LabelledForm):
    """Who applies, as on the document that is seen at the counter."""

    name: Name
    birth_date: BirthDate
    nid: NidOfBirthYear | None = None
    birth_registration: BirthRegistration | None = None
    mobile: Mobile | None = None
    sex: Literal["female", "male", "other"] | None = None


class IdentityForm(LabelledForm):
    """Which document proved who the citizen is."""

    seen: Literal["nid-card", "birth-registration-certificate", "passport", "driving-licence"]


class ConsentForm(LabelledForm):
    """What the citizen agrees to, after the text was read aloud; the ceiling is in whole units of the currency."""

    ceiling: Annotated[int, WholeNumber(0, 10_000_000)]
    days: Annotated[int, WholeNumber(1, 3_650)] = 180
    agreed: bool

    @field_validator("agreed")
    @classmethod
    def _has_agreed(cls, agreed: bool) -> bool:  # noqa: FBT001 - a field of the form
        if not agreed:
            raise catalogue().problem("consent.not-agreed")
        return agreed


class CollectorForm(LabelledForm):
    """Who collects what was issued, as on the document that is seen at the counter."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    relation: Literal["self", "parent", "spouse", "child", "sibling", "other-relative", "authorised-person"]
    identity_seen: Literal["nid-card", "birth-registration-certificate", "passport", "driving-licence"]
