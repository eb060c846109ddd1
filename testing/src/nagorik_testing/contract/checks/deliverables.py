"""What is fetched is what was asked for: of this application, of this kind, and a paper."""

import base64
import binascii
import re
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Final, NamedTuple

import httpx

from nagorik import Deliverable, FetchedDeliverable, NagorikError, PluginFault
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.calls import fetch_one
from nagorik_testing.contract.checks.answers.replay import AnswerReplay, KeptAnswer
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import books_of, case_of, enter_state
from nagorik_testing.contract.preparations import file_application, wait_for_deliverables
from nagorik_testing.contract.rig import Rig, another_application
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.wire.codec import media_type_of

_PAGE: Final = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Your session has ended.</body></html>"
)
_PAGE_LABEL: Final = "text/html; charset=utf-8"


class FetchedPaper(NamedTuple):
    """One document, fetched.

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

    def wrong(self) -> Iterator[str]:
        """What is kept, or said of it, and is not so."""
        kind, document = self.asked.kind, self.fetched.document
        if self.fetched.deliverable != self.asked:
            yield f"{kind} is said to be another document than was asked for"
        if document.kind != kind:
            yield f"{kind} is kept as a document of another kind"
        sent = {part: each for each in self.kept for part in (each.content, *_within(each.content))}
        if self.kept and not self.content:
            yield "what is kept is empty"
        elif self.kept and self.content not in sent:
            yield "what is kept is not what the agency sent, byte for byte"
        elif self.kept and sent[self.content].content == self.content:
            label = media_type_of(sent[self.content].headers.get("content-type", ""))
            if document.media_type != label:
                yield f"{kind} is kept as another kind of file than the agency says that it is"


_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=]{16,}")


def _within(answer: bytes) -> Iterator[bytes]:
    """The files that a response holds in Base64."""
    for found in _BASE64.finditer(answer):
        with suppress(binascii.Error):
            yield base64.b64decode(found[0], validate=True)


@check("deliverable/as-asked")
async def _as_asked(subject: Subject, offer: AnyOffer) -> list[str]:
    replay = AnswerReplay()
    async with open_rig(replay.on(subject), offer.id) as rig:
        _ = rig.simulator  # a live agency is not asked for it
        papers = [paper async for paper in _papers_of(rig, replay)]
        if not papers:
            raise NotConcerned("nothing that it issues can be downloaded")
        wrong = [text for paper in papers for text in paper.wrong()]
        wrong += [
            f"for {other.asked.kind} the same is asked for as for {one.asked.kind}"
            for one, other in combinations(papers, 2)
            if one.requests == other.requests
        ]
        wrong += await _pages_kept(rig, replay, papers)
        rig.references = another_application(rig.references)
        with suppress(NotReachable):
            states = [paper.state for paper in papers if paper.state]
            async for other in _papers_of(rig, replay, states):
                if any((one.asked.kind, one.requests) == (other.asked.kind, other.requests) for one in papers):
                    wrong.append(f"for another application the {other.asked.kind} of the first is asked for")
    return list(dict.fromkeys(wrong))


async def _papers_of(rig: Rig, replay: AnswerReplay, states: Collection[str] = ()) -> AsyncIterator[FetchedPaper]:
    """Every kind of document that an application brings, in whichever of the agency's states, or in these alone."""
    async for state, issued in _issued(rig, states):
        for deliverable in issued:
            async with replay.keeping() as kept:
                fetched = await fetch_one(rig, deliverable)
            content = b"".join([piece async for piece in rig.documents.open(fetched.document)])
            yield FetchedPaper(deliverable, fetched, content, tuple(kept), state)


async def _issued(rig: Rig, states: Collection[str]) -> AsyncIterator[tuple[str, Sequence[Deliverable]]]:
    """What can be downloaded, each kind once, and in which state."""
    if not books_of(rig):
        await wait_for_deliverables(rig)
        yield "", rig.issued
        return
    await file_application(rig)
    case, seen = case_of(rig), set[str]()
    for state in states or case.workflow.states:
        enter_state(rig, case, state)
        status = await rig.platform.get_status(rig.draft, rig.references)
        new = [each for each in status.deliverables if each.delivery == "download" and each.kind not in seen]
        seen |= {each.kind for each in new}
        yield state, new


async def _pages_kept(rig: Rig, replay: AnswerReplay, papers: Sequence[FetchedPaper]) -> list[str]:
    """Where a page, such as one to sign in, is kept in the place of a document."""
    wrong = []
    for paper in papers:
        if not paper.kept:
            continue
        *before, last = paper.kept
        page = replace(last, headers=httpx.Headers({"content-type": _PAGE_LABEL}), content=_PAGE)
        try:
            await replay.again(partial(fetch_one, rig, paper.asked), (*before, page))
        except PluginFault:
            wrong.append(f"a page in the place of {paper.asked.kind} ends in a fault of the plugin")
        except NagorikError:
            continue
        else:
            wrong.append(f"a page in the place of {paper.asked.kind} is kept as the document")
    return wrong
