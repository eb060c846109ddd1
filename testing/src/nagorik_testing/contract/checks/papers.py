"""Papers that an application carries: that they arrive, as what they are, and to the last byte."""

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from nagorik import NagorikError, PluginFault
from nagorik.manifest import AnyOffer, DocumentKind, PublicService
from nagorik.model.application import DocumentReference
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import FiledForm, Filings, open_filings, paper
from nagorik_testing.contract.checks.inspection import example_form
from nagorik_testing.contract.preparations import file_application
from nagorik_testing.contract.rig import another_application
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Places
from nagorik_testing.fixtures.documents import CHUNK, MemoryDocuments, specimen_pdf, specimen_picture
from nagorik_testing.simulator.ledger import ArrivedPaper

_PAGES: Final = 10
_Papers = tuple[DocumentReference, ...]
_MORE: Final = bytes(range(256)) * (CHUNK // 128)
"""Follows the end of a paper, whose readers leave it alone; two pieces long."""
_SPECIMENS: Final[Mapping[str, Callable[[str], bytes]]] = MappingProxyType(
    {"application/pdf": specimen_pdf, "image/png": specimen_picture}
)
"""By media type."""
_FEW_SIGNS: Final = 40
"""Signs of what names a paper, at most."""


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
        await file_application(rig)
        arrived = rig.simulator.ledger.papers()
    kinds = {each.kind for each in offer.documents} if isinstance(offer, PublicService) else set[str]()
    return _Filed(tuple(document for document in handed if document.kind in kinds), handed, arrived)


@check("submit/papers-arrive")
async def _lost(subject: Subject, offer: AnyOffer) -> list[str]:
    filed = await _filed(subject, offer)
    if not filed.wanted:
        raise NotReachable("the example hands in papers of kinds that the manifest's documents do not name")
    # One that arrived with other bytes is not lost; which it was, nobody can tell.
    lost = len(filed.missing) - filed.changed
    kinds = ", ".join(sorted({document.kind for document in filed.missing}))
    return [f"{lost} of the papers {kinds} never reached the agency"] if lost > 0 else []


@check("submit/papers-types")
async def _mislabelled(subject: Subject, offer: AnyOffer) -> list[str]:
    return [
        text
        for filed in [await _filed(subject, offer), *await _filed_otherwise(subject, offer, _as_other_types)]
        for text in _wrong_labels(filed)
    ]


def _wrong_labels(filed: _Filed) -> list[str]:
    types = {document.sha256: document for document in filed.handed}
    return [
        f"the paper {document.kind} of type {document.media_type} arrives as {paper.media_type or 'no type'}"
        for paper in filed.arrived
        if (document := types.get(paper.sha256)) is not None and paper.media_type != document.media_type
    ]


@check("submit/papers-bytes")
async def _altered(subject: Subject, offer: AnyOffer) -> list[str]:
    filings = [await _filed(subject, offer), *await _filed_otherwise(subject, offer, _as_large_ones)]
    changed = next((filed.changed for filed in filings if filed.changed), 0)
    return [f"papers with bytes that nobody handed in: {changed}"] if changed else []


_OtherPapers = Callable[[MemoryDocuments, Sequence[DocumentReference], Sequence[DocumentKind]], list[_Papers]]
"""Other papers in the place of the example's, each row for a filing of its own."""


async def _filed_otherwise(subject: Subject, offer: AnyOffer, others: _OtherPapers) -> list[_Filed]:
    """What arrives of other papers than the example's, of which an agency may refuse any."""
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    found: list[_Filed] = []
    async with open_rig(subject, offer.id) as rig:
        usual, ledger = rig.draft, rig.simulator.ledger
        for papers in others(rig.documents, usual.documents, offer.documents):
            rig.references = another_application(rig.references)
            before = len(ledger.papers())
            try:
                await rig.platform.submit(usual.model_copy(update={"documents": papers}), rig.references)
            except PluginFault:
                raise
            except NagorikError:
                continue
            found.append(_Filed(papers, papers, ledger.papers()[before:]))
    return found


def _as_other_types(
    store: MemoryDocuments, usual: Sequence[DocumentReference], kinds: Sequence[DocumentKind]
) -> list[_Papers]:
    """Each paper once as each other type that its kind may have."""
    allowed = {kind.kind: kind.media_types for kind in kinds}
    return [
        tuple(_specimen_of(store, one, media_type) if one is each else one for one in usual)
        for each in usual
        for media_type in allowed.get(each.kind, ())
        if media_type != each.media_type and media_type in _SPECIMENS
    ]


def _specimen_of(store: MemoryDocuments, one: DocumentReference, media_type: str) -> DocumentReference:
    return store.keep(one.kind, media_type, _SPECIMENS[media_type](f"{one.kind} otherwise"))


def _as_large_ones(
    store: MemoryDocuments, usual: Sequence[DocumentReference], kinds: Sequence[DocumentKind]
) -> list[_Papers]:
    """Each paper with more after it than is read in one piece, where one as large may be handed in."""
    largest = {kind.kind: kind.largest_bytes for kind in kinds}
    contents = {reference.sha256: content for reference, content in store.kept}
    grown = tuple(
        store.keep(one.kind, one.media_type, contents[one.sha256] + _MORE)
        if len(contents[one.sha256] + _MORE) <= largest.get(one.kind, 0)
        else one
        for one in usual
    )
    return [grown] if grown != tuple(usual) else []


@check("submit/papers-of-all-kinds")
async def _of_all_kinds(subject: Subject, offer: AnyOffer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    if not offer.documents:
        raise NotConcerned("it takes no papers")
    async with open_filings(subject, offer) as filings:
        papers = [paper(filings.rig, kind, "of all") for kind in offer.documents]
        orders = [await _handed_in(filings, order) for order in (papers, papers[::-1])]
        if any(filed is None for filed in orders):
            raise NotReachable("the example with a paper of each kind is not filed")
        forth, back = [filed for filed in orders if filed is not None]
        wrong = [text for one in papers for text in _misfiled(one, papers, forth, back)]
        for one in papers:
            if not forth.arrived(one) or not back.arrived(one):
                alone = await _handed_in(filings, [one, *_needed_beside(filings, offer, one)])
                if alone is not None and alone.arrived(one):
                    wrong.append(f"the paper {one.kind} arrives by itself, and not among all that the service takes")
        if not any(forth.arrived(one) for one in papers):
            raise NotConcerned("no paper is sent in a way in which it could be recognised")
    return wrong


@dataclass(frozen=True, slots=True, repr=False)
class _HandedIn:
    """What was sent of some papers.

    Attributes:
        labels: For each hash that was recognised, under what it stands: its place without numbers, and what stands
            beside it in one entry of a list.
        copies: How many files of one request have that hash.
        seen: Hashes of papers that the simulator wrote down, however they came.
    """

    labels: dict[str, frozenset[tuple[str, ...]]]
    copies: Counter[str]
    seen: frozenset[str]

    def arrived(self, document: DocumentReference) -> bool:
        return document.sha256 in self.labels or document.sha256 in self.seen


async def _handed_in(filings: Filings, papers: Sequence[DocumentReference]) -> _HandedIn | None:
    ledger = filings.rig.simulator.ledger
    before = len(ledger.papers())
    filed = await filings.file_papers(papers)
    return None if filed.faulty or not filed.sent else _recognised(filings, filed, papers, before)


def _recognised(filings: Filings, filed: FiledForm, papers: Sequence[DocumentReference], before: int) -> _HandedIn:
    """Which of some papers were sent for a filing; the simulator had written ``before`` down by then."""
    contents = {reference.sha256: b64encode(content).decode() for reference, content in filings.rig.documents.kept}
    labels: dict[str, set[tuple[str, ...]]] = {}
    copies: Counter[str] = Counter()
    for place, value in filed.sent.items():
        for one in papers:
            if one.sha256 not in value.casefold() and contents[one.sha256] not in value:
                continue
            labels.setdefault(one.sha256, set()).add(_label(place, filed.sent))
            copies[one.sha256] += " body file " in place
    seen = frozenset(arrived.sha256 for arrived in filings.rig.simulator.ledger.papers()[before:])
    return _HandedIn({sha256: frozenset(found) for sha256, found in labels.items()}, copies, seen)


@check("submit/papers-of-one-kind")
async def _of_one_kind(subject: Subject, offer: AnyOffer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    if not offer.documents:
        raise NotConcerned("it takes no papers")
    wrong, compared = list[str](), 0
    async with open_filings(subject, offer) as filings:
        for kind in offer.documents:
            pair = [paper(filings.rig, kind, mark) for mark in ("front", "back")]
            rest = _needed_beside(filings, offer, pair[0])
            try:
                arrived = [await _arrived_of(filings, pair, [*order, *rest]) for order in (pair, pair[::-1])]
            except PluginFault:
                return [f"two papers {kind.kind} that are handed in together end in a fault of the plugin"]
            if not any(arrived):
                continue
            compared += 1
            if any(found is not None and len(found) == 1 for found in arrived):
                wrong.append(f"of two papers {kind.kind} that are handed in together, one alone is sent")
        if compared and not wrong:
            wrong += await _of_many(filings, offer, offer.documents[0])
    if not compared:
        raise NotConcerned("two papers of one kind are refused, or not sent so that they could be recognised")
    return wrong


async def _of_many(filings: Filings, offer: PublicService, kind: DocumentKind) -> list[str]:
    """What is wrong with as many papers of one kind as an application has pages."""
    many = [paper(filings.rig, kind, f"page {number}") for number in range(1, _PAGES + 1)]
    try:
        arrived = await _arrived_of(filings, many, [*many, *_needed_beside(filings, offer, many[0])])
    except PluginFault:
        return [f"{_PAGES} papers {kind.kind} that are handed in together end in a fault of the plugin"]
    if arrived and len(arrived) < _PAGES:
        return [f"of {_PAGES} papers {kind.kind} that are handed in together, {len(arrived)} are sent"]
    return []


async def _arrived_of(
    filings: Filings, alike: Sequence[DocumentReference], papers: Sequence[DocumentReference]
) -> set[str] | None:
    """Which of the papers of one kind arrive among others; ``None`` where all are refused: who says so loses nothing.

    Raises:
        PluginFault: The plugin broke down.
    """
    written, before = len(filings.rig.simulator.ledger.papers()), len(filings.tap.exchanges)
    filed = await filings.file_papers(papers)
    if isinstance(filed.end, PluginFault):
        raise filed.end
    if isinstance(filed.end, NagorikError) or not filed.sent:
        return None
    found = _recognised(filings, filed, papers, written)
    # Of two parts of one name, what is read as a table keeps one.
    raw = b"".join(exchange.sent for exchange in filings.tap.since(before)).lower()
    return {one.sha256 for one in alike if found.arrived(one) or one.sha256.encode() in raw}


def _label(place: str, sent: Places) -> tuple[str, ...]:
    """Under what a paper stands: the name of its place, and what its entry says of it in a few words."""
    entry, _, own = place.rpartition(".")
    beside = (
        f"{at.rpartition('.')[2]}={value}"
        for at, value in sent.items()
        if re.search(r"\.\d+$", entry) and at.rpartition(".")[0] == entry and at.rpartition(".")[2] != own
        if len(value) < _FEW_SIGNS and not re.search(r"\d", value)
    )
    return (re.sub(r"\d+", "", place), *sorted(beside))


def _misfiled(
    one: DocumentReference, papers: Sequence[DocumentReference], forth: _HandedIn, back: _HandedIn
) -> Iterator[str]:
    if max(forth.copies[one.sha256], back.copies[one.sha256]) > 1:
        yield f"the paper {one.kind} arrives more than once"
    there, here = forth.labels.get(one.sha256), back.labels.get(one.sha256)
    if there is None or here is None:
        return
    if there != here:
        yield f"the paper {one.kind} is filed as another where papers are handed in in another order"
    said = {word for label in there | here for text in label for word in _kinds_in(text)}
    other = sorted({each.kind for each in papers if _plain(each.kind) in said} - {one.kind})
    if other and _plain(one.kind) not in said:
        yield f"the paper {one.kind} is filed as {', '.join(other)}"


def _kinds_in(text: str) -> Iterator[str]:
    """The last word of a place, and what stands beside it, as kinds are compared."""
    yield _plain(text.rpartition("=")[2].rpartition(" ")[2].rpartition(".")[2])


def _plain(word: str) -> str:
    return re.sub(r"[^a-z]", "", word.casefold())


def _needed_beside(filings: Filings, offer: PublicService, one: DocumentReference) -> list[DocumentReference]:
    """A specimen of each other paper without which nothing is filed."""
    needed = filings.rig.documents.hand_in((), offer.documents, dict(filings.rig.draft.form))
    return [each for each in needed if each.kind != one.kind]
