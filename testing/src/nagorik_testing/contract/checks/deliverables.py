"""What is fetched is what was asked for: of this application, of this kind, and a paper."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import combinations
from typing import Final

import httpx

from nagorik import Deliverable, FetchedDeliverable, NagorikError, PluginFault
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.calls import fetch_one
from nagorik_testing.contract.checks.answers.replay import AnswerReplay, KeptAnswer
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import books_of, case_of
from nagorik_testing.contract.preparations import file_application, wait_for_deliverables
from nagorik_testing.contract.rig import Rig, another_application
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.wire.codec import media_type_of

_A_WHILE: Final = timedelta(minutes=7)
_PAGE: Final = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Your session has ended.</body></html>"
)
_PAGE_LABEL: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, repr=False)
class FetchedPaper:
    """One paper, fetched.

    Attributes:
        asked: As the agency's status names it.
        fetched: What the plugin says that it is.
        content: What is kept of it.
        kept: What was sent for it, and answered.
        state: The agency's, in which it can be fetched; empty where its book cannot be looked into.
    """

    asked: Deliverable
    fetched: FetchedDeliverable
    content: bytes
    kept: tuple[KeptAnswer, ...]
    state: str

    @property
    def requests(self) -> list[tuple[str, str, bytes]]:
        """What was asked for."""
        return [(each.method, each.path, each.sent) for each in self.kept]


@check("deliverable/as-asked")
async def _as_asked(subject: Subject, offer: AnyOffer) -> list[str]:
    replay = AnswerReplay()
    async with open_rig(replay.on(subject), offer.id) as rig:
        _ = rig.simulator  # a live agency is not asked for what nobody needs
        papers = [paper async for paper in _papers_of(rig, replay)]
        if not papers:
            raise NotConcerned("nothing that it issues can be downloaded")
        wrong = [text for paper in papers for text in _otherwise(paper)]
        wrong += [
            f"for {other.asked.kind} the same is asked for as for {one.asked.kind}"
            for one, other in combinations(papers, 2)
            if one.requests == other.requests
        ]
        wrong += await _pages_kept(rig, replay, papers)
        wrong += await _of_the_first(rig, replay, papers)
    return list(dict.fromkeys(wrong))


async def _papers_of(rig: Rig, replay: AnswerReplay, states: Collection[str] = ()) -> AsyncIterator[FetchedPaper]:
    """Every kind of paper that an application brings, in whichever of the agency's states, or in these alone."""
    async for state, issued in _issued(rig, states):
        for deliverable in issued:
            async with replay.keeping() as kept:
                fetched = await fetch_one(rig, deliverable)
                answers = tuple(kept)
            content = b"".join([piece async for piece in rig.documents.open(fetched.document)])
            yield FetchedPaper(deliverable, fetched, content, answers, state)


async def _issued(rig: Rig, states: Collection[str] = ()) -> AsyncIterator[tuple[str, Sequence[Deliverable]]]:
    """What can be downloaded, each kind once, and in which state; in these states alone, if any is named."""
    if not books_of(rig):
        await wait_for_deliverables(rig)
        yield "", rig.issued
        return
    await file_application(rig)
    case, seen = case_of(rig), set[str]()
    for state in states or case.workflow.states:
        rig.advance(_A_WHILE)
        case.enter(state, rig.clock.now())
        case.due = None
        status = await rig.platform.get_status(rig.draft, rig.references)
        new = [each for each in status.deliverables if each.delivery == "download" and each.kind not in seen]
        seen |= {each.kind for each in new}
        yield state, new


def _otherwise(paper: FetchedPaper) -> list[str]:
    """What is said of a paper that is not so."""
    wrong, kind, document = [], paper.asked.kind, paper.fetched.document
    if paper.fetched.deliverable != paper.asked:
        wrong.append(f"{kind} is said to be another paper than was asked for")
    if document.kind != kind:
        wrong.append(f"{kind} is kept as a paper of another kind")
    labels = [_media(each.headers) for each in paper.kept if each.content == paper.content]
    if labels and document.media_type not in labels:
        wrong.append(f"{kind} is kept as another kind of file than the agency says that it is")
    return wrong


def _media(headers: httpx.Headers) -> str:
    return media_type_of(headers.get("content-type", ""))


async def _pages_kept(rig: Rig, replay: AnswerReplay, papers: Sequence[FetchedPaper]) -> list[str]:
    """Where a page, such as one to sign in, is kept in the place of a paper."""
    wrong = []
    for paper in papers:
        if not paper.kept:
            continue
        last = len(paper.kept) - 1
        page = replace(paper.kept[last], headers=httpx.Headers({"content-type": _PAGE_LABEL}))
        try:
            await replay.again(partial(fetch_one, rig, paper.asked), (*paper.kept[:-1], page), last, _PAGE)
        except PluginFault:
            wrong.append(f"a page in the place of {paper.asked.kind} ends in a fault of the plugin")
        except NagorikError:
            continue
        else:
            wrong.append(f"a page in the place of {paper.asked.kind} is kept as the paper")
    return wrong


async def _of_the_first(rig: Rig, replay: AnswerReplay, papers: Sequence[FetchedPaper]) -> list[str]:
    """Where for another application the first one's paper is asked for."""
    rig.references = another_application(rig.references)
    first = {paper.asked.kind: paper for paper in papers}
    try:
        others = [paper async for paper in _papers_of(rig, replay, [paper.state for paper in papers if paper.state])]
    except NotReachable:
        return []
    return [
        f"for another application the {other.asked.kind} of the first is asked for"
        for other in others
        if other.asked.kind in first and other.requests == first[other.asked.kind].requests
    ]
