"""Papers that an application carries: that they arrive, each once, as what it is, and to the last byte."""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from nagorik import NagorikError
from nagorik.manifest import AnyOffer, PublicService
from nagorik.model.application import DocumentReference
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import FiledForm, Filings, open_filings, paper, with_paper
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.wiretap import Places
from nagorik_testing.fixtures.documents import CHUNK

Papers = tuple[DocumentReference, ...]
_PAGES: Final = 10
_MORE: Final = bytes(range(256)) * (CHUNK // 128)
"""Follows the end of a paper, whose readers leave it alone; two pieces long."""
_FEW_SIGNS: Final = 40
"""Signs of what names a paper, at most."""


@dataclass(frozen=True, slots=True, repr=False)
class _HandedIn:
    """Some papers that were filed together, and what was sent of them.

    Attributes:
        papers: They.
        filed: Their filing.
        contents: Their bytes in Base64, by their hashes.
    """

    papers: Papers
    filed: FiledForm
    contents: dict[str, str]

    @property
    def foreign(self) -> int:
        """How many papers arrived that are none of them."""
        known = {one.sha256 for one in self.papers}
        return sum(arrived.sha256 not in known for arrived in self.filed.papers)

    def places_of(self, one: DocumentReference) -> list[str]:
        """Where in what is sent a paper stands: as a file, by its hash, or in text."""
        sent = self.filed.sent.items()
        return [at for at, value in sent if one.sha256 in value.casefold() or self.contents[one.sha256] in value]

    def labels_of(self, one: DocumentReference) -> frozenset[tuple[str, ...]]:
        """Under what a paper stands: its place without numbers, and what stands beside it in one entry of a list."""
        return frozenset(_label(at, self.filed.sent) for at in self.places_of(one))

    def has(self, one: DocumentReference) -> bool:
        """Whether anything arrived of a paper; of two parts of one name, what is read as a table keeps one."""
        seen = {arrived.sha256 for arrived in self.filed.papers}
        return one.sha256 in seen or one.sha256.encode() in self.filed.raw.lower() or bool(self.places_of(one))


@check("submit/papers-arrive")
async def _arrive(subject: Subject, offer: AnyOffer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    if not offer.documents:
        raise NotConcerned("it takes no papers")
    wrong, found = list[str](), dict[str, _HandedIn]()
    async with open_filings(subject, offer) as filings:
        rig = filings.rig
        for what, papers in _changes(filings, offer):
            filed = await filings.file_once(documents=papers)
            if filed.faulty:
                wrong.append(f"{what} end in a fault of the plugin")
            elif filed.sent and not isinstance(filed.end, NagorikError):
                kept = {
                    one.sha256: b64encode(content).decode() for one, content in rig.documents.kept if one in papers
                }
                found[what] = _HandedIn(papers, filed, kept)
    wrong += [text for handed in found.values() for text in _mislabelled(handed)]
    changed = next((handed.foreign for handed in found.values() if handed.foreign), 0)
    wrong += [f"papers with bytes that nobody handed in: {changed}"] if changed else []
    named = {kind.kind for kind in offer.documents}
    missing = [one for one in found[_USUAL].papers if one.kind in named and not found[_USUAL].has(one)]
    if len(missing) > found[_USUAL].foreign:  # one that arrived with other bytes is not lost
        kinds = ", ".join(sorted({one.kind for one in missing}))
        wrong.append(f"{len(missing) - found[_USUAL].foreign} of the papers {kinds} never reached the agency")
    if _EACH in found and _BACKWARDS in found:
        for one in found[_EACH].papers:
            wrong += _misfiled(one, found[_EACH], found[_BACKWARDS], found.get(f"the papers with {one.kind}"))
    for kind in sorted(named):
        pair = [found.get(f"the papers with {mark} {kind}") for mark in ("a", "another")]
        if None not in pair and not filings.changed(*(handed.filed.sent for handed in pair if handed)):
            wrong.append(f"two papers {kind} with other content are sent alike")
        wrong += _of_one_kind(kind, [handed for what, handed in found.items() if what.endswith(_together(kind))])
    return list(dict.fromkeys(wrong))


_USUAL, _EACH, _BACKWARDS = "the papers", "papers of each kind", "papers of each kind, the last first,"


def _together(kind: str) -> str:
    return f" papers {kind} that are handed in together"


def _changes(filings: Filings, offer: PublicService) -> Iterator[tuple[str, Papers]]:
    """Other papers than the example's, by what they are."""
    rig, usual = filings.rig, filings.rig.draft.documents
    every = tuple(paper(rig, kind, "of all") for kind in offer.documents)
    yield from ((_USUAL, usual), (_EACH, every), (_BACKWARDS, every[::-1]))
    for kind in offer.documents:
        # Beside a paper stands each other one without which nothing is filed.
        needed = rig.documents.hand_in((), offer.documents, dict(rig.draft.form))
        rest = tuple(one for one in needed if one.kind != kind.kind)
        yield f"the papers with {kind.kind}", (paper(rig, kind, "of all"), *rest)
        yield f"the papers with a {kind.kind}", with_paper(rig, kind, "one")
        yield f"the papers with another {kind.kind}", with_paper(rig, kind, "other")
        pages = tuple(paper(rig, kind, f"page {number}") for number in range(1, _PAGES + 1))
        yield f"two{_together(kind.kind)}", (*pages[:2], *rest)
        yield f"another two{_together(kind.kind)}", (pages[1], pages[0], *rest)
        yield f"{_PAGES}{_together(kind.kind)}", (*pages, *rest)
        for at, one in enumerate(usual):
            if one.kind != kind.kind:
                continue
            for media_type in ("application/pdf", "image/png"):
                if media_type == one.media_type or media_type not in kind.media_types:
                    continue
                other = paper(rig, kind, "otherwise", media_type)
                yield f"papers of which {kind.kind} is of type {media_type}", (*usual[:at], other, *usual[at + 1 :])
            content = next(content for kept, content in rig.documents.kept if kept == one) + _MORE
            if len(content) <= kind.largest_bytes:
                large = rig.documents.keep(one.kind, one.media_type, content)
                yield f"papers of which {kind.kind} is large", (*usual[:at], large, *usual[at + 1 :])


def _mislabelled(handed: _HandedIn) -> Iterator[str]:
    types = {one.sha256: one for one in handed.papers}
    for arrived in handed.filed.papers:
        one = types.get(arrived.sha256)
        if one is not None and arrived.media_type != one.media_type:
            yield f"the paper {one.kind} of type {one.media_type} arrives as {arrived.media_type or 'no type'}"


def _of_one_kind(kind: str, together: Sequence[_HandedIn]) -> Iterator[str]:
    """What is wrong where papers of one kind are handed in together; who refuses them all loses none."""
    for handed in together:
        pages = [one for one in handed.papers if one.kind == kind]
        arrived = sum(handed.has(one) for one in pages)
        if 0 < arrived < len(pages):
            two = len(pages) < _PAGES
            many = "two" if two else str(_PAGES)
            yield f"of {many}{_together(kind)}, {'one alone is' if two else f'{arrived} are'} sent"


def _label(place: str, sent: Places) -> tuple[str, ...]:
    """The name of a place, and what its entry says of it in a few words."""
    entry, _, own = place.rpartition(".")
    beside = (
        f"{at.rpartition('.')[2]}={value}"
        for at, value in sent.items()
        if re.search(r"\.\d+$", entry) and at.rpartition(".")[0] == entry and at.rpartition(".")[2] != own
        if len(value) < _FEW_SIGNS and not re.search(r"\d", value)
    )
    return (re.sub(r"\d+", "", place), *sorted(beside))


def _misfiled(one: DocumentReference, forth: _HandedIn, back: _HandedIn, alone: _HandedIn | None) -> Iterator[str]:
    if max(sum(" body file " in at for at in handed.places_of(one)) for handed in (forth, back)) > 1:
        yield f"the paper {one.kind} arrives more than once"
    there, here = forth.labels_of(one), back.labels_of(one)
    if there != here and there and here:
        yield f"the paper {one.kind} is filed as another where papers are handed in in another order"
    # The last word of a place, and what stands beside it, are held against the kinds.
    said = {_plain(re.split(r"[=. ]", text)[-1]) for label in there | here for text in label}
    other = sorted({each.kind for each in forth.papers if _plain(each.kind) in said} - {one.kind})
    if other and there and here and _plain(one.kind) not in said:
        yield f"the paper {one.kind} is filed as {', '.join(other)}"
    if alone is not None and alone.has(one) and not (forth.has(one) and back.has(one)):
        yield f"the paper {one.kind} arrives by itself, and not among all that the service takes"


def _plain(word: str) -> str:
    return re.sub(r"[^a-z]", "", word.casefold())
