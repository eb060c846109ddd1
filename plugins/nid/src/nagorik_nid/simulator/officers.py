"""What the Commission's own officers do to an application, in Python and under ``/_simulator`` [X]."""

import json
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik_nid.simulator.application_book import ApplicationBook
from nagorik_nid.simulator.course import Application
from nagorik_nid.simulator.envelope import Refusal
from nagorik_testing import SimulatedClock, refused

_REVIEW: Final = frozenset({"DOCUMENT_REVIEW"})
_OPEN: Final = frozenset({"DOCUMENT_REVIEW", "ADDITIONAL_DOCS", "HEARING"})


class Officers:
    """Each action is allowed from some statuses only; ``Refusal`` (409) from the others."""

    def __init__(self, book: ApplicationBook, clock: SimulatedClock) -> None:
        self._book = book
        self._clock = clock

    def request_documents(self, number: str, remarks: str | None = None) -> None:
        """Ask the applicant for further documents."""
        self._move(number, _REVIEW, "ADDITIONAL_DOCS", remarks)

    def summon(self, number: str, remarks: str | None = None) -> None:
        """Ask the applicant to appear."""
        self._move(number, _REVIEW, "HEARING", remarks)

    def hold_hearing(self, number: str, remarks: str | None = None) -> None:
        """Hear the applicant, and go on with the review."""
        self._move(number, frozenset({"HEARING"}), "DOCUMENT_REVIEW", remarks)

    def approve(self, number: str, remarks: str | None = None) -> None:
        """Approve."""
        self._move(number, _OPEN, "APPROVED", remarks)

    def reject(self, number: str, remarks: str | None = None) -> None:
        """Reject; the remarks are the reason."""
        self._move(number, _OPEN, "REJECTED", remarks)

    def hand_over(self, number: str, remarks: str | None = None) -> None:
        """Hand the card over at the office."""
        self._move(number, frozenset({"PRINTED"}), "HANDED_OVER", remarks)

    async def act(self, request: Request) -> Response:
        """``POST /_simulator/nid/applications/{id}/{action}``, with ``{"remarks"}`` or nothing."""
        actions: dict[str, Callable[[str, str | None], None]] = {
            "request-documents": self.request_documents,
            "summon": self.summon,
            "hold-hearing": self.hold_hearing,
            "approve": self.approve,
            "reject": self.reject,
            "hand-over": self.hand_over,
        }
        action = actions.get(request.path_params["action"])
        if action is None:
            return refused(f"no such action; write one of {', '.join(actions)}", 404)
        number = request.path_params["id"]
        try:
            content = json.loads(await request.body() or b"{}")
            action(number, content.get("remarks") if isinstance(content, dict) else None)
        except ValueError:
            return refused("JSON is expected")
        except Refusal as refusal:
            return refused(refusal.error.get("message", refusal.error["field"]), refusal.status)
        return JSONResponse(self._book.standing(self._book.get(number)))

    def _move(self, number: str, allowed: frozenset[str], status: str, remarks: str | None) -> None:
        application: Application = self._book.get(number)
        if application.status not in allowed:
            raise Refusal(409, "status", f"the application is {application.status}")
        application.enter(status, self._clock.now(), remarks)
