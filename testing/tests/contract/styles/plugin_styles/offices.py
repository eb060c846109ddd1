"""The market office, and how it differs for each style."""

from datetime import timedelta
from hashlib import sha256
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from nagorik.errors import AgencyRejected, DuplicateApplication
from nagorik_testing import (
    ApplicationBook,
    Case,
    Codec,
    DocumentResponse,
    ErrorAnswer,
    ExampleApplication,
    ExampleDocument,
    FormFormat,
    IdempotencyStore,
    JsonFormat,
    MultipartFormat,
    Refusal,
    Simulator,
    TokenEndpoint,
    Workflow,
    XmlFormat,
    content_of,
    routes_of,
    specimen_pdf,
)
from plugin_styles.wires import SPACE
from plugin_styles.writes import BEFORE_ITS_NUMBER

OF_A_PAGE = 4
WORKFLOW = Workflow.model_validate(
    {
        "begins": "RECEIVED",
        "outcomes": ["approve", "reject"],
        "states": {
            "RECEIVED": "গৃহীত",
            "INSPECTION": "পরিদর্শন",
            "LICENSED": "অনুমোদিত",
            "REFUSED": "নামঞ্জুর",
        },
        "steps": [
            {"from": "RECEIVED", "to": "INSPECTION", "after": "sorting"},
            {"from": "INSPECTION", "outcomes": ["reject"], "to": "REFUSED", "after": "inspection"},
            {"from": "INSPECTION", "to": "LICENSED", "after": "inspection"},
        ],
        "durations": {"sorting": "P1D", "inspection": "P4D"},
        "remarks": {"REFUSED": "দলিল অসম্পূর্ণ"},
    }
)


class MarketOffice(Simulator):
    plugin_id = "stalls"
    modelled = "সবই কল্পিত। / All of it is invented."
    outcomes = ("approve", "reject")
    codec = Codec(JsonFormat(), requests=[MultipartFormat(), JsonFormat()])
    papers_wanted: tuple[str, ...] = ("deed",)
    ignored_response_fields: ClassVar[dict[str, str]] = {"desk": "who sits at it is the office's own business"}

    def open_office(self) -> None:
        self.book: ApplicationBook[None] = ApplicationBook(self, WORKFLOW, numbers="ST-######")
        self.replays = IdempotencyStore()

    def routes(self) -> Any:
        return routes_of(self.handlers())

    def handlers(self) -> dict[str, Any]:
        return {
            "POST /applications": self.file,
            "GET /applications": self.search,
            "GET /applications/{number}": self.show,
        }

    def settings(self, base_url: str) -> dict[str, object]:
        return {"base_url": base_url, "password": "not-a-secret-of-anyone"}

    def example(self, service: str, citizen: Any) -> ExampleApplication:
        form = {"nid": citizen.full_nid.value, "stall": f"{citizen.name.bn} বিতান", "market": "বাজার 7"}
        papers = [
            ExampleDocument(kind, "application/pdf", specimen_pdf(f"{kind} of {citizen.alias}"))
            for kind in self.papers_wanted
        ]
        return ExampleApplication(applicant=citizen.applicant(), form=form, documents=tuple(papers))

    async def file(self, request: Request) -> Response:
        content = await content_of(request)
        return self.replays.once(key_of(request), "file", content, lambda: (201, self.filed(content)))

    def filed(self, content: dict[str, Any]) -> dict[str, Any]:
        return self.told(self.book.file(None, client_reference=content.get("clientReference")))

    def told(self, case: Case[None]) -> dict[str, Any]:
        since = case.changed_at.isoformat()
        return {"number": case.number, "word": case.state, "since": since, "remark": case.remarks or None, "desk": 4}

    async def search(self, request: Request) -> Response:
        found, _ = self.book.search(request.query_params["clientReference"])
        return DocumentResponse({"items": [self.told(case) for case in found], "desk": 4})

    async def show(self, request: Request) -> Response:
        return DocumentResponse(self.told(self.book.get(request.path_params["number"])))


