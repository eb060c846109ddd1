"""Documents that an application carries: each arrives once, under its kind, as its type, and to the last byte."""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from nagorik import NagorikError
from nagorik.manifest import AnyOffer, PublicService
from nagorik.model.application import DocumentReference
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import FiledForm, Filings, document, open_filings, with_document
from nagorik_testing.contract.subject import Subject
from nagorik_testing.fixtures.documents import CHUNK

Documents = tuple[DocumentReference, ...]
_PAGES: Final = 10
_MORE: Final = bytes(range(256)) * (CHUNK // 128)
"""Appended to a document: two pieces long, and readers of the document ignore it."""
_FEW_CHARACTERS: Final = 40
"""Of a value that names a document, at most."""


@dataclass(frozen=True, slots=True, repr=False)
class _HandedIn:
    """Some documents that were filed together, and what was sent of them.

    Attributes:
        documents: As they were handed in.
        filed: Their filing.
        contents: Their bytes in Base64, by their hashes.
    """

    documents: Documents
    filed: FiledForm
    contents: dict[str, str]

    @property
    def foreign(self) -> int:
        """How many documents arrived that were not handed in, such as one with other bytes."""
        known = {one.sha256 for one in self.documents}
        return sum(arrived.sha256 not in known for arrived in self.filed.papers)

    def places_of(self, one: DocumentReference) -> list[str]:
        """Where in what is sent a document stands: as a file, by its hash, or in text."""
        sent = self.filed.sent.items()
        return [at for at, value in sent if one.sha256 in value.casefold() or self.contents[one.sha256] in value]

    def labels_of(self, one: DocumentReference) -> frozenset[str]:
        """What names a document: its place without numbers, and short words beside it in one entry of a list."""
        found = set[str]()
        for at in self.places_of(one):
            entry, _, own = at.rpartition(".")
            found.add(re.sub(r"\d+", "", at))
            for other, value in self.filed.sent.items() if re.search(r"\.\d+$", entry) else ():
                if other.rpartition(".")[0] == entry and other.rpartition(".")[2] != own:
                    found |= {value} if len(value) < _FEW_CHARACTERS and not re.search(r"\d", value) else set()
        return frozenset(found)

    def has(self, one: DocumentReference) -> bool:
        """Whether anything arrived of a document; of two parts of one name, what is read as a table keeps one."""
        seen = {arrived.sha256 for arrived in self.filed.papers}
        return one.sha256 in seen or one.sha256.encode() in self.filed.raw.lower() or bool(self.places_of(one))


@check("submit/papers-arrive")
async def _arrive(subject: Subject, offer: AnyOffer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    if not offer.documents:
        raise NotConcerned("it takes no documents")
    wrong, found = list[str](), dict[str, _HandedIn]()
    async with open_filings(subject, offer) as filings:
        for what, documents in _changes(filings, offer):
            filed = await filings.file_once(documents=documents)
            if filed.faulty:
                wrong.append(f"{what} end in a fault of the plugin")
            elif filed.sent and not isinstance(filed.end, NagorikError):
                kept = {one.sha256: b64encode(content).decode() for one, content in filings.rig.documents.kept}
                found[what] = _HandedIn(documents, filed, kept)
    kinds = [kind.kind for kind in offer.documents]
    sent = {one.kind for handed in found.values() for one in handed.documents if handed.has(one)}
    sent |= {one.kind for one in filings.rig.draft.documents if one.kind in kinds}
    for what, handed in found.items():
        wrong += _judged(what, handed, sent)
    if _EACH in found and _BACKWARDS in found:
        for one in found[_EACH].documents:
            wrong += _misfiled(one, found[_EACH], found[_BACKWARDS])
    for kind in kinds:
        pair = [found[what].filed.sent for what in (f"a {kind}", f"another {kind}") if what in found]
        if len(pair) > 1 and not filings.changed(*pair):
            wrong.append(f"two documents {kind} with other content are sent alike")
    return wrong


_EACH, _BACKWARDS = "documents of each kind", "documents of each kind, the last first,"


def _changes(filings: Filings, offer: PublicService) -> Iterator[tuple[str, Documents]]:
    """Other documents than the example's, by what they are."""
    rig, usual = filings.rig, filings.rig.draft.documents
    every = tuple(document(rig, kind, "of all") for kind in offer.documents)
    yield from (("the example's documents", usual), (_EACH, every), (_BACKWARDS, every[::-1]))
    for kind in offer.documents:
        # Beside a document stands each other one without which nothing is filed.
        required = rig.documents.hand_in((), offer.documents, dict(rig.draft.form))
        rest = tuple(one for one in required if one.kind != kind.kind)
        yield f"documents with {kind.kind}", (document(rig, kind, "of all"), *rest)
        yield f"a {kind.kind}", with_document(rig, kind, "one")
        yield f"another {kind.kind}", with_document(rig, kind, "other")
        pages = tuple(document(rig, kind, f"page {number}") for number in range(1, _PAGES + 1))
        yield f"two documents {kind.kind}", (*pages[:2], *rest)
        yield f"{_PAGES} documents {kind.kind}", (*pages, *rest)
        for one, content in [kept for kept in rig.documents.kept if kept[0] in usual and kept[0].kind == kind.kind]:
            others = tuple(other for other in usual if other != one)
            for media_type in {"application/pdf", "image/png"}.intersection(kind.media_types) - {one.media_type}:
                yield f"{kind.kind} as {media_type}", (document(rig, kind, "otherwise", media_type), *others)
            if len(content) + len(_MORE) <= kind.largest_bytes:
                yield f"a large {kind.kind}", (rig.documents.keep(one.kind, one.media_type, content + _MORE), *others)


def _judged(what: str, handed: _HandedIn, sent: set[str]) -> Iterator[str]:
    """What is wrong with documents that were accepted, of which the plugin sends some kinds."""
    if handed.foreign:
        yield f"documents with bytes that were not handed in: {handed.foreign}"
    for arrived in handed.filed.papers:
        for one in handed.documents:
            if arrived.sha256 == one.sha256 and arrived.media_type != one.media_type:
                yield f"the document {one.kind} of type {one.media_type} arrives as {arrived.media_type or 'no type'}"
    lost = [one.kind for one in handed.documents if one.kind in sent and not handed.has(one)]
    if len(lost) > handed.foreign:  # one that arrived with other bytes is not lost
        kinds = ", ".join(sorted({*lost}))
        yield f"of {what}, {len(lost) - handed.foreign} of {kinds} never reached the agency"


def _misfiled(one: DocumentReference, forth: _HandedIn, back: _HandedIn) -> Iterator[str]:
    """What is wrong with how a document is named if all are handed in in one order and in the other."""
    if max(sum(" body file " in at for at in handed.places_of(one)) for handed in (forth, back)) > 1:
        yield f"the document {one.kind} arrives more than once"
    there, here = forth.labels_of(one), back.labels_of(one)
    if there and here:
        if there != here:
            yield f"the document {one.kind} is filed as another if documents are handed in in another order"
        # The last word of a place, and what stands beside it, are compared with the kinds.
        said = {_plain(re.split(r"[. ]", label)[-1]) for label in there | here}
        other = sorted({each.kind for each in forth.documents if _plain(each.kind) in said} - {one.kind})
        if other and _plain(one.kind) not in said:
            yield f"the document {one.kind} is filed as {', '.join(other)}"


def _plain(word: str) -> str:
    return re.sub(r"[^a-z]", "", word.casefold())
