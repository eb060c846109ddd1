"""The invented licensing office, simulated. It models no real agency; workflow.toml says what becomes of a file."""

import hmac
from datetime import timedelta
from importlib.resources import files
from typing import Any, ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nagorik import Money, dhaka_time, errors, to_bangla_digits
from nagorik_testing import (
    ApplicationBook,
    Case,
    Codec,
    DocumentResponse,
    ErrorAnswer,
    ExampleApplication,
    ExampleDocument,
    FormFormat,
    LoginLimit,
    MultipartFormat,
    Refusal,
    RouteHandler,
    Simulator,
    SyntheticCitizen,
    TokenEndpoint,
    Workflow,
    XmlFormat,
    amount_in,
    content_of,
    routes_of,
    specimen_pdf,
    specimen_picture,
    text_in,
)

WORKFLOW: Final = Workflow.read(files(__package__) / "workflow.toml")
SECRETS: Final = {"user": "platform", "password": "made-up-password", "signing_key": "made-up-signing-key"}
FEES: Final = {"FILED": ("pay-filing", Money.taka(100)), "FEE_DUE": ("pay-licence", Money.taka(1200))}
NO_FEE: Final = ("", Money.taka(0))
ERRORS: Final = {
    400: ({"code": "FIELD-REFUSED", "field": "mobile"}, errors.InputRejected),
    401: ({"code": "SESSION-ENDED", "field": "token"}, errors.CredentialsRejected),
    403: ({"code": "NOT-LET-IN", "field": "password"}, errors.CredentialsRejected),
    404: ({"code": "NO-SUCH-FILE", "field": "number"}, errors.AgencyRejected),
    409: ({"code": "PAYMENT-USED", "field": "reference"}, errors.AgencyRejected),
    429: ({"code": "TOO-MANY-LOGINS", "field": "login"}, errors.RateLimited),
}
LIFE: Final = timedelta(minutes=20)
SECOND: Final = "%d-%m-%Y %H:%M:%S"
TAKES: Final = [MultipartFormat(XmlFormat()), FormFormat(), XmlFormat()]


class LicensingSimulator(Simulator):
    """Files whatever it is sent, doubles too; scripted ``refuse``, its inspector does."""

    plugin_id: ClassVar[str] = "licensing"
    modelled: ClassVar[str] = "কল্পিত অফিস, কোনো আসল সংস্থা নয়। / An invented office; it models no real agency."
    outcomes: ClassVar[tuple[str, ...]] = WORKFLOW.outcomes
    login_limit: ClassVar[LoginLimit] = LoginLimit(6, timedelta(hours=1))
    codec: ClassVar[Codec] = Codec(XmlFormat("error", namespace="urn:example:licensing-office"), requests=TAKES)

    def open_office(self) -> None:
        """Begin without files, and with nobody logged in."""
        self.book: ApplicationBook[dict[str, str]] = ApplicationBook(self, WORKFLOW, numbers="L-######")
        self.tokens = TokenEndpoint(self.clock, self.random, life=LIFE, limit=self.login_limit)

    def routes(self) -> tuple[Route, ...]:
        """The office's addresses. Each request is signed; each but the login carries a token."""
        handlers: dict[str, RouteHandler] = {
            "POST /login": self._login,
            "POST /applications": self._file,
            "GET /applications": self._search,
            "GET /applications/{number}": self._show,
            "POST /applications/{number}/payments": self._pay,
            "GET /applications/{number}/licence": self._licence,
        }
        return routes_of({name: self._guarded(handler) for name, handler in handlers.items()})

    def settings(self, base_url: str) -> dict[str, object]:
        """Where the plugin finds it, and what lets it in."""
        return {"base_url": base_url, **SECRETS}

    def example(self, service: str, citizen: SyntheticCitizen) -> ExampleApplication:  # noqa: ARG002 - there is one
        """An application that is accepted, with both papers."""
        plan = ExampleDocument("premises-plan", "application/pdf", specimen_pdf(citizen.alias))
        photo = ExampleDocument("premises-photo", "image/png", specimen_picture(citizen.alias))
        form = {"address": "নমুনা সড়ক ১২/ক", "mobile": citizen.phone.e164}
        return ExampleApplication(applicant=citizen.applicant(), form=form, documents=(plan, photo))

    def error_answers(self) -> list[ErrorAnswer]:
        """Each of the office's errors, all with the status 200, and with the field that it is about."""
        return [ErrorAnswer(name=e["code"], status=200, document={**e}, means=means) for e, means in ERRORS.values()]

    def _guarded(self, handler: RouteHandler) -> RouteHandler:
        async def answer(request: Request) -> Response:
            said = f"{request.headers.get('x-time')}\n{request.method}\n{request.url.path}\n{request.url.query}\n"
            mac = hmac.digest(SECRETS["signing_key"].encode(), said.encode() + await request.body(), "sha256").hex()
            try:
                if not hmac.compare_digest(mac, request.headers.get("x-signature", "")):
                    raise Refusal(403, "signature")  # noqa: TRY301 - told like any other
                if handler != self._login:
                    self.tokens.check(request)
                return await handler(request)
            except Refusal as refusal:
                return DocumentResponse({**ERRORS[refusal.status][0], "field": refusal.field}, name="error")

        return answer

    async def _login(self, request: Request) -> Response:
        form = await content_of(request)
        if any(text_in(form, name) != SECRETS[name] for name in ("user", "password")):
            raise Refusal(403, "password")
        ends = to_bangla_digits(f"{dhaka_time(self.clock.now() + LIFE):{SECOND}}")
        return DocumentResponse({"token": self.tokens.issue(), "valid-until": ends}, name="session")

    async def _file(self, request: Request) -> Response:
        content = await content_of(request)
        details = {name: text_in(content["details"], name) for name in ("address", "mobile")}
        case = self.book.file(details, client_reference=text_in(content, "clientReference"), content=content)
        return DocumentResponse(_shown(case), name="application")

    async def _search(self, request: Request) -> Response:
        found, complete = self.book.search(text_in(request.query_params, "clientReference"))
        return DocumentResponse({"application": [*map(_shown, found)], "complete": complete}, name="applications")

    async def _show(self, request: Request) -> Response:
        return DocumentResponse(_shown(self.book.get(request.path_params["number"])), name="application")

    async def _pay(self, request: Request) -> Response:
        case, paid = self.book.get(request.path_params["number"]), await content_of(request)
        action, due = FEES.get(case.state, NO_FEE)
        if self.book.pay(case, text_in(paid, "reference"), amount_in(paid), due=due, arrives_at=self.clock.now()):
            self.book.act(case, action)
        return DocumentResponse({"confirmed": True}, name="receipt")

    async def _licence(self, request: Request) -> Response:
        case = self.book.get(request.path_params["number"])
        if case.state != "LICENSED":
            raise Refusal(404, "licence")
        return Response(specimen_pdf(case.number), media_type="application/pdf")


def _shown(case: Case[dict[str, str]]) -> dict[str, Any]:
    since, due = f"{dhaka_time(case.changed_at):{SECOND}}", FEES.get(case.state, NO_FEE)[1].plain()
    told = {"number": case.number, "state": case.word, "since": since, "due": due}
    return {name: to_bangla_digits(text) for name, text in told.items()}