def key_of(request: Request) -> str | None:
    return request.headers.get("idempotency-key")


class PaperOffice(MarketOffice):
    """Takes papers at an address of their own, before the application."""

    def handlers(self) -> dict[str, Any]:
        return {**super().handlers(), "POST /papers": self.keep}

    async def keep(self, request: Request) -> Response:
        content = await content_of(request)
        files = self.codec.files(await request.body(), request.headers["content-type"])
        shown = {**content, "file": [sha256(file.content).hexdigest() for file in files]}
        return self.replays.once(key_of(request), "keep", shown, lambda: (201, self.kept()))

    def kept(self) -> dict[str, Any]:
        paper = f"P-{len(self.ledger.effects('paper')) + 1}"
        self.ledger.record("paper", paper)
        return {"id": paper, "desk": 4}


class ManyPapersOffice(PaperOffice):
    """Wants five papers."""

    papers_wanted = ("deed", "map", "photo", "tax", "water")


class CodedOffice(MarketOffice):
    """Publishes its codes of markets."""

    def handlers(self) -> dict[str, Any]:
        return {**super().handlers(), "GET /markets": self.markets}

    async def markets(self, request: Request) -> Response:
        return DocumentResponse({"codes": {f"বাজার {number}": f"M{number}" for number in range(9)}, "desk": 4})


class DraftOffice(MarketOffice):
    """Keeps a draft until it is lodged."""

    def open_office(self) -> None:
        super().open_office()
        self.drafts: dict[str, dict[str, Any]] = {}

    def handlers(self) -> dict[str, Any]:
        return {**super().handlers(), "POST /drafts": self.draft, "POST /drafts/{draft}/lodging": self.lodge}

    async def draft(self, request: Request) -> Response:
        content = await content_of(request)
        return self.replays.once(key_of(request), "draft", content, lambda: (201, self.drafted(content)))

    def drafted(self, content: dict[str, Any]) -> dict[str, Any]:
        draft = f"D-{len(self.drafts) + 1}"
        self.drafts[draft] = content
        self.ledger.record("draft", draft, client_reference=content.get("clientReference"))
        return {"id": draft, "desk": 4}

    async def lodge(self, request: Request) -> Response:
        draft = request.path_params["draft"]
        content = self.drafts.get(draft)
        if content is None:
            raise Refusal(404, "draft", "no such draft")
        return self.replays.once(key_of(request), "lodge", draft, lambda: (201, self.filed(content)))


class PaperlessOffice(MarketOffice):
    papers_wanted = ()


class ScratchOffice(DraftOffice):
    """Keeps as many drafts as it is sent, of which none counts before it is lodged."""

    def drafted(self, content: dict[str, Any]) -> dict[str, Any]:
        draft = f"D-{len(self.drafts) + 1}"
        self.drafts[draft] = content
        return {"id": draft, "desk": 4}

    async def lodge(self, request: Request) -> Response:
        content = self.drafts[request.path_params["draft"]]
        return self.replays.once(key_of(request), "lodge", content, lambda: (201, self.filed(content)))


class TicketOffice(MarketOffice):
    """Gives out tickets, each good for one application."""

    def handlers(self) -> dict[str, Any]:
        return {**super().handlers(), "GET /ticket": self.ticket}

    async def ticket(self, request: Request) -> Response:
        return DocumentResponse({"id": f"T-{self.random.randrange(10**9):09d}", "desk": 4})

    async def file(self, request: Request) -> Response:
        content = await content_of(request)
        asked = {name: value for name, value in content.items() if name != "ticket"}
        return self.replays.once(key_of(request), "file", asked, lambda: (201, self.filed(content)))


class LaterOffice(MarketOffice):
    """Answers 202, and has a number for the application after a while."""

    def filed(self, content: dict[str, Any]) -> dict[str, Any]:
        self.book.replication.lag = BEFORE_ITS_NUMBER
        super().filed(content)
        return {"id": "taken-in", "desk": 4}

    async def file(self, request: Request) -> Response:
        content = await content_of(request)
        return self.replays.once(key_of(request), "file", content, lambda: (202, self.filed(content)))


