"""The ward office, simulated. It notices no double: who files twice has two applications."""

from collections.abc import Sequence
from importlib.resources import files
from typing import ClassVar, Final

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from nagorik_testing.simulator.application_book import ApplicationBook, Case
from nagorik_testing.simulator.base import ExampleApplication, Simulator
from nagorik_testing.simulator.citizens import SyntheticCitizen
from nagorik_testing.simulator.handlers import Refusal, RouteHandler, content_of, routes_of, text_in
from nagorik_testing.simulator.workflow import Workflow

WORKFLOW: Final = Workflow.read(files(__package__) / "workflow.toml")


class WardOffice(Simulator):
    """Gives out numbers, and takes in one application under each."""

    plugin_id: ClassVar[str] = "ward"
    modelled: ClassVar[str] = "কাল্পনিক কার্যালয়, কেবল পরীক্ষার জন্য। / An office that does not exist; for campaigns alone."
    outcomes: ClassVar[tuple[str, ...]] = WORKFLOW.outcomes

    book: ApplicationBook[None]

    def open_office(self) -> None:
        """Begin without files."""
        self.book = ApplicationBook(self, WORKFLOW, numbers="W-########", field="fileNo")
        self._numbers: set[str] = set()

    def routes(self) -> Sequence[Route]:
        """The office's addresses."""
        handlers: dict[str, RouteHandler] = {
            "POST /numbers": self._number,
            "POST /applications": self._file,
            "GET /applications": self._search,
            "GET /applications/{number}": self._get,
        }
        return routes_of(handlers, prefix="/v1")

    def settings(self, base_url: str) -> dict[str, object]:
        """Where the plugin finds it."""
        return {"base_url": base_url}

    def example(self, service: str, citizen: SyntheticCitizen) -> ExampleApplication:  # noqa: ARG002 - there is one
        """An application that is accepted."""
        form: dict[str, JsonValue] = {"address": "নমুনা সড়ক ১২/ক", "mobile": citizen.phone.e164}
        return ExampleApplication(applicant=citizen.applicant(), form=form)

    async def _number(self, request: Request) -> JSONResponse:  # noqa: ARG002 - whoever asks is given one
        number = f"N-{self.random.randrange(10**12):012}"
        self._numbers.add(number)
        return JSONResponse({"number": number}, status_code=201)

    async def _file(self, request: Request) -> JSONResponse:
        content = await content_of(request)
        number = text_in(content, "number")
        if number not in self._numbers:
            raise Refusal(409, "number", "was not given out, or was used")
        for field in ("address", "mobile"):
            text_in(content, field)
        self._numbers.discard(number)
        case = self.book.file(
            None,
            client_reference=text_in(content, "clientReference"),
            idempotency_key=request.headers.get("idempotency-key"),
            content=content,
        )
        return JSONResponse(_shown(case), status_code=201)

    async def _search(self, request: Request) -> JSONResponse:
        found, complete = self.book.search(text_in(request.query_params, "clientReference"))
        return JSONResponse({"items": [_shown(case) for case in found], "complete": complete})

    async def _get(self, request: Request) -> JSONResponse:
        return JSONResponse(_shown(self.book.get(request.path_params["number"])))


def _shown(case: Case[None]) -> dict[str, JsonValue]:
    return {"fileNo": case.number, "state": case.state}
