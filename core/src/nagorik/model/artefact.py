"""What a service delivers."""

from typing import Annotated, Literal

from nagorik.model.document import DocumentReference
from nagorik.model.request import ApplicationRequest
from nagorik.privacy import PERSONAL, Model


class Artefact(Model):
    """One thing that the agency has issued (CPSV-AP's ``Output``)."""

    kind: str
    """One of the deliverables that the service's manifest lists."""
    interim: bool = False
    """Whether it stands in until the final one is made, like an e-paper licence before the card."""
    delivery: Literal["download", "counter", "post", "none"]
    """How it reaches the citizen; ``none`` where the answer itself is what was asked for."""
    reference: Annotated[str | None, PERSONAL] = None
    """The agency's number of it."""


class ArtefactRequest(ApplicationRequest):
    """Fetch an artefact that can be downloaded."""

    agency_reference: Annotated[str, PERSONAL]
    artefact: Artefact


class FetchedArtefact(Model):
    """An artefact that is now in the host's document store."""

    artefact: Artefact
    document: DocumentReference
