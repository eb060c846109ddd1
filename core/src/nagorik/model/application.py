"""What a citizen hands in, before anything of it is sent anywhere."""

from typing import Annotated

from pydantic import Field, JsonValue

from nagorik.model.consent import Consent
from nagorik.model.document import DocumentReference
from nagorik.model.identity import Applicant
from nagorik.privacy import PERSONAL, Model


class ApplicationDraft(Model):
    """An application as the host keeps it: the citizen's part, apart from how it fares."""

    service: str
    applicant: Applicant
    form: Annotated[dict[str, JsonValue], PERSONAL] = Field(default_factory=dict)
    """The form as filled in; the platform validates it against the service's model before each use."""
    documents: tuple[DocumentReference, ...] = ()
    gateway: str | None = None
    """The gateway that the citizen chose to pay with."""
    consent: Consent | None = None
