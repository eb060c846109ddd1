"""Whatever is sent for a body is answered as a bad one, and the agency works on."""

import pytest
from small_agency import Registry
from starlette.responses import JSONResponse

from nagorik_testing import IdempotencyStore, content_of, routes_of, text_in
from nagorik_testing.simulator.json_bodies import read_json

DEEP = 100_000
HOSTILE = {
    "lists-in-lists": b"[" * DEEP,
    "closed-lists": b"[" * DEEP + b"]" * DEEP,
    "objects-in-objects": b'{"clientReference":' * DEEP,
    "deep-within": b'{"clientReference": "ref-1", "beside": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "half-a-pair": rb'{"clientReference": "ref-\ud83d"}',
    "half-a-pair-elsewhere": rb'{"clientReference": "ref-1", "beside": "\udc00"}',
    "half-a-pair-in-a-name": rb'{"clientReference": "ref-1", "\udc00": 1}',
    "half-a-pair-in-bytes": b'{"clientReference": "ref-\xed\xa0\xbd"}',
    "no-utf-8": b'{"clientReference": "ref-\xff"}',
    "utf-16": '{"clientReference": "ref-1"}'.encode("utf-16"),
    "huge-integer": b'{"clientReference": "ref-1", "beside": ' + b"7" * 5_000 + b"}",
    "huge-fraction": b'{"clientReference": "ref-1", "beside": 1e400}',
    "huge-within": b'{"clientReference": "ref-1", "beside": [{"x": -1e400}]}',
    "infinite": b'{"clientReference": "ref-1", "beside": Infinity}',
    "no-number": b'{"clientReference": "ref-1", "beside": NaN}',
    "two-documents": b'{"clientReference": "ref-1"} {}',
    "nothing-but-blanks": b"  ",
}


class Office(Registry):
    """Answers with what it was given, by native key."""

    def open_office(self):
        super().open_office()
        self.store = IdempotencyStore()

    def routes(self):
        return routes_of({"POST /files": self.file})

    async def file(self, request):
        content = await content_of(request)
        text_in(content, "clientReference")
        self.files.append("x")
        return self.store.once(
            request.headers.get("idempotency-key"), "file", content, lambda: (201, {"given": content})
        )


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
async def test_bad_body_is_refused_as_any_and_leaves_nothing_behind(reach, body):
    office = Office()
    async with reach(office) as client:
        refused = await client.post("/files", content=body, headers={"Idempotency-Key": "key-1"})
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, "body")
        assert office.files == []
        good = {"clientReference": "ref-😀-১", "beside": [10**4_000, 1e300, {"deep": [[[]]]}]}
        answered = await client.post("/files", json=good, headers={"Idempotency-Key": "key-1"})
        assert (answered.status_code, answered.json()) == (201, {"given": good})
    assert [(one.operation, one.status) for one in office.ledger.requests()] == [
        ("POST /files", 400),
        ("POST /files", 201),
    ]


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_document_is_told_as_one_error(body):
    with pytest.raises(ValueError):  # noqa: PT011 - whichever is wrong, its text names a place
        read_json(body)


class Echo(Registry):
    def routes(self):
        return routes_of({"GET /files/{number}": self.show})

    async def show(self, request):
        given = {"number": request.path_params["number"], "q": text_in(request.query_params, "q", required=False)}
        return JSONResponse(given)


@pytest.mark.parametrize("written", ["%ED%A0%BD", "%FF", "%00", "%C0%AF"])
async def test_bad_bytes_in_an_address_can_be_answered_with(reach, written):
    async with reach(Echo()) as client:
        answered = await client.get(f"/files/{written}?q={written}")
    assert answered.status_code == 200
    answered.json()["number"].encode("utf-8")
    answered.json()["q"].encode("utf-8")
