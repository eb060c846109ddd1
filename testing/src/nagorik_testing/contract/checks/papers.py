"""Papers that an application carries: that they arrive, as what they are, and to the last byte."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nagorik import Operation
from nagorik.manifest import AnyOffer, PublicService
from nagorik.model.application import DocumentReference
from nagorik_testing.contract.checks.check import Check, CheckFamily, CheckScope, NotConcerned
from nagorik_testing.contract.checks.inspection import example_form
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.simulator.ledger import ArrivedPaper


@dataclass(frozen=True, slots=True)
class _Filed:
    """One application, as it was handed in and as it arrived."""

    wanted: tuple[DocumentReference, ...]
    """Its papers of the kinds that the manifest names."""
    handed: tuple[DocumentReference, ...]
    """All of them."""
    arrived: tuple[ArrivedPaper, ...]

    @property
    def changed(self) -> int:
        """How many papers arrived that nobody handed in."""
        known = {document.sha256 for document in self.handed}
        return sum(paper.sha256 not in known for paper in self.arrived)

    @property
    def missing(self) -> Sequence[DocumentReference]:
        """The wanted papers of which nothing arrived byte for byte."""
        seen = {paper.sha256 for paper in self.arrived}
        return [document for document in self.wanted if document.sha256 not in seen]


async def _filed(subject: Subject, offer: AnyOffer) -> _Filed:
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        handed = rig.draft.documents
        if not handed:
            raise NotConcerned("the simulator's example hands in no papers")
        await rig.filed()
        arrived = rig.simulator.ledger.papers()
    kinds = {each.kind for each in offer.documents} if isinstance(offer, PublicService) else set[str]()
    return _Filed(tuple(document for document in handed if document.kind in kinds), handed, arrived)


async def _lost(subject: Subject, offer: AnyOffer) -> list[str]:
    filed = await _filed(subject, offer)
    if not filed.wanted:
        raise NotReachable("the example hands in papers of kinds that the manifest's documents do not name")
    # One that arrived with other bytes is not lost; which it was, nobody can tell.
    lost = len(filed.missing) - filed.changed
    kinds = ", ".join(sorted({document.kind for document in filed.missing}))
    return [f"{lost} of the papers {kinds} never reached the agency"] if lost > 0 else []


async def _mislabelled(subject: Subject, offer: AnyOffer) -> list[str]:
    filed = await _filed(subject, offer)
    types = {document.sha256: document for document in filed.handed}
    return [
        f"the paper {document.kind} of type {document.media_type} arrives as {paper.media_type or 'no type'}"
        for paper in filed.arrived
        if (document := types.get(paper.sha256)) is not None and paper.media_type != document.media_type
    ]


async def _altered(subject: Subject, offer: AnyOffer) -> list[str]:
    filed = await _filed(subject, offer)
    return [f"papers with bytes that nobody handed in: {filed.changed}"] if filed.changed else []


_SUBMIT: Final = (Operation.SUBMIT,)

PAPERS: Final = (
    Check(
        id="submit/papers-arrive",
        family=CheckFamily.SUBMISSION,
        title="every paper that was handed in reaches the agency",
        why="An application without its deed lies at the agency until somebody asks for it, and nobody tells the "
        "citizen.",
        modes=(8,),
        expected="each of the example's papers of a kind that the manifest names",
        fix="Send request.documents as parts; an agency that takes papers otherwise has a simulator that writes them "
        "down with ledger.paper.",
        scope=CheckScope.SERVICES,
        needs=_SUBMIT,
        examine=_lost,
    ),
    Check(
        id="submit/papers-types",
        family=CheckFamily.SUBMISSION,
        title="every paper arrives as what it is",
        why="A picture that is labelled as a PDF is refused at the agency by a program, after the citizen has gone.",
        modes=(8,),
        expected="the media type with which the host took the paper in",
        fix="Leave a part's content_type out, so that the document's own is sent.",
        scope=CheckScope.SERVICES,
        needs=_SUBMIT,
        presupposes=("submit/papers-arrive",),
        examine=_mislabelled,
    ),
    Check(
        id="submit/papers-bytes",
        family=CheckFamily.SUBMISSION,
        title="no paper arrives with other bytes than were handed in",
        why="A paper that was decoded as text or cut short opens at no officer's desk.",
        modes=(8,),
        expected="the SHA-256 of each paper as the host took it in",
        fix="Hand the document itself to FormPart; never read it into text.",
        scope=CheckScope.SERVICES,
        needs=_SUBMIT,
        presupposes=("submit/papers-arrive",),
        examine=_altered,
    ),
)
