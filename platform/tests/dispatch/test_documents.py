"""A call sends and delivers the document that it is about, and no other citizen's."""

import hashlib

import pytest

from nagorik.errors import AgencyUnavailable, PluginFault
from nagorik.model.application import DocumentReference
from nagorik.model.status import Deliverable

pytestmark = pytest.mark.asyncio

CARD = Deliverable(kind="card", delivery="download")
KEEP = "kept = await context.documents.put('card', 'application/pdf', b'card')\n"
SERVICE = """form = "forms:ConnectionForm"
documents = [{ kind = "nid", name = { en = "Card", bn = "কার্ড" } }]
"""
OTHER = "OTHER = DocumentReference(id='other', kind='card', media_type='a/b', bytes=1, sha256='0' * 64)"
DELIVER = "return FetchedDeliverable(deliverable=request.deliverable, document={})"
SEND = """
sent = [piece async for piece in context.documents.open(request.documents[0])]
seen.append(b"".join(sent))
return Accepted(reference="R-1", status=STATUS)
"""


class Store:
    """Keeps documents in memory under the hash of what they held at first."""

    def __init__(self):
        self.contents = {}

    async def open(self, document):
        yield self.contents[document.id]

    async def put(self, kind, media_type, content):
        digest = hashlib.sha256(content).hexdigest()
        self.contents[digest] = content
        return DocumentReference(id=digest, kind=kind, media_type=media_type, bytes=len(content), sha256=digest)


async def fetch(world, body, store):
    world.install(hooks={"nagorik_fetch_deliverable": body}, head=OTHER)
    return await world.platform(documents=store).fetch_deliverable(
        world.draft(), agency_reference="R-1", deliverable=CARD
    )


async def test_deliverable_that_another_call_has_kept_is_a_fault(world):
    with pytest.raises(PluginFault) as caught:
        await fetch(world, KEEP + DELIVER.format("OTHER"), Store())
    assert caught.value.fault == "deliverable-not-own"


@pytest.mark.parametrize("content", [b"paper", b"other", b"longer than that"])
async def test_document_that_is_not_what_it_was_is_not_sent(world, content):
    store = Store()
    paper = await store.put("nid", "image/png", b"paper")
    store.contents[paper.id] = content
    world.install(hooks={"nagorik_submit": SEND}, service=SERVICE)
    submitted = world.platform(documents=store).submit(world.draft(documents=(paper,)), world.references)
    if content == b"paper":
        await submitted
    else:
        with pytest.raises(AgencyUnavailable) as caught:
            await submitted
        assert caught.value.because == "document-unreadable"
    assert world.module().seen == ([b"paper"] if content == b"paper" else [])
