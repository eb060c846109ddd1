"""What requests about an application have in common."""

from dataclasses import dataclass
from datetime import date
from typing import TypedDict
from uuid import UUID, uuid5

from nagorik.model.application import Applicant, ApplicationDraft, DocumentReference
from nagorik.operations import Operation
from nagorik.privacy import Form


class ApplicationMembers(TypedDict):
    """What every request about an application has."""

    service: str
    applicant: Applicant
    on: date
    form: Form
    documents: tuple[DocumentReference, ...]


class FiledMembers(ApplicationMembers):
    """What every request about an application has that the agency holds."""

    client_reference: str
    agency_reference: str


def application_members(draft: ApplicationDraft, form: Form, on: date) -> ApplicationMembers:
    """The members of a request about a draft, with its form as it was validated."""
    return {
        "service": draft.service,
        "applicant": draft.applicant,
        "on": on,
        "form": form,
        "documents": draft.documents,
    }


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class References:
    """What identifies an application towards an agency; personal, and the same for every attempt.

    Attributes:
        client_reference: The platform's own reference, shown to the agency.
        idempotency_key: The root of the keys of the application's writes, a UUID.
        agency_reference: The agency's reference, once it is known.
    """

    client_reference: str
    idempotency_key: UUID
    agency_reference: str | None = None

    def key(self, operation: Operation, about: str = "") -> str:
        """The key of one write, derived (UUID version 5) so that every attempt at it has the same.

        ``about`` tells writes of one operation apart: a payment, a slot, the number of a correction.
        """
        return str(uuid5(self.idempotency_key, f"{operation.value}/{about}"))


def filed_members(application: ApplicationMembers, references: References) -> FiledMembers:
    """The members of a request about an application that was filed.

    Raises:
        ValueError: The agency's reference is not known.
    """
    if references.agency_reference is None:
        raise ValueError("an application that has been filed has the agency's reference")
    return {
        **application,
        "client_reference": references.client_reference,
        "agency_reference": references.agency_reference,
    }