class DoublesOffice(MarketOffice):
    """Has no keys, and notices an application that it has already by our reference."""

    async def file(self, request: Request) -> Response:
        content = await content_of(request)
        reference = str(content.get("clientReference"))
        if found := self.book.search(reference)[0]:
            return DocumentResponse({"filedAs": found[0].number}, 409)
        return DocumentResponse(self.filed(content), 201)

    def error_answers(self) -> Any:
        double = {"filedAs": "ST-000001"}
        return (ErrorAnswer(name="a double", status=409, document=double, means=DuplicateApplication),)


class PagedOffice(MarketOffice):
    """Lists every application of the partner, four on a page."""

    async def search(self, request: Request) -> Response:
        page, cases = int(request.query_params["page"]), list(self.book)
        shown = cases[(page - 1) * OF_A_PAGE : page * OF_A_PAGE]
        items = [{**self.told(case), "reference": case.client_reference or ""} for case in shown]
        following = page + 1 if len(cases) > page * OF_A_PAGE else None
        return DocumentResponse({"items": items, "following": following, "desk": 4})


class CrowdedOffice(PagedOffice):
    """Has applications of others already, so that a search takes three pages."""

    def open_office(self) -> None:
        super().open_office()
        for number in range(2 * OF_A_PAGE):
            self.book.file(None, client_reference=f"OTHER-{number}")
        self.ledger.clear()


class SidesOffice(MarketOffice):
    """Tells state, remark and officer each at an address of its own; most have no remark and no officer."""

    def told(self, case: Case[None]) -> dict[str, Any]:
        return {name: value for name, value in super().told(case).items() if name != "remark"}

    def handlers(self) -> dict[str, Any]:
        beside = {"remark": self.remark, "officer": self.officer}
        return {**super().handlers(), **{f"GET /applications/{{number}}/{name}": beside[name] for name in beside}}

    async def remark(self, request: Request) -> Response:
        return DocumentResponse({"text": self.book.get(request.path_params["number"]).remarks or None})

    async def officer(self, request: Request) -> Response:
        raise Refusal(404, "officer", "nobody is in charge yet")


class FormOffice(MarketOffice):
    codec = Codec(JsonFormat(), requests=[FormFormat()])
    papers_wanted = ()


class XmlOffice(MarketOffice):
    codec = Codec(XmlFormat(namespace=SPACE))
    ignored_response_fields: ClassVar[dict[str, str]] = {
        **MarketOffice.ignored_response_fields,
        "count": "of what is found, one is shown",
    }
    papers_wanted = ()

    async def search(self, request: Request) -> Response:
        found, _ = self.book.search(request.query_params["clientReference"])
        first = self.told(found[0]) if found else {}
        return DocumentResponse({"count": len(found), **first})

    def error_answers(self) -> Any:
        return (ErrorAnswer(name="no", status=400, document={"error": "no"}, means=AgencyRejected),)


class SessionOffice(MarketOffice):
    """Knows a partner by the session in a cookie."""

    def open_office(self) -> None:
        super().open_office()
        self.sessions = TokenEndpoint(self.clock, self.random, life=timedelta(minutes=20))

    def routes(self) -> Any:
        return (*routes_of({"POST /login": self.log_in}), *routes_of(self.handlers(), guard=self.check))

    async def log_in(self, request: Request) -> Response:
        session = self.sessions.issue()
        return Response(status_code=204, headers={"set-cookie": f"session={session}; HttpOnly; Path=/"})

    def check(self, request: Request) -> None:
        scope = {**request.scope, "headers": [(b"authorization", f"Bearer {self.session(request)}".encode())]}
        self.sessions.check(Request(scope))

    def session(self, request: Request) -> str:
        return request.cookies.get("session", "")
