"""The answers of an agency that says no, in whatever envelope it says it, and the routes that give them."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Handler = Callable[[Request], Awaitable[Response]]
"""Handles one operation; raises ``Refusal`` for whatever is no success."""


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, field: str, message: str | None = None, **beside: JsonValue) -> None:
        """Refuse.

        Args:
            status: The HTTP status.
            field: What is wrong, or the agency's word for the reason.
            message: In words; some agencies leave it out at times.
            beside: What stands beside the error.
        """
        super().__init__(field)
        self.status = status
        self.field = field
        self.message = message
        self.beside = beside

    @property
    def word(self) -> str:
        """The status in words, such as ``NOT_FOUND``."""
        return HTTPStatus(self.status).name

    @property
    def error(self) -> dict[str, JsonValue]:
        """Field and message; no message where there is none."""
        return {"field": self.field} if self.message is None else {"field": self.field, "message": self.message}


Envelope = Callable[[Refusal], JsonValue]
"""Wraps a refusal as the agency writes it."""


def plain_envelope(refusal: Refusal) -> JsonValue:
    """``{"status": "ERROR", "statusCode": "NOT_FOUND", "error": {"field", "message"}}``."""
    return {"status": "ERROR", "statusCode": refusal.word, "error": refusal.error, **refusal.beside}


def routes_of(
    handlers: Mapping[str, Handler],
    *,
    prefix: str = "",
    envelope: Envelope = plain_envelope,
    guard: Callable[[Request], None] | None = None,
) -> tuple[Route, ...]:
    """Routes by what the ledger and the faults call them: ``{"POST /applications": file}``.

    Args:
        handlers: By method and path template below ``prefix``.
        prefix: What every path begins with.
        envelope: How refusals are written.
        guard: Looks at every request first, such as ``TokenDesk.check``; it raises ``Refusal``.
    """

    def answering(handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            try:
                if guard is not None:
                    guard(request)
                return await handler(request)
            except Refusal as refusal:
                return JSONResponse(envelope(refusal), status_code=refusal.status)

        return answer

    return tuple(
        Route(prefix + path, answering(handler), methods=[method])
        for (method, path), handler in ((name.split(" ", 1), handler) for name, handler in handlers.items())
    )
