"""Papers in the ledger: which arrived, and nothing of what they say."""

from hashlib import sha256

import httpx
from starlette.requests import Request

from nagorik_testing import (
    Codec,
    DocumentResponse,
    JsonFormat,
    MultipartFormat,
    Simulator,
    SimulatorTransport,
    content_of,
    routes_of,
    specimen_pdf,
)


class Archive(Simulator):
    plugin_id = "archive"
    modelled = "সবই কল্পিত। / All of it is invented."
    outcomes = ("keep",)
    codec = Codec(JsonFormat(), requests=[MultipartFormat()])

    def open_office(self):
        """Nothing is kept."""

    def routes(self):
        return routes_of({"POST /papers": self.take})

    def settings(self, base_url):
        return {"base_url": base_url}

    async def take(self, request: Request) -> DocumentResponse:
        return DocumentResponse({"taken": await content_of(request)})


async def test_ledger_says_which_papers_arrived_and_whose():
    archive, deed = Archive(), specimen_pdf("SECRET 7")
    async with httpx.AsyncClient(transport=SimulatorTransport(archive), base_url="http://archive") as client:
        answer = await client.post(
            "/papers",
            data={"clientReference": "ref-1"},
            files={"deed": ("name-of-a-citizen.pdf", deed, "application/pdf")},
        )
        refused = await client.post("/papers", json={"clientReference": "ref-1"})
    assert answer.json() == {"taken": {"clientReference": "ref-1"}}
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "multipart is expected")
    (paper,) = archive.ledger.papers(client_reference="ref-1")
    assert (paper.name, paper.media_type, paper.size) == ("deed", "application/pdf", len(deed))
    assert paper.sha256 == sha256(deed).hexdigest()
    assert archive.ledger.papers(client_reference="ref-2") == ()
    written = str(archive.ledger.as_document())
    assert paper.sha256 in written
    assert "citizen.pdf" not in written
    assert "SECRET" not in written


async def test_paper_that_comes_otherwise_is_written_down_by_the_agency():
    archive = Archive()
    archive.ledger.paper("photo", "image/png", b"\x89PNG", client_reference="ref-1")
    assert [paper.size for paper in archive.ledger.papers()] == [4]
    archive.reset()
    assert archive.ledger.papers() == ()
